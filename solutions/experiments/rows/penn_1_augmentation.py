"""Penn's task 1, figure 1 and table 1: raw, normalised, flipped, cropped; and the two mistakes as controls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograder.course.experiments import Claim, Figure, Number, Result, Results, Row, Scale, Summary, Unit
from solutions.experiments.drawing import bars, curves, legend_below, new
from solutions.experiments.intervals import accuracy, accuracy_number, difference, mean_number, more, over_seeds
from solutions.experiments.recipes import CONTROLS, TABLE_1, table_1

REPORT = dict(zip(TABLE_1, (0.48, 0.51, 0.63, 0.64)))
RAW, NORMALISED, FLIP, BOTH = TABLE_1


def units(scale: Scale) -> list[Unit]:
    return table_1(scale, [*TABLE_1, *CONTROLS])


def gaps(results: Sequence[Result]) -> list[float]:
    """Accuracy on training images, as they are, minus that on held-out images, by seed."""
    return [one.values["train"]["accuracy"] - one.values["test"]["accuracy"] for one in results]


def summarise(results: Results) -> Summary:
    numbers = []
    for name in (*TABLE_1, *CONTROLS):
        stated = f"{100 * REPORT[name]:.0f} %" if name in REPORT else ""
        numbers.append(accuracy_number(name, stated, results[name]))
    numbers += [mean_number(f"{name}: train minus held-out", "", gaps(results[name]), "%") for name in TABLE_1]
    for name in (NORMALISED, FLIP, BOTH):
        earlier = list(TABLE_1)[list(TABLE_1).index(name) - 1]
        gain = difference(*(_right(results[one]) for one in (earlier, name)))
        numbers.append(Number(f"{name} minus {earlier}", "", *gain, "%", "paired by image and seed"))
    change = np.array(gaps(results[BOTH])) - np.array(gaps(results[NORMALISED]))
    low, high = over_seeds(list(change))
    wrong = next(iter(CONTROLS))
    shorter = len(results[wrong])
    return Summary(
        tuple(numbers),
        (
            Claim("raw < normalised", more(results[RAW], results[NORMALISED])),
            Claim("normalised < + flip", more(results[NORMALISED], results[FLIP])),
            Claim("flip and crop narrow the gap", True if high < 0 else False if low > 0 else None),
            Claim("a flip upside down costs accuracy", more(results[wrong], results[FLIP][:shorter])),
            Claim(
                "every run is at or above the report's 48, 51, 63, 64 %",
                all(np.mean([r.values["test"]["accuracy"] for r in results[n]]) >= REPORT[n] for n in TABLE_1),
                at="full",
            ),
        ),
        "The report's numbers come from 100 test images: one of them is worth ± 10 points. Batch normalisation "
        "makes up for missing normalisation, and a crop pays off only in long trainings. One crop for the whole "
        "batch cannot be told from a right one by accuracy: it takes a test of the function.",
    )


def _right(results: Sequence[Result]) -> list[np.ndarray]:
    return [result.arrays["right"].astype(bool) for result in results]


def draw(results: Results) -> Sequence[Figure]:
    names = [*TABLE_1, *CONTROLS]
    table, grid = new("Table 1: what each step is worth, and what two mistakes cost")
    bars(grid[0, 0], names, [accuracy(_right(results[name])) for name in names], [REPORT.get(name) for name in names])
    grid[0, 0].legend(loc="lower right", fontsize=10)
    training, panels = new("Training with one augmentation after the other", 1, 2)
    for axes, part, title in zip(panels[0], ("train", "test"), ("training images, as they are", "held-out images")):
        series = {}
        for name in TABLE_1:
            found = [result.values["curves"] for result in results[name]]
            series[name] = (found[0]["step"], [100 * np.array(one[f"{part} accuracy"]) for one in found])
        curves(axes, series, title, "step", "accuracy, %")
        axes.set_ylim(0, 102)
    legend_below(training, panels[0, 0], 4)
    alt = "Bars of held-out accuracy with intervals for seven runs, diamonds for the report's four numbers."
    alt_training = (
        "Accuracy against the step on training images, left, and on held-out images, right, for the four runs."
    )
    return [Figure("table1", alt, table), Figure("table1-training", alt_training, training)]


ROW = Row("table1", "Normalising, flipping, cropping", "Penn CIS 680 HW2, task 1", units, summarise, draw)
