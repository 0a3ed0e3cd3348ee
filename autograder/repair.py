"""Make a submitted notebook sound again, whatever was done to it: the release's cells, with the student's work in them.

Only sources are taken from a submission. Metadata, locked cells, order and completeness come from the release, so that
nothing a student or their editor does to a notebook can stop or bend its grading. Every repair is told to the student.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell

from autograder.submitted import Found, kept_attachments, kept_outputs, read_cells

MAX_ADDED = 1000  # cells beside the release's own
MAX_ADDED_TEXT = 2_000_000  # characters in them
MAX_PARSED = 100_000  # characters of code that we parse; Python's parser takes much memory for hostile input


@dataclass(frozen=True)
class Repaired:
    """A sound notebook, and what had to be done, one sentence each."""

    notebook: NotebookNode
    notes: tuple[str, ...]


def repair(submitted: Mapping[str, Any], release: NotebookNode) -> Repaired:
    """Rebuild a submission from the release.

    Args:
        submitted: a notebook as JSON values, of whatever content.
        release: the notebook that students received.

    Returns:
        Exactly the release's cells in the release's order, each of the student's own cells after the one it followed.
    """
    notes: list[str] = []
    known = {_key(cell): cell for cell in release.cells}
    copies: dict[str, list[Found]] = defaultdict(list)
    extra: dict[str, list[Found]] = defaultdict(list)
    anchor, order, room = "", [], _Room()
    for found, key in _identify(read_cells(submitted, notes), release.cells, notes):
        if key:
            anchor = key
            order.append(anchor)
            copies[anchor].append(found)
        elif found.stripped and room.take(found):
            extra[anchor].append(found)
    _note_order(order, list(known), notes)
    notebook = deepcopy(release)
    notebook.cells = [_added(found) for found in extra[""]]
    for key, cell in known.items():
        chosen = _chosen(cell, copies[key])
        notebook.cells.append(_rebuild(cell, chosen, notes))
        if len(copies[key]) > 1 and _is_work(cell):
            notes.append(f"the cell {key} was there {len(copies[key])} times: the last edited copy was graded")
        spare = [found for found in copies[key] if found is not chosen and _edited(found, cell) and room.take(found)]
        notebook.cells += [new_raw_cell(found.source) for found in spare]  # kept for a reader; never run
        notebook.cells += [_added(found) for found in extra[key]]
    if room.refused:
        notes.append(f"there were more than {MAX_ADDED} cells or {MAX_ADDED_TEXT} characters of your own: "
                     "the rest were left out")  # fmt: skip
    added = (cell for cell in notebook.cells if _key(cell) not in known)
    for number, cell in enumerate(added):
        cell.id = f"added-{number}"  # nbformat would draw a random one: the same submission must stay the same
    return Repaired(notebook, tuple(dict.fromkeys(notes)))


class _Room:
    """How much of a student's own there is still room for, beside the release's cells."""

    def __init__(self) -> None:
        self._cells, self._characters = MAX_ADDED, MAX_ADDED_TEXT
        self.refused = False

    def take(self, found: Found) -> bool:
        """Whether this cell still fits; it is counted then."""
        fits = self._cells > 0 and len(found.source) <= self._characters
        if fits:
            self._cells -= 1
            self._characters -= len(found.source)
        self.refused = self.refused or not fits
        return fits


def _identify(cells: Sequence[Found], release: Sequence[NotebookNode], notes: list[str]) -> list[tuple[Found, str]]:
    """Find out which cell of the release each submitted cell is; "" for a cell of the student's own."""
    names: dict[tuple[str, str], str] = {}
    for cell in release:
        names["cell", cell.id] = _key(cell)
        if _is_experiment(cell):
            names["experiment", cell.metadata.course["experiment"]] = _key(cell)
        if "nbgrader" in cell.metadata:
            names["grade", _key(cell)] = _key(cell)
    keys = [next((names[claim] for claim in found.claims if claim in names), "") for found in cells]
    nameless = [number for number, key in enumerate(keys) if not key]
    same, defining = _by_source(cells, nameless), _by_function(cells, nameless)
    named = set(keys)
    for cell in (cell for cell in release if _key(cell) not in named):
        numbers = same.get(cell.source.strip())
        if numbers:
            keys[numbers.pop()] = _key(cell)
            named.add(_key(cell))
    for cell in (cell for cell in release if _key(cell) not in named and _is_exercise(cell)):
        fitting = [number for number in defining.get(_key(cell), ()) if not keys[number]]
        if fitting:
            keys[fitting[-1]] = _key(cell)
            notes.append(f"the cell {_key(cell)} had lost its name: it was recognised by the function in it")
    return list(zip(cells, keys, strict=True))


def _by_source(cells: Sequence[Found], numbers: Sequence[int]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for number in numbers:
        found[cells[number].stripped].append(number)
    return found


def _by_function(cells: Sequence[Found], numbers: Sequence[int]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for number in numbers:
        for name in cells[number].defined if cells[number].kind == "code" else ():
            found[name].append(number)
    return found


def _edited(found: Found, cell: NotebookNode) -> bool:
    return bool(found.stripped != cell.source.strip())


def _chosen(cell: NotebookNode, copies: Sequence[Found]) -> Found | None:
    """The copy that counts: the last edited one and, of an exercise, the last that still defines the function."""
    edited = [found for found in copies if _edited(found, cell)]
    defining = [found for found in edited if _is_exercise(cell) and _key(cell) in found.defined]
    return next(reversed(defining or edited or copies), None)


def _key(cell: NotebookNode) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id") or cell.id)


def _is_work(cell: NotebookNode) -> bool:
    """Whether the student writes in this cell: an exercise or an answer."""
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def _is_exercise(cell: NotebookNode) -> bool:
    return _is_work(cell) and cell.cell_type == "code"


def _is_experiment(cell: NotebookNode) -> bool:
    return "experiment" in cell.metadata.get("course", {})


def _note_order(order: list[str], known: list[str], notes: list[str]) -> None:
    first = dict.fromkeys(order)
    if list(first) != [key for key in known if key in first]:
        notes.append("the cells were in another order: they were put back")


def _rebuild(cell: NotebookNode, chosen: Found | None, notes: list[str]) -> NotebookNode:
    """A cell of the release with the student's source in it, where the source is theirs to write."""
    made = deepcopy(cell)
    if made.cell_type == "code":
        made.outputs, made.execution_count = [], None
    key = _key(cell)
    if chosen is None:
        if "nbgrader" in cell.metadata:
            notes.append(f"the cell {key} was missing: it was put back as it was released")
    elif _is_exercise(cell):
        made.source = _without_leftover_raise(chosen.source, key, notes)
    elif _is_work(cell):
        made.source = chosen.source
        pictures = kept_attachments(chosen.attachments)
        if pictures:
            made.attachments = pictures
        if len(pictures) < len(chosen.attachments):
            notes.append(f"of what was attached to {key}, only PNG and JPEG pictures up to 8 MB each were kept")
    elif _is_experiment(cell):
        made.source, made.outputs = chosen.source, kept_outputs(chosen.outputs)
    elif _edited(chosen, cell) and "nbgrader" in cell.metadata:
        notes.append(f"the cell {key} is locked and had been changed: it was put back as it was released")
    elif _edited(chosen, cell):
        made.source = chosen.source  # prose: theirs to annotate
    return made


def _added(found: Found) -> NotebookNode:
    """A cell of the student's own: its source alone, no metadata, no tags, no outputs."""
    make = {"code": new_code_cell, "markdown": new_markdown_cell}.get(found.kind, new_raw_cell)
    return make(found.source)


def _without_leftover_raise(source: str, name: str, notes: list[str]) -> str:
    """Take out a ``raise NotImplementedError`` that was left beside real code; a stub keeps its own.

    Nothing else changes by a byte, and a line that is never reached stays as it is.
    """
    # Python's lines, not str.splitlines', which also breaks at a form feed or at U+2028 inside a string.
    pieces = re.split(r"(\r\n|\r|\n)", source)
    for node in _leftovers(source, name):
        place = 2 * (node.lineno - 1)
        before, after = _around(pieces[place], node)
        if node.lineno == node.end_lineno and not before.strip() and (not after.strip() or after.strip()[0] == "#"):
            pieces[place] = f"{before}pass  # {pieces[place].strip()}"
            notes.append(f"the cell {name} still raised NotImplementedError beside your code: that line was ignored")
    return "".join(pieces)


def _around(line: str, node: ast.stmt) -> tuple[str, str]:
    """The text of a line before and after a statement; ast counts columns in bytes."""
    data = line.encode()
    return data[: node.col_offset].decode(), data[node.end_col_offset :].decode()


def _leftovers(source: str, name: str) -> list[ast.stmt]:
    if "NotImplementedError" not in source or len(source) > MAX_PARSED:
        return []
    plain = re.sub(r"^([ \t]*)[%!].*", r"\1pass", source, flags=re.MULTILINE)  # IPython's magics are no Python
    for text in (source, plain):
        try:
            body = ast.parse(text).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        return [
            node
            for function in body
            if isinstance(function, ast.FunctionDef) and function.name == name
            for node in _reached_leftovers(function)
        ]
    return []


def _reached_leftovers(function: ast.FunctionDef) -> list[ast.stmt]:
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    found = []
    for node in body:
        if _is_leftover(node):
            found.append(node)
        elif isinstance(node, ast.Return | ast.Raise):
            break
    return [] if all(_is_leftover(node) or isinstance(node, ast.Pass) for node in body) else found


def _is_leftover(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Raise):
        return False
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"
