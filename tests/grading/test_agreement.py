"""course.yaml that would cost the class points is refused with line and remedy, before anything is written."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.commands.main import main
from autograder.course.config import Course, CourseError, load_course
from autograder.course.content import load_content
from autograder.course.outline import SOLUTIONS, outline
from autograder.grading.agreement import require_agreement
from autograder.judge.verdict import Verdict

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "course.yaml").read_text()
CONV = "fold_threshold_conv: {valid: 6, same: 8}"
WHERE = "assignments.a1"

# what stands there, what somebody writes instead, and how the one finding begins and ends
BREAKS = {
    "one number for two parts": (
        CONV,
        "fold_threshold_conv: 14",
        r"exercises\.fold_threshold_conv: expected the parts valid, same, .* received 14; write {valid: ",
    ),
    "misspelt part": (
        CONV,
        "fold_threshold_conv: {vald: 6, same: 8}",
        r"fold_threshold_conv\.vald: expected the parts valid, same, received 'vald'; did you mean 'valid'\?",
    ),
    "missing part": (
        CONV,
        "fold_threshold_conv: {valid: 14}",
        r"fold_threshold_conv: expected the parts valid, same, received none of same; add points",
    ),
    "extra part": (
        CONV,
        "fold_threshold_conv: {valid: 6, same: 4, full: 4}",
        r"fold_threshold_conv\.full: expected the parts valid, same, received 'full'; known: valid, same",
    ),
    "parts where there are none": (
        "sigmoid_forward: 8",
        "sigmoid_forward: {values: 4, cache: 4}",
        r"sigmoid_forward: expected one number, .* received the parts values, cache; write one number",
    ),
    "misspelt exercise": (
        "sigmoid_forward: 8",
        "sigmoid_forwrd: 8",
        r"exercises\.sigmoid_forwrd: expected a cell exercise=sigmoid_forwrd .*; did you mean 'sigmoid_forward'\?",
    ),
    "exercise without points": (
        "      sigmoid_backward: 6\n      affine_backward: 6",
        "      affine_backward: 12",
        r"exercises: expected points for sigmoid_backward, received none",
    ),
    "misspelt answer": (
        "fold_proof: 14",
        "fold_prof: 14",
        r"answers\.fold_prof: expected a cell answer=fold_prof .*; did you mean 'fold_proof'\?",
    ),
    "answer without points": (
        "      same_padding_proof: 8\n      sigmoid_proof: 8",
        "      sigmoid_proof: 16",
        r"answers: expected points for same_padding_proof, received none, yet notebook\.py:\d+ has",
    ),
    "folder that is not there": (
        "folder: a1_relu_sigmoid",
        "folder: a1_relu_sigmoids",
        r"folder: expected a folder with assignments/a1_relu_sigmoids/.*; did you mean 'a1_relu_sigmoid'\?",
    ),
    "another assignment's folder": (
        "folder: a2_first_networks",
        "folder: a1_relu_sigmoid",
        r"assignments\.a2\.folder: expected a folder of its own, received that of a1",
    ),
    "not a number": ("threshold_relu: 4", "threshold_relu: .nan", "threshold_relu: expected points .* received nan"),
    "infinite": ("threshold_relu: 4", "threshold_relu: .inf", "threshold_relu: expected points .* received inf"),
    "nothing": ("threshold_relu: 4", "threshold_relu: 0", "threshold_relu: expected points .* received 0;"),
    "negative": ("fold_proof: 14", "fold_proof: -14", "fold_proof: expected points .* received -14"),
    "huge": ("fold_proof: 14", "fold_proof: 1400", "fold_proof: expected points .* received 1400"),
    "true": (CONV, "fold_threshold_conv: {valid: true, same: 13}", r"valid: expected points .* received True"),
    "no parts": (CONV, "fold_threshold_conv: {}", r"fold_threshold_conv: expected points .* received {}"),
    "not a hundred": (
        "threshold_relu: 4",
        "threshold_relu: 4.5",
        "a1: expected points that add up to 100, received 100.5",
    ),
    "points twice": (
        "threshold_relu: 4",
        "threshold_relu: 4\n      threshold_relu: 4",
        'syntax error: found duplicate key "threshold_relu"; mend this line',
    ),
    "due in year 1": ("2027-03-12T23:59+01:00", "0001-03-12T23:59+01:00", "due: expected a year from 2000 to"),
    "no memory": ("memory_mb: 2048", "memory_mb: 1", r"limits\.memory_mb: expected a number from 256 to"),
    "a call longer than all": ("call_seconds: 10 ", "call_seconds: 400", "call_seconds: expected no more than subm"),
}


@pytest.fixture
def house(tmp_path: Path) -> Callable[[str], Path]:
    """A course of ours with another course.yaml."""

    def build(text: str) -> Path:
        for name in ("assignments", "solutions"):
            (tmp_path / name).symlink_to(ROOT / name)
        (tmp_path / "course.yaml").write_text(text)
        (tmp_path / "build").mkdir()
        (tmp_path / "build" / "nbgrader_config.py").touch()
        return tmp_path

    return build


def fingerprints(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("command", ["build", "release", "grade", "feedback"])
@pytest.mark.parametrize("name", BREAKS)
def test_break_is_one_line_with_place_and_remedy_and_nothing_is_written(name, command, house, monkeypatch, capsys):
    good, bad, sentence = BREAKS[name]
    assert good in TEXT
    root = house(TEXT.replace(good, bad, 1))
    (root / "build" / "release" / "a1").mkdir(parents=True)
    monkeypatch.chdir(root / "build")
    before = fingerprints(root)
    assert main([command, "a1"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    assert re.match(r"course\.yaml:\d+: ", lines[0]) and re.search(sentence, lines[0]), lines[0]
    assert ";" in lines[0]  # the remedy
    assert fingerprints(root) == before


def test_course_as_it_is_agrees_with_everything(course: Course):
    require_agreement(course, list(course.assignments.values()))


def test_unmeasured_data_is_refused_with_the_command_that_measures(course: Course, tmp_path):
    (tmp_path / "course.yaml").write_text(TEXT)
    other = course.model_copy(update={"data": course.data.model_copy(update={"grey": "photographs"}), "root": ROOT})
    with pytest.raises(
        CourseError, match=r"course\.yaml:\d+: data: .*build_mlp.*course calibrate --exercise build_mlp"
    ):
        require_agreement(other, [other.assignments["a2"]])


@pytest.mark.parametrize("folder", [path.parents[1].name for path in sorted(SOLUTIONS.glob("a*/hidden/__init__.py"))])
def test_outline_says_what_the_imported_checks_say(folder):
    specs = load_content(folder).specs
    found = outline(folder)
    assert set(found) == set(specs)
    for name, spec in specs.items():
        assert set(found[name].parts) == spec.parts, name
        assert found[name].trial == (spec.trial is not None), name


def test_checks_that_are_not_written_plainly_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr("autograder.course.outline.SOLUTIONS", tmp_path)
    for source, message in {
        "A = ExerciseChecks(PUBLIC['f'], tuple(made()))": r"__init__\.py:1: expected Check",
        "A = ExerciseChecks(PUBLIC['f'], (Check('values', f, part=PART[0]),))": r"expected a name in quotes",
    }.items():
        (tmp_path / "a9" / "hidden").mkdir(parents=True, exist_ok=True)
        (tmp_path / "a9" / "hidden" / "__init__.py").write_text(source)
        with pytest.raises(ValueError, match=message):
            outline("a9")


# --------------------------------------------------------------------------------------------------- what was released


@pytest.fixture
def released(house, classroom) -> Path:
    """A course whose a1 is released, and one student handed in."""
    root = house(TEXT)
    shutil.rmtree(root / "build")
    shutil.copytree(classroom.root, root / "build")
    place = root / "build" / "submitted" / "ada" / "a1"
    place.mkdir(parents=True)
    (place / "a1_relu_sigmoid.ipynb").write_text(json.dumps(classroom.release()))
    return root


MOVED = {
    "points": ("threshold_relu: 4", "threshold_relu: 5", "sigmoid_forward: 8", "sigmoid_forward: 7"),
    "answers": ("fold_proof: 14", "fold_proof: 12", "same_padding_proof: 8", "same_padding_proof: 10"),
}


@pytest.mark.parametrize("moved", MOVED)
def test_points_that_moved_since_the_release_are_named(moved, released, monkeypatch, capsys):
    one, other_one, two, other_two = MOVED[moved]
    text = TEXT.replace(one, other_one, 1).replace(two, other_two, 1)
    (released / "course.yaml").write_text(text)
    monkeypatch.chdir(released / "build")
    before = fingerprints(released)
    assert main(["grade", "a1"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and all("expected the points of the release" in line for line in lines), lines
    assert all(line.endswith("run: course release a1") for line in lines)
    assert fingerprints(released) == before


def test_gradebook_with_other_points_than_the_release_is_named(released, monkeypatch, capsys):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{released / 'build' / 'gradebook.db'}") as gradebook:
        gradebook.find_graded_cell("check_threshold_relu", "a1_relu_sigmoid", "a1").max_score = 3
        gradebook.db.commit()
    monkeypatch.chdir(released / "build")
    assert main(["grade", "a1"]) == 2
    assert "threshold_relu: expected the points of the gradebook, 3, received 4" in capsys.readouterr().err


def test_plain_nbgrader_refuses_a_course_that_does_not_fit(released):
    (released / "course.yaml").write_text(TEXT.replace(CONV, "fold_threshold_conv: 14", 1))
    config = released / "build" / "course_config.py"
    config.write_text(re.sub(r"Path\(__file__\)\.parent, '.*'\)", "Path(__file__).parent, '..')", config.read_text()))
    before = fingerprints(released)
    command = [sys.executable, "-m", "nbgrader", "autograde", "a1"]
    done = subprocess.run(command, cwd=config.parent, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode != 0
    assert "fold_threshold_conv: expected the parts valid, same" in done.stderr
    assert fingerprints(released) == before


def test_parts_that_nobody_judged_leave_the_score_to_a_human():
    verdict = Verdict("conv", "graded", {"valid": 1.0, "same": 1.0})
    assert verdict.score({"all": 14.0}, 14.0) is None
    assert verdict.score({"vald": 6.0, "same": 8.0}, 14.0) is None
    assert verdict.score({"valid": 6.0, "same": 8.0}, 14.0) == 14.0


def test_load_course_needs_no_assignment_folders(tmp_path):
    (tmp_path / "course.yaml").write_text(TEXT)
    assert load_course(tmp_path).assignments["a1"].total == 100
