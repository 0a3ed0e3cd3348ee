"""Reduce what a function returned to plain data: arrays, numbers, text, tuples, lists and dicts; ships to students.

Objects of Keras and Matplotlib become descriptions, dicts whose key ``"@"`` names their kind. Whoever compares a
result, or sends it through the walls of the grader, handles plain data only: no method of a student's object is ever
called on the trusted side.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

DTYPES = ("float32", "float64", "int32", "int64", "bool", "uint8")  # what may leave a student's function
KIND = "@"  # the key that marks a description


def plain(value: Any) -> Any:
    """Reduce a result to None, bool, int, float, str, arrays of ``DTYPES``, tuples, lists, dicts and descriptions.

    Raises:
        TypeError: for anything else; the message is written for the student.
    """
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, (tuple, list)):
        items = [plain(item) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    described = _described(value)
    if described is not None:
        return described
    if not isinstance(value, (np.ndarray, np.generic)) and not hasattr(value, "__array__"):
        raise TypeError(f"returned a {type(value).__name__}; expected arrays or numbers")
    array = np.array(value, subok=False)
    if array.dtype.name not in DTYPES:
        raise TypeError(f"returned an array of dtype {array.dtype}; expected one of {', '.join(DTYPES)}")
    return array


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield ``(path, leaf)`` for every leaf of a tree of tuples, lists and dicts, e.g. ``("[0][1]", array)``."""
    if isinstance(tree, (tuple, list)):
        for index, item in enumerate(tree):
            yield from leaves(item, f"{path}[{index}]")
    elif isinstance(tree, dict):
        for key, item in tree.items():
            yield from leaves(item, f"{path}[{key!r}]")
    else:
        yield path, tree


def identical(one: Any, other: Any) -> bool:
    """Whether two plain trees are equal to the last bit; nan equals nan."""
    ours, theirs = list(leaves(one)), list(leaves(other))
    return len(ours) == len(theirs) and all(
        p == q and _identical_leaves(a, b) for (p, a), (q, b) in zip(ours, theirs, strict=True)
    )


def _identical_leaves(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if not isinstance(one, np.ndarray):
        return bool(one == other or (one != one and other != other))
    return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind in "fc")


def is_kind(value: Any, kind: str) -> bool:
    """Whether a plain value is a description of this kind: ``model``, ``layer``, ``figure``."""
    return isinstance(value, dict) and value.get(KIND) == kind


def _described(value: Any) -> dict[str, Any] | None:
    """The description of a Keras or Matplotlib object; neither is imported for it."""
    keras = sys.modules.get("keras")
    if keras is not None and hasattr(keras, "KerasTensor"):
        if isinstance(value, (keras.Model, keras.KerasTensor)):
            from autograder.describing import describe  # noqa: PLC0415 - only who has Keras needs it

            return describe(value)
        if isinstance(value, keras.layers.Layer):
            return {KIND: "layer", "name": str(value.name)}
    figures = sys.modules.get("matplotlib.figure")
    if figures is not None and isinstance(value, figures.Figure):
        return _figure(value)
    return None


def _figure(figure: Any) -> dict[str, Any]:
    """What a figure shows, panel by panel; pixels are never compared. A figure's legend counts for its only panel."""
    own = figure.legends[0] if figure.legends and len(figure.axes) == 1 else None
    return {KIND: "figure", "axes": [_axes(axes, axes.get_legend() or own) for axes in figure.axes]}


def _axes(axes: Any, legend: Any) -> dict[str, Any]:
    from matplotlib.colors import to_hex  # noqa: PLC0415 - only who has drawn a figure needs it

    return {
        "xlabel": str(axes.get_xlabel()),
        "ylabel": str(axes.get_ylabel()),
        "title": str(axes.get_title()),
        "legend": [str(text.get_text()) for text in legend.get_texts()] if legend is not None else [],
        "lines": [
            {
                "label": str(line.get_label()),
                "x": np.asarray(line.get_xdata(orig=True), float),
                "y": np.asarray(line.get_ydata(orig=True), float),
                "color": str(to_hex(line.get_color())),
                "style": str(line.get_linestyle()),
                "marker": str(line.get_marker()),
            }
            for line in axes.lines
        ],
    }
