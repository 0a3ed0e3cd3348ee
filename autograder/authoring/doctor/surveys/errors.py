"""How far an answer lies from what was expected, beside how far it may."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from coursekit.checking import AnyFloat, Case, Tolerance, case_tolerance, judge_case, leaf_tolerance
from coursekit.observing import Outcome
from coursekit.plain import leaves

ANY_VALUE = Tolerance(0.0, math.inf, "every finite value")


@dataclass(frozen=True)
class Error:
    """The error of one value.

    Args:
        size: how far it lies from the expected value.
        allowed: how far it may.
    """

    tolerance: Tolerance
    size: float
    allowed: float

    @property
    def share(self) -> float:
        """How much of its tolerance it uses up; more than 1 fails."""
        return self.size / self.allowed if self.allowed else math.inf if self.size else 0.0


def errors(case: Case, value: Any) -> Iterator[Error]:
    """Of each array or number of floating values the one nearest to the edge, or furthest beyond it.

    Args:
        value: of the form that the case expects.
    """
    got = dict(leaves(value))
    for path, leaf in leaves(case.expected):
        expected = np.asarray(leaf.value if isinstance(leaf, AnyFloat) else leaf)
        if expected.dtype.kind != "f" or not np.isfinite(expected).any():
            continue
        finite = np.isfinite(expected)
        tolerance = case_tolerance(case) or leaf_tolerance(leaf)
        error = np.abs(np.asarray(got[path], float)[finite] - expected[finite])
        allowed = tolerance.atol + tolerance.rtol * np.abs(expected[finite])
        with np.errstate(divide="ignore"):  # what must be exact allows nothing
            used = np.divide(error, allowed, out=np.zeros_like(allowed), where=error > 0)
        worst = int(used.argmax())
        yield Error(tolerance, float(error[worst]), float(allowed[worst]))


def largest_error(case: Case, outcome: Outcome) -> Error | None:
    """The error that decides whether an answer passes; None where something else does, or nothing may differ.

    A wrong form, a number that is not finite, a fact that is no float, an argument that was changed: no tolerance has a
    say in these.
    """
    if outcome.error is not None or judge_case(replace(case, tolerance=ANY_VALUE), outcome) is not None:
        return None
    return max(errors(case, outcome.value), key=lambda error: error.share, default=None)
