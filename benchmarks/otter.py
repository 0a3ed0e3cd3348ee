"""The same three exercises of a1 through otter-grader's own `otter run`, beside our whole a1.

    .venv/bin/python benchmarks/otter.py [--copies 5] [--otter .venv-otter/bin/otter] [--write]

otter-grader needs an environment of its own, because it asks for other versions than the course does:

    python3 -m venv .venv-otter && .venv-otter/bin/pip install --require-hashes -r requirements-otter.lock

Without one, this says so and measures nothing. `otter run` grades without a container: a program and a kernel for each
submission, and the tests run beside the student's code. They ask the cases that a judge of ours would draw for one
submission, and compare with `numpy.allclose`. Ours grades all eight exercises of a1, behind walls, and writes the
gradebook.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import measuring
import nbformat
import numpy as np
from classes import Room
from measuring import ROOT, Spent, autograde, private_folder

from autograder.authoring.demo import cell_source
from autograder.course.checks import generator
from autograder.course.content import load_content
from coursekit.checking import AnyFloat, Case

EXERCISES = ("threshold_relu", "sigmoid_forward", "affine_backward")
MISSING = "no otter-grader at {path}: nothing measured; `benchmarks/otter.py` says at its top how to install it"
TEST = """\
OK_FORMAT = True
test = {{
    "name": "{name}",
    "points": 1,
    "suites": [
        {{
            "cases": [
                {{
                    "code": ">>> import cases\\n>>> cases.right({name}, {name!r})\\nTrue",
                    "hidden": True,
                    "locked": False,
                }}
            ],
            "scored": True,
            "setup": "",
            "teardown": "",
            "type": "doctest",
        }}
    ],
}}
"""
CASES = '''\
"""Whether a function gives what it should in every case."""

import base64
import json
from pathlib import Path

import numpy as np


def tree(kept):
    if isinstance(kept, list):
        return tuple(map(tree, kept))
    if isinstance(kept, dict):
        return np.frombuffer(base64.b64decode(kept["data"]), kept["dtype"]).reshape(kept["shape"]).copy()
    return kept


def near(got, expected):
    if isinstance(expected, tuple):
        return len(got) == len(expected) and all(map(near, got, expected))
    return np.shape(got) == np.shape(expected) and np.allclose(got, expected, rtol=1e-3, atol=1e-5, equal_nan=True)


def right(function, name):
    asked = json.loads(Path("cases.json").read_text())[name]
    return all(near(function(*tree(args)), tree(expected)) for args, expected in asked)
'''


def kept(value: Any) -> Any:
    """A tree of arrays and numbers as JSON."""
    if isinstance(value, AnyFloat):
        return kept(value.value)
    if isinstance(value, (tuple, list)):
        return [kept(item) for item in value]
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
        data = base64.b64encode(array.tobytes()).decode()
        return {"data": data, "dtype": array.dtype.str, "shape": list(array.shape)}
    return value


def cases(folder: str) -> dict[str, list[Any]]:
    """The cases of the three exercises, as one submission would be asked them, and what is expected."""
    specs, asked = load_content(folder).specs, {}
    for name in EXERCISES:
        drawn = [case for check in specs[name].all_checks for case in check.cases(generator(b"otter", check.name))]
        asked[name] = [[kept(case.args), kept(case.expected)] for case in drawn if _is_plain(case)]
    return asked


def _is_plain(case: Case) -> bool:
    return not case.kwargs and not case.raises and not case.errstate and case.measure is None


def autograder(folder: Path, otter: Path, assignment_folder: str) -> Path:
    """The zip that `otter generate` makes of tests and what they need; its path."""
    tests = folder / "tests"
    tests.mkdir(parents=True)
    for name in EXERCISES:
        (tests / f"{name}.py").write_text(TEST.format(name=name))
    (folder / "cases.py").write_text(CASES)
    (folder / "cases.json").write_text(json.dumps(cases(assignment_folder)))
    command = [
        str(otter),
        "generate",
        "-t",
        "tests",
        "-o",
        "autograder.zip",
        "--no-environment",
        "cases.py",
        "cases.json",
    ]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "autograder.zip"


def submission(folder: Path, student: str, assignment_folder: str) -> Path:
    """A notebook with the three functions and nothing else, no two alike."""
    solutions = load_content(assignment_folder).solutions
    sources = [f"import numpy as np  # {student}", *(cell_source(solutions[name], name) for name in EXERCISES)]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = folder / f"{student}.ipynb"
    nbformat.write(notebook, path)
    return path


def otter_run(otter: Path, zipped: Path, notebook: Path) -> Spent:
    """What one `otter run` takes; it must find everything right."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    command = [str(otter), "run", "-a", str(zipped), "-o", str(notebook.parent), "--no-logo", str(notebook)]
    path = f"{otter.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PATH": path}, check=False)
    wall, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    results = notebook.parent / "results.json"
    scores = [test.get("score") for test in json.loads(results.read_text())["tests"]] if results.exists() else []
    if done.returncode or scores.count(1.0) != len(EXERCISES):
        raise SystemExit(
            f"otter run did not find everything right: {scores}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    results.unlink()
    return Spent(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--copies", type=int, default=5)
    parser.add_argument("--otter", type=Path, default=ROOT / ".venv-otter" / "bin" / "otter")
    parser.add_argument("--write", action="store_true", help="keep the rows for docs/measured/grading.md")
    arguments = parser.parse_args()
    if not arguments.otter.exists():
        print(MISSING.format(path=arguments.otter))
        sys.exit(0)
    machine, copies = measuring.machine(), arguments.copies
    print(f"{measuring.told(machine)}; {copies} submissions, all different\n")
    with private_folder() as folder:
        room = Room(folder / "class", "a1")
        theirs = _theirs(folder / "otter", arguments.otter.absolute(), room.assignment.folder, copies)
        room.hand_in_many(copies + 1)
        autograde(room.root, "a1", folder, students="student0000")  # the warm servers start
        one = autograde(room.root, "a1", folder, students="student0000").spent
        ours = (autograde(room.root, "a1", folder).spent - one).per(copies)
    for name, spent in (("otter run, 3 exercises", theirs), ("ours, 8 exercises", ours)):
        print(f"{name:24} wall {spent.wall:6.2f} s   cpu {spent.cpu:6.2f} s, for each submission")
    rows = {"machine": machine, "copies": copies, "otter": theirs._asdict(), "ours": ours._asdict()}
    measuring.keep("otter", rows, arguments.write)
    print(f"ratio otter/ours: wall {theirs.wall / ours.wall:.1f}, cpu {theirs.cpu / ours.cpu:.1f}")


def _theirs(folder: Path, otter: Path, assignment_folder: str, copies: int) -> Spent:
    """What `otter run` takes for each submission; the first is not counted."""
    folder.mkdir()
    zipped = autograder(folder / "made", otter, assignment_folder)
    runs = [otter_run(otter, zipped, submission(folder, f"s{n}", assignment_folder)) for n in range(copies + 1)]
    return Spent(sum(run.wall for run in runs[1:]), sum(run.cpu for run in runs[1:])).per(copies)


if __name__ == "__main__":
    main()
