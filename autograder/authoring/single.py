"""One notebook that brings its files along, for Colab, for Kaggle, for e-mail: made from a release, as it is."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell

from autograder.authoring.shipping import PACKAGE, made, shipped
from autograder.course.carrying import carrying_cell
from autograder.course.config import Assignment, Course
from autograder.grading.beside import beside, swap

FOLDER = "single-file"  # in nbgrader's root
HIDDEN = {"cellView": "form", "jupyter": {"source_hidden": True}}  # in Colab and in JupyterLab, until somebody looks


def write_single(release: Path, course: Course, assignment: Assignment, root: Path) -> Path:
    """Write ``root/single-file/NAME/FOLDER.ipynb``.

    Args:
        release: the folder that students get, searched for leaks.
        root: nbgrader's root.

    Raises:
        CourseError: when it cannot be written.
    """
    notebook = single_file(release, course, assignment)
    place = root / FOLDER / assignment.name
    with beside(root) as scratch:
        new = scratch / FOLDER
        new.mkdir()
        nbformat.write(notebook, new / f"{assignment.folder}.ipynb")
        swap(new, place)
    return place / f"{assignment.folder}.ipynb"


def single_file(release: Path, course: Course, assignment: Assignment) -> NotebookNode:
    """The released notebook with one cell more, above the first that holds code: it unpacks the other files."""
    notebook = nbformat.read(release / f"{assignment.folder}.ipynb", as_version=4)
    names = [name for name in [*shipped(course, assignment), *made(assignment)] if name.startswith(f"{PACKAGE}/")]
    files = {name: (release / name).read_bytes() for name in [*names, "requirements.txt"]}
    source = carrying_cell(files, f"{assignment.folder}_files")
    first = next(number for number, cell in enumerate(notebook.cells) if cell.cell_type == "code")
    notebook.cells.insert(first, new_code_cell(source, id=PACKAGE, metadata=dict(HIDDEN)))
    return notebook
