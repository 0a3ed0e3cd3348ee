"""Read a notebook's source: a percent script whose cell headers say only what a person means.

# %% [markdown]
# %% exercise=sigmoid_backward            a stub; the instructor's copy holds the solution
# %% exercise=plot_curves from=a2_first_networks    the stub of another assignment, solved again
# %% check=sigmoid_backward               a locked, graded cell
# %% [markdown] answer=fold_proof         an answer that a person grades
# %% experiment=loss_curves               long, for the student's own eyes; not run when grading
# %%                                      anything else
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from autograder.course.config import CourseError

Role = Literal["markdown", "exercise", "check", "answer", "experiment", "code"]
NAMED = ("exercise", "check", "answer", "experiment")
ANNOUNCED = re.compile(r"\bminutes=([0-9.]+)")
HEADER = re.compile(r"^# %%(?P<rest>.*)$")
REST = re.compile(
    r"^(?: \[(?P<kind>markdown)\])?(?: (?P<key>[a-z]+)=(?P<name>\S+))?(?: from=(?P<origin>[a-z][a-z0-9_]*))?\s*$"
)


@dataclass(frozen=True)
class Cell:
    """A cell of a script: ``name`` is empty for markdown and plain code. ``line`` is that of its header."""

    role: Role
    name: str
    source: str
    line: int


@dataclass(frozen=True)
class Script:
    """A parsed script."""

    path: Path
    cells: tuple[Cell, ...]

    def named(self, role: Role) -> dict[str, Cell]:
        """The cells of a role by name, in order."""
        return {cell.name: cell for cell in self.cells if cell.role == role}


def named_lines(path: Path) -> dict[str, dict[str, int]]:
    """The line of every named cell, by role and name; ``read_script`` says what is wrong with a header.

    Raises:
        CourseError: when there is no such file.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CourseError([f"{path}: cannot be read: {error.strerror}"]) from None
    found: dict[str, dict[str, int]] = {role: {} for role in NAMED}
    for number, line in enumerate(lines, 1):
        header = HEADER.match(line)
        match = REST.match(header["rest"]) if header else None
        if match and match["key"] in found:
            found[match["key"]][match["name"]] = number
    return found


def read_script(path: Path) -> Script:
    """Read and check a percent script.

    Raises:
        CourseError: with every bad header, as ``notebook.py:LINE: expected ..., received ...; remedy``.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CourseError([f"{path}: cannot be read: {error.strerror}"]) from None
    lines = text.splitlines()
    headers = [(number, match["rest"]) for number, line in enumerate(lines, 1) if (match := HEADER.match(line))]
    matches = [(number, REST.match(rest), rest) for number, rest in headers]
    bad = [
        f"{path.name}:{number}: expected a header such as '# %% exercise=name', received '# %%{rest}'; "
        f"known keys: {', '.join(NAMED)}"
        for number, match, rest in matches
        if not match or match["key"] not in (None, *NAMED) or (match["origin"] and match["key"] != "exercise")
    ]
    if bad or not headers:
        raise CourseError(bad or [f"{path.name}: expected cells that start with '# %%', received none"])
    for number, match, _ in matches:  # jupytext reads bare headers; the names stay ours
        assert match is not None
        markdown = match["kind"] or match["key"] == "answer"
        lines[number - 1] = "# %% [markdown]" if markdown else "# %%"
    import jupytext  # noqa: PLC0415 - it takes a second, and who asks for names alone need not wait

    first = headers[0][0] - 1
    parsed = jupytext.reads("\n".join(lines[first:]), fmt="py:percent").cells
    cells = []
    for (number, match, _), cell in zip(matches, parsed, strict=True):
        assert match is not None
        name = match["name"] or ""
        source = _borrowed(path, number, name, match["origin"], cell.source) if match["origin"] else cell.source
        cells.append(Cell(_role(match), name, source, number))
    script = Script(path, tuple(cells))
    _check_names(script)
    return script


def _borrowed(path: Path, line: int, name: str, origin: str, own: str) -> str:
    """The stub of an exercise that another assignment's notebook has written down."""
    where = f"{path.name}:{line}: exercise={name} from={origin}"
    if own.strip():
        raise CourseError([f"{where}: expected an empty cell, the stub comes from there; received {own[:40]!r}"])
    other = path.parents[1] / origin / path.name
    cells = read_script(other).named("exercise") if other != path and other.is_file() else {}
    if name not in cells:
        raise CourseError([f"{where}: expected an exercise={name} in {origin}/{path.name}, received none"])
    return cells[name].source


def _role(match: re.Match[str]) -> Role:
    return match["key"] or match["kind"] or "code"  # type: ignore[return-value]


def _check_names(script: Script) -> None:
    """Names are unique within a role, and every exercise has its check, in this order."""
    findings = []
    seen: set[tuple[str, str]] = set()
    for cell in script.cells:
        where = f"{script.path.name}:{cell.line}"
        work = ("exercise", "answer")  # these two share nbgrader's names
        if cell.name and any((role, cell.name) in seen for role in (work if cell.role in work else (cell.role,))):
            findings.append(
                f"{where}: expected each {cell.role} once, received {cell.name!r} again; rename or delete it"
            )
        if cell.role == "check" and ("exercise", cell.name) not in seen:
            findings.append(f"{where}: expected exercise={cell.name} above its check, received none; move or add it")
        seen.add((cell.role, cell.name))
    for name, cell in script.named("exercise").items():
        if ("check", name) not in seen:
            findings.append(f"{script.path.name}:{cell.line}: expected check={name} below the exercise, received none")
    if findings:
        raise CourseError(findings)


def stub_function(script: Script, name: str) -> Callable[..., Any]:
    """The stub of an exercise as a function; calling it raises ``NotImplementedError``."""
    namespace: dict[str, Any] = {}
    exec(
        compile("from __future__ import annotations\n" + script.named("exercise")[name].source, name, "exec"), namespace
    )
    function: Callable[..., Any] = namespace[name]
    return function


def stub_definition(source: str, name: str) -> ast.FunctionDef:
    """The definition of a function in a cell's source.

    Raises:
        CourseError: when the cell does not define it.
    """
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        finding = f"exercise={name}: expected Python, received {error.msg} in line {error.lineno} of the cell; mend it"
        raise CourseError([finding]) from None
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return node
    raise CourseError([f"exercise={name}: expected a cell with `def {name}(...)`, received none"])


def without_magics(source: str) -> str:
    """A cell's source as Python alone reads it: the lines that IPython keeps to itself are empty.

    >>> without_magics("%matplotlib inline\\nx = 1")
    '\\nx = 1'
    """
    return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines())


def announced(source: str) -> float:
    """The minutes that a cell tells its reader to expect; see ``tracking.track``.

    >>> announced('for run in track(runs, "runs", minutes=0.5): ...')
    0.5
    """
    return sum(map(float, ANNOUNCED.findall(source)))


def named_sections(text: str) -> dict[str, str]:
    """The sections of ``proofs.md`` by the answer's name in their heading: ``## fold_proof ...``."""
    parts = re.split(r"^## +(\w+).*$", text, flags=re.MULTILINE)
    return {name: body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)}
