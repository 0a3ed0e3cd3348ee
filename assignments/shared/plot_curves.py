"""The plotting exercise, written in one assignment and used in all that follow: its public cases; ships to students."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from coursekit.checking import Case, Exercise
from coursekit.drawing.plotting import BesideAnotherFigure, facts


def plot_case(series: Mapping[str, tuple[Any, Any]], xlabel: str, ylabel: str, label: str = "") -> Case:
    """A call of ``plot_curves`` and what its figure must tell."""
    names = sorted(series)
    expected = {
        "axes": 1,
        "x label": xlabel,
        "y label": ylabel,
        "curves": ", ".join(names),
        "curves that cannot be seen as far as their data reach": "none",
        "legend": ", ".join(names),
        "x values": [np.asarray(series[name][0], float) for name in names],
        "y values": [np.asarray(series[name][1], float) for name in names],
        "curves told apart": len(names),
    }
    return Case((BesideAnotherFigure(dict(series)), xlabel, ylabel), expected, measure=facts, label=label)


PLOT_CURVES = Exercise(
    "plot_curves",
    cases=(
        plot_case(
            {"train": ([0, 100, 200], [2.3, 1.1, 0.6])}, "iteration", "loss", "one curve, logged every 100 steps"
        ),
        plot_case(
            {"train": ([0, 1, 2], [2.0, 1.0, 0.5]), "test": ([0, 2], [2.1, 1.4])},
            "epoch",
            "loss",
            "two curves of different length in one figure",
        ),
    ),
    hints=(
        "one new figure, one pair of axes, one line for each entry of the dict",
        "give every line its label, then call legend() on the axes, and name both axes",
        "fig, ax = plt.subplots() makes a new figure; plot each x against its y on ax; return fig",
    ),
)
