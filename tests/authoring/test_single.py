"""One notebook that brings its files along runs where nothing else is, and is graded like any other."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.notebooknode import NotebookNode
from released import Classroom, released

from autograder.authoring.demo import fill_in
from autograder.authoring.notebooks import limit
from autograder.authoring.single import FOLDER, single_file, write_single
from autograder.course.carrying import carrying_cell, without_carried
from autograder.course.config import Course
from autograder.grading.grade import Grader
from autograder.grading.reading.repair import repair

# A student's kernel: this course is installed beside the tests, and must not be found.
KERNEL = (
    "import sys; sys.meta_path[:] = [f for f in sys.meta_path if 'Editable' not in getattr(f, '__name__', '')]; "
    "from ipykernel.kernelapp import launch_new_instance; launch_new_instance()"
)
NOTHING = "import importlib.util\n[importlib.util.find_spec(name) for name in ('autograder', 'coursekit', 'datasets')]"
CARRIER = "coursekit"  # the id of the cell that brings the files


@pytest.fixture
def single(course: Course, classroom: Classroom) -> NotebookNode:
    """A fresh copy of a1 in one file."""
    return single_file(classroom.root / "release" / "a1", course, classroom.assignment)


def carrier(notebook: NotebookNode) -> NotebookNode:
    return next(cell for cell in notebook.cells if cell.id == CARRIER)


def run(notebook: NotebookNode, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Execute a notebook as a student does, in a folder, without a way to the repository.

    Returns:
        What each cell of code shows first.
    """
    kernels = folder.parent / f"{folder.name}-jupyter"
    (kernels / "kernels" / "alone").mkdir(parents=True)
    spec = {"argv": [sys.executable, "-c", KERNEL, "-f", "{connection_file}"], "display_name": "", "language": "python"}
    (kernels / "kernels" / "alone" / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(kernels))
    folder.mkdir(exist_ok=True)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(NOTHING))
    client = NotebookClient(
        notebook, timeout_func=limit, kernel_name="alone", resources={"metadata": {"path": str(folder)}}
    )
    client.execute(env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"})
    return [shown(cell) for cell in notebook.cells if cell.cell_type == "code"]


def shown(cell: NotebookNode) -> str:
    outputs = [*cell.outputs, {}]
    return str(outputs[0].get("text") or outputs[0].get("data", {}).get("text/plain", "")).strip()


def perfect(classroom: Classroom, notebook: NotebookNode) -> NotebookNode:
    return fill_in(notebook, classroom.right)


def require_passed(notebook: NotebookNode, said: list[str], exercises: int) -> None:
    checks = [shown(c) for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade") and c.cell_type == "code"]
    assert said[0] == "[None, None, None]"  # nothing of the course was to be found
    assert len(checks) == exercises and all(text.startswith("✓ ") for text in checks), checks
    assert said[-1].startswith(f"{exercises} of {exercises} exercises pass their public cases")


# -------------------------------------------------------------------------------------------------- what is in the file


def test_it_is_the_release_with_one_cell_more(single, classroom):
    nbformat.validate(single)
    code = [cell.id for cell in single.cells if cell.cell_type == "code"]
    assert code[:2] == [CARRIER, "experiment-environment"]
    assert [cell for cell in single.cells if cell.id != CARRIER] == classroom.release().cells


def test_it_unpacks_the_files_of_the_release_to_the_byte(single, classroom, tmp_path):
    subprocess.run([sys.executable, "-c", carrier(single).source], cwd=tmp_path, check=True)
    release, made = classroom.root / "release" / "a1", tmp_path / "a1_relu_sigmoid_files"
    found = {p.relative_to(made): p.read_bytes() for p in made.rglob("*") if p.is_file()}
    assert len(found) > 30
    assert found == {
        p.relative_to(release): p.read_bytes()
        for p in release.rglob("*")
        if p.is_file() and p.suffix != ".ipynb" and p.name != "README.md"
    }


def test_it_is_small_and_the_same_every_time(single, course, classroom):
    again = single_file(classroom.root / "release" / "a1", course, classroom.assignment)
    assert carrier(single).source == carrier(again).source
    assert len(json.dumps(single)) < 200_000  # an e-mail takes fifty times that


def test_what_lies_in_the_release_by_accident_is_left_out(course, classroom, tmp_path):
    apart = classroom.apart(tmp_path / "class")
    (apart.root / "release" / "a1" / "coursekit" / "notes.txt").write_text("for me alone")
    notebook = single_file(apart.root / "release" / "a1", course, apart.assignment)
    assert (
        carrier(notebook).source
        == carrier(single_file(classroom.root / "release" / "a1", course, apart.assignment)).source
    )


def test_it_is_written_whole(course, classroom, tmp_path):
    apart = classroom.apart(tmp_path / "class")
    for _ in range(2):
        path = write_single(apart.root / "release" / "a1", course, apart.assignment, apart.root)
    assert path == apart.root / FOLDER / "a1" / "a1_relu_sigmoid.ipynb"
    assert carrier(nbformat.read(path, as_version=4)).source.startswith("# >>> coursekit ")


# ------------------------------------------------------------------------------------------------------ where it is run


def test_a1_runs_in_an_empty_folder(single, classroom, tmp_path, monkeypatch):
    said = run(perfect(classroom, single), tmp_path / "empty", monkeypatch)
    require_passed(single, said, 8)
    assert [path.name for path in (tmp_path / "empty").iterdir()] == ["a1_relu_sigmoid_files"]


def test_the_files_of_another_assignment_beside_it_are_not_taken(single, tmp_path, monkeypatch):
    """Colab's folder holds whatever was opened before."""
    other = tmp_path / "folder" / "coursekit"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("raise RuntimeError('of another assignment')\n")
    single.cells = single.cells[: single.cells.index(carrier(single)) + 3]
    said = run(single, tmp_path / "folder", monkeypatch)
    assert said[2].startswith("✓ This computer has")


@pytest.fixture(scope="module", params=["a2", "a3", "a4", "a5", "a6"])
def other(request, course, tmp_path_factory) -> Classroom:
    return released(course, request.param, tmp_path_factory, misconceptions=False)


@pytest.mark.slow
def test_the_exercises_of_every_other_run_in_an_empty_folder(other, course, tmp_path, monkeypatch):
    notebook = perfect(other, single_file(other.root / "release" / other.assignment.name, course, other.assignment))
    last = notebook.cells[-1]
    notebook.cells = [c for c in notebook.cells if "experiment" not in c.metadata.get("course", {}) or c is last]
    require_passed(notebook, run(notebook, tmp_path / "empty", monkeypatch), len(other.assignment.exercises))


@pytest.mark.long
def test_every_other_runs_in_an_empty_folder_with_all_its_experiments(other, course, tmp_path, monkeypatch):
    notebook = perfect(other, single_file(other.root / "release" / other.assignment.name, course, other.assignment))
    require_passed(notebook, run(notebook, tmp_path / "empty", monkeypatch), len(other.assignment.exercises))


# ---------------------------------------------------------------------------------------------------- what is handed in


def test_what_is_handed_in_is_read_like_any_other(single, classroom):
    as_usual = repair(classroom.notebook(), classroom.release())
    alone = repair(perfect(classroom, single), classroom.release())
    assert alone == as_usual and alone.notes == ()


def test_the_cell_is_known_without_its_metadata_and_with_other_line_ends(single, classroom):
    notebook = perfect(classroom, single)
    cell = carrier(notebook)
    cell.metadata, cell.id, cell.source = {}, "x1", cell.source.replace("\n", "\r\n") + "\n"
    cell.outputs = [nbformat.v4.new_output("stream", text="a warning")]
    assert repair(notebook, classroom.release()).notebook == repair(classroom.notebook(), classroom.release()).notebook


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        (lambda source: f"import math\n{source}", "import math"),
        (lambda source: f"{source}\nSCALE = 2.0", "SCALE = 2.0"),
        (lambda source: source.replace('""")\n', '""")\nSCALE = 2.0\n'), "SCALE = 2.0"),
        (lambda source: source.replace("# <<< coursekit", "SCALE = 2.0"), "SCALE = 2.0"),
    ],
    ids=["above", "below", "inside", "in place of the end"],
)
def test_work_in_that_cell_is_not_lost(change, kept, single, classroom):
    notebook = perfect(classroom, single)
    carrier(notebook).source = change(carrier(notebook).source)
    repaired = repair(notebook, classroom.release())
    own = [cell for cell in repaired.notebook.cells if cell.id.startswith("added-")]
    assert [kept in cell.source for cell in own] == [True]
    assert len(repaired.notebook.cells) == len(classroom.release().cells) + 1
    assert (own[0].source.strip() == kept) == (len(own[0].source) < 100)  # ours is gone, unless it was changed


def test_a_file_that_only_looks_packed_is_a_cell_like_any_other():
    cell = carrying_cell({"a": b"b"}, "files")
    assert without_carried(cell).strip() == ""
    for changed in (cell.replace("import base64", "import math"), cell[:-20], cell[30:], ""):
        assert without_carried(changed) == changed


@pytest.mark.usefixtures("private_servers")
def test_it_is_graded_with_full_marks_and_the_verdicts_of_any_other(single, course, classroom):
    grader = Grader(course, classroom.assignment, classroom.root)
    results = []
    for student, notebook in {"alone": perfect(classroom, single), "usual": classroom.notebook()}.items():
        submission = grader.prepare(classroom.hand_in(student, notebook))
        assert submission.notes == ()
        results.append(grader.grade(submission).verdicts)
    points: Mapping[str, float] = {name: classroom.assignment.points(name) for name in classroom.assignment.exercises}
    assert {name: grader.score(verdict, points[name]) for name, verdict in results[0].items()} == points
    assert results[0] == results[1]
    assert importlib.util.find_spec("coursekit") is not None  # here, the grader's own
