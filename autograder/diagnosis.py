"""Recognise a known misconception in what a function did, and tell the student; ships to students as it is.

A misconception is stored as what it *does* on the public cases, never as code. An outcome that fails a case and
equals a stored one, on every case, receives that misconception's hint. What goes wrong beside the subject, a misspelt
name or an argument written into, has hints of its own. Otherwise the exercise's own ladder of hints answers, one rung
further with every attempt that it answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autograder.checking import Case, Exercise, Failure, Tolerance, compare, judge_case, observe_case, show
from autograder.observing import CallError, Outcome, parameter_names
from autograder.plain import identical

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
MODULE = "the module has nothing of this name: compare its spelling with the documentation"
SIGNATURE = "keep the first line of the stub as it is: the same parameters, with the same names, in the same order"
# The numbers may be right; what happened to the arguments, or to the dtype, is not.
BESIDE = {
    "list": "return the array itself: np.array makes one of a list, and .tolist() is one step too many",
    "modified": "compute into a new array: x = x - 1 makes one, x -= 1 and x[...] = 1 write into the caller's",
    "shared": "return a new array: a slice, a reshape, the argument itself are the caller's memory; .copy() is not",
    "dtype": "find the number or array of another dtype that takes part, and cast it before you compute",
}

SAME = Tolerance(1e-5, 1e-7, "the same arithmetic in another order, float32 included")


@dataclass(frozen=True)
class Misconception:
    """A known-wrong way to solve an exercise, by its outcomes on a list of cases."""

    id: str
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
    outcomes: Sequence[Outcome], failures: Sequence[Failure | None], known: Sequence[Misconception]
) -> Misconception | None:
    """Choose the misconception that did the same as the student on the first failing case and on most others.

    Args:
        outcomes, failures: what the student's function did on each case, and what was wrong with it (None: nothing).
        known: misconceptions with outcomes on the same cases, the more specific first.
    """
    failing = [i for i, failure in enumerate(failures) if failure is not None]
    if not failing:
        return None
    first = failing[0]
    alike = [m for m in known if same_outcome(outcomes[first], m.outcomes[first])]
    return max(alike, key=lambda m: _likeness(outcomes, m.outcomes), default=None)


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


# ------------------------------------------------------------------------------------------------------- the report


def call_text(name: str, function: Callable[..., Any], case: Case) -> str:
    """Render a call, e.g. ``threshold_relu(x=[-1. 2.], t=0.5)``."""
    given = dict(enumerate(case.args)) | dict(case.kwargs)
    names = parameter_names(function, given)
    return f"{name}({', '.join(f'{names[key]}={show(value)}' for key, value in given.items())})"


def failure_text(call: str, about: str, failure: Failure, hint: str) -> str:
    """Lay out a failed public case: the call, what it is about, what came, what was expected, and the hint."""
    lines = [f"{call}      # {about}" if about else call]
    if failure.got:
        lines += [f"  got       {failure.got}"]
    if failure.expected:
        lines += [f"  expected  {failure.expected}"]
    if not failure.expected:
        lines += [f"  problem   {failure.nature}"]
    return "\n".join([*lines, f"  hint      {hint}"] if hint else lines)


class NotYet(AssertionError):
    """A check that does not pass yet. Notebooks show its text alone, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return str(self).splitlines()


class Checker:
    """The ``check`` of a notebook: run a function on its public cases and report.

    Args:
        exercises: the assignment's exercises by name.
        misconceptions: the JSON file that ``course build`` writes beside ``checks.py``: for each exercise the number
            of hidden cases and the outcomes of every known misconception on the public cases,
            ``{"threshold_relu": {"hidden_cases": 9, "misconceptions": [{"id", "hint", "outcomes": [...]}]}}``.
            Without the file the hints come from the ladder alone.
    """

    def __init__(self, exercises: Sequence[Exercise], misconceptions: Path) -> None:
        self._exercises = {exercise.name: exercise for exercise in exercises}
        self._path = misconceptions
        self._attempts: dict[str, int] = {}

    def __call__(self, function: Callable[..., Any]) -> None:
        """Check one function.

        Raises:
            NotYet: with the report, when a case fails.
            ValueError: when there is no exercise of that name.
        """
        name = getattr(function, "__name__", repr(function))
        exercise = self._exercises.get(name)
        if exercise is None:
            raise ValueError(f"check({name}): no such exercise here; expected one of {', '.join(self._exercises)}")
        hidden_cases, known = self._load(name)
        passed, text = self.report(exercise, function, hidden_cases, known)
        if not passed:
            raise NotYet(text)
        print(text)

    def report(
        self, exercise: Exercise, function: Callable[..., Any], hidden_cases: int, known: Sequence[Misconception]
    ) -> tuple[bool, str]:
        """Run every public case; return whether all pass, and the text for the student."""
        outcomes = [observe_case(function, case) for case in exercise.cases]
        failures = [judge_case(c, o, exercise.returns) for c, o in zip(exercise.cases, outcomes, strict=True)]
        total, passed = len(failures), failures.count(None)
        summary = f"{passed} of {total} public cases pass."
        if passed == total:
            return True, f"{summary} {hidden_cases} hidden cases run after you submit."
        index, failure = next((i, f) for i, f in enumerate(failures) if f is not None)
        if failure.kind == "stub":
            return False, f"{exercise.name} is {failure.nature}."
        hint = code_hint(exercise.name, outcomes[index])
        if not hint:
            misconception = diagnose(outcomes, failures, known)
            hint = misconception.hint if misconception else BESIDE.get(failure.kind) or self._next_hint(exercise)
        case = exercise.cases[index]
        text = failure_text(call_text(exercise.name, function, case), case.label, failure, hint)
        return False, f"{text}\n{summary}"

    def _next_hint(self, exercise: Exercise) -> str:
        """The next rung; an attempt that another hint answers uses none up."""
        attempt = self._attempts.get(exercise.name, 0)
        self._attempts[exercise.name] = attempt + 1
        return exercise.hints[min(attempt, len(exercise.hints) - 1)] if exercise.hints else ""

    def _load(self, name: str) -> tuple[int, list[Misconception]]:
        if not self._path.exists():
            return 0, []
        data = json.loads(self._path.read_text(encoding="utf-8")).get(name, {"hidden_cases": 0, "misconceptions": []})
        return data["hidden_cases"], [
            Misconception(m["id"], m["hint"], tuple(outcome_from_json(o) for o in m["outcomes"]))
            for m in data["misconceptions"]
        ]
