"""Penn's 3.2, table 4: do images that fool one network fool another? With a clean row and a row of noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograder.course.experiments import Claim, Figure, Number, Result, Results, Row, Scale, Summary, Unit
from solutions.experiments.drawing import new
from solutions.experiments.fooling import NAME, OTHER, RETRAINED, SOURCE, fooling
from solutions.experiments.intervals import wilson

SETS = ("clean", "same-size noise", "attacked")
NETWORKS = (SOURCE, RETRAINED, OTHER)
REPORT = {("attacked", RETRAINED): "15 %", ("attacked", OTHER): "15 %"}


def units(scale: Scale) -> list[Unit]:
    return fooling(scale)


def right(result: Result) -> np.ndarray:
    """Which images each network has right: bool (sets, networks, images), of those that fooled the source."""
    flags = result.arrays["predictions"] == np.array(result.values["label"])
    fooled = np.array(result.values["success"])
    return flags[:, :, fooled if fooled.any() else slice(None)]


def matrix(result: Result) -> np.ndarray:
    """Accuracies (sets, networks), by the reference solution: a predictor looks up what its network said."""
    from solutions.a6_adversarial.solution import transfer_matrix  # noqa: PLC0415 - it imports TensorFlow

    fooled = np.array(result.values["success"])
    chosen = np.flatnonzero(fooled) if fooled.any() else np.arange(len(fooled))
    said = np.eye(10)[result.arrays["predictions"][:, :, chosen]]  # (sets, networks, images, classes)
    sets = [np.full(len(chosen), which) for which in range(len(SETS))]
    predictors = [lambda images, j=j: said[images[0], j] for j in range(len(NETWORKS))]
    return np.asarray(transfer_matrix(sets, predictors, np.array(result.values["label"])[chosen]))


def summarise(results: Results) -> Summary:
    (result,) = results[NAME]
    flags, table = right(result), matrix(result)
    n = flags.shape[2]
    numbers = [
        Number(
            f"{row}, {column}",
            REPORT.get((row, column), ""),
            table[i, j],
            *wilson(int(flags[i, j].sum()), n),
            "%",
            f"{n:,} images",
        )
        for i, row in enumerate(SETS)
        for j, column in enumerate(NETWORKS)
    ]
    claims = []
    for j, column in enumerate(NETWORKS):
        top = wilson(int(flags[2, j].sum()), n)[1]
        for i, row in ((0, "clean"), (1, "noise of the same size")):
            text = f"{column}: attacked images far below {row}"
            claims.append(Claim(text, bool(top < wilson(int(flags[i, j].sum()), n)[0])))
    return Summary(
        tuple(numbers),
        tuple(claims),
        "The report fed saved pictures, 0 to 255, to networks that knew standardised images: 3 of 20 right may be "
        "no transfer but the wrong scale. Here every network prepares raw images itself, and the clean row shows "
        "that it can read them. The attacks stop at the first step that convinces the source; little of that need "
        "convince another network.",
    )


def draw(results: Results) -> Sequence[Figure]:
    (result,) = results[NAME]
    table, n = matrix(result), right(result).shape[2]
    figure, grid = new(f"Who is still right? Accuracy on {n:,} images, %")
    axes = grid[0, 0]
    fooled = any(result.values["success"])
    which = "images that fooled the attacked network" if fooled else "all attacked images: none fooled it"
    drawn = axes.imshow(100 * table, cmap="cividis", vmin=0, vmax=100, aspect="auto")
    for (i, j), value in np.ndenumerate(table):
        low, high = (100 * bound for bound in wilson(round(value * n), n))
        colour = "white" if value < 0.55 else "black"
        axes.text(
            j, i, f"{100 * value:.1f}\n{low:.1f} to {high:.1f}", ha="center", va="center", color=colour, fontsize=13
        )
    axes.set_xticks(range(len(NETWORKS)), NETWORKS, fontsize=11)
    axes.set_yticks(range(len(SETS)), SETS, fontsize=11)
    axes.set(xlabel="network", ylabel=which)
    figure.colorbar(drawn, ax=axes, label="accuracy, %")
    alt = "A table of accuracies with intervals: rows clean, noise of the same size, attacked; columns three networks."
    return [Figure("transfer", alt, figure)]


ROW = Row("transfer", "Transfer", "Penn CIS 680 HW2, task 3.2, table 4", units, summarise, draw)
