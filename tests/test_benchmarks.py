"""Benchmarks run, on classes that are too small to tell anything, and the page says what they have kept."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "benchmarks"


def run(script: str, *options: str) -> str:
    done = subprocess.run([sys.executable, str(FOLDER / script), *options], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def test_the_page_is_what_the_rows_say():
    """After `--write`, run: .venv/bin/python benchmarks/report.py"""
    code = "import report; print(report.page(report.kept()), end='')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=FOLDER, check=True)
    assert done.stdout == (ROOT / "docs" / "measured" / "grading.md").read_text("utf-8")


def test_without_otter_grader_nothing_is_measured_and_that_is_said(tmp_path):
    assert run("otter.py", "--otter", str(tmp_path / "otter")).startswith(f"no otter-grader at {tmp_path}/otter")


@pytest.mark.long
@pytest.mark.parametrize(
    ("script", "options", "last"),
    [
        ("arithmetic.py", ("a1", "--seeds", "1"), '{"calls": '),
        ("stages.py", ("--copies", "2"), "overhead: "),
        ("autograde.py", ("--copies", "2", "--training", "none"), "ratio stock/ours: wall "),
        ("scaling.py", ("--sizes", "2", "3", "--jobs", "1", "2"), "3 submissions: 2 jobs are "),
        ("hostile.py", ("--size", "4", "--hostile", "1"), "ratio class/(honest + limits): wall "),
    ],
)
def test_a_benchmark_runs(script, options, last):
    assert run(script, *options).splitlines()[-1].startswith(last)


def test_kept_rows_are_whole():
    for path in (ROOT / "docs" / "measured" / "rows").glob("*.json"):
        assert {"machine"} <= set(json.loads(path.read_text("utf-8"))), path.name
