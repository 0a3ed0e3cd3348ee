"""Draw the rooms of the house and who may import whom into ``docs/developers/architecture.svg``.

The arrows are those of the table in ``tests/test_imports.py``; what a room is for is the first line of its package's
docstring. After a change run ``.venv/bin/python docs/developers/draw_architecture.py``; a test says when that was
forgotten.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "tests" / "test_imports.py"
DRAWING = ROOT / "docs" / "developers" / "architecture.svg"

WIDTH, ROW, GAP, MARGIN, HIGH = 232, 136, 30, 28, 92  # of a column, of a row, between columns, around, of a box
INK = "#1a1a1a"
SHIPS, HOSTILE, SECRET, GRADES, PLAIN = "#dcecf9", "#fbdcd6", "#fdf0c2", "#dcf2dc", "#f3f3f3"
LEGEND = {
    SHIPS: "ships to students",
    HOSTILE: "meets students' code, holds no secret",
    SECRET: "holds secrets, runs no student's code",
    GRADES: "writes grades",
    PLAIN: "for lecturers",
}


@dataclass(frozen=True)
class Place:
    """Where a room stands: row from the bottom, column, and how many columns it is wide."""

    folder: str
    row: int
    column: int
    colour: str
    columns: int = 1


PLACES = {
    "commands": Place("autograder/commands", 6, 1, PLAIN),
    "authoring": Place("autograder/authoring", 5, 1, PLAIN),
    "classroom": Place("autograder/classroom", 4, 1, PLAIN),
    "grading": Place("autograder/grading", 3, 1, GRADES),
    "judge": Place("autograder/judge", 2, 1, SECRET),
    "solutions": Place("solutions", 2, 3, SECRET),
    "course": Place("autograder/course", 1, 0, PLAIN),
    "jail": Place("autograder/jail", 1, 1, HOSTILE),
    "data": Place("datasets", 1, 2, SHIPS),
    "assignments": Place("assignments", 1, 3, SHIPS),
    "kit": Place("autograder/kit", 0, 0, SHIPS, columns=4),
}
TOP = max(place.row for place in PLACES.values())


def allowed(table: Path = TABLE) -> dict[str, set[str]]:
    """The arrows that the test of the imports allows."""
    for node in ast.parse(table.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ALLOWED":
            made: dict[str, set[str]] = eval(compile(ast.Expression(node.value), str(table), "eval"))  # it has set()
            return made
    raise ValueError(f"{table}: expected ALLOWED = {{...}}, found none")


def drawn_arrows(table: Mapping[str, set[str]]) -> list[tuple[str, str]]:
    """The arrows without those that follow from others: who may enter a room may enter the rooms below it."""

    def below(room: str) -> set[str]:
        return set().union(*({other} | below(other) for other in table[room])) if table[room] else set()

    return [
        (room, other)
        for room, others in table.items()
        for other in sorted(others)
        if not any(other in below(between) for between in others - {other})
    ]


def purpose(folder: str) -> str:
    """The first line of a package's docstring."""
    text = (ROOT / folder / "__init__.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0].replace("``", "")


def box(place: Place) -> tuple[float, float, float, float]:
    """Left, top, width and height of a room's box."""
    left = MARGIN + place.column * (WIDTH + GAP)
    return left, MARGIN + (TOP - place.row) * ROW, place.columns * (WIDTH + GAP) - GAP, HIGH


def arrow(start: Place, end: Place) -> str:
    """From one room into another: straight down, down around a corner, or to the side."""
    x1, y1, w1, h1 = box(start)
    x2, y2, w2, _ = box(end)
    if start.row == end.row:
        side = -1 if end.column < start.column else 1
        here, there = (x1, x2 + w2) if side < 0 else (x1 + w1, x2)
        path = f"M {here:g} {y1 + h1 / 2:g} H {there - 6 * side:g}"
    else:
        here = x1 + w1 / 2
        there = here if end.columns > 1 else x2 + w2 / 2
        middle, turn = (y1 + h1 + y2) / 2 - 4, 10 if there > here else -10
        across = (
            f"V {middle:g} H {there - turn:g} Q {there:g} {middle:g} {there:g} {middle + 10:g} "
            if there != here
            else ""
        )
        path = f"M {here:g} {y1 + h1:g} {across}V {y2 - 7:g}"
    return f'<path d="{path}" fill="none" stroke="{INK}" stroke-width="1.6" marker-end="url(#head)"/>'


def room(name: str, place: Place) -> str:
    """A room's box: its name, its folder where that is another word, and what it is for."""
    left, top, width, height = box(place)
    title = place.folder if place.columns == 1 else f"{place.folder}, for students: coursekit"
    lines = textwrap.wrap(purpose(place.folder), 30 if place.columns == 1 else 130)
    assert len(lines) <= 3, f"{place.folder}/__init__.py: expected a first line of at most 3 x 30 characters"
    first = top + height / 2 - 9 * len(lines) + 2
    text = f'<text x="{left + width / 2:g}" y="{first:g}" class="name">{escape(title)}</text>'
    for number, line in enumerate(lines, 1):
        text += f'<text x="{left + width / 2:g}" y="{first + 3 + 18 * number:g}" class="what">{escape(line)}</text>'
    shape = f'<rect x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}" rx="9" fill="{place.colour}"'
    return f'<g id="{name}">{shape} stroke="{INK}" stroke-width="1.2"/>{text}</g>'


def legend() -> str:
    """What the colours and the arrows mean, in the empty corner."""
    left, top = MARGIN + 2 * (WIDTH + GAP) + 40, MARGIN + 16
    text = f'<text x="{left}" y="{top}" class="key bold">An arrow: may import.</text>'
    for number, line in enumerate(
        ["Arrows that follow from others are", "left out; the whole table stands in", "tests/test_imports.py."], 1
    ):
        text += f'<text x="{left}" y="{top + 22 * number}" class="key">{line}</text>'
    for number, (colour, meaning) in enumerate(LEGEND.items()):
        y = top + 104 + 32 * number
        text += f'<rect x="{left}" y="{y - 15}" width="30" height="20" rx="4" fill="{colour}" stroke="{INK}"/>'
        text += f'<text x="{left + 42}" y="{y}" class="key">{escape(meaning)}</text>'
    return text


def draw() -> str:
    """The whole picture, as SVG."""
    table = allowed()
    missing = sorted(set(table) ^ set(PLACES))
    if missing:
        raise ValueError(f"{Path(__file__).name}: PLACES and the table of arrows differ in {', '.join(missing)}")
    arrows = drawn_arrows(table)
    width, height = 2 * MARGIN + 4 * WIDTH + 3 * GAP, 2 * MARGIN + TOP * ROW + HIGH
    spoken = "; ".join(f"{one} may import {other}" for one, other in arrows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="t d">',
        '<title id="t">The rooms of the course kit and who may import whom</title>',
        f'<desc id="d">{escape(spoken)}.</desc>',
        '<defs><marker id="head" viewBox="0 0 10 10" refX="5" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M 0 0.5 L 10 5 L 0 9.5 z" fill="{INK}"/></marker></defs>',
        "<style>text{font-family:Helvetica,Arial,'Liberation Sans',sans-serif;fill:" + INK + "}"
        ".name{font-size:16px;font-weight:bold;text-anchor:middle}.what{font-size:13px;text-anchor:middle}"
        ".key{font-size:14px}.bold{font-weight:bold}</style>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        *(arrow(PLACES[one], PLACES[other]) for one, other in arrows),
        *(room(name, place) for name, place in PLACES.items()),
        legend(),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    DRAWING.write_text(draw(), encoding="utf-8")
