"""Write a Matplotlib figure down by what its reader sees; ships to students as it is.

A figure is drawn, once with and once without each curve, label and legend: what changes no pixel is not there to be
seen, for whatever reason. Artists are read by the methods of Matplotlib's own classes, whatever a subclass says.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from coursekit.plain import KIND, Describer, NoResult

RESOLUTION = 70.0  # pixels per inch: enough to tell a curve from no curve
MAX_PIXELS = 2_000_000
VISIBLE = 24  # of 255: a smaller change of a pixel's colour is not noticed
FEW_PIXELS = 5  # a point of a scatter has more
EDGE = 6  # pixels that a curve's ends may be off: half a marker, half a line's width
MAX_LINES = 100
SHRUNK = 0.6  # a notebook widens the paper for labels and legends beside the axes: here the axes make room for them


class _Stock:
    """Matplotlib's own classes and functions, looked up once."""

    def __init__(self) -> None:
        from matplotlib.artist import Artist  # noqa: PLC0415 - only who has drawn a figure needs it
        from matplotlib.axes import Axes  # noqa: PLC0415
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
        from matplotlib.colors import to_rgba  # noqa: PLC0415
        from matplotlib.figure import Figure  # noqa: PLC0415
        from matplotlib.legend import Legend  # noqa: PLC0415
        from matplotlib.lines import Line2D  # noqa: PLC0415
        from matplotlib.text import Text  # noqa: PLC0415

        self.artist, self.axes, self.canvas, self.figure = Artist, Axes, FigureCanvasAgg, Figure
        self.lines, self.panels = Axes.lines.fget, Figure.axes.fget  # type: ignore[attr-defined]
        self.legend, self.line, self.text, self.to_rgba = Legend, Line2D, Text, to_rgba


@cache
def stock() -> _Stock:
    """Matplotlib's own classes. The grader calls this before any code of a student runs."""
    return _Stock()


def fits(kind: type) -> bool:
    """Whether a class is Matplotlib's ``Figure`` or made from it; Matplotlib is not imported for this."""
    return "matplotlib.figure" in sys.modules and issubclass(kind, stock().figure)


def describe(figure: Any) -> dict[str, Any]:
    """What a figure shows, panel by panel. A figure's legend counts for its only panel.

    Raises:
        NoResult: for a figure that cannot be drawn.
    """
    try:
        with _settled(figure):
            return _describe(figure)
    except Exception as error:  # noqa: BLE001 - artists of the student's own may raise anything
        problem = f"{type(error).__name__}: {error}"[:200]
        raise NoResult(f"returned a figure that cannot be drawn: {problem}") from None


@contextmanager
def _settled(figure: Any) -> Iterator[None]:
    """Draw the figure small, with everything at the place that its layout gives it; leave it as it was."""
    classes = stock()
    canvas, resolution = figure.canvas, classes.figure.get_dpi(figure)
    engine = classes.figure.get_layout_engine(figure)
    inches = classes.figure.get_size_inches(figure)
    paper = float(inches[0] * inches[1])
    if not 0.5 <= paper <= 1e6:
        raise ValueError(f"it measures {inches[0]:g} by {inches[1]:g} inches")
    classes.canvas(figure)
    classes.figure.set_dpi(figure, min(RESOLUTION, float(np.sqrt(MAX_PIXELS / paper))))
    places = []
    try:
        if engine is not None:
            _pixels(figure)
            classes.figure.set_layout_engine(figure, "none")  # else a hidden label would move all the rest
        places = [(axes, classes.axes.get_position(axes, original=True)) for axes in _panels(figure)]
        for axes, place in places:
            left, bottom, width, height = (float(number) for number in place.bounds)
            corner = 0.5 + SHRUNK * (left - 0.5), 0.5 + SHRUNK * (bottom - 0.5)
            classes.axes.set_position(axes, (*corner, SHRUNK * width, SHRUNK * height))
        yield
    finally:
        for axes, place in places:
            classes.axes.set_position(axes, place)
        classes.figure.set_layout_engine(figure, engine)
        classes.figure.set_dpi(figure, resolution)
        classes.figure.set_canvas(figure, canvas)


def _describe(figure: Any) -> dict[str, Any]:
    classes = stock()
    panels = _panels(figure)
    own = figure.legends[0] if figure.legends and len(panels) == 1 else None
    legends = [classes.axes.get_legend(axes) or own for axes in panels]
    words = [[axes.xaxis.label, axes.yaxis.label, legend] for axes, legend in zip(panels, legends)]
    before = _pixels(figure)
    with _hidden([artist for artists in words for artist in artists]):
        change = _changed(before, _pixels(figure))
    described = [_words(axes, legend, change) for axes, legend in zip(panels, legends)]
    ticks = [axis for axes in panels for axis in (axes.xaxis, axes.yaxis)]  # they take most of the time
    with _hidden([*ticks, *legends]):  # legends choose their place by the curves, and would move when one is hidden
        before = _pixels(figure)
        for axes, facts in zip(panels, described):
            facts["lines"] = [_line(figure, axes, line, before) for line in _lines(axes)]
    return {KIND: "figure", "axes": described}


def _panels(figure: Any) -> list[Any]:
    return [axes for axes in stock().panels(figure) if issubclass(type(axes), stock().axes)]


def _lines(axes: Any) -> list[Any]:
    classes = stock()
    lines = [line for line in classes.lines(axes) if issubclass(type(line), classes.line)]
    if len(lines) > MAX_LINES:
        raise ValueError(f"it has {len(lines)} lines; at most {MAX_LINES} are looked at")
    return lines


def _words(axes: Any, legend: Any, change: np.ndarray) -> dict[str, Any]:
    """What a panel says in words; ``change`` marks the pixels that its labels and its legend have coloured."""
    classes = stock()
    x, y = axes.xaxis.label, axes.yaxis.label
    told = legend is not None and _drawn(classes.legend.get_window_extent(legend), change)
    return {
        "xlabel": _text(x) if _drawn(classes.text.get_window_extent(x), change) else "",
        "ylabel": _text(y) if _drawn(classes.text.get_window_extent(y), change) else "",
        "title": _text(axes.title),
        "legend": [_text(text) for text in classes.legend.get_texts(legend)] if told else [],
    }


def _drawn(place: Any, change: np.ndarray) -> bool:
    """Whether something was drawn at a place in the picture."""
    rows = slice(max(0, len(change) - int(place.y1) - 1), max(0, len(change) - int(place.y0) + 1))
    columns = slice(max(0, int(place.x0)), max(0, int(place.x1) + 1))
    return bool(change[rows, columns].sum() >= FEW_PIXELS)


def _text(text: Any) -> str:
    """The words of a text; none when it is not shown."""
    classes = stock()
    alpha = classes.artist.get_alpha(text)
    seen = classes.artist.get_visible(text) and alpha != 0 and float(classes.text.get_fontsize(text)) > 1
    return str(classes.text.get_text(text)) if seen else ""


def _line(figure: Any, axes: Any, line: Any, before: np.ndarray) -> dict[str, Any]:
    line_class = stock().line
    x, y = (np.array(get(line, orig=False), float) for get in (line_class.get_xdata, line_class.get_ydata))
    red, green, blue, _ = stock().to_rgba(line_class.get_color(line))
    return {
        "label": str(stock().artist.get_label(line)),
        "x": x,
        "y": y,
        "color": tuple(round(255 * float(part)) for part in (red, green, blue)),
        "style": str(line_class.get_linestyle(line)),
        "marker": str(line_class.get_marker(line)),
        "seen": _covers(_box(figure, line, before), _extent(figure, axes, x, y)),
    }


def _extent(figure: Any, axes: Any, x: np.ndarray, y: np.ndarray) -> tuple[float, float, float, float] | None:
    """Where a curve's data lie in the picture: left, right, top, bottom, in pixels; None for no points."""
    with np.errstate(all="ignore"):  # a logarithmic axis has no place for 0
        places = np.array(axes.transData.transform(np.stack([x, y], axis=-1)), float)
    places = places[np.isfinite(places).all(axis=1)]
    if not len(places):
        return None
    height = figure.bbox.height
    (left, bottom), (right, top) = places.min(axis=0), places.max(axis=0)
    return left, right, height - top, height - bottom


def _covers(drawn: tuple[int, int, int, int] | None, extent: tuple[float, float, float, float] | None) -> bool:
    """Whether what was drawn reaches as far as the data do."""
    if drawn is None or extent is None:
        return False
    ends = zip(drawn, extent, (1, -1, 1, -1), strict=True)
    return all(sign * (pixel - place) <= EDGE for pixel, place, sign in ends)


def _box(figure: Any, artist: Any, before: np.ndarray) -> tuple[int, int, int, int] | None:
    """The pixels that change when an artist is hidden: left, right, top, bottom; None when too few do."""
    with _hidden([artist]):
        change = _changed(before, _pixels(figure))
    if change.sum() < FEW_PIXELS:
        return None
    rows, columns = np.nonzero(change.any(axis=1))[0], np.nonzero(change.any(axis=0))[0]
    return int(columns[0]), int(columns[-1]), int(rows[0]), int(rows[-1])


def _changed(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return np.abs(after - before).max(axis=-1) > VISIBLE


@contextmanager
def _hidden(artists: list[Any]) -> Iterator[None]:
    """Hide artists for a while; None stands for one that is not there."""
    artist_class = stock().artist
    known = [(artist, artist_class.get_visible(artist)) for artist in artists if artist is not None]
    for artist, _ in known:
        artist_class.set_visible(artist, False)
    try:
        yield
    finally:
        for artist, visible in known:
            artist_class.set_visible(artist, visible)


def _pixels(figure: Any) -> np.ndarray:
    canvas_class = stock().canvas
    canvas_class.draw(figure.canvas)
    colours = np.array(canvas_class.buffer_rgba(figure.canvas), np.int16)
    return colours[..., :3] * (colours[..., 3:] / 255.0) + 255.0 - colours[..., 3:]  # on white paper


FIGURES = Describer(fits, describe)
