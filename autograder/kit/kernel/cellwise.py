"""What only a notebook's kernel knows: which cells ran, which did not, and how to show a report in one.

Ships to students as it is; everything here works through IPython's shell, and does nothing where there is none.
"""

from __future__ import annotations

import ast
import html
import inspect
import linecache
import os
import re
import sys
import traceback
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

GOOD, BAD, OPEN = "good", "bad", "open"
COLOURS = {GOOD: "#2e7d32", BAD: "#c62828", OPEN: "#b26a00"}
PAGE = (  # what is too long for the window goes on below its own column
    '<div style="border-left: 5px solid {colour}; padding: 2px 10px; margin: 2px 0; font-family: monospace; '
    'white-space: pre-wrap; overflow-wrap: break-word"><b style="color: {colour}">{first}</b>{rest}</div>'
)
LINE = '<div style="padding-left: {indent}ch; text-indent: -{indent}ch">{line}</div>'
INDENT = 12  # characters of "  expected  "


def find_shell() -> Any:
    """IPython's shell, if this code runs in one."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def notebook_shell() -> Any:
    """The shell of a notebook in somebody's hands; None in a script, and where nbgrader runs the cells.

    ``nbgrader validate`` and a plain ``nbgrader autograde`` count what raises: for them a check has to.
    """
    return None if "NBGRADER_EXECUTION" in os.environ else find_shell()


def is_live(shell: Any) -> bool:
    """Whether a kernel stands behind a shell, and so a person, who may interrupt it."""
    return hasattr(shell, "kernel")


def show_report(text: str, mood: str) -> None:
    """Show a report below a cell, its first line in colour."""
    from IPython.display import display  # noqa: PLC0415 - there is a shell

    first, *rest = map(html.escape, text.split("\n"))
    lines = "".join(LINE.format(indent=INDENT if line.startswith("  ") else 0, line=line) for line in rest)
    page = PAGE.format(first=first, rest=lines, colour=COLOURS[mood])
    display({"text/plain": text, "text/html": page}, raw=True)


@contextmanager
def no_exit(shell: Any) -> Iterator[None]:
    """Let ``exit()`` raise what it raises elsewhere: in a notebook it only ends the kernel, a moment later."""

    def refuse() -> None:
        raise SystemExit("exit() was called")

    if not hasattr(shell, "ask_exit"):
        yield
        return
    shell.ask_exit = refuse
    try:
        yield
    finally:
        del shell.ask_exit


# ------------------------------------------------------------------------------------------------ the cells that ran


def names_of(function: Any, shell: Any) -> list[str]:
    """What a notebook calls this object."""
    return [name for name, value in list(shell.user_ns.items()) if value is function]


def why_previous(function: Callable[..., Any], name: str, shell: Any) -> str:
    """Why a function is not the one of the newest cell that defines it; "" when it is, as far as anybody can tell."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    current = "".join(linecache.getlines(code.co_filename)).strip() if code else ""
    cells = [cell.strip() for cell in shell.user_ns.get("In", [])]
    defining = [cell for cell in cells if re.search(rf"^(async +)?def +{name}\b|^{name} *=", cell, re.MULTILINE)]
    if not defining or defining[-1] == current or current not in cells:
        return ""
    try:
        tree = ast.parse(defining[-1])
    except SyntaxError as error:
        return f"Python could not read the newest cell with `def {name}`: {error.msg}, in line {error.lineno}"
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    if any(isinstance(node, functions) and node.name == name for node in tree.body):
        return f"the newest cell with `def {name}` ended in an error before it got there"
    return ""  # it was given another value, which may well come from elsewhere


# ------------------------------------------------------------------------------------- cells that wait for an exercise


class _Waiting:
    """Lets Run All go on past cells that need an exercise which is not written yet: they say so, and count as run.

    Args:
        exercises: their names.
    """

    def __init__(self, shell: Any, exercises: Collection[str]) -> None:
        self._shell, self._exercises = shell, exercises
        self._missing: dict[str, str] = {}  # what cells that wait would have defined: the exercise they wait for
        self._excused: BaseException | None = None
        shell.set_custom_exc((NotImplementedError, NameError), self._meet)
        shell.events.register("post_run_cell", self._after)

    def _meet(self, shell: Any, kind: type, error: BaseException, trace: Any, tb_offset: int | None = None) -> None:
        exercise = self._awaited(error, trace)
        if not exercise:
            shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
            return
        self._excused = error
        source = shell.user_ns["In"][-1]
        self._missing |= dict.fromkeys(_defined(source) - set(shell.user_ns), exercise)
        show_report(f"– this cell waits for {exercise}, which is not written yet", OPEN)

    def _awaited(self, error: BaseException, trace: Any) -> str:
        if isinstance(error, NameError):
            return self._missing.get(getattr(error, "name", None) or "", "")
        frames = traceback.extract_tb(trace)
        return frames[-1].name if frames and frames[-1].name in self._exercises else ""

    def _after(self, result: Any) -> None:
        if self._excused is not None and result.error_in_exec is self._excused:
            result.error_in_exec = None
        self._excused = None


def wait_kindly(exercises: Collection[str]) -> None:
    """In a notebook, let cells that need an exercise which is not written yet say so, and the next ones run."""
    shell = notebook_shell()
    if is_live(shell):
        _Waiting(shell, exercises)


def _defined(source: str) -> set[str]:
    """The names that a cell gives a value to."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError:
        return set()
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    named = (ast.FunctionDef, ast.ClassDef)
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    imported = {alias.asname or alias.name for node in imports for alias in node.names}
    return stored | imported | {node.name for node in nodes if isinstance(node, named)}
