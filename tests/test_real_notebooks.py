"""Notebooks as students really hand them in, through plain nbgrader: exact scores, flags and notes, and every page.

The hand-ins are data in ``tests/real/*.py``. All of one assignment are graded in one class, once.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from damage import nbgrader
from formgrader import get, serving
from nbgrader.api import Gradebook
from real.handing_in import ALL, HandIn, write
from released import Classroom

from autograder.authoring.build import build_assignment
from autograder.authoring.release import release_assignment
from autograder.classroom.scores import Score, scores
from autograder.course.content import load_content

pytestmark = pytest.mark.long
MODULES = sorted(path.stem for path in (Path(__file__).parent / "real").glob("*.py"))
MODULES = os.environ["REAL"].split(",") if "REAL" in os.environ else MODULES  # only some, while one works on them
HAND_INS = [
    hand_in for module in MODULES for hand_in in getattr(importlib.import_module(f"real.{module}"), "HAND_INS", ())
]
each_hand_in = pytest.mark.parametrize("hand_in", HAND_INS, ids=lambda hand_in: hand_in.name)


class Graded:
    """The class after grading."""

    def __init__(self, root: Path, address: str) -> None:
        self.root, self.address = root, address
        self.classrooms: dict[str, Classroom] = {}
        self._rows: dict[str, dict[str, Score]] = {}

    def row(self, hand_in: HandIn) -> Score:
        if hand_in.assignment not in self._rows:
            self._rows[hand_in.assignment] = {row.student: row for row in scores(self.root, hand_in.assignment)}
        return self._rows[hand_in.assignment][hand_in.row]

    def notes(self, hand_in: HandIn) -> list[str]:
        record = self.root / "autograded" / hand_in.row / hand_in.assignment / "verdicts.json"
        return json.loads(record.read_text(encoding="utf-8"))["notes"]

    def feedback(self, hand_in: HandIn) -> str:
        folder = self.classrooms[hand_in.assignment].assignment.folder
        page = self.root / "feedback" / hand_in.row / hand_in.assignment / f"{folder}.html"
        return page.read_text(encoding="utf-8")

    def formgrader(self, hand_in: HandIn) -> tuple[int, str]:
        folder = self.classrooms[hand_in.assignment].assignment.folder
        with Gradebook(f"sqlite:///{self.root / 'gradebook.db'}") as gradebook:
            found = gradebook.find_submission_notebook(folder, hand_in.assignment, hand_in.row)
            status, _, body = get(f"{self.address}/formgrader/submissions/{found.id}/")
        return status, body.decode()


@pytest.fixture(scope="module")
def graded(course, tmp_path_factory, private_servers) -> Iterator[Graded]:
    root = tmp_path_factory.mktemp("real")
    home = tmp_path_factory.mktemp("home")
    with serving(root, home) as address:  # it starts while the class is graded
        made = Graded(root, address)
        for name in dict.fromkeys(hand_in.assignment for hand_in in HAND_INS):
            assignment = course.assignments[name]
            build_assignment(course, name, root)
            release_assignment(course, name, root)
            made.classrooms[name] = Classroom(root, assignment, load_content(assignment.folder))
        for hand_in in HAND_INS:
            write(hand_in, made.classrooms[hand_in.assignment])
        for name in made.classrooms:
            nbgrader(root, "autograde", name)
            nbgrader(root, "generate_feedback", name)
        yield made


def test_no_two_hand_ins_are_one_students():
    names = [(hand_in.assignment, hand_in.row) for hand_in in HAND_INS]
    assert len(set(names)) == len(names)


@each_hand_in
def test_score_is_exactly_what_the_work_is_worth(hand_in, graded):
    exercises = graded.row(hand_in).exercises
    assert {
        name: maximum - score if score is not None else None
        for name, (score, maximum) in exercises.items()
        if score != maximum
    } == dict(hand_in.lost)


@each_hand_in
def test_a_person_looks_where_one_must(hand_in, graded):
    assignment = graded.classrooms[hand_in.assignment].assignment
    flagged = assignment.exercises if hand_in.flagged == ALL else hand_in.flagged
    answers = [name for name in assignment.answers if name not in hand_in.silent]
    assert sorted(graded.row(hand_in).manual) == sorted([*answers, *(f"check_{name}" for name in flagged)])


@each_hand_in
def test_notes_say_what_was_done_and_nothing_else(hand_in, graded):
    notes = graded.notes(hand_in)
    assert [said if said in note else note for said, note in zip(hand_in.notes, notes)] == list(hand_in.notes)
    assert len(notes) == len(hand_in.notes), notes


@each_hand_in
@pytest.mark.parametrize("kind", ["feedback", "formgrader"])
def test_page_opens_and_shows_the_work(hand_in, kind, graded):
    status, page = (200, graded.feedback(hand_in)) if kind == "feedback" else graded.formgrader(hand_in)
    assert status == 200
    text = " ".join(BeautifulSoup(page, "html.parser").get_text(" ").split())
    assert "Notes from the grader" in text or not hand_in.notes
    for words in hand_in.shows:
        assert words in text
    for words in hand_in.hides:
        assert words not in unescape(page)
    if hand_in.pictures is not None:
        assert page.count("<img") == hand_in.pictures
