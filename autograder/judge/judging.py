"""Judge one exercise: ask, compare, weigh, recognise. Pure: no disk, no clock, no processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from autograder.checking import Case, Exercise, Failure, Outcome, judge_case, observe, show
from autograder.diagnosis import Misconception, diagnose
from autograder.judge.checks import Check, ExerciseChecks, generator
from autograder.judge.verdict import CheckResult, Verdict


class Stopped(Exception):
    """The student's process is gone; the message names the limit or the way it ended."""


class KnownWrong(Protocol):
    """A mutant: a known-wrong implementation with the hint for those who wrote it."""

    @property
    def id(self) -> str: ...
    @property
    def hint(self) -> str: ...
    @property
    def function(self) -> Callable[..., object]: ...


@dataclass(frozen=True)
class Judged:
    """A case that was asked, and what came of it."""

    case: Case
    outcome: Outcome
    failure: Failure | None


def judge(
    spec: ExerciseChecks, seed: bytes, ask: Callable[[Case], Outcome], mutants: Sequence[KnownWrong] = ()
) -> Verdict:
    """Run every check of an exercise and decide.

    Args:
        spec: the checks.
        seed: of this submission and exercise; the same seed asks the same cases.
        ask: calls the student's function; raises ``Stopped`` when the student's process is gone.
        mutants: known-wrong implementations to recognise a failing one by, the more specific first.
    """
    judged: list[Judged] = []
    results: list[CheckResult] = []
    reason = ""
    for check in spec.all_checks:
        mine: list[Judged] = []
        try:
            for case in check.cases(generator(seed, check.name)) if not reason else ():
                outcome = ask(case)
                mine.append(Judged(case, outcome, judge_case(case, outcome, spec.exercise.returns)))
                if _is_missing(outcome):
                    raise Stopped(mine[-1].failure.nature if mine[-1].failure else "")
        except Stopped as stop:
            reason = str(stop)
        results.append(_result(check, mine, spec.exercise, complete=not reason))
        judged += mine
    misconception = _recognise(judged, mutants)
    hint = misconception.hint if misconception else "" if reason else _ladder(judged, spec.exercise)
    known = misconception.id if misconception else ""
    return Verdict(spec.exercise.name, "graded", _fractions(results), tuple(results), hint, known, reason)


def _is_missing(outcome: Outcome) -> bool:
    """A stub, or a function that was never defined: asking further cases would say the same again."""
    error = outcome.error
    return error is not None and (error.kind == "NotImplementedError" or (error.kind == "NameError" and not error.line))


def _result(check: Check, judged: Sequence[Judged], exercise: Exercise, *, complete: bool) -> CheckResult:
    failed = [j for j in judged if j.failure is not None]
    result = CheckResult(check.name, check.part, check.share, check.core, complete, len(judged), len(failed))
    if not failed or failed[0].failure is None:
        return result
    case, failure = failed[0].case, failed[0].failure
    if check.hidden:
        return replace(result, call=_call(exercise.name, case, _shape_text), problem=failure.nature)
    problem = f"got {failure.got}, expected {failure.expected}" if failure.expected else failure.nature
    return replace(result, call=_call(exercise.name, case, show), problem=problem.replace("      ", "; "))


def _fractions(results: Sequence[CheckResult]) -> dict[str, float]:
    fractions = {}
    for part in dict.fromkeys(result.part for result in results):
        mine = [result for result in results if result.part == part]
        sound = all(result.passed for result in mine if result.core)
        earned = sum(result.share for result in mine if result.passed)
        fractions[part] = round(earned / sum(result.share for result in mine), 6) if sound else 0.0
    return fractions


def _call(name: str, case: Case, render: Callable[[object], str]) -> str:
    keywords = [f"{key}={render(value)}" for key, value in case.kwargs.items()]
    return f"{name}({', '.join([*map(render, case.args), *keywords])})"


def _shape_text(value: object) -> str:
    """Render an argument of a hidden case by shape and dtype alone."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape}"
    if isinstance(value, (tuple, list)):
        inner = ", ".join(_shape_text(item) for item in value)
        return f"({inner})" if isinstance(value, tuple) else f"[{inner}]"
    return type(value).__name__ if not isinstance(value, (str, bool, type(None))) else repr(value)


def _recognise(judged: Sequence[Judged], mutants: Sequence[KnownWrong]) -> Misconception | None:
    if all(j.failure is None for j in judged):
        return None
    cases = [j.case for j in judged]
    known = [
        Misconception(m.id, m.hint, tuple(observe(m.function, c.args, c.kwargs, c.errstate) for c in cases))
        for m in mutants
    ]
    return diagnose([j.outcome for j in judged], [j.failure for j in judged], known)


def _ladder(judged: Sequence[Judged], exercise: Exercise) -> str:
    """Without a recognised misconception: the most explicit of the exercise's own hints."""
    failed = any(j.failure is not None for j in judged)
    return exercise.hints[-1] if failed and exercise.hints else ""
