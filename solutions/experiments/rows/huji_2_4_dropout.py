"""HUJI 2.4, figures 5 and 6: dropout .25 in both networks, beside the same without."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograder.course.experiments import Claim, Figure, Number, Result, Results, Row, Scale, Summary, Unit
from solutions.experiments.drawing import curves, legend_below, new
from solutions.experiments.intervals import accuracy_number, mean_number, more, over_seeds
from solutions.experiments.recipes import first_networks

RATE = 0.25
NETWORKS = ("MLP", "ConvNet")


def units(scale: Scale) -> list[Unit]:
    return [*first_networks(scale, 0.0), *first_networks(scale, RATE)]


def dropped(name: str) -> str:
    return f"{name} with dropout {RATE}"


def gaps(results: Sequence[Result]) -> list[float]:
    """Train accuracy minus test accuracy, by seed."""
    return [one.values["train"]["accuracy"] - one.values["test"]["accuracy"] for one in results]


def losses(results: Sequence[Result]) -> list[float]:
    return [one.values["test"]["loss"] for one in results]


def summarise(results: Results) -> Summary:
    numbers: list[Number] = []
    claims: list[Claim] = []
    for name in NETWORKS:
        for run in (name, dropped(name)):
            numbers.append(accuracy_number(f"{run}: test accuracy", "", results[run]))
            numbers.append(mean_number(f"{run}: train minus test accuracy", "", gaps(results[run]), "%"))
            numbers.append(mean_number(f"{run}: test loss at the end", "", losses(results[run])))
        for what, measure in (("the gap", gaps), ("the test loss", losses)):
            change = np.array(measure(results[dropped(name)])) - np.array(measure(results[name]))
            low, high = over_seeds(list(change))
            holds = True if high < 0 else False if low > 0 else None
            claims.append(Claim(f"{name}: dropout makes {what} smaller", holds))
    better = more(results["ConvNet"], results[dropped("ConvNet")])
    claims.append(Claim("ConvNet: slightly higher test accuracy with dropout", better))
    return Summary(
        tuple(numbers),
        tuple(claims),
        "The report says in words: the MLP's test loss falls and a gap stays; the ConvNet no longer over-fits, and "
        "is slightly better. It had one run of each; ours are paired by seed, and 'cannot tell' stands where 0 lies "
        "in the interval of the difference.",
    )


def draw(results: Results) -> Sequence[Figure]:
    figures = []
    for name in NETWORKS:
        figure, grid = new(f"{name}, with dropout {RATE} and without", 1, 2)
        for axes, what in zip(grid[0], ("loss", "accuracy")):
            series = {}
            for run in (name, dropped(name)):
                found = [result.values["curves"] for result in results[run]]
                label = "with dropout" if run != name else "without"
                for part in ("train", "test"):
                    series[f"{part}, {label}"] = (found[0]["step"], [one[f"{part} {what}"] for one in found])
            curves(axes, series, what, "step", "mean cross-entropy" if what == "loss" else "fraction right")
        legend_below(figure, grid[0, 0], 4)
        alt = (
            f"{name}: loss and accuracy against the step, on training and on test images, with dropout and without. "
            "Bands span all seeds."
        )
        figures.append(Figure(f"dropout-{name.lower()}", alt, figure))
    return figures


ROW = Row("dropout", "Dropout .25", "HUJI APML exercise 1, 2.4, figures 5 and 6", units, summarise, draw)
