"""Judge one exercise: ask, compare, weigh, recognise. Pure: no disk, no clock, no processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from autograder.course.checks import Check, ExerciseChecks, generator
from autograder.course.config import ACCURACY
from autograder.course.trials import Bench, Laboratory, Stopped, Trial, Undecided
from autograder.judge.naming import number_layers_anew
from autograder.judge.verdict import CheckResult, Verdict, needs_manual
from coursekit.checking import Case, Exercise, Failure, Refused, answer, judge_case, observe_case
from coursekit.diagnosis import beside, code_hint, diagnose, same_outcome
from coursekit.observing import Given, Outcome, Rng
from coursekit.patterns import pattern
from coursekit.rendering import show


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
    """A case that was asked, and what came of it. ``key`` is its check and its number there."""

    key: tuple[str, int]
    case: Case
    outcome: Outcome
    failure: Failure | None


class Recall:
    """What known-wrong implementations do on the cases of one seed, each asked once and only when it matters."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, int], Outcome] = {}

    def outcome(self, mutant: KnownWrong, judged: Judged) -> Outcome:
        """What the mutant does on a case."""
        key = (mutant.id, *judged.key)
        if key not in self._known:
            number_layers_anew()
            self._known[key] = observe_case(mutant.function, judged.case)
        return self._known[key]


def judge(
    spec: ExerciseChecks,
    seed: bytes,
    ask: Callable[[Case], Outcome],
    mutants: Sequence[KnownWrong] = (),
    laboratory: Laboratory | None = None,
    recall: Recall | None = None,
    respond: Callable[[Case, Callable[[Case], Outcome]], Outcome] = answer,
    enough: Callable[[Check, Sequence[str]], bool] = lambda check, failed: False,
) -> Verdict:
    """Run every check of an exercise and decide.

    Args:
        spec: the checks.
        seed: of this submission and exercise; the same seed asks the same cases.
        ask: calls the student's function; raises ``Stopped`` when the student's process is gone.
        mutants: known-wrong implementations to recognise a failing one by, the more specific first.
        laboratory: where trials find data and bounds; without one they are left out.
        recall: shared between judgements with the same seed.
        respond: measures what a call returned; the doctor, which judges many functions, remembers what it found.
        enough: whether a check need ask nothing more, by the names of the checks that have failed; the doctor's, too.
    """
    judged: list[Judged] = []
    results: list[CheckResult] = []
    failed: list[str] = []
    reason = undecided = ""
    for check in spec.all_checks:
        mine: list[Judged] = []
        whole = True
        try:
            for number, case in enumerate(check.cases(generator(seed, check.name)) if not reason else ()):
                if enough(check, failed):
                    whole = False
                    break
                outcome = respond(case, ask)
                failure = judge_case(case, outcome, spec.exercise.returns)
                mine.append(Judged((check.name, number), case, outcome, failure))
                failed += [check.name] if failure and check.name not in failed else []
                if is_missing(outcome):
                    raise Stopped(failure.nature if failure else "")
        except Stopped as stop:
            reason = str(stop)
        results.append(_result(check, mine, spec.exercise, complete=whole and not reason))
        judged += mine
    if spec.trial is not None and laboratory is not None:
        bench = Bench(laboratory, generator(seed, spec.trial.name), ask)
        result, undecided = _try(spec.trial, spec.exercise.name, bench, stopped=reason)
        results.append(result)
    results = _attributed(results)
    hint, known = _hint(judged, spec, results, mutants, recall or Recall(), stopped=bool(reason))
    if undecided:
        return replace(needs_manual(spec.exercise.name, undecided), checks=tuple(results))
    return Verdict(spec.exercise.name, "graded", _fractions(results), tuple(results), hint, known, reason)


def _attributed(results: Sequence[CheckResult]) -> list[CheckResult]:
    """Charge a failure to the check that it speaks of: what fails as the core did says nothing new.

    Wrong values fail the check of memory, too, whose cases compare values; about the memory nothing is known then.
    """
    cores: dict[str, CheckResult] = {}
    attributed = []
    for result in results:
        core = cores.get(result.part)
        repeats = core.name if core and result.failed and result.kind == core.kind else ""
        attributed.append(replace(result, repeats=repeats))
        if result.core and result.failed:
            cores.setdefault(result.part, result)
    return attributed


def _hint(
    judged: Sequence[Judged],
    spec: ExerciseChecks,
    results: Sequence[CheckResult],
    mutants: Sequence[KnownWrong],
    recall: Recall,
    *,
    stopped: bool,
) -> tuple[str, str]:
    """The sentence for the student, and the id of the mutant behind it, if one was recognised."""
    first = next((j for j in judged if j.failure is not None), None)
    about_code = code_hint(spec.exercise.name, first.outcome) if first else ""
    if about_code:
        return about_code, ""
    mutant = _recognise(judged, mutants, recall)
    if mutant:
        return mutant.hint, mutant.id
    return "" if stopped else _ladder(judged, spec, results), ""


def is_missing(outcome: Outcome) -> bool:
    """A stub, or a function that was never defined: asking further cases would say the same again."""
    error = outcome.error
    return error is not None and (error.kind == "NotImplementedError" or (error.kind == "NameError" and not error.line))


def _result(check: Check, judged: Sequence[Judged], exercise: Exercise, *, complete: bool) -> CheckResult:
    failed = [j for j in judged if j.failure is not None]
    result = CheckResult(check.name, check.part, check.share, check.core, complete, len(judged), len(failed))
    if not failed or failed[0].failure is None:
        return result
    case, failure = failed[0].case, failed[0].failure
    result = replace(result, kind=failure.kind)
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
    if isinstance(value, Given):
        return str(value) if not isinstance(value, Rng) else "rng"
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape}"
    if isinstance(value, (tuple, list)):
        inner = ", ".join(_shape_text(item) for item in value)
        return f"({inner})" if isinstance(value, tuple) else f"[{inner}]"
    return type(value).__name__ if not isinstance(value, (str, bool, type(None))) else repr(value)


def _try(trial: Trial, exercise: str, bench: Bench, *, stopped: str) -> tuple[CheckResult, str]:
    """One trial: a training of ours, and the accuracy that it reached; and why a person must decide, if one must."""
    result = CheckResult(trial.name, ACCURACY, share=1.0, core=False, complete=not stopped, cases=0, failed=0)
    if stopped:
        return result, ""
    try:
        problem = trial.problem(bench, exercise)
    except Stopped as stop:
        problem = f"stopped: {stop}"
    except Refused as refusal:
        problem = str(refusal)
    except Undecided as undecided:
        return replace(result, complete=False), str(undecided)
    return replace(result, cases=1, failed=int(bool(problem)), problem=problem), ""


def _recognise(judged: Sequence[Judged], mutants: Sequence[KnownWrong], recall: Recall) -> KnownWrong | None:
    """The mutant that did the same; only those that agree on the first failing case are asked further."""
    first = next((j for j in judged if j.failure is not None), None)
    if first is None:
        return None
    alike = [m for m in mutants if same_outcome(first.outcome, recall.outcome(m, first))]
    if len(alike) == 1:  # nobody to tell it from: its other outcomes change nothing
        return alike[0]
    known = [[recall.outcome(m, j) for j in judged] for m in alike]
    recognised = diagnose([j.outcome for j in judged], [j.failure for j in judged], known)
    return None if recognised is None else alike[recognised]


def _ladder(judged: Sequence[Judged], spec: ExerciseChecks, results: Sequence[CheckResult]) -> str:
    """Without a recognised misconception: what all failures have in common, and the exercise's most explicit hint.

    Students climb the ladder in their own notebook. A grade comes once, when the work is over: no rung is held back.
    A trial that failed alone has a hint of its own.
    """
    first = next((j for j in judged if j.failure is not None), None)
    if first is not None and first.failure is not None:
        common = pattern([(j.case, j.outcome, j.failure) for j in judged], spec.exercise.returns)
        return beside(first.failure, first.case) or "; ".join(filter(None, [common, *spec.exercise.hints[-1:]]))
    failed = {result.name for result in results if not result.passed}
    return spec.trial.hint if spec.trial and spec.trial.name in failed else ""
