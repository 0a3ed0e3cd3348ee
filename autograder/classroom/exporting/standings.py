"""What each student has reached in one assignment, as nbgrader's gradebook says it, penalties for lateness included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.course.cells import checked_exercise
from autograder.course.config import CourseError
from autograder.grading.gradebook import gradebook_url, grades_in_order, opened

NAMED = 20  # students in one message


@dataclass(frozen=True)
class Standing:
    """One student's result.

    Args:
        student: as nbgrader knows them: the name of the folder that was handed in.
        score: points, hand-graded ones included, less ``penalty``; None where nothing was handed in.
        penalty: points lost for handing in late.
        exercises: points of each graded cell, by exercise or question.
        waiting: cells that a person has still to look at.
    """

    student: str
    score: float | None
    penalty: float = 0.0
    exercises: tuple[tuple[str, float], ...] = ()
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True)
class Standings:
    """A class's results in one assignment; ``maximum`` is what a perfect submission has."""

    assignment: str
    maximum: float
    students: tuple[Standing, ...]


def standings(root: Path, assignment: str) -> Standings:
    """Read the results of an assignment, students in order, those of the gradebook who handed in nothing among them.

    Raises:
        CourseError: when nothing of this assignment was graded.
    """
    found: dict[str, Standing] = {}
    in_order = grades_in_order(root, assignment)
    with opened(gradebook_url(root)) as gradebook:
        submissions = gradebook.assignment_submissions(assignment)
        if not submissions:
            raise CourseError([f"{assignment}: nothing was graded; run: course grade {assignment}"])
        maximum = float(gradebook.find_assignment(assignment).max_score)
        for submission in submissions:
            grades = in_order(submission)
            penalty = float(submission.late_submission_penalty or 0.0)
            found[submission.student_id] = Standing(
                submission.student_id,
                round(max(0.0, float(submission.score) - penalty), 2),
                penalty,
                tuple((checked_exercise(grade.name) or grade.name, float(grade.score or 0.0)) for grade in grades),
                tuple(grade.name for grade in grades if grade.needs_manual_grade),
            )
        for student in gradebook.students:
            found.setdefault(student.id, Standing(student.id, None))
    return Standings(assignment, maximum, tuple(found[name] for name in sorted(found)))


def require_finished(known: Standings) -> None:
    """Refuse to send out scores that a person has not finished.

    Raises:
        CourseError: naming the students.
    """
    waiting = [f"{one.student} ({', '.join(one.waiting)})" for one in known.students if one.waiting]
    if waiting:
        raise CourseError(
            [
                f"{known.assignment}: a person has still to grade {named(waiting)}; grade them, or say "
                "--unfinished leave (their cells stay as they are) or --unfinished score (what they have so far)"
            ]
        )


def named(students: Sequence[str]) -> str:
    """Names for a message; of a long list the first, and how many more there are."""
    more = len(students) - NAMED
    return ", ".join(students[:NAMED]) + (f" and {more} more" if more > 0 else "")


def number(points: float) -> str:
    """Points for a cell: two decimals at most, a point between them whatever the platform's language.

    >>> number(7.0), number(7.25), number(1 / 3)
    ('7', '7.25', '0.33')
    """
    return f"{points:.2f}".rstrip("0").rstrip(".")
