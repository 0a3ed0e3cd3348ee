"""What a student's own run printed and drew, and the pictures in their texts, as text, PNG and JPEG.

A person grades from these. So whatever cannot be kept is converted or shortened, and where not even that is possible, a
sentence stands in its place.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import quote

from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_output

from autograder.grading.reading.converting import converted, dimensions
from autograder.grading.reading.submitted import MAX_IMAGE, MAX_PIXELS, Found, joined, mapping, sound
from autograder.jail.pictures import promised

MAX_TEXT = 100_000  # characters of one kept output
MAX_HTML = 20_000  # of one output that has nothing else to show
MAX_OUTPUTS = 50  # of one cell, once what was printed in one piece is one output again
MAX_LOOKED = 5_000  # outputs of one cell
MAX_PICTURES = 40  # of these outputs, and of one text
MAX_NAME = 200
AS_IS_PIXELS = 16_000_000  # a larger picture is made smaller: nobody looks at more, and a browser has to hold it
SUBMISSION_PIXELS = 150_000_000  # of all its pictures together, as they are shown
DECODED_PIXELS = 250_000_000  # of all that had to be converted: some seconds of work
SUBMISSION_BYTES = 32_000_000
ENOUGH = "one picture too many; the notebook holds it"
AS_SUBMITTED = "as submitted; not run when grading:\n"

KINDS = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/svg+xml")
# How format 3 called them; a name that is none of these stays as it is.
OLD_KINDS = {
    "text": "text/plain", "html": "text/html", "latex": "text/latex", "png": "image/png", "jpeg": "image/jpeg",
    "svg": "image/svg+xml", "javascript": "application/javascript", "json": "application/json",
}  # fmt: skip
INTERACTIVE = ("application/vnd.", "application/javascript", "application/pdf")
MARKUP = re.compile(r"<(script|style)\b.*?</\1>|<[^<>]{0,2000}>", re.DOTALL | re.IGNORECASE)


class Album:
    """The pictures of one submission that there is still room for."""

    def __init__(self) -> None:
        self._pixels, self._decoded, self._bytes = SUBMISSION_PIXELS, DECODED_PIXELS, SUBMISSION_BYTES

    def keep(self, bundle: Mapping[str, Any]) -> tuple[dict[str, str], str]:
        """The first picture of a bundle that can be kept, by its kind, and "", or nothing and why not."""
        problem = ""
        for kind in KINDS:
            if kind in bundle:
                kept, why = self._keep(kind, bundle[kind])
                if kept:
                    return kept, ""
                problem = problem or why
        other = next((name for name in bundle if isinstance(name, str) and name.startswith("image/")), "")
        return {}, problem or (f"a picture of the kind {_plain(other)}, which no page shows" if other else "")

    def _keep(self, kind: str, value: Any) -> tuple[dict[str, str], str]:
        if kind == "image/svg+xml":
            size = len(joined(value))
            return {}, f"a figure in SVG ({size // 1024 + 1} kB), which cannot be shown safely"
        try:
            data = base64.b64decode("".join(joined(value).split()), validate=True)
        except (binascii.Error, ValueError):
            return {}, "a picture that cannot be decoded"
        found, pixels = promised(data)
        if not pixels or len(data) > MAX_IMAGE or pixels > min(AS_IS_PIXELS, self._pixels):
            found, data, problem = self._converted(data)
            if problem:
                return {}, problem
            _, pixels = promised(data)
        if pixels > self._pixels or len(data) > min(self._bytes, MAX_IMAGE):
            return {}, ENOUGH
        self._pixels -= pixels
        self._bytes -= len(data)
        return {found: base64.b64encode(data).decode()}, ""

    def _converted(self, data: bytes) -> tuple[str, bytes, str]:
        """Kind and bytes of a picture made fit for a page; or what is in the way."""
        width, height = dimensions(data) or (0, 0)
        pixels = max(width * height, promised(data)[1])
        if pixels > MAX_PIXELS:
            most = MAX_PIXELS // 10**6
            return "", b"", f"a picture of {pixels // 10**6} million pixels, where {most} million are the most"
        self._decoded -= pixels
        if self._decoded < 0:
            return "", b"", ENOUGH
        made = converted(data) if width else None
        return (*made, "") if made else ("", b"", "a picture that cannot be read")

    def text_of(self, found: Found) -> tuple[str, dict[str, dict[str, str]]]:
        """A markdown cell's source and the pictures attached to it; one that cannot be kept is told below the text."""
        kept: dict[str, dict[str, str]] = {}
        missing = []
        for number, (name, bundle) in enumerate(found.attachments.items()):
            label = sound(str(name))[:MAX_NAME]
            picture, problem = self.keep(mapping(bundle)) if number < MAX_PICTURES else ({}, ENOUGH)
            if picture:
                kept[label] = picture
            elif f"attachment:{label}" in found.source or f"attachment:{quote(label)}" in found.source:
                missing.append(f"{_plain(label)} was {problem or 'no picture'}")
        told = "".join(f"\n\n*[not shown here: {sentence}]*" for sentence in missing)
        return found.source + told, kept


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() or c in " .-/" else "_" for c in name)[:60]


# ------------------------------------------------------------------------------------------------------------ outputs


@dataclass(frozen=True)
class _Shown:
    """One output: what it says, and its picture, if it has one."""

    text: str
    picture: Mapping[str, str]
    kind: str  # "stdout", "stderr" or "display"


def kept_outputs(outputs: Any, album: Album) -> list[NotebookNode]:
    """What a student's own run printed and drew: nothing that a browser would execute, nothing left out silently."""
    listed = outputs if isinstance(outputs, list) else []
    shown = [made for output in listed[:MAX_LOOKED] if (made := _shown(mapping(output), album))]
    merged = _merged(shown)
    chosen = _chosen(merged)
    kept: list[NotebookNode] = []
    last = -1
    for number in chosen:
        if number > last + 1:
            kept.append(_stream("stdout", f"[{number - last - 1} outputs left out here]\n"))
        kept.append(_output(merged[number]))
        last = number
    left = len(merged) - 1 - last + max(len(listed) - MAX_LOOKED, 0)
    if left:
        kept.append(_stream("stdout", f"[{left} outputs left out here]\n"))
    return [_stream("stdout", AS_SUBMITTED), *kept] if kept else []


def _stream(name: str, text: str) -> NotebookNode:
    return new_output("stream", name=name, text=text)


def _output(shown: _Shown) -> NotebookNode:
    if shown.kind == "display":
        return new_output("display_data", data={"text/plain": _shortened(shown.text), **shown.picture})
    return _stream(shown.kind, _shortened(shown.text))


def _shown(output: Mapping[str, Any], album: Album) -> _Shown | None:
    kind = output.get("output_type")
    if kind == "stream":
        return _Shown(sound(joined(output.get("text"))), {}, "stdout")
    if kind in ("error", "pyerr"):
        said = f"{sound(joined(output.get('ename')))}: {sound(joined(output.get('evalue')))}"
        return _Shown(said, {}, "stderr")
    if kind in ("display_data", "execute_result", "pyout"):
        data = mapping(output.get("data")) or {OLD_KINDS.get(name, name): value for name, value in output.items()}
        picture, problem = album.keep(data)
        text = _text(data)
        problem = problem or next((_interactive(name) for name in data if str(name).startswith(INTERACTIVE)), "")
        if problem and not picture:
            text = f"{text}\n[not shown here: {problem}]".lstrip("\n")
        return _Shown(text, picture, "display") if text or picture else None
    return None


def _interactive(kind: str) -> str:
    return f"something interactive ({_plain(kind)}), of which only the text can be shown"


def _text(data: Mapping[str, Any]) -> str:
    """What a display says: its plain text, or the richer text where the plain one is only a Python object's name."""
    plain = sound(joined(data.get("text/plain")))
    if plain and not plain.startswith("<IPython.core.display."):
        return plain
    for kind in ("text/markdown", "text/latex"):
        if kind in data:
            return sound(joined(data[kind]))
    html = sound(joined(data.get("text/html")))[:MAX_HTML]
    return unescape(MARKUP.sub(" ", html)).strip() if html else plain


def _merged(shown: Sequence[_Shown]) -> list[_Shown]:
    """What was printed in many pieces is one output, as a terminal would show it in the end."""
    merged: list[tuple[_Shown, list[str]]] = []
    for one in shown:
        if one.kind == "stdout" and merged and merged[-1][0].kind == "stdout":
            merged[-1][1].append(one.text)
        else:
            merged.append((one, [one.text]))
    return [_Shown(_overwritten("".join(texts)) if one.kind == "stdout" else one.text, one.picture, one.kind)
            for one, texts in merged]  # fmt: skip


def _overwritten(text: str) -> str:
    """A progress bar's last state: of what was written over, only what came last."""
    if "\r" not in text and "\b" not in text:
        return text
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(line.replace("\b", "").rstrip("\r").rpartition("\r")[2] for line in lines)


def _shortened(text: str) -> str:
    """The beginning and the end of a text that is too long."""
    if len(text) <= MAX_TEXT:
        return text
    half = MAX_TEXT // 2
    return f"{text[:half]}\n[{len(text) - 2 * half} characters left out here]\n{text[-half:]}"


def _chosen(shown: Sequence[_Shown]) -> list[int]:
    """Which outputs are kept, by number: the pictures first, then what came first and what came last."""
    if len(shown) <= MAX_OUTPUTS:
        return list(range(len(shown)))
    drawn = [number for number, one in enumerate(shown) if one.picture]
    kept = {*drawn[: MAX_PICTURES // 2], *drawn[-MAX_PICTURES // 2 :]}
    others = [number for number in range(len(shown)) if number not in kept]
    room = MAX_OUTPUTS - len(kept)
    kept.update([*others[: room // 2], *others[len(others) - (room - room // 2) :]])
    return sorted(kept)
