"""`course notebooks`: limits follow what a cell announces, and whatever happens leaves a page and one line."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.authoring import notebooks

SLEEP = "print('before')\nimport time\ntime.sleep(60)"


def written(sources, monkeypatch):
    """Let ``execute`` find these cells instead of an assignment's."""

    def build(course, name: str, into: Path) -> Path:
        names = [{"course": {"experiment": f"number_{number}"}} for number in range(len(sources))]
        cells = [new_code_cell(source, metadata=name) for source, name in zip(sources, names)]
        folder = into / "source" / name
        folder.mkdir(parents=True, exist_ok=True)
        nbformat.write(new_notebook(cells=cells), folder / "a1_relu_sigmoid.ipynb")
        return folder

    monkeypatch.setattr(notebooks, "build_assignment", build)


@pytest.mark.parametrize(
    ("sources", "problem"),
    [
        (["1 + 1", SLEEP], "cell 2 (number_1) was stopped after 2 s; announce more with track(..., minutes=...)"),
        (["1 / 0"], "cell 1 (number_0) raised ZeroDivisionError: division by zero"),
        (["import os\nos._exit(1)"], "cell 1 (number_0) lost its kernel"),
        (["print('before')"], ""),
    ],
    ids=["slow", "error", "dead", "sound"],
)
def test_whatever_happens_leaves_a_page_and_one_line(sources, problem, course, a1, tmp_path, monkeypatch):
    written(sources, monkeypatch)
    monkeypatch.setattr(notebooks, "CELL_SECONDS", 2.0 if SLEEP in sources else 60.0)
    (tmp_path / "a2_first_networks.html").write_text("another page")
    seen: list[str] = []
    (done,) = notebooks.execute(course, [a1], tmp_path, lambda number, total, cell: seen.append(cell))
    assert done.problem.startswith(problem) and "\n" not in done.problem and bool(done.problem) == bool(problem)
    assert seen == [f"cell {i + 1} (number_{i})" for i in range(len(sources))]
    outputs = str([cell.outputs for cell in nbformat.read(done.page.with_suffix(".ipynb"), 4).cells])
    assert ("before" in outputs) == any("before" in source for source in sources)
    assert "</html>" in done.page.read_text()
    assert (tmp_path / "a2_first_networks.html").exists()


def test_a_cell_may_take_many_times_what_it_announces():
    quick = new_code_cell("for run in runs: pass")
    slow = new_code_cell('for run in track(runs, "runs", minutes=2): pass')
    assert notebooks.limit(quick) == notebooks.CELL_SECONDS
    assert notebooks.limit(slow) == 2 * 60 * notebooks.PATIENCE


def test_a_check_that_does_not_pass_stops_the_instructors_notebook(classroom, course, a1, tmp_path, monkeypatch):
    """The released notebook, whose stubs are not written: what a student's kernel only reports is a finding here."""
    written(["from coursekit import check", "def threshold_relu(x, t): return x", "check(threshold_relu)"], monkeypatch)
    folder = tmp_path / "source" / "a1"
    shutil.copytree(classroom.root / "release" / "a1" / "coursekit", folder / "coursekit")
    (done,) = notebooks.execute(course, [a1], tmp_path)
    assert done.problem.startswith("cell 3 (number_2) raised NotYet: ✗ threshold_relu: ")
