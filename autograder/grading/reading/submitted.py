"""Take from a submitted file what it says, whatever it holds: texts, claims, outputs and attachments as they came.

Nothing that a student hands in is more than data here: a value of another kind than expected counts as absent.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from autograder.course.carrying import without_carried
from autograder.course.cells import EXPERIMENT, OWN
from autograder.jail.pictures import promised

MAX_SOURCE = 1_000_000  # characters of one cell
MAX_IMAGE = 8_000_000  # bytes of one kept picture: a telephone's photograph of a proof fits
MAX_PIXELS = 64_000_000  # a small file can hold a picture that no browser survives
PAGE_PIXELS = 200_000_000  # of all pictures in the outputs of one page, and of all in its texts: a browser holds them
MAX_ATTACHED = 50
MAX_PARTS = 1_000_000  # lists and objects in the file
MAX_CELLS = 20_000
MAX_WORD = 500
PLACEHOLDER = "received"  # the key of the file that stands where something else than a notebook was handed in
DEFINED = re.compile(r"^(?:async[ ]+)?(?:def|class)[ ]+(\w+)|^(\w+)[ ]*(?::[^=\n]*)?=(?!=)", re.MULTILINE)
PASTED = re.compile(r"data:(image/[\w.+-]{1,40});base64,([A-Za-z0-9+/=]+)", re.IGNORECASE)


class UnreadableSubmission(Exception):
    """A submitted file that holds no notebook; the message says what was expected and what was received."""


@dataclass(frozen=True, eq=False)
class Found:
    """A submitted cell: its kind, its source, the names it claims, and its outputs as they came."""

    kind: str
    source: str
    claims: tuple[tuple[str, str], ...]
    outputs: Any
    attachments: Mapping[str, Any]

    @cached_property
    def stripped(self) -> str:
        """The source without the white space around it."""
        return self.source.strip()

    @cached_property
    def defined(self) -> frozenset[str]:
        """The names of functions, classes and values that look as if they were defined at the left margin."""
        return frozenset(name for names in DEFINED.findall(self.source) for name in names if name)


def parse_notebook(data: bytes, name: str) -> dict[str, Any]:
    """Read a submitted file as plain JSON values.

    Args:
        data: what the file holds.
        name: what it is called, for the message.

    Raises:
        UnreadableSubmission: when it is no notebook, or has more parts than any notebook.
    """
    # Each list or object costs a hundred bytes of memory, but may take two bytes in the file.
    parts = data.count(b"[") + data.count(b"{")
    if parts > MAX_PARTS:
        raise UnreadableSubmission(
            f"{name}: expected at most {MAX_PARTS} lists and objects, received {parts}; "
            "clear large outputs and hand in again"
        )
    try:
        notebook = json.loads(data.decode("utf-8-sig"))  # some editors put a byte order mark in front
    except UnicodeDecodeError as error:
        raise UnreadableSubmission(
            f"{name}: expected UTF-8 text, received byte {data[error.start]:#04x} at position {error.start}"
        ) from None
    except RecursionError:
        raise UnreadableSubmission(f"{name}: expected a notebook, received JSON that is nested too deep") from None
    except ValueError as error:
        raise UnreadableSubmission(
            f"{name}: expected a notebook in JSON, received a file that is not: {error}"
        ) from None
    if isinstance(notebook, dict) and isinstance(notebook.get(PLACEHOLDER), str):
        raise UnreadableSubmission(f"{name}: expected a notebook, received {notebook[PLACEHOLDER][:MAX_WORD]}")
    if not isinstance(notebook, dict) or not _cells(notebook):
        raise UnreadableSubmission(f"{name}: expected a notebook with a list of cells, received other JSON")
    if len(_cells(notebook)) > MAX_CELLS:
        raise UnreadableSubmission(
            f"{name}: expected at most {MAX_CELLS} cells, received {len(_cells(notebook))}; delete and hand in again"
        )
    return notebook


def _cells(notebook: Mapping[str, Any]) -> list[Any]:
    """The list of cells; of the old format 3, those of all its worksheets."""
    sheets = notebook.get("worksheets")
    if "cells" not in notebook and isinstance(sheets, list):
        return [cell for sheet in sheets for cell in _cells({**mapping(sheet), "worksheets": None})]
    cells = notebook.get("cells")
    return cells if isinstance(cells, list) else []


def read_cells(notebook: Mapping[str, Any], notes: list[str]) -> list[Found]:
    """The cells of a notebook, in order; what had to be left out is added to ``notes``."""
    found = []
    for cell in _cells(notebook):
        if not isinstance(cell, dict):
            continue
        kind = cell.get("cell_type")
        text = joined(cell.get("source", cell.get("input")))
        if kind == "heading":  # of format 3
            kind, text = "markdown", f"# {text}"
        kind = kind if kind in ("code", "markdown") else "raw"
        if kind == "code":
            text = without_carried(text)  # the grader has these files
        attachments = mapping(cell.get("attachments"))
        if kind == "markdown":
            text, pasted = _without_pictures(text)
            attachments = {**attachments, **pasted}
        if len(text) > MAX_SOURCE:
            notes.append(f"a cell was longer than {MAX_SOURCE} characters: what came after them was ignored")
        source = sound(text[:MAX_SOURCE])
        found.append(Found(kind, source, _claims(cell), cell.get("outputs"), attachments))
    return found


def _without_pictures(text: str) -> tuple[str, dict[str, dict[str, str]]]:
    """A text with the pictures that stand in it, as Google Colab writes them, attached to it instead."""
    pasted: dict[str, dict[str, str]] = {}

    def attach(match: re.Match[str]) -> str:
        name = f"pasted-{len(pasted) + 1}"
        pasted[name] = {match[1].lower(): match[2]}
        return f"attachment:{name}"

    return PASTED.sub(attach, text), pasted


def joined(value: Any) -> str:
    """A text as notebooks hold it, whole or as a list of lines; whatever is no text is left out."""
    lines = value if isinstance(value, list) else [value]
    return "".join(line for line in lines if isinstance(line, str))


def sound(text: str) -> str:
    """Replace lone surrogates: legal in JSON, they break every writer after us."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _claims(cell: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Which cell of the release this claims to be: by grade id, by experiment, or by cell id, in this order.

    Several, because editors lose some of them: Google Colab, for one, keeps a cell's id in its metadata.
    """
    metadata = mapping(cell.get("metadata"))
    names = [
        ("grade", mapping(metadata.get("nbgrader")).get("grade_id")),
        (EXPERIMENT, mapping(metadata.get(OWN)).get(EXPERIMENT)),
        ("cell", cell.get("id")),
        ("cell", metadata.get("id")),
    ]
    return tuple((kind, name) for kind, name in names if isinstance(name, str) and name)


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


# ------------------------------------------------------------------------------------------------ what pages may show


def kept_attachments(attachments: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Of the pictures attached to a text, those that a page may show."""
    kept = {}
    for name, bundle in list(attachments.items())[:MAX_ATTACHED]:
        for kind in ("image/png", "image/jpeg"):
            picture = _picture(mapping(bundle).get(kind), kind)
            if picture:
                kept[sound(name)[:200]] = {kind: picture}
                break
    return kept


def _picture(value: Any, kind: str) -> str | None:
    """The picture in canonical base64, if it is one of its kind and of a size that a browser can show."""
    text = "".join(joined(value).split())
    if len(text) > MAX_IMAGE * 4 // 3 + 4:
        return None
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    found, pixels = promised(data)
    return base64.b64encode(data).decode() if found == kind and 0 < pixels <= MAX_PIXELS else None


def is_picture(data: bytes) -> bool:
    """Whether these are the bytes of a PNG or JPEG of a size that a browser can show."""
    return 0 < promised(data)[1] <= MAX_PIXELS
