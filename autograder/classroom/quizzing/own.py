"""A student's function as it stands in the notebook, and its one-line changes. Read, never run, here."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from autograder.classroom.printing import printable
from autograder.jail.sources import is_stub, parse
from autograder.judge.steps import BECOMES, NOTHING, bare, steps_of

MOST_LINES = 40
LONGEST_LINE = 110


class NotAsked(Exception):
    """Why nothing is asked about an exercise, in a few words that the lecturer reads."""


@dataclass(frozen=True)
class Change:
    """One statement of the function, changed.

    Args:
        line: where it stands in the listing.
        before, after: the statement, in one line each; ``after`` is "" where it is left out.
        source: the whole changed function.
    """

    line: int
    before: str
    after: str
    source: str

    @property
    def words(self) -> str:
        """The change in one line."""
        return f"line {self.line}:  {self.before}  →  {self.after or f'({self.dropped})'}"

    @property
    def dropped(self) -> str:
        """How to say that the statement is not there."""
        return "left out, with the lines below that belong to it" if self.before.endswith(":") else "left out"


@dataclass(frozen=True)
class Own:
    """A student's function.

    Args:
        listing: its lines as the student wrote them, numbered from 1, but for the docstring.
        source: the function without docstring and annotations, as the changed ones are.
    """

    name: str
    listing: str
    source: str
    changes: tuple[Change, ...]


def find_own(cells: Sequence[str], name: str) -> Own:
    """Find a function in the code cells that run before it is judged.

    Raises:
        NotAsked: when there is none, or none of which the text is the whole truth.
    """
    found = []
    for cell in (cell.replace("\r\n", "\n").replace("\r", "\n") for cell in cells):  # lines as Python counts them
        tree = parse(cell)
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)] if tree else []
        found += [(cell, node, node in (tree.body if tree else ())) for node in functions if node.name == name]
    if not found:
        raise NotAsked("no function of this name can be read")
    cell, function, outermost = found[0]
    if len(found) > 1 or not outermost or function.decorator_list:
        raise NotAsked("it is defined more than once, or not in the ordinary way")
    if is_stub(function):
        raise NotAsked("not written yet")
    lines = _lines(cell, function)
    if len(lines) > MOST_LINES or any(len(line) > LONGEST_LINE for line in lines.values()):
        raise NotAsked("the function is too long to be shown")
    numbers = {line: number for number, line in enumerate(lines, 1)}
    tree_without = bare(function)
    return Own(
        name,
        "\n".join(f"{numbers[line]:2}  {text}".rstrip() for line, text in lines.items()),
        ast.unparse(tree_without),
        _changes(tree_without, numbers),
    )


def _lines(cell: str, function: ast.FunctionDef) -> dict[int, str]:
    """The function's lines by their number in the cell, without its docstring and what the margin shares."""
    first = function.body[0]
    doc = range(0)
    if ast.get_docstring(function, clean=False) is not None and len(function.body) > 1:
        shared = {function.lineno, function.body[1].lineno}  # lines that hold something else, too
        doc = range(first.lineno, (first.end_lineno or first.lineno) + 1)
        doc = range(0) if shared & set(doc) else doc
    texts = cell.split("\n")
    numbers = [n for n in range(function.lineno, (function.end_lineno or function.lineno) + 1) if n not in doc]
    return {n: printable(texts[n - 1].expandtabs(4)) for n in numbers}


def _changes(function: ast.FunctionDef, numbers: dict[int, int]) -> tuple[Change, ...]:
    found: dict[tuple[int, str, str], Change | None] = {}
    for step in steps_of(function):
        before, _, after = step.words.partition(BECOMES)
        after = after.partition("  (no. ")[0]
        line = numbers.get(step.line)
        if line is None or max(len(before), len(after)) > LONGEST_LINE or printable(before + after) != before + after:
            continue
        key = (line, before, after)
        change = Change(line, before, "" if after == NOTHING else after, ast.unparse(step.tree))
        found[key] = None if key in found else change  # two statements of one line that read alike: which is meant?
    return tuple(change for change in found.values() if change is not None)
