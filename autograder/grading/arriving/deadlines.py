"""When an assignment is due, and for whom later: ``extensions.csv`` beside ``course.yaml``, which a lecturer writes.

student,assignment,due,reason
ada,a1,2027-03-14T23:59+01:00,ill
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from autograder.course.config import Assignment, Course, CourseError, did_you_mean
from autograder.grading.arriving.handed_in import HandedIn

FILE = "extensions.csv"
COLUMNS, REASON = ("student", "assignment", "due"), "reason"
YEARS = range(2000, 2100)


@dataclass(frozen=True)
class Extension:
    """A later date for one student.

    Args:
        line: where it stands in the file.
    """

    student: str
    assignment: str
    due: datetime
    line: int


@dataclass(frozen=True)
class Deadlines:
    """When one assignment is due.

    Args:
        due: for everybody else.
        extensions: later dates, by student.
        listed: whether there is a file of extensions; without one, those that nbgrader's gradebook holds stay.
    """

    due: datetime
    extensions: Mapping[str, datetime]
    listed: bool

    def of(self, student: str) -> datetime:
        """When it is due for a student."""
        return self.extensions.get(student, self.due)

    def told(self, student: str, handed_in: HandedIn) -> HandedIn:
        """The same evidence, with the date that it was weighed against."""
        return replace(handed_in, due=self.of(student), extended=student in self.extensions)

    def absent(self, students: Collection[str]) -> list[str]:
        """Who has an extension and is not among these: not handed in yet, or a slip of the pen."""
        return sorted(name for name in self.extensions if name not in students)


def deadlines(course: Course, assignment: Assignment) -> Deadlines:
    """When an assignment is due, and for whom later.

    Raises:
        CourseError: with every line of ``extensions.csv`` that is none.
    """
    found, findings = _read(course)
    if findings:
        raise CourseError(findings)
    later = {one.student: one.due for one in found if one.assignment == assignment.name}
    return Deadlines(assignment.due, later, (course.root / FILE).exists())


def extension_findings(course: Course) -> list[str]:
    """Everything that is wrong with ``extensions.csv``, one line each; nothing where there is no such file."""
    return _read(course)[1]


def _read(course: Course) -> tuple[list[Extension], list[str]]:
    path = course.root / FILE
    if not path.exists():
        return [], []
    try:
        rows = list(_rows(path))
    except OSError as error:
        return [], [f"{FILE}: expected a file that can be read, received {error.strerror}; mend or remove it"]
    except UnicodeDecodeError as error:
        return [], [f"{FILE}: expected UTF-8 text, received byte {error.object[error.start]:#x}; save it as UTF-8"]
    except csv.Error as error:
        return [], [f"{FILE}: expected comma-separated values, received what cannot be read: {error}; mend it"]
    heading = [cell.strip() for cell in rows[0][1]] if rows else []
    if sorted(heading) not in (sorted(COLUMNS), sorted((*COLUMNS, REASON))):
        wanted = f"expected the heading {','.join(COLUMNS)} or {','.join((*COLUMNS, REASON))}"
        return [], [f"{FILE}:{rows[0][0] if rows else 1}: {wanted}, received {','.join(heading)!r}; write it"]
    found: dict[tuple[str, str], Extension] = {}
    findings = []
    for line, row in rows[1:]:
        read = _extension(course, heading, row, line)
        if isinstance(read, str):
            findings.append(f"{FILE}:{line}: {read}")
            continue
        other = found.setdefault((read.student, read.assignment), read)
        if other is not read:
            wanted = f"expected one line for {read.student} and {read.assignment}"
            findings.append(f"{FILE}:{line}: {wanted}, received another, the first is line {other.line}; drop one")
    return list(found.values()), findings


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line on which it begins, empty ones left out. Excel begins a file with a mark of its own."""
    reader, line = csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""), strict=True), 1
    for row in reader:
        if any(cell.strip() for cell in row):
            yield line, row
        line = reader.line_num + 1


def _extension(course: Course, heading: Sequence[str], row: Sequence[str], line: int) -> Extension | str:
    """What a row says, or what is wrong with it."""
    if len(row) != len(heading):
        count = f"expected {len(heading)} cells as in the heading, received {len(row)}"
        return f"{count}; a text with a comma in it stands in quotes"
    cells = {name: cell.strip() for name, cell in zip(heading, row, strict=True)}
    if not cells["student"]:
        return "student: expected the name of a folder in submitted/, received nothing; write it, or drop the line"
    assignment = course.assignments.get(cells["assignment"])
    if assignment is None:
        known = list(course.assignments)
        name = cells["assignment"]
        return f"assignment: expected one of course.yaml, received {name!r}; {did_you_mean(name, known)}"
    try:
        due = datetime.fromisoformat(cells["due"])
    except ValueError:
        due = None
    if due is None or due.tzinfo is None or due.year not in YEARS:
        example = "such as 2027-03-14T23:59+01:00"
        return f"due: expected an ISO date with a time zone, {example}, received {cells['due']!r}; change it"
    if due <= assignment.due:
        own = assignment.due.isoformat(timespec="minutes")
        return f"due: expected a date after {assignment.name}'s own, {own}, received {cells['due']!r}; change it"
    return Extension(cells["student"], assignment.name, due, line)
