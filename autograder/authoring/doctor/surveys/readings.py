"""The same question put in other ways, to which a right function gives the same answer, but for its rounding.

Floating sums depend on their order: NumPy adds along the memory, BLAS takes other paths for transposed arrays. A sum of
n terms in halves of halves, as NumPy, BLAS and graphics cards add, is the exact sum of terms that were each rounded
log2(n) times (Wilkinson's backward error); so rounding the arguments anew stands for all such orders.

Source: Higham, Accuracy and Stability of Numerical Algorithms, 2002, chapter 4.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

FEW_BITS = (
    2.0**12
)  # numbers that need no more of their mantissa: sums of some thousands of these are exact in any order


def in_fortran_order(x: np.ndarray) -> np.ndarray:
    """The same values, the first axis next to each other in memory."""
    return np.asfortranarray(x)


def backwards_in_memory(x: np.ndarray) -> np.ndarray:
    """The same values, the last of them first in memory."""
    turned = (slice(None, None, -1),) * x.ndim
    return np.ascontiguousarray(x[turned])[turned]


def rounded_anew(x: np.ndarray) -> np.ndarray:
    """Nearly the same values: each as far off as a sum in blocks rounds its terms, by its own value up or down.

    Equal numbers stay equal, so that no tie is broken; numbers with few digits, whose sums are exact, stay as they are.
    """
    if x.dtype.kind != "f" or not x.size:
        return x
    wide = x.astype(float)
    mantissa, _ = np.frexp(wide)
    rounded = np.floor(mantissa * FEW_BITS) != mantissa * FEW_BITS
    up = (np.ascontiguousarray(wide).view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(63)
    step = np.finfo(x.dtype).eps / 2 * (1 + np.log2(x.size))
    moved = wide * (1 + step * np.where(up, 1.0, -1.0) * rounded)
    return np.where(np.isfinite(wide), moved, wide).astype(x.dtype)


READINGS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "in Fortran order": in_fortran_order,
    "backwards in memory": backwards_in_memory,
    "rounded anew": rounded_anew,
}


def read_otherwise(function: Callable[..., Any], reading: Callable[[np.ndarray], np.ndarray]) -> Callable[..., Any]:
    """A function that gets its arrays in another way."""

    def read(value: Any) -> Any:
        if isinstance(value, np.ndarray) and value.ndim:
            return reading(value)
        if isinstance(value, (list, tuple)):
            return type(value)(read(item) for item in value)
        return {key: read(item) for key, item in value.items()} if isinstance(value, dict) else value

    @functools.wraps(function)
    def asked(*args: Any, **kwargs: Any) -> Any:
        return function(*map(read, args), **{key: read(value) for key, value in kwargs.items()})

    return asked
