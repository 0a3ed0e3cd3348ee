"""What a lecturer reads about a class: the numbers by hand, and pages in which a student's words are only words."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from chromium import Tab, browser, find

from autograder.classroom.reporting import gathering, statistics
from autograder.classroom.reporting.gathering import ExerciseReport, Misconception, Report, anonymous, gather
from autograder.classroom.reporting.page import assignment_page, course_page
from autograder.classroom.scores import Score
from autograder.course.config import Assignment, CourseError
from autograder.grading.running.events import Judged
from autograder.grading.running.judged import note

EVIL = '<script>pwned("x")</script><img src="https://evil.example/x.png">'


def test_alpha_and_correlations_are_those_of_the_books():
    fractions = np.array([[1, 1, 1], [1, 0.5, 1], [0, 0.5, 0], [0, 0, 0.5]])
    points = np.array([2.0, 4.0, 2.0])
    scores = fractions * points  # variances 4/3, 8/3, 11/12; totals 8, 6, 2, 1
    expected = 1.5 * (1 - (4 / 3 + 8 / 3 + 11 / 12) / np.var([8, 6, 2, 1], ddof=1))
    assert statistics.alpha(fractions, points) == pytest.approx(expected)
    rest = scores[:, 1] + scores[:, 2]
    assert statistics.item_total(fractions, points, 0) == pytest.approx(np.corrcoef(scores[:, 0], rest)[0, 1])
    assert statistics.difficulty(fractions, 1) == 0.5


def test_exercises_that_measure_one_thing_have_alpha_one_and_independent_ones_none():
    ladder = np.repeat(np.linspace(0, 1, 5)[:, None], 3, axis=1)
    assert statistics.alpha(ladder, np.ones(3)) == pytest.approx(1)
    crossed = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float)
    assert statistics.alpha(crossed, np.ones(2)) == pytest.approx(0)
    assert statistics.item_total(crossed, np.ones(2), 0) == pytest.approx(0)


@pytest.mark.parametrize("fractions", [np.ones((5, 3)), np.ones((1, 3)), np.zeros((0, 3)), np.full((4, 3), np.nan)])
def test_what_cannot_be_told_is_none(fractions):
    assert statistics.alpha(fractions, np.ones(3)) is None
    assert statistics.item_total(fractions, np.ones(3), 0) is None


def test_who_waits_for_a_person_counts_where_they_were_judged():
    fractions = np.array([[1.0, np.nan], [0.0, 1.0], [1.0, 1.0], [0.5, 0.0]])
    assert statistics.difficulty(fractions, 0) == 0.625
    assert statistics.difficulty(fractions, 1) == pytest.approx(2 / 3)
    assert statistics.alpha(fractions, np.ones(2)) == statistics.alpha(fractions[1:], np.ones(2))


def test_an_example_tells_nothing_of_its_author():
    source = (
        '# Ada Lovelace, 123\ndef f(x):\n    """By Ada."""\n    def g():\n        "Ada"\n    return x  # mine, Ada\n'
    )
    assert anonymous(source, "f") == "def f(x):\n\n    def g():\n        pass\n    return x"
    assert anonymous(source, "h") == "" and anonymous("def f(:", "f") == ""
    assert anonymous("def f(x):\n" + "    x = 1\n" * 99, "f").endswith("\n...")
    assert anonymous("(" * 5000, "f") == ""


def verdict(name: str, *, failed: int = 0, misconception: str = "", hint: str = "", reason: str = "") -> dict[str, Any]:
    check = {"name": "values", "failed": failed, "repeats": ""}
    echo = {"name": "dtype", "failed": failed, "repeats": "values"}
    checks = [] if reason else [check, echo]
    return {"exercise": name, "checks": checks, "misconception": misconception, "hint": hint, "reason": reason}


@pytest.fixture
def graded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Assignment]:
    """Six students, one of them unreadable, one with a hostile notebook; the gradebook's rows are given."""
    full, flip = verdict("flip"), "flip.flips_upside_down"
    wrong = verdict("flip", failed=3, misconception=flip, hint="that is upside down!")
    class_ = {
        "ada": ([full, verdict("crop")], (4, 6), ()),
        "ben": ([wrong, verdict("crop")], (0, 6), ("proof",)),
        "cy": ([wrong, verdict("crop", reason="time limit of 10 s")], (0, 0), ()),
        "dee": ([verdict("flip", reason="not written yet: replace it"), verdict("crop")], (0, None), ("check_crop",)),
        "eve": ([full, verdict("crop")], (4, 3), ()),
        "fay": ([verdict("flip", reason="unreadable"), verdict("crop", reason="unreadable")], (0, 0), ()),
    }
    rows = []
    for student, (verdicts, (flipped, cropped), manual) in class_.items():
        folder = tmp_path / "autograded" / student / "a9"
        folder.mkdir(parents=True)
        record = {"verdicts": verdicts, "notes": ["a cell was moved"] if student == "ben" else [], "unreadable": ""}
        record["unreadable"] = "no notebook" if student == "fay" else ""
        (folder / "verdicts.json").write_text(json.dumps(record))
        cell = nbformat.v4.new_code_cell(f"# {student}\ndef flip(x):\n    return x[:, ::-1] # {EVIL!r}\n")
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / "a9_flips.ipynb")
        rows.append(Score(student, {"flip": (flipped, 4.0), "crop": (cropped, 6.0)}, manual))
    (tmp_path / "autograded" / "ben" / "a9" / "a9_flips.ipynb").write_text("no notebook")
    monkeypatch.setattr(gathering, "scores", lambda root, name: rows)
    exercises = {"flip": 4, "crop": 6}
    return tmp_path, Assignment.model_construct(name="a9", title="Flips", folder="a9_flips", exercises=exercises)


def test_a_class_is_counted_by_hand(graded):
    report = gather(*graded)
    flip, crop = report.exercises
    assert (report.students, report.unreadable, report.maximum) == (6, ("fay",), 10)
    assert (flip.full, flip.some, flip.none, flip.unwritten, flip.difficulty) == (2, 0, 3, 1, 0.4)
    assert (crop.full, crop.some, crop.none, crop.difficulty) == (2, 1, 1, 0.625)
    assert report.totals == (1.0, 0.6, 0.0, 0.0, 0.7)
    assert [(one.words, one.students) for one in flip.misconceptions] == [("flips upside down", 2)]
    assert flip.misconceptions[0].example == "def flip(x):\n    return x[:, ::-1]"
    assert [(check.name, check.failed, check.asked) for check in flip.checks] == [("values", 2, 4), ("dtype", 0, 4)]
    assert report.waiting == (("ben", ("proof",)), ("dee", ("check_crop",)))
    assert report.limits == (("time limit of 10 s", 1),) and report.notes == (("a cell was moved", 1),)
    assert report.seconds is None


def test_the_seconds_are_those_of_when_each_was_last_judged(graded):
    root, assignment = graded
    for name, seconds in (("ada", 9.0), ("ben", 5.0), ("cy", 2.0), ("ada", 1.0)):
        note(root, assignment.name, Judged(name, 0.0, 1.0, seconds, {}, (), "landlock"))
    note(root, "a10", Judged("ada", 0.0, 1.0, 99.0, {}, (), "landlock"))
    assert gather(root, assignment).seconds == (2.0, 5.0, 8.0)


def test_nothing_graded_says_what_to_run(graded, monkeypatch):
    monkeypatch.setattr(gathering, "scores", lambda root, name: [])
    with pytest.raises(CourseError, match="a9: nothing was graded; run: course grade a9"):
        gather(*graded)


def test_a_page_shows_the_map_of_misconceptions_and_holds_everything(graded):
    page = assignment_page(gather(*graded))
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))
    assert "67 % of them (2): flips upside down. They read: “that is upside down!”" in text
    assert "3 of 5 lost points; 1 of them wrote nothing." in text
    assert "1 of them could not be read and count nowhere below: fay" in text
    assert not re.search(r'(?:src|href)="(?!#)', page) and "url(" not in page.replace("url(#", "")
    assert page.count('role="img"') == 2 and "2 all points" in page and "#010203" not in page


def hostile() -> Report:
    mistake = Misconception(EVIL, 1, EVIL, EVIL)
    exercise = ExerciseReport(EVIL, 1.0, None, None, 0, 0, 1, 0, (gathering.CheckRate(EVIL, 1, 1),), (mistake,))
    told = ((EVIL, 1),)
    return Report("a9", EVIL, 1, 1.0, (), None, (exercise,), (EVIL,), ((EVIL, (EVIL,)),), told, told, None)


def test_whatever_stands_in_a_submission_is_text():
    for page in (assignment_page(hostile()), course_page([hostile()], EVIL)):
        assert "<script" not in page and "<img" not in page and "&lt;script&gt;" in page


def test_the_courses_page_leads_to_each_assignments(graded):
    report = gather(*graded)
    page = course_page([report, replace(report, assignment="a10")], "A course")
    assert re.findall(r'href="([^"]*)"', page) == ["a9.html", "a10.html"]
    assert "flip, 40 %" in page


@pytest.mark.browser
@pytest.mark.skipif(find() is None, reason="no Chromium is installed")
def test_a_browser_finds_nothing_to_load_or_run(graded, tmp_path):
    file = tmp_path / "report.html"
    file.write_text(assignment_page(replace(hostile(), totals=(0.5, 0.7))), encoding="utf-8")
    with browser(tmp_path) as socket:
        page = Tab(socket)
        page.open(file.as_uri())
        assert [url for url in page.requests() if url != file.as_uri()] == []
        assert page.named("Runtime.bindingCalled") == [] and page.named("Runtime.exceptionThrown") == []
        assert page.named("Log.entryAdded") == []
