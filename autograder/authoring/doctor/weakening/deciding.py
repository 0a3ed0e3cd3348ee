"""Weakenings of what is asked and what is made of the answers: `course/checks.py`, `judge/`, hints, trials, seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.authoring.doctor.fingerprint import fingerprint
from autograder.authoring.doctor.weakening.weakened import Weakenings, seed_of
from autograder.course.checks import Check, ExerciseChecks, generator
from autograder.course.doubt import Bound
from autograder.course.trials import Bench
from autograder.judge.judging import KnownWrong
from autograder.judge.verdict import CheckResult
from coursekit.checking import Case, Failure
from coursekit.observing import Outcome

DECIDING = Weakenings()
CHECKS, JUDGING, DIAGNOSIS = "autograder.course.checks", "autograder.judge.judging", "coursekit.diagnosis"
ANY = ("dtype", "error", "finite", "modified", "property", "raises", "random", "refused", "shape", "shared", "value")
Checks = tuple[Check, ...]


# ----------------------------------------------------------------------------------------------------- checks and cases


def _with_cases(checks: Checks, choose: Callable[[Sequence[Case]], Sequence[Case]]) -> Checks:
    """Checks that ask other cases; every one keeps at least its first."""

    def changed(check: Check) -> Check:
        return replace(check, cases=lambda rng: choose(cases := check.cases(rng)) or cases[:1])

    return tuple(map(changed, checks))


@DECIDING.weakens(f"{CHECKS}:ExerciseChecks.all_checks", lets_pass=ANY)
def the_first_hidden_check_is_dropped(original: Callable[[Any], Checks], spec: ExerciseChecks) -> Checks:
    """Of each exercise, the first hidden check is not asked."""
    return tuple(check for check in original(spec) if check is not spec.checks[0])


@DECIDING.weakens(f"{CHECKS}:ExerciseChecks.all_checks", lets_pass=ANY)
def the_last_hidden_check_is_dropped(original: Callable[[Any], Checks], spec: ExerciseChecks) -> Checks:
    """Of each exercise, the last hidden check is not asked."""
    return tuple(check for check in original(spec) if check is not spec.checks[-1])


@DECIDING.weakens(f"{CHECKS}:ExerciseChecks.all_checks", lets_pass=ANY)
def only_public_cases_are_asked(original: Callable[[Any], Checks], spec: ExerciseChecks) -> Checks:
    """No hidden check is asked."""
    return tuple(check for check in original(spec) if not check.hidden)


@DECIDING.weakens(f"{CHECKS}:ExerciseChecks.all_checks", lets_pass=ANY)
def the_first_case_is_dropped(original: Callable[[Any], Checks], spec: ExerciseChecks) -> Checks:
    """Of each check with several cases, the first is not asked."""
    return _with_cases(original(spec), lambda cases: cases[1:])


@DECIDING.weakens(f"{CHECKS}:ExerciseChecks.all_checks", lets_pass=ANY)
def the_last_case_is_dropped(original: Callable[[Any], Checks], spec: ExerciseChecks) -> Checks:
    """Of each check with several cases, the last is not asked."""
    return _with_cases(original(spec), lambda cases: cases[:-1])


@DECIDING.weakens(f"{CHECKS}:ExerciseChecks.all_checks", lets_pass=ANY)
def every_second_case_is_dropped(original: Callable[[Any], Checks], spec: ExerciseChecks) -> Checks:
    """Of each check with several cases, every second is not asked."""
    return _with_cases(original(spec), lambda cases: cases[::2])


@DECIDING.weakens(f"{CHECKS}:ExerciseChecks.all_checks", lets_pass=ANY)
def the_first_case_is_asked_again_and_again(original: Callable[[Any], Checks], spec: ExerciseChecks) -> Checks:
    """Of each check, the first case is asked as often as there are cases."""
    return _with_cases(original(spec), lambda cases: list(cases[:1]) * len(cases))


# ---------------------------------------------------------------------------------------------------------------- seeds


def _remembers(spec: ExerciseChecks, solution: Callable[..., Any]) -> Callable[..., Any]:
    """Has read the cases of a friend's submission, with their answers, and knows nothing else."""
    theirs = seed_of(spec, "a friend's submission")
    drawn = (case for check in spec.all_checks for case in check.cases(generator(theirs, check.name)))
    return _table(drawn, solution)


def _knows_the_public_cases(spec: ExerciseChecks, solution: Callable[..., Any]) -> Callable[..., Any]:
    """Has written the answers to the public cases into a table, and knows nothing else."""
    return _table(spec.exercise.cases, solution)


def _table(cases: Iterable[Case], solution: Callable[..., Any]) -> Callable[..., Any]:
    """A function that knows the answers to some calls; it returns nothing for any other."""
    known = {fingerprint((case.args, dict(case.kwargs))) for case in cases}

    def answers(*args: Any, **kwargs: Any) -> Any:
        return solution(*args, **kwargs) if fingerprint((args, kwargs)) in known else None

    return answers


@DECIDING.weakens(f"{CHECKS}:seed", cheat=_remembers)
def seeds_forget_the_submission(
    original: Callable[..., bytes], secret: bytes, assignment: str, exercise: str, submission: bytes
) -> bytes:
    """All submissions of an exercise have the same seed."""
    return original(secret, assignment, exercise, b"")


@DECIDING.weakens(f"{CHECKS}:generator", cheat=_remembers)
def everybody_has_the_same_seed(original: Callable[..., Any], seed: bytes, check: str) -> np.random.Generator:
    """The hidden cases of all submissions are drawn from one seed."""
    generator: np.random.Generator = original(b"", check)
    return generator


@DECIDING.weakens(f"{CHECKS}:ExerciseChecks.all_checks", cheat=_knows_the_public_cases)
def hidden_checks_ask_public_cases(original: Callable[[Any], Checks], spec: ExerciseChecks) -> Checks:
    """Every hidden check asks the public cases again."""
    return tuple(replace(check, cases=lambda rng: spec.exercise.cases) for check in original(spec))


# ------------------------------------------------------------------------------------------------------------- verdicts


@DECIDING.weakens("autograder.judge.verdict:CheckResult.passed", lets_pass=ANY)
def failed_cases_do_not_count(original: Callable[[Any], bool], result: CheckResult) -> bool:
    """A check passes as soon as all its cases were asked."""
    return result.complete


@DECIDING.weakens("autograder.judge.verdict:CheckResult.passed", lets_pass=ANY)
def one_failed_case_is_forgiven(original: Callable[[Any], bool], result: CheckResult) -> bool:
    """A check passes when one of its cases fails."""
    return result.complete and result.failed <= 1


@DECIDING.weakens(f"{JUDGING}:judge_case", lets_pass=ANY)
def the_judge_says_yes(original: Callable[..., Any], *args: Any) -> None:
    """No case fails, whatever a function returns."""


@DECIDING.weakens(f"{JUDGING}:_fractions", lets_pass=ANY)
def everybody_gets_full_marks(original: Callable[..., Any], results: Sequence[CheckResult]) -> Mapping[str, float]:
    """What fails is told, and costs nothing."""
    return {result.part: 1.0 for result in results}


@DECIDING.weakens(f"{JUDGING}:_fractions", wrongs=True)
def hidden_checks_count_nothing(original: Callable[..., Any], results: Sequence[CheckResult]) -> Mapping[str, float]:
    """Nobody gets more than the share of the public cases."""
    shares = {result.part: sum(r.share for r in results if r.part == result.part) for result in results}
    return {result.part: round(result.share / shares[result.part], 6) for result in reversed(results)}


# ---------------------------------------------------------------------------------------------------------------- hints


@DECIDING.weakens(f"{JUDGING}:_recognise", lets_pass=ANY)
def no_misconception_is_recognised(original: Callable[..., Any], *args: Any) -> None:
    """Everybody reads the general hint."""


@DECIDING.weakens(f"{JUDGING}:_recognise", lets_pass=ANY)
def hints_of_two_misconceptions_are_swapped(
    original: Callable[..., Any], judged: Any, mutants: Sequence[KnownWrong], recall: Any
) -> KnownWrong | None:
    """Whoever has one misconception reads the hint for the next one."""
    found: KnownWrong | None = original(judged, mutants, recall)
    return mutants[(mutants.index(found) + 1) % len(mutants)] if found is not None else None


@DECIDING.weakens(f"{DIAGNOSIS}:diagnose", lets_pass=ANY)
def the_first_failing_case_decides_alone(
    original: Callable[..., Any],
    outcomes: Sequence[Outcome],
    failures: Sequence[Failure | None],
    known: Sequence[Sequence[Outcome]],
) -> int | None:
    """Of misconceptions that agree on the first failing case, the one written first is told, whatever else was done."""
    return 0 if known else None


@DECIDING.weakens(f"{DIAGNOSIS}:same_outcome", lets_pass=ANY)
def whoever_fails_did_the_same(original: Callable[..., Any], one: Outcome, other: Outcome) -> bool:
    """All misconceptions look alike."""
    return True


@DECIDING.weakens(f"{JUDGING}:_hint", lets_pass=ANY)
def failures_are_not_explained(original: Callable[..., Any], *args: Any, **named: Any) -> tuple[str, str]:
    """Nobody reads a hint."""
    return "", ""


# --------------------------------------------------------------------------------------------------------------- trials


@DECIDING.weakens("autograder.course.trials:Trial.problem", witnesses="training")
def accuracy_bounds_are_gone(original: Callable[..., str], trial: Any, bench: Bench, exercise: str) -> str:
    """Whatever can be trained reaches the accuracy that is asked for."""
    bounds = dict.fromkeys(bench.laboratory.bounds, Bound(-math.inf))
    return original(trial, replace(bench, laboratory=replace(bench.laboratory, bounds=bounds)), exercise)


@DECIDING.weakens("autograder.course.trials:Trial.problem", witnesses="training")
def accuracy_bounds_are_out_of_reach(original: Callable[..., str], trial: Any, bench: Bench, exercise: str) -> str:
    """Nothing that can be trained reaches the accuracy that is asked for."""
    bounds = dict.fromkeys(bench.laboratory.bounds, Bound(math.inf))
    return original(trial, replace(bench, laboratory=replace(bench.laboratory, bounds=bounds)), exercise)


@DECIDING.weakens(f"{JUDGING}:_try", witnesses="training")
def trials_are_not_weighed(original: Callable[..., CheckResult], *args: Any, **named: Any) -> CheckResult:
    """A training that fails counts as one that succeeds."""
    return replace(original(*args, **named), failed=0)
