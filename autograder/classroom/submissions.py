"""Whose submissions lie in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from autograder.course.config import CourseError
from autograder.grading.arriving import folders

MOST_STUDENTS = 100_000
NAMED = 20  # in one message


def students(submitted: Path, assignment: str) -> Iterator[str]:
    """Who has handed in an assignment, in order; a link is nobody.

    Args:
        submitted: the folder with one folder for each student.
    """
    with folders.opened(str(submitted)) as parent:
        for name in folders.names(parent, MOST_STUDENTS):
            if folders.kind(parent, name) == "a folder":
                with folders.opened(name, parent) as of_student:
                    if folders.kind(of_student, assignment) == "a folder":
                        yield name


def require_student(submitted: Path, assignment: str, student: str) -> str:
    """A student who has handed in.

    Raises:
        CourseError: when nobody of this name has.
    """
    known = list(students(submitted, assignment))
    if student not in known:
        expected = f"expected a student who has handed in, received {student!r}"
        raise CourseError([f"{assignment}: {expected}; there are {', '.join(known[:NAMED])}"])
    return student
