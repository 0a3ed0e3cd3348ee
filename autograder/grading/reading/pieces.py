"""Put together what an editor has cut: cells that were split in the middle of a statement.

A part that Python can read by itself is a cell like any other and is left alone.
"""

from __future__ import annotations

import codeop
import re
import textwrap
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from autograder.grading.reading.submitted import Found
from autograder.jail.sources import MAX_PARSED, implements, parse

MAX_PIECES = 8  # of one statement
INSIDE = r"(else|elif|except|finally)\b|[)\]}]"  # no statement begins so
MAX_PARSED_ALL = 1_000_000  # characters of all attempts together


def is_cut(source: str) -> bool:
    """Whether a text looks like a part of a statement: it begins inside a block, or ends before it is complete."""
    if not source.strip() or parse(source) is not None or _runs(source):
        return False
    first = next(line for line in source.split("\n") if line.strip())
    return first[0].isspace() or re.match(INSIDE, first) is not None or _is_incomplete(source)


def _runs(source: str) -> bool:
    """Whether Jupyter would run this as a cell: it takes away an indent that all lines have."""
    tree = parse(textwrap.dedent(source))
    try:
        return tree is not None and bool(compile(tree, "cell", "exec"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False  # a return outside a function, for one


def _is_incomplete(source: str) -> bool:
    if len(source) > MAX_PARSED:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return codeop.compile_command(source, symbol="exec") is None
        except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
            return False


def joined(cells: Sequence[Found], key: Callable[[Found], str], notes: list[str]) -> list[Found]:
    """The cells, split ones joined again where that makes them whole.

    Args:
        key: which cell of the release a cell says that it is; parts of two different ones are never joined.
    """
    return _Joiner(key, notes).joined(cells)


class _Joiner:
    def __init__(self, key: Callable[[Found], str], notes: list[str]) -> None:
        self._key, self._notes = key, notes
        self._room = MAX_PARSED_ALL

    def joined(self, cells: Sequence[Found]) -> list[Found]:
        done: list[Found] = []
        place = 0
        while place < len(cells):
            whole, count = self._whole(done[-1:], cells[place : place + MAX_PIECES])
            if whole is None:
                done.append(cells[place])
            else:
                done = [*done[: len(done) - (count[0])], whole]
            place += count[1]
        return done

    def _whole(self, before: Sequence[Found], after: Sequence[Found]) -> tuple[Found | None, tuple[int, int]]:
        """What the next cell is a part of, and how many cells before and from it on that takes."""
        nothing = None, (0, 1)
        if after[0].kind != "code" or not after[0].stripped or len(after[0].source) > MAX_PARSED:
            return nothing
        if self._is_whole(after[0].source):
            return nothing
        for taken in (before, ()) if before else ((),):
            for end in range(1 if taken else 2, len(after) + 1):
                parts = [*taken, *after[:end]]
                keys = {self._key(part) for part in parts} - {""}
                if len(keys) > 1 or any(part.kind != "code" for part in parts):
                    break
                source = "\n".join(part.source for part in parts)
                if self._is_whole(source) and not all(_runs(part.source) for part in parts):
                    self._notes.append("a function that had been split into several cells was put together again")
                    named = next((part for part in parts if self._key(part)), parts[0])
                    return replace(named, source=source), (len(taken), end)
        return nothing

    def _is_whole(self, source: str) -> bool:
        """Whether Python can read this; beyond our bounds we take it for whole."""
        self._room -= len(source)
        return self._room < 0 or parse(source) is not None


def doubtful_exercises(named: Sequence[tuple[Found, str]], chosen: Mapping[str, Found | None]) -> tuple[str, ...]:
    """Exercises that may have lost work to an editor: cut pieces are left over, or another cell defines them, too.

    Args:
        named: the submitted cells, with the release's cell that each is.
        chosen: of each exercise, the copy that counts.
    """
    counted = Counter(key for _, key in named)
    room, pieces = MAX_PARSED_ALL, False
    for found, key in named:
        room -= len(found.source)
        alone = bool(key) and counted[key] == 1  # a bracket that its author forgot
        if found.kind == "code" and room > 0 and is_cut(found.source):
            pieces = pieces or not alone or found.source.lstrip("\n")[0].isspace()
    if pieces:
        return tuple(chosen)
    others = {name for found, key in named if found.kind == "code" and key not in chosen for name in found.defined}
    return tuple(
        key for key, found in chosen.items() if key in others and (found is None or not implements(found.source, key))
    )
