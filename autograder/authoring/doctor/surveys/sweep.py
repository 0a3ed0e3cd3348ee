"""Ask every correct implementation with many seeds: `course doctor --sweep 300`.

A check that a correct answer fails with one seed in a hundred costs points in every class. No network is trained here
and no wrong answer is asked. The same number always stands for the same cases.
"""

from __future__ import annotations

import sys
import traceback
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from autograder.authoring.doctor.examining import SOLUTION, each_once
from autograder.authoring.doctor.fingerprint import fingerprint
from autograder.authoring.doctor.surveys.errors import errors
from autograder.authoring.doctor.workers import one_task_each
from autograder.course.checks import ExerciseChecks, generator
from autograder.course.config import Assignment
from autograder.course.content import Content, load_content
from autograder.judge.naming import number_layers_anew
from coursekit.checking import Case, Tolerance, answer, judge_case
from coursekit.observing import Outcome, observe
from coursekit.plain import is_kind

BLOCK = 75  # seeds for one process: many enough to forget what TensorFlow costs to start, and what repeats itself


@dataclass(frozen=True)
class Closest:
    """The correct value that came closest to the edge of a tolerance.

    Args:
        used: the share of the allowed error that it used up; more than 1 fails.
        where: implementation, check, case and seed, in words.
    """

    tolerance: Tolerance
    used: float
    where: str

    def __str__(self) -> str:
        return f"{100 * self.used:8.3f} % used of: {self.tolerance.reason}; {self.where}"


@dataclass
class Swept:
    """What a sweep saw.

    Args:
        losses: one sentence for each case that a correct implementation failed.
        closest: by the reason of the tolerance: its width may be another one in each case.
        counts: ``cases`` asked, and ``repeats``: questions that another seed had asked, word for word.
    """

    losses: list[str] = field(default_factory=list)
    closest: dict[str, Closest] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, other: Swept) -> None:
        """Take in what another sweep saw."""
        self.losses += other.losses
        self.counts += other.counts
        for one in other.closest.values():
            self.note(one)

    def note(self, one: Closest) -> None:
        """Keep the closest value of each tolerance."""
        known = self.closest.get(one.tolerance.reason)
        if known is None or one.used > known.used:
            self.closest[one.tolerance.reason] = one


def sweep(
    assignments: Sequence[Assignment], numbers: range, jobs: int | None = None, exercise: str | None = None
) -> Iterator[tuple[Assignment, str, Swept]]:
    """Sweep assignments exercise by exercise, on all cores.

    Args:
        numbers: of the seeds.
        exercise: this one alone.

    Yields:
        Assignment, exercise and what was seen, in order; an exercise that several assignments use comes once.
    """
    exercises = each_once(assignments, exercise)
    blocks = [numbers[start : start + BLOCK] for start in range(0, len(numbers), BLOCK)]
    tasks = [(assignment.folder, name, block) for assignment, name in exercises for block in blocks]
    with one_task_each(jobs) as pool:
        results = pool.imap(_block, tasks)
        for assignment, name in exercises:
            total = Swept()
            for _ in blocks:
                total.add(next(results))
            yield assignment, name, total


def _block(task: tuple[str, str, range]) -> Swept:
    folder, name, numbers = task
    return sweep_exercise(load_content(folder), name, numbers)


def sweep_exercise(content: Content, name: str, numbers: Sequence[int]) -> Swept:
    """Ask the solution and every variant of one exercise, with each seed."""
    people = {SOLUTION: content.solutions[name]}
    people |= {f"variant {variant.id}": variant.function for variant in content.variants[name]}
    steady = {who: Steady(function) for who, function in people.items()}
    swept = Swept()
    asked: set[Hashable] = set()
    for number in numbers:
        try:
            cases = dict(drawn_cases(content.specs[name], number))
        except Exception:  # noqa: BLE001 - a draw that fails leaves a submission undecided: a finding
            swept.losses.append(f"{name}: no cases can be drawn with seed {number}:\n{traceback.format_exc()}")
            continue
        for label, case in cases.items():
            question = fingerprint(case)
            if question in asked:
                swept.counts["repeats"] += 1
                continue
            asked.add(question)
            _ask(swept, steady, case, f"{name}: {label}, seed {number}")
    return swept


def drawn_cases(spec: ExerciseChecks, number: int) -> Iterator[tuple[str, Case]]:
    """Every case of one seed, public ones among them, with its check and its place."""
    seed = f"sweep {number}".encode()
    for check in spec.all_checks:
        for place, case in enumerate(check.cases(generator(seed, check.name)), 1):
            yield f"{check.name!r}, case {place}", case


def _ask(swept: Swept, people: Mapping[str, Steady], case: Case, where: str) -> None:
    """Ask everybody one case."""
    question = measured_once(case)
    for who, steady in people.items():
        swept.counts["cases"] += 1
        outcome = answer(question, steady)
        failure = judge_case(case, outcome)
        if failure is not None:
            swept.losses.append(f"{where}: {who}: {failure.nature}")
            continue
        for tolerance, used in shares_used(case, outcome.value):
            swept.note(Closest(tolerance, used, f"{where}, {who}"))


def measured_once(case: Case) -> Case:
    """The same case, for many functions: networks of one structure are measured once, their numbers are the same."""
    measured: dict[Hashable, Any] = {}
    if case.measure is None:
        return case
    of_one = case.measure

    def measure(value: Any) -> Any:
        key = fingerprint(_nameless(value)) if is_kind(value, "model") else object()
        if key not in measured:
            measured[key] = of_one(value)
        return measured[key]

    return replace(case, measure=measure)


def _nameless(value: Any) -> Any:
    """A description without the names of its layers: they count up with every model that is built."""
    if isinstance(value, dict):
        return {key: _nameless(item) for key, item in value.items() if key not in ("name", "input")}
    return [_nameless(item) for item in value] if isinstance(value, (list, tuple)) else value


def shares_used(case: Case, value: Any) -> Iterator[tuple[Tolerance, float]]:
    """How much of its tolerance each floating value of a right answer uses up; 1 is the edge."""
    return ((error.tolerance, error.share) for error in errors(case, value))


class Steady:
    """A function that draws the same initial weights in each call, so that a network need be built once.

    A student's process begins with the same random state in every grading, too.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._networks: dict[Hashable, Outcome] = {}

    def __call__(self, case: Case) -> Outcome:
        call = fingerprint((case.args, case.kwargs))
        if call not in self._networks:
            if "keras" in sys.modules:
                sys.modules["keras"].utils.set_random_seed(0)
                number_layers_anew()
            outcome = observe(self._function, case.args, case.kwargs, case.errstate, repeat=case.advances)
            if not is_kind(outcome.value, "model"):
                return outcome
            self._networks[call] = outcome
        return self._networks[call]
