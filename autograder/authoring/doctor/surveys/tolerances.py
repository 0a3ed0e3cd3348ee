"""How much room tolerances leave on both sides: `course doctor --tolerances`.

For each case with a tolerance: the largest error of any right answer and the smallest of any wrong one. Where either is
within ten times of the tolerance, that is a finding, unless ``tolerances.toml`` gives the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.authoring.doctor.examining import each_once
from autograder.authoring.doctor.surveys.margins import (
    FACTOR,
    Margin,
    Margins,
    Place,
    check_of,
    measure_right,
    measure_wrong,
)
from autograder.authoring.doctor.surveys.reasons import TOLERANCES, Reason, reasons
from autograder.authoring.doctor.surveys.surroundings import SURROUNDINGS, Task, measure_elsewhere
from autograder.authoring.doctor.workers import one_task_each
from autograder.course.config import Assignment
from autograder.course.content import load_content

SEEDS = 10
FEWER = 5  # of so many seeds one serves an exercise that builds networks, and one in other surroundings


@dataclass
class Tolerances:
    """What the tolerances of one exercise leave.

    Args:
        cases: by check and place, those whose floating values a tolerance decides.
    """

    cases: dict[str, Margin]
    findings: list[str] = field(default_factory=list)

    def by_check(self) -> dict[str, Margin]:
        """The narrowest margins of each check."""
        found = dict[str, Margin]()
        for name, margin in self.cases.items():
            mine = found.setdefault(check_of(name), Margin())
            if margin.right:
                mine.add_right(margin.right)
            for place in margin.wrong.values():
                mine.add_wrong(place)
        return found


def survey_tolerances(
    root: Path,
    assignments: Sequence[Assignment],
    seeds: int = SEEDS,
    jobs: int | None = None,
    exercise: str | None = None,
    *,
    networks: bool = True,
    say: Callable[[str], None] = lambda words: None,
) -> Iterator[tuple[Assignment, str, Tolerances]]:
    """Measure exercises, on all cores, in all surroundings.

    Args:
        root: the folder of course.yaml.
        exercise: this one alone.
        networks: also exercises that build networks, which take long.
        say: is told how far the work is.

    Yields:
        Assignment, exercise and what was found, in order; an exercise that several assignments use comes once.
    """
    exercises = each_once(assignments, exercise, networks=networks)
    tasks = [_task(assignment, name, seeds) for assignment, name in exercises]
    elsewhere = [Margins() for _ in tasks]
    few: list[Task] = [(folder, name, numbers[: -(-len(numbers) // FEWER)]) for folder, name, numbers in tasks]
    for where in SURROUNDINGS:
        say(f"correct implementations: {where}")
        for margins, more in zip(elsewhere, measure_elsewhere(where, few, jobs), strict=True):
            margins.add(more)
    with one_task_each(jobs) as pool:
        results = pool.imap(_measured, list(zip(tasks, elsewhere, strict=True)))
        for assignment, name in exercises:
            place = Path("solutions") / assignment.folder / TOLERANCES
            mine = reasons(root / place).get(name, [])
            yield assignment, name, judged(name, next(results), mine, place, stale=seeds >= SEEDS)


def _task(assignment: Assignment, exercise: str, seeds: int) -> Task:
    slow = load_content(assignment.folder).specs[exercise].builds_networks
    return assignment.folder, exercise, list(range(-(-seeds // FEWER) if slow else seeds))


def _measured(task: tuple[Task, Margins]) -> Margins:
    (folder, exercise, seeds), margins = task
    content = load_content(folder)
    margins.add(measure_right(content, exercise, seeds))
    margins.add(measure_wrong(content, exercise, seeds, margins))
    return margins


def judged(exercise: str, margins: Margins, rows: Sequence[Reason], place: Path, *, stale: bool = True) -> Tolerances:
    """What is wrong with the margins of one exercise.

    Args:
        place: where the reasons stand, for messages.
        stale: whether a reason without its error is a finding; with fewer seeds than usual it may be met by others.
    """
    seen = Tolerances({name: margin for name, margin in margins.cases.items() if margin.right})
    seen.findings += [f"{exercise}: {loss}" for loss in margins.losses]
    needed = set[tuple[str, str]]()  # check, and the mutant or nobody
    for name, margin in seen.cases.items():
        check = check_of(name)[1:-1]
        for id, error in _near(margin):
            needed.add((check, id))
            if not any(row.check == check and (id in row.mutants if id else not row.mutants) for row in rows):
                seen.findings.append(f"{exercise}: {name}: {_in_words(error, id)}, or give the reason in {place}")
    given = [(row.check, id) for row in rows for id in row.mutants or ("",)]
    for check, id in given if stale else []:
        if (check, id) not in needed:
            what = f"the error of {id}" if id else "right answers"
            seen.findings.append(f"{exercise}: {place} excuses {what} at {check!r}, which needs no excuse; drop it")
    return seen


def _near(margin: Margin) -> Iterator[tuple[str, Place]]:
    """Errors that are too near to the tolerance: each with the mutant's id, or none where the answer is right."""
    if margin.right and margin.right.error.share * FACTOR > 1:
        yield "", margin.right
    yield from margin.near.items()


def _in_words(place: Place, mutant: str) -> str:
    error = place.error
    told = f"{place.who} ({place.when}) errs by {error.size:.1e}, allowed are {error.allowed:.1e}"
    told += f" ({error.tolerance.reason})"
    if mutant:
        return f"{told}; expected {FACTOR} times as much of a wrong answer: choose the case anew, narrow the tolerance"
    return f"{told}; expected a tenth at most of a right answer: choose the case anew, widen the tolerance"
