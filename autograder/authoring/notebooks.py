"""Run the instructor's notebooks from top to bottom, experiments included, as a student with all answers would."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbconvert import HTMLExporter
from nbformat.notebooknode import NotebookNode

from autograder.authoring.build import build_assignment
from autograder.course.cells import experiment, nbgrader_name
from autograder.course.config import Assignment, Course
from autograder.course.script import announced

CELL_SECONDS = 300.0
QUIET = ["--IPKernelApp.log_level=ERROR"]  # a kernel on this machine's own network needs no warning of the network
PATIENCE = 10.0  # times what was announced: other machines are slower, and busy
Watch = Callable[[int, int, str], None]  # number of the cell, of all cells, what it is


@dataclass(frozen=True)
class Executed:
    """One notebook's run: the page to look at, how long it took, and what went wrong, "" for nothing."""

    page: Path
    seconds: float
    problem: str


def execute(
    course: Course, assignments: Sequence[Assignment], root: Path, watch: Watch = lambda number, total, cell: None
) -> Iterator[Executed]:
    """Build assignments into ``root`` and execute each notebook, solutions in place, in a kernel of its own.

    Args:
        watch: told of each cell before it runs.

    Yields:
        One result for each assignment, in order; its page is written even when a cell failed or took too long. Pages
        of other assignments stay.
    """
    for assignment in assignments:
        page = root / f"{assignment.folder}.html"
        page.unlink(missing_ok=True)
        folder = build_assignment(course, assignment.name, root)
        notebook = nbformat.read(folder / f"{assignment.folder}.ipynb", as_version=4)
        started = time.monotonic()
        problem = _run(notebook, folder, watch)
        seconds = time.monotonic() - started
        page.write_text(HTMLExporter().from_notebook_node(notebook)[0], encoding="utf-8")
        nbformat.write(notebook, page.with_suffix(".ipynb"))
        yield Executed(page, seconds, problem)


def _run(notebook: NotebookNode, folder: Path, watch: Watch) -> str:
    """Execute a notebook in place; returns what stopped it, in one line, "" for nothing."""
    reached = [0]

    def starts(cell: NotebookNode, cell_index: int) -> None:
        reached[0] = cell_index
        if cell.cell_type == "code":
            watch(cell_index, len(notebook.cells), _title(cell, cell_index))

    client = NotebookClient(
        notebook,
        timeout_func=limit,
        resources={"metadata": {"path": str(folder)}},
        on_cell_start=starts,
        extra_arguments=QUIET,
    )
    try:
        client.execute(env={**os.environ, "NBGRADER_EXECUTION": "validate"})  # a check that does not pass raises
    except CellTimeoutError:
        remedy = "announce more with track(..., minutes=...), or do less"
        problem = f"was stopped after {limit(notebook.cells[reached[0]]):.0f} s; {remedy}"
    except CellExecutionError as error:
        problem = f"raised {error.ename}: {[*str(error.evalue).splitlines(), ''][0]}"
    except DeadKernelError:
        problem = "lost its kernel, perhaps for lack of memory"
    else:
        return ""
    return f"{_title(notebook.cells[reached[0]], reached[0])} {problem}"


def limit(cell: NotebookNode) -> float:
    """How many seconds a cell may take: many times what it announces to its reader."""
    return max(CELL_SECONDS, PATIENCE * 60 * announced(cell.source))


def _title(cell: NotebookNode, index: int) -> str:
    name = experiment(cell.metadata) or nbgrader_name(cell.metadata)
    return f"cell {index + 1}" + (f" ({name})" if name else "")
