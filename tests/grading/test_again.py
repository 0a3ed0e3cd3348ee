"""A fault of the grader's costs nobody a point, and the next run makes good for it where no person has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from damage import POINTS, nbgrader

from autograder.authoring.demo import hand_in
from autograder.classroom.scores import scores
from autograder.grading.gradebook import gradebook_url, opened


@pytest.fixture
def unjudged(classroom, tmp_path) -> Path:
    """A class of three on a machine where no walls hold."""
    root = classroom.apart(tmp_path / "class").root
    for student in ("ada", "ben", "cy"):
        hand_in(root, student, classroom.assignment, json.dumps(classroom.notebook()))
    nbgrader(root, "autograde", "a1", "--SubmissionExporter.walls=no-such-walls")
    return root


def test_failing_grader_leaves_scores_to_a_human(unjudged, classroom):
    root = unjudged
    row, *_ = scores(root, "a1")
    assert {score for score, _ in row.exercises.values()} == {None}
    assert len(row.manual) == len(POINTS) + len(classroom.assignment.answers)  # nothing was read, so nothing is blank
    record = json.loads((root / "autograded/ada/a1/verdicts.json").read_text())
    assert {verdict["status"] for verdict in record["verdicts"]} == {"needs manual grading"}
    assert "no-such-walls" in record["verdicts"][0]["traceback"]


def test_whom_the_grader_could_not_judge_is_graded_again_unless_a_person_was_there(unjudged):
    by_hand = unjudged / "autograded" / "ben" / "a1" / "a1_relu_sigmoid.ipynb"
    before = by_hand.read_bytes()
    with opened(gradebook_url(unjudged)) as gradebook:
        notebook = gradebook.find_submission_notebook("a1_relu_sigmoid", "a1", "ben")
        next(grade for grade in notebook.grades if grade.name == "check_threshold_relu").manual_score = 3.0
        gradebook.db.commit()
    told = nbgrader(unjudged, "autograde", "a1", "--CourseDirectory.student_id_exclude=cy").stderr
    (line,) = [line for line in told.splitlines() if "graded again: " in line]
    assert line.endswith("ada: graded again: the grader could not judge it before")
    rows = {row.student: row for row in scores(unjudged, "a1")}
    assert [rows[student].total for student in ("ada", "ben", "cy")] == [70, 0, 0]
    assert by_hand.read_bytes() == before and (unjudged / "autograded" / "cy" / "a1" / "verdicts.json").is_file()
    assert "graded again" not in nbgrader(unjudged, "autograde", "a1", "--CourseDirectory.student_id_exclude=cy").stderr
