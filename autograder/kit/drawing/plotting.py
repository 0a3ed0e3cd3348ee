"""Call a function that draws beside another figure, and say what its own figure tells a reader; ships to students."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from coursekit.checking import Refused
from coursekit.drawing.figures import FIGURES
from coursekit.observing import Given, crosses, make
from coursekit.plain import is_kind, register

OTHER_COLOUR = 20  # of 255, in red, green or blue: a smaller difference is not seen

register(FIGURES)


@crosses("beside another figure")
@dataclass(frozen=True, eq=False)
class BesideAnotherFigure(Given):
    """A value that is handed over while a figure with a curve of its own is open, as in a notebook."""

    value: Any

    def facts(self, pack: Callable[[Any], Any]) -> dict[str, Any]:
        return {"value": pack(self.value)}

    @classmethod
    def unpacked(cls, facts: Mapping[str, Any], unpack: Callable[[Any], Any]) -> Given:
        return cls(unpack(facts["value"]))

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
