"""The page of submissions that are alike, side by side: HTML that holds everything, loads nothing, and runs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from autograder.classroom.printing import printable
from autograder.classroom.similarity.comparing import Pair

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
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(("j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"marked": marked, "readable": printable}
    template = environment.get_template("similar.html.j2")
    more = len(pairs) - SHOWN
    return template.render(title=title, pairs=pairs[:SHOWN], more=more, unread=unread, count=count, earlier=earlier)


def marked(text: str, lines: frozenset[int]) -> list[tuple[str, bool]]:
    """The lines of a text, each with whether it is marked; of a long text the beginning."""
    found = text.rstrip("\n").split("\n")
    shown = [
        (printable(line[:WIDTH].replace("\t", "    ")), number in lines) for number, line in enumerate(found[:LINES], 1)
    ]
    return [*shown, *([("...", False)] if len(found) > LINES else [])]
