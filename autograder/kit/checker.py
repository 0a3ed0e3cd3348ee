"""The ``check`` of a notebook: run a function on its public cases and say what is wrong first; ships to students.

In a student's notebook a check reports and goes on, so that Run All reaches the end. In a script, and where nbgrader
runs the cells (``nbgrader validate``), a check that does not pass raises.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coursekit.checking import ANOTHER, Case, Exercise, Failure, judge_case, observe_case
from coursekit.diagnosis import Misconception, beside, code_hint, diagnose, outcome_from_json
from coursekit.kernel.cellwise import (
    BAD,
    GOOD,
    OPEN,
    find_shell,
    is_live,
    names_of,
    no_exit,
    notebook_shell,
    show_report,
    wait_kindly,
    why_previous,
)
from coursekit.kernel.patience import ROOM, SLOW, TooLarge, watched
from coursekit.observing import Outcome, describe_error, parameter_names
from coursekit.patterns import pattern
from coursekit.rendering import blocks, kind, readable, show
from coursekit.standing import FACTS, overview, read_promised


class NotYet(AssertionError):
    """A check that does not pass yet. Notebooks show its text alone, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return str(self).splitlines()


class Interrupted(KeyboardInterrupt):
    """A check that somebody stopped; the message says where it was."""

    def _render_traceback_(self) -> list[str]:
        return str(self).splitlines()


@dataclass(frozen=True)
class Report:
    """What a check found out.

    Args:
        mood: good, bad, or open for what is not written yet.
        result: a few words for ``progress``.
        text: for the student; its first line is one sentence that says it all.
    """

    mood: str
    result: str
    text: str


class Checker:
    """The ``check`` of one assignment.

    Args:
        exercises: the assignment's exercises by name.
        misconceptions: the JSON file that ``course build`` writes beside ``checks.py``: for each exercise the number
            of hidden cases and the outcomes of every known misconception on the public cases,
            ``{"threshold_relu": {"hidden_cases": 9, "misconceptions": [{"hint", "outcomes": [...]}]}}``.
            Without the file the hints come from the ladder alone.
    """

    def __init__(self, exercises: Sequence[Exercise], misconceptions: Path) -> None:
        self._exercises = {exercise.name: exercise for exercise in exercises}
        self._path = misconceptions
        self._attempts: dict[str, int] = {}
        self._last: dict[str, Report] = {}
        self._checked: dict[str, Any] = {}  # the functions that these reports are about
        self.slow, self.room = SLOW, ROOM
        wait_kindly(self._exercises)

    def __call__(self, function: Callable[..., Any]) -> None:
        """Check one function; in a notebook show the report, elsewhere print it or raise.

        Raises:
            NotYet: with the report, when a case fails and no notebook shows it.
            ValueError: when there is no exercise of that name, and no notebook to say so.
            Interrupted: when somebody interrupts the kernel.
        """
        shell = notebook_shell()
        name = self._name(function, shell)
        if name:
            self._checked[name] = function
            report = self._last[name] = self._examine(self._exercises[name], function, shell)
        else:
            report = Report(BAD, "", f"✗ check({_called(function)}): {self._wanted(function)}")
        if shell is not None:
            show_report(report.text, report.mood)
        elif report.mood == GOOD:
            print(report.text)
        else:
            raise NotYet(report.text) if name else ValueError(report.text)

    def progress(self) -> None:
        """Say what the last check of each exercise found, and which points are still open. Nothing is run again."""
        rows = {name: self._standing(name) for name in self._exercises}
        text = overview(rows, read_promised(self._path.with_name(FACTS)))
        if notebook_shell() is None:
            print(text)
        else:
            show_report(text, GOOD if all(mood == GOOD for mood, _ in rows.values()) else OPEN)

    def _standing(self, name: str) -> tuple[str, str]:
        """What is known of an exercise, if the notebook's function is still the one that was checked."""
        if name not in self._last:
            return OPEN, "its check has not run"
        shell = find_shell()
        now = shell.user_ns.get(name) if shell is not None else None
        if now is not None and not _same(now, self._checked.get(name)):
            return OPEN, "changed since its check ran"
        return self._last[name].mood, self._last[name].result

    def report(
        self, exercise: Exercise, function: Callable[..., Any], hidden_cases: int, known: Sequence[Misconception]
    ) -> Report:
        """Run every public case and lay out what came of it."""
        outcomes = [observe_case(function, case) for case in exercise.cases]
        failures = [judge_case(c, o, exercise.returns) for c, o in zip(exercise.cases, outcomes, strict=True)]
        total, passed = len(failures), failures.count(None)
        result = f"{passed} of {_cases(total, 'public')}"
        if passed == total:
            after = f"{_cases(hidden_cases, 'hidden')} run{'s' if hidden_cases == 1 else ''} after you submit."
            verb = "passes" if total == 1 else "pass"
            return Report(GOOD, result, f"✓ {exercise.name}: {result} {verb}. {after}")
        index, failure = next((i, f) for i, f in enumerate(failures) if f is not None)
        if failure.kind == "stub":
            return Report(OPEN, "not written yet", f"– {exercise.name} is {failure.nature}.")
        case = exercise.cases[index]
        common, hint = self._hint(exercise, case, outcomes, failures, known)
        lines = [f"✗ {exercise.name}: {sentence(failure)}", *call_lines(exercise.name, function, case)]
        lines += [f"  got       {failure.got}"] if failure.got else []
        lines += [f"  expected  {failure.expected}"] if failure.expected else []
        lines += [f"  notice    {common}"] if common else []
        lines += [f"  hint      {hint}"] if hint else []
        return Report(BAD, result, "\n".join([*lines, f"  {passed} of {total} public cases pass."]))

    def _hint(
        self,
        exercise: Exercise,
        case: Case,
        outcomes: Sequence[Outcome],
        failures: Sequence[Failure | None],
        known: Sequence[Misconception],
    ) -> tuple[str, str]:
        """What the failures have in common, where nothing better is known of them, and the hint."""
        outcome, failure = next((o, f) for o, f in zip(outcomes, failures, strict=True) if f is not None)
        if hint := code_hint(exercise.name, outcome):
            return "", hint
        recognised = diagnose(outcomes, failures, [misconception.outcomes for misconception in known])
        if recognised is not None:
            return "", known[recognised].hint
        if slip := beside(failure, case):
            return "", slip
        asked = list(zip(exercise.cases, outcomes, failures, strict=True))
        return pattern(asked, exercise.returns), self._next_hint(exercise)

    def _examine(self, exercise: Exercise, function: Callable[..., Any], shell: Any) -> Report:
        """The report on a function that may run for ever, fill the memory, end the program, or be an old one."""
        name = exercise.name
        if is_live(shell) and (why := why_previous(function, name, shell)):
            text = f"✗ {name}: check still sees the previous version, because {why}."
            return Report(BAD, "the previous version", f"{text}\n  hint      mend that cell and run it")
        hidden_cases, known = self._load(name)
        try:
            with ExitStack() as stack:
                if is_live(shell):
                    stack.enter_context(no_exit(shell))
                    stack.enter_context(watched(lambda: self._tell(name), self.slow, self.room))
                return self.report(exercise, function, hidden_cases, known)
        except TooLarge as much:
            hint = "does a list grow in a loop that never ends, or has an array an axis too many?"
            text = f"✗ {name}: stopped, because it had taken {much} and wanted more.\n  hint      {hint}"
            return Report(BAD, "took too much memory", text)
        except KeyboardInterrupt as stop:
            line = describe_error(stop).line
            where = f" at {line}" if line else ""
            self._last[name] = Report(BAD, "interrupted", "")
            hint = "an endless loop? Look for the line that should end it"
            raise Interrupted(f"✗ {name}: interrupted{where}\n  hint      {hint}") from None

    def _tell(self, name: str) -> None:
        still = f"{name} is still running after {self.slow:g} s: an endless loop?"
        show_report(f"{still} Interrupt the kernel (■) to see the line.", OPEN)

    def _name(self, function: Any, shell: Any) -> str:
        """The exercise that a function is meant for: by its own name, or by what the notebook calls it."""
        own = getattr(function, "__name__", "")
        candidates = [own] if own in self._exercises or shell is None or not callable(function) else []
        candidates = candidates or [name for name in names_of(function, shell) if name in self._exercises]
        return candidates[0] if candidates and candidates[0] in self._exercises and callable(function) else ""

    def _wanted(self, function: Any) -> str:
        names = list(self._exercises)
        if not callable(function):
            return f"give it the function itself, without calling it, as in check({names[0]})"
        if _called(function) == "lambda":
            return f"a lambda has no name; call it by its exercise's, `{names[0]} = lambda ...`, then check({names[0]})"
        return f"no such exercise here; expected one of {', '.join(names)}"

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
            Misconception(m["hint"], tuple(outcome_from_json(o) for o in m["outcomes"])) for m in data["misconceptions"]
        ]


def sentence(failure: Failure) -> str:
    """One sentence that says what is wrong. In a public case the expected value is no secret."""
    about = failure.nature.removesuffix(ANOTHER)
    if about != failure.nature:
        return f"{failure.got}, expected {failure.expected.removeprefix(about)}"
    return failure.nature


def call_lines(name: str, function: Callable[..., Any], case: Case) -> list[str]:
    """Lay out a call, e.g. ``threshold_relu(x=[-1. 2.], t=0.5)``; below it the images, plane by plane."""
    given = dict(enumerate(case.args)) | dict(case.kwargs)
    names = parameter_names(function, given)
    apart = {names[key]: value for key, value in given.items() if readable(value)}
    shown = [names[key] if names[key] in apart else f"{names[key]}={show(value)}" for key, value in given.items()]
    lines = [f"  call      {name}({', '.join(shown)})" + (f"      # {case.label}" if case.label else "")]
    for argument, value in apart.items():
        lines += [f"  {argument:8}  {value.dtype} {value.shape}", *(f"            {line}" for line in blocks(value))]
    return lines


def _cases(number: int, sort: str) -> str:
    return f"{number} {sort} case{'' if number == 1 else 's'}"


def _same(one: Any, other: Any) -> bool:
    """Whether two functions are one, or the same text run twice."""
    code = getattr(one, "__code__", None)
    return one is other or (code is not None and code == getattr(other, "__code__", None))


def _called(function: Any) -> str:
    name = getattr(function, "__name__", "")
    return "lambda" if name == "<lambda>" else name or kind(function)
