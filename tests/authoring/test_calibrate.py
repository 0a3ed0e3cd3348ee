"""Calibration: what is measured is kept, what follows from it is right, and what does not hold any more is found."""

from __future__ import annotations

import importlib
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from autograder.authoring.calibrate import recipe
from autograder.authoring.calibrate.checking import check_item, stray_files
from autograder.authoring.calibrate.items import Item, items, known_datasets, people
from autograder.authoring.calibrate.plot import draw
from autograder.authoring.calibrate.record import parse, render
from autograder.authoring.calibrate.runs import Ledger, Run
from autograder.commands.main import main
from autograder.course.bounds import SOLUTIONS, calibration_file, read_bounds
from autograder.course.config import Calibration, load_course
from autograder.course.content import load_content

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "a2_first_networks"
REGRESSION = Item(FOLDER, "train_linear_regression", "any", None)
POLICY = Calibration()


# ----------------------------------------------------------------------------------------------------------------- runs


def test_half_a_line_costs_one_run_and_no_other(tmp_path):
    path = tmp_path / "calibration" / "runs.jsonl"
    runs = [Run(REGRESSION, "abc", "reference", seed) for seed in range(3)]
    ledger = Ledger(path)
    for run in runs[:2]:
        ledger.write(run, {"value": 0.5, "cpu": 1.0})
    path.write_bytes(path.read_bytes()[:-20])  # killed while it wrote
    again = Ledger(path)
    assert [run.key in again.results for run in runs] == [True, False, False]
    again.write(runs[1], {"value": None, "refused": "no weights", "cpu": 2.0})
    last = Ledger(path).results[runs[1].key]
    assert last.value == -math.inf and last.refused == "no weights" and len(Ledger(path).results) == 2


@pytest.mark.long
def test_kill_costs_the_runs_in_flight_and_the_same_command_goes_on(tmp_path):
    shutil.copy(ROOT / "course.yaml", tmp_path)
    words = ["--course", str(tmp_path), "calibrate", "a2", "--exercise", REGRESSION.exercise, "--seeds", "2"]
    command = [sys.executable, "-m", "autograder.commands.main", *words, "--jobs", "1"]
    path = tmp_path / "build" / "calibration" / "runs.jsonl"
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True) as first:
        while not path.exists() or path.read_bytes().count(b"\n") < 3:
            assert first.poll() is None, "ended before it was killed"
            time.sleep(0.2)
        os.kill(first.pid, signal.SIGKILL)
    before = path.read_bytes()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert path.read_bytes().startswith(before)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert {(line["who"], line["seed"]) for line in lines} == {
        (one.id, seed) for one in people(load_content(FOLDER), REGRESSION.exercise) for seed in range(2)
    }
    assert len(lines) == len({(line["who"], line["seed"]) for line in lines})  # nothing was made twice
    assert done.returncode == 1 and "expected at least 10 runs of reference, received 2" in done.stdout
    assert {line["surroundings"] for line in lines} == {"as the grader", "after other draws"}


# --------------------------------------------------------------------------------------------------------------- recipe


def planted(tmp_path, monkeypatch, name: str, text: str):
    (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(recipe, "FOLLOWED", (name, f"{name}_tools"))
    importlib.invalidate_caches()
    return importlib.import_module(name)


SOURCE = '''
from NAME_tools import helper
STEPS = 3
UNUSED = 1
def measure(x):
    """What it does."""
    return helper(x) * STEPS  # three times
'''


@pytest.mark.parametrize(
    ("name", "old", "new", "tools", "changes"),
    [
        ("planted_same", "", "", "2 * x", False),
        ("planted_prose", '"""What it does."""', '"""What it did, and why."""', "2 * x", False),
        ("planted_comment", "  # three times", "", "2 * x", False),
        ("planted_unused", "UNUSED = 1", "UNUSED = 2", "2 * x", False),
        ("planted_constant", "STEPS = 3", "STEPS = 4", "2 * x", True),
        ("planted_code", "* STEPS", "+ STEPS", "2 * x", True),
        ("planted_helper", "", "", "3 * x", True),
    ],
)
def test_recipe_changes_with_what_a_function_can_call_and_nothing_else(
    name, old, new, tools, changes, tmp_path, monkeypatch
):
    def digest(word: str, text: str, tools: str) -> str:
        (tmp_path / f"{word}_tools.py").write_text(f"def helper(x):\n    return {tools}\n")
        module = planted(tmp_path, monkeypatch, word, text.replace("NAME", word))
        found = recipe.digest(module.measure)
        for cached in (recipe._statements, recipe._imports, recipe._is_module):
            cached.cache_clear()
        for loaded in (word, f"{word}_tools"):
            del sys.modules[loaded]
        (tmp_path / "__pycache__").exists() and shutil.rmtree(tmp_path / "__pycache__")
        return found

    before = digest(name, SOURCE, "2 * x")
    assert (digest(name, SOURCE.replace(old, new) if old else SOURCE, tools) != before) == changes


def test_recipe_holds_what_a_function_was_made_with():
    def maker(steps):
        return lambda: steps

    assert recipe.digest(maker(3)) == recipe.digest(maker(3)) != recipe.digest(maker(4))


# ---------------------------------------------------------------------------------------------------------------- check


@pytest.fixture
def committed(tmp_path) -> Path:
    """A copy of what is committed."""
    file = calibration_file(FOLDER, REGRESSION.exercise, REGRESSION.data)
    shutil.copytree(file.parent, tmp_path / FOLDER / "calibration")
    return tmp_path


def edit(root: Path, old: str, new: str) -> None:
    path = calibration_file(FOLDER, REGRESSION.exercise, REGRESSION.data, root)
    text = path.read_text()
    assert re.search(old, text, re.MULTILINE)
    path.write_text(re.sub(old, new, text, count=1, flags=re.MULTILINE))


def found(root: Path, policy: Calibration = POLICY) -> str:
    return "\n".join(check_item(REGRESSION, policy, root))


def test_what_is_committed_holds(committed):
    assert found(committed) == ""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (r"^at_least = -0\.(\d+)", r"at_least = -0.1\1", "at_least: .* follows from its values"),
        (r"^begins = -0\.(\d+)", r"begins = -0.0\1", r"doubt\.begins: .* follows"),
        (r"^predicted = .*", "predicted = 1e-9", r"correct_fails\.predicted: .* follows"),
        (r"^values = \[[^,]*, ", "values = [", "expected 30 seeds, received 29"),
        (r"^values = \[[^,]*, ", "values = [-0.0051, ", "follows from its values"),
        (r"^values = \[[^,]*, ", "values = [-inf, ", "could not be trained with every seed"),
        (r"^recipe = \"....", 'recipe = "beef', "the trial, or what it trains with, has changed"),
        (r"^keras = \"\d+\.\d+", 'keras = "3.9', "measured with keras 3.9"),
        (r"^cpu_seconds = .*", "cpu_seconds = 20.0", "takes 20 s of work"),
        (r"^id = \"train_linear_regression.shuffles_indices\"", 'id = "train_linear_regression.other"', "is no more"),
        (r"^unit = .*\n", "", "KeyError"),
    ],
)
def test_check_notices(old, new, says, committed):
    edit(committed, old, new)
    assert re.search(says, found(committed)), found(committed)


def test_check_allows_another_patch_of_a_version(committed):
    edit(committed, r"^keras = \"(\d+\.\d+)\.\d+", r'keras = "\1.99')
    edit(committed, r"^python = \"[^\"]*", 'python = "3.99.1')
    assert found(committed) == ""


def test_check_notices_a_changed_solution_and_a_new_variant(committed, monkeypatch):
    content = load_content(FOLDER)
    solution = importlib.import_module(f"solutions.{FOLDER}.solution")
    other = content.variants[REGRESSION.exercise][0].function
    monkeypatch.setattr(solution, REGRESSION.exercise, other)
    assert "reference has changed since it was measured" in found(committed)
    monkeypatch.undo()
    edit(committed, r"^\[\[implementation\]\]\nid = \"reference\"\n(.+\n)+", "")
    assert "reference was not measured" in found(committed)


def test_check_notices_another_policy_and_another_plot(committed):
    assert "another policy" in found(committed, Calibration(correct_fails=0.01, wrong_passes=0.01))
    plot = calibration_file(FOLDER, REGRESSION.exercise, REGRESSION.data, committed).with_suffix(".svg")
    plot.write_text(plot.read_text().replace("drawn from values ", "drawn from values 0"))
    assert "drawn from the same values" in found(committed)
    plot.unlink()
    assert "drawn from the same values" in found(committed)


def test_check_names_what_is_not_calibrated_and_ends_with_1(capsys):
    assert main(["--course", str(ROOT), "calibrate", "--check", "a2"]) in (0, 1)
    told = capsys.readouterr().out
    assert "train_linear_regression: measured, and meets the policy" in told
    for item in items(list(load_course(ROOT).assignments.values())[1:2], known_datasets()):
        there = calibration_file(item.folder, item.exercise, item.data).exists()
        assert (f"FINDING {item}: not yet calibrated" in told) != there


def test_stray_measurements_are_found(committed):
    (committed / FOLDER / "calibration" / "gone.any.toml").touch()
    known = list(items([load_course(ROOT).assignments["a2"]], known_datasets()))
    (line,) = stray_files([FOLDER], known, committed)
    assert line.startswith(f"{FOLDER}/calibration/gone.any.toml: expected measurements of an accuracy item")


def test_file_is_read_back_as_it_was_written_and_the_judge_reads_its_bound(committed):
    path = calibration_file(FOLDER, REGRESSION.exercise, REGRESSION.data)
    record, _ = parse(path.read_text())
    assert render(REGRESSION, record) == path.read_text()
    assert draw(REGRESSION, record) == draw(REGRESSION, record)
    bound = read_bounds(FOLDER, {"synthetic-grey"}, committed)[REGRESSION.exercise]
    assert bound.doubt is not None and bound.doubt.begins < bound.at_least == bound.doubt.ends
    assert bound == read_bounds(FOLDER, {"synthetic-grey"}, SOLUTIONS)[REGRESSION.exercise]
    correct = [one for one in record.evidence.measured if one.correct]
    assert min(map(len, (one.values for one in correct))) >= 30
    assert np.min([one.values for one in correct]) >= bound.at_least


def test_unknown_dataset_is_refused(capsys):
    assert main(["--course", str(ROOT), "calibrate", "--data", "photographs"]) == 2
    assert "expected one of any, cifar-10, fashion-mnist" in capsys.readouterr().err


def test_data_that_are_not_here_are_not_passed_over(monkeypatch, capsys):
    monkeypatch.delenv("COURSE_DATA_DIR", raising=False)
    assert main(["--course", str(ROOT), "calibrate", "--data", "cifar-10"]) == 2
    assert "expected cifar-10 in the folder of COURSE_DATA_DIR" in capsys.readouterr().err
