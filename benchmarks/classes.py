"""Classes for benchmarks: everybody hands in the reference solutions, each with a line of their own.

No two submissions are equal, as in a class: each has hidden cases of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import nbformat
from measuring import ROOT
from nbformat.notebooknode import NotebookNode

from autograder.authoring.demo import cell_source, fill_in, hand_in
from autograder.authoring.release import release_assignment
from autograder.course.config import Assignment, Course, load_course
from autograder.course.content import load_content

Change = Callable[[NotebookNode], None]


class Room:
    """nbgrader's root with a released assignment, and who hands in there.

    Args:
        root: the folder.
        name: the assignment.
        sources: what is handed in where that is not the reference solution, by exercise.
    """

    def __init__(self, root: Path, name: str, sources: Mapping[str, str] | None = None) -> None:
        self.course: Course = load_course(ROOT)
        self.root, self.assignment = root, self.course.find(name)
        content = load_content(self.assignment.folder)
        known = {mutant.id: None for mutants in content.mutants.values() for mutant in mutants}
        release = release_assignment(self.course, name, root, known)  # `check` is not what is measured
        self._release = release / f"{self.assignment.folder}.ipynb"
        right = {name: cell_source(function, name) for name, function in content.solutions.items()}
        self._sources = {**right, **(sources or {})}

    def hand_in(self, student: str, change: Change = lambda notebook: None) -> Path:
        """Write a submission that nobody else has."""
        notebook = fill_in(nbformat.read(self._release, as_version=4), self._sources)
        cell = next(cell for cell in notebook.cells if cell.id.startswith("exercise-"))
        cell.source += f"\n# {student}\n"
        change(notebook)
        return hand_in(self.root, student, self.assignment, json.dumps(notebook))

    def hand_in_many(self, count: int, change: Change = lambda notebook: None) -> None:
        """A class of so many; who is there already hands in the same again."""
        for number in range(count):
            self.hand_in(f"student{number:04}", change)


def importing_tensorflow(notebook: NotebookNode) -> None:
    """Let a notebook import TensorFlow, as those of Keras assignments do."""
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    cell = nbformat.v4.new_code_cell("import tensorflow, keras", id="tensorflow")
    notebook.cells.insert(notebook.cells.index(first) + 1, cell)


def own_limits(folder: Path, limits: Mapping[str, float]) -> None:
    """Write a course.yaml that differs from the course's own in its limits."""
    lines = (ROOT / "course.yaml").read_text(encoding="utf-8").splitlines()
    for name, value in limits.items():
        (place,) = (number for number, line in enumerate(lines) if line.strip().startswith(f"{name}:"))
        lines[place] = f"    {name}: {value}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "course.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


__all__ = ["Assignment", "Room", "importing_tensorflow", "own_limits"]
