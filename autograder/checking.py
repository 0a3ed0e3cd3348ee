"""Say what a function did, compare it with what it should have done, and explain the difference.

This file ships to students as it is; it needs NumPy and the standard library only. The same three steps run in
the student's notebook and in the grader: ``observe`` calls the function, ``judge_case`` compares, and the report
names the first difference. What the grader adds are cases that nobody has seen, never other rules.

    >>> import numpy as np
    >>> case = Case(args=(np.array([-1.0, 2.0]), 0.5), expected=np.array([0.5, 2.0]))
    >>> judge_case(case, observe(np.maximum, case.args)) is None
    True
    >>> print(judge_case(case, observe(np.minimum, case.args)).nature)
    2 of 2 values differ, the first at [0]
"""

from __future__ import annotations

import copy
import inspect
import os
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

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

DTYPES = ("float32", "float64", "int32", "int64", "bool", "uint8")  # what may leave a student's function


@dataclass(frozen=True)
class AnyFloat:
    """Expected values whose floating dtype is the student's own choice."""

    value: Any


class _Unspecified: ...


UNSPECIFIED = _Unspecified()


@dataclass(frozen=True, eq=False)
class Case:
    """One call and what it must do.

    Args:
        args, kwargs: what the function is called with; arrays are copied before every call.
        expected: the result, a tree of arrays, numbers, tuples and dicts; ``AnyFloat`` frees a leaf's dtype.
        tolerance: for this case; by default G6 for the expected dtype.
        errstate: ``np.errstate`` settings during the call, e.g. ``{"over": "raise"}``.
        pure: the arguments must come back unchanged.
        fresh: the result must not share memory with an argument, except at the paths ``may_share`` inside it.
        verify: a property of the result beyond ``expected``: returns a sentence saying what is wrong, or None.
        label: what the case is about, in a few words; shown to students.
    """

    args: tuple[Any, ...]
    expected: Any = UNSPECIFIED
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    tolerance: Tolerance | None = None
    errstate: Mapping[str, str] | None = None
    pure: bool = True
    fresh: bool = False
    may_share: tuple[str, ...] = ()
    verify: Callable[[Any], str | None] | None = None
    label: str = ""


@dataclass(frozen=True)
class Exercise:
    """The public half of an exercise: cases that can be checked by hand, and hints from gentle to explicit.

    Args:
        returns: names of the results, for messages, when a function returns several.
        uses: earlier exercises that a solution may call; graded with the course's own versions of those.
    """

    name: str
    cases: tuple[Case, ...]
    hints: tuple[str, ...]
    returns: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()


# --------------------------------------------------------------------------------------------- what a function did


@dataclass(frozen=True)
class CallError:
    """An exception that a call raised: its class name, its message, and the student's own line it came from."""

    kind: str
    message: str
    line: str = ""


@dataclass(frozen=True, eq=False)
class Outcome:
    """Everything that one call did: its result as plain values, or its error, and its side effects on arguments."""

    value: Any = None
    error: CallError | None = None
    modified: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()


def plain(value: Any) -> Any:
    """Reduce a result to None, bool, int, float, str, arrays of ``DTYPES``, tuples, lists and dicts.

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


def observe(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None = None,
    errstate: Mapping[str, str] | None = None,
) -> Outcome:
    """Call ``function`` on copies of its arguments and record everything it did.

    Exceptions of any kind become part of the outcome, ``SystemExit`` included; warnings are not shown.
    """
    before = dict(enumerate(args)) | dict(kwargs or {})
    given = copy.deepcopy(before)
    names = parameter_names(function, given)
    try:
        with np.errstate(**(errstate or {})), warnings.catch_warnings():  # type: ignore[arg-type]
            warnings.simplefilter("ignore")
            result = function(*(given[i] for i in range(len(args))), **{k: given[k] for k in kwargs or {}})
        value, error = plain(result), None
    except BaseException as exc:  # noqa: BLE001 - student code may raise anything, KeyboardInterrupt included
        result, value, error = None, None, _describe(exc)
    modified = tuple(names[key] for key in given if _changed(before[key], given[key]))
    mine = [(f"{names[key]}{path}", leaf) for key in given for path, leaf in leaves(given[key])]
    theirs = _arrays(result)
    shared = tuple(path for path, leaf in mine if any(np.may_share_memory(leaf, array) for array in theirs))
    return Outcome(value, error, modified, shared)


def parameter_names(function: Callable[..., Any], keys: Mapping[Any, Any]) -> dict[Any, str]:
    try:
        parameters = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        parameters = []
    return {k: k if isinstance(k, str) else parameters[k] if k < len(parameters) else f"argument {k}" for k in keys}


def _describe(exc: BaseException) -> CallError:
    frames = traceback.extract_tb(exc.__traceback__)
    own = [frame for frame in frames if os.path.basename(frame.filename) != os.path.basename(__file__)]
    line = f"line {own[0].lineno}: {own[0].line}" if own and own[0].line else ""
    return CallError(type(exc).__name__, str(exc)[:500], line[:200])


def _arrays(tree: Any) -> list[np.ndarray]:
    return [leaf for _, leaf in leaves(tree) if isinstance(leaf, np.ndarray)]


def _changed(before: Any, after: Any) -> bool:
    old, new = ([(a.shape, a.tobytes()) for a in _arrays(tree)] for tree in (before, after))
    return old != new


# ------------------------------------------------------------------------------------------------------ comparison


@dataclass(frozen=True)
class Failure:
    """The first thing that is wrong with an outcome.

    Args:
        kind: error, type, shape, dtype, modified, finite, value, property or shared.
        nature: one sentence that gives nothing of the expected values away.
        got, expected: short renderings of the result in question; for public cases only.
    """

    kind: str
    nature: str
    got: str = ""
    expected: str = ""


def judge_case(case: Case, outcome: Outcome, returns: Sequence[str] = ()) -> Failure | None:
    """Compare an outcome with a case: error, type, shape, dtype, arguments, finite, values; None when all is well."""
    if outcome.error is not None:
        return _error_failure(outcome.error)
    checks = [
        lambda: None if case.expected is UNSPECIFIED else _compare_form(outcome.value, case.expected, "", returns),
        lambda: _modified_failure(outcome.modified) if case.pure else None,
        lambda: (
            None
            if case.expected is UNSPECIFIED
            else compare(outcome.value, case.expected, case.tolerance, returns=returns)
        ),
        lambda: _property_failure(case, outcome),
        lambda: _shared_failure(case, outcome),
    ]
    return next((failure for check in checks if (failure := check())), None)


def _error_failure(error: CallError) -> Failure:
    if error.kind == "NotImplementedError":
        return Failure("stub", "not written yet: replace `raise NotImplementedError` with your code")
    where = f", at {error.line}" if error.line else ""
    return Failure("error", f"raised {error.kind}: {error.message}{where}")


def _modified_failure(modified: Sequence[str]) -> Failure | None:
    if not modified:
        return None
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
        return None if got == value else Failure("value", f"{_at(path, returns)}another value", repr(got), repr(value))
    return _compare_values(np.asarray(got), np.asarray(value), tolerance, _at(path, returns))


def _at(path: str, returns: Sequence[str]) -> str:
    """The way to a leaf in words: ``[1]`` becomes ``b2_new: `` when the results have names."""
    for index, name in enumerate(returns):
        if path.startswith(f"[{index}]"):
            return f"{name}{path[len(f'[{index}]') :]}: "
    return f"result{path}: " if path else ""


def _compare_form(got: Any, expected: Any, path: str, returns: Sequence[str]) -> Failure | None:
    """Type, shape and dtype of a whole tree, before any value is looked at."""
    at, any_float = _at(path, returns), isinstance(expected, AnyFloat)
    value = expected.value if isinstance(expected, AnyFloat) else expected
    if isinstance(value, (tuple, list)):
        if not isinstance(got, (tuple, list)):
            names = f" ({', '.join(returns)})" if returns and not path else ""
            return Failure("type", f"{at}{_kind(got)}, expected {len(value)} results{names}")
        if len(got) != len(value):
            return Failure("type", f"{at}{len(got)} results, expected {len(value)}")
        parts = (_compare_form(g, v, f"{path}[{i}]", returns) for i, (g, v) in enumerate(zip(got, value)))
        return next((part for part in parts if part is not None), None)
    if isinstance(value, dict):
        if not isinstance(got, dict) or set(got) != set(value):
            return Failure("type", f"{at}{_kind(got)}, expected a dict with keys {sorted(value)}")
        parts = (_compare_form(got[k], value[k], f"{path}[{k!r}]", returns) for k in value)
        return next((part for part in parts if part is not None), None)
    if value is None or isinstance(value, (str, bool)):
        return None if type(got) is type(value) else Failure("type", f"{at}{_kind(got)}, expected {_kind(value)}")
    if isinstance(got, (tuple, list, dict, str, bool)) or got is None:
        return Failure("type", f"{at}{_kind(got)}, expected {_kind(value)}")
    return _compare_array_form(got, value, any_float, at)


def _compare_array_form(got: Any, value: Any, any_float: bool, at: str) -> Failure | None:
    if np.shape(got) != np.shape(value):
        return Failure("shape", f"{at}shape {np.shape(got)}, expected {np.shape(value)}")
    if not (isinstance(got, np.ndarray) and isinstance(value, (np.ndarray, np.generic))):
        return None  # a Python number has no dtype of its own
    if any_float and got.dtype.kind == "f":
        return None
    if got.dtype == value.dtype:
        return None
    wanted = "a floating dtype" if any_float else str(value.dtype)
    return Failure("dtype", f"{at}dtype {got.dtype}, expected {wanted}")


def _compare_values(got: np.ndarray, value: np.ndarray, tolerance: Tolerance | None, at: str) -> Failure | None:
    if not np.issubdtype(value.dtype, np.floating):
        wrong = got != value
    else:
        bad = ~np.isfinite(got) & np.isfinite(value)
        if bad.any():
            index = _first(bad)
            return Failure("finite", f"{at}{got[index]} at {_index(index)}, expected a finite number", show(got))
        tolerance = tolerance or (FLOAT32 if np.float32 in (got.dtype, value.dtype) else FLOAT64)
        with np.errstate(invalid="ignore"):  # inf - inf
            near = np.abs(got - value) <= tolerance.atol + tolerance.rtol * np.abs(value)
        wrong = ~np.where(np.isfinite(value), near, got == value)
    if not wrong.any():
        return None
    index = _first(wrong)
    nature = f"{at}{wrong.sum()} of {wrong.size} values differ" + (f", the first at {_index(index)}" if index else "")
    place = f" at {_index(index)}" if index else ""
    difference = f"      first difference{place}: {_number(got[index])}, should be {_number(value[index])}"
    return Failure("value", nature, at + show(got), at + show(value) + difference)


def _first(mask: np.ndarray) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argwhere(mask)[0])


def _index(index: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, index))}]" if index else "the only value"


def _number(value: Any) -> str:
    return f"{value:.6g}" if np.issubdtype(np.asarray(value).dtype, np.floating) else str(value)


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, (tuple, list)):
        return f"{len(value)} results"
    return {type(None): "None", dict: "a dict", str: "a string"}.get(type(value), f"a {type(value).__name__}")


def show(value: Any, width: int = 70) -> str:
    """Render a value on one line; a large array by dtype and shape."""
    if isinstance(value, (tuple, list)):
        text = ", ".join(show(item, width) for item in value)
        text = f"({text})" if isinstance(value, tuple) else f"[{text}]"
        return text if len(text) <= 2 * width else f"{type(value).__name__} of {len(value)}"
    if not isinstance(value, (np.ndarray, np.generic)):
        return repr(value)[:width]
    text = " ".join(np.array2string(np.asarray(value), precision=5, suppress_small=False, threshold=40).split())
    text = text.replace("[ ", "[")
    return text if len(text) <= width and value.size <= 40 else f"{value.dtype} array {value.shape}"
