"""Make a submitted notebook sound again, whatever was done to it: the release's cells, with the student's work in them.

Only sources are taken from a submission. Metadata, locked cells, order and completeness come from the release, so that
nothing a student or their editor does to a notebook can stop or bend its grading. Every repair is told to the student.
"""

from __future__ import annotations

import ast
import base64
import binascii
import json
import os
import stat
from collections import defaultdict
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell

MAX_CELLS = 2000
MAX_SOURCE = 1_000_000  # characters of one cell
MAX_TEXT = 100_000  # characters of one kept output
MAX_IMAGE = 2_000_000  # bytes of one kept picture
MAX_OUTPUTS = 50
PNG = b"\x89PNG\r\n\x1a\n"


class UnreadableSubmission(Exception):
    """A submitted file that holds no notebook; the message says what was expected and what was received."""


@dataclass(frozen=True)
class Repaired:
    """A sound notebook, and what had to be done, one sentence each."""

    notebook: NotebookNode
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Found:
    """A submitted cell: its kind, its source, the id it claims, and its outputs as they came."""

    kind: str
    source: str
    id: str
    outputs: Any
    attachments: Any


# --------------------------------------------------------------------------------------------------------- reading


def read_submission(path: Path, max_mb: float) -> dict[str, Any]:
    """Read a submitted notebook as plain JSON values.

    Raises:
        UnreadableSubmission: when it is missing, no regular file, too large, or no notebook.
    """
    try:
        # A link could point at the gradebook, a pipe would block for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise UnreadableSubmission(f"{path.name}: expected a notebook, received no file of that name") from None
    except OSError as error:
        raise UnreadableSubmission(f"{path.name}: expected a regular file, received {error.strerror}") from None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableSubmission(f"{path.name}: expected a regular file, received a folder, pipe or device")
        if status.st_size > max_mb * 2**20:
            raise UnreadableSubmission(
                f"{path.name}: expected at most {max_mb:g} MB, received {status.st_size / 2**20:.0f} MB; "
                "clear large outputs and hand in again"
            )
        data = file.read()
    try:
        notebook = json.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise UnreadableSubmission(
            f"{path.name}: expected UTF-8 text, received byte {data[error.start]:#04x} at position {error.start}"
        ) from None
    except (ValueError, RecursionError) as error:
        raise UnreadableSubmission(
            f"{path.name}: expected a notebook in JSON, received a file that is not: {error}"
        ) from None
    if not isinstance(notebook, dict) or not isinstance(_cells(notebook), list):
        raise UnreadableSubmission(f"{path.name}: expected a notebook with a list of cells, received other JSON")
    return notebook


def _cells(notebook: Mapping[str, Any]) -> Any:
    """The list of cells; of the old format 3, those of its first worksheet."""
    if "cells" in notebook:
        return notebook["cells"]
    sheets = notebook.get("worksheets")
    first = sheets[0] if isinstance(sheets, list) and sheets else None
    return first.get("cells") if isinstance(first, dict) else None


def _read_cells(notebook: Mapping[str, Any]) -> Iterator[_Found]:
    for cell in (_cells(notebook) or [])[:MAX_CELLS]:
        if not isinstance(cell, dict):
            continue
        source = cell.get("source", cell.get("input", ""))
        if isinstance(source, list):
            source = "".join(line for line in source if isinstance(line, str))
        kind = cell.get("cell_type")
        kind = kind if kind in ("code", "markdown") else "raw"
        text = source[:MAX_SOURCE] if isinstance(source, str) else ""
        # Lone surrogates are legal JSON and break every writer after us.
        text = text.encode("utf-8", "replace").decode("utf-8")
        yield _Found(kind, text, _claimed_id(cell), cell.get("outputs"), cell.get("attachments"))


def _claimed_id(cell: Mapping[str, Any]) -> str:
    """Which cell of the release this claims to be: by grade id, or an experiment by its cell id."""
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    if isinstance(grade_id, str):
        return grade_id
    cell_id = cell.get("id")
    return cell_id if isinstance(cell_id, str) else ""


# -------------------------------------------------------------------------------------------------------- repairing


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
    claims: dict[str, list[_Found]] = defaultdict(list)
    extra: dict[str, list[_Found]] = defaultdict(list)
    anchor, order = "", []
    for found in _read_cells(submitted):
        if found.id in known:
            anchor = found.id
            order.append(anchor)
            claims[anchor].append(found)
        elif found.source.strip():
            extra[anchor].append(found)
    _note_order(order, list(known), notes)
    notebook = deepcopy(release)
    notebook.cells = [_added(found) for found in extra[""]]
    for key, cell in known.items():
        notebook.cells.append(_rebuild(cell, claims[key], notes))
        spare = [found for found in claims[key] if found.source != notebook.cells[-1].source]
        if len(claims[key]) > 1:
            notes.append(f"the cell {key} was there {len(claims[key])} times: the last edited copy was graded")
            notebook.cells += [new_raw_cell(found.source) for found in spare if _is_work(cell)]
        notebook.cells += [_added(found) for found in extra[key]]
    added = (cell for cell in notebook.cells if _key(cell) not in known)
    for number, cell in enumerate(added):
        cell.id = f"added-{number}"  # nbformat would draw a random one: the same submission must stay the same
    return Repaired(notebook, tuple(dict.fromkeys(notes)))


def _key(cell: NotebookNode) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id") or cell.id)


def _is_work(cell: NotebookNode) -> bool:
    """Whether the student writes in this cell: an exercise or an answer."""
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def _is_experiment(cell: NotebookNode) -> bool:
    return "experiment" in cell.metadata.get("course", {})


def _note_order(order: list[str], known: list[str], notes: list[str]) -> None:
    first = list(dict.fromkeys(order))
    if first != [key for key in known if key in set(first)]:
        notes.append("the cells were in another order: they were put back")


def _rebuild(cell: NotebookNode, claims: list[_Found], notes: list[str]) -> NotebookNode:
    """A cell of the release with the student's source in it, where the source is theirs to write."""
    made = deepcopy(cell)
    if made.cell_type == "code":
        made.outputs, made.execution_count = [], None
    key = _key(cell)
    if not claims:
        if "nbgrader" in cell.metadata:
            notes.append(f"the cell {key} was missing: it was put back as it was released")
        return made
    edited = [found for found in claims if found.source.strip() != cell.source.strip()]
    if _is_work(cell):
        chosen = edited[-1] if edited else claims[-1]
        made.source = _without_leftover_raise(chosen.source, key, notes) if made.cell_type == "code" else chosen.source
        images = _png_attachments(chosen.attachments)
        if images and made.cell_type == "markdown":
            made.attachments = images
    elif _is_experiment(cell):
        chosen = edited[-1] if edited else claims[-1]
        made.source, made.outputs = chosen.source, _kept_outputs(chosen.outputs)
    elif edited and "nbgrader" in cell.metadata:
        notes.append(f"the cell {key} is locked and had been changed: it was put back as it was released")
    elif edited:
        made.source = edited[-1].source  # prose: theirs to annotate
    return made


def _added(found: _Found) -> NotebookNode:
    """A cell of the student's own: its source alone, no metadata, no tags, no outputs."""
    make = {"code": new_code_cell, "markdown": new_markdown_cell}.get(found.kind, new_raw_cell)
    return make(found.source)


def _without_leftover_raise(source: str, key: str, notes: list[str]) -> str:
    """Comment out a ``raise NotImplementedError`` that was left beside real code; a stub keeps its own."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source
    lines = source.splitlines()
    for function in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
        body = function.body[1:] if ast.get_docstring(function) is not None else function.body
        leftovers = [node for node in body if _is_leftover(node)]
        if not leftovers or all(node in leftovers or isinstance(node, ast.Pass) for node in body):
            continue
        for node in leftovers:
            line = lines[node.lineno - 1]
            if line.strip().startswith("raise NotImplementedError") and node.lineno == node.end_lineno:
                lines[node.lineno - 1] = f"{line[: node.col_offset]}pass  # {line.strip()}"
                notes.append(f"the cell {key} still raised NotImplementedError beside your code: that line was ignored")
    return "\n".join(lines)


def _is_leftover(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Raise):
        return False
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


# ---------------------------------------------------------------------------------------------------- what is kept


def _kept_outputs(outputs: Any) -> list[NotebookNode]:
    """What a student's own run printed and drew, as text and PNG alone: nothing that a browser would execute."""
    kept = []
    for output in outputs[:MAX_OUTPUTS] if isinstance(outputs, list) else []:
        if not isinstance(output, dict):
            continue
        data = output.get("data")
        if output.get("output_type") == "stream":
            kept.append(new_output("stream", name="stdout", text=_text(output.get("text"))))
        elif output.get("output_type") in ("display_data", "execute_result") and isinstance(data, dict):
            image = _png(data.get("image/png"))
            bundle = {"text/plain": _text(data.get("text/plain"))} | ({"image/png": image} if image else {})
            kept.append(new_output("display_data", data=bundle))
        elif output.get("output_type") == "error":
            kept.append(
                new_output("stream", name="stderr", text=f"{output.get('ename')}: {_text(output.get('evalue'))}")
            )
    return kept


def _text(value: Any) -> str:
    text = "".join(line for line in value if isinstance(line, str)) if isinstance(value, list) else value
    return text[:MAX_TEXT].encode("utf-8", "replace").decode("utf-8") if isinstance(text, str) else ""


def _png(value: Any) -> str | None:
    """The picture, if it is one, in canonical base64."""
    text = "".join(part for part in value if isinstance(part, str)) if isinstance(value, list) else value
    if not isinstance(text, str) or len(text) > MAX_IMAGE * 4 // 3 + 4:
        return None
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    return base64.b64encode(data).decode() if data.startswith(PNG) else None


def _png_attachments(attachments: Any) -> dict[str, dict[str, str]]:
    """The pictures pasted into an answer."""
    if not isinstance(attachments, dict):
        return {}
    pictures = {
        str(name)[:100]: _png(bundle.get("image/png"))
        for name, bundle in attachments.items()
        if isinstance(bundle, dict)
    }
    return {name: {"image/png": picture} for name, picture in list(pictures.items())[:MAX_OUTPUTS] if picture}
