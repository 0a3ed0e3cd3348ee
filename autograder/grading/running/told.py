"""What there is to tell of a submission once it is judged."""

from __future__ import annotations

from collections.abc import Iterator

from autograder.course.cells import check_cell
from autograder.grading.grade import Grader, Result, Submission
from autograder.grading.running.events import Died, Event, Judged, NotGraded, Repaired
from autograder.judge.verdict import NOT_WRITTEN


def told(student: str, grader: Grader, submission: Submission, result: Result, *, before: bool) -> Iterator[Event]:
    """What happened to a submission, and last what it earns.

    Args:
        before: whether an earlier run has judged it.
    """
    yield from (Repaired(student, note) for note in submission.notes)
    if submission.fault:
        yield NotGraded(student, submission.fault.strip().splitlines()[-1])
    elif not submission.unreadable:
        for verdict in result.verdicts.values():
            if verdict.status == "graded" and verdict.reason and not verdict.reason.startswith(NOT_WRITTEN):
                yield Died(student, verdict.exercise, verdict.reason)
    worth = {name: grader.assignment.points(name) for name in grader.assignment.exercises}
    earned = {name: grader.automatic(check_cell(name), points, submission, result) for name, points in worth.items()}
    yield Judged(
        student,
        score=round(sum(score or 0.0 for score, _ in earned.values()), 2),
        of=sum(worth.values()),
        seconds=result.seconds,
        exercises=dict(result.timings),
        flags=tuple(name for name, (score, flagged) in earned.items() if flagged or score is None),
        isolation=result.isolation,
        before=before,
    )
