"""What several commands do alike: choosing assignments, finding nbgrader's root, showing how far they are."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.course.config import Assignment, Course, CourseError

if TYPE_CHECKING:
    from rich.progress import Progress

Commands = argparse._SubParsersAction  # what `add_parser` belongs to; argparse has no public name for it


def nbgrader_root(course: Course) -> Path:
    """Where nbgrader works: the current folder if it is such a place, else the course's ``build/``."""
    here = Path.cwd()
    return here if (here / "nbgrader_config.py").is_file() else course.root / "build"


def chosen(course: Course, name: str | None) -> list[Assignment]:
    """One assignment, or all."""
    return [course.find(name)] if name else list(course.assignments.values())


def agreed(course: Course, name: str | None) -> list[Assignment]:
    """One assignment, or all; each fits its notebook, its checks and course.yaml before the first is written."""
    from autograder.grading.agreement import require_agreement

    assignments = chosen(course, name)
    require_agreement(course, assignments)
    return assignments


def released(course: Course, name: str) -> tuple[Assignment, Path]:
    """An assignment that students have received, and nbgrader's root; course.yaml may differ from the release.

    Raises:
        CourseError: when course.yaml does not fit the course, or the assignment is not released yet.
    """
    from autograder.grading.agreement import require_agreement
    from autograder.grading.settings import require_settings

    assignment, root = course.find(name), nbgrader_root(course)
    require_agreement(course, [assignment])
    if not (root / "release" / assignment.name).is_dir():
        raise CourseError([f"{root}: {assignment.name} is not released yet; run: course release {assignment.name}"])
    require_settings(root)
    return assignment, root


def handed_in(course: Course, name: str) -> tuple[Assignment, Path]:
    """As ``released``, of an assignment that somebody has handed in.

    Raises:
        CourseError: as ``released``, and when nobody has.
    """
    assignment, root = released(course, name)
    if not any(root.glob(f"submitted/*/{assignment.name}")):
        expected = root / "submitted" / "STUDENT" / assignment.name
        raise CourseError([f"{root}: nobody has handed in {assignment.name}; expected notebooks in {expected}"])
    return assignment, root


def with_release(course: Course, name: str) -> tuple[Assignment, Path]:
    """As ``released``, where course.yaml is what students were promised.

    Raises:
        CourseError: as ``released``, and when course.yaml does not fit the release or the gradebook.
    """
    return _fresh(course, *released(course, name))


def with_submissions(course: Course, name: str) -> tuple[Assignment, Path]:
    """An assignment that can be graded, and nbgrader's root.

    Raises:
        CourseError: as ``handed_in`` and ``with_release``.
    """
    return _fresh(course, *handed_in(course, name))


def _fresh(course: Course, assignment: Assignment, root: Path) -> tuple[Assignment, Path]:
    from autograder.grading.agreement import require_fresh_release
    from autograder.grading.gradebook import gradebook_url

    require_fresh_release(course, assignment, root, gradebook_url(root))
    return assignment, root


def progress_bar() -> Progress:
    """A bar for what takes minutes, below the lines that stay."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, transient=True)


def counted(number: int, word: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{number} {word}{'' if number == 1 else 's'}"
