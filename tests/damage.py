"""Submissions as they come back: notebooks damaged in every way we know, files that are none, links and pipes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat

from autograder.authoring.demo import hand_in

POINTS = {
    "threshold_relu": 4,
    "threshold_relu_backward": 8,
    "fold_threshold_dense": 10,
    "fold_threshold_network": 14,
    "fold_threshold_conv": 14,
    "sigmoid_forward": 8,
    "sigmoid_backward": 6,
    "affine_backward": 6,
}


def nbgrader(root: Path, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *command], cwd=root, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert not check or done.returncode == 0, done.stderr[-4000:]
    return done


def cell_of(notebook, grade_id: str):
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def duplicated_cell(notebook):
    copy = json.loads(json.dumps(cell_of(notebook, "threshold_relu")))
    copy["id"], copy["source"] = "copy", "def threshold_relu(x, t):\n    return x\n"
    notebook.cells.insert(0, nbformat.from_dict(copy))


def edited_schema_version(notebook):
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader["schema_version"] = 1


def skipped_and_ungraded(notebook):
    check = cell_of(notebook, "check_threshold_relu")
    check.metadata["tags"] = ["skip-execution"]
    check.metadata.nbgrader.update(grade=False, locked=False, points=1000)
    check.source = "4.0"
    cell_of(notebook, "threshold_relu").source = "def threshold_relu(x, t):\n    return x\n"


def deleted_cells(notebook):
    gone = {"check_threshold_relu", "affine_backward", "setup_1"}
    notebook.cells = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") not in gone]


def reversed_cells(notebook):
    notebook.cells = notebook.cells[::-1]


def junk_metadata(notebook):
    notebook.metadata = {"kernelspec": {"name": "nonsense", "language": "cobol"}}
    for cell in notebook.cells:
        cell.metadata["collapsed"] = {"deep": [1]}
        cell.metadata["deletable"] = "perhaps"


def leftover_raise(notebook):
    cell = cell_of(notebook, "threshold_relu")
    cell.source = cell.source.replace("return", "raise NotImplementedError()\n    return", 1)


def script_in_the_browser(notebook):
    html = "from IPython.display import HTML, Javascript, display\ndisplay(HTML('<script>alert(1)</script>'))\n"
    notebook.cells.append(nbformat.v4.new_code_cell(html + "display(Javascript('alert(2)'))\n1"))
    cell_of(notebook, "fold_proof").source += "\n\n<script>alert(3)</script> <img src=x onerror=alert(4)> my proof"


def huge_output(notebook):
    notebook.cells.append(nbformat.v4.new_code_cell("print('spam ' * 1_000_000)"))


def noisy_stderr(notebook):
    cell_of(notebook, "threshold_relu").source = (
        "def threshold_relu(x, t):\n    import sys\n    print('careful', file=sys.stderr)\n"
        "    return np.maximum(x, np.asarray(t, x.dtype))\n"
    )


# student: (what happens to a perfect notebook, lost exercises, a sentence of the feedback)
DAMAGE = {
    "duplicated": (duplicated_cell, [], "was there 2 times"),
    "schema": (edited_schema_version, [], ""),
    "skipped": (skipped_and_ungraded, ["threshold_relu"], "locked and had been changed"),
    "deleted": (deleted_cells, ["affine_backward"], "was missing"),
    "reversed": (reversed_cells, [], "in another order"),
    "junk": (junk_metadata, [], ""),
    "leftover": (leftover_raise, [], "still raised NotImplementedError"),
    "script": (script_in_the_browser, [], ""),
    "flood": (huge_output, [], ""),
    "stderr": (noisy_stderr, [], ""),
}
UNREADABLE = {
    "not-json": "this is no notebook",
    "truncated": '{"cells": [{"cell_type": "code", "sour',
    "not-a-notebook": '{"hello": "world"}',
    "deep-json": "[" * 100_000,
    "too-large": '{"cells": [], "x": "' + " " * (21 * 2**20) + '"}',
}
# students whose notebook is perfect; what lies beside it must cost nobody a point
ODD_FILES = ("linked", "piped", "shadowing", "zz-last")


def hand_in_damaged_class(classroom: Any, root: Path) -> None:
    """Copy a released class to ``root`` and hand in every kind of submission."""
    shutil.copytree(classroom.root, root)
    shutil.rmtree(root / "submitted", ignore_errors=True)
    assignment = classroom.assignment
    for student, (damage, _, _) in DAMAGE.items():
        notebook = classroom.notebook()
        damage(notebook)
        hand_in(root, student, assignment, json.dumps(notebook))
    for student, text in UNREADABLE.items():
        hand_in(root, student, assignment, text)
    (root / "secret.txt").write_text("the solutions")
    for student in ("linked", "linked-notebook", "piped", "shadowing"):
        folder = hand_in(root, student, assignment, json.dumps(classroom.notebook())).parent
        if student == "linked":
            (folder / "loot.db").symlink_to(root / "gradebook.db")
            (folder / "up").symlink_to(root)
        if student == "linked-notebook":
            (folder / f"{assignment.folder}.ipynb").unlink()
            (folder / f"{assignment.folder}.ipynb").symlink_to(root / "secret.txt")
        if student == "piped":
            os.mkfifo(folder / "pipe")
        if student == "shadowing":
            (folder / "numpy.py").write_text("maximum = lambda *a: 1 / 0")
            (folder / "checking.py").write_text("1 / 0")
    hand_in(root, "zz-last", assignment, json.dumps(classroom.notebook()))


def full_but(lost: list[str]) -> dict[str, tuple[float, float]]:
    return {name: (0 if name in lost else points, points) for name, points in POINTS.items()}


PRECIOUS = (
    "nbgrader_config.py",
    "nbgrader_config.json",
    "course_config.py",
    ".course_secret",
    "course.yaml",
    "release",
    "source",
)


def fingerprint(root: Path, *more: str) -> dict[str, str]:
    """Hashes of a class's configuration, secret, sources and releases; name ``gradebook.db`` to have that, too.

    Two are equal when no byte of these files changed, none came and none went.
    """
    paths = [path for name in (*PRECIOUS, *more) for path in (root / name, *sorted((root / name).rglob("*")))]
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in paths if p.is_file()}
