"""JupyterLite: what is built of it, and the kit where Python lacks what it lacks in a browser."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from nbformat.notebooknode import NotebookNode
from released import Classroom

from autograder.authoring.demo import fill_in
from autograder.authoring.single import single_file
from autograder.course.config import Course, CourseError
from sitemaker.lite import BROUGHT, CORE, KERNEL, LOCK, copy_pyodide, needed, runnable, settings

PACKAGES = json.loads(LOCK.read_text(encoding="utf-8"))["packages"]

# A shell with a kernel behind it, as JupyterLite's is; then Python loses what it lacks in a browser.
IN_A_BROWSER = """
import json, os, sys, sysconfig, threading
from IPython.core.interactiveshell import InteractiveShell
import matplotlib

matplotlib.use("agg")
shell = InteractiveShell.instance(colors="NoColor", history_length=0)
shell.kernel = object()
sysconfig.get_config_vars()  # named after the platform, which is about to change

class Lacking:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in ("fcntl", "keras", "psutil", "pwd", "resource", "ssl", "tensorflow", "termios"):
            raise ModuleNotFoundError(f"no {name} in a browser", name=name)
        if name.partition(".")[0] in ("autograder", "coursekit", "datasets") and "_files" not in str(sys.path[0]):
            raise ModuleNotFoundError(f"{name} is not beside the notebook", name=name)

def refuse(*args, **kwargs):
    raise RuntimeError("can't start new thread")

threading._start_new_thread = threading._start_joinable_thread = refuse
for name in ("fork", "forkpty", "posix_spawn", "kill", "pipe", "sysconf"):
    delattr(os, name)
for name in ("fcntl", "psutil", "resource", "ssl", "termios"):
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Lacking)
sys.platform = "emscripten"

said = []
shell.display_pub.publish = lambda data, **rest: said.append(data.get("text/plain", ""))
for source in json.load(open("cells.json")):
    result = shell.run_cell(source)
    assert result.success, (source, result)
json.dump(said, open("said.json", "w"))
"""


@pytest.fixture
def single(course: Course, classroom: Classroom) -> NotebookNode:
    """A fresh copy of a1 in one file."""
    return single_file(classroom.root / "release" / "a1", course, classroom.assignment)


def code(notebook: NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def run_lacking(cells: list[str], folder: Path) -> list[str]:
    """What each cell displays where Python lacks what it lacks in a browser."""
    (folder / "cells.json").write_text(json.dumps(cells))
    command = [sys.executable, "-c", IN_A_BROWSER]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    found: list[str] = json.loads((folder / "said.json").read_text())
    return found


def test_a_solved_notebook_runs_where_python_has_no_threads(single, classroom, tmp_path):
    said = run_lacking(code(fill_in(single, classroom.right)), tmp_path)
    assert sum(text.startswith("✓ ") and "public cases pass" in text for text in said) == 8
    assert said[-1].startswith("8 of 8 exercises pass their public cases")


def test_an_unsolved_one_does_and_a_wrong_answer_is_told(single, classroom, tmp_path):
    wrong = classroom.right["threshold_relu"].replace("return ", "return 1 + ")
    said = run_lacking(code(fill_in(single, {"threshold_relu": wrong})), tmp_path)
    assert any(text.startswith("✗ threshold_relu: ") for text in said)
    assert sum(text.startswith("– ") and " is not written yet: " in text for text in said) == 7
    assert "NumPy" in said[0] and "%pip" not in said[0]  # in a page nothing can be installed


# ------------------------------------------------------------------------------------------------------- what is built


def test_only_what_the_page_brings_is_worked_on_there(course):
    assert [assignment.name for assignment in runnable(course)] == ["a1"]


def test_the_packages_of_the_page_are_there_with_all_that_they_need():
    assert {*BROUGHT, *KERNEL} <= set(PACKAGES)
    wanted = {other.replace("_", "-") for package in PACKAGES.values() for other in package["depends"]}
    assert wanted <= set(PACKAGES)
    assert len(set(needed({"packages": PACKAGES}))) == len(CORE) + len(PACKAGES)


def test_a_file_that_is_missing_or_another_is_named_and_nothing_is_built_of_it(tmp_path):
    (tmp_path / "unpacked").mkdir()
    (tmp_path / "unpacked" / "pyodide.js").write_text("of another release")
    with pytest.raises(CourseError) as caught:
        copy_pyodide(tmp_path, tmp_path / "copy")
    found = caught.value.findings
    assert len(found) == len(CORE) + len(PACKAGES)
    assert "pyodide.js: expected the file of Pyodide 0.27.7, received another" in found[0]
    assert "pyodide.mjs: expected the file of Pyodide 0.27.7, received none; unpack the whole release" in found[1]


def test_the_page_looks_for_nothing_outside(course):
    assert "http" not in json.dumps(settings(course))
