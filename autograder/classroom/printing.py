"""Texts that a student chose, as they may stand before a person's eyes."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""A text without characters that act instead of showing: controls, and those that turn the direction of reading.

    >>> printable("a\x00b\u202ec")
    'a\\x00b\\u202ec'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def printable_lines(text: str) -> str:
    """The same for a text of several lines."""
    return "\n".join(map(printable, text.split("\n")))
