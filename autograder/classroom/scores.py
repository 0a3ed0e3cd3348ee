"""Read the gradebook that nbgrader has written: what `course grade` and `course demo` show."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console, ConsoleOptions
from rich.table import Table

from autograder.course.cells import checked_exercise
from autograder.grading.gradebook import gradebook_url, grades_in_order, opened
from autograder.grading.pages.contents import RECORD

SHOWN = 5  # names of students in one line
SHORT_NAME = 12  # characters of a student's name in one line of a table that is full


@dataclass(frozen=True)
class Score:
    """A student's row of the gradebook.

    Args:
        exercises: score and maximum of each automatically graded exercise; the score is None when a human decides.
        manual: ids of the cells that wait for a human.
    """

    student: str
    exercises: dict[str, tuple[float | None, float]]
    manual: tuple[str, ...]

    @property
    def total(self) -> float:
        return round(sum(score or 0.0 for score, _ in self.exercises.values()), 2)

    @property
    def maximum(self) -> float:
        return sum(maximum for _, maximum in self.exercises.values())


def scores(root: Path, assignment: str) -> list[Score]:
    """Read the scores of an assignment from the gradebook, students in order."""
    rows, in_order = [], grades_in_order(root, assignment)
    with opened(gradebook_url(root)) as gradebook:
        for submission in sorted(gradebook.assignment_submissions(assignment), key=lambda s: s.student_id):
            exercises: dict[str, tuple[float | None, float]] = {}
            waiting = []
            for grade in in_order(submission):
                if exercise := checked_exercise(grade.name):
                    exercises[exercise] = (grade.auto_score, grade.max_score)
                if grade.needs_manual_grade:
                    waiting.append(grade.name)
            rows.append(Score(submission.student_id, exercises, tuple(waiting)))
    return rows


def records(root: Path, assignment: str) -> dict[str, dict[str, Any]]:
    """What the grader keeps beside each graded notebook, by student."""
    paths = sorted(root.glob(f"autograded/*/{assignment}/{RECORD}"))
    return {path.parts[-3]: json.loads(path.read_text(encoding="utf-8")) for path in paths}


def as_json(rows: Sequence[Score], kept: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The gradebook as JSON values, by student: scores, totals, what waits for a person, misconceptions, lateness.

    Args:
        kept: what ``records`` gives.
    """
    return {row.student: _row_as_json(row, kept.get(row.student, {})) for row in rows}


def _row_as_json(row: Score, record: Mapping[str, Any]) -> dict[str, Any]:
    verdicts = record.get("verdicts", [])
    return {
        "exercises": {name: {"score": score, "of": maximum} for name, (score, maximum) in row.exercises.items()},
        "total": row.total,
        "of": row.maximum,
        "hand": list(row.manual),
        "misconceptions": {v["exercise"]: v["misconception"] for v in verdicts if v["misconception"]},
        "late": record.get("handed_in", {}).get("late", False),
    }


def evidence_lines(root: Path, assignment: str) -> list[str]:
    """What the hand-in times of a class rest on: a line for each kind of evidence, and one for those who are late."""
    students: dict[str, list[str]] = {}
    for student, record in records(root, assignment).items():
        handed_in = record["handed_in"]
        for line in (handed_in["evidence"], "late" if handed_in["late"] else ""):
            students.setdefault(line, []).append(student)
    return [f"handed in {line}: {_some(names)}" for line, names in sorted(students.items()) if line]


def unjudged_lines(root: Path, assignment: str) -> list[str]:
    """Whose work the grader could not judge, through no fault of theirs: a line for each cause."""
    students: dict[str, set[str]] = {}
    for path in sorted(root.glob(f"autograded/*/{assignment}/{RECORD}")):
        for verdict in json.loads(path.read_text(encoding="utf-8"))["verdicts"]:
            if verdict["traceback"]:
                cause = verdict["traceback"].strip().splitlines()[-1]
                students.setdefault(f"{verdict['reason']}: {cause}", set()).add(path.parts[-3])
    return [f"not judged, {_some(sorted(names))}: {cause}" for cause, names in sorted(students.items())]


def _some(names: Sequence[str]) -> str:
    return f"{len(names)} ({', '.join(names[:SHOWN])}{', ...' if len(names) > SHOWN else ''})"


def score_table(rows: Sequence[Score], order: Sequence[str], title: str) -> _ScoreTable:
    """Lay out the gradebook: a row for each student, a numbered column for each exercise; ? waits for a human."""
    return _ScoreTable(rows, order, title)


@dataclass(frozen=True)
class _ScoreTable:
    """As wide as it may be: a long name takes several lines, exercises that do not fit stand in a table below."""

    rows: Sequence[Score]
    order: Sequence[str]
    title: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table]:
        best = self.rows[0].exercises if self.rows else {}
        columns = [
            [str(number), *(_cell(row.exercises.get(name, (None, 0.0))[0]) for row in self.rows)]
            for number, name in enumerate(self.order, 1)
        ]
        for column, name in zip(columns, self.order, strict=True):
            column.append(f"{best.get(name, (None, 0.0))[1]:g}")
        most = sum(best.get(name, (None, 0.0))[1] for name in self.order)
        columns.append(["total", *(f"{row.total:g}" for row in self.rows), f"{most:g}"])
        columns.append(["hand", *(str(len(row.manual)) for row in self.rows), ""])
        names = min(max([len("student"), *(len(row.student) for row in self.rows)]), SHORT_NAME)
        left, first = options.max_width - names - 2, 0
        for last, column in enumerate(columns):
            width = max(map(len, column)) + 1
            if last > first and width > left:
                yield self._table(columns[first:last], range(first, last))
                left, first = options.max_width - names - 2, last
            left -= width
        yield self._table(columns[first:], range(first, len(columns)))

    def _table(self, columns: Sequence[Sequence[str]], numbers: range) -> Table:
        table = Table(title=self.title, title_justify="left", header_style="bold", padding=0)
        table.add_column("student", overflow="fold")
        for column in columns:
            table.add_column(column[0], justify="right", no_wrap=True)
        for index, row in enumerate(self.rows, 1):
            table.add_row(row.student, *(column[index] for column in columns))
        table.add_section()
        table.add_row("of", *(column[-1] for column in columns))
        exercises = (f"{n + 1}  {self.order[n]}" for n in numbers if n < len(self.order))
        table.caption = "\n".join([*exercises, *self._legend(numbers)])
        table.caption_justify = "left"
        return table

    def _legend(self, numbers: range) -> Iterator[str]:
        if len(self.order) in numbers:
            yield "total  of what was graded automatically"
        if len(self.order) + 1 in numbers:
            yield "hand   answers, and flagged scores, that wait for a person"
            if any(score is None for row in self.rows for score, _ in row.exercises.values()):
                yield "?      a person decides"


def _cell(score: float | None) -> str:
    return "?" if score is None else f"{round(score, 1):g}"  # the gradebook keeps every digit
