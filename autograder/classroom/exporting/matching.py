"""Find each student's row in somebody else's table, or say whom there is none for."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence

from autograder.classroom.exporting.sheets import Sheet
from autograder.classroom.exporting.standings import Standing, named
from autograder.course.config import CourseError


def match(
    sheet: Sheet,
    known: Sequence[Standing],
    columns: Sequence[int],
    *,
    column: str | None,
    place: str,
    absent: bool,
) -> dict[int, Standing]:
    """Rows of the table, by their number, and the student that each belongs to.

    A cell names a student when it is the student's name here, or an e-mail address that begins with it, whatever the
    case. Of several columns that could name students, the one counts that names most.

    Args:
        columns: where students may be named.
        column: the heading of the only one that counts.
        place: what to call the table in a message.
        absent: whether rows without a student here are allowed.

    Raises:
        CourseError: when a student has no row or two, or a row has no student and ``absent`` does not allow it.
    """
    if column is not None:
        chosen = sheet.column([column])
        if chosen is None:
            raise CourseError(
                [f"{place}: expected a column {column!r}, as --match says; received {named(sheet.header)}"]
            )
        columns = [chosen]
    wanted = {_key(one.student): one for one in known}
    best = max(columns, key=lambda i: len(_named_in(sheet, i, wanted)))
    rows = _named_in(sheet, best, wanted)
    heading = sheet.header[best]
    twice = [wanted[name].student for name, places in rows.items() if len(places) > 1]
    if twice:
        raise CourseError(
            [f"{place}: expected one row for each student, received several in {heading!r}: {named(twice)}"]
        )
    lost = [one.student for name, one in wanted.items() if name not in rows and one.score is not None]
    found = {places[0]: wanted[name] for name, places in rows.items()}
    strange = [" ".join(sheet.rows[i][: best + 1]) for i in range(len(sheet.rows)) if i not in found]
    problems = []
    if lost:
        problems.append(
            f"{place}: no row for {named(lost)} in the column {heading!r}, which names {len(rows)} of "
            f"{len(wanted)} students; name another with --match, or leave students out with --skip"
        )
    if strange and not absent:
        problems.append(
            f"{place}: no submission for {named(strange)}; say --absent leave (their cells stay as they are) or "
            "--absent zero"
        )
    if problems:
        raise CourseError(problems)
    return found


def scores_by_row(
    sheet: Sheet, rows: Mapping[int, Standing], write: Mapping[str, float], *, zero: bool
) -> dict[int, float]:
    """What each row gets.

    Args:
        rows: as from ``match``.
        write: the score of each student who gets one.
        zero: whether rows without a student here get 0.
    """
    found = {place: 0.0 for place in range(len(sheet.rows)) if zero and place not in rows}
    return found | {place: write[one.student] for place, one in rows.items() if one.student in write}


def _key(name: str) -> str:
    """A name whatever its case, and however its letters are composed: file systems and platforms differ in that."""
    return unicodedata.normalize("NFKC", name.strip()).casefold()


def _named_in(sheet: Sheet, column: int, wanted: Collection[str]) -> dict[str, list[int]]:
    """The rows that a column gives to each student."""
    rows: dict[str, list[int]] = {}
    for place, row in enumerate(sheet.rows):
        cell = _key(row[column])
        name = next((key for key in (cell, cell.partition("@")[0]) if key in wanted), None)
        if name is not None:
            rows.setdefault(name, []).append(place)
    return rows
