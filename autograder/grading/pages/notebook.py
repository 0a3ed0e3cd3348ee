"""A copy of a graded notebook that holds nothing but what a page shows: templates see this, never the notebook itself.

Whatever wrote the notebook, a template that prints a value as it is can then print nothing that a browser would take
for markup of the page.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape
from typing import Any

from nbformat.notebooknode import NotebookNode, from_dict

from autograder.grading.reading.submitted import PAGE_PIXELS, kept_attachments
from autograder.jail.pictures import promised

GRADED = ("comment", "grade", "grade_id", "points", "score", "solution", "state", "task")
PICTURES = ("image/png", "image/jpeg")


def harmless(notebook: NotebookNode) -> NotebookNode:
    """The cells with their sources, texts and pictures; no metadata but nbgrader's, no other kind of output."""
    room = _Room()
    cells = [_cell(cell, number, room) for number, cell in enumerate(notebook.cells)]
    return from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})


class _Room:
    """How many pixels of a page's outputs there is still room for."""

    def __init__(self) -> None:
        self._pixels = PAGE_PIXELS

    def take(self, picture: Mapping[str, str]) -> bool:
        """Whether this picture still fits; it is counted then."""
        pixels = sum(promised(base64.b64decode(data))[1] for data in picture.values())
        fits = pixels <= self._pixels
        self._pixels -= pixels if fits else 0
        return fits


def _cell(cell: NotebookNode, number: int, room: _Room) -> dict[str, Any]:
    data = cell.metadata.get("nbgrader", {})
    # A comment is markdown, and is cleaned when it is rendered; every other text is shown as it is.
    nbgrader = {name: data[name] if name == "comment" else escaped(data[name]) for name in GRADED if name in data}
    kind = cell.cell_type if cell.cell_type in ("code", "markdown") else "raw"
    made: dict[str, Any] = {"cell_type": kind, "id": f"cell-{number}", "source": cell.source}
    made["metadata"] = {"nbgrader": nbgrader} if nbgrader else {}
    if kind == "markdown":
        made["attachments"] = kept_attachments(cell.get("attachments", {}))
    if kind == "code":
        count = cell.get("execution_count")
        made["execution_count"] = count if isinstance(count, int) else None
        made["outputs"] = [kept for output in cell.get("outputs", []) if (kept := _output(output, number, room))]
    return made


def _output(output: Mapping[str, Any], number: int, room: _Room) -> dict[str, Any] | None:
    match output.get("output_type"):
        case "stream":
            name = "stderr" if output.get("name") == "stderr" else "stdout"
            return {"output_type": "stream", "name": name, "text": _text(output.get("text"))}
        case "error":
            lines = output.get("traceback") or []
            return {"output_type": "stream", "name": "stderr", "text": "\n".join(map(_text, lines)) + "\n"}
        case "display_data" | "execute_result":
            data = output.get("data", {})
            shown = kept_attachments({"": data}).get("") or {"text/plain": _text(data.get("text/plain"))}
            if "text/plain" not in shown and not room.take(shown):
                shown = {"text/plain": "[picture not shown: this page has too many; the notebook holds it]"}
            alt = {kind: {"alt": f"picture drawn by cell {number + 1}"} for kind in PICTURES if kind in shown}
            return {"output_type": "display_data", "data": shown, "metadata": alt}
    return None


def _text(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else value if isinstance(value, str) else ""


def escaped(value: Any) -> Any:
    """A value of a template's with every text in it made safe, between tags as between a script's quotation marks."""
    if isinstance(value, str):
        return escape(value).replace("\\", "&#92;").replace("\n", " ").replace("\r", " ")
    if isinstance(value, Mapping):
        return {name: escaped(part) for name, part in value.items()}
    return [escaped(part) for part in value] if isinstance(value, list) else value
