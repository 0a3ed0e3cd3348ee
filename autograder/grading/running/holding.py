"""One grading of an assignment at a time: a second one would take the first one's half-written folders away."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from autograder.course.config import CourseError


def hold(root: Path, assignment: str) -> Callable[[], None]:
    """Keep other gradings of an assignment away until the returned function is called, or this process ends.

    Args:
        root: nbgrader's root; a file in it, which nbgrader does not look at, is locked.

    Raises:
        CourseError: when another process grades the assignment, with what it said of itself.
    """
    descriptor = os.open(root / f".grading-{assignment}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(_oneself()).encode())
    except BlockingIOError:
        holder = _holder(descriptor)
        os.close(descriptor)
        raise CourseError([f"{root}: {assignment} is being graded by {holder}; wait for it, or stop it"]) from None
    except BaseException:
        os.close(descriptor)
        raise
    held = [descriptor]

    def release() -> None:
        """Let others grade; a second call does nothing."""
        while held:
            os.close(held.pop())

    return release


def _oneself() -> dict[str, object]:
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:3]])
    since = datetime.now().astimezone().strftime("%H:%M:%S")
    return {"process": os.getpid(), "machine": socket.gethostname(), "command": command, "since": since}


def _holder(descriptor: int) -> str:
    """What the holder wrote; it may be writing just now."""
    try:
        said = json.loads(os.pread(descriptor, 4096, 0))
        return "process {process} on {machine} ({command}) since {since}".format(**said)
    except (ValueError, KeyError, TypeError):
        return "another process"
