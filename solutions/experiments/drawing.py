"""How the figures look: for slides, for every eye, and in grey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
STYLES = ("-", "--", "-.", ":")
SLIDE = (9.6, 5.4)  # inches, 16 : 9
GREY = "#555555"
Panel = tuple[str, str, str, Mapping[str, tuple[Sequence[float], Sequence[Any]]]]  # title, xlabel, ylabel, curves


def new(title: str, rows: int = 1, columns: int = 1, size: tuple[float, float] = SLIDE) -> tuple[Figure, np.ndarray]:
    """A figure with a title and its panels, (rows, columns); it belongs to no window."""
    figure = Figure(figsize=size, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=14)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=10)
    return figure, grid


def curves(axes: Any, series: Mapping[str, tuple[Any, Any]], title: str, xlabel: str, ylabel: str) -> None:
    """Draw curves, each (x, y) with y of one seed or of several, (seeds, n): then the mean, and a band of all seeds."""
    for number, (name, (x, y)) in enumerate(series.items()):
        values = np.atleast_2d(np.asarray(y, float))
        colour, style = COLOURS[number % 7], STYLES[number % 4]
        axes.plot(x, values.mean(axis=0), style, color=colour, label=name, linewidth=2)
        if len(values) > 1:
            axes.fill_between(x, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.18, linewidth=0)
    axes.set_title(title, fontsize=12)
    axes.set_xlabel(xlabel, fontsize=11)
    axes.set_ylabel(ylabel, fontsize=11)
    axes.grid(alpha=0.25)


def legend_below(figure: Figure, axes: Any, columns: int = 3) -> None:
    """One legend for all panels, below them."""
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=columns, fontsize=10)


def bars(
    axes: Any, names: Sequence[str], values: Sequence[tuple[float, float, float]], marks: Sequence[float | None] = ()
) -> None:
    """Accuracies in percent with their intervals, and the report's own numbers as marks."""
    places = np.arange(len(names))
    middle, low, high = 100 * np.array(values).T
    axes.barh(
        places, middle, xerr=[middle - low, high - middle], color="#9ecae1", capsize=4, label="ours, 95 % interval"
    )
    known = [(place, 100 * mark) for place, mark in zip(places, marks) if mark is not None]
    if known:
        axes.plot(*zip(*[(m, p) for p, m in known]), "D", color="#d55e00", markersize=8, label="the homework's report")
    marked = dict(known)
    for place, value, top in zip(places, middle, high):
        beside = marked.get(place, -1.0)
        right = beside + 2 if top - 1 < beside < top + 9 else top + 1.5  # no number beneath a mark
        axes.text(right, place, f"{value:.1f}", va="center", fontsize=10)
    axes.set_yticks(places, names, fontsize=10)
    axes.invert_yaxis()
    axes.set_xlim(0, 105)
    axes.set_xlabel("accuracy on held-out images, %", fontsize=11)


def picture(axes: Any, image: np.ndarray, title: str, change: float | None = None) -> Any:
    """An image, or, where ``change`` is given, a change of one: white is none, the colours end at ± ``change``."""
    axes.set_axis_off()
    axes.set_title(title, fontsize=8)
    if change is not None:
        return axes.imshow(image.mean(axis=-1), cmap="RdBu", vmin=-change, vmax=change)
    grey = image.shape[-1] == 1
    return axes.imshow(np.clip(image[..., 0] if grey else image, 0, 1), cmap="gray" if grey else None, vmin=0, vmax=1)
