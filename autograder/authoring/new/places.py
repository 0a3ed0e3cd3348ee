"""Where new lines belong in files that people write: nothing else in them is touched, comments and blanks included."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Any

from ruamel.yaml import YAML

from autograder.course.config import FILE, CourseError

ENDINGS = ("# **Before you submit", "# **How far are you?")  # how a notebook's last cells of prose begin


def with_cells(notebook: str, cells: str) -> str:
    """Put cells before those that end a notebook."""
    lines = notebook.splitlines(keepends=True)
    starts = [number for number, line in enumerate(lines) if line.startswith("# %%")]
    place = len(lines)
    for start in reversed(starts):
        if not (lines[start].startswith("# %% experiment=summary") or _begins(lines, start, ENDINGS)):
            break
        place = start
    return "".join([*lines[:place], cells.rstrip("\n") + "\n\n", *lines[place:]])


def _begins(lines: Sequence[str], header: int, words: tuple[str, ...]) -> bool:
    return header + 1 < len(lines) and lines[header + 1].startswith(words)


def with_element(module: str, variable: str, element: str, file: str) -> str:
    """Put an element, in lines of its own, at the end of ``VARIABLE = (...)``.

    Raises:
        CourseError: when the module has no such line; ``file`` says where.
    """
    try:
        tree = ast.parse(module)
    except SyntaxError as error:
        raise CourseError([f"{file}:{error.lineno}: expected Python, received: {error.msg}; mend this line"]) from None
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if any(isinstance(target, ast.Name) and target.id == variable for target in targets):
            assert isinstance(node, ast.Assign)
            lines = module.splitlines(keepends=True)
            end = node.end_lineno or node.lineno
            if isinstance(node.value, ast.Tuple | ast.List) and lines[end - 1].strip() in (")", "]"):
                return "".join([*lines[: end - 1], element, *lines[end - 1 :]])
    raise CourseError([f"{file}: expected {variable} = (...), its bracket closed in a line of its own, received none"])


def with_row(page: str, row: str, heading: str) -> str:
    """Put a row at the end of a Markdown page's table whose head begins with ``heading``, or a new one at its end."""
    lines = page.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if line.startswith(f"| {heading} |"):
            while number < len(lines) and lines[number].startswith("|"):
                number += 1
            return "".join([*lines[:number], row, *lines[number:]])
    head = f"\n| {heading} | what goes wrong most often |\n|---|---|\n"
    return page.rstrip("\n") + "\n" + head + row


# --------------------------------------------------------------------------------------------------------- course.yaml


def with_assignment(text: str, block: str) -> str:
    """Put an assignment's lines at the end of ``assignments``."""
    lines, data = text.splitlines(keepends=True), YAML(typ="rt").load(text)
    _require_lines(data["assignments"], "assignments")
    place = _end(lines, data.lc.key("assignments"))
    if place == len(lines) and lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    return "".join([*lines[:place], "\n", block, *lines[place:]])


def with_exercise(text: str, assignment: str, exercise: str, remark: str) -> tuple[str, str]:
    """Give an exercise one point, taken from whatever has most.

    Returns:
        The new text, and the name of what has one point less.

    Raises:
        CourseError: when no exercise and no answer can give a point.
    """
    lines, data = text.splitlines(keepends=True), YAML(typ="rt").load(text)
    node = data["assignments"][assignment]
    _require_lines(node["exercises"], f"assignments.{assignment}.exercises")
    worth = {
        (section, name): points
        for section in ("exercises", "answers")
        for name, points in node.get(section, {}).items()
        if isinstance(points, int | float) and points > 1
    }
    if not worth:
        wanted = "an exercise without parts, or an answer, with more than 1 point"
        raise CourseError([f"{FILE}: assignments.{assignment}: expected {wanted} to take a point from; share out anew"])
    section, giver = max(worth, key=lambda key: worth[key])
    line, column = node[section].lc.value(giver)
    less = f"{worth[section, giver] - 1:g}"
    lines[line] = lines[line][:column] + re.sub(r"^[\d.eE+]+", less, lines[line][column:])
    place = _end(lines, node.lc.key("exercises"))
    indent = " " * node["exercises"].lc.key(next(iter(node["exercises"])))[1]
    if not lines[place - 1].endswith("\n"):
        lines[place - 1] += "\n"
    lines.insert(place, f"{indent}{exercise}: 1  # {remark.format(giver=giver)}\n")
    return "".join(lines), giver


def _require_lines(node: Any, where: str) -> None:
    if not node or node.fa.flow_style():
        raise CourseError([f"{FILE}: {where}: expected an entry a line, received {{...}}; write each on its own line"])


def _end(lines: Sequence[str], key: tuple[int, int]) -> int:
    """The number of the line after a block, by its key's line and column; comments above the next key are not in it."""
    start, column = key
    end = start + 1
    for number in range(start + 1, len(lines)):
        text = lines[number]
        if text.strip() and not text.lstrip().startswith("#"):
            if len(text) - len(text.lstrip()) <= column:
                break
            end = number + 1
    return end
