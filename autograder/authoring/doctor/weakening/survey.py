"""Weaken the grader, again and again, and see who notices: `course doctor --mutate-grader`.

First the bank is judged by the grader as it is: it must be in order, or what is noticed later proves nothing. Then
each weakening has a process of its own, in which those are judged again that are likely to notice, and in the end all.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from autograder.authoring.doctor.examining import SOLUTION, Task, each_once, judge_functions, tasks
from autograder.authoring.doctor.weakening.handing_in import SmallClass, grade_class
from autograder.authoring.doctor.weakening.noticing import (
    Cheating,
    KnownOnes,
    Noticed,
    Verdicts,
    Witness,
    conclusions,
    notice,
)
from autograder.authoring.doctor.weakening.weakened import Weakening
from autograder.authoring.doctor.workers import one_task_each
from autograder.course.config import Assignment, Course
from autograder.course.content import load_content
from autograder.judge.laboratory import open_laboratory
from autograder.judge.verdict import Verdict

TRAINED = 2  # wrong networks that are trained for one witness


@dataclass(frozen=True)
class Known:
    """An exercise as the grader judges it that nobody has weakened.

    Args:
        verdicts: on every known implementation; where ``task.trials``, on the few that the task holds.
        seconds: of work that it took.
    """

    task: Task
    verdicts: Verdicts
    seconds: float = 0.0

    @property
    def each(self) -> float:
        """Seconds for one implementation."""
        return self.seconds / max(len(self.task.functions), 1)

    @property
    def findings(self) -> Sequence[str]:
        """What is wrong before anything is weakened."""
        return conclusions(load_content(self._folder), self.task.exercise, self.verdicts)

    @property
    def _folder(self) -> str:
        return self.task.course.find(self.task.assignment).folder

    def witness(self, names: Sequence[str] | None = None) -> KnownOnes:
        """Some of its implementations, or all, to be judged once more."""
        names = self.task.functions if names is None else names
        laboratory = open_laboratory(self.task.course.data.model_dump(), self._folder) if self.task.trials else None
        return KnownOnes(load_content(self._folder), self.task.exercise, names, self.verdicts, laboratory)


def survey(
    course: Course,
    assignments: Sequence[Assignment],
    weakenings: Sequence[Weakening],
    jobs: int | None = None,
    exercise: str | None = None,
    *,
    networks: bool = True,
) -> Iterator[Noticed]:
    """Try weakenings on all cores.

    Args:
        exercise: this one alone is asked.
        networks: also exercises that build networks, which take long; weakenings that are about them.

    Yields:
        First what the unweakened grader says, under the name ``nothing``; then what came of each weakening, in order.
    """
    wanted = [one for one in weakenings if one.witnesses != "class" or exercise is None]
    with one_task_each(jobs) as pool, TemporaryDirectory(prefix="course-weakened-") as folder:
        asked = [
            task
            for assignment, name in each_once(assignments, exercise, networks=networks)
            for task in _tasks(course, assignment, name, trained=any(one.witnesses == "training" for one in wanted))
        ]
        known = list(pool.imap(_judged, asked))
        whole = {one.task.exercise: one.verdicts for one in known if not one.task.trials}
        known = [_completed(one, whole) for one in known]
        baseline = Noticed("nothing", asked=len(known))
        baseline.findings = [f"the grader as it is: {finding}" for one in known for finding in one.findings]
        handed_in: SmallClass | None = None
        if any(one.witnesses == "class" for one in wanted):
            mine = {name: whole[name] for name in assignments[0].exercises if name in whole}
            handed_in = pool.apply(grade_class, (course, assignments[0], mine, Path(folder)))
            baseline.findings += [f"the grader as it is: {finding}" for finding in handed_in.findings()]
        yield baseline
        yield from pool.imap(partial(_noticed, known, handed_in), wanted)


def _tasks(course: Course, assignment: Assignment, name: str, *, trained: bool) -> Iterator[Task]:
    """All implementations of an exercise; and a few of those that only a training tells from right ones."""
    yield from tasks(course, assignment, name, trials=False)
    content = load_content(assignment.folder)
    wrong = [f"mutant {mutant.id}" for mutant in content.mutants[name] if mutant.trained][:TRAINED]
    if trained and content.specs[name].trial is not None and wrong:
        yield Task(course, assignment.name, name, (SOLUTION, *wrong), trials=True)


def _judged(task: Task) -> Known:
    start = time.process_time()
    verdicts = judge_functions(task).verdicts
    return Known(task, verdicts, time.process_time() - start)


def _completed(one: Known, whole: Mapping[str, Verdicts]) -> Known:
    """Where only a few are trained, the others as they were judged without."""
    return replace(one, verdicts={**whole[one.task.exercise], **one.verdicts})


def _noticed(known: Sequence[Known], handed_in: SmallClass | None, weakening: Weakening) -> Noticed:
    if weakening.witnesses == "class" and handed_in is not None:
        return notice(weakening, [handed_in])
    return notice(weakening, witnesses(weakening, known))


def witnesses(weakening: Weakening, known: Sequence[Known]) -> Iterator[Witness]:
    """Whom to ask, the likeliest to notice first, and in the end everybody."""
    known = [one for one in known if one.task.trials == (weakening.witnesses == "training")]
    cheapest = sorted(known, key=lambda one: one.each)
    if weakening.cheat is not None:
        for one in cheapest:
            yield Cheating(one.witness().content, one.task.exercise, weakening.cheat)
        return
    likely = {id(one): _likely(one, weakening) for one in known}
    for one in cheapest:
        if likely[id(one)]:
            yield one.witness(likely[id(one)])
    for one in sorted(known, key=lambda one: one.seconds):
        others = [name for name in one.task.functions if name not in likely[id(one)]]
        if others:
            yield one.witness(others)


def _likely(one: Known, weakening: Weakening) -> list[str]:
    """The implementations of an exercise on whose verdicts a weakening should show."""
    return [
        name
        for name in one.task.functions
        if _rests_on(one.verdicts[name], weakening.lets_pass) or (weakening.wrongs and not name.startswith("mutant "))
    ]


def _rests_on(verdicts: Sequence[Verdict], kinds: frozenset[str]) -> bool:
    """Whether every check that fails does so by one of these kinds of failures."""
    failing = [{check.kind for check in verdict.checks if check.failed} for verdict in verdicts]
    return all(failing) and set.union(*failing) <= kinds
