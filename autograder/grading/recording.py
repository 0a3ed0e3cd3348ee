"""Write a release into the gradebook: when it is due, and which cells earn how many points."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook
from nbgrader.preprocessors import SaveCells

from autograder.course.config import Assignment


def record_due(gradebook: Gradebook, assignment: Assignment) -> None:
    """Write an assignment and its due date, from which nbgrader counts late days."""
    due = assignment.due.astimezone(UTC).replace(tzinfo=None)
    gradebook.update_or_create_assignment(assignment.name, duedate=due)


def record_cells(url: str, assignment: Assignment, release: Path) -> None:
    """Have nbgrader write a release's cells into the gradebook, as its own ``generate_assignment`` does.

    Args:
        url: the gradebook's address.
        release: the folder that students get.
    """
    notebook = nbformat.read(release / f"{assignment.folder}.ipynb", as_version=4)
    info = {"notebook": assignment.folder, "assignment": assignment.name, "db_url": url}
    SaveCells().preprocess(notebook, {"nbgrader": info})
