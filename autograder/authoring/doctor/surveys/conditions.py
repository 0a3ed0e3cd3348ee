"""What may be true of the arguments of a call: the conditions under which a function could be wrong and nowhere else.

A function that is right except for square images, or for float64, or when a parameter keeps its default, is wrong. It
is caught only by a case that meets the condition. These are the conditions that students' code really turns on; they
are facts about arguments, and know no exercise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

COURSE_SIZES = (28, 32)  # of Fashion-MNIST and CIFAR-10
EXTENTS = {"square": lambda h, w: h == w, "taller than wide": lambda h, w: h > w, "wider than tall": lambda h, w: h < w}
BATCHES: dict[str, Callable[[int], bool]] = {
    "one row": lambda n: n == 1,
    "an odd number of rows": lambda n: n % 2 == 1 and n > 1,
    "an even number of rows": lambda n: n % 2 == 0 and n > 0,
    "over 64 rows": lambda n: n > 64,
}
VALUES: dict[str, Callable[[np.ndarray], bool]] = {
    "all in [0, 1]": lambda x: bool((x >= 0).all() and (x <= 1).all() and (x > 0).any()),
    "all in [0, 255], some over 1": lambda x: bool((x >= 0).all() and (x <= 255).all() and (x > 1).any()),
    "some negative": lambda x: bool((x < 0).any()),
    "all positive": lambda x: bool((x > 0).all()),
    "an exact zero": lambda x: bool((x == 0).any() and (x != 0).any()),
    "a spread below 1": lambda x: bool(x.size > 1 and np.ptp(x) > 0 and x.std() < 1),
    "a spread over 1": lambda x: bool(x.size > 1 and x.std() > 1),
    "some over 100": lambda x: bool((np.abs(x) > 100).any()),
    "all below 0.01": lambda x: bool((np.abs(x) < 0.01).all() and (x != 0).any()),
}
NUMBERS: dict[str, Callable[[Any], bool]] = {
    "zero": lambda x: x == 0,
    "positive": lambda x: x > 0,
    "negative": lambda x: x < 0,
    "an int": lambda x: isinstance(x, int),
    "a float": lambda x: isinstance(x, float),
    "one": lambda x: x == 1,
    "over 1": lambda x: x > 1,
    "between 0 and 1": lambda x: 0 < x < 1,
}


def conditions(named: Mapping[str, Any], given: frozenset[str], by_keyword: frozenset[str]) -> Iterator[str]:
    """The conditions that one call meets, in words that begin with the parameter's name.

    Args:
        named: every parameter's value, defaults among them.
        given: the parameters that the call names or places; the others keep their defaults.
        by_keyword: those that it names.
    """
    for name, value in named.items():
        if name not in given:
            yield f"{name}: at its default"
            continue
        if name in by_keyword:
            yield f"{name}: by keyword"
        yield from (f"{name}: {words}" for words in _of(value))


def _of(value: Any) -> Iterator[str]:
    if isinstance(value, np.ndarray) and value.ndim:
        yield from _of_array(value)
    elif isinstance(value, (bool, np.bool_, str)) or value is None:
        yield repr(value)
    elif isinstance(value, (int, float, np.number)):
        yield from (words for words, holds in NUMBERS.items() if holds(value))
        if isinstance(value, np.generic):
            yield f"a NumPy {value.dtype}"
    elif isinstance(value, np.ndarray):
        yield f"an array of {value.ndim} dimensions"
    elif isinstance(value, (list, tuple)):
        yield f"{len(value)} items"


def _of_array(x: np.ndarray) -> Iterator[str]:
    yield x.dtype.name
    yield f"{x.ndim} dimensions"
    if x.size == 0:
        yield "empty"
        return
    yield from (words for words, holds in BATCHES.items() if holds(len(x)))
    if x.ndim == 4:
        height, width, channels = x.shape[1:]
        yield "one channel" if channels == 1 else "three channels" if channels == 3 else "another number of channels"
        yield from (f"{size} x {size}" for size in COURSE_SIZES if height == width == size)
    if x.ndim in (2, 4):
        extent = x.shape[1:3] if x.ndim == 4 else x.shape
        yield from (words for words, holds in EXTENTS.items() if holds(*extent))
    if x.dtype.kind in "iuf":
        finite = x[np.isfinite(x)]
        yield from (words for words, holds in VALUES.items() if finite.size and holds(finite))


def expected_of(met: set[str], defaults: set[str]) -> set[str]:
    """The conditions to expect of an exercise, by what its cases give: an argument that is an array may be any array.

    Args:
        met: every condition that some case meets.
        defaults: the parameters that have one.
    """
    wanted = met | {f"{name}: at its default" for name in defaults}
    for name in {words.partition(": ")[0] for words in met if ": " in words}:
        mine = {words.partition(": ")[2] for words in met if words.startswith(f"{name}: ")}
        wanted |= {f"{name}: {words}" for words in _expected_of_one(mine)}
    return wanted


def _expected_of_one(mine: set[str]) -> Iterator[str]:
    dimensions = {words for words in mine if words.endswith(" dimensions") and not words.startswith("an array")}
    if dimensions:
        yield from BATCHES
        if mine & {"float32", "float64"}:
            yield from (*VALUES, "float32", "float64")
    elif "a float" in mine:
        yield from NUMBERS
    elif "an int" in mine:
        yield from ("one", "over 1")
    if dimensions & {"2 dimensions", "4 dimensions"}:
        yield from EXTENTS
    if "4 dimensions" in dimensions:
        yield from (*(f"{size} x {size}" for size in COURSE_SIZES), "one channel", "three channels")
