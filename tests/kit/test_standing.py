"""`progress()`: what each check said last, what is still open, and nothing that it cannot know."""

from __future__ import annotations

import subprocess
import sys

import pytest

from coursekit.standing import Points, Promised, overview, read_promised

DONE, OPEN, WRONG = ("good", "5 of 5 public cases"), ("open", "not written yet"), ("bad", "2 of 4 public cases")


def test_points_are_those_of_course_yaml(classroom, a1):
    promised = read_promised(classroom.root / "release" / "a1" / "coursekit" / "assignment" / "release.json")
    assert {name: points.all for name, points in promised.exercises.items()} == {n: a1.points(n) for n in a1.exercises}
    assert promised.answers == a1.answers


def test_only_what_passes_counts_as_reached():
    promised = Promised({"f": Points(4), "g": Points(8), "h": Points(1)})
    lines = overview({"f": DONE, "g": WRONG, "h": OPEN}, promised).splitlines()
    assert lines[0] == (
        "1 of 3 exercises passes its public cases: 4 of 13 points, if the hidden cases agree; 9 points are open."
    )
    assert lines[1:4] == [
        "✓ f  5 of 5 public cases  4 points",
        "✗ g  2 of 4 public cases  8 points open",
        "– h  not written yet      1 point open",
    ]


@pytest.mark.parametrize(
    ("promised", "said"),
    [
        (Promised({"f": Points(16, 6)}), "Of f's points 6 are for accuracy: only the grader measures it."),
        (Promised({"f": Points(4)}, {"p": 1}), "A person reads what you write: p 1 point."),
        (Promised({"f": Points(4)}, {"p": 14, "q": 8}), "A person reads what you write: p 14, q 8 points."),
    ],
)
def test_what_no_public_case_decides_is_said_even_when_all_pass(promised, said):
    text = overview({"f": DONE}, promised)
    assert text.startswith("1 of 1 exercise passes its public cases") and "open" not in text
    assert said in text and "Hidden cases, asked after you hand in, decide." in text


def test_without_points_there_are_none():
    assert "points" not in overview({"f": DONE, "g": OPEN}, Promised())


def test_plain_python_prints_it(classroom):
    code = (
        "import numpy as np\nfrom coursekit import check, progress\n"
        "def threshold_relu(x, t): return np.maximum(x, np.asarray(t, x.dtype))\n"
        "def sigmoid_forward(z): return z\n"
        "check(threshold_relu)\n"
        "try: check(sigmoid_forward)\n"
        "except AssertionError: pass\n"
        "progress()\n"
    )
    folder = classroom.root / "release" / "a1"
    done = subprocess.run([sys.executable, "-B", "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()[1:]
    assert lines[0].startswith("1 of 8 exercises passes its public cases: 4 of 70 points, if the hidden cases agree")
    assert [line.split()[:2] for line in lines[1:9] if line[0] != "–"] == [
        ["✓", "threshold_relu"],
        ["✗", "sigmoid_forward"],
    ]
