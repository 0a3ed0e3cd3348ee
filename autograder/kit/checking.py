"""Say what a function did, compare it with what it should have done, and explain the difference.

This file ships to students as it is; it needs NumPy and the standard library only. The same three steps run in
the student's notebook and in the grader: ``observe`` calls the function, ``judge_case`` compares, and the report
names the first difference. What the grader adds are cases that nobody has seen, never other rules.

    >>> case = Case(args=(np.array([-1.0, 2.0]), 0.5), expected=np.array([0.5, 2.0]))
    >>> judge_case(case, observe(np.maximum, case.args)) is None
    True
    >>> print(judge_case(case, observe(np.minimum, case.args)).nature)
    2 of 2 values differ, the first at [0]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from coursekit.observing import GLOBAL_RANDOM, TAMPERED, CallError, Outcome, observe
from coursekit.plain import identical, leaves
from coursekit.rendering import count, first, kind, number, place, show, show_near

# ---------------------------------------------------------------------------------------------- what is compared


@dataclass(frozen=True)
class Tolerance:
    """How far a correct floating-point answer may lie from the expected one: ``atol + rtol * |expected|``."""

    rtol: float
    atol: float
    reason: str


# The course's global contract G6. The absolute parts cover sums that cancel: about 1e3 terms of size 1, each
# rounded to 2**-53 (float64) or 2**-24 (float32).
FLOAT64 = Tolerance(1e-6, 1e-9, "float64 sums in any order")
FLOAT32 = Tolerance(1e-3, 1e-5, "float32 sums in any order")


@dataclass(frozen=True)
class AnyFloat:
    """Expected values whose floating dtype is the student's own choice: no more than float32 is promised."""

    value: Any


NOT_REPEATABLE = (
    "called twice with generators of the same seed, it gave two different results; "
    "draw every random number from the generator it was given"
)


ANOTHER = "another value"
SOFTMAX = "they add up to 1: is there a softmax where logits are asked for?"
FORGOTTEN = "did you forget `return`?"


@dataclass(frozen=True)
class _Unspecified: ...


UNSPECIFIED = _Unspecified()


@dataclass(frozen=True, eq=False)
class Case:
    """One call and what it must do.

    Args:
        args, kwargs: what the function is called with; arrays are copied, ``Given`` objects made for every call.
        expected: the result, a tree of arrays, numbers, tuples and dicts; ``AnyFloat`` frees a leaf's dtype.
        measure: turns the plain result into what is compared: facts about a model, statistics of a random draw.
            Raises ``Refused`` for a result that cannot be measured. ``verify`` sees what it returns.
        tolerance: for this case; by default G6 for the precision of its arguments and of what is expected.
        errstate: ``np.errstate`` settings during the call, e.g. ``{"over": "raise"}``.
        raises: the class of the exception that the call must raise, e.g. ``"ValueError"``.
        pure: the arguments must come back unchanged; where a generator is among them, NumPy's global random state, too.
        series: the arguments of further calls, for what shows in many draws; ``measure`` gets all results, in order.
        advances: a random generator among the arguments must be drawn from, and equal seeds must give equal results.
        fresh: the result must not share memory with an argument, except at the paths ``may_share`` inside it.
        verify: a property of the result beyond ``expected``: returns a sentence saying what is wrong, or None.
        label: what the case is about, in a few words; shown to students.
        part: of the exercise's points, where its public cases serve several.
    """

    args: tuple[Any, ...]
    expected: Any = UNSPECIFIED
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    tolerance: Tolerance | None = None
    errstate: Mapping[str, str] | None = None
    measure: Callable[[Any], Any] | None = None
    raises: str = ""
    pure: bool = True
    series: tuple[tuple[Any, ...], ...] = ()
    advances: bool = False
    fresh: bool = False
    may_share: tuple[str, ...] = ()
    verify: Callable[[Any], str | None] | None = None
    label: str = ""
    part: str = ""


@dataclass(frozen=True)
class Exercise:
    """The public half of an exercise: cases that can be checked by hand, and hints from gentle to explicit.

    Args:
        returns: names of the results, for messages, when a function returns several.
    """

    name: str
    cases: tuple[Case, ...]
    hints: tuple[str, ...]
    returns: tuple[str, ...] = ()


class Refused(ValueError):
    """A result that cannot be measured; the message is written for the student."""


def observe_case(function: Callable[..., Any], case: Case) -> Outcome:
    """Make the case's call and measure its result."""
    return answer(case, lambda one: observe(function, one.args, one.kwargs, one.errstate, repeat=one.advances))


def answer(case: Case, call: Callable[[Case], Outcome]) -> Outcome:
    """The outcome of a call, or of several where chance plays, its value replaced by what the case measures of it."""
    outcome = _in_series(case, call) if case.series else call(case)
    if outcome.error is not None:
        return outcome
    if case.advances and not identical(outcome.value, call(case).value):
        return replace(outcome, value=None, error=CallError("NotRepeatable", NOT_REPEATABLE))
    if case.measure is None:
        return outcome
    if outcome.value is None:
        return replace(outcome, error=CallError("NoResult", f"returned None: {FORGOTTEN}"))
    try:
        return replace(outcome, value=case.measure(outcome.value))
    except Refused as refusal:
        return replace(outcome, value=None, error=CallError("Refused", str(refusal)))


def _in_series(case: Case, call: Callable[[Case], Outcome]) -> Outcome:
    """The results of a case's calls as one; the first call that goes wrong stands for all."""
    values, modified = list[Any](), dict[str, None]()
    for one in (replace(case, args=args, series=()) for args in (case.args, *case.series)):
        outcome = call(one)
        if outcome.error is not None or outcome.value is None:
            return outcome
        values.append(outcome.value)
        modified |= dict.fromkeys(outcome.modified)
    return replace(outcome, value=tuple(values), modified=tuple(modified))


# ------------------------------------------------------------------------------------------------------ comparison


@dataclass(frozen=True)
class Failure:
    """The first thing that is wrong with an outcome.

    Args:
        kind: error, stub, raises, refused, none, type, list, shape, dtype, modified, finite, value, property, shared
            or random.
        nature: one sentence that gives nothing of the expected values away.
        got, expected: short renderings of the result in question; for public cases only.
        shapes: where the shape is wrong, the one that came and the one that was expected.
    """

    kind: str
    nature: str
    got: str = ""
    expected: str = ""
    shapes: tuple[tuple[int, ...], tuple[int, ...]] | None = None


def judge_case(case: Case, outcome: Outcome, returns: Sequence[str] = ()) -> Failure | None:
    """Compare an outcome with a case: error, type, shape, dtype, arguments, finite, values; None when all is well."""
    if case.raises:
        return _raises_failure(case, outcome)
    if outcome.error is not None:
        return _error_failure(outcome.error)
    facts = case.measure is not None and isinstance(case.expected, dict)  # each is a whole, the first wrong one tells
    formless = facts or case.expected is UNSPECIFIED
    checks = [
        lambda: None if formless else _compare_form(outcome.value, case.expected, "", returns),
        lambda: _modified_failure(outcome.modified) if case.pure else None,
        lambda: None if case.expected is UNSPECIFIED else _result_failure(case, outcome.value, returns, facts),
        lambda: _advance_failure(case, outcome),
        lambda: _property_failure(case, outcome),
        lambda: _shared_failure(case, outcome),
    ]
    return next((failure for check in checks if (failure := check())), None)


def _result_failure(case: Case, value: Any, returns: Sequence[str], facts: bool) -> Failure | None:
    """Compare the result; measured facts one after the other, in the order in which the case names them."""
    tolerance = case_tolerance(case)
    if not facts or not isinstance(value, dict) or set(value) != set(case.expected):
        return compare(value, case.expected, tolerance, returns=returns)
    parts = (compare(value[key], case.expected[key], tolerance, f"[{key!r}]") for key in case.expected)
    return next((part for part in parts if part is not None), None)


def case_tolerance(case: Case) -> Tolerance | None:
    """What a case allows all its values; None where each value has the tolerance of its own dtype.

    One float32 argument rounds whatever is computed from it, also what comes back as a Python float.
    """
    arguments = [leaf for _, leaf in leaves([*case.args, *case.kwargs.values()])]
    narrow = any(getattr(leaf, "dtype", None) == np.float32 for leaf in arguments)
    return case.tolerance or (FLOAT32 if narrow else None)


def leaf_tolerance(expected: Any) -> Tolerance:
    """G6 for one expected value, whatever type a result has: a number may be rounded before it becomes a float."""
    free = isinstance(expected, AnyFloat) or type(expected) is float  # a Python number promises no dtype
    return FLOAT32 if free or getattr(expected, "dtype", None) == np.float32 else FLOAT64


def _error_failure(error: CallError) -> Failure:
    if error.kind == "NotImplementedError":
        return Failure("stub", "not written yet: replace `raise NotImplementedError` with your code")
    if error.kind == "Refused":
        return Failure("refused", error.message)
    if error.kind == "NoResult":
        return Failure("none" if error.message.endswith(FORGOTTEN) else "type", error.message)
    if error.kind == "NotRepeatable":
        return Failure("random", error.message)
    where = f", at {error.line}" if error.line else ""
    return Failure("error", f"raised {error.kind}: {error.message}{where}")


def _raises_failure(case: Case, outcome: Outcome) -> Failure | None:
    error = outcome.error
    if error is None:
        return Failure("raises", f"returned {kind(outcome.value)}, expected it to raise {case.raises}")
    if error.kind == case.raises:
        return _modified_failure(outcome.modified) if case.pure else None
    failure = _error_failure(error)
    return failure if failure.kind == "stub" else replace(failure, nature=f"{failure.nature}; expected {case.raises}")


def _advance_failure(case: Case, outcome: Outcome) -> Failure | None:
    nature = "called again with the same random generator, it does the same: use what you draw from it"
    return Failure("random", nature) if case.advances and not outcome.advanced else None


def _modified_failure(modified: Sequence[str]) -> Failure | None:
    if not modified:
        return None
    if modified[0] == GLOBAL_RANDOM:
        return Failure("random", f"drew from {GLOBAL_RANDOM}; use only the random generator it was given")
    if modified[0] == TAMPERED:
        return Failure("modified", f"{TAMPERED} was tampered with, so nothing that it tells about the arguments counts")
    return Failure("modified", f"changed its argument {modified[0]} in place; the caller still needs it unchanged")


def _property_failure(case: Case, outcome: Outcome) -> Failure | None:
    message = case.verify(outcome.value) if case.verify else None
    return Failure("property", message) if message else None


def _shared_failure(case: Case, outcome: Outcome) -> Failure | None:
    stolen = [path for path in outcome.shared if not path.endswith(tuple(case.may_share) or ("\0",))]
    if not (case.fresh and stolen):
        return None
    return Failure("shared", f"the result shares memory with the argument {stolen[0]}: return a new array")


def compare(
    got: Any, expected: Any, tolerance: Tolerance | None = None, path: str = "", returns: Sequence[str] = ()
) -> Failure | None:
    """Compare two trees of plain values: type, shape, dtype, finite, values. None when they agree.

    Lists and tuples are interchangeable, and so are a Python number and an array of shape ().

        >>> compare((1.0, 2.0), [1.0, 2.0]) is None
        True
        >>> compare(np.zeros((2, 3)), np.zeros((3, 2))).nature
        'shape (2, 3), expected (3, 2)'
    """
    form = _compare_form(got, expected, path, returns)
    return form if form is not None else _compare_content(got, expected, tolerance, path, returns)


def _compare_content(
    got: Any, expected: Any, tolerance: Tolerance | None, path: str, returns: Sequence[str]
) -> Failure | None:
    """The values of two trees of the same form."""
    value = expected.value if isinstance(expected, AnyFloat) else expected
    if isinstance(value, (tuple, list, dict)):
        keys = value if isinstance(value, dict) else range(len(value))
        parts = (_compare_content(got[k], value[k], tolerance, f"{path}[{k!r}]", returns) for k in keys)
        return next((part for part in parts if part is not None), None)
    if value is None or isinstance(value, (str, bool)):
        at = way_to(path, returns)
        return None if got == value else Failure("value", f"{at}{ANOTHER}", f"{at}{got!r}", f"{at}{value!r}")
    return _compare_values(
        np.asarray(got), np.asarray(value), tolerance or leaf_tolerance(expected), way_to(path, returns)
    )


def way_to(path: str, returns: Sequence[str]) -> str:
    """The way to a leaf in words: ``[1]`` becomes ``b2_new: `` when the results have names."""
    for index, name in enumerate(returns):
        if path.startswith(f"[{index}]"):
            return f"{name}{path[len(f'[{index}]') :]}: "
    if match := re.match(r"\['([^']+)'\]", path):  # of a dict, the key
        return f"{match[1]}{path[match.end() :]}: "
    return f"result{path}: " if path else ""


def _compare_form(got: Any, expected: Any, path: str, returns: Sequence[str]) -> Failure | None:
    """Type, shape and dtype of a whole tree, before any value is looked at."""
    at, any_float = way_to(path, returns), isinstance(expected, AnyFloat)
    value = expected.value if isinstance(expected, AnyFloat) else expected
    if isinstance(value, (tuple, list)):
        if not isinstance(got, (tuple, list)):
            names = f" ({', '.join(returns)})" if returns and not path else ""
            return _type_failure(got, f"{count(value)}{names}", at)
        if len(got) != len(value):
            word = "value" if "'" in path else "result"
            return Failure("type", f"{at}{count(got, word)}, expected {len(value)}")
        parts = (_compare_form(g, v, f"{path}[{i}]", returns) for i, (g, v) in enumerate(zip(got, value)))
        return next((part for part in parts if part is not None), None)
    if isinstance(value, dict):
        if not isinstance(got, dict) or set(got) != set(value):
            return _type_failure(got, f"a dict with keys {sorted(value)}", at)
        parts = (_compare_form(got[k], value[k], f"{path}[{k!r}]", returns) for k in value)
        return next((part for part in parts if part is not None), None)
    if value is None or isinstance(value, (str, bool)):
        return None if type(got) is type(value) else _type_failure(got, kind(value), at)
    if isinstance(got, list) and isinstance(value, np.ndarray):
        return Failure("list", f"{at or 'returned '}a list, expected {kind(value)}")
    if isinstance(got, (tuple, list, dict, str, bool)) or got is None:
        return _type_failure(got, kind(value), at)
    return _compare_array_form(got, value, any_float, at)


def adds_up_to_one(values: np.ndarray) -> bool:
    """Whether these are probabilities, as a softmax makes them along the last axis."""
    if values.ndim == 0 or values.shape[-1] < 2 or values.dtype.kind != "f" or not np.isfinite(values).all():
        return False
    return bool((values >= 0).all() and (values < 2).all() and np.allclose(values.sum(axis=-1), 1, atol=1e-4))


def _type_failure(got: Any, wanted: str, at: str) -> Failure:
    if got is None and not at:
        return Failure("none", f"returned None, expected {wanted}: {FORGOTTEN}")
    return Failure("type", f"{at or 'returned '}{kind(got)}, expected {wanted}")


def _compare_array_form(got: Any, value: Any, any_float: bool, at: str) -> Failure | None:
    if np.shape(got) != np.shape(value):
        shapes = np.shape(got), np.shape(value)
        return Failure("shape", f"{at}shape {shapes[0]}, expected {shapes[1]}", shapes=shapes)
    if not (isinstance(got, np.ndarray) and isinstance(value, (np.ndarray, np.generic))):
        return None  # a Python number has no dtype of its own
    if any_float and got.dtype.kind == "f":
        return None
    if got.dtype == value.dtype:
        return None
    wanted = "a floating dtype" if any_float else str(value.dtype)
    return Failure("dtype", f"{at}dtype {got.dtype}, expected {wanted}")


def _compare_values(got: np.ndarray, value: np.ndarray, tolerance: Tolerance, at: str) -> Failure | None:
    if not np.issubdtype(value.dtype, np.floating):
        wrong = got != value
    else:
        bad = ~np.isfinite(got) & np.isfinite(value)
        if bad.any():
            index = first(bad)
            return Failure("finite", f"{at}{got[index]} at {place(index)}, expected a finite number", show(got))
        with np.errstate(invalid="ignore"):  # inf - inf
            near = np.abs(got - value) <= tolerance.atol + tolerance.rtol * np.abs(value)
        wrong = ~np.where(np.isfinite(value), near, got == value)
    if not wrong.any():
        return None
    if wrong.size == 1:
        return Failure("value", f"{at}{ANOTHER}", at + show(got), at + show(value))
    index = first(wrong)
    nature = f"{at}{wrong.sum()} of {wrong.size} values differ" + (f", the first at {place(index)}" if index else "")
    nature += f"; {SOFTMAX}" if adds_up_to_one(got) and not adds_up_to_one(value) else ""
    where = f" at {place(index)}" if index else ""
    difference = f"      first difference{where}: {number(got[index])}, should be {number(value[index])}"
    return Failure("value", nature, at + show_near(got, index), at + show_near(value, index) + difference)
