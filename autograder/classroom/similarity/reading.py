"""Read submissions for comparison: by the readers of grading, within their bounds; nothing is run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nbformat.notebooknode import NotebookNode

from autograder.classroom.similarity.comparing import Work
from autograder.classroom.submissions import students
from autograder.course.config import CourseError
from autograder.grading.grade import Grader, plan


def read_works(
    grader: Grader, submitted: Path, year: str = "", jobs: int = 1
) -> Iterator[tuple[Work | None, str, str]]:
    """Every submission in a folder: the work, or None; whose it is; and why it could not be read.

    Args:
        submitted: the folder with one folder for each student.
        year: what the lecturer calls it; "" for this class.

    Raises:
        CourseError: when there is no such folder, or nobody has handed in there.
    """
    assignment = grader.assignment
    if not submitted.is_dir():
        raise CourseError([f"{submitted}: expected a folder with one folder for each student, received none"])
    names = list(students(submitted, assignment.name))
    if not names:
        raise CourseError([f"{submitted}: expected STUDENT/{assignment.name}/ in it, received none"])

    def one(name: str) -> tuple[Work | None, str, str]:
        submission = grader.prepare(submitted / name / assignment.name / f"{assignment.folder}.ipynb")
        problem = submission.unreadable or submission.fault
        return None if problem else Work(name, pieces(submission.notebook), year), name, problem

    with ThreadPoolExecutor(max(1, jobs)) as pool:
        yield from pool.map(one, names)


def pieces(notebook: NotebookNode) -> dict[str, str]:
    """The code that belongs to each exercise: what stands before its check cell, experiments left out."""
    found: dict[str, str] = {}
    sources: list[str] = []
    for step in plan(notebook):
        if step.kind == "run":
            sources += [] if step.definitions else [step.source]
        elif not step.late:
            found[step.exercise], sources = "\n\n".join(sources), []
    return found


def released_pieces(grader: Grader) -> dict[str, str]:
    """The code that everybody was given."""
    return pieces(grader.release)


def years(folders: Sequence[Path]) -> list[tuple[str, Path]]:
    """What earlier folders are called on the page: by their own name, or that of the folder which they are in."""
    named = [(folder.parent.name if folder.name == "submitted" else folder.name, folder) for folder in folders]
    return [(name or "earlier", folder) for name, folder in named]
