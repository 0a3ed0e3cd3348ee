"""Hand-ins as data: what a student put into the folder, and what must come out of grading it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from damage import cell_of
from nbformat.notebooknode import NotebookNode
from released import Classroom

ANSWER = "\n\nMy answer, with its reasons: the shift of each layer goes into the bias of the next one."
ALL = ("*",)  # every exercise of the assignment

# By its name in the folder: a notebook, a text, bytes, None for a folder, or a function that makes it at its path.
File = Mapping[str, Any] | str | bytes | None | Callable[[Path], Any]
Builder = Callable[[Classroom], Mapping[str, Any]]


@dataclass(frozen=True)
class HandIn:
    """One student's hand-in.

    Args:
        name: what it is, and the student's folder unless ``student`` says otherwise.
        build: makes the notebook that was handed in, or a dict of ``Files``.
        lost: points lost, by exercise; every other exercise has full marks.
        flagged: exercises that a person has to look at; ``ALL`` for every one.
        silent: answers with an automatic zero; every other answer waits for a person.
        notes: the grader's notes: words of each, in order. There is no other note.
        shows: words that stand on the feedback page and on formgrader's page.
        hides: words that stand on neither.
        pictures: how many pictures both pages show; None where that is not the question.
        student: the name of the folder under ``submitted``; by default the name.
        row: the student's name in the gradebook; by default the folder's.
        assignment: the course's name for it.
    """

    name: str
    build: Builder
    lost: Mapping[str, float] = field(default_factory=dict)
    flagged: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()
    pictures: int | None = None
    student: str = ""
    row: str = ""
    assignment: str = "a1"

    def __post_init__(self) -> None:
        object.__setattr__(self, "student", self.student or self.name)
        object.__setattr__(self, "row", self.row or self.student)


class Files(dict[str, File]):
    """What lies in ``submitted/STUDENT/ASSIGNMENT``, by its path there."""


class Bank(list[HandIn]):
    """The hand-ins of one module of this folder; the tests take every module's ``HAND_INS``."""

    def hand_in(self, **expected: Any) -> Callable[[Builder], Builder]:
        """Add a builder under its function's name, with what is expected of it."""

        def add(build: Builder) -> Builder:
            self.append(HandIn(**{"name": build.__name__.replace("_", "-"), "build": build, **expected}))
            return build

        return add


def perfect(classroom: Classroom, changed: Mapping[str, str] | None = None) -> NotebookNode:
    """Every exercise right, but for those in ``changed``, and every question answered."""
    notebook = classroom.notebook(changed)
    for name in classroom.assignment.answers:
        cell_of(notebook, name).source += ANSWER
    return notebook


def notebook_name(classroom: Classroom) -> str:
    """The file that students are asked for."""
    return f"{classroom.assignment.folder}.ipynb"


def write(hand_in: HandIn, classroom: Classroom) -> None:
    """Put a hand-in where nbgrader expects it."""
    built = hand_in.build(classroom)
    files = built if isinstance(built, Files) else Files({notebook_name(classroom): built})
    folder = classroom.root / "submitted" / hand_in.student / hand_in.assignment
    folder.mkdir(parents=True)
    for name, content in files.items():
        _write(folder / name, content)


def _write(path: Path, content: File) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    match content:
        case None:
            path.mkdir()
        case bytes():
            path.write_bytes(content)
        case str():
            path.write_text(content, encoding="utf-8")
        case Mapping():
            path.write_text(json.dumps(content), encoding="utf-8")
        case _:
            content(path)
