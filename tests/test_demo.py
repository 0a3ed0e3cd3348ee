"""`make demo` shows what it promises: honest scores for a small class, by real nbgrader, and what the grader saw."""

from __future__ import annotations

import io
import os

import nbformat
import pytest
from nbclient import NotebookClient
from nbgrader.utils import determine_grade, is_grade
from rich.console import Console

from autograder.authoring.demo import _wronged, make_class, run_demo
from autograder.classroom.grading import autograde
from autograder.classroom.scores import Score, as_json, records, scores

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("private_servers")]


@pytest.fixture(scope="module")
def demo(course, a1, tmp_path_factory):
    """The folder of a whole demo of a1, and what it showed."""
    root, shown = tmp_path_factory.mktemp("demo"), io.StringIO()
    assert run_demo(course, [a1], root, Console(file=shown, width=120)) == 0
    return root, shown.getvalue()


def test_demo_grades_its_class_honestly(a1, demo):
    root, _ = demo
    rows = {row.student: row for row in scores(root, "a1")}
    totals = {student: row.total for student, row in rows.items()}
    full = a1.total - sum(a1.answers.values())
    assert totals.pop("alba") == totals.pop("bruno") == totals.pop("nora") == full
    assert totals.pop("hugo") == totals.pop("leo") == totals.pop("mila") == 0
    assert totals.pop("chiara") == totals.pop("ines") == full - a1.points("threshold_relu")
    assert totals.pop("jonas") == totals.pop("kira") == full - a1.points("threshold_relu_backward")
    assert totals.pop("greta") == sum(map(a1.points, list(a1.exercises)[:4]))
    assert 0 < totals.pop("farid") < totals.pop("deniz") < full
    assert 0 < totals.pop("elif") < full
    assert not totals
    assert set(a1.answers) <= set(rows["alba"].manual)
    assert set(rows["hugo"].manual) == set()


def test_demo_says_who_did_what_and_what_was_seen(course, a1, demo):
    root, shown = demo
    for student in make_class(course, a1):
        assert shown.count(f"│{student.name} ") == 2  # in the gradebook, and in who is who
    assert "14 students hand in" in shown and "None" not in shown
    leo = " ".join(line.split("│")[-2].strip() for line in _row(shown, "│leo ", nth=1).splitlines())
    ran = "its cell ran and said: NumPy, check and IPython are mine now. It changed nothing"
    assert leo.startswith(f"{ran}: threshold_relu: shape (3,), expected (2, 2)")
    assert "hand answers, and flagged scores, that wait for a person" in " ".join(shown.split())
    assert "grade it again with plain nbgrader" in shown
    for page in root.glob("feedback/*/a1/*.html"):
        assert page.stat().st_size > 10_000


def _row(shown: str, start: str, nth: int) -> str:
    """The lines of a row of the nth table, the first being 0."""
    lines = shown.splitlines()
    first = [number for number, line in enumerate(lines) if line.startswith(start)][nth]
    more = [line for line in lines[first + 1 : first + 9] if line.startswith("│  ")]
    return "\n".join([lines[first], *more])


def test_demo_as_json_has_totals_and_misconceptions(a1, demo):
    root, _ = demo
    data = as_json(scores(root, "a1"), records(root, "a1"))
    chiara = data["chiara"]
    assert chiara["misconceptions"].keys() == {"threshold_relu"}
    assert chiara["exercises"]["threshold_relu"] == {"score": 0.0, "of": a1.points("threshold_relu")}
    assert chiara["of"] - chiara["total"] == a1.points("threshold_relu")
    assert set(chiara["hand"]) == set(a1.answers)
    assert [student for student, row in data.items() if row["late"]] == ["nora"]


def test_what_is_graded_is_passed_over_in_one_line(demo):
    root, _ = demo
    shown = io.StringIO()
    assert autograde(root, "a1", Console(file=shown, width=120)) == 0
    assert "14 submissions were graded before" in shown.getvalue() and "None" not in shown.getvalue()


def test_the_tamperers_tricks_win_full_marks_where_tests_run_beside_them(a1, demo):
    """Nbgrader's own way: the cells in one kernel, and what raises loses."""
    root, _ = demo
    folder = root / "submitted" / "leo" / "a1"
    notebook = nbformat.read(folder / f"{a1.folder}.ipynb", as_version=4)
    for cell in notebook.cells:
        if "experiment" in cell.metadata.get("course", {}):
            cell.source = ""
    client = NotebookClient(notebook, resources={"metadata": {"path": str(root / "release" / "a1")}})
    client.execute(env={**os.environ, "NBGRADER_EXECUTION": "autograde"})
    graded = [determine_grade(cell) for cell in notebook.cells if is_grade(cell) and cell.cell_type == "code"]
    assert len(graded) == len(a1.exercises) and all(score == most for score, most in graded)


def test_a_point_lost_by_who_did_everything_right_is_a_finding(course, a1):
    students = make_class(course, a1)
    full = {name: (a1.points(name), a1.points(name)) for name in a1.exercises}
    rows = [Score(student.name, full, ()) for student in students]
    assert list(_wronged(students, rows)) == []
    rows = [Score(row.student, row.exercises | {"threshold_relu": (3.5, 4.0)}, ()) for row in rows]
    told = "threshold_relu: {} did it right, expected 4 points, received 3.5"
    assert list(_wronged(students, rows)) == [told.format(student) for student in ("alba", "bruno", "nora")]
