"""A gradebook that others use, too: locked in the middle of a grading, or a student entered at the same moment."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from damage import nbgrader
from released import Classroom

from autograder.classroom.scores import scores
from autograder.grading.gradebook import grades_in_order

LOCKED = """
import sqlite3
from nbgrader.converters import Autograde

get_config().CourseDirectory.db_url = "sqlite:///gradebook.db?timeout=0.2"
init_assignment = Autograde.init_assignment


def locking(self, assignment, student):
    if student == "ben":
        self.lock = sqlite3.connect("gradebook.db")
        self.lock.execute("begin exclusive")
    return init_assignment(self, assignment, student)


Autograde.init_assignment = locking
"""
ENTERED = """
from nbgrader.api import Gradebook

add_student = Gradebook.add_student


def too_late(self, student, **rest):
    with Gradebook("sqlite:///gradebook.db") as others:
        add_student(others, student, **rest)
    return add_student(self, student, **rest)


Gradebook.add_student = too_late
"""


@pytest.fixture
def root(classroom: Classroom, tmp_path: Path) -> Path:
    """Two perfect submissions, not graded yet."""
    apart = classroom.apart(tmp_path / "class")
    for student in ("ada", "ben"):
        apart.hand_in(student, apart.notebook())
    return apart.root


def test_grades_are_told_in_the_order_of_the_notebook_whatever_the_gradebooks_is(classroom):
    names = [cell.metadata.nbgrader.grade_id for cell in classroom.release().cells if "nbgrader" in cell.metadata]
    rows = [SimpleNamespace(name=name) for name in reversed(names)]
    submission = SimpleNamespace(notebooks=[SimpleNamespace(grades=rows)])
    assert [row.name for row in grades_in_order(classroom.root, "a1")(submission)] == names
    assert grades_in_order(classroom.root, "a9")(submission) == rows  # no release: as they come


def test_a_gradebook_that_is_locked_in_the_middle_is_one_error_and_a_rerun_goes_on(root):
    config = (root / "nbgrader_config.py").read_text()
    (root / "nbgrader_config.py").write_text(config + LOCKED)
    done = nbgrader(root, "autograde", "a1", "--SubmissionExporter.jobs=1", check=False)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.count("stopped: the gradebook cannot be written: database is locked; see who holds it") == 1
    assert [path.parts[-3] for path in root.glob("autograded/*/a1/verdicts.json")] == ["ada"]
    (root / "nbgrader_config.py").write_text(config)
    nbgrader(root, "autograde", "a1")
    assert [row.total for row in scores(root, "a1")] == [70, 70]


def test_a_student_whom_another_grading_enters_at_the_same_moment_is_graded(root):
    with (root / "nbgrader_config.py").open("a") as config:
        config.write(ENTERED)
    done = nbgrader(root, "autograde", "a1")
    assert done.stderr.count("entered by another grading in the meantime; looking again") == 2
    assert [row.total for row in scores(root, "a1")] == [70, 70]
