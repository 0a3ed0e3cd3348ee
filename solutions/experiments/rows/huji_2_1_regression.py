"""HUJI 2.1, figure 2: the regression's loss curve, beside least squares and beside the curve of the broadcast bug."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.course.experiments import Claim, Figure, Result, Results, Row, Scale, Summary, Unit, Work
from solutions.a2_first_networks.solution import standardize_features, train_linear_regression
from solutions.experiments.drawing import COLOURS, curves, legend_below, new
from solutions.experiments.intervals import mean_number

NOISE = 3.0  # standard deviation of what no model can know
RIGHT, SLOW, BUG = "element by element, rate .01", "element by element, rate .0001", "n × n residual, rate .0001"


@dataclass(frozen=True)
class Regression:
    """506 rows of 13 features, as many as the withdrawn set of Boston's houses had."""

    rows: int
    held_out: int
    features: int
    epochs: int
    batch: int


RECIPE = Regression(506, 2000, 13, 50, 32)
SEEDS: dict[Scale, int] = {"smoke": 2, "laptop": 10, "full": 10}


def units(scale: Scale) -> list[Unit]:
    return [Unit("regression", run, RECIPE, seed, seconds=1) for seed in range(SEEDS[scale])]


def houses(n: int, features: int, rng: np.random.Generator, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Features on scales of their own, and prices that are linear in them but for noise."""
    x = rng.normal(size=(n, features)) * np.linspace(1, 50, features) + np.linspace(0, 100, features)
    return x, x @ (truth / np.linspace(1, 50, features)) + rng.normal(0, NOISE, n)


def run(recipe: Regression, data: Any, seed: int, work: Work) -> Result:
    rng = np.random.default_rng([seed, 21])
    truth = rng.normal(0, 2.2, recipe.features)
    x, y = houses(recipe.rows, recipe.features, rng, truth)
    x_new, y_new = houses(recipe.held_out, recipe.features, rng, truth)
    x, x_new, _, _ = standardize_features(x, x_new)
    plan = (recipe.epochs, recipe.batch)
    fits = {
        RIGHT: train_linear_regression(x, y, plan[0], 1e-2, plan[1], np.random.default_rng(seed)),
        SLOW: train_linear_regression(x, y, plan[0], 1e-4, plan[1], np.random.default_rng(seed)),
        BUG: with_the_bug(x, y, plan[0], 1e-4, plan[1], np.random.default_rng(seed)),
    }
    best, *_ = np.linalg.lstsq(np.column_stack([x, np.ones(len(x))]), y, rcond=None)
    values: dict[str, Any] = {
        "variance": float(np.var(y)),
        "least squares loss": float(np.mean((x @ best[:-1] + best[-1] - y) ** 2)),
        "R2": {"least squares": r_squared(y_new, x_new @ best[:-1] + best[-1])},
        "losses": {name: [float(v) for v in losses] for name, (_, _, losses) in fits.items()},
    }
    values["R2"] |= {name: r_squared(y_new, x_new @ np.ravel(w) + b) for name, (w, b, _) in fits.items()}
    work.tell(1.0)
    return Result(values)


def with_the_bug(
    x: np.ndarray, y: np.ndarray, epochs: int, rate: float, batch: int, rng: np.random.Generator
) -> tuple[np.ndarray, float, list[float]]:
    """The homework's loop: predictions (n, 1) minus targets (n,) are n × n residuals.

    TensorFlow's gradient adds the residuals of a row up where it should have had one: the step is that of the sum.
    """
    w, b, losses = np.zeros((x.shape[1], 1)), 0.0, []
    for _ in range(epochs):
        order, of_batches = rng.permutation(len(x)), []
        for start in range(0, len(x), batch):
            chosen = order[start : start + batch]
            residual = x[chosen] @ w + b - y[chosen]  # (n, 1) - (n,)
            of_batches.append(float(np.mean(residual**2)))
            into_prediction = 2 / len(chosen) * residual.sum(axis=1, keepdims=True)
            w = w - rate * x[chosen].T @ into_prediction
            b = b - rate * float(into_prediction.sum())
        losses.append(float(np.mean(of_batches)))
    return w, b, losses


def r_squared(y: np.ndarray, prediction: np.ndarray) -> float:
    return float(1 - np.mean((y - prediction) ** 2) / np.var(y))


def summarise(results: Results) -> Summary:
    found = [result.values for result in results["regression"]]
    numbers = [mean_number(f"held-out R², {name}", "", [one["R2"][name] for one in found]) for name in found[0]["R2"]]
    ratio = [one["losses"][BUG][-1] / one["variance"] for one in found]
    numbers.append(mean_number("last loss / Var(y), n × n residual", "", ratio))
    gap = max(one["R2"]["least squares"] - one["R2"][RIGHT] for one in found)
    return Summary(
        tuple(numbers),
        (
            Claim("the correct loop comes within .02 of the R² of least squares", gap < 0.02),
            Claim(
                "with the n × n residual the loss falls and settles at the variance of y, and R² stays below .2",
                0.9 < float(np.mean(ratio)) < 1.15 and max(one["R2"][BUG] for one in found) < 0.2,
            ),
        ),
        "The report shows a falling curve and no number. Its data, Boston's house prices, are withdrawn; ours are "
        "drawn, of the same size. Its loop had the n × n residual, which is why a rate of .0001 seemed to work: the "
        "bug multiplies the step by the size of the batch.",
    )


def draw(results: Results) -> Sequence[Figure]:
    found = [result.values for result in results["regression"]]
    figure, grid = new("Linear regression: a falling loss proves nothing", 1, 2)
    epochs = np.arange(1, RECIPE.epochs + 1)
    series = {name: (epochs, [one["losses"][name] for one in found]) for name in (RIGHT, SLOW, BUG)}
    for name, key in (("variance of y", "variance"), ("least squares", "least squares loss")):
        series[name] = (epochs, [np.full(RECIPE.epochs, np.mean([one[key] for one in found]))])
    curves(grid[0, 0], series, "mean loss of each epoch", "epoch", "mean squared error")
    grid[0, 0].set_yscale("log")
    legend_below(figure, grid[0, 0])
    names = list(found[0]["R2"])
    values = [np.mean([one["R2"][name] for one in found]) for name in names]
    shown = np.maximum(values, -0.5)
    grid[0, 1].barh(range(len(names)), shown, color=[COLOURS[4], *COLOURS[:3]])
    for place, (value, bar) in enumerate(zip(values, shown)):
        grid[0, 1].text(max(bar, 0) + 0.02, place, f"{value:.2f}", va="center")
    grid[0, 1].set_yticks(range(len(names)), [name.replace(", ", ",\n") for name in names])
    grid[0, 1].set(
        title="R² on held-out rows", xlabel="R²: 1 is perfect, 0 a constant (cut off at -0.5)", xlim=(-0.55, 1.2)
    )
    grid[0, 1].invert_yaxis()
    alt = (
        "Left: the loss against the epoch for the correct loop at two rates, for the broadcast bug, with lines for "
        "the variance of y and for least squares. The bug's curve comes to rest on the variance. Right: bars of R² "
        "on held-out rows: least squares and the correct loop near 1, the bug near 0."
    )
    return [Figure("regression", alt, figure)]


ROW = Row("regression", "Linear regression", "HUJI APML exercise 1, 2.1 and figure 2", units, summarise, draw)
