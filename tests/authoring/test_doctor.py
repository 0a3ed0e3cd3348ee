"""`course doctor` proves the contract: what breaks it is found, and the mutant that gets away is named."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from autograder.authoring.doctor.doctor import undefined

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.long


@pytest.fixture
def doctor(tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Examine a copy of the course in which one text of one file is another; ``also`` changes others."""

    def examine(
        file: str = "", pattern: str = "", replacement: str = "", *options: str, also: Sequence[Sequence[str]] = ()
    ) -> tuple[int, str]:
        for name in ("autograder", "assignments", "solutions", "datasets", "course.yaml", "requirements.lock"):
            source = ROOT / name
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, tmp_path / name)  # with what Python compiled: nobody waits for that again
        (tmp_path / "coursekit").symlink_to("autograder/kit")
        for place, was, becomes in [(file, pattern, replacement), *also] if file else ():
            text = (tmp_path / place).read_text()
            changed = re.sub(was, becomes, text, flags=re.MULTILINE)
            assert changed != text
            (tmp_path / place).write_text(changed)
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
        ("far from 0, without overflow", "sigmoid_forward", "naive_sigmoid"),
        ("clamped entries give exactly 0", "threshold_relu_backward", "multiplies_by_a_mask"),
        ("'same' with even kernels and strides", "fold_threshold_conv", "ignores_the_stride"),
    ],
)
def test_deleted_hidden_check_names_the_mutant_that_gets_away(check, exercise, mutant, doctor):
    deleted = rf"^\s*Check\(\"{re.escape(check)}\".*\n"
    status, text = doctor(f"{HIDDEN}/__init__.py", deleted, "", "--exercise", exercise)
    assert status == 1, text
    assert re.search(rf"mutant {exercise}\.{mutant} \(.*\) passes every hidden check", text), text


def test_weakened_tolerance_names_the_mutant_that_gets_away(doctor):
    weakened = (r"Tolerance\(0.0, 1e-(12|6)", "Tolerance(0.0, 1e-3")
    status, text = doctor(f"{HIDDEN}/gradients.py", *weakened, "--exercise", "sigmoid_forward")
    assert status == 1, text
    assert re.search(r"mutant sigmoid_forward.clips_at_twenty_five \(.*\) passes every hidden check", text), text


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
        "variant sigmoid_backward.s_minus_s_squared loses points",
        *("--exercise", "sigmoid_backward"),
    ),
    "harmless mutant": (
        f"{A1}/mutants/affine.py",
        r"return dout @ W\.T, x\.T @ dout, dout\.mean.*",
        "return solution.affine_backward(dout, cache)",
        "mutant affine_backward.averages_db (Averages db over the batch) passes every hidden check",
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
    "two mutants of one name": (
        f"{A1}/mutants/affine.py",
        r"def averages_db\(",
        "def does_not_sum_db(",
        "affine_backward.does_not_sum_db: expected one function of this id, received those at affine.py:",
        *("--exercise", "affine_backward"),
    ),
    "long hint": (
        f"{A1}/mutants/affine.py",
        r"b is shared by all rows: ",
        r"\g<0>" * 5,
        "its hint: expected at most 120 characters",
        *("--exercise", "affine_backward"),
    ),
    "points typed by hand": (
        "assignments/a1_relu_sigmoid/notebook.py",
        r"\[\[points affine_backward\]\]",
        "6 points",
        "expected points as [[points NAME]], received 'Exercise `affine_backward`: 6 points'",
    ),
    "leak": (
        "assignments/a1_relu_sigmoid/checks.py",
        "^EXERCISES = ",
        'WRONG = "def naive_sigmoid(x)"\nEXERCISES = ',
        "the release leaks: coursekit/assignment/checks.py: holds the name of mutant sigmoid_forward.naive_sigmoid",
    ),
}


@pytest.mark.parametrize("breach", [name for name, (_, _, _, _, *options) in BREACHES.items() if options])
def test_breach_of_the_contract_is_found(breach, doctor):
    file, pattern, replacement, finding, *options = BREACHES[breach]
    status, text = doctor(file, pattern, replacement, *options)
    assert status == 1, text
    assert finding in text


def test_breaches_that_an_examination_of_one_exercise_does_not_see_are_found(doctor):
    """All of them in one course: a whole examination takes its time."""
    first, *others = [breach for breach in BREACHES.values() if len(breach) == 4]
    status, text = doctor(*first[:3], "--quick", also=[breach[:3] for breach in others])
    assert status == 1, text
    for breach in (first, *others):
        assert breach[3] in text


def test_name_that_no_cell_binds_is_found():
    cells = [
        "import numpy as np\nfrom a import b as c",
        "def f(x):\n    y = [np.abs(z) for z in cycle(x)]\n    return c(len(y))",
    ]
    assert undefined(cells) == ["cycle"]
    assert undefined([*cells, "cycle = list"]) == []
