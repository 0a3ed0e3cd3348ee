"""What all notebooks promise alike to the student who reads them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.version import Version

from autograder.authoring.build import POINTS, with_points
from autograder.course.config import CourseError, load_course
from autograder.course.script import Script, read_script

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted(ROOT.glob("assignments/*/notebook.py"))


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.parent.name[:2])
def script(request) -> Script:
    return read_script(request.param)


def prose(script: Script) -> str:
    return "\n\n".join(cell.source for cell in script.cells if cell.role in ("markdown", "answer"))


def test_the_agreements_are_the_same_in_all_notebooks():
    tables = {
        tuple(re.findall(r"^\| G\d+ \|.*$", path.read_text("utf-8").replace("# |", "|"), re.M)) for path in NOTEBOOKS
    }
    assert [len(table) for table in tables] == [10]


def test_every_exercise_and_every_question_says_its_points(script):
    wanted = [cell.name for cell in script.cells if cell.role in ("exercise", "answer")]
    assert POINTS.findall(prose(script)) == wanted


def test_questions_are_numbered_in_the_order_in_which_they_stand(script):
    number = script.path.parent.name[1]
    found = re.findall(r"\*\*Question (M[\d.]+)", prose(script))
    assert found == [f"M{number}.{k}" for k in range(1, len(found) + 1)]


def test_the_model_answers_have_the_questions_numbers_and_order(script):
    asked = [(name, re.findall(r"M\d\.\d", cell.source)[0]) for name, cell in script.named("answer").items()]
    proofs = (ROOT / "solutions" / script.path.parent.name / "proofs.md").read_text("utf-8")
    assert re.findall(r"^## (\w+) · (M\d\.\d)", proofs, re.M) == asked


def test_every_prediction_is_answered_before_the_next_is_asked(script):
    marks = re.findall(r"\*\*(Predict|Your prediction|Write down your prediction)\b", prose(script))
    assert marks == [mark for pair in zip(marks[::2], marks[1::2]) for mark in pair]
    assert set(marks[1::2]) == {"Your prediction"}
    assert "Your prediction" not in marks[::2]


def test_students_see_no_marks_of_our_linters(script):
    assert not [cell.name for cell in script.cells if "noqa" in cell.source or "type: ignore" in cell.source]


def test_thousands_are_separated_by_commas(script):
    text = "\n".join(cell.source for cell in script.cells if cell.role in ("markdown", "answer", "exercise"))
    assert re.findall(r"\b\d{1,3}(?: |\\,)\d{3}\b", text) == []


def test_points_are_those_of_the_course_and_an_unknown_name_is_refused():
    a1 = load_course(ROOT).find("a1")
    assert with_points("**f: [[points sigmoid_backward]]**", a1) == "**f: 6 points**"
    assert with_points("[[points fold_threshold_conv]]", a1) == "14 points (valid 6, same 8)"
    with pytest.raises(CourseError, match=r"points nothing.*expected an exercise or answer"):
        with_points("[[points nothing]]", a1)


def test_the_version_is_the_one_that_comes_after_the_changelogs():
    with (ROOT / "pyproject.toml").open("rb") as file:
        version = Version(tomllib.load(file)["project"]["version"])
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    if headings[0] == "Unreleased":
        assert version.is_devrelease and version > Version(headings[1])
    else:
        assert version == Version(headings[0])
