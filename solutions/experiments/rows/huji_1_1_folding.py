"""HUJI 1.1: max{t, x} in place of a ReLU makes no larger class of networks, measured; and where that ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from autograder.course.experiments import Claim, Figure, Result, Results, Row, Scale, Summary, Unit, Work
from solutions.a1_relu_sigmoid.solution import fold_threshold_conv, fold_threshold_network, threshold_relu
from solutions.experiments.drawing import COLOURS, new
from solutions.experiments.intervals import mean_number

ULPS = {"float32": 2.0**-24, "float64": 2.0**-53}  # the rounding of one operation
MANY = 2000  # roundings, at most, on the way through five layers of some hundred terms each
PRECISIONS = ("float32", "float64")


@dataclass(frozen=True)
class Folding:
    """Random networks of ``layers`` dense layers, and of two convolutions."""

    inputs: int
    width: int
    layers: int
    side: int
    filters: int


RECIPES: dict[Scale, Folding] = {
    "smoke": Folding(20, 8, 3, 7, 3),
    "laptop": Folding(2000, 64, 5, 28, 16),
    "full": Folding(10_000, 128, 5, 32, 32),
}
SEEDS: dict[Scale, int] = {"smoke": 2, "laptop": 10, "full": 10}


def units(scale: Scale) -> list[Unit]:
    return [Unit("folding", run, RECIPES[scale], seed, seconds=2) for seed in range(SEEDS[scale])]


def run(recipe: Folding, data: Any, seed: int, work: Work) -> Result:
    """The largest relative difference between a network with max{t, x} and its folded twin with ReLU."""
    values: dict[str, Any] = {}
    for precision in PRECISIONS:
        rng = np.random.default_rng([seed, 11])
        values[f"dense, {precision}"] = dense(recipe, rng, precision)
        interior, border, mapped = convolution(recipe, rng, precision)
        values |= {f"conv interior, {precision}": interior.max()}
        values |= {
            f"conv border, one bias, {precision}": border.max(),
            f"conv border, bias map, {precision}": mapped.max(),
        }
        work.tell(0.5 if precision == "float32" else 1.0)
    return Result({name: float(value) for name, value in values.items()}, {"map": border_map(recipe, seed)})


def dense(recipe: Folding, rng: np.random.Generator, precision: str) -> float:
    sizes = [16, *[recipe.width] * (recipe.layers - 1), 10]
    layers = [
        ((rng.normal(size=(a, b)) * np.sqrt(2 / a)).astype(precision), rng.normal(size=b).astype(precision))
        for a, b in pairwise(sizes)
    ]
    thresholds = [rng.normal() for _ in layers]  # one for each layer, as in the homework; the last layer has one, too
    x = rng.normal(size=(recipe.inputs, 16)).astype(precision)
    folded, shift = fold_threshold_network(layers, thresholds)
    a, b = x, x
    for (w, bias), t, (w_new, b_new) in zip(layers, thresholds, folded):
        a = threshold_relu(a @ w + bias, t)
        b = np.maximum(b @ w_new + b_new, 0)
    return relative(a, b + shift).max()


def convolution(recipe: Folding, rng: np.random.Generator, precision: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Relative differences of two 'same' convolutions: inside, and at the border with one bias and with a map."""
    f, side, images = recipe.filters, recipe.side, max(2, recipe.inputs // 100)
    kernels = [(rng.normal(size=shape) * 0.2).astype(precision) for shape in ((3, 3, 3, f), (3, 3, f, f))]
    biases = [rng.normal(size=f).astype(precision) for _ in kernels]
    t = 1 + rng.random()
    x = rng.normal(size=(images, side, side, 3)).astype(precision)
    first = _convolve(x, kernels[0])
    wanted = _convolve(threshold_relu(first + biases[0], t), kernels[1]) + biases[1]
    inside = np.zeros((side, side), bool)
    inside[1:-1, 1:-1] = True
    found = []
    for padding, size in (("valid", None), ("same", (side, side))):
        b1, b2 = fold_threshold_conv(biases[0], t, kernels[1], biases[1], padding=padding, input_hw=size)
        got = _convolve(np.maximum(first + b1, 0), kernels[1]) + b2
        found.append(relative(wanted, got).max(axis=(0, 3)))
    return found[0][inside], found[0][~inside], found[1][~inside]


def border_map(recipe: Folding, seed: int) -> np.ndarray:
    """Where one bias for all pixels is wrong: float32 (side, side)."""
    f, side = recipe.filters, recipe.side
    rng = np.random.default_rng([seed, 12])
    kernel, bias, t = rng.normal(size=(3, 3, f, f)) * 0.2, np.zeros(f), 1.5
    _, everywhere = fold_threshold_conv(bias, t, kernel, bias, padding="valid")
    _, mapped = fold_threshold_conv(bias, t, kernel, bias, padding="same", input_hw=(side, side))
    return np.abs(mapped - everywhere).max(axis=-1).astype("float32")


def relative(wanted: np.ndarray, got: np.ndarray) -> np.ndarray:
    return np.abs(wanted - got) / np.abs(wanted).max()


def _convolve(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """A 'same' convolution in NumPy: JAX would compute float64 as float32."""
    height, width = x.shape[1:3]
    rows, columns = kernel.shape[:2]
    padded = np.pad(x, [(0, 0), (rows // 2, rows // 2), (columns // 2, columns // 2), (0, 0)])
    taps = [padded[:, i : i + height, j : j + width] @ kernel[i, j] for i in range(rows) for j in range(columns)]
    return np.sum(taps, axis=0, dtype=x.dtype)


def summarise(results: Results) -> Summary:
    found = [result.values for result in results["folding"]]
    numbers = []
    for name in found[0]:
        stated = "none: proved" if name.startswith("dense") else "not discussed"
        numbers.append(
            mean_number(f"largest relative difference, {name}", stated, [one[name] for one in found], least=0)
        )
    exact = [name for name in found[0] if "one bias" not in name]
    small = all(one[name] < MANY * ULPS[name.rpartition(", ")[2]] for one in found for name in exact)
    wrong = min(one[f"conv border, one bias, {p}"] for one in found for p in PRECISIONS)
    return Summary(
        tuple(numbers),
        (
            Claim("the folded network computes the same, up to rounding: dense, and inside convolutions", small),
            Claim("with 'same' padding one bias for all pixels fails at the border", wrong > 1e-3),
        ),
        "The report proves the dense case and says nothing of convolutions: there the padding is 0 and not t, so the "
        "border needs a bias of its own for each pixel.",
    )


def draw(results: Results) -> Sequence[Figure]:
    figure, grid = new("max{t, x} folded into biases: the same network, but for the border", 1, 2)
    names = [n.rpartition(", ")[0] for n in results["folding"][0].values if n.endswith("float64")]
    for number, precision in enumerate(PRECISIONS):
        values = [max(r.values[f"{name}, {precision}"] for r in results["folding"]) for name in names]
        places = np.arange(len(names)) + 0.4 * number
        grid[0, 0].barh(places, np.maximum(values, 1e-18), 0.38, color=COLOURS[number], label=precision)
    grid[0, 0].set(xscale="log", xlabel="largest relative difference on random inputs", xlim=(1e-17, 10))
    grid[0, 0].set_yticks(np.arange(len(names)) + 0.2, names)
    grid[0, 0].invert_yaxis()
    grid[0, 0].legend(loc="lower right")
    drawn = grid[0, 1].imshow(results["folding"][0].arrays["map"], cmap="cividis")
    grid[0, 1].set(title="where one bias for all pixels is wrong", xlabel="column, pixels", ylabel="row, pixels")
    figure.colorbar(drawn, ax=grid[0, 1], label="error of the second layer's output")
    alt = (
        "Left: bars of the largest relative difference on a logarithmic axis. Rounding in both precisions, but for "
        "the border of a convolution with one bias. Right: a square that is wrong on its outermost ring of pixels "
        "alone."
    )
    return [Figure("folding", alt, figure)]


ROW = Row("folding", "Thresholds folded into biases", "HUJI APML exercise 1, 1.1", units, summarise, draw)
