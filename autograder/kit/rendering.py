"""Show values to a person: short, on one line, or an image slice by slice; ships to students as it is.

>>> show(np.array([[0.5, 2.0]]))
'[[0.5 2. ]]'
>>> show_near(np.arange(8.0).reshape(1, 2, 2, 2), (0, 0, 0, 1))
'[0, :, :, 1] = [[1. 3.] [5. 7.]]'
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from coursekit.observing import Given
from coursekit.plain import is_kind

WIDTH = 70
FEW = 40  # values that a person reads one by one
SLICES = 8  # two-dimensional parts of an array that are shown one below the other


def show(value: Any, width: int = WIDTH) -> str:
    """Render a value on one line; a large array by dtype and shape."""
    if isinstance(value, Given):
        return str(value)
    if is_kind(value, "model") or is_kind(value, "figure"):
        return f"a {value['@']}"
    if isinstance(value, (tuple, list)):
        text = ", ".join(show(item, width) for item in value)
        text = f"({text})" if isinstance(value, tuple) else f"[{text}]"
        return text if len(text) <= 2 * width else f"{type(value).__name__} of {len(value)}"
    if not isinstance(value, (np.ndarray, np.generic)):
        return repr(value)[:width]
    text = _line(value)
    return text if len(text) <= width and value.size <= FEW else f"{value.dtype} array {value.shape}"


def show_near(value: np.ndarray, index: Sequence[int], width: int = WIDTH) -> str:
    """Render an array on one line; of one with more than two axes only the plane around an index."""
    if np.ndim(value) <= 2:
        return show(value, width)
    plane = _plane(value.shape, index)
    return f"{_label(plane)} = {show(value[plane], width)}"


def blocks(value: np.ndarray) -> list[str]:
    """Lines that show an array of more than two axes plane by plane, each as rows below each other."""
    lines = []
    for plane in _planes(value.shape):
        rows = np.array2string(value[plane], precision=5, threshold=FEW).split("\n")
        rows = [row.strip().strip("[]").rstrip() for row in rows]
        label = _label(plane)
        lines += [f"{label if not number else '':{len(label)}}  {row}" for number, row in enumerate(rows)]
    return lines


def readable(value: Any) -> bool:
    """Whether ``blocks`` shows this better than one line would."""
    return (
        isinstance(value, np.ndarray)
        and value.ndim > 2
        and 0 < value.size <= FEW
        and len(list(_planes(value.shape))) <= SLICES
    )


def _line(value: Any) -> str:
    text = " ".join(np.array2string(np.asarray(value), precision=5, suppress_small=False, threshold=FEW).split())
    return text.replace("[ ", "[")


def _axes(shape: Sequence[int]) -> tuple[int, int]:
    """The two neighbouring axes that are rows and columns: of images, which have a batch in front, or of kernels."""
    pairs = [(axis, axis + 1) for axis in range(len(shape) - 1)]
    first = 1 if len(shape) > 3 else 0
    return max(pairs, key=lambda pair: (shape[pair[0]] * shape[pair[1]], pair[0] == first))


def _plane(shape: Sequence[int], index: Sequence[int]) -> tuple[Any, ...]:
    inside = _axes(shape)
    return tuple(slice(None) if axis in inside else index[axis] for axis in range(len(shape)))


def _planes(shape: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    inside = _axes(shape)
    outside = [1 if axis in inside else length for axis, length in enumerate(shape)]
    for index in np.ndindex(*outside):
        yield _plane(shape, index)


def _label(plane: Sequence[Any]) -> str:
    return f"[{', '.join(':' if isinstance(part, slice) else str(part) for part in plane)}]"


def first(mask: np.ndarray) -> tuple[int, ...]:
    """The index of the first entry that is true."""
    return tuple(int(i) for i in np.argwhere(mask)[0])


def place(index: Sequence[int]) -> str:
    """An index as Python writes it."""
    return f"[{', '.join(map(str, index))}]" if index else "the only value"


def number(value: Any) -> str:
    """A number with six digits."""
    return f"{value:.6g}" if np.issubdtype(np.asarray(value).dtype, np.floating) else str(value)


def kind(value: Any) -> str:
    """What something is, in words that a sentence can hold."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, tuple):
        return count(value)
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        keys = [str(key)[:WIDTH] for key in value][:SLICES]
        return f"a dict with keys {keys}"
    return {type(None): "None", str: "a string", int: "an int"}.get(type(value), f"a {type(value).__name__}")


def count(values: Sequence[Any], word: str = "result") -> str:
    """How many there are, in words."""
    return f"{len(values)} {word}{'' if len(values) == 1 else 's'}"
