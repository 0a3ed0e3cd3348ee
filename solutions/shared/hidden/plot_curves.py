"""Hidden checks of the plotting exercise; the assignments that use it share them."""

from __future__ import annotations

import numpy as np

from assignments.shared.plot_curves import PLOT_CURVES, plot_case
from autograder.course.checks import Check, ExerciseChecks
from coursekit.checking import Case


def _series(rng: np.random.Generator, count: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    lengths = rng.integers(3, 8, count)
    return {
        f"run {number}": (100 * np.arange(length), rng.uniform(0.1, 2.5, length))
        for number, length in enumerate(lengths)
    }


def few_curves(rng: np.random.Generator) -> list[Case]:
    return [plot_case(_series(rng, count), "iteration", "loss") for count in (1, 2)]


def many_curves(rng: np.random.Generator) -> list[Case]:
    return [plot_case(_series(rng, 6), "step", "accuracy")]


PLOT_CURVES_CHECKS = ExerciseChecks(
    PLOT_CURVES,
    (
        Check("one or two curves, their labels and legend", few_curves, share=2, core=True),
        Check("six curves that can be told apart", many_curves),
    ),
)
