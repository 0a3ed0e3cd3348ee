"""Penn's 2.2, figure 2: the largest gradient in the first and in the last layer, of all four networks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograder.course.experiments import Claim, Figure, Results, Row, Scale, Summary, Unit
from solutions.experiments.drawing import curves, legend_below, new
from solutions.experiments.intervals import mean_number
from solutions.experiments.recipes import deep

FLOOR = 1e-12  # what is drawn for a gradient that is exactly 0
READ = {  # from the report's figure 2, first layer; it shows L · G, because the loss was passed as an upstream gradient
    "2.1 all-conv, same width, He": ".07 → .01",
    "2.3 plain + 20, He": "about 0",
    "2.4 residual, He": ".02 to .14, once .30",
    "2.4 fractal, He": ".03 → .19",
}


def units(scale: Scale) -> list[Unit]:
    return [unit for unit in deep(scale) if unit.name in READ]


def summarise(results: Results) -> Summary:
    numbers = []
    for name, read in READ.items():
        found = [result.values["gradients"] for result in results[name]]
        for layer in ("first", "last"):
            for when, place in (("at the start", 0), ("at the end", -1)):
                stated = read if layer == "first" and place else ""
                values = [one[layer][place] for one in found]
                numbers.append(mean_number(f"{name}: G of the {layer} convolution {when}", stated, values))

    def last(name: str) -> float:
        return float(np.median([result.values["gradients"]["first"][-1] for result in results[name]]))

    plain, *others = (last(name) for name in ("2.3 plain + 20, He", "2.4 residual, He", "2.4 fractal, He"))
    return Summary(
        tuple(numbers),
        (
            Claim(
                "at the end, in the median seed, the others' gradients are a hundred times the plain network's",
                min(others) > 100 * plain,
            ),
        ),
        "The report's curves show the gradient times the loss, by a slip in a call of tf.gradients; ours show G "
        "itself, one batch of 100 images, the same at all steps, and one width for all four networks (the report "
        "had 92 and 64).",
    )


def draw(results: Results) -> Sequence[Figure]:
    figure, grid = new("The largest gradient of a kernel, while four networks learn", 1, 2)
    for axes, layer in zip(grid[0], ("first", "last")):
        series = {}
        for name in READ:
            found = [result.values["gradients"] for result in results[name]]
            series[name] = (found[0]["step"], [np.maximum(one[layer], FLOOR) for one in found])
        curves(axes, series, f"{layer} convolution", "step", "G = max |∂L/∂w|, no unit")
        axes.set_yscale("log")
    legend_below(figure, grid[0, 0], 2)
    alt = (
        "G on a logarithmic axis against the step, for the first convolution on the left and the last on the right; "
        f"a gradient of 0 is drawn at {FLOOR:g}."
    )
    return [Figure("gradients", alt, figure)]


ROW = Row("gradients", "Gradient magnitude", "Penn CIS 680 HW2, task 2.2 and figure 2", units, summarise, draw)
