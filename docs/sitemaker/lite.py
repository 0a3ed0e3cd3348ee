"""Build JupyterLite with the assignments that a browser can run: Python comes with the page, and no server runs it.

    PYTHONPATH=docs .venv/bin/python -m sitemaker.lite PYODIDE TOOLS LITE

``PYODIDE`` is a folder that holds, at any depth, the files of Pyodide's release. Those that a notebook needs are
copied, and each is compared with a hash: a package with that in ``pyodide-lock.json``, which is the release's own file,
cut to the packages that are needed here; Python itself with that below, of the release's package for npm. ``TOOLS`` is
JupyterLite's own environment, with what the kernel in the browser needs besides in its folder ``wheels``.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.authoring.build import student_code
from autograder.authoring.release import release_assignment
from autograder.authoring.shipping import facts
from autograder.authoring.single import single_file
from autograder.course.config import Assignment, Course, CourseError, load_course
from autograder.course.script import read_script

ROOT = Path(__file__).resolve().parents[2]
LOCK = Path(__file__).with_name("pyodide-lock.json")
CORE = {
    "pyodide.js": "b4cb23a53aba19c221659b9fb40a2f18281d685691dc06647fb0afd0681baf98",
    "pyodide.mjs": "04c052c815abb0bf2981fa38c2dfa58e3120ee5288c956df2b2a15e301782c5f",
    "pyodide.asm.js": "6b4c90de5b7172873f04f21884d0e9d2274e305fe32116558fe3e4fbe3618d51",
    "pyodide.asm.wasm": "a50dd1843f805a0b7c45b61037ee0d7b26dfe85efe0e18ef95a34ad24e401f5f",
    "python_stdlib.zip": "16611534726e5d8ac2bd8f926410b2dcb8d6f49aa24913463533b457a2115c16",
}
BROUGHT = ("matplotlib", "numpy")  # there before the first cell runs: it says which versions there are
KERNEL = ("ipython", "jedi", "micropip", "sqlite3", "ssl")  # what the kernel loads before it
EXTENSION = "@jupyterlite/pyodide-kernel-extension:kernel"
# Lets Python see files beside the notebook, with a request for each look. There are none: notebooks bring theirs.
WORKER = "@jupyterlite/application-extension:service-worker-manager"


def runnable(course: Course) -> list[Assignment]:
    """The assignments whose notebooks import no package but those that the page brings."""
    return [a for a in course.assignments.values() if _imported(course, a) <= set(BROUGHT)]


def _imported(course: Course, assignment: Assignment) -> set[str]:
    script = read_script(course.root / "assignments" / assignment.folder / "notebook.py")
    tested: Any = facts(assignment, student_code(course, assignment, script))["tested"]
    return {name for versions in tested["versions"].values() for name in versions}


def write_notebooks(course: Course, into: Path) -> None:
    """Write each of these assignments as one notebook that brings its files along, hints of known mistakes included.

    Raises:
        CourseError: when the parts of one do not fit together, or when it would leak.
    """
    with tempfile.TemporaryDirectory() as root:
        for assignment in runnable(course):
            release = release_assignment(course, assignment.name, Path(root))
            notebook = single_file(release, course, assignment)
            (into / f"{assignment.folder}.ipynb").write_text(json.dumps(notebook, indent=1), encoding="utf-8")


def needed(lock: Mapping[str, Any]) -> dict[str, str]:
    """The name and the hash of every file of Pyodide that is needed."""
    return CORE | {package["file_name"]: package["sha256"] for package in lock["packages"].values()}


def copy_pyodide(source: Path, into: Path) -> None:
    """Copy what is needed of Pyodide's release.

    Raises:
        CourseError: naming the files that are not there, or that are not the release's.
    """
    lock = json.loads(LOCK.read_text(encoding="utf-8"))
    there = {path.name: path for path in source.rglob("*") if path.is_file()}
    release, findings = f"the file of Pyodide {lock['info']['version']}", []
    into.mkdir(parents=True)
    for name, digest in needed(lock).items():
        if name not in there:
            findings.append(f"{source}: {name}: expected {release}, received none; unpack the whole release there")
        elif hashlib.sha256(there[name].read_bytes()).hexdigest() != digest:
            findings.append(f"{there[name]}: expected {release}, received another; take it from that release")
        else:
            shutil.copyfile(there[name], into / name)
    if findings:
        raise CourseError(findings)
    shutil.copyfile(LOCK, into / LOCK.name)


def settings(course: Course) -> dict[str, Any]:
    """JupyterLite's settings: nothing is looked for outside the page."""
    kernel = {"disablePyPIFallback": True, "loadPyodideOptions": {"packages": list(BROUGHT)}}
    config = {"appName": course.title, "disabledExtensions": [WORKER], "litePluginSettings": {EXTENSION: kernel}}
    return {"jupyter-lite-schema-version": 0, "jupyter-config-data": config}


def build(course: Course, pyodide: Path, tools: Path, into: Path) -> None:
    """Write JupyterLite to a new folder.

    Args:
        pyodide: where the files of Pyodide's release are.
        tools: JupyterLite's environment.

    Raises:
        CourseError: when files of Pyodide are missing, when an assignment cannot be released, or when JupyterLite
            cannot be built.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "files").mkdir()
        copy_pyodide(pyodide, place / "static" / "pyodide")
        write_notebooks(course, place / "files")
        (place / "jupyter-lite.json").write_text(json.dumps(settings(course)), encoding="utf-8")
        besides = [f"--piplite-wheels={path.resolve()}" for path in sorted((tools / "wheels").glob("*.whl"))]
        small = ("--apps=notebooks", "--no-sourcemaps", "--no-unused-shared-packages", "--no-libarchive")
        command = [str(tools.absolute() / "bin" / "python"), "-m", "jupyterlite_core", "build", "--contents=files"]
        command += [*small, *besides, f"--output-dir={place / 'built'}"]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CourseError([f"JupyterLite was not built: {(done.stderr or done.stdout).strip()[-2000:]}"])
        shutil.rmtree(into, ignore_errors=True)
        shutil.copytree(place / "built", into)


if __name__ == "__main__":
    try:
        build(load_course(ROOT), *map(Path, sys.argv[1:]))
    except CourseError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
