"""What the grader logs of its seconds is what `course grade --timings` reads."""

from __future__ import annotations

from autograder.grading import timings


def test_lines_are_read_as_they_were_written():
    lines = [timings.line("ada", 3.5, {"double": 1.25}), "[INFO] ada: 1 exercise judged", timings.line("bo", 2.0, {})]
    assert timings.rows("\n".join(f"[INFO] {line}" for line in lines)) == [
        {"student": "ada", "all": 3.5, "double": 1.25},
        {"student": "bo", "all": 2.0},
    ]
