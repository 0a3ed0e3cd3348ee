"""Values and code as a question shows them: arguments exactly, results to four decimals, everything printable."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.classroom.printing import printable
from coursekit.observing import Outcome

LONGEST = 160  # characters of a call or a result
LONGEST_NUMBER = 8  # characters of one argument: what a person can calculate with
MOST = 24  # numbers in one array
DECIMALS = 4
OWN_DTYPES = ("float64", "int64", "bool")  # what NumPy does not name when it shows an array


class Unshowable(ValueError):
    """A value that is too large, or of a kind, that a question cannot show it."""


def literal(value: Any) -> str:
    """A value as Python source that makes it again.

    >>> literal(np.array([[0.5, 2.0]], np.float32))
    'np.array([[0.5, 2.0]], np.float32)'

    Raises:
        Unshowable: when it is too large, or holds a number that takes too many digits.
    """
    if isinstance(value, np.ndarray):
        dtype = "" if value.dtype.name in OWN_DTYPES else f", np.{value.dtype.name}"
        return f"np.array({_nested(value, _exact)}{dtype})"
    if isinstance(value, np.generic):
        return f"np.{value.dtype.name}({_exact(value)})"
    return _tree(value, literal, _exact)


def shown(value: Any) -> str:
    """A result as Python would print it, to four decimals.

    >>> shown((np.array([1 / 3, -0.0]), 2))
    '(array([0.3333, 0.0]), 2)'

    Raises:
        Unshowable: when it is too large, or no plain value.
    """
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
        dtype = "" if array.dtype.name in OWN_DTYPES else f", dtype={array.dtype.name}"
        return f"array({_nested(array, _rounded)}{dtype})"
    return _tree(value, shown, _rounded)


def result(outcome: Outcome | None) -> str | None:
    """What a call came to, in a line; None where that cannot be shown, or is not known."""
    if outcome is None:
        return None
    if outcome.error is not None:
        kind = outcome.error.kind
        return f"raises {kind}" if kind.isidentifier() and kind.isascii() and len(kind) <= 40 else None
    try:
        text = shown(outcome.value)
    except Unshowable:
        return None
    return text if len(text) <= LONGEST and printable(text) == text else None


def _tree(value: Any, inner: Callable[[Any], str], number: Callable[[Any], str]) -> str:
    if isinstance(value, (tuple, list, dict)) and len(value) > MOST:
        raise Unshowable(f"{len(value)} values")
    if isinstance(value, tuple):
        return f"({', '.join(map(inner, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, list):
        return f"[{', '.join(map(inner, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {inner(item)}' for key, item in value.items())}}}"
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, str) and len(value) <= LONGEST:
        return repr(value)
    if isinstance(value, (int, float)):
        return number(value)
    raise Unshowable(type(value).__name__)


def _nested(array: np.ndarray, number: Callable[[Any], str]) -> str:
    if array.size > MOST or array.ndim > 4:
        raise Unshowable(f"an array of shape {array.shape}")
    if array.ndim == 0:
        return number(array[()])
    return f"[{', '.join(_nested(np.asarray(part), number) for part in array)}]"


def _exact(value: Any) -> str:
    """A number that makes the same again, if it is short enough to calculate with."""
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (float, np.floating)):
        if not math.isfinite(value):
            raise Unshowable(str(value))
        text = np.format_float_positional(value, trim="0")
    else:
        text = str(int(value))
    if len(text) > LONGEST_NUMBER:
        raise Unshowable(text[:LONGEST])
    return text


def _rounded(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if not isinstance(value, (float, np.floating)):
        if abs(int(value)) > 10**15:  # Python refuses to write out a number of thousands of digits
            raise Unshowable("a number of many digits")
        return str(int(value))
    number = float(value)
    if not math.isfinite(number):
        return str(number)
    if number and not 10.0**-DECIMALS <= abs(number) < 1e6:
        return f"{number:.{DECIMALS}g}"
    return np.format_float_positional(round(number, DECIMALS) + 0.0, trim="0")
