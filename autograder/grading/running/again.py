"""Who is graded again without being asked: whose work the grader could not judge, through no fault of theirs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry

from autograder.grading.gradebook import opened, resolved
from autograder.grading.pages.contents import RECORD


def left_to_a_person(coursedir: Any, graded: Iterable[Path]) -> list[Path]:
    """Graded folders of those whom the grader left to a person because of a fault of its own, and no person has graded.

    Args:
        coursedir: nbgrader's, of the assignment.
        graded: folders of graded submissions, ``autograded/STUDENT/a1``.

    Raises:
        CourseError: when the gradebook cannot be read.
    """
    faulty = [folder for folder in graded if _is_at_fault(folder / RECORD)]
    if not faulty:
        return []
    with opened(resolved(coursedir.db_url, Path(coursedir.root))) as gradebook:
        return [folder for folder in faulty if not _by_hand(gradebook, folder.name, folder.parent.name)]


def _is_at_fault(record: Path) -> bool:
    """Whether some exercise has no verdict because of a fault of ours: its traceback is kept."""
    try:
        return any(verdict["traceback"] for verdict in json.loads(record.read_text(encoding="utf-8"))["verdicts"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _by_hand(gradebook: Gradebook, assignment: str, student: str) -> bool:
    """Whether a person has given a score, or points on top, or has written a comment."""
    try:
        notebooks = gradebook.find_submission(assignment, student).notebooks
    except MissingEntry:
        return False
    grades = (grade for notebook in notebooks for grade in notebook.grades)
    comments = (comment.manual_comment for notebook in notebooks for comment in notebook.comments)
    return any(g.manual_score is not None or g.extra_credit is not None for g in grades) or any(comments)
