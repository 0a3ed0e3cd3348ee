"""`check(...)` in a student's hands: the right sentence, offline, in a moment."""

from __future__ import annotations

import json
import subprocess
import sys

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from coursekit.checker import Checker, NotYet
from coursekit.checking import Case, Exercise
from coursekit.diagnosis import (
    Misconception,
    diagnose,
    from_json,
    outcome_from_json,
    outcome_to_json,
    same_outcome,
    shape_hint,
    to_json,
)
from coursekit.kernel.cellwise import GOOD
from coursekit.observing import Outcome


def threshold_relu(x, t):
    return np.minimum(x, t)


CASE = Case((np.array([-1.0, 2.0]), 0.5), np.array([0.5, 2.0]), label="below and above")
EXERCISE = Exercise("threshold_relu", (CASE,), ("first", "second"))


@pytest.fixture
def shipped(classroom):
    return classroom.root / "release" / "a1"


def ask(shipped, source: str) -> subprocess.CompletedProcess[str]:
    """Run code beside the shipped files, as a student would: our package is not there."""
    code = f"import numpy as np\nfrom coursekit import check\n{source}"
    command = [sys.executable, "-I", "-B", "-c", f"import sys; sys.path.insert(0, '.')\n{code}"]
    return subprocess.run(command, cwd=shipped, capture_output=True, text=True)


def test_report_shows_call_got_expected_difference_and_hint(tmp_path):
    with pytest.raises(NotYet) as caught:
        Checker([EXERCISE], tmp_path / "none")(threshold_relu)
    assert str(caught.value).splitlines() == [
        "✗ threshold_relu: 2 of 2 values differ, the first at [0]",
        "  call      threshold_relu(x=[-1. 2.], t=0.5)      # below and above",
        "  got       [-1. 0.5]",
        "  expected  [0.5 2. ]      first difference at [0]: -1, should be 0.5",
        "  hint      first",
        "  0 of 1 public cases pass.",
    ]


def test_hints_climb_the_ladder(tmp_path):
    check = Checker([EXERCISE], tmp_path / "none")
    hints = []
    for _ in range(3):
        with pytest.raises(NotYet) as caught:
            check(threshold_relu)
        hints.append(str(caught.value).split("hint")[1].split()[0])
    assert hints == ["first", "second", "second"]


def written(body: str):
    """A function as a student's cell defines it."""
    names: dict[str, object] = {"np": np}
    exec(body, names)
    return names["threshold_relu"]


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("def threshold_relu(x, t): return nmupy.minimum(x, t)", "compare its spelling"),
        ("def threshold_relu(x, t): return np.maximun(x, t)", "the module has nothing of this name"),
        ("def threshold_relu(x, t): return np.maximum(x, t).tolist()", "return the array itself"),
        ("def threshold_relu(x, t): import nunpy", "use what the notebook itself imports"),
        ("def threshold_relu(x, t): return eval('np.maximum(x, t')", "missing bracket, colon or quote"),
        ("def threshold_relu(x): return x", "keep the first line of the stub"),
        ("def threshold_relu(x, t):\n    if t > 100:\n        y = x\n    return y", "read before it has a value"),
    ],
)
def test_code_that_cannot_run_has_a_hint_of_its_own_and_uses_up_no_rung(source, hint, tmp_path):
    check = Checker([EXERCISE], tmp_path / "none")
    for _ in range(3):
        with pytest.raises(NotYet) as caught:
            check(written(source))
        assert hint in str(caught.value)
    with pytest.raises(NotYet) as caught:
        check(threshold_relu)
    assert "hint      first" in str(caught.value)


def test_stub_uses_up_no_rung(tmp_path):
    check = Checker([EXERCISE], tmp_path / "none")
    with pytest.raises(NotYet, match="not written yet"):
        check(written("def threshold_relu(x, t): raise NotImplementedError"))
    with pytest.raises(NotYet) as caught:
        check(threshold_relu)
    assert "hint      first" in str(caught.value)


def test_argument_that_was_written_into_is_told_before_the_mathematics(tmp_path):
    in_place = written("def threshold_relu(x, t):\n    x[...] = np.maximum(x, t)\n    return x")
    with pytest.raises(NotYet) as caught:
        Checker([EXERCISE], tmp_path / "none")(in_place)
    assert "hint      compute into a new array" in str(caught.value)


def test_unknown_function_names_the_exercises(tmp_path):
    with pytest.raises(ValueError, match=r"check\(len\).*threshold_relu"):
        Checker([EXERCISE], tmp_path / "none")(len)


def test_shipped_check_recognises_a_misconception_offline(shipped):
    done = ask(shipped, "def threshold_relu(x, t): return np.maximum(x - t, 0)\ncheck(threshold_relu)")
    assert "hint      for x < t the output must be t itself, not 0" in done.stderr


def test_shipped_check_ends_with_the_honest_line(shipped, classroom, content):
    done = ask(shipped, f"{classroom.right['threshold_relu']}\ncheck(threshold_relu)")
    hidden = content.specs["threshold_relu"].count
    honest = f"✓ threshold_relu: 5 of 5 public cases pass. {hidden} hidden cases run after you submit.\n"
    assert done.stdout == honest, done.stderr


def test_a_check_that_somebody_counts_raises(shipped, monkeypatch):
    """``nbgrader validate``, and an autograder that is not ours, see what raises."""
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    cells = ["from coursekit import check", "def threshold_relu(x, t): return x", "check(threshold_relu)"]
    (error,) = executed(shipped, cells).cells[-1].outputs
    assert error.ename == "NotYet"
    assert error.traceback[0].startswith("✗ threshold_relu: ")


def executed(shipped, sources):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    NotebookClient(notebook, allow_errors=True, resources={"metadata": {"path": str(shipped)}}).execute()
    return notebook


@pytest.mark.parametrize(
    ("got", "expected", "arguments", "hint"),
    [
        ((2,), (3,), [(2, 3)], "axis 1 of an array (2, 3) leaves; keep axis 1, reduce the others"),
        ((4, 5), (6,), [(4, 5, 6)], "axis 2 of an array (4, 5, 6) leaves; keep axis 2"),
        ((4,), (5, 6), [(2,), (4, 5, 6)], "axes 1 and 2 of an array (4, 5, 6) leaves; keep axes 1 and 2"),
        ((3, 2), (2, 3), [], "in another order"),
        ((2, 1), (2,), [], "an axis of length 1 is left over"),
        ((2,), (2, 1), [], "an axis of length 1 is missing"),
        ((), (3,), [(2, 3)], "say over which axes"),
        ((2,), (), [(2, 2)], "one number is asked for"),
        ((2,), (2, 3), [(2, 3)], "an axis is gone"),
        ((2,), (3,), [(2, 2)], ""),
        ((7,), (5,), [(2, 3)], ""),
    ],
)
def test_shapes_are_explained_by_what_makes_one_of_the_other(got, expected, arguments, hint):
    found = shape_hint(got, expected, arguments)
    assert hint in found and bool(hint) == bool(found)


def test_every_public_misconception_is_recognised_by_its_own_hint(content, shipped):
    stored = json.loads((shipped / "coursekit" / "assignment" / "misconceptions.json").read_text())
    for name, spec in content.specs.items():
        known = [
            Misconception(m["hint"], tuple(map(outcome_from_json, m["outcomes"])))
            for m in stored[name]["misconceptions"]
        ]
        for mutant in content.mutants[name]:
            found = Checker([spec.exercise], shipped / "none").report(spec.exercise, mutant.function, 0, known)
            if found.mood == GOOD:  # hidden cases catch it
                continue
            assert f"hint      {mutant.hint}" in found.text, mutant.id


def test_outcomes_survive_json():
    tree = (np.array([[1.5, np.inf]], np.float32), [1, None, True], {"a": np.array(2)}, "text")
    back = from_json(json.loads(json.dumps(to_json(tree))))
    assert back[0].dtype == np.float32 and back[0].shape == (1, 2)
    assert same_outcome(Outcome(tree), Outcome(back))
    outcome = Outcome(tree, None, ("x",), ("y",))
    assert same_outcome(outcome_from_json(outcome_to_json(outcome)), outcome)


def test_misconception_that_differs_on_the_first_failure_is_not_chosen():
    wrong, other = Outcome(np.array([1.0])), Outcome(np.array([2.0]))
    failures = [None, "something"]
    known = [(wrong, other), (other, wrong)]
    assert diagnose([wrong, wrong], failures, known) == 1
    assert diagnose([wrong, Outcome(np.array([3.0]))], failures, known) is None
    assert diagnose([wrong, wrong], [None, None], known) is None
