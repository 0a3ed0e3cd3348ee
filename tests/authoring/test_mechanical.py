"""Small changes of right functions are made, judged in a process that may die, and held against a committed report."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from autograder.authoring.doctor.mutation.mechanical import SURVIVED, Hunted, Hunter, compare
from autograder.authoring.doctor.mutation.mutating import defined, steps
from autograder.authoring.doctor.mutation.outlasting import DIED, outlast
from autograder.authoring.doctor.mutation.survivors import Listed, listed
from autograder.course.checks import Check, ExerciseChecks
from autograder.course.config import CourseError
from coursekit.checking import Case, Exercise

PLACE = Path("survivors.toml")
EQUIVALENT = Listed("equivalent", "why")


def clipped(x, least=0.0):
    """Nothing that is said here is changed: 1 + 1."""
    if x.ndim < 1:
        raise ValueError(f"at least {1 + 1} rows")
    return np.where(x > least, x, least)


def factorial(n: int) -> int:
    return 1 if n < 2 else n * factorial(n - 1)


def words(function: Callable) -> set[str]:
    return {step.words for step in steps(function)}


# --------------------------------------------------------------------------------------------------------------- steps


def test_steps_are_named_by_the_statement_before_and_after():
    assert words(clipped) == {
        "def clipped(x, least=0.0):  ->  def clipped(x, least=1.0):",
        "if x.ndim < 1:  ->  if x.ndim <= 1:",
        "if x.ndim < 1:  ->  if x.ndim > 1:",
        "if x.ndim < 1:  ->  if x.ndim < 2:",
        "if x.ndim < 1:  ->  if x.ndim < 0:",
        "if x.ndim < 1:  ->  nothing",
        "raise ValueError(f'at least {1 + 1} rows')  ->  nothing",
        "return np.where(x > least, x, least)  ->  return np.where(x >= least, x, least)",
        "return np.where(x > least, x, least)  ->  return np.where(x < least, x, least)",
        "return np.where(x > least, x, least)  ->  return np.where(x, x > least, least)",
        "return np.where(x > least, x, least)  ->  return np.where(x > least, least, x)",
        "return np.where(x > least, x, least)  ->  return x > least",
    }


def test_a_changed_function_does_what_its_words_say_and_calls_itself():
    changed = {step.words: defined(step, factorial) for step in steps(factorial)}
    before = "return 1 if n < 2 else n * factorial(n - 1)"
    assert changed[f"{before}  ->  return 2 if n < 2 else n * factorial(n - 1)"](3) == 12
    assert changed[f"{before}  ->  return 1 if n < 2 else n / factorial(n - 1)"](3) == 1.5
    assert factorial(3) == 6


@pytest.mark.parametrize(
    ("source", "after"),
    [
        ("return x.sum(axis=0, keepdims=True)", "return x.sum(axis=0)"),
        ("return x.sum(axis=0, keepdims=True)", "return x.sum(axis=1, keepdims=True)"),
        ("return x.sum(axis=0, keepdims=True)", "return x"),
        ("return x.astype(np.float32)", "return x.astype(np.float64)"),
        ("return x[1:]", "return x[:]"),
        ("return x, -x", "return (-x, x)"),
        ("return x, -x", "return (x, x)"),
        ("return x if not x.size else None", "return x if x.size else None"),
        ("return x or 1", "return x and 1"),
        ("x += 1", "x -= 1"),
        ("return layers.ReLU()(x)", "return x"),
        ("return layers.Conv2D(4, 3, padding='same')(x)", "return layers.Conv2D(4, 3, padding='valid')(x)"),
    ],
)
def test_kinds_of_steps(source, after, tmp_path, monkeypatch):
    (tmp_path / "written.py").write_text(f"def written(x):\n    {source}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "written", raising=False)
    found = words(importlib.import_module("written").written)
    assert after in {one.partition("  ->  ")[2] for one in found}


def test_swapped_arguments_of_a_sum_are_no_step():
    def added(x, y):
        return np.add(x, y)

    assert words(added) == {"return np.add(x, y)  ->  return x"}


# -------------------------------------------------------------------------------------------------------------- judged


def checks(*values: float) -> ExerciseChecks:
    cases = [Case((np.array([value]),), np.array([max(value, 0.0)])) for value in values]
    exercise = Exercise("clipped", (Case((np.array([5.0]),), np.array([5.0])),), ("clip",))
    return ExerciseChecks(exercise, (Check("values", lambda rng: cases),))


def survivors(*values: float) -> set[str]:
    hunter = Hunter(checks(*values))
    return {step.words for step in steps(clipped) if hunter.killer(defined(step, clipped)) == SURVIVED}


def test_a_step_survives_until_a_case_notices():
    default = "def clipped(x, least=0.0):  ->  def clipped(x, least=1.0):"
    assert default in survivors(3.0)
    assert default not in survivors(3.0, -1.0)
    at_zero = "return np.where(x > least, x, least)  ->  return np.where(x >= least, x, least)"
    assert at_zero in survivors(3.0, -1.0, 0.0)


def test_what_killed_the_last_step_is_asked_first():
    hunter = Hunter(checks(3.0, -1.0))
    assert hunter.killer(lambda x: x) == "'values', case 2"
    assert hunter.killer(lambda x: x + 2) == "'values', case 2"


# ----------------------------------------------------------------------------------------------- a process that may die


def fragile(kind: str) -> Callable[[int], str]:
    def work(number: int) -> str:
        if number == 1 and kind == "dies":
            os.abort()
        while number == 1 and kind == "hangs":
            pass
        if number == 1 and kind == "swells":
            np.ones(2**36)
        return f"did {number}"

    return work


def never() -> Callable[[int], str]:
    os._exit(3)


@pytest.mark.parametrize("kind", ["dies", "hangs"])
def test_the_others_are_judged_when_one_takes_its_process_along(kind):
    assert list(outlast(fragile, (kind,), 4, cpu_seconds=1)) == ["did 0", DIED, "did 2", "did 3"]


def test_memory_is_bounded():
    assert list(outlast(fragile, ("swells",), 3)) == ["did 0", DIED, "did 2"]


def test_a_process_that_never_begins_is_an_error_and_no_verdict():
    with pytest.raises(RuntimeError, match="before its first piece"):
        list(outlast(never, (), 2))


# ---------------------------------------------------------------------------------------------------------- the report


def hunted(*survivors: str, killed: int) -> Hunted:
    found = Hunted(list(survivors))
    found.counts.update(steps=killed + len(survivors), killed=killed)
    return found


def test_survivor_without_a_row_is_a_finding():
    found = hunted("solution: a  ->  b", killed=99)
    compare(found, "clipped", {}, PLACE)
    assert len(found.findings) == 1
    assert "solution: a  ->  b" in found.findings[0] and "survivors.toml" in found.findings[0]


def test_row_without_a_survivor_is_a_finding():
    found = hunted(killed=99)
    compare(found, "clipped", {"solution: a  ->  b": Listed("allowed", "why")}, PLACE)
    assert len(found.findings) == 1 and "drop the row" in found.findings[0]


def test_listed_survivors_are_counted_by_their_kind():
    found = hunted("solution: a  ->  b", "solution: c  ->  d", killed=20)
    compare(found, "clipped", {"solution: a  ->  b": Listed("allowed", "w"), "solution: c  ->  d": EQUIVALENT}, PLACE)
    assert found.findings == [] and found.counts["allowed"] == found.counts["equivalent"] == 1


def test_report_is_read_by_exercise_and_a_broken_one_is_one_clear_error(tmp_path):
    report = tmp_path / "survivors.toml"
    assert listed(report) == {}
    report.write_text('[[relu]]\nkind = "allowed"\nwhy = "because"\nsteps = ["a  ->  b", "c  ->  d"]\n')
    assert listed(report) == {"relu": dict.fromkeys(["a  ->  b", "c  ->  d"], Listed("allowed", "because"))}
    report.write_text('[[relu]]\nkind = "fine"\nwhy = "because"\nsteps = []\n')
    with pytest.raises(CourseError, match=r"survivors\.toml"):
        listed(report)
