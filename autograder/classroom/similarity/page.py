"""The page of submissions that are alike, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from autograder.classroom.pages import page
from autograder.classroom.printing import printable
from autograder.classroom.similarity.comparing import Pair

TEMPLATE = Path(__file__).with_name("similar.html.j2")
SHOWN = 50  # pairs
LINES, WIDTH = 150, 200  # of one text; a line has characters without end only where somebody means harm


def similar_page(
    title: str, pairs: Sequence[Pair], unread: Sequence[tuple[str, str]], count: int, earlier: int = 0
) -> str:
    """The page.

    Args:
        unread: who could not be read, and why.
        count: submissions of this class that were compared.
        earlier: those of earlier years.
    """
    more = len(pairs) - SHOWN
    helpers = {"marked": marked, "readable": printable}
    facts = {"title": title, "more": more, "unread": unread, "count": count, "earlier": earlier}
    return page(TEMPLATE, helpers, pairs=pairs[:SHOWN], **facts)


def marked(text: str, lines: frozenset[int]) -> list[tuple[str, bool]]:
    """The lines of a text, each with whether it is marked; of a long text the beginning."""
    found = text.rstrip("\n").split("\n")
    shown = [
        (printable(line[:WIDTH].replace("\t", "    ")), number in lines) for number, line in enumerate(found[:LINES], 1)
    ]
    return [*shown, *([("...", False)] if len(found) > LINES else [])]
