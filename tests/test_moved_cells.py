"""Whatever an editor does to the cells of a correct notebook, it keeps all its points, or a person is asked to look.

The notebook is repaired, planned and taken through a session as every other; only its process is this one.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from copy import deepcopy
from itertools import product
from typing import Any

import pytest
from allowed import some_limits
from heard import Heard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.utils import compute_checksum

from autograder.course.checks import Check, ExerciseChecks
from autograder.grading.grade import plan
from autograder.grading.reading.repair import Repaired, repair
from autograder.jail.inside.rewriting import Rewriter
from autograder.jail.sources import MAX_PARSED
from autograder.judge.session import Session
from coursekit.checking import Case, Exercise
from coursekit.observing import CallError, Outcome, describe_error, observe

STUBS = {name: f'def {name}(x):\n    """Text.\n\n    More.\n    """\n    raise NotImplementedError' for name in "abcd"}
WORK = {
    "a": 'RATE = 2\n\ndef a(x):\n    """Double.\n\n    It is.\n    """\n'
    "    y = (\n        RATE\n        * x\n    )\n    return y",
    "b": "from math import floor\n\ndef _up(x):\n    return x + 1\n\n"
    "def b(x):\n    if floor(2.5) == 2:\n        x = _up(x)\n    return _up(a(x))",
    "c": "def _more(x):\n    return x + 10\n\nc = lambda x: _more(helper(x))",
    "d": "import functools\n\ndef _scaled(factor, x):\n    return factor * x\n\nd = functools.partial(_scaled, 5.0)",
}
RIGHT: dict[str, Callable[[float], float]] = {
    "a": lambda x: 2 * x, "b": lambda x: 2 * (x + 1) + 1, "c": lambda x: x * x + 10, "d": lambda x: 5 * x
}  # fmt: skip
HELPER = "import numpy as np\n\ndef helper(x):\n    return np.square(x)"


def _graded(cell: NotebookNode, grade_id: str, **roles: bool) -> NotebookNode:
    data = {"grade": False, "grade_id": grade_id, "locked": False, "schema_version": 3, "solution": False}
    cell.metadata["nbgrader"] = data | {"task": False} | roles
    cell.metadata["nbgrader"]["checksum"] = compute_checksum(cell)
    return cell


def _release() -> NotebookNode:
    cells = [
        new_markdown_cell("# Title", id="m0"),
        _graded(new_code_cell("import os", id="setup"), "setup_1", locked=True),
    ]
    for name, stub in STUBS.items():
        cells.append(new_markdown_cell(f"Write {name}.", id=f"m-{name}"))
        cells.append(_graded(new_code_cell(stub, id=f"exercise-{name}"), name, solution=True))
        check = new_code_cell(f"check({name})", id=f"check-{name}")
        cells.append(_graded(check, f"check_{name}", grade=True, locked=True, points=1.0))
    cells.append(new_code_cell("train()", id="experiment", metadata={"course": {"experiment": "train"}}))
    return new_notebook(cells=cells)


RELEASE = _release()


def _correct() -> list[dict[str, Any]]:
    """All exercises right, with a cell of the student's own that one of them needs."""
    cells = json.loads(json.dumps(RELEASE.cells))
    for cell in cells:
        cell["source"] = WORK.get(_name(cell), cell["source"])
    place = next(number for number, cell in enumerate(cells) if _name(cell) == "c")
    cells.insert(place, {"cell_type": "code", "id": "own", "metadata": {}, "source": HELPER, "outputs": []})
    return cells


def _name(cell: dict[str, Any]) -> str:
    return cell["metadata"].get("nbgrader", {}).get("grade_id", "")


# ---------------------------------------------------------------------------------------------------- what editors do

Cells = list[dict[str, Any]]


def split(cells: Cells, place: int, number: int) -> None:
    """As JupyterLab does, which copies the metadata, or as others, which leave one of the two without."""
    cell = cells[place]
    lines = cell["source"].split("\n")
    line = 1 + number // 3 % max(1, len(lines) - 1)
    parts = [cell | {"source": "\n".join(half).strip("\n")} for half in (lines[:line], lines[line:])]
    for part in parts[:2] if number % 3 == 2 else parts[number % 3 : number % 3 + 1]:
        part.update(id=f"new-{number}", metadata=cell["metadata"] if number % 3 == 2 else {})
    cells[place : place + 1] = deepcopy(parts)


def merge(cells: Cells, place: int, number: int) -> None:
    """Two cells of a kind become one, which is the first or the second of them."""
    one, other = cells[place], cells[(place + 1) % len(cells)]
    if one is not other and one["cell_type"] == other["cell_type"]:
        source = f"{one['source']}\n\n{other['source']}"
        cells[place] = deepcopy([one, other][number % 2]) | {"source": source}
        cells.remove(other)


def move(cells: Cells, place: int, number: int) -> None:
    cells.insert(number % len(cells), cells.pop(place))


def copy(cells: Cells, place: int, number: int) -> None:
    cells.insert(number % (len(cells) + 1), deepcopy(cells[place]) | ({"id": f"new-{number}"} if number % 2 else {}))


def delete(cells: Cells, place: int, number: int) -> None:
    """Only what holds no work of the student's, or holds it twice."""
    source = cells[place]["source"]
    again = [cell for cell in cells if cell is not cells[place] and cell["source"] == source]
    if again or not any(text in source or source in text for text in (*WORK.values(), HELPER) if source.strip()):
        del cells[place]


def forget(cells: Cells, place: int, number: int) -> None:
    """Kaggle and Deepnote keep no metadata, old formats no ids; some do it to every cell."""
    for cell in cells if number % 4 == 0 else [cells[place]]:
        cell["metadata"] = {}
        cell.pop("id", None)


STEPS = st.lists(
    st.tuples(st.sampled_from([split, merge, move, copy, delete, forget]), st.integers(0, 40), st.integers(0, 400)),
    min_size=1,
    max_size=6,
)


# ------------------------------------------------------------------------------------------------------------ grading


class Here:
    """A student's process that is this one: cells are rewritten as there, and stop at their first error."""

    isolation, spent, slept = "none", 0.0, 0.0

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"check": lambda function: None}
        self._rewriter = Rewriter(ast.parse)

    def run_cell(self, source: str, timeout: float, definitions: bool) -> list[dict[str, Any]]:
        self._rewriter.definitions_only = definitions
        try:
            tree = ast.fix_missing_locations(self._rewriter.visit(ast.parse(source)))  # as IPython does
            exec(compile(tree, "cell", "exec"), self.names)
        except Exception as error:
            return [{"output_type": "error", "ename": type(error).__name__, "evalue": str(error), "traceback": []}]
        return []

    def call(self, function: str, case: Case, timeout: float, staff: Any) -> Outcome:
        if function not in self.names:
            return Outcome(error=CallError("NameError", f"name '{function}' is not defined"))
        try:
            return observe(self.names[function], case.args)
        except Exception as error:
            return Outcome(error=describe_error(error))

    def memory_kib(self) -> int:
        return 0

    def close(self) -> None:
        self.names.clear()


def _spec(name: str, right: Callable[[float], float]) -> ExerciseChecks:
    cases = lambda rng: (Case((x := float(rng.integers(1, 100)),), right(x)),)  # noqa: E731
    return ExerciseChecks(Exercise(name, (), ()), (Check("values", cases, core=True),))


SPECS = {name: _spec(name, right) for name, right in RIGHT.items()}


def graded(cells: Cells) -> tuple[Repaired, dict[str, float], set[str]]:
    """What is repaired, the fraction of each exercise's points, and where a person looks if some are lost."""
    repaired = repair({"cells": cells}, RELEASE)
    session = Session(Here, some_limits(), SPECS, dict.fromkeys(SPECS, ()), {name: name.encode() for name in SPECS})
    heard = Heard(session, plan(repaired.notebook))
    verdicts: dict[str, float] = {}
    flagged = set(repaired.doubtful)
    for name, verdict in heard.all_verdicts:
        verdicts[name] = max(verdicts.get(name, 0.0), verdict.total)
        flagged |= {name} if verdict.flagged else set()
    return repaired, verdicts, flagged


def test_correct_notebook_is_correct():
    repaired, verdicts, flagged = graded(_correct())
    assert verdicts == dict.fromkeys(SPECS, 1.0) and not flagged and not repaired.notes


@pytest.mark.parametrize(
    ("step", "ways"),
    [(split, 36), (merge, 2), (move, 16), (copy, 17), (delete, 1), (forget, 2)],
    ids=lambda step: getattr(step, "__name__", ""),
)
def test_whatever_is_done_once_costs_nothing_and_needs_nobody(step, ways):
    for place, number in product(range(len(_correct())), range(ways)):
        cells = _correct()
        step(cells, place, number)
        _, verdicts, flagged = graded(cells)
        assert verdicts == dict.fromkeys(SPECS, 1.0), (place, number, flagged)


@given(STEPS)
@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_correct_notebook_keeps_its_points_or_a_person_looks(steps):
    cells = _correct()
    for step, place, number in steps:
        step(cells, place % len(cells), number)
    repaired, verdicts, flagged = graded(cells)
    lost = {name for name, fraction in verdicts.items() if fraction < 1}
    assert lost <= flagged, (lost, [(_name(cell), cell["source"]) for cell in cells], repaired.notes)
    names = [cell.metadata.nbgrader.grade_id for cell in repaired.notebook.cells if "nbgrader" in cell.metadata]
    assert names == [cell.metadata.nbgrader.grade_id for cell in RELEASE.cells if "nbgrader" in cell.metadata]


def test_very_long_cells_are_left_apart():
    """Python reads none of them within our bounds; that does not make them parts of one statement."""
    long = [f"# {number}\n" + "x = 1\n" * (MAX_PARSED // 5) for number in range(12)]
    cells = [{"cell_type": "code", "id": f"own-{n}", "metadata": {}, "source": text} for n, text in enumerate(long)]
    repaired = repair({"cells": [*cells, *_correct()]}, RELEASE)
    assert [cell.source for cell in repaired.notebook.cells if cell.source in long] == long
    assert repaired.notes == ()
