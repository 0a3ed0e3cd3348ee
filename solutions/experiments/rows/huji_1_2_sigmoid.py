"""HUJI 1.2: the sigmoid's derivative from its cached output: as right as central differences can tell, and cheaper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.course.experiments import Claim, Figure, Number, Result, Results, Row, Scale, Summary, Unit, Work
from solutions.a1_relu_sigmoid.solution import sigmoid_backward, sigmoid_forward
from solutions.experiments.drawing import COLOURS, new
from solutions.experiments.intervals import mean_number

EXPONENTS = tuple(range(-12, 0))  # of ten, the steps of the differences


@dataclass(frozen=True)
class Sigmoid:
    """How many points."""

    points: int


RECIPES: dict[Scale, Sigmoid] = {"smoke": Sigmoid(100), "laptop": Sigmoid(100_000), "full": Sigmoid(1_000_000)}
SEEDS: dict[Scale, int] = {"smoke": 2, "laptop": 10, "full": 10}


class Counting:
    """A number that counts what is done with it, by operation."""

    def __init__(self, value: float, counts: dict[str, int]) -> None:
        self.value, self.counts = value, counts

    def _done(self, name: str, value: float) -> Counting:
        self.counts[name] = self.counts.get(name, 0) + 1
        return Counting(value, self.counts)

    def __mul__(self, other: Counting | float) -> Counting:
        return self._done("multiplication", self.value * _plain(other))

    def __rmul__(self, other: float) -> Counting:
        return self._done("multiplication", other * self.value)

    def __rsub__(self, other: float) -> Counting:
        return self._done("addition", other - self.value)

    def __add__(self, other: Counting | float) -> Counting:
        return self._done("addition", self.value + _plain(other))

    def __rtruediv__(self, other: float) -> Counting:
        return self._done("division", other / self.value)

    def __neg__(self) -> Counting:
        return Counting(-self.value, self.counts)  # a bit of the number, no arithmetic

    def exp(self) -> Counting:
        return self._done("exponential", float(np.exp(self.value)))


def _plain(number: Counting | float) -> float:
    return number.value if isinstance(number, Counting) else number


def operations() -> dict[str, dict[str, int]]:
    """What a backward pass of one unit does, with the cache and without it; counted while the solution runs."""
    with_cache: dict[str, int] = {}
    sigmoid_backward(Counting(1.0, with_cache), Counting(0.3, with_cache))
    without: dict[str, int] = {}
    s = 1.0 / ((-Counting(0.7, without)).exp() + 1.0)
    sigmoid_backward(Counting(1.0, without), s)
    return {"with the cache": with_cache, "without": without}


def units(scale: Scale) -> list[Unit]:
    return [Unit("sigmoid backward", run, RECIPES[scale], seed, seconds=1) for seed in range(SEEDS[scale])]


def run(recipe: Sigmoid, data: Any, seed: int, work: Work) -> Result:
    """The largest difference from central differences, for each step; float64."""
    rng = np.random.default_rng([seed, 13])
    x, upstream = rng.normal(0, 3, recipe.points), rng.normal(size=recipe.points)
    found = sigmoid_backward(upstream, sigmoid_forward(x)[1])
    differences = []
    for exponent in EXPONENTS:
        h = 10.0**exponent
        central = upstream * (sigmoid_forward(x + h)[0] - sigmoid_forward(x - h)[0]) / (2 * h)
        differences.append(float(np.abs(found - central).max() / np.abs(found).max()))
    return Result({"differences": differences, "operations": operations()})


def summarise(results: Results) -> Summary:
    found = [result.values for result in results["sigmoid backward"]]
    best = [min(one["differences"]) for one in found]
    counts = found[0]["operations"]
    powers = counts["without"].get("exponential", 0)
    kept, again = (sum(counts[name].values()) for name in ("with the cache", "without"))
    return Summary(
        (
            mean_number("smallest relative difference from central differences", "", best, least=0),
            Number("operations for each unit, with the cache", "", kept, kept, kept, by="counted"),
            Number("operations for each unit, without", "", again, again, again, by="counted"),
            Number("exponentials without the cache", "", powers, powers, powers, by="counted"),
        ),
        (
            Claim("σ' = σ − σ², from the cached value, agrees with central differences", max(best) < 1e-7),
            Claim("the cache saves the exponential", "exponential" not in counts["with the cache"]),
        ),
        "The report gives the formula and no numbers. The differences cannot become smaller than rounding divided "
        "by the step (left branch) plus the step squared (right branch); where the branches meet, both derivatives "
        "agree.",
    )


def draw(results: Results) -> Sequence[Figure]:
    figure, grid = new("The sigmoid's derivative from its cached output", 1, 2)
    steps = 10.0 ** np.array(EXPONENTS)
    curves = np.array([result.values["differences"] for result in results["sigmoid backward"]])
    grid[0, 0].loglog(steps, curves.max(axis=0), "o-", color=COLOURS[0], label="largest of all points and seeds")
    grid[0, 0].loglog(steps, 2.0**-53 / steps, "--", color=COLOURS[1], label="rounding, 2⁻⁵³ / h")
    grid[0, 0].loglog(steps, steps**2 / 3, ":", color=COLOURS[2], label="truncation, h² / 3")
    grid[0, 0].set(xlabel="step h of the central difference", ylabel="relative difference", ylim=(1e-14, 1))
    grid[0, 0].legend()
    counts = results["sigmoid backward"][0].values["operations"]
    kinds = sorted({kind for one in counts.values() for kind in one})
    for number, (name, one) in enumerate(counts.items()):
        places = np.arange(len(kinds)) + 0.4 * number
        grid[0, 1].bar(places, [one.get(kind, 0) for kind in kinds], 0.38, color=COLOURS[number], label=name)
    grid[0, 1].set_xticks(np.arange(len(kinds)) + 0.2, kinds)
    grid[0, 1].set(title="operations of one backward step", ylabel="how many, for each unit")
    grid[0, 1].yaxis.get_major_locator().set_params(integer=True)
    grid[0, 1].legend()
    alt = (
        "Left: the difference between the formula and central differences against the step: a V, rounding on its "
        "left, truncation on its right. Right: bars of operations; only without the cache are there an exponential "
        "and a division."
    )
    return [Figure("sigmoid", alt, figure)]


ROW = Row("sigmoid", "The sigmoid's backward pass", "HUJI APML exercise 1, 1.2", units, summarise, draw)
