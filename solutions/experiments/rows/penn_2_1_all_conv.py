"""Penn's 2.1, tables 2 and 3: the all-convolutional network, and the narrower one that 'did not reach it'."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograder.course.experiments import Claim, Figure, Results, Row, Scale, Summary, Unit
from solutions.experiments.drawing import curves, legend_below, new
from solutions.experiments.intervals import accuracy_number, mean_number, more
from solutions.experiments.recipes import all_conv


def units(scale: Scale) -> list[Unit]:
    return all_conv(scale)


def names(results: Results) -> list[str]:
    """The narrower, the wider."""
    return sorted(results, key=lambda name: int(name.rpartition(" ")[2]))


def summarise(results: Results) -> Summary:
    narrow, wide = names(results)
    stated = {narrow: "'not satisfactory' at 64", wide: "73 % at 96"}
    numbers = [accuracy_number(name, stated[name], results[name]) for name in (narrow, wide)]
    for name in (narrow, wide):
        gap = [r.values["train"]["accuracy"] - r.values["test"]["accuracy"] for r in results[name]]
        numbers.append(mean_number(f"{name}: train minus held-out", "", gap, "%"))
        numbers.append(mean_number(f"{name}: parameters", "", [r.values["parameters"] for r in results[name]][:1]))
    return Summary(
        tuple(numbers),
        (
            Claim("the wider network is better", more(results[narrow], results[wide])),
            Claim(
                "the wider network reaches the 68 % that the homework asks for",
                float(np.mean([r.values["test"]["accuracy"] for r in results[wide]])) >= 0.68,
                at="full",
            ),
        ),
        "The report's 73 % come from 100 test images (± 9 points). A smaller scale has narrower networks, smaller "
        "images and fewer steps: the widths stand in the names; two to three as in the homework.",
    )


def draw(results: Results) -> Sequence[Figure]:
    figure, grid = new("The all-convolutional network in two widths", 1, 2)
    for axes, what in zip(grid[0], ("loss", "accuracy")):
        series = {}
        for name in names(results):
            found = [result.values["curves"] for result in results[name]]
            for part in ("train", "test"):
                label = f"{name.rpartition(', ')[2]}, {'held-out' if part == 'test' else part}"
                series[label] = (found[0]["step"], [one[f"{part} {what}"] for one in found])
        curves(axes, series, what, "step", "mean cross-entropy" if what == "loss" else "fraction right")
    legend_below(figure, grid[0, 0], 4)
    alt = "Loss and accuracy against the step for two widths, on training and on held-out images."
    return [Figure("all-conv", alt, figure)]


ROW = Row("all-conv", "ConvPool-CNN-C", "Penn CIS 680 HW2, task 2.1, tables 2 and 3", units, summarise, draw)
