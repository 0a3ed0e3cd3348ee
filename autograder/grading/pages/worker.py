"""The process in which students' texts are rendered: it may be killed at any moment, and nothing is lost with it.

It reads requests from its standard input and answers each on its standard output, until the input ends. Its limits
count its own work, not the clock: a busy machine renders later, never less.
"""

from __future__ import annotations

import json
import math
import os
import resource
import struct
import sys
from typing import IO, Any

from autograder.grading.pages.markup import pixels
from autograder.grading.pages.texts import code_html, markdown_html, terminal_html

LENGTH = struct.Struct(">Q")


def main() -> None:
    """Answer until nobody asks any more.

    Arguments: the CPU seconds of one text, the MiB of memory of this process, the characters of one answer.
    """
    seconds, memory_mb, longest = (int(argument) for argument in sys.argv[1:])
    answers = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)  # what a library prints is no answer
    if sys.platform == "linux":  # elsewhere a process cannot be held to less address space than it has
        resource.setrlimit(resource.RLIMIT_AS, (memory_mb << 20, memory_mb << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while (request := receive(sys.stdin.buffer)) is not None:
        before = _cpu_seconds()
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(before) + seconds, resource.RLIM_INFINITY))
        html = _render(request)
        html = None if html is None or len(html) > longest else html
        send(answers, {"html": html, "pixels": pixels(html or ""), "cpu": _cpu_seconds() - before})


def _render(request: dict[str, Any]) -> str | None:
    """The HTML of one text; None where it cannot be rendered."""
    text = request["text"]
    try:  # RecursionError and MemoryError are exceptions like any other
        match request["kind"]:
            case "markdown":
                return markdown_html(text, request["attachments"])
            case "code":
                return code_html(text)
            case _:
                return terminal_html(text)
    except Exception:  # noqa: BLE001 - it is shown as it was written, and flagged
        return None


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def send(stream: IO[bytes], message: dict[str, Any]) -> None:
    """Write one message, its length first."""
    data = json.dumps(message).encode()
    stream.write(LENGTH.pack(len(data)) + data)
    stream.flush()


def receive(stream: IO[bytes]) -> dict[str, Any] | None:
    """Read one message; None at the end of the stream, also in the middle of a message."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (size,) = LENGTH.unpack(head)
    data = stream.read(size)
    return json.loads(data) if len(data) == size else None


if __name__ == "__main__":
    main()
