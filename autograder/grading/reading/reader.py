"""Read and repair a submitted file in a process of its own, behind walls: it can be killed, and knows nothing to tell.

``read`` is called by the grader; ``main`` runs in the reader's process, forked from a warm server. What the reader
cannot do within its bounds is unreadable, for this student alone.
"""

from __future__ import annotations

import json
import socket
import traceback
from typing import Any

import nbformat
import numpy as np
from nbformat.notebooknode import NotebookNode

from autograder.grading.reading.repair import Repaired, repair
from autograder.grading.reading.submitted import UnreadableSubmission, parse_notebook
from autograder.grading.reading.unpacking import unpack
from autograder.jail import wire
from autograder.jail.launch import Role
from autograder.jail.limits import Died, JailUnavailable, Limits, Lost
from autograder.jail.meter import Allowance
from autograder.jail.process import Tier, fork

MAX_MB = 48  # of a submitted file, whatever course.yaml says: it has to fit into one frame
MEMORY_MB = 1024
SECONDS = 30.0  # of work; the largest file within the bounds of `submitted` takes a few
RESULT_BYTES = 56 * wire.MIB
LIMITS = Limits.of_task(SECONDS, MEMORY_MB, disk_mb=1)
UNPACKED_BYTES = 48 * wire.MIB
TOLD = ("notes", "unanswered", "recognised", "doubtful")  # of what was repaired, in the order of its fields
READER = Role("reader", "autograder.grading.reading.reader:main", ("numpy", "nbformat"), walls=True)


class ReaderFailed(RuntimeError):
    """The reader could not do its work, through no fault of the submission; the message is for the instructor."""


def read(data: bytes, name: str, release: NotebookNode, tier: Tier | None = None) -> Repaired:
    """Have a reader process read and repair a submitted file.

    Args:
        data: what was handed in.
        name: what the file is called.
        release: the notebook that students received.
        tier: one particular kind of walls; by default the best that holds.

    Raises:
        UnreadableSubmission: when it is no notebook, or more than a reader can take.
        ReaderFailed: when the reader cannot run here or has a fault.
    """
    request = {"data": np.frombuffer(data, np.uint8), "name": name, "release": json.dumps(release)}
    reply = _ask(request, name, tier)
    notebook = nbformat.from_dict(json.loads(reply["notebook"]))
    return Repaired(notebook, *(reply[name] for name in TOLD))


def read_archive(data: bytes, name: str, tier: Tier | None = None) -> list[tuple[str, bytes]]:
    """Have a reader process take the notebooks out of a ZIP archive; raises as ``read`` does."""
    reply = _ask({"data": np.frombuffer(data, np.uint8), "name": name, "release": ""}, name, tier)
    return [(member, content.tobytes()) for member, content in reply["members"]]


def _ask(request: dict[str, Any], name: str, tier: Tier | None) -> dict[str, Any]:
    try:
        try:
            reply = _ask_one(request, tier)
        except (Died, Lost) as end:
            if isinstance(end, Died) and not end.killed:
                raise
            reply = _ask_one(request, tier)  # somebody else killed it: no word about the file
    except JailUnavailable as error:
        raise ReaderFailed(str(error)) from error
    except Died as death:
        problem = f"{name}: expected a notebook, received a file that cannot be read: {death}"
        raise UnreadableSubmission(problem) from None
    if reply["failed"]:
        raise ReaderFailed(reply["failed"])
    if reply["unreadable"]:
        raise UnreadableSubmission(reply["unreadable"])
    return reply


def _ask_one(request: dict[str, Any], tier: Tier | None) -> dict[str, Any]:
    process = fork(READER, LIMITS, tier)
    try:
        allowance = Allowance(process.pid, SECONDS)
        process.send(request, allowance)
        reply: dict[str, Any] = process.receive(allowance, max_bytes=RESULT_BYTES)
    finally:
        process.close()
    return reply


# -------------------------------------------------------------------------------------------- in the reader's process


def warm() -> None:
    """Do in the server, once, what the first reading of every child would otherwise wait for."""
    cell = nbformat.v4.new_code_cell("def f(): pass")
    release = nbformat.v4.new_notebook(cells=[cell, nbformat.v4.new_markdown_cell("text")])
    repair({"cells": [{"cell_type": kind, "source": "own"} for kind in ("code", "markdown", "raw")]}, release)


def main(sock: socket.socket) -> None:
    """Answer the one request that comes through the socket."""
    request = wire.recv_frame(sock)
    wire.send_frame(sock, {"unreadable": "", "failed": "", **_answer(request)})


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    name, data = request["name"], request["data"].tobytes()
    try:
        if not request["release"]:
            members = unpack(data, name, UNPACKED_BYTES)
            return {"members": tuple((member, np.frombuffer(content, np.uint8)) for member, content in members)}
        repaired = repair(parse_notebook(data, name), nbformat.from_dict(json.loads(request["release"])))
        if not repaired.recognised:
            raise UnreadableSubmission(f"{name}: expected this assignment's notebook, received none of its cells")
        text = json.dumps(repaired.notebook, ensure_ascii=False, separators=(",", ":"))
    except UnreadableSubmission as error:
        return {"unreadable": str(error)}
    except MemoryError:
        return {"unreadable": f"{name}: expected a notebook, received one that takes more than {MEMORY_MB} MiB to read"}
    except Exception:  # noqa: BLE001 - a fault of ours: the grader has to hear of it, and nobody loses a point
        return {"failed": traceback.format_exc()}
    if len(text.encode("utf-8", "replace")) > RESULT_BYTES - 2 * wire.MIB:
        return {"unreadable": f"{name}: expected a notebook of at most {RESULT_BYTES // wire.MIB} MB once repaired"}
    told = {name: getattr(repaired, name) for name in TOLD}
    return {"notebook": text, **told}
