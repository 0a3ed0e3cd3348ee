"""Fingerprints of Python code that survive new names, comments and layout.

Winnowing (Schleimer, Wilkerson, Aiken, "Winnowing: Local Algorithms for Document Fingerprinting", SIGMOD 2003, section
3): of the hashes of all runs of ``RUN`` tokens, the least of each window of ``WINDOW`` is kept, so that two texts which
share ``RUN + WINDOW - 1`` tokens share a fingerprint.

The package copydetect (0.5.0) does the like. It was read and not taken: it hashes with Python's own ``hash``, so that
with each process other fingerprints are kept and the same class gets other numbers; it takes away boilerplate with
``assume_unique`` from hashes that are not, so that whatever a student wrote twice counts as boilerplate; and it counts
characters, where the exercises of this course are a few lines.
"""

from __future__ import annotations

import builtins
import hashlib
import io
import keyword
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

RUN = 12  # tokens: about one line
WINDOW = 6
LONGEST = 50_000  # characters that are read of one exercise
KEPT = frozenset(keyword.kwlist) | frozenset(dir(builtins)) | {"np", "numpy", "tf", "keras", "layers", "ops", "plt"}
LAYOUT = {tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER}


@dataclass(frozen=True)
class Token:
    """A token without what a copier changes first, and the lines on which it stands."""

    text: str
    first: int
    last: int


@dataclass(frozen=True)
class Fingerprint:
    """The hash of a run of tokens, and the lines that it comes from, the first of the text being 1."""

    mark: int
    first: int
    last: int


def fingerprints(source: str) -> list[Fingerprint]:
    """The fingerprints of a text, whatever it is; of one that is no Python, those of what was read until then."""
    found = tokens(source[:LONGEST])
    runs = [found[start : start + RUN] for start in range(len(found) - RUN + 1)]
    marks = [_hash(run) for run in runs]
    return [Fingerprint(marks[place], runs[place][0].first, runs[place][-1].last) for place in winnow(marks, WINDOW)]


def winnow(marks: Sequence[int], window: int) -> list[int]:
    """The places of the least hash of each window, of several the rightmost.

    >>> winnow([77, 74, 42, 17, 98, 50, 17, 98, 8, 88, 67, 39, 77, 74, 42, 17, 98], 4)
    [3, 6, 8, 11, 15]
    """
    chosen: list[int] = []
    for start in range(max(1, len(marks) - window + 1) if marks else 0):
        places = range(start, min(start + window, len(marks)))
        least = min(places, key=lambda place: (marks[place], -place))
        if chosen[-1:] != [least]:
            chosen.append(least)
    return chosen


def tokens(source: str) -> list[Token]:
    """The tokens of a text: names that its author chose are all alike, and so are strings; docstrings are left out."""
    found: list[Token] = []
    for kind, text, (first, _), (last, _) in _read(source):
        if kind == tokenize.NEWLINE:
            if found and found[-1].text == "S" and (len(found) == 1 or found[-2].text == "\n"):
                found.pop()  # a string that is a statement
                continue
            found.append(Token("\n", first, first))
        elif kind == tokenize.NAME:
            fixed = text in KEPT or (found and found[-1].text == ".")
            found.append(Token(text if fixed else "N", first, last))
        elif kind == tokenize.STRING:
            found.append(Token("S", first, last))
        elif kind not in LAYOUT:
            found.append(Token(text, first, last))
    return found


def _read(source: str) -> Iterator[tuple[int, str, tuple[int, int], tuple[int, int]]]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            yield token.type, token.string, token.start, token.end
    except (tokenize.TokenError, SyntaxError, ValueError, RecursionError, MemoryError):
        return  # whatever comes after what Python cannot read


def _hash(run: Sequence[Token]) -> int:
    """The same in every process, unlike Python's own."""
    text = "\0".join(token.text for token in run)
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big")
