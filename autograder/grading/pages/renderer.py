"""Render a student's texts within bounds: of length, of CPU seconds, of memory, and of what comes out.

The rendering happens in another process, one for a whole class. A text that exceeds a bound costs its author the
formatting: it is shown as it was written, under a sentence that says so. Everything else is rendered as before.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from autograder.grading.pages.markup import PICTURE, plain
from autograder.grading.pages.worker import receive, send
from autograder.grading.reading.submitted import PAGE_PIXELS

Kind = Literal["markdown", "code", "terminal"]

ROOT = Path(__file__).resolve().parents[3]
# Markdown and code are rendered up to these lengths, in characters: what people write stays far below them.
LONGEST: dict[Kind, int] = {"markdown": 60_000, "code": 100_000, "terminal": 200_000}
MAX_PLAIN = 100_000  # characters of a text that could not be rendered
TEXT_SECONDS = 3  # CPU time of one text: an honest one takes hundredths
PAGE_SECONDS = 12  # CPU time of all texts of one page
MEMORY_MB = 1024  # address space; the imports take a tenth of it
TEXT_LENGTH = 24_000_000  # characters of HTML of one text: an answer with its photographs
PAGE_LENGTH = 96_000_000  # characters of HTML of one page
WAIT_SECONDS = 600.0  # far beyond any of this: a process that was stopped, or a machine that was asleep


@dataclass
class Budget:
    """What the texts of one page have left, and which of them could not be rendered."""

    seconds: float = PAGE_SECONDS
    room: int = PAGE_LENGTH
    pixels: int = PAGE_PIXELS
    problems: list[str] = field(default_factory=list)


class Renderer:
    """Owns the process that renders; it is started when first needed, and again after it had to be killed."""

    def __init__(self) -> None:
        self._worker: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def render(self, kind: Kind, text: str, budget: Budget, attachments: Mapping[str, Any] | None = None) -> str:
        """The HTML of a text, or the text as it was written with a sentence above it; never an error."""
        problem, html = self._try(kind, text, budget, dict(attachments or {}))
        if problem:
            budget.problems.append(problem)
            html = _unrendered(text, problem)
        if len(html) > budget.room:
            return "<p><em>not shown: this page is too long; the notebook holds the rest</em></p>"
        budget.room -= len(html)
        return html

    def _try(self, kind: Kind, text: str, budget: Budget, attachments: dict[str, Any]) -> tuple[str, str]:
        """What is in the way, "" for nothing, and the HTML."""
        length = len(PICTURE.sub("", text)) if kind == "markdown" else len(text)
        if length > LONGEST[kind]:
            return f"longer than {LONGEST[kind]} characters", ""
        if budget.seconds <= 0:
            return f"the page took more than {PAGE_SECONDS} s of computing", ""
        with self._lock:
            answer = self._ask({"kind": kind, "text": text, "attachments": attachments})
        if answer is None:
            budget.seconds -= TEXT_SECONDS
            return f"more than {TEXT_SECONDS} s of computing, or more than {MEMORY_MB} MiB of memory", ""
        budget.seconds -= answer["cpu"]
        if answer["html"] is None:
            return "nested too deep, or too long once it is rendered", ""
        if answer["pixels"] > budget.pixels:
            return f"the page has more than {PAGE_PIXELS // 10**6} million pixels of pictures", ""
        budget.pixels -= answer["pixels"]
        return "", answer["html"]

    def _ask(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """The process's answer; None when the request was its end."""
        if self._worker is None:
            bounds = map(str, (TEXT_SECONDS, MEMORY_MB, TEXT_LENGTH))
            command = [sys.executable, "-m", "autograder.grading.pages.worker", *bounds]
            self._worker = subprocess.Popen(  # in a session of its own: Ctrl-C is meant for whoever asks
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
            self._end = weakref.finalize(self, _stop, self._worker)
        worker = self._worker
        assert worker.stdin is not None and worker.stdout is not None
        alarm = threading.Timer(WAIT_SECONDS, worker.kill)
        alarm.start()
        try:
            send(worker.stdin, request)
            answer = receive(worker.stdout)
        except BrokenPipeError:
            answer = None
        finally:
            alarm.cancel()
        if answer is None:
            self.close()
        return answer

    def close(self) -> None:
        """End the process, if there is one."""
        if self._worker is not None:
            self._end()
            self._worker = None


def _stop(worker: subprocess.Popen[bytes]) -> None:
    worker.kill()
    for stream in (worker.stdin, worker.stdout):
        if stream is not None:
            with contextlib.suppress(BrokenPipeError):  # the rest of a request that nobody reads any more
                stream.close()
    worker.wait()


def _unrendered(text: str, problem: str) -> str:
    shown = re.sub(PICTURE, "[picture]", text)
    rest = f"\n[{len(shown) - MAX_PLAIN} more characters are in the notebook]" if len(shown) > MAX_PLAIN else ""
    return f"<p><strong>Shown as it was written, not rendered: {problem}.</strong></p>{plain(shown[:MAX_PLAIN] + rest)}"
