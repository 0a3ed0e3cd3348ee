"""`make demo` shows what it promises: honest scores for a class of a dozen, by real nbgrader."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from autograder.classroom import scores
from autograder.demo import run_demo

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("private_servers")]


def test_demo_grades_its_class_honestly(course, a1, tmp_path):
    shown = io.StringIO()
    assert run_demo(course, [a1], tmp_path / "demo", Console(file=shown, width=120)) == 0
    rows = {row.student: row for row in scores(tmp_path / "demo", "a1")}
    totals = {student: row.total for student, row in rows.items()}
    full = a1.total - sum(a1.answers.values())
    assert totals.pop("perfect") == totals.pop("perfect-otherwise") == full
    assert totals.pop("blank") == totals.pop("tampers") == totals.pop("broken-notebook") == 0
    assert totals.pop("one-misconception") == totals.pop("endless-loop") == full - a1.points("threshold_relu")
    assert totals.pop("exits") == totals.pop("cannot-be-parsed") == full - a1.points("threshold_relu_backward")
    assert totals.pop("half-done") == sum(map(a1.points, list(a1.exercises)[:4]))
    assert 0 < totals.pop("all-misconceptions") < totals.pop("half-misconceptions") < full
    assert 0 < totals.pop("other-half") < full
    assert not totals
    assert set(a1.answers) <= set(rows["perfect"].manual)
    for row in rows.values():
        assert f"│{row.student}" in shown.getvalue()
    assert "grade it again with plain nbgrader" in shown.getvalue()
    for page in (tmp_path / "demo").glob("feedback/*/a1/*.html"):
        assert page.stat().st_size > 10_000
