"""A mistake in course.yaml is named: line, key, what was expected, what was received, and how to mend it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from autograder.commands.main import main
from autograder.course.config import Course, CourseError, find_course_root, load_course

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "course.yaml").read_text()


def line_of(text: str, words: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if words in line)


def findings(folder: Path, text: str) -> list[str]:
    (folder / "course.yaml").write_text(text)
    with pytest.raises(CourseError) as caught:
        load_course(folder)
    return caught.value.findings


MISTAKES = {
    "short date": ("2027-03-12T23:59+01:00", "12/3", "a time zone, such as 2026-12-03T23:59+01:00, received '12/3'"),
    "date without a zone": ("2027-03-12T23:59+01:00", "2027-03-12T23:59", "due: expected an ISO date with a time zone"),
    "unknown isolation": ("isolation: required", "isolation: maybe", "isolation: expected 'required' or 'none'"),
    "misspelt key": ("cell_seconds", "cel_seconds", "did you mean 'cell_seconds'?"),
    "misspelt top key": ("grading:", "gradin:", "did you mean 'grading'?"),
    "negative points": ("threshold_relu: 4", "threshold_relu: -4", "expected points greater than 0"),
    "points in words": ("threshold_relu: 4", "threshold_relu: four", "received 'four'"),
    "part without points": ("same: 8", "same: no", "fold_threshold_conv"),
    "points that do not add up": ("threshold_relu: 4", "threshold_relu: 5", "add up to 100, received 101"),
    "memory in words": ("memory_mb: 2048", "memory_mb: lots", "memory_mb: expected a valid integer, received 'lots'"),
    "errors that are not rare": (
        "wrong_passes: 0.001",
        "wrong_passes: 0.5",
        "less than or equal to 0.05",
    ),
    "errors that never are": (
        "correct_fails: 0.0001",
        "correct_fails: 0",
        "expected a number greater than 0",
    ),
    "misspelt error": ("correct_fails:", "correct_fail:", "did you mean 'correct_fails'?"),
    "lateness in words": (
        "  calibration:",
        "  late: 10%\n  calibration:",
        "grading.late: expected keys points_per_day, closed_after_days, received '10%'; write them below it",
    ),
    "percent for points": (
        "  calibration:",
        "  late: {points_per_day: 10%}\n  calibration:",
        "grading.late.points_per_day: expected a valid number, received '10%'",
    ),
    "days in words": (
        "  calibration:",
        "  late: {points_per_day: 10, closed_after_days: 5 days}\n  calibration:",
        "grading.late.closed_after_days: expected a valid integer, received '5 days'",
    ),
    "misspelt lateness": (
        "  calibration:",
        "  late: {points_per_day: 10, closed_after: 5}\n  calibration:",
        "did you mean 'closed_after_days'?",
    ),
    "an address elsewhere": (
        "grading:",
        "site: {notebooks: https://example.org/notebooks}\ngrading:",
        "site.notebooks: expected the address of a folder on GitHub, such as https://github.com/OWNER/REPOSITORY/blob/",
    ),
    "misspelt site": ("grading:", "site: {notebook: x}\ngrading:", "did you mean 'notebooks'?"),
    "folder with capitals": ("folder: a1_relu", "folder: A1_relu", "expected a name of small letters"),
    "a key twice": ("cell_seconds: 30", "cell_seconds: 30\n    cell_seconds: 31", 'duplicate key "cell_seconds"'),
    "tabs": ("    folder:", "\tfolder:", "cannot start any token"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_is_named_with_its_line(mistake, tmp_path):
    good, bad, sentence = MISTAKES[mistake]
    assert good in TEXT
    text = TEXT.replace(good, bad, 1)
    found = findings(tmp_path, text)
    assert any(sentence in finding for finding in found), found
    line = int(found[0].split(":")[1])
    assert abs(line - line_of(text, bad.splitlines()[-1].strip())) <= 5


def test_all_mistakes_are_reported_at_once(tmp_path):
    found = findings(tmp_path, TEXT.replace(" memory_mb: 2048", " memory_mb: x").replace("title: Conv", "titel: Conv"))
    assert len(found) == 3  # title is missing, titel is unknown, memory is no number


@pytest.mark.parametrize(("text", "received"), [("", "nothing"), ("- a\n", "CommentedSeq"), ("\0", "syntax error")])
def test_file_that_holds_no_course_says_so(text, received, tmp_path):
    assert received in findings(tmp_path, text)[0]


def test_missing_file_and_bytes_that_are_no_text_say_so(tmp_path):
    with pytest.raises(CourseError, match=r"no course\.yaml"):
        find_course_root(tmp_path / "nowhere")
    with pytest.raises(CourseError, match="cannot be read"):
        load_course(tmp_path)
    (tmp_path / "course.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(CourseError, match="expected UTF-8"):
        load_course(tmp_path)


def test_course_is_frozen(course: Course):
    with pytest.raises(ValidationError):
        course.title = "another"


def test_parts_weigh_as_written(a1):
    assert a1.parts("fold_threshold_conv") == {"valid": 6, "same": 8}
    assert a1.parts("threshold_relu") == {"all": 4}
    assert sum(map(a1.points, a1.exercises)) == 70
    assert sum(a1.answers.values()) == 30


def test_command_ends_with_2_and_writes_nothing_when_the_course_is_broken(tmp_path, monkeypatch, capsys):
    (tmp_path / "course.yaml").write_text(TEXT.replace("title: Conv", "titel: Conv"))
    monkeypatch.chdir(tmp_path)
    assert main(["build", "a1"]) == 2
    assert "did you mean 'title'?" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["course.yaml"]


def test_unknown_assignment_names_the_known_ones(course, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert main(["build", "a7"]) == 2
    assert "no assignment 'a7'" in capsys.readouterr().err


def test_limits_of_the_file_are_those_of_the_jail(course):
    from autograder.grading.grade import process_limits

    limits = course.grading.limits
    assert json.loads(limits.model_dump_json())["call_seconds"] == process_limits(limits).call_seconds


@pytest.mark.parametrize("command", ["grade", "feedback"])
def test_grading_before_anything_is_there_says_what_to_do(command, tmp_path, monkeypatch, capsys):
    (tmp_path / "nbgrader_config.py").touch()  # nbgrader's root
    monkeypatch.chdir(tmp_path)
    assert main(["--course", str(ROOT), command, "a1"]) == 2
    assert "a1 is not released yet; run: course release a1" in capsys.readouterr().err
    (tmp_path / "release" / "a1").mkdir(parents=True)
    assert main(["--course", str(ROOT), command, "a1"]) == 2
    assert "nobody has handed in a1" in capsys.readouterr().err
