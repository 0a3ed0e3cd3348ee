"""`course doctor` proves the contract: what breaks it is found, and the mutant that gets away is named."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.authoring.doctor.doctor import undefined

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.slow


@pytest.fixture
def doctor(tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Examine a copy of the course in which one text of one file is another."""

    def examine(file: str = "", pattern: str = "", replacement: str = "", *options: str) -> tuple[int, str]:
        for name in ("autograder", "assignments", "solutions", "datasets", "course.yaml", "requirements.lock"):
            source = ROOT / name
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, tmp_path / name)  # with what Python compiled: nobody waits for that again
        (tmp_path / "coursekit").symlink_to("autograder/kit")
        if file:
            text = (tmp_path / file).read_text()
            changed = re.sub(pattern, replacement, text, flags=re.MULTILINE)
            assert changed != text
            (tmp_path / file).write_text(changed)
        command = [sys.executable, "-m", "autograder.commands.main", "doctor", "a1", *options]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout + done.stderr

    return examine


HIDDEN = "solutions/a1_relu_sigmoid/hidden"


def test_sound_course_has_no_findings(doctor):
    status, text = doctor()
    assert status == 0, text
    assert "all is well" in text and "no leaks" in text
    assert re.search(r"(\d+) of \1 mutants caught, \1 with their own hint", text), text


@pytest.mark.parametrize(
    ("check", "exercise", "mutant"),
    [
        ("far from 0, without overflow", "sigmoid_forward", "A1.6-1"),
        ("clamped entries give exactly 0", "threshold_relu_backward", "A1.2-x1"),
        ("'same' with even kernels and strides", "fold_threshold_conv", "A1.5-9"),
    ],
)
def test_deleted_hidden_check_names_the_mutant_that_gets_away(check, exercise, mutant, doctor):
    deleted = rf"^\s*Check\(\"{re.escape(check)}\".*\n"
    status, text = doctor(f"{HIDDEN}/__init__.py", deleted, "", "--exercise", exercise)
    assert status == 1, text
    assert re.search(rf"mutant {re.escape(mutant)} \(.*\) passes every hidden check", text), text


def test_weakened_tolerance_names_the_mutant_that_gets_away(doctor):
    weakened = (r"Tolerance\(0.0, 1e-(12|6)", "Tolerance(0.0, 1e-3")
    status, text = doctor(f"{HIDDEN}/gradients.py", *weakened, "--exercise", "sigmoid_forward")
    assert status == 1, text
    assert re.search(r"mutant A1\.6-6 \(.*\) passes every hidden check", text), text


A1 = "solutions/a1_relu_sigmoid"
BREACHES = {
    "wrong solution": (
        f"{A1}/solution.py",
        r"dout @ W\.T",
        "dout @ W.T + 1e-3",
        "the solution loses points",
        *("--exercise", "affine_backward"),
    ),
    "wrong variant": (
        f"{A1}/variants.py",
        r"dout \* \(cache - cache\*\*2\)",
        "dout",
        "variant A1.7-a loses points",
        *("--exercise", "sigmoid_backward"),
    ),
    "harmless mutant": (
        f"{A1}/mutants/affine.py",
        r"return dout @ W\.T, x\.T @ dout, dout\.mean.*",
        "return solution.affine_backward(dout, cache)",
        "mutant A1.8-x5 (Averages db over the batch) passes every hidden check",
        *("--exercise", "affine_backward"),
    ),
    "silent design note": (
        "assignments/a1_relu_sigmoid/design.md",
        "affine_backward",
        "the affine layer",
        "design.md says nothing of affine_backward",
    ),
    "stub that works": (
        "assignments/a1_relu_sigmoid/notebook.py",
        r"(Source: chain rule; for x = t[^\n]*\n    \"\"\"\n)    raise",
        r"\1    return 0\n    raise",
        "threshold_relu_backward: expected a stub that raises NotImplementedError",
        *("--exercise", "threshold_relu_backward"),
    ),
    "leak": (
        "assignments/a1_relu_sigmoid/checks.py",
        "^EXERCISES = ",
        'WRONG = "def naive_sigmoid(x)"\nEXERCISES = ',
        "the release leaks: coursekit/assignment/checks.py: holds the name of mutant A1.6-1",
    ),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_breach_of_the_contract_is_found(breach, doctor):
    file, pattern, replacement, finding, *options = BREACHES[breach]
    status, text = doctor(file, pattern, replacement, *(options or ["--quick"]))
    assert status == 1, text
    assert finding in text


def test_name_that_no_cell_binds_is_found():
    cells = [
        "import numpy as np\nfrom a import b as c",
        "def f(x):\n    y = [np.abs(z) for z in cycle(x)]\n    return c(len(y))",
    ]
    assert undefined(cells) == ["cycle"]
    assert undefined([*cells, "cycle = list"]) == []
