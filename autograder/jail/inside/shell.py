"""IPython's shell without Jupyter: runs cells in this process and records what they print, display and raise.

Everything here runs beside the student's code and may have been changed by it: the trusted side believes none of it.
"""

from __future__ import annotations

import ast
import base64
import binascii
import io
import sys
import traceback
from collections.abc import Mapping
from types import ModuleType, TracebackType
from typing import Any

import numpy as np
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.text import LSString, SList
from traitlets import Type
from traitlets.config import Config

from autograder.jail.inside.outputs import stored_size
from autograder.jail.inside.rewriting import Absent, Rewriter

MAX_OUTPUTS = 800
MAX_LINES = 100  # of a traceback
MAX_CALLS = 20  # at either end of a traceback: IPython takes a hundredth of a second for each
MAX_LINE = 20_000
KIB = 1024

Output = dict[str, Any]


class Recorder:
    """Collects the outputs of one cell until its budget of bytes is spent."""

    def __init__(self, budget: int) -> None:
        self._budget = self._left = budget
        self._outputs: list[Output] = []
        self._displays: dict[str, Output] = {}  # by display id, this cell's own only

    def stream(self, name: str, text: str) -> None:
        """Record printed text, joined to the text just before."""
        text = self._afford(text)
        if not text:
            return
        last = self._outputs[-1] if self._outputs else {}
        if last.get("name") == name:
            last["parts"].append(text)
        elif self._has_room():
            self._outputs.append({"output_type": "stream", "name": name, "parts": [text]})

    def display(self, kind: str, data: Mapping[str, Any], display_id: str | None = None, **extra: Any) -> None:
        """Record a displayed object or a cell's last value, as text and, where it has one, as PNG."""
        output = {"output_type": kind, "text": self._afford(str(data.get("text/plain", ""))), "png": None, **extra}
        png = _png_bytes(data.get("image/png"))
        if png is not None and len(png) <= self._left:
            self._left -= len(png)
            output["png"] = np.frombuffer(png, np.uint8)
        elif png is not None:
            self._left = 0
        if self._has_room():
            self._outputs.append(output)
        if display_id is not None:
            self._displays[display_id] = output

    def update(self, display_id: str, data: Mapping[str, Any]) -> None:
        """Replace what this same cell displayed under ``display_id``; other cells' outputs stay as they are."""
        if display_id in self._displays:
            self._displays[display_id]["text"] = self._afford(str(data.get("text/plain", "")))

    def error(self, kind: str, message: str, lines: list[str]) -> None:
        """Record an exception. It always fits: a cell's error matters more than what it printed."""
        shortened = [str(line)[:MAX_LINE] for line in lines[:MAX_LINES]]
        limit = self._budget // 8
        kind, message = _fitting(str(kind), limit), _fitting(str(message), limit)
        if sum(map(stored_size, shortened)) > self._budget // 2:
            shortened = [f"{kind}: {message}"]
        error = {"ename": kind, "evalue": message, "traceback": shortened}
        self._outputs.append({"output_type": "error", **error})

    def clear(self) -> None:
        """Forget what the cell has displayed; what it cost stays spent."""
        self._outputs.clear()
        self._displays.clear()

    def outputs(self) -> list[Output]:
        """Everything recorded, with a last word when something did not fit."""
        result = [
            {"output_type": "stream", "name": item["name"], "text": "".join(item["parts"])}
            if item["output_type"] == "stream"
            else item
            for item in self._outputs
        ]
        if self._left <= 0 or len(result) >= MAX_OUTPUTS:
            much = f"{self._budget // KIB} KiB or {MAX_OUTPUTS} outputs"
            note = f"\n[the rest is not kept: more than {much} in one cell]\n"
            result.append({"output_type": "stream", "name": "stderr", "text": note})
        return result

    def _afford(self, text: str) -> str:
        fitting = _fitting(text, self._left)
        self._left = self._left - stored_size(fitting) if fitting == text else 0
        return fitting

    def _has_room(self) -> bool:
        return len(self._outputs) < MAX_OUTPUTS


def _fitting(text: str, room: int) -> str:
    """As much of a text as takes up at most ``room`` bytes in a notebook's file."""
    text = text[: max(0, room)]
    size = stored_size(text)
    return text if size <= room else text[: len(text) * max(0, room) // size]


def _png_bytes(value: Any) -> bytes | None:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        return None
    try:
        return base64.b64decode(value)
    except (binascii.Error, ValueError):
        return None


class _Stream(io.TextIOBase):
    """What ``sys.stdout`` and ``sys.stderr`` are while a cell runs."""

    encoding = "utf-8"

    def __init__(self, shell: CellShell, name: str) -> None:
        self._shell, self._name = shell, name

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if self._shell.recorder is not None:
            self._shell.recorder.stream(self._name, text)
        return len(text)


class _Publisher(DisplayPublisher):
    def publish(
        self, data: Any, metadata: Any = None, *, transient: Any = None, update: bool = False, **_: Any
    ) -> None:
        recorder = self.shell.recorder
        display_id = (transient or {}).get("display_id")
        if recorder is None:
            return
        if update:
            recorder.update(display_id, data)
        else:
            recorder.display("display_data", data, display_id)

    def clear_output(self, wait: bool = False) -> None:
        if self.shell.recorder is not None:
            self.shell.recorder.clear()


class _Hook(DisplayHook):
    def write_output_prompt(self) -> None:
        """No prompt: the result is data, not a terminal's line."""

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        if self.shell.recorder is not None:
            self.shell.recorder.display("execute_result", format_dict, execution_count=self.prompt_count)

    def finish_displayhook(self) -> None:
        """No empty line either."""


class CellShell(InteractiveShell):
    """A shell whose outputs go to a recorder; to nowhere while ``recorder`` is None."""

    display_pub_class = Type(_Publisher)
    displayhook_class = Type(_Hook)
    recorder: Recorder | None = None
    rewriter: Rewriter

    @classmethod
    def create(cls) -> CellShell:
        """Make the process's shell, figures inline."""
        config = Config()
        config.HistoryManager.enabled = False  # it would start a thread and open a database
        shell: CellShell = cls.instance(config=config)
        shell.enable_matplotlib("inline")
        shell.rewriter = Rewriter(lambda text: ast.parse(shell.transform_cell(text)))
        shell.ast_transformers.append(shell.rewriter)
        return shell

    def run(self, source: str, budget: int, definitions: bool = False) -> list[Output]:
        """Run a cell and return its outputs. Exceptions, ``SystemExit`` included, are outputs.

        Args:
            definitions: run its definitions and imports alone.
        """
        recorder = self.recorder = Recorder(budget)
        self.redirect()
        self.rewriter.definitions_only = definitions
        try:
            self.run_cell(source, store_history=True)
        except BaseException as error:  # student code may have broken the shell itself
            recorder.error(type(error).__name__, _message(error), traceback.format_exception(error))
        finally:
            self.recorder = None
        return recorder.outputs()

    def redirect(self) -> None:
        """Point the standard streams to the recorder, whatever student code has made of them."""
        sys.stdout, sys.stderr = _Stream(self, "stdout"), _Stream(self, "stderr")

    def _showtraceback(self, etype: type[BaseException], evalue: BaseException, stb: list[str]) -> None:
        if self.recorder is not None:
            self.recorder.error(etype.__name__, _message(evalue), stb)

    def _get_exc_info(self, exc_tuple: Any = None) -> tuple[Any, Any, Any]:
        kind, error, calls = super()._get_exc_info(exc_tuple)
        link: BaseException | None = error
        for _ in range(MAX_CALLS):  # a chain of causes may be a circle
            if link is not None:
                _shorten(link.__traceback__)
                link = link.__cause__ or link.__context__
        return kind, error, calls

    def _course_absent(self, name: str) -> None:
        """Where ``rewriting`` has an import end that fails: it is shown, and the cell goes on."""
        error = sys.exc_info()[1]
        self.showtraceback()
        if isinstance(error, ImportError) and not isinstance(self.user_ns.get(name), ModuleType):
            self.user_ns[name] = Absent(error)

    def system(self, cmd: str) -> None:
        """What ``!cmd`` and ``%pip`` call: there is no other program behind the walls; the cell goes on."""
        print(f"[not run while grading: {cmd}]", file=sys.stderr)
        self.user_ns["_exit_code"] = 1

    def getoutput(self, cmd: str, split: bool = True, depth: int = 0) -> SList | LSString:
        """What ``lines = !cmd`` calls."""
        self.system(cmd)
        return SList() if split else LSString()

    def enable_gui(self, gui: str | None = None) -> None:
        """There is no screen."""


def _shorten(calls: TracebackType | None) -> None:
    """Leave out the middle of a traceback that endless recursion made."""
    links = []
    while calls is not None:
        links.append(calls)
        calls = calls.tb_next
    if len(links) > 2 * MAX_CALLS:
        links[MAX_CALLS - 1].tb_next = links[-MAX_CALLS]


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # a student's __str__
        return "(its message cannot be shown)"
