"""The plotting exercise of the course, written in one assignment and used in all that follow; ships to students."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.checking import Case, Exercise, Refused
from autograder.figures import FIGURES
from autograder.observing import Given, make
from autograder.plain import is_kind, register

OTHER_COLOUR = 20  # of 255, in red, green or blue: a smaller difference is not seen

register(FIGURES)


@dataclass(frozen=True, eq=False)
class BesideAnotherFigure(Given):
    """A value that is handed over while a figure with a curve of its own is open, as in a notebook."""

    value: Any

    def make(self, made: Mapping[Any, Any]) -> Any:
        import matplotlib.pyplot as plt  # noqa: PLC0415 - who never plots need not wait for it

        plt.close("all")
        plt.figure().gca().plot([0.0, 1.0], [5.0, 5.0], label="an older curve")
        return make(self.value, made)

    def finish(self) -> None:
        import matplotlib.pyplot as plt  # noqa: PLC0415

        plt.close("all")  # a notebook would show them below the check

    def __str__(self) -> str:
        return str(self.value)


def facts(value: Any) -> dict[str, Any]:
    """What a figure tells its reader.

    Args:
        value: the description of a Matplotlib figure.

    Returns:
        Number of axes, the axis labels, every labelled curve's data, which curves are not drawn where these data lie,
        the texts of the legend, and how many curves can be told apart by colour, line style or marker.

    Raises:
        Refused: for anything but a figure.
    """
    if not is_kind(value, "figure"):
        raise Refused(f"returned {type(value).__name__ if value is not None else 'None'}; expected a Matplotlib Figure")
    try:
        return _facts(value)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):  # no figure of ours was written down so
        raise Refused("returned a figure that cannot be read") from None


def _facts(figure: Mapping[str, Any]) -> dict[str, Any]:
    panels = [axes for axes in figure["axes"] if axes["lines"] or axes["xlabel"] or axes["ylabel"]]
    first: Mapping[str, Any] = panels[0] if panels else {"xlabel": "", "ylabel": "", "lines": [], "legend": []}
    lines = [line for line in first["lines"] if not str(line["label"]).startswith("_")]  # others only decorate
    hidden = sorted(str(line["label"])[:40] for line in lines if line["seen"] is not True)
    curves = {str(line["label"]): tuple(np.asarray(line[axis], float) for axis in ("x", "y")) for line in lines}
    return {
        "axes": len(panels),
        "x label": str(first["xlabel"]),
        "y label": str(first["ylabel"]),
        "curves": ", ".join(sorted(curves)) or "none",
        "curves that cannot be seen as far as their data reach": ", ".join(hidden) or "none",
        "legend": ", ".join(sorted(map(str, first["legend"]))) or "none",
        "x values": [curves[name][0] for name in sorted(curves)],
        "y values": [curves[name][1] for name in sorted(curves)],
        "curves told apart": _told_apart(lines),
    }


def _told_apart(lines: Sequence[Mapping[str, Any]]) -> int:
    """How many curves differ from all before them, in style, in marker or visibly in colour."""
    looks: list[tuple[Any, Any, np.ndarray]] = []
    for line in lines:
        style, marker, colour = line["style"], line["marker"], np.asarray(line["color"], float)
        alike = (s == style and m == marker and np.abs(c - colour).max() < OTHER_COLOUR for s, m, c in looks)
        if not any(alike):
            looks.append((style, marker, colour))
    return len(looks)


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
