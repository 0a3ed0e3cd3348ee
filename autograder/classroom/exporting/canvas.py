"""Fill in the gradebook that Canvas exported.

Canvas (lib/gradebook_importer.rb) wants ``Student`` and ``ID`` first and ``Section`` before the assignments; it knows
an assignment by the number in its heading, ``Title (number)``, and takes a heading that it does not know for a new
assignment. The row ``Points Possible`` would change what an assignment is worth. Columns that are not in the file stay
as they are, so that only those by which it knows students, and this one assignment, go back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from autograder.classroom.exporting.sheets import Sheet, defused
from autograder.classroom.exporting.standings import Standings, named, number
from autograder.course.config import CourseError

NAMES = ("SIS Login ID", "SIS User ID", "Integration ID", "ID", "Student")
IDENTITY = ("Student", "LastName", "FirstName", "ID", "SIS User ID", "SIS Login ID", "Integration ID", "Root Account")
HEADING = re.compile(r"^(.*?)\s*\((\d+)\)\s*$", re.DOTALL)
POINTS = "Points Possible"
NO_STUDENT = re.compile(r"^\s*(Muted|Manual Posting.*)?\s*$", re.IGNORECASE)


def columns(sheet: Sheet) -> list[int]:
    """Where students may be named, the likeliest first."""
    return [place for name in NAMES if (place := sheet.column([name])) is not None]


def without_students(sheet: Sheet, place: str) -> list[list[str]]:
    """Take the rows that describe assignments out of the table: they stand before the first student.

    Raises:
        CourseError: when this is no gradebook of Canvas's.
    """
    section = sheet.column(["Section"])
    if section is None or not columns(sheet):
        raise CourseError(
            [f"{place}: expected a gradebook of Canvas's, with Student, ID and Section; received {named(sheet.header)}"]
        )
    before = [row for row in sheet.rows if _describes(row)]
    sheet.rows = [row for row in sheet.rows if not _describes(row)]
    return before


def _describes(row: Sequence[str]) -> bool:
    return POINTS in row[0] or all(NO_STUDENT.match(cell) for cell in row)


def fill(
    sheet: Sheet,
    before: list[list[str]],
    known: Standings,
    scores: Mapping[int, float],
    *,
    titles: Sequence[str],
    column: str | None,
    place: str,
) -> Sheet:
    """The file for Canvas's import: identity, section and this assignment.

    Args:
        before: the rows that describe assignments.
        scores: what each row gets, by its number; all other cells stay as they are.
        titles: what the assignment may be called there.
        column: its heading, or the number in it.

    Raises:
        CourseError: when none or several of Canvas's assignments may be meant, or it is worth another number of points.
    """
    chosen = _assignment(sheet, titles, column, place)
    for row in before:
        if POINTS in row[0]:
            _require_points(row[chosen], sheet.header[chosen], known, place)
    for number_of_row, score in scores.items():
        sheet.rows[number_of_row][chosen] = number(score)
    ids = sheet.column(["ID"])
    kept = [i for i, name in enumerate(sheet.header) if name in IDENTITY or name == "Section"]

    def part(row: Sequence[str]) -> list[str]:
        return [row[i] if i == ids else defused(row[i]) for i in kept] + [row[chosen]]

    header = [sheet.header[i] for i in (*kept, chosen)]
    described = [[row[i] for i in (*kept, chosen)] for row in before]
    return Sheet(header, [*described, *map(part, sheet.rows)], sheet.delimiter, sheet.ending, sheet.mark)


def _assignment(sheet: Sheet, titles: Sequence[str], column: str | None, place: str) -> int:
    headings = {i: match for i, name in enumerate(sheet.header) if (match := HEADING.match(name))}
    if column is not None:
        found = [i for i, match in headings.items() if column in (sheet.header[i], match[2])]
    else:
        wanted = {title.casefold() for title in titles}
        found = [i for i, match in headings.items() if match[1].casefold() in wanted]
    if len(found) == 1:
        return found[0]
    known = named([sheet.header[i] for i in headings]) or "none"
    asked = f"{column!r}" if column is not None else " or ".join(map(repr, titles))
    raise CourseError(
        [
            f"{place}: expected one assignment {asked}, received {len(found)}; Canvas has {known}: name one with "
            "--column (its heading, or the number in it)"
        ]
    )


def _require_points(cell: str, heading: str, known: Standings, place: str) -> None:
    ours = number(known.maximum)
    try:
        theirs = float(cell.replace(",", "."))
    except ValueError:
        raise CourseError(
            [f"{place}: {heading!r}: expected the points possible, received {cell.strip()!r}; is it an assignment?"]
        ) from None
    if abs(theirs - known.maximum) >= 0.005:
        raise CourseError(
            [
                f"{place}: {heading!r} is worth {cell.strip()} points in Canvas and {ours} here: set it to {ours} in "
                "Canvas and export the gradebook again"
            ]
        )
