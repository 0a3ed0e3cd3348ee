"""Run the instructor's notebooks from top to bottom, experiments included, as a student with all answers would."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter

from autograder.build import build_assignment
from autograder.course import Assignment, Course

CELL_SECONDS = 300


@dataclass(frozen=True)
class Executed:
    """One notebook's run: the page to look at, how long it took, and what went wrong, "" for nothing."""

    page: Path
    seconds: float
    problem: str


def execute(course: Course, assignments: Sequence[Assignment], root: Path) -> Iterator[Executed]:
    """Build assignments into ``root`` and execute each notebook, solutions in place, in a kernel of its own.

    Yields:
        One result for each assignment, in order; its page is written even when a cell failed.
    """
    shutil.rmtree(root, ignore_errors=True)
    for assignment in assignments:
        folder = build_assignment(course, assignment.name, root)
        notebook = nbformat.read(folder / f"{assignment.folder}.ipynb", as_version=4)
        client = NotebookClient(notebook, timeout=CELL_SECONDS, resources={"metadata": {"path": str(folder)}})
        started, problem = time.monotonic(), ""
        try:
            client.execute()
        except CellExecutionError as error:
            problem = str(error)
        seconds = time.monotonic() - started
        page = root / f"{assignment.folder}.html"
        page.write_text(HTMLExporter().from_notebook_node(notebook)[0], encoding="utf-8")
        nbformat.write(notebook, page.with_suffix(".ipynb"))
        yield Executed(page, seconds, problem)
