"""Ten hostile hand-ins of a1 that try to stop or starve the class around them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import nbformat
from attacks import judge as judge_attacks

EXERCISE = "fold_threshold_network"
LOST = {EXERCISE: 0.0}
EVERYTHING = {
    name: 0.0
    for name in (
        *("threshold_relu", "threshold_relu_backward", "fold_threshold_dense", EXERCISE, "fold_threshold_conv"),
        *("sigmoid_forward", "sigmoid_backward", "affine_backward"),
    )
}
DEPTH = 300  # folders of fifteen letters: longer than any path may be


@dataclass(frozen=True)
class Hostile:
    """What is handed in, and which exercises honestly earn nothing.

    Args:
        source: of ``fold_threshold_network``.
        cell: in front of everything, ``copies`` times.
        damage: to the notebook as plain JSON.
        beside: puts things into the submission's folder.
    """

    source: str = judge_attacks.RIGHT
    cell: str = ""
    copies: int = 1
    damage: Callable[[Any], None] = lambda notebook: None
    beside: Callable[[str], None] = lambda folder: None
    lost: Mapping[str, float] = field(default_factory=dict)


def nest(folder: str) -> None:
    """Folders in folders, made one by one from inside: no single path could name the last."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(DEPTH):
        os.mkdir("fifteen-letters", dir_fd=here)
        inner = os.open("fifteen-letters", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)


def more_notebooks(folder: str) -> None:
    for number in range(20):
        with open(os.path.join(folder, f"copy-{number}.ipynb"), "w") as file:
            file.write(json.dumps(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("while True: pass")])))


def junk_timestamp(folder: str) -> None:
    with open(os.path.join(folder, "timestamp.txt"), "w") as file:
        file.write("the day before yesterday \0 or 9999-99-99")


def empty_cells(notebook: Any) -> None:
    notebook["cells"] = [{}] * (6 << 20)  # 24 MB, beyond what is read at all


def floods_of_formulas(notebook: Any) -> None:
    answer = next(c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == "fold_proof")
    answer["source"] = "\\begin{a}" * 20_000


HOSTILE = {
    "nested": Hostile(beside=nest),
    "empty-cells": Hostile(damage=empty_cells, lost=EVERYTHING),
    "formulas": Hostile(damage=floods_of_formulas),
    "timestamp": Hostile(beside=junk_timestamp),
    "notebooks": Hostile(beside=more_notebooks),
    "requests": Hostile(judge_attacks.ATTACKS["large requests"].source, lost=LOST),
    "sleeper": Hostile(judge_attacks.ATTACKS["a sleeper in many small naps"].source, lost=LOST),
    "threads": Hostile(judge_attacks.ATTACKS["work in other threads"].source, lost=LOST),
    "control-characters": Hostile(cell="print('\\x01' * 600_000)", copies=40),
    "endless-cells": Hostile(cell="while True: pass"),
}


def hand_in_hostile(classroom: Any, name: str) -> None:
    """Write one of them into the class's folder of submissions."""
    hostile = HOSTILE[name]
    notebook = classroom.notebook({EXERCISE: hostile.source})
    if hostile.cell:
        notebook.cells[:0] = [nbformat.v4.new_code_cell(hostile.cell) for _ in range(hostile.copies)]
    plain = json.loads(json.dumps(notebook))
    hostile.damage(plain)
    path = classroom.hand_in(f"hostile-{name}", json.dumps(plain))
    hostile.beside(str(path.parent))
