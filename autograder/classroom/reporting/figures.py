"""A report's figures as inline SVG: they take the page's colour of text, and say in words what there is to see."""

from __future__ import annotations

import io
from collections.abc import Sequence
from html import escape
from typing import Any

from autograder.classroom.reporting.gathering import ExerciseReport

INK = "#010203"  # replaced by the page's own colour of text
FULL, SOME, NONE = "#0072b2", "#e69f00", "#d55e00"  # told apart by the colour-blind, too (Okabe & Ito 2008)


def distribution(totals: Sequence[float]) -> str:
    """A histogram of the class's totals, fractions from 0 to 1."""
    figure, axes = _new(7.0, 2.6)
    counts, edges, _ = axes.hist([100 * total for total in totals], bins=range(0, 101, 10), color=FULL, rwidth=0.92)
    axes.set(xlabel="automatically graded points, %", ylabel="students")
    axes.yaxis.get_major_locator().set_params(integer=True)
    parts = [f"{int(count)} from {edge:.0f} to {edge + 10:.0f} %" for count, edge in zip(counts, edges[:-1]) if count]
    return _svg(figure, "Distribution of totals: " + (", ".join(parts) or "nobody"), "distribution")


def mastery(exercises: Sequence[ExerciseReport]) -> str:
    """A bar for each exercise: how many have all points, some, none."""
    figure, axes = _new(7.0, 0.9 + 0.34 * len(exercises))
    places = range(len(exercises))
    left = [0] * len(exercises)
    for name, colour in (("full", FULL), ("some", SOME), ("none", NONE)):
        counts = [getattr(one, name) for one in exercises]
        axes.barh(places, counts, left=left, color=colour, label={"full": "all points"}.get(name, name))
        left = [a + b for a, b in zip(left, counts)]
    axes.set_yticks(places, [one.name for one in exercises])
    axes.invert_yaxis()
    axes.set_xlabel("students")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False)
    told = "; ".join(f"{one.name}: {one.full} all points, {one.some} some, {one.none} none" for one in exercises)
    return _svg(figure, told, "mastery")


def _new(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure  # noqa: PLC0415 - half a second, which other commands need not wait for

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for spine in axes.spines.values():
        spine.set_color(INK)
    axes.tick_params(colors=INK)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)
    return figure, axes


def _svg(figure: Any, alt: str, name: str) -> str:
    import matplotlib as mpl  # noqa: PLC0415

    for legend in (axes.get_legend() for axes in figure.axes):
        for text in legend.get_texts() if legend else ():
            text.set_color(INK)
    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    drawn = buffer.getvalue()
    drawn = drawn[drawn.index("<svg") :].replace(INK, "currentColor")
    return drawn.replace("<svg", f'<svg role="img" aria-label="{escape(alt, quote=True)}"', 1)
