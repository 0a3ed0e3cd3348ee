"""A script becomes nbgrader's source: solutions in place, metadata right, nothing written when anything is off."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator

from autograder.authoring.build import build_assignment, solution_bodies, splice
from autograder.authoring.shipping import made, shipped
from autograder.course.config import Course, CourseError
from autograder.course.script import read_script, stub_definition

FOLDER = "a1_relu_sigmoid"
HEAD = "# %% exercise=f\ndef f(x):\n    raise NotImplementedError\n"
CHECK = "# %% check=f\ncheck(f)\n"


def script(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "notebook.py"
    path.write_text(text, encoding="utf-8")
    return path


def hashes(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def copied(course: Course, tmp_path: Path) -> Course:
    """The course with its own copy of a1's texts, to be spoiled."""
    for part in ("assignments", "solutions"):
        for folder in (FOLDER, "shared"):
            shutil.copytree(course.root / part / folder, tmp_path / "course" / part / folder)
    shutil.copy(course.root / "course.yaml", tmp_path / "course")
    return course.model_copy(update={"root": tmp_path / "course"})


# ------------------------------------------------------------------------------------------------------------ scripts


def test_cells_are_read_with_their_roles_names_and_lines(tmp_path):
    text = (
        f"# %% [markdown]\n# Prose with $x$.\n\n{HEAD}\n{CHECK}\n# %% answer=p\n# Why?\n\n# %% experiment=slow\nfit()\n"
    )
    cells = read_script(script(tmp_path, text)).cells
    assert [(cell.role, cell.name, cell.line) for cell in cells] == [
        ("markdown", "", 1),
        ("exercise", "f", 4),
        ("check", "f", 8),
        ("answer", "p", 11),
        ("experiment", "slow", 14),
    ]
    assert [cell.source for cell in cells[::3]] == ["Prose with $x$.", "Why?"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("# %% exercize=f\npass\n", "notebook.py:1: .*received '# %% exercize=f'; known keys", id="key"),
        pytest.param("# %% exercise= f\npass\n", "notebook.py:1: expected a header such as", id="space"),
        pytest.param("# %%exercise=f\npass\n", "notebook.py:1: expected a header such as", id="no_space"),
        pytest.param(HEAD, "notebook.py:1: expected check=f below the exercise, received none", id="no_check"),
        pytest.param(CHECK + HEAD, "notebook.py:1: expected exercise=f above its check", id="check_first"),
        pytest.param(HEAD + CHECK + HEAD, "notebook.py:6: expected each .*'f' again; rename or delete", id="twice"),
        pytest.param(
            HEAD + CHECK + "# %% answer=f\n# Why?\n", "notebook.py:6: expected each .*'f' again", id="answer_too"
        ),
        pytest.param("x = 1\n", "notebook.py: expected cells that start with '# %%', received none", id="no_cells"),
    ],
)
def test_a_bad_script_is_refused_with_line_expectation_and_remedy(text, says, tmp_path):
    with pytest.raises(CourseError, match=says):
        read_script(script(tmp_path, text))


def test_every_bad_header_is_reported_at_once(tmp_path):
    with pytest.raises(CourseError) as caught:
        read_script(script(tmp_path, "# %% a=b\n\n# %% c=d\n"))
    assert [finding.split(": ")[0] for finding in caught.value.findings] == ["notebook.py:1", "notebook.py:3"]


# ---------------------------------------------------------------------------------------------------------- solutions


def bodies(tmp_path: Path, source: str) -> dict[str, tuple[str, str]]:
    path = tmp_path / "solution.py"
    path.write_text(source, encoding="utf-8")
    return solution_bodies(path)


STUB = 'def f(x: int, *, k: float = 1.0) -> int:\n    """Add k.\n\n    Twice.\n    """\n    raise NotImplementedError'


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("def f(x, *, k=1.0):\n    # why: twice\n    y = x + k  # once\n    return y + k\n", id="comments"),
        pytest.param("def f(\n    x,  # a note:\n    *,\n    k=1.0,\n):\n    return x + 2 * k\n", id="long_header"),
        pytest.param("def f(x, *, k=1.0): return x + 2 * k\n", id="one_line"),
        pytest.param(
            "def f(x, *, k=1.0):\n    @str\n    def g():\n        return 1\n    return x + 2 * k\n",
            id="decorated_first",
        ),
    ],
)
def test_a_solution_goes_between_the_markers_and_the_stub_keeps_its_docstring(source, tmp_path):
    spliced = splice(STUB, "f", bodies(tmp_path, source))
    lines = spliced.splitlines()
    assert lines[:5] == STUB.splitlines()[:5]
    assert lines[5] == "    ### BEGIN SOLUTION"
    assert lines[-1] == "    ### END SOLUTION"
    assert "NotImplementedError" not in spliced
    namespace: dict[str, Callable[..., float]] = {}
    exec(spliced, namespace)
    assert namespace["f"](1, k=2.0) == 5.0
    assert all(line.strip() in spliced for line in source.splitlines() if line.strip().startswith("#"))


@pytest.mark.parametrize(
    ("source", "says"),
    [
        pytest.param("def g(x): return x\n", "exercise=f: expected def f in solution.py, received none", id="none"),
        pytest.param(
            "def f(x, k=1.0): return x\n", r"expected def f\(x, \*, k=1.0\).*received \(x, k=1.0\)", id="kind"
        ),
        pytest.param("def f(x, *, k=2.0): return x\n", r"received \(x, \*, k=2.0\)", id="default"),
    ],
)
def test_a_solution_with_another_signature_is_refused(source, says, tmp_path):
    with pytest.raises(CourseError, match=says):
        splice(STUB, "f", bodies(tmp_path, source))


def test_a_stub_that_does_not_parse_is_named():
    with pytest.raises(CourseError, match="exercise=f: expected Python"):
        stub_definition("def f(x:\n    pass", "f")


# ------------------------------------------------------------------------------------------------------------ building


def test_the_source_holds_exactly_the_allowlist(classroom, course, a1):
    folder = classroom.root / "source" / "a1"
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {*shipped(course, a1), *made(a1)}
    assert {name for name in found if "/" not in name} == {"a1_relu_sigmoid.ipynb", "README.md", "requirements.txt"}
    assert {"__init__.py", "checking.py", "course_data.json", "drawing/pictures.py", "data/manifest.toml"} < {
        name.removeprefix("coursekit/") for name in found
    }
    assert {"assignment/checks.py", "assignment/misconceptions.json", "shared/plot_curves.py"} < {
        name.removeprefix("coursekit/") for name in found
    }


def test_the_same_course_is_built_to_the_same_bytes(course, classroom, tmp_path):
    assert hashes(build_assignment(course, "a1", tmp_path)) == hashes(classroom.root / "source" / "a1")


def test_building_again_removes_what_does_not_ship(course, classroom, tmp_path):
    folder = build_assignment(course, "a1", tmp_path)
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "old.ipynb").write_text("{}")
    (folder / "notes.txt").write_text("solution")
    build_assignment(course, "a1", tmp_path)
    assert hashes(folder) == hashes(classroom.root / "source" / "a1")


def test_the_metadata_is_what_nbgrader_asks_for_and_the_points_are_course_yamls(classroom, a1):
    notebook = nbformat.read(classroom.root / "source" / "a1" / f"{FOLDER}.ipynb", as_version=4)
    nbformat.validate(notebook)
    MetadataValidator().validate_nb(notebook)
    points = {c.metadata.nbgrader["grade_id"]: c.metadata.nbgrader.get("points") for c in graded(notebook)}
    expected = {f"check_{name}": a1.points(name) for name in a1.exercises} | dict(a1.answers)
    assert {name: value for name, value in points.items() if value is not None} == expected
    assert sum(expected.values()) == 100
    roles = {
        c.metadata.nbgrader["grade_id"]: tuple(c.metadata.nbgrader[key] for key in ("solution", "grade", "locked"))
        for c in graded(notebook)
    }
    for name in a1.exercises:
        assert roles[name] == (True, False, False)
        assert roles[f"check_{name}"] == (False, True, True)
    for name in a1.answers:
        assert roles[name] == (True, True, False)
    setups = [name for name in roles if name.startswith("setup_")]
    assert setups == [f"setup_{number}" for number in range(1, len(setups) + 1)]
    assert {roles[name] for name in setups} == {(False, False, True)}


def graded(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if "nbgrader" in cell.metadata]


def test_experiments_are_no_business_of_nbgraders(classroom):
    notebook = nbformat.read(classroom.root / "source" / "a1" / f"{FOLDER}.ipynb", as_version=4)
    experiments = [cell for cell in notebook.cells if "experiment" in cell.metadata.get("course", {})]
    assert experiments
    assert all(cell.metadata == {"course": {"experiment": cell.id.split("-", 1)[1]}} for cell in experiments)


def test_shipped_modules_import_each_other_and_nothing_of_the_course(classroom):
    folder = classroom.root / "source" / "a1"
    for path in folder.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        modules = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        modules += [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
        assert not [module for module in modules if str(module).startswith(("autograder", "solutions", "assignments"))]
    code = "from coursekit import check; check(lambda x, t: x); print(check.__class__.__module__)"
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", f"import sys; sys.path.insert(0, {str(folder)!r}); {code}"],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    assert "ModuleNotFoundError" not in done.stderr
    code = "import coursekit.checker as c, coursekit.data as d; print(c.__file__, d.__file__)"
    command = [sys.executable, "-I", "-B", "-c", f"import sys; sys.path.insert(0, {str(folder)!r}); {code}"]
    places = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/").stdout.split()
    assert places == [str(folder / "coursekit" / name) for name in ("checker.py", "data/__init__.py")]


def test_misconceptions_hold_outcomes_and_hints_for_every_exercise(classroom, a1, content):
    data = json.loads(
        (classroom.root / "source" / "a1" / "coursekit" / "assignment" / "misconceptions.json").read_text("utf-8")
    )
    assert list(data) == list(a1.exercises)
    for name, entry in data.items():
        assert entry["hidden_cases"] == content.specs[name].count > 0
        hints = {mutant.hint for mutant in content.mutants[name]}
        for stored in entry["misconceptions"]:
            assert stored.keys() == {"hint", "outcomes"}  # the names of mutants give too much away
            assert stored["hint"] in hints
            assert len(stored["outcomes"]) == len(content.specs[name].exercise.cases)


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


SPOILED = {
    "signature": ("solutions", "solution.py", "def sigmoid_forward(", "def sigmoid_forward(extra, ", "sigmoid_forward"),
    "solution": ("solutions", "solution.py", "def sigmoid_forward(", "def sigmoid_forwards(", "received none; write"),
    "answer": ("solutions", "proofs.md", "## fold_proof", "## fold_prof", "## fold_proof.*proofs.md"),
    "exercise": ("assignments", "notebook.py", "=sigmoid_forward\n", "=sigmoid_fwd\n", "did you mean 'sigmoid_fwd'"),
    "header": ("assignments", "notebook.py", "# %% check=sigmoid_forward", "# %% chek=sigmoid_forward", "known keys"),
}


@pytest.mark.parametrize("case", SPOILED)
def test_nothing_is_written_when_the_parts_disagree(case, copied, tmp_path):
    part, file, old, new, says = SPOILED[case]
    replace(copied.root / part / FOLDER / file, old, new)
    with pytest.raises(CourseError, match=says):
        build_assignment(copied, "a1", tmp_path / "build")
    assert not (tmp_path / "build").exists()


def test_an_exercise_without_a_cell_is_found(copied, tmp_path):
    a1 = copied.assignments["a1"]
    more = a1.model_copy(update={"exercises": {**a1.exercises, "relu6": 1.0}})
    course = copied.model_copy(update={"assignments": {"a1": more}})
    with pytest.raises(CourseError, match=r"course.yaml:\d+: assignments.a1.exercises.relu6: expected a cell"):
        build_assignment(course, "a1", tmp_path / "build")


def test_a_stub_can_come_from_another_assignment(tmp_path):
    stub = "# %% exercise=f\ndef f(x):\n    raise NotImplementedError\n"
    for folder, cell in [("a1", stub), ("a2", "# %% exercise=f from=a1\n")]:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "notebook.py").write_text(f"{cell}\n# %% check=f\ncheck(f)\n")
    borrowed = read_script(tmp_path / "a2" / "notebook.py").named("exercise")["f"]
    assert borrowed.source.startswith("def f(x):")


@pytest.mark.parametrize(
    ("header", "finding"),
    [
        ("exercise=f from=a9", "expected an exercise=f in a9/notebook.py, received none"),
        ("exercise=f from=a2", "expected an exercise=f in a2/notebook.py, received none"),
        ("exercise=f from=a1\nx = 1", "expected an empty cell"),
        ("check=f from=a1", "expected a header such as"),
    ],
)
def test_a_stub_that_cannot_be_borrowed_is_named(header, finding, tmp_path):
    (tmp_path / "a2").mkdir()
    path = tmp_path / "a2" / "notebook.py"
    path.write_text(f"# %% {header}\n\n# %% check=f\ncheck(f)\n")
    with pytest.raises(CourseError, match=re.escape(finding)):
        read_script(path)
