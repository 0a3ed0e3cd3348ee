"""Judge every small change of every correct implementation: `course doctor --mechanical`.

A step is killed when one case, of one seed, fails it: each submission has one seed. What survives is a hole in the
checks, unless the committed report gives the reason why it may. No network is trained.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from autograder.authoring.doctor.examining import SEEDS, SOLUTION, each_once, functions
from autograder.authoring.doctor.mutation.mutating import defined, steps
from autograder.authoring.doctor.mutation.outlasting import Worker, outlast
from autograder.authoring.doctor.mutation.survivors import SURVIVORS, Listed, listed
from autograder.authoring.doctor.workers import cores
from autograder.course.checks import ExerciseChecks, generator
from autograder.course.config import Assignment
from autograder.course.content import load_content
from autograder.judge.naming import number_layers_anew
from coursekit.checking import Case, answer, judge_case
from coursekit.observing import observe

SURVIVED = "survived"
TOGETHER = 150  # steps in one process: it draws the cases once

Function = Callable[..., Any]


class Hunter:
    """Looks for a case that a function fails; what killed the last ones is asked first."""

    def __init__(self, spec: ExerciseChecks, seed: bytes = SEEDS[0]) -> None:
        self._returns = spec.exercise.returns
        self._cases = [
            (f"{check.name!r}, case {number}", case)
            for check in spec.all_checks
            for number, case in enumerate(check.cases(generator(seed, check.name)), 1)
        ]

    def killer(self, function: Function) -> str:
        """The case that the function fails, in words; ``SURVIVED`` when there is none."""
        for place, (words, case) in enumerate(self._cases):
            if self._fails(function, case):
                self._cases.insert(0, self._cases.pop(place))
                return words
        return SURVIVED

    def _fails(self, function: Function, case: Case) -> bool:
        number_layers_anew()
        outcome = answer(case, lambda one: observe(function, one.args, one.kwargs, one.errstate, repeat=one.advances))
        return judge_case(case, outcome, self._returns) is not None


@dataclass
class Hunted:
    """What became of the steps of one exercise.

    Args:
        survivors: ``IMPLEMENTATION: BEFORE  ->  AFTER`` of each step that no case notices.
        counts: ``steps``, ``killed``, ``equivalent`` and ``allowed``.
    """

    survivors: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        steps, killed = self.counts["steps"], self.counts["killed"]
        left = f"{self.counts['equivalent']:3} equivalent, {self.counts['allowed']:3} allowed"
        return f"{steps:4} steps, {killed:4} noticed ({100 * killed / steps:3.0f} %), {left}"


def hunt(
    root: Path,
    assignments: Sequence[Assignment],
    jobs: int | None = None,
    exercise: str | None = None,
    *,
    networks: bool = True,
) -> Iterator[tuple[Assignment, str, Hunted]]:
    """Judge the steps of exercises, on all cores.

    Args:
        root: the folder of course.yaml.
        exercise: this one alone.
        networks: also exercises that build networks, which take long.

    Yields:
        Assignment, exercise and what was found, in order; an exercise that several assignments use comes once.
    """
    exercises = each_once(assignments, exercise, networks=networks)
    with ThreadPoolExecutor(jobs or cores()) as pool:
        running = [
            [pool.submit(_hunted, task) for task in _tasks(assignment.folder, name)] for assignment, name in exercises
        ]
        for (assignment, name), mine in zip(exercises, running, strict=True):
            hunted = Hunted()
            for one in mine:
                for words, end in one.result():
                    _note(hunted, words, end)
            report = root / "solutions" / assignment.folder / SURVIVORS
            compare(hunted, name, listed(report).get(name, {}), report.relative_to(root))
            yield assignment, name, hunted


Task = tuple[str, str, int, int]  # folder, exercise, and the numbers of its first step and of that after its last


@cache
def all_steps(folder: str, exercise: str) -> list[tuple[str, Function, Any]]:
    """Words, function and step for every step of every correct implementation of an exercise."""
    found = []
    for who, function in functions(load_content(folder), exercise).items():
        kind, _, id = who.partition(" ")
        if kind == "mutant":
            continue
        name = "solution" if who == SOLUTION else id.partition(".")[2]
        found += [(f"{name}: {step.words}", function, step) for step in steps(function)]
    return found


def _tasks(folder: str, exercise: str) -> list[Task]:
    count = len(all_steps(folder, exercise))
    return [(folder, exercise, start, min(start + TOGETHER, count)) for start in range(0, count, TOGETHER)]


def _hunted(task: Task) -> list[tuple[str, str]]:
    """Words and end of each of a task's steps."""
    folder, exercise, start, stop = task
    words = [words for words, _, _ in all_steps(folder, exercise)[start:stop]]
    return list(zip(words, outlast(_begin, task, stop - start), strict=True))


def _begin(folder: str, exercise: str, start: int, stop: int) -> Worker:
    """In a process of its own: judges the step of a number, from 0 on."""
    hunter, mine = Hunter(load_content(folder).specs[exercise]), all_steps(folder, exercise)[start:stop]

    def judge_step(number: int) -> str:
        _, function, step = mine[number]
        return hunter.killer(defined(step, function))

    return judge_step


def _note(hunted: Hunted, words: str, end: str) -> None:
    hunted.counts["steps"] += 1
    if end == SURVIVED:
        hunted.survivors.append(words)
    else:
        hunted.counts["killed"] += 1


def compare(hunted: Hunted, exercise: str, report: dict[str, Listed], place: Path) -> None:
    """Hold what survived against the report."""
    for words in hunted.survivors:
        if words in report:
            hunted.counts[report[words].kind] += 1
        else:
            remedy = f"add a case that notices, or a row to {place} with the reason"
            hunted.findings.append(f"{exercise}: survives: {words!r}; {remedy}")
    for words in report.keys() - set(hunted.survivors):
        hunted.findings.append(f"{exercise}: {place} lists {words!r}, which does not survive; drop the row")
