"""Weakenings of what is compared: `kit/checking.py` and `kit/observing.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.authoring.doctor.weakening.weakened import Weakenings
from coursekit.checking import FLOAT32, FLOAT64, AnyFloat, Case, Failure, Tolerance
from coursekit.observing import Outcome

COMPARING = Weakenings()
CHECKING = "coursekit.checking"
VALUES = ("value", "finite", "property")
Width = Callable[..., Tolerance | None]
Compare = Callable[..., Failure | None]


def _times(tolerance: Tolerance | None, factor: float) -> Tolerance | None:
    if tolerance is None:
        return None
    return Tolerance(tolerance.rtol * factor, tolerance.atol * factor, tolerance.reason)


# ---------------------------------------------------------------------------------------------------------- tolerances


@COMPARING.weakens(f"{CHECKING}:leaf_tolerance", lets_pass=("value",))
def float64_tolerance_is_100_times_wider(original: Width, expected: Any) -> Tolerance | None:
    """Expected values of dtype float64 may be missed by 100 times as much."""
    tolerance = original(expected)
    return _times(tolerance, 100.0 if tolerance is FLOAT64 else 1.0)


@COMPARING.weakens(f"{CHECKING}:leaf_tolerance", f"{CHECKING}:case_tolerance", lets_pass=("value",))
def float32_tolerance_is_100_times_wider(original: Width, subject: Any) -> Tolerance | None:
    """Whatever is computed from float32 may be missed by 100 times as much."""
    tolerance = original(subject)
    return _times(tolerance, 100.0 if tolerance is FLOAT32 else 1.0)


@COMPARING.weakens(f"{CHECKING}:case_tolerance", lets_pass=("value",))
def tolerances_of_cases_are_100_times_wider(original: Width, case: Case) -> Tolerance | None:
    """Cases with a tolerance of their own allow 100 times as much."""
    return _times(original(case), 100.0 if case.tolerance is not None else 1.0)


@COMPARING.weakens(f"{CHECKING}:leaf_tolerance", wrongs=True)
def float64_tolerance_is_zero(original: Width, expected: Any) -> Tolerance | None:
    """Expected values of dtype float64 have to be met to the last bit."""
    tolerance = original(expected)
    return _times(tolerance, 0.0 if tolerance is FLOAT64 else 1.0)


@COMPARING.weakens(f"{CHECKING}:leaf_tolerance", f"{CHECKING}:case_tolerance", wrongs=True)
def float32_tolerance_is_zero(original: Width, subject: Any) -> Tolerance | None:
    """Whatever is computed from float32 has to be met to the last bit."""
    tolerance = original(subject)
    return _times(tolerance, 0.0 if tolerance is FLOAT32 else 1.0)


@COMPARING.weakens(f"{CHECKING}:case_tolerance", wrongs=True)
def tolerances_of_cases_are_zero(original: Width, case: Case) -> Tolerance | None:
    """Cases with a tolerance of their own allow nothing."""
    return _times(original(case), 0.0 if case.tolerance is not None else 1.0)


# ----------------------------------------------------------------------------------------------------- form and values


@COMPARING.weakens(f"{CHECKING}:_compare_array_form", f"{CHECKING}:_compare_values", lets_pass=("shape",))
def shapes_are_not_compared(original: Compare, got: Any, value: Any, *rest: Any) -> Any:
    """The numbers count, in whatever shape they come: (n, 1) for (n,), or one that broadcasts."""
    got, value = np.asarray(got), np.asarray(value)
    if got.size == value.size:
        got = got.reshape(value.shape)
    elif got.size == 1 or got.shape == value.shape[value.ndim - got.ndim :]:
        got = np.broadcast_to(got, value.shape)
    return original(got, value, *rest)


@COMPARING.weakens(f"{CHECKING}:_compare_array_form", lets_pass=("dtype",))
def dtypes_are_not_compared(original: Compare, got: Any, value: Any, any_float: bool, at: str) -> Failure | None:
    """Values count, whatever their dtype is."""
    failure = original(got, value, any_float, at)
    return None if failure is not None and failure.kind == "dtype" else failure


@COMPARING.weakens(f"{CHECKING}:_compare_array_form", lets_pass=("dtype",))
def all_floating_dtypes_are_one(original: Compare, got: Any, value: Any, any_float: bool, at: str) -> Failure | None:
    """A float64 will do where float32 is promised, and the other way round."""
    free = any_float or getattr(value, "dtype", np.dtype(int)).kind == "f"
    return original(got, value, free, at)


@COMPARING.weakens(f"{CHECKING}:_compare_form", wrongs=True)
def every_floating_dtype_is_demanded(
    original: Compare, got: Any, expected: Any, path: str, returns: Sequence[str]
) -> Failure | None:
    """Where the dtype is the student's own choice, only one is accepted."""
    free = isinstance(expected, AnyFloat)
    return original(got, np.asarray(expected.value) if free else expected, path, returns)


@COMPARING.weakens(f"{CHECKING}:_compare_form", lets_pass=("list", "none", "type"))
def kinds_of_results_are_not_compared(
    original: Compare, got: Any, expected: Any, path: str, returns: Sequence[str]
) -> Failure | None:
    """Whatever can be made an array counts as one."""
    if isinstance(expected, np.ndarray) and isinstance(got, (list, tuple, bool)):
        got = np.asarray(got, expected.dtype)
    return original(got, expected, path, returns)


@COMPARING.weakens(f"{CHECKING}:judge_case", lets_pass=("none", "type"))
def none_is_as_good_as_a_result(
    original: Compare, case: Case, outcome: Outcome, returns: Sequence[str] = ()
) -> Failure | None:
    """A function that returns nothing passes."""
    failure = original(case, outcome, returns)
    return None if failure is not None and failure.kind == "none" else failure


@COMPARING.weakens(f"{CHECKING}:_compare_values", lets_pass=("finite", "value"))
def nan_and_infinity_are_anything(original: Compare, got: Any, value: Any, *rest: Any) -> Failure | None:
    """A result that is no finite number counts as the expected one."""
    got = np.where(np.isfinite(got), got, value) if got.dtype.kind == "f" else got
    return original(got, value, *rest)


@COMPARING.weakens(f"{CHECKING}:_compare_values", lets_pass=VALUES)
def only_the_mean_is_compared(original: Compare, got: Any, value: Any, *rest: Any) -> Failure | None:
    """Values may stand anywhere, and may differ, as long as their mean is right."""
    if value.size == 0 or value.dtype.kind not in "fiu":
        return original(got, value, *rest)
    with np.errstate(all="ignore"):
        return original(np.asarray(got.mean()), np.asarray(value.mean()), *rest)


@COMPARING.weakens(f"{CHECKING}:_compare_values", lets_pass=VALUES)
def only_the_first_value_is_compared(original: Compare, got: Any, value: Any, *rest: Any) -> Failure | None:
    """Of an array, the first value alone counts."""
    return original(got.ravel()[:1], value.ravel()[:1], *rest)


@COMPARING.weakens(f"{CHECKING}:_compare_values", lets_pass=VALUES)
def signs_are_not_compared(original: Compare, got: Any, value: Any, *rest: Any) -> Failure | None:
    """-1 counts as 1."""
    if value.dtype.kind == "f":
        got, value = np.abs(got), np.abs(value)
    return original(got, value, *rest)


@COMPARING.weakens(f"{CHECKING}:_compare_values", lets_pass=VALUES)
def half_of_the_values_may_be_wrong(original: Compare, got: Any, value: Any, tolerance: Any, at: str) -> Failure | None:
    """An array passes when at least half of its values are right."""
    pairs = zip(got.ravel(), value.ravel(), strict=True)
    wrong = sum(original(np.asarray(one), np.asarray(other), tolerance, at) is not None for one, other in pairs)
    failure = original(got, value, tolerance, at)
    return failure if 2 * wrong > value.size else None


@COMPARING.weakens(f"{CHECKING}:_compare_content", lets_pass=VALUES)
def only_the_first_of_several_results_is_compared(
    original: Compare, got: Any, expected: Any, tolerance: Any, path: str, returns: Sequence[str]
) -> Failure | None:
    """Of a tuple, the first result alone counts."""
    if isinstance(expected, tuple) and expected:
        got, expected = got[:1], expected[:1]
    return original(got, expected, tolerance, path, returns)


@COMPARING.weakens(f"{CHECKING}:_result_failure", lets_pass=VALUES)
def only_the_first_fact_is_compared(
    original: Compare, case: Case, value: Any, returns: Sequence[str], facts: bool
) -> Failure | None:
    """Of several facts that are measured of one result, the first alone counts."""
    if facts and isinstance(value, dict):
        first = next(iter(case.expected))
        case = replace(case, expected={first: case.expected[first]})
        value = {key: value[key] for key in (first,) if key in value}
    return original(case, value, returns, facts)


@COMPARING.weakens(f"{CHECKING}:_result_failure", lets_pass=VALUES)
def only_the_last_fact_is_compared(
    original: Compare, case: Case, value: Any, returns: Sequence[str], facts: bool
) -> Failure | None:
    """Of several facts that are measured of one result, the last alone counts."""
    if facts and isinstance(value, dict):
        last = list(case.expected)[-1]
        case, value = replace(case, expected={last: case.expected[last]}), {k: v for k, v in value.items() if k == last}
    return original(case, value, returns, facts)


@COMPARING.weakens(f"{CHECKING}:_compare_content", lets_pass=VALUES)
def values_are_not_compared(original: Compare, *args: Any) -> Failure | None:
    """Whatever has the right shape and dtype passes."""
    return None


@COMPARING.weakens(f"{CHECKING}:_compare_content", lets_pass=VALUES)
def facts_in_words_are_not_compared(
    original: Compare, got: Any, expected: Any, tolerance: Any, path: str, returns: Sequence[str]
) -> Failure | None:
    """What a test of chance, or of a network, says in a word or by yes and no counts as what is expected."""
    return None if isinstance(expected, (str, bool)) else original(got, expected, tolerance, path, returns)
