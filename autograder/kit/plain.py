"""Reduce what a function returned to plain data: arrays, numbers, text, tuples, lists and dicts; ships to students.

Objects of Keras and Matplotlib become descriptions, dicts whose key ``"@"`` names their kind. Whoever compares a
result, or sends it through the walls of the grader, handles plain data only: no method of a student's object is ever
called on the trusted side. A dict of the student's own that has such a key is data: its key gets a second ``"@"``.

    >>> plain({"@": "figure"})
    {'@@': 'figure'}
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import AsyncGeneratorType, CoroutineType, FunctionType, GeneratorType, MethodType
from typing import Any, NamedTuple

import numpy as np

DTYPES = ("float32", "float64", "int32", "int64", "bool", "uint8")  # what may leave a student's function
KIND = "@"  # the key that marks a description
KEYS = (str, int, float, bool, type(None))
UNRUN = {  # what comes back is not a result, but something that could still compute one
    CoroutineType: "a coroutine: it is defined with `async def`",
    AsyncGeneratorType: "an async generator: it is defined with `async def`",
    GeneratorType: "a generator: it has a `yield`, or a comprehension in (parentheses)",
    FunctionType: "a function: did you forget to call it, with (...)?",
    MethodType: "a method: did you forget to call it, with (...)?",
}


class NoResult(TypeError):
    """A result that is none; the message is written for the student."""


class Describer(NamedTuple):
    """Who writes down one kind of objects.

    Args:
        fits: whether an object of this class is of that kind.
        describe: writes it down; reads it by the methods of the stock classes.
        settle: does what must run the object's own code, and returns what can be described.
    """

    fits: Callable[[type], bool]
    describe: Callable[[Any], dict[str, Any]]
    settle: Callable[[Any], Any] = lambda value: value


_describers: list[Describer] = []


def register(describer: Describer) -> None:
    """Let ``plain`` describe one more kind of objects; the module that knows them registers itself."""
    _describers.append(describer)


def settle(value: Any) -> Any:
    """Let a result's own classes do their part: what only looks like an array becomes one.

    Everything here may run code of the student's. What comes back is read without it, by ``plain``.
    """
    if isinstance(value, (tuple, list)):
        items = [settle(item) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, dict):
        return {key: settle(item) for key, item in value.items()}
    describer = _describer(value)
    if describer is not None:
        return describer.settle(value)
    if type(value) is CoroutineType:
        value.close()  # else Python warns, some time later, that it was never awaited
    if not issubclass(type(value), (np.ndarray, np.generic)) and hasattr(value, "__array__"):
        return np.asarray(value)
    return value


def plain(value: Any) -> Any:
    """Reduce a settled result to None, bool, int, float, str, arrays of ``DTYPES``, tuples, lists, dicts, descriptions.

    Raises:
        NoResult: for anything else; the message is written for the student.
    """
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if issubclass(kind, tuple):
        return tuple([plain(item) for item in tuple.__iter__(value)])
    if issubclass(kind, list):
        return [plain(item) for item in list.__iter__(value)]
    if issubclass(kind, dict):
        return {_key(key): plain(item) for key, item in dict.items(value)}
    describer = _describer(value)
    if describer is not None:
        return describer.describe(value)
    if kind in UNRUN:
        raise NoResult(f"returned {UNRUN[kind]}")
    if not issubclass(kind, (np.ndarray, np.generic)):
        raise NoResult(f"returned a {kind.__name__}; expected arrays or numbers")
    array = np.array(value, subok=False)
    if array.dtype.name not in DTYPES:
        raise NoResult(f"returned an array of dtype {array.dtype}; expected one of {', '.join(DTYPES)}")
    return array


def _describer(value: Any) -> Describer | None:
    kind = type(value)  # not its __class__, which can be made to say anything
    return next((describer for describer in _describers if describer.fits(kind)), None)


def _key(key: Any) -> str:
    if type(key) not in KEYS:
        raise NoResult(f"returned a dict with a key of type {type(key).__name__}; expected names")
    return KIND + key if type(key) is str and key[:1] == KIND else str(key)


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield ``(path, leaf)`` for every leaf of a tree of tuples, lists and dicts, e.g. ``("[0][1]", array)``."""
    if isinstance(tree, np.ndarray):  # most are
        yield path, tree
    elif isinstance(tree, (tuple, list)):
        for index, item in enumerate(tree):
            if type(item) is np.ndarray:
                yield f"{path}[{index}]", item
            else:
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
