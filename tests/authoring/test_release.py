"""What students get: nbgrader's own release, with nothing in it that they must not have."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_output
from nbgrader.api import Gradebook

from autograder.authoring.leaks import scan
from autograder.authoring.shipping import readme
from autograder.commands.main import main
from autograder.course.script import announced, read_script

NOTEBOOK = "a1_relu_sigmoid.ipynb"
ASSIGNMENT = "coursekit/assignment"


@pytest.fixture
def copy(classroom, tmp_path: Path) -> Path:
    """A release to plant things in."""
    return Path(shutil.copytree(classroom.root / "release" / "a1", tmp_path / "release"))


def test_the_release_of_a1_leaks_nothing(classroom, course):
    assert scan(classroom.root / "release" / "a1", course, "a1") == []


def test_the_scan_is_able_to_see_the_instructors_notebook(classroom, course):
    leaks = scan(classroom.root / "source" / "a1", course, "a1")
    origins = " ".join(leak.what for leak in leaks)
    assert "the solution of" in origins
    assert "the model answers" in origins
    assert "a solution's marker" in origins
    assert {leak.file for leak in leaks} == {NOTEBOOK}


def test_stubs_keep_their_docstrings_and_raise(classroom, content, a1):
    notebook = classroom.release()
    stubs = {c.metadata.nbgrader["grade_id"]: c.source for c in notebook.cells if "nbgrader" in c.metadata}
    for name in a1.exercises:
        namespace: dict[str, Callable[..., object]] = {}
        exec("from __future__ import annotations\n" + stubs[name], namespace)
        assert len(namespace[name].__doc__ or "") > 100
        case = content.specs[name].exercise.cases[0]
        with pytest.raises(NotImplementedError):
            namespace[name](*case.args, **case.kwargs)


def test_questions_stay_and_model_answers_go(classroom, a1):
    cells = {c.metadata.nbgrader["grade_id"]: c for c in classroom.release().cells if "nbgrader" in c.metadata}
    for name in a1.answers:
        assert "**Question" in cells[name].source
        assert cells[name].source.endswith("YOUR ANSWER HERE")


def test_the_gradebook_knows_every_maximum(classroom, a1):
    with Gradebook(f"sqlite:///{classroom.root / 'gradebook.db'}") as gradebook:
        cells = gradebook.find_notebook("a1_relu_sigmoid", "a1").grade_cells
        found = {cell.name: cell.max_score for cell in cells}
    assert found == {f"check_{name}": a1.points(name) for name in a1.exercises} | dict(a1.answers)


def test_the_page_beside_the_notebook_says_how_to_begin_to_work_and_to_hand_in(classroom, a1):
    page = (classroom.root / "release" / "a1" / "README.md").read_text("utf-8")
    assert [line for line in page.splitlines() if line.startswith("#")] == [
        f"# {a1.title}", "## Begin", "## Work", "## Hand in"
    ]  # fmt: skip
    assert f"Due {a1.due:%A %d %B %Y, %H:%M}" in page and f"hand in `{NOTEBOOK}`" in page
    assert "minutes" not in page  # nothing in a1 takes long
    assert ".venv\\Scripts\\python`" in page


@pytest.mark.parametrize(
    ("name", "said"), [("a3", "on two cores about 2 minutes,"), ("a4", "on two cores about 1 minute,")]
)
def test_the_page_says_what_the_long_cells_announce(name, said, course):
    assignment = course.assignments[name]
    script = read_script(course.root / "assignments" / assignment.folder / "notebook.py")
    minutes = [announced(cell.source) for cell in script.cells]
    assert said in readme(assignment, sum(minutes))


def edit(folder: Path, change: Callable[[NotebookNode], object]) -> None:
    path = folder / NOTEBOOK
    notebook = nbformat.read(path, as_version=4)
    change(notebook)
    path.write_text(json.dumps(notebook), encoding="utf-8")


SOLUTION = "    t = np.asarray(t, dtype=x.dtype)\n    into_t = np.where( active, 0, dout )\n"


def in_a_cell(folder: Path) -> None:
    edit(folder, lambda notebook: notebook.cells[5].update(source=notebook.cells[5].source + SOLUTION))


def in_metadata(folder: Path) -> None:
    edit(folder, lambda notebook: notebook.cells[0].metadata.update(old={"source": [SOLUTION]}))


def in_an_output(folder: Path) -> None:
    output = new_output("stream", name="stdout", text=SOLUTION)
    edit(folder, lambda notebook: notebook.cells[1].update(outputs=[output]))


def in_a_module(folder: Path) -> None:
    path = folder / ASSIGNMENT / "checks.py"
    path.write_text(path.read_text("utf-8") + SOLUTION, encoding="utf-8")


def in_the_misconceptions(folder: Path) -> None:
    path = folder / ASSIGNMENT / "misconceptions.json"
    data = json.loads(path.read_text("utf-8"))
    data["sigmoid_forward"]["source"] = SOLUTION
    path.write_text(json.dumps(data), encoding="utf-8")


@pytest.mark.parametrize("plant", [in_a_cell, in_metadata, in_an_output, in_a_module, in_the_misconceptions])
def test_a_planted_solution_is_found_wherever_it_is(plant, copy, course):
    plant(copy)
    found = [leak for leak in scan(copy, course, "a1") if "the solution of threshold_relu_backward" in leak.what]
    assert len(found) == 1
    assert "into_t=np.where(active,0,dout)" in found[0].what


def renamed(content, check: str, mutant: str):
    """The same content, one check and one mutant of which have other names."""

    def function(x, t):
        return None

    function.__name__ = mutant
    spec, (first, *others) = content.specs["threshold_relu"], content.mutants["threshold_relu"]
    checks = (replace(spec.checks[0], name=check), *spec.checks[1:])
    mutants = (replace(first, function=function), *others)
    return replace(
        content,
        specs={**content.specs, "threshold_relu": replace(spec, checks=checks)},
        mutants={**content.mutants, "threshold_relu": mutants},
    )


@pytest.mark.parametrize("word", ["values", "dtype", "the numerical gradient"])
def test_a_check_may_be_called_what_everybody_says(word, classroom, course, content, monkeypatch):
    monkeypatch.setattr("autograder.authoring.leaks.load_content", lambda folder: renamed(content, word, "softmax"))
    leaks = scan(classroom.root / "release" / "a1", course, "a1")
    assert [leak for leak in leaks if "the name of" in leak.what] == []


def test_a_name_that_only_the_judge_knows_is_found_however_it_is_wrapped(copy, course, content, monkeypatch):
    monkeypatch.setattr(
        "autograder.authoring.leaks.load_content", lambda folder: renamed(content, "odd widths, even heights", "evens")
    )
    planted = "\nodd widths, odder heights; odd  widths,\n even heights; evens\n"
    module = copy / "coursekit" / "plain.py"
    module.write_text(module.read_text("utf-8") + planted, encoding="utf-8")
    found = [str(leak) for leak in scan(copy, course, "a1") if "the name of" in leak.what]
    assert found == [
        "coursekit/plain.py: holds the name of mutant threshold_relu.evens: 'evens'",
        "coursekit/plain.py: holds the name of a hidden check: 'odd widths, even heights'",
    ]


def test_planted_names_and_proofs_are_found(copy, course, content):
    mutant = content.mutants["sigmoid_forward"][0]
    check = next(check for check in content.specs["fold_threshold_conv"].checks if check.hidden)
    proofs = (course.root / "solutions" / "a1_relu_sigmoid" / "proofs.md").read_text("utf-8").splitlines()
    proof = next(line for line in proofs if len(line) > 80)
    planted = f"# {mutant.function.__name__}\n# {check.name}\n# {proof}\n"
    checks = copy / ASSIGNMENT / "checks.py"
    checks.write_text(checks.read_text("utf-8") + planted, encoding="utf-8")
    found = {leak.what.split(": ")[0] for leak in scan(copy, course, "a1")}
    assert f"holds the name of mutant {mutant.id}" in found
    assert "holds the name of a hidden check" in found
    assert "holds a line of the model answers" in found


@pytest.mark.parametrize("name", ["solution.py", ".course_secret", "__pycache__/mutants.cpython-311.pyc"])
def test_a_file_beside_the_allowlist_is_found(name, copy, course):
    (copy / name).parent.mkdir(exist_ok=True)
    (copy / name).write_bytes(b"\x00")
    assert [str(leak) for leak in scan(copy, course, "a1")] == [f"{name}: is not one of the files that ship"]


def test_a_missing_file_is_found(copy, course):
    (copy / "coursekit" / "diagnosis.py").unlink()
    assert [str(leak) for leak in scan(copy, course, "a1")] == ["coursekit/diagnosis.py: is missing from the release"]


@pytest.mark.slow
def test_a_single_file_is_written_beside_the_release_when_asked_for(classroom, course, tmp_path, monkeypatch, capsys):
    root = classroom.apart(tmp_path / "class").root
    monkeypatch.chdir(root)
    assert main(["--course", str(course.root), "release", "a1", "--single-file"]) == 0
    path = root / "single-file" / "a1" / NOTEBOOK
    assert path.is_file() and f"written {path}" in capsys.readouterr().out.replace("\n", "")
