"""Run nbgrader on a whole class and read the gradebook it writes: what `course grade` and `course demo` show."""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console, ConsoleOptions
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from autograder.course.cells import checked_exercise
from autograder.grading import timings
from autograder.grading.gradebook import gradebook_url, opened
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


def run_nbgrader(root: Path, command: Sequence[str], count: int, console: Console, pattern: str) -> int:
    """Run one nbgrader command in ``root`` with a progress bar; its full log goes to ``logs/<command>.log``.

    Args:
        root: nbgrader's root.
        command: the command and its arguments, e.g. ``["autograde", "a1"]``.
        count: how many lines matching ``pattern`` to expect, one for each submission.
        pattern: a regular expression; its group 1, if any, is shown beside the bar.
    """
    log = root / "logs" / f"{command[0]}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        log.open("w", encoding="utf-8") as file,
        Progress(*columns, TextColumn("left"), TimeRemainingColumn(), console=console) as progress,
        subprocess.Popen(
            [sys.executable, "-m", "nbgrader", *command],
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process,
    ):
        task = progress.add_task(f"nbgrader {' '.join(command[:2])}", total=count)
        assert process.stdout is not None
        for line in process.stdout:
            file.write(line)
            match = re.search(pattern, line)
            if match:
                progress.advance(task)
                if match.lastindex:  # what was graded already is passed over without a word
                    progress.console.print(f"  {match.group(1)}", markup=False, highlight=False)
        status = process.wait()
    if status:
        console.print(f"nbgrader {command[0]} ended with status {status}; its log is {log}", markup=False)
    return status


def autograde(root: Path, assignment: str, console: Console, *, jobs: int | None = None, force: bool = False) -> int:
    """Grade every submission of an assignment with nbgrader; returns nbgrader's exit status."""
    command = ["autograde", assignment, *(["--force"] if force else [])]
    command += [f"--SubmissionExporter.jobs={jobs}"] if jobs else []
    count = len(list((root / "submitted").glob(f"*/{assignment}")))
    pattern = r"([^\]]+: (?:\d+ exercises judged|not graded: ).*)|Skipping existing"
    status = run_nbgrader(root, command, count, console, pattern)
    skipped = _log(root).count("Skipping existing")
    if skipped:
        were = "submission was" if skipped == 1 else "submissions were"
        console.print(f"{skipped} {were} graded before and stayed as they are; --force grades again", markup=False)
    return status


def _log(root: Path) -> str:
    return (root / "logs" / "autograde.log").read_text(encoding="utf-8", errors="replace")


def timing_table(root: Path, exercises: Mapping[str, bool]) -> Table:
    """Lay out what the last grading took: the median and the longest time of each exercise, in seconds.

    Args:
        root: nbgrader's root.
        exercises: the assignment's exercises; True for those with an accuracy item, where the grader trains a network.
    """
    rows = timings.rows(_log(root))
    table = Table(title="seconds", title_justify="left", header_style="bold")
    for column in ("exercise", "median", "longest", "submission"):
        table.add_column(column, justify="left" if column in ("exercise", "submission") else "right", no_wrap=True)
    for name in [*exercises, timings.WHOLE]:
        seconds = sorted((row[name], row[timings.STUDENT]) for row in rows if name in row)
        if seconds:
            longest, student = seconds[-1]
            label = (
                "whole submission" if name == timings.WHOLE else name + (" (with training)" if exercises[name] else "")
            )
            table.add_row(label, f"{statistics.median(s for s, _ in seconds):.2f}", f"{longest:.2f}", student)
    return table


def generate_feedback(root: Path, assignment: str, console: Console) -> int:
    """Write one HTML page for each student with nbgrader; returns nbgrader's exit status."""
    count = len(list((root / "autograded").glob(f"*/{assignment}")))
    return run_nbgrader(root, ["generate_feedback", assignment, "--force"], count, console, r"Converting notebook")


def scores(root: Path, assignment: str) -> list[Score]:
    """Read the scores of an assignment from the gradebook, students in order."""
    rows = []
    with opened(gradebook_url(root)) as gradebook:
        for submission in sorted(gradebook.assignment_submissions(assignment), key=lambda s: s.student_id):
            exercises: dict[str, tuple[float | None, float]] = {}
            waiting = []
            for grade in (g for notebook in submission.notebooks for g in notebook.grades):
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
