"""Fill in the grading worksheet that Moodle exported, and pack feedback pages for its import.

Moodle (mod/assign/feedback/offline) finds columns by their headings in the teacher's language, and students by the
number at the end of the first column; the column after the grades says what the assignment is worth
(mod/assign/gradingtable.php). It passes over grades above that maximum, and over those that somebody changed after the
worksheet was downloaded. Feedback files (mod/assign/feedback/file) belong to the participant whose number
stands second in the folder's name: ``NAME_NUMBER_assignfeedback_file``.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.classroom.exporting.sheets import Sheet, defused
from autograder.classroom.exporting.standings import Standing, Standings, named, number
from autograder.course.config import CourseError

GRADE = ("Grade", "Bewertung", "Note", "Calificación", "Nota", "Valutazione", "Cijfer", "Betyg", "Ocena", "Оценка")
COMMENTS = (
    *("Feedback comments", "Feedback als Kommentar", "Feedback par commentaires", "Comentarios de retroalimentación"),
    *("Comentários de feedback", "Commenti di feedback", "Feedbackcommentaar"),
)
PARTICIPANT = re.compile(r"^\D*(\d+)$")
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same pages give the same zip


@dataclass(frozen=True)
class Filled:
    """The worksheet filled in, and the participant's number of each student."""

    sheet: Sheet
    participants: Mapping[str, str]


def columns(sheet: Sheet) -> list[int]:
    """Where students may be named: everywhere but in Moodle's own number."""
    return list(range(1, len(sheet.header)))


def fill(
    sheet: Sheet,
    rows: Mapping[int, Standing],
    known: Standings,
    scores: Mapping[int, float],
    *,
    column: str | None,
    place: str,
) -> Filled:
    """Write each student's grade, and a line of points by exercise where the worksheet has a column for comments.

    Args:
        rows: the student of each row, by its number.
        scores: what each row gets, by its number; all other cells stay as they are.
        column: the heading of the grades, where Moodle speaks a language that is not known here.

    Raises:
        CourseError: when the worksheet has no such column, or another maximum.
    """
    if not all(PARTICIPANT.match(row[0].strip()) for row in sheet.rows):
        raise CourseError(
            [f"{place}: expected Moodle's own number for each participant in the first column, {sheet.header[0]!r}"]
        )
    grades = sheet.column([column] if column else GRADE)
    if grades is None:
        raise CourseError([f"{place}: no column for grades; name it with --column: one of {named(sheet.header)}"])
    _require_maximum(sheet, grades, known, place)
    comments = sheet.column(COMMENTS)
    participants = {}
    for number_of_row, row in enumerate(sheet.rows):
        row[1:] = [cell if i == grades else defused(cell) for i, cell in enumerate(row[1:], 1)]
        if number_of_row in scores:
            row[grades] = number(scores[number_of_row])
        if (student := rows.get(number_of_row)) is None:
            continue
        participants[student.student] = PARTICIPANT.sub(r"\1", row[0].strip())
        if comments is not None and number_of_row in scores and student.exercises:
            row[comments] = defused(comment(student))
    return Filled(sheet, participants)


def comment(student: Standing) -> str:
    """Points by exercise in one line."""
    parts = [f"{name}: {number(points)}" for name, points in student.exercises]
    parts += [f"handed in late: -{number(student.penalty)}"] if student.penalty else []
    return "; ".join(parts)


def _require_maximum(sheet: Sheet, grades: int, known: Standings, place: str) -> None:
    """Moodle writes what the assignment is worth, or its scale, into the column after the grades, in any language."""
    told = sorted({row[grades + 1].strip() for row in sheet.rows}) if grades + 1 < len(sheet.header) else []
    if len(told) != 1 or not re.fullmatch(r"\d+(?:[.,]\d+)?", told[0]):
        raise CourseError(
            [
                f"{place}: expected the assignment's maximum grade in the column after {sheet.header[grades]!r}, "
                f"received {named(told) or 'none'}; points do not fit an assignment that is graded by a scale"
            ]
        )
    if abs(float(told[0].replace(",", ".")) - known.maximum) >= 0.005:
        ours = number(known.maximum)
        raise CourseError(
            [
                f"{place}: Moodle's maximum is {told[0]}, ours is {ours}: set the assignment's maximum grade to "
                f"{ours} in Moodle and export the worksheet again"
            ]
        )


def feedback_zip(pages: Mapping[str, Path], participants: Mapping[str, str], assignment: str) -> bytes:
    """Each student's feedback pages in the folder that Moodle's import looks for.

    Args:
        pages: the folder of each student's pages.
        participants: Moodle's number of each student.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for student, folder in sorted(pages.items()):
            for page in sorted(folder.glob("*.html")):
                name = f"Participant_{participants[student]}_assignfeedback_file/{assignment}-{page.name}"
                packed.writestr(zipfile.ZipInfo(name, LONG_AGO), page.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
