"""Grading one submission: secrets, repeatability, isolation, and one mistake paid for once."""

from __future__ import annotations

import importlib.util
import json
import py_compile
import stat
from pathlib import Path

import nbformat
import pytest

from autograder.course.config import Course
from autograder.grading.grade import Grader, course_secret, plan, shipped_files
from autograder.grading.writing import notes_text
from autograder.judge.verdict import Verdict

pytestmark = pytest.mark.usefixtures("private_servers")


@pytest.fixture
def grader(course: Course, classroom) -> Grader:
    return Grader(course, classroom.assignment, classroom.root)


def grade(grader: Grader, path: Path):
    submission = grader.prepare(path)
    return submission, grader.grade(submission)


def scores(grader: Grader, verdicts: dict[str, Verdict]) -> dict[str, float | None]:
    return {name: grader.score(verdict, 1.0) for name, verdict in verdicts.items()}


def test_secret_is_made_once_and_is_nobody_elses(tmp_path):
    first = course_secret(tmp_path)
    assert len(first) == 32 and course_secret(tmp_path) == first
    assert stat.S_IMODE((tmp_path / ".course_secret").stat().st_mode) == 0o600
    assert course_secret(tmp_path) != course_secret(_folder(tmp_path / "other"))


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_damaged_secret_is_named_and_not_replaced(tmp_path):
    (tmp_path / ".course_secret").write_bytes(b"short")
    with pytest.raises(ValueError, match=r"expected 32 bytes, received 5; restore it"):
        course_secret(tmp_path)
    assert (tmp_path / ".course_secret").read_bytes() == b"short"


def test_compiled_modules_are_whole_and_what_python_would_have_made(classroom, tmp_path):
    files = shipped_files(classroom.root / "release" / "a1")
    compiled = {name: data for name, data in files.items() if name.endswith(".pyc")}
    assert {name.split("/")[-1].split(".")[0] for name in compiled} >= {"checks", "checking", "plain", "loaders"}
    for name, data in compiled.items():
        source = importlib.util.source_from_cache(name)
        (tmp_path / "source.py").write_bytes(files[source])
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        made = py_compile.compile(str(tmp_path / "source.py"), str(tmp_path / "made"), source, invalidation_mode=mode)
        assert data == Path(str(made)).read_bytes()


def test_mistake_in_an_earlier_exercise_is_paid_for_once(grader, classroom):
    changed = {
        "fold_threshold_dense": "def fold_threshold_dense(b1, t, W2, b2):\n    return b1, b2\n",
        "fold_threshold_network": (
            "def fold_threshold_network(layers_, thresholds):\n"
            "    Ws, bs = [W for W, _ in layers_], [b.copy() for _, b in layers_]\n"
            "    shift = np.zeros_like(bs[-1])\n"
            "    for i, t in enumerate(thresholds):\n"
            "        if i + 1 < len(bs):\n"
            "            bs[i], bs[i + 1] = fold_threshold_dense(bs[i], t, Ws[i + 1], bs[i + 1])\n"
            "        else:\n"
            "            shift = np.zeros_like(bs[i]) + np.asarray(t, bs[i].dtype)\n"
            "            bs[i] = bs[i] - shift\n"
            "    return list(zip(Ws, bs)), shift\n"
        ),
    }
    _, result = grade(grader, classroom.hand_in("once", classroom.notebook(changed)))
    found = scores(grader, result.verdicts)
    assert (found["fold_threshold_dense"], found["fold_threshold_network"]) == (0.0, 1.0)


def test_our_version_of_an_earlier_exercise_never_enters_the_students_process(grader, classroom):
    nosy = (
        "import inspect\n"
        "def fold_threshold_network(layers_, thresholds):\n"
        "    global seen\n"
        "    if 'seen' in globals(): return layers_, 0\n"  # the second time it is the student's own
        "    seen = repr(fold_threshold_dense) + str(getattr(fold_threshold_dense, '__code__', ''))\n"
        "    try: seen += inspect.getsource(fold_threshold_dense)\n"
        "    except (OSError, TypeError): pass\n"
        "    return layers_, 0\n"
    )
    notebook = classroom.notebook({"fold_threshold_network": nosy})
    notebook.cells.append(nbformat.v4.new_code_cell("print(seen)"))
    _, result = grade(grader, classroom.hand_in("nosy", notebook))
    printed = result.outputs[max(result.outputs)][0]["text"]
    assert printed.strip()
    assert "shift @ W2" not in printed and "broadcast_to" not in printed and "solution.py" not in printed


def test_order_and_company_change_nothing(grader, classroom):
    path = classroom.hand_in(
        "again", classroom.notebook({"affine_backward": "def affine_backward(dout, cache): pass\n"})
    )
    submission, first = grade(grader, path)
    grade(grader, classroom.hand_in("another", classroom.notebook()))
    assert grade(grader, path)[1].record(submission) == first.record(submission)


def test_edit_draws_other_cases(grader, classroom):
    notebook = classroom.notebook()
    same = [step.source for step in plan(notebook)]
    notebook.cells.append(nbformat.v4.new_code_cell("1 + 1"))
    assert [step.source for step in plan(notebook)] != same


def test_experiments_are_not_run_and_their_outputs_are_kept(grader, classroom):
    notebook = classroom.notebook()
    cell = next(c for c in notebook.cells if c.metadata.get("course", {}).get("experiment") == "threshold_gradient")
    cell.source = "raise RuntimeError('must not run')"
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text="my own numbers")]
    submission, result = grade(grader, classroom.hand_in("experimenter", notebook))
    kept = next(i for i, c in enumerate(submission.notebook.cells) if c.source == cell.source)
    assert kept not in result.outputs
    assert "my own numbers" in json.dumps(submission.notebook.cells[kept].outputs)
    assert set(scores(grader, result.verdicts).values()) == {1.0}


def test_grading_without_isolation_needs_the_word_and_carries_a_warning(course, classroom):
    grading = course.grading.model_copy(update={"isolation": "none"})
    grader = Grader(course.model_copy(update={"grading": grading}), classroom.assignment, classroom.root)
    submission, result = grade(grader, classroom.hand_in("open", classroom.notebook()))
    assert result.isolation == "none"
    assert set(scores(grader, result.verdicts).values()) == {1.0}
    assert "without isolation" in notes_text(submission, result)


def test_machine_without_walls_grades_nothing_and_names_what_is_missing(grader, classroom):
    from autograder.judge.referee import JudgeFailed

    def refuse(job):
        raise JudgeFailed("no walls hold on this machine (Landlock: not in this kernel)")

    result = grader.grade(grader.prepare(classroom.hand_in("nowhere", classroom.notebook())), refuse)
    assert set(scores(grader, result.verdicts).values()) == {None}
    assert "Landlock" in result.verdicts["threshold_relu"].traceback
    assert "Landlock" not in result.verdicts["threshold_relu"].text(None, 4.0)
