"""Recognise a known misconception in what a function did, and tell the student; ships to students as it is.

A misconception is stored as what it *does* on the public cases, never as code. An outcome that fails a case and
equals a stored one, on every case, receives that misconception's hint. What goes wrong beside the subject, a misspelt
name or an argument written into, has hints of its own. Otherwise the exercise's own ladder of hints answers, one rung
further with every attempt that it answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

import numpy as np

from coursekit.checking import Case, Failure, Tolerance, compare
from coursekit.observing import CallError, Outcome
from coursekit.plain import UNRUN as NOTHING
from coursekit.plain import identical, leaves

# Python could not even run the code: a hint about the mathematics would lead astray.
CODE = {
    "NameError": "Python does not know this name here: compare its spelling with where you define it, above this line",
    "UnboundLocalError": "this variable is read before it has a value: follow the lines that run in this case",
    "SyntaxError": "Python cannot read this code: look for a missing bracket, colon or quote in this line or above it",
    "IndentationError": "the lines of one block begin in one column: compare the spaces before this line and above it",
    "TabError": "tabs and spaces are mixed: begin every line of the block with spaces",
    "ImportError": "this import does not work where your function runs: use what the notebook itself imports",
    "ModuleNotFoundError": "this module is not there where your function runs: use what the notebook itself imports",
    "NotImplementedError": "begin with the first public case: work it out by hand, then write lines that do the same",
}
UNDEFINED = (
    "no cell up to its check defines {name}: keep the name, restart, run all cells from the top, "
    "and mend the first error you see"
)
CUT_SHORT = "the cell stops at an error before it defines {name}: mend that error first"
UNRUN = "nothing has been computed yet: begin with `def`, end with `return`, and return arrays or numbers"
EXIT = "a function ends with `return`: exit() ends the whole program, in a notebook the kernel with all its variables"
MODULE = "the module has nothing of this name: compare its spelling with the documentation"
SIGNATURE = "keep the first line of the stub as it is: the same parameters, with the same names, in the same order"
# The numbers may be right; what happened to the arguments, or to the dtype, is not.
BESIDE = {
    "none": "a function gives back what stands behind `return`; without one it gives back None",
    "list": "return the array itself: np.array makes one of a list, and .tolist() is one step too many",
    "modified": "compute into a new array: x = x - 1 makes one, x -= 1 and x[...] = 1 write into the caller's",
    "shared": "return a new array: a slice, a reshape, the argument itself are the caller's memory; .copy() is not",
    "dtype": "find the number or array of another dtype that takes part, and cast it before you compute",
}

SUMMED = "this is what a sum, mean or max over {got} of an array {shape} leaves; keep {kept}, reduce the others"
MAX_AXES = 6

SAME = Tolerance(1e-5, 1e-7, "the same arithmetic in another order, float32 included")


@dataclass(frozen=True)
class Misconception:
    """A known-wrong way to solve an exercise, by its outcomes on a list of cases."""

    hint: str
    outcomes: tuple[Outcome, ...]


def same_outcome(one: Outcome, other: Outcome) -> bool:
    """Whether two functions did the same: same error class, same side effects, same values up to rounding."""
    if one.error is not None or other.error is not None:
        return one.error is not None and other.error is not None and one.error.kind == other.error.kind
    if one.modified != other.modified or one.advanced != other.advanced or bool(one.shared) != bool(other.shared):
        return False
    return identical(one.value, other.value) or compare(one.value, other.value, SAME) is None


def diagnose(
    outcomes: Sequence[Outcome], failures: Sequence[Failure | None], known: Sequence[Sequence[Outcome]]
) -> int | None:
    """Choose the misconception that did the same as the student on the first failing case and on most others.

    Args:
        outcomes, failures: what the student's function did on each case, and what was wrong with it (None: nothing).
        known: what each misconception did on the same cases, the more specific first.

    Returns:
        The misconception's place in ``known``; None when none did the same.
    """
    failing = [i for i, failure in enumerate(failures) if failure is not None]
    if not failing:
        return None
    first = failing[0]
    alike = [i for i, others in enumerate(known) if same_outcome(outcomes[first], others[first])]
    return max(alike, key=lambda i: _likeness(outcomes, known[i]), default=None)


def code_hint(name: str, outcome: Outcome) -> str:
    """What to do about code that cannot run as it stands; "" for everything else.

    Args:
        name: of the exercise.
    """
    error = outcome.error
    if error is None:
        return ""
    if error.kind == "NameError" and error.message == undefined(name).message:
        return UNDEFINED.format(name=name)
    if error.kind == "NameError" and error.message.startswith(undefined(name, " ").message.rstrip()):
        return CUT_SHORT.format(name=name)
    if error.kind == "NoResult" and any(error.message.endswith(what) for what in NOTHING.values()):
        return UNRUN
    if error.kind == "SystemExit":
        return EXIT
    if error.kind == "AttributeError" and error.message.startswith("module "):
        return MODULE
    signature = ("positional argument", "required keyword-only", "unexpected keyword", "multiple values")
    if (
        error.kind == "TypeError"
        and error.message.startswith(f"{name}()")
        and any(w in error.message for w in signature)
    ):
        return SIGNATURE
    return CODE.get(error.kind, "")


def undefined(name: str, cause: str = "") -> CallError:
    """The error of a function that is not there; ``cause`` is what stopped the cell that would define it."""
    return CallError("NameError", f"name '{name}' is not defined" + (f": its cell stopped at {cause}" if cause else ""))


def beside(failure: Failure, case: Case) -> str:
    """What to do about a slip beside the subject; "" where the exercise's own hints know more."""
    if failure.shapes is not None:
        arguments = [np.shape(leaf) for _, leaf in leaves([*case.args, *case.kwargs.values()]) if np.ndim(leaf)]
        return shape_hint(*failure.shapes, arguments)
    return BESIDE.get(failure.kind, "")


def shape_hint(got: Sequence[int], expected: Sequence[int], arguments: Sequence[Sequence[int]] = ()) -> str:
    """What turns one shape into the other; "" when there is no simple answer.

    Args:
        arguments: the shapes of the arrays that the function was called with.

        >>> shape_hint((2,), (3,), [(2, 3)])
        'this is what a sum, mean or max over axis 1 of an array (2, 3) leaves; keep axis 1, reduce the others'
    """
    got, expected = tuple(got), tuple(expected)
    if len(got) > 1 and sorted(got) == sorted(expected):
        return "the right lengths in another order: a .T, a transpose or a reshape too many or too few"
    if expected == ():
        return "one number is asked for: add up over everything, without axis=..."
    if len(got) < len(expected) and expected in map(tuple, arguments):
        return "an axis is gone: is there a sum, mean or max too many? The result has the shape of an argument"
    if got == ():
        return "one number came back: say over which axes to add up, axis=..., or keep what you have summed"
    if [n for n in got if n != 1] == [n for n in expected if n != 1]:
        many = len(got) > len(expected)
        too_many = "an axis of length 1 is left over: leave out keepdims=True, or index it away"
        return too_many if many else "an axis of length 1 is missing: keepdims=True keeps it, x[:, None] makes one"
    for shape in dict.fromkeys(map(tuple, arguments)):
        mine, wanted = _kept(shape, got), _kept(shape, expected)
        if mine and wanted and mine != wanted:
            gone = set(range(len(shape))) - set(mine)
            return SUMMED.format(got=_axes(gone), shape=shape, kept=_axes(wanted))
    return ""


def _kept(shape: Sequence[int], left: Sequence[int]) -> tuple[int, ...]:
    """The axes of ``shape`` that a reduction to ``left`` has kept; () unless there is one answer."""
    axes = range(len(shape) if len(shape) <= MAX_AXES else 0)
    subsets = chain.from_iterable(combinations(axes, size) for size in range(1, len(axes)))
    found = [kept for kept in subsets if tuple(shape[axis] for axis in kept) == tuple(left)]
    return found[0] if len(found) == 1 else ()


def _axes(axes: Iterable[int]) -> str:
    numbers = [str(axis) for axis in sorted(axes)]
    return f"axis {numbers[0]}" if len(numbers) == 1 else f"axes {', '.join(numbers[:-1])} and {numbers[-1]}"


def _likeness(outcomes: Sequence[Outcome], others: Sequence[Outcome]) -> tuple[int, int]:
    """On how many cases two functions did the same; between equals, on how many they shared the same memory."""
    pairs = list(zip(outcomes, others, strict=True))
    return sum(same_outcome(a, b) for a, b in pairs), sum(a.shared == b.shared for a, b in pairs)


# --------------------------------------------------------------------------------------------------- storage as JSON


def to_json(tree: Any) -> Any:
    """Turn a plain tree into JSON values; ``from_json`` turns it back."""
    if isinstance(tree, np.ndarray):
        return {"array": tree.ravel().tolist(), "dtype": tree.dtype.name, "shape": list(tree.shape)}
    if isinstance(tree, tuple):
        return {"tuple": [to_json(item) for item in tree]}
    if isinstance(tree, list):
        return [to_json(item) for item in tree]
    if isinstance(tree, dict):
        return {"dict": {key: to_json(item) for key, item in tree.items()}}
    return tree


def from_json(tree: Any) -> Any:
    """Invert ``to_json``."""
    if isinstance(tree, list):
        return [from_json(item) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if "array" in tree:
        return np.array(tree["array"], dtype=tree["dtype"]).reshape(tree["shape"])
    if "tuple" in tree:
        return tuple(from_json(item) for item in tree["tuple"])
    return {key: from_json(item) for key, item in tree["dict"].items()}


def outcome_to_json(outcome: Outcome) -> dict[str, Any]:
    """Turn an outcome into JSON values; of an error only the class is kept, its text may quote code."""
    return {
        "value": to_json(outcome.value),
        "error": outcome.error.kind if outcome.error else None,
        "modified": list(outcome.modified),
        "shared": list(outcome.shared),
        "advanced": list(outcome.advanced),
    }


def outcome_from_json(data: Mapping[str, Any]) -> Outcome:
    """Invert ``outcome_to_json``."""
    error = CallError(data["error"], "") if data["error"] else None
    sides = (tuple(data[key]) for key in ("modified", "shared", "advanced"))
    return Outcome(from_json(data["value"]), error, *sides)
