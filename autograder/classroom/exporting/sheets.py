"""Tables as spreadsheets and learning platforms write them: read as they are, written in the same dialect.

A cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return is a formula to a spreadsheet, whoever
wrote it. What students can choose (their names) is written with an apostrophe before it, which a spreadsheet shows as
text (OWASP, CSV Injection).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.course.config import CourseError

LARGEST = 32 * 1024 * 1024  # bytes of a file: a class of a hundred thousand
FORMULA = re.compile(r"^\s*[=+\-@\t\r].")  # a lone dash, which platforms write for nothing, is none
NUMBER = re.compile(r"^\s*[+-]?\d+(?:[.,]\d+)?\s*%?\s*$")
MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"  # the byte order mark, by which Excel knows UTF-8


@dataclass
class Sheet:
    """A table and how it was written."""

    header: list[str]
    rows: list[list[str]]
    delimiter: str = ","
    ending: str = "\r\n"
    mark: bool = False

    def column(self, names: Sequence[str]) -> int | None:
        """The place of the first column with one of these names, whatever their case; None where there is none."""
        wanted = {name.casefold() for name in names}
        return next((i for i, name in enumerate(self.header) if name.strip().casefold() in wanted), None)

    def text(self) -> str:
        """The file's text."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, delimiter=self.delimiter, lineterminator=self.ending)
        writer.writerows([self.header, *self.rows])
        return (MARK if self.mark else "") + buffer.getvalue()


def read(path: Path) -> Sheet:
    """Read a file that a platform exported.

    Raises:
        CourseError: when it is not there, no UTF-8, too large, or its rows are of several lengths.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise CourseError([f"{path}: expected at most {LARGEST:,} bytes, received {size:,}"])
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise CourseError([f"{path}: expected the file that the platform exported: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise CourseError([f"{path}: expected UTF-8, received another encoding at byte {error.start}"]) from None
    mark = text.startswith(MARK)
    text = text.removeprefix(MARK)
    first = text.splitlines()[0] if text.strip() else ""
    delimiter = max(",;\t", key=first.count)
    try:
        table = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if row]
    except csv.Error as error:
        raise CourseError([f"{path}: expected a table of comma-separated values: {error}"]) from None
    if len(table) < 2:
        raise CourseError([f"{path}: expected a row of headings and one for each student, received {len(table)}"])
    for place, row in enumerate(table, 1):
        if len(row) != len(table[0]):
            raise CourseError(
                [f"{path}: row {place}: expected {len(table[0])} cells as in the headings, received {len(row)}"]
            )
    return Sheet(table[0], table[1:], delimiter, "\r\n" if "\r\n" in text else "\n", mark)


def defused(cell: str) -> str:
    """A cell that no spreadsheet runs: what would be a formula, and is no number, becomes text.

    >>> defused("=1+1"), defused("-1.5"), defused("Ada"), defused("@SUM(A1)")
    ("'=1+1", '-1.5', 'Ada', "'@SUM(A1)")
    """
    return f"'{cell}" if FORMULA.match(cell) and not NUMBER.match(cell) else cell
