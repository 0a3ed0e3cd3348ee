"""What lies in the wrong place, is said by hand or gives too much away is a finding of `course doctor`."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.authoring.doctor import housekeeping
from autograder.authoring.doctor.doctor import Examination
from autograder.authoring.doctor.housekeeping import (
    bad_hints,
    points_by_hand,
    stray_files,
    tidiness,
    unknown_measurements,
    unknown_reasons,
    unknown_survivors,
)
from autograder.commands.main import main
from autograder.course.bank import Mutant
from autograder.course.config import Course
from autograder.course.content import Content, load_content

FOLDER = "a1_relu_sigmoid"
HALVES = ("assignments", "solutions")


@pytest.fixture
def copy(course: Course, tmp_path: Path) -> Course:
    """The course, whose first assignment lies in a folder that may be spoilt."""
    for half in HALVES:
        shutil.copytree(course.root / half / FOLDER, tmp_path / half / FOLDER)
    return course.model_copy(update={"root": tmp_path})


def test_the_course_as_it_is_has_nothing_to_tidy(course):
    for assignment in course.assignments.values():
        content = load_content(assignment.folder)
        assert tidiness(course, assignment) == []
        assert [bad for name in assignment.exercises for bad in bad_hints(course, assignment, content, name)] == []


@pytest.mark.parametrize(
    "name",
    [
        "assignments/a1_relu_sigmoid/notebook.ipynb",
        "assignments/a1_relu_sigmoid/hidden/values.py",
        "solutions/a1_relu_sigmoid/todo.txt",
        "solutions/a1_relu_sigmoid/hidden/deep/values.py",
        "solutions/a1_relu_sigmoid/mutants/notes.md",
    ],
)
def test_a_stray_file_is_found(name, copy, a1):
    for half in HALVES:
        (copy.root / half / FOLDER / "__pycache__").mkdir(exist_ok=True)
        (copy.root / half / FOLDER / "__pycache__" / "checks.pyc").touch()
    assert list(stray_files(copy, a1)) == []
    (copy.root / name).parent.mkdir(parents=True, exist_ok=True)
    (copy.root / name).touch()
    (finding,) = stray_files(copy, a1)
    assert finding.startswith(f"{name}: expected only __init__.py, ") and finding.endswith("; move or delete it")


@pytest.mark.parametrize(
    ("prose", "received"),
    [
        ("**Exercise `f` (8 points)**", "(8 points"),
        ("**Exercise `f`: 8 points**", "Exercise `f`: 8 points"),
        ("**Question M1.1 (12.5 points, one page).**", "(12.5 points"),
        ("This is worth\n1 point.", "worth 1 point"),
        ("**Exercise `f`: [[points sigmoid_backward]]**", ""),
        ("between them 48 to 51 %, each ± 2 points; a difference of 5 points is noise (noise costs a point)", ""),
    ],
)
def test_points_typed_by_hand_are_found(prose, received, copy, a1):
    path = copy.root / "assignments" / FOLDER / "notebook.py"
    before = path.read_text("utf-8")
    lines = "".join(f"# {line}\n" for line in prose.splitlines())
    path.write_text(f"{before.rstrip()}\n\n# %% [markdown]\n# Some prose.\n#\n{lines}", encoding="utf-8")
    last = path.read_text("utf-8").count("\n")
    wanted = f"notebook.py:{last}: expected points as [[points NAME]], received {received!r}; write the name"
    assert list(points_by_hand(copy, a1)) == ([wanted] if received else [])


def with_mutant(content: Content, hint: str) -> Content:
    mutant = replace(content.mutants["threshold_relu"][0], hint=hint)
    return replace(content, mutants={**content.mutants, "threshold_relu": (mutant,)})


def test_a_hint_that_is_too_long_is_found(course, a1, content):
    assert list(bad_hints(course, a1, with_mutant(content, "x" * 120), "threshold_relu")) == []
    (finding,) = bad_hints(course, a1, with_mutant(content, "x" * 121), "threshold_relu")
    mutant: Mutant = content.mutants["threshold_relu"][0]
    assert finding == f"mutant {mutant.id}: its hint: expected at most 120 characters, received 121; shorten it"


def test_a_hint_that_is_the_solution_is_found(course, a1, content):
    (finding,) = bad_hints(course, a1, with_mutant(content, "write `return np.maximum(x,  t)`"), "threshold_relu")
    assert "expected a hint, received a line of the solution of threshold_relu" in finding


def test_an_exercise_without_hints_and_a_rung_that_is_too_long_are_found(course, a1, content):
    def climbed(*hints: str) -> Content:
        spec = content.specs["threshold_relu"]
        spec = replace(spec, exercise=replace(spec.exercise, hints=hints))
        return replace(content, specs={"threshold_relu": spec}, mutants={"threshold_relu": ()})

    assert list(bad_hints(course, a1, climbed(), "threshold_relu")) == ["threshold_relu: checks.py gives it no hints"]
    (finding,) = bad_hints(course, a1, climbed("short", "long " * 30), "threshold_relu")
    assert finding.startswith("threshold_relu: hint 2: expected at most 120 characters, received 150")


def test_a_measured_mutant_that_is_no_more_is_found(course, monkeypatch):
    assignment = course.find("a4")
    content = load_content(assignment.folder)
    wrong = {content.mutants["build_all_conv"][0].id: 0.1}
    measured = {"build_all_conv": {"cifar-10": {"at_least": 0.2, "wrong": wrong}}}
    monkeypatch.setattr(housekeeping, "read_provisional", lambda folder: measured)  # every bound is calibrated by now
    assert list(unknown_measurements(assignment, content)) == []
    first, *others = content.mutants["build_all_conv"]
    mutants = {**content.mutants, "build_all_conv": tuple(others)}
    (finding,) = unknown_measurements(assignment, replace(content, mutants=mutants))
    assert f"expected ids of mutants, received {first.id!r}" in finding


def test_trial_that_rejects_what_is_no_mutant_is_found(course):
    assignment = course.assignments["a4"]
    content = load_content(assignment.folder)
    spec = content.specs["build_all_conv"]
    assert spec.trial is not None and spec.trial.rejects
    spoilt = replace(spec, trial=replace(spec.trial, rejects=("frozen", "thawed")))
    (finding,) = unknown_measurements(assignment, replace(content, specs={**content.specs, "build_all_conv": spoilt}))
    assert finding.startswith("build_all_conv: its trial rejects 'thawed': expected the name of a mutant")


def test_report_on_an_exercise_that_is_no_more_is_found(copy):
    assignment, content = copy.assignments["a1"], load_content(FOLDER)
    assert list(unknown_survivors(copy, assignment, content)) == []
    specs = {name: spec for name, spec in content.specs.items() if name != "sigmoid_forward"}
    (finding,) = unknown_survivors(copy, assignment, replace(content, specs=specs))
    assert "survivors.toml: sigmoid_forward: expected an exercise of the assignment" in finding


def test_reason_for_what_is_no_more_is_found(copy):
    assignment, content = copy.assignments["a1"], load_content(FOLDER)
    row = 'check = "values and cache"\nmutants = ["sigmoid_forward.hard_sigmoid"]\nwhy = "so"\n'
    path = copy.root / "solutions" / FOLDER / "tolerances.toml"
    path.write_text(f"[[sigmoid_forward]]\n{row}")
    assert list(unknown_reasons(copy, assignment, content)) == []
    path.write_text(f"[[sigmoid_forward]]\n{row}[[sigmoid]]\n{row}".replace("values and", "values, "))
    check, exercise = unknown_reasons(copy, assignment, content)
    assert "sigmoid_forward: expected its checks and mutants, received 'values,  cache'" in check
    assert "tolerances.toml: sigmoid: expected an exercise of the assignment" in exercise


@pytest.mark.parametrize("findings", [[], ["f: its stub works"]])
def test_doctor_as_json_prints_one_object_and_says_the_rest_elsewhere(findings, course, monkeypatch, capsys):
    seen = Examination(["f  3 hidden cases"], findings, Counter(mutants=2, caught=2))
    monkeypatch.setattr("autograder.authoring.doctor.doctor.examine", lambda *arguments, **options: iter([seen]))
    monkeypatch.setattr("autograder.authoring.doctor.doctor.examine_walls", lambda course: Examination())
    monkeypatch.chdir(course.root)
    assert main(["doctor", "a1", "--json"]) == len(findings)
    out, err = capsys.readouterr()
    assert json.loads(out) == {
        "findings": [{"of": "a1", "finding": finding} for finding in findings],
        "counts": {"a1": {"mutants": 2, "caught": 2}},
    }
    assert "3 hidden cases" in err and ("all is well" in err or "FINDING f: its stub works" in err)
