"""Penn's 3.2, table 4: do images that fool one network fool another? With a clean row and a row of noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from autograder.course.experiments import Claim, Figure, Number, Result, Results, Row, Scale, Summary, Unit
from solutions.experiments.drawing import new
from solutions.experiments.fooling import NAME, OTHER, RETRAINED, SOURCE, fooling
from solutions.experiments.intervals import wilson

SETS = ("clean", "same-size noise", "attacked")
NETWORKS = (SOURCE, RETRAINED, OTHER)
REPORT = {("attacked", RETRAINED): "15 %", ("attacked", OTHER): "15 %"}  # on twenty that fooled the source for sure


def units(scale: Scale) -> list[Unit]:
    return fooling(scale)


def right(result: Result) -> np.ndarray:
    """Which of the attacked images each network has right: bool (sets, networks, images)."""
    return np.asarray(result.arrays["predictions"] == np.array(result.values["label"]))


def matrix(result: Result) -> np.ndarray:
    """Accuracies (sets, networks), by the reference solution: a predictor looks up what its network said."""
    from solutions.a6_adversarial.solution import transfer_matrix  # noqa: PLC0415 - it imports TensorFlow

    said = np.eye(10)[result.arrays["predictions"]]  # (sets, networks, images, classes)
    sets = [np.full(said.shape[2], which) for which in range(len(SETS))]
    predictors = [lambda images, j=j: said[images[0], j] for j in range(len(NETWORKS))]
    return np.asarray(transfer_matrix(sets, predictors, np.array(result.values["label"])))


def numbers_of(flags: np.ndarray, which: str, report: Mapping[tuple[str, str], str]) -> list[Number]:
    """A number for each set and network; ``flags`` as from ``right``."""
    n = flags.shape[2]
    return [
        Number(
            f"{row}, {column}{which}",
            report.get((row, column), ""),
            float(flags[i, j].mean()),
            *wilson(int(flags[i, j].sum()), n),
            "%",
            f"{n:,} images",
        )
        for i, row in enumerate(SETS)
        for j, column in enumerate(NETWORKS)
    ]


def summarise(results: Results) -> Summary:
    (result,) = results[NAME]
    flags, fooled = right(result), np.array(result.values["success"])
    n = flags.shape[2]
    numbers = numbers_of(flags, "", {})
    if fooled.any():
        numbers += numbers_of(flags[:, :, fooled], ", of those that made the source 99 % sure", REPORT)
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
    table, n = matrix(result), len(result.values["label"])
    figure, grid = new(f"Who is still right? Accuracy on {n:,} images, %")
    axes = grid[0, 0]
    drawn = axes.imshow(100 * table, cmap="cividis", vmin=0, vmax=100, aspect="auto")
    for (i, j), value in np.ndenumerate(table):
        low, high = (100 * bound for bound in wilson(round(value * n), n))
        colour = "white" if value < 0.55 else "black"
        axes.text(
            j, i, f"{100 * value:.1f}\n{low:.1f} to {high:.1f}", ha="center", va="center", color=colour, fontsize=13
        )
    axes.set_xticks(range(len(NETWORKS)), NETWORKS, fontsize=11)
    axes.set_yticks(range(len(SETS)), SETS, fontsize=11)
    axes.set(xlabel="network", ylabel="images")
    figure.colorbar(drawn, ax=axes, label="accuracy, %")
    alt = "A table of accuracies with intervals: rows clean, noise of the same size, attacked; columns three networks."
    return [Figure("transfer", alt, figure)]


ROW = Row("transfer", "Transfer", "Penn CIS 680 HW2, task 3.2, table 4", units, summarise, draw)
