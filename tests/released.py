"""A released assignment, and who hands in; a module of its own, because pytest knows several by the name conftest."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import nbformat
import pytest
from nbformat.notebooknode import NotebookNode

from autograder.authoring.demo import cell_source, fill_in, hand_in
from autograder.authoring.release import release_assignment
from autograder.course.config import Assignment, Course
from autograder.course.content import Content, load_content


def released(
    course: Course, name: str, tmp_path_factory: pytest.TempPathFactory, *, misconceptions: bool = True
) -> Classroom:
    """A class that has received an assignment.

    Args:
        misconceptions: False ships none to ``check``; to find out what each mutant does takes a minute for networks.
    """
    root, assignment = tmp_path_factory.mktemp("class"), course.assignments[name]
    content = load_content(assignment.folder)
    known = None if misconceptions else {m.id: None for mutants in content.mutants.values() for m in mutants}
    release_assignment(course, name, root, known)
    return Classroom(root, assignment, content)


class Classroom:
    """nbgrader's root with a released assignment."""

    def __init__(self, root: Path, assignment: Assignment, content: Content) -> None:
        self.root, self.assignment, self._content = root, assignment, content
        self.right = {name: cell_source(function, name) for name, function in content.solutions.items()}

    def release(self) -> NotebookNode:
        """A fresh copy of the notebook that students received."""
        name = f"{self.assignment.folder}.ipynb"
        return nbformat.read(self.root / "release" / self.assignment.name / name, as_version=4)

    def notebook(self, changed: Mapping[str, str] | None = None) -> NotebookNode:
        """A perfect submission, but for the exercises in ``changed``."""
        return fill_in(self.release(), {**self.right, **(changed or {})})

    def apart(self, root: Path) -> Classroom:
        """The same release in another folder, where nobody has handed in."""
        shutil.copytree(self.root, root, ignore=shutil.ignore_patterns("submitted"))
        return Classroom(root, self.assignment, self._content)

    def hand_in(self, student: str, notebook: NotebookNode | str) -> Path:
        """Write a submission; a string is written as it is."""
        text = notebook if isinstance(notebook, str) else json.dumps(notebook)
        return hand_in(self.root, student, self.assignment, text)
