"""Judge the bank again and again, in another order and on another number of workers: `course doctor --regrade 20`.

The same submission gets the same grade: nothing may depend on what was judged before it, or beside it. Each round
judges every implementation that is known, in processes of its own; the bytes of each verdict must be those of round 1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from autograder.authoring.doctor.examining import Judged, Task, each_once, judge_functions, tasks
from autograder.authoring.doctor.workers import cores, one_task_each
from autograder.course.config import Assignment, Course

Verdicts = dict[str, bytes]  # by ``EXERCISE: IMPLEMENTATION``


@dataclass
class Round:
    """One judgement of the whole bank.

    Args:
        workers: how many processes judged at the same time.
        verdicts: the number of verdicts.
        findings: one sentence for each verdict that is not that of the first round.
    """

    workers: int
    verdicts: int
    findings: list[str] = field(default_factory=list)


def regrade(
    course: Course, assignments: Sequence[Assignment], rounds: int, exercise: str | None = None
) -> Iterator[Round]:
    """Judge the bank ``rounds`` times; no network is trained.

    Args:
        exercise: this one alone.
    """
    known = [task for one, name in each_once(assignments, exercise) for task in tasks(course, one, name, trials=False)]
    first: Verdicts = {}
    for number in range(rounds):
        workers = 1 + number % (2 * cores())
        verdicts: Verdicts = {}
        with one_task_each(workers) as pool:
            for task, judged in pool.imap_unordered(_judged, shuffled(known, np.random.default_rng(number))):
                verdicts |= in_bytes(task, judged)
        first = first or verdicts
        yield Round(
            workers, len(verdicts), list(differences(first, verdicts, f"round {number + 1}, {workers} workers"))
        )


def shuffled(known: Sequence[Task], rng: np.random.Generator) -> list[Task]:
    """The same tasks in another order, the functions of each in another order."""
    mixed = [replace(task, functions=tuple(rng.permutation(task.functions).tolist())) for task in known]
    return [mixed[place] for place in rng.permutation(len(mixed))]


def _judged(task: Task) -> tuple[Task, Judged]:
    return task, judge_functions(task)


def in_bytes(task: Task, judged: Judged) -> Verdicts:
    """Each implementation's verdicts as bytes."""
    return {
        f"{task.exercise}: {name}": json.dumps([verdict.to_json() for verdict in verdicts]).encode()
        for name, verdicts in judged.verdicts.items()
    }


def differences(first: Mapping[str, bytes], later: Mapping[str, bytes], when: str) -> Iterator[str]:
    """What is not as it was, in words."""
    for name in sorted(first.keys() | later.keys()):
        if first.get(name) != later.get(name):
            expected, received = (_text(verdicts.get(name)) for verdicts in (first, later))
            place = next(
                (i for i, (a, b) in enumerate(zip(expected, received)) if a != b), min(len(expected), len(received))
            )
            shown = slice(max(place - 40, 0), place + 80)
            told = f"expected the verdict of round 1, ...{expected[shown]}..., received ...{received[shown]}..."
            yield f"{name}: {when}: {told}"


def _text(verdict: bytes | None) -> str:
    return "no verdict" if verdict is None else verdict.decode()
