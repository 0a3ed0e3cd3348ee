"""HUJI 2.2 and 2.3, figures 3 and 4: the MLP and the ConvNet learn by heart; where the test loss turns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograder.course.experiments import Claim, Figure, Number, Results, Row, Scale, Summary, Unit
from solutions.experiments.drawing import curves, legend_below, new
from solutions.experiments.intervals import accuracy_number, mean_number
from solutions.experiments.recipes import first_networks

NETWORKS = ("MLP", "ConvNet")


def units(scale: Scale) -> list[Unit]:
    return first_networks(scale, 0.0)


def turns(result_curves: dict[str, list[float]]) -> float:
    """The step at which the test loss was smallest."""
    return float(result_curves["step"][int(np.argmin(result_curves["test loss"]))])


def summarise(results: Results) -> Summary:
    numbers: list[Number] = []
    claims: list[Claim] = []
    for name in NETWORKS:
        found = [result.values for result in results[name]]
        numbers.append(accuracy_number(f"{name}: test accuracy", "", results[name]))
        numbers.append(mean_number(f"{name}: train accuracy", "", [one["train"]["accuracy"] for one in found], "%"))
        stated = "about 10,000" if name == "ConvNet" else ""
        numbers.append(
            mean_number(f"{name}: step at which the test loss turns", stated, [turns(o["curves"]) for o in found])
        )
        rises = [one["curves"]["test loss"][-1] > 1.05 * min(one["curves"]["test loss"]) for one in found]
        claims.append(Claim(f"{name}: the test loss falls, turns and rises while the training loss falls", all(rises)))
    return Summary(
        tuple(numbers),
        tuple(claims),
        "The report shows curves and no numbers, each point from one random batch of 64; ours are measured on the "
        "same images every time, dropout off. On fewer training images than its 60,000 a network turns earlier.",
    )


def draw(results: Results) -> Sequence[Figure]:
    figures = []
    for name in NETWORKS:
        found = [result.values["curves"] for result in results[name]]
        figure, grid = new(f"{name}: loss and accuracy on training and on test images", 1, 2)
        for axes, what in zip(grid[0], ("loss", "accuracy")):
            series = {part: (found[0]["step"], [one[f"{part} {what}"] for one in found]) for part in ("train", "test")}
            curves(axes, series, what, "step", "mean cross-entropy" if what == "loss" else "fraction right")
        turn = np.mean([turns(one) for one in found])
        grid[0, 0].axvline(turn, color="#555555", linestyle=":", label=f"test loss smallest, step {turn:,.0f}")
        legend_below(figure, grid[0, 0])
        alt = f"{name}: loss and accuracy by step, on training and test images; a line where the test loss turns."
        figures.append(Figure(f"overfitting-{name.lower()}", alt, figure))
    return figures


ROW = Row("overfitting", "MLP and ConvNet", "HUJI APML exercise 1, 2.2, 2.3, figures 3 and 4", units, summarise, draw)
