"""Gather what is known of a graded assignment: from the gradebook, the records beside each notebook, what was told."""

from __future__ import annotations

import ast
import json
import statistics as plain
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autograder.classroom.reporting.statistics import alpha, difficulty, item_total
from autograder.classroom.scores import Score, records, scores
from autograder.course.config import Assignment, CourseError
from autograder.grading.running.judged import noted
from autograder.judge.verdict import NOT_WRITTEN

EXAMPLE_LINES = 40
LARGEST_NOTEBOOK = 32 * 1024 * 1024  # bytes that are read for an example


@dataclass(frozen=True)
class CheckRate:
    """How many of those who were asked failed a check."""

    name: str
    failed: int
    asked: int


@dataclass(frozen=True)
class Misconception:
    """A known mistake in the class.

    Args:
        id: the mutant's.
        students: how many made it.
        hint: the sentence that they were shown.
        example: one student's function without comments, docstrings and name of its author; "" where none was found.
    """

    id: str
    students: int
    hint: str
    example: str

    @property
    def words(self) -> str:
        """What it does, from its id: ``random_flip.flips_upside_down`` flips upside down."""
        return self.id.rpartition(".")[2].replace("_", " ")


@dataclass(frozen=True)
class ExerciseReport:
    """What the class made of one exercise.

    Args:
        difficulty: the mean fraction reached; the higher, the easier.
        correlation: with the total of all others.
        full, some, none: how many reached all, some or no points.
        unwritten: how many of the last left the stub as it was.
    """

    name: str
    points: float
    difficulty: float | None
    correlation: float | None
    full: int
    some: int
    none: int
    unwritten: int
    checks: tuple[CheckRate, ...]
    misconceptions: tuple[Misconception, ...]

    @property
    def lost(self) -> int:
        """How many lost points here."""
        return self.some + self.none


@dataclass(frozen=True)
class Report:
    """An assignment's report; ``totals`` are fractions of the automatically graded points, 0 to 1.

    Args:
        unreadable: students whose hand-in could not be read; they count nowhere else.
        waiting: for whom a person decides about what.
        notes: what was repaired or told, and for how many.
        limits: what ended a student's code or was refused, and how often.
        seconds: median, longest and sum over the submissions, as they were last judged; None where that is gone.
    """

    assignment: str
    title: str
    students: int
    maximum: float
    totals: tuple[float, ...]
    alpha: float | None
    exercises: tuple[ExerciseReport, ...]
    unreadable: tuple[str, ...]
    waiting: tuple[tuple[str, tuple[str, ...]], ...]
    notes: tuple[tuple[str, int], ...]
    limits: tuple[tuple[str, int], ...]
    seconds: tuple[float, float, float] | None


def gather(root: Path, assignment: Assignment) -> Report:
    """Read a graded assignment.

    Args:
        root: nbgrader's.

    Raises:
        CourseError: when nothing of it was graded.
    """
    rows, kept = scores(root, assignment.name), records(root, assignment.name)
    if not rows:
        raise CourseError([f"{assignment.name}: nothing was graded; run: course grade {assignment.name}"])
    unreadable = [row.student for row in rows if kept.get(row.student, {}).get("unreadable")]
    read = [row for row in rows if row.student not in unreadable]
    order = [name for name in assignment.exercises if any(name in row.exercises for row in rows)]
    points = np.array([max(row.exercises.get(name, (None, 0.0))[1] for row in rows) for name in order])
    fractions = _fractions(read, order, points)
    verdicts = {student: {v["exercise"]: v for v in record["verdicts"]} for student, record in kept.items()}
    found = {row.student: verdicts.get(row.student, {}) for row in read}
    exercises = tuple(
        _exercise(root, assignment, name, place, fractions, points, found) for place, name in enumerate(order)
    )
    worth = float(points.sum())
    return Report(
        assignment=assignment.name,
        title=assignment.title,
        students=len(rows),
        maximum=worth,
        totals=tuple(row.total / worth for row in read) if worth else (),
        alpha=alpha(fractions, points),
        exercises=exercises,
        unreadable=tuple(unreadable),
        waiting=tuple((row.student, row.manual) for row in rows if row.manual),
        notes=_counted(note for record in kept.values() for note in set(record.get("notes", ()))),
        limits=_counted(
            v["reason"] for of_student in found.values() for v in of_student.values() if v["reason"] and _ended(v)
        ),
        seconds=_seconds(root, assignment.name),
    )


def _fractions(rows: Sequence[Score], order: Sequence[str], points: np.ndarray) -> np.ndarray:
    table = np.full((len(rows), len(order)), np.nan)
    for i, row in enumerate(rows):
        for j, name in enumerate(order):
            score = row.exercises.get(name, (None, 0.0))[0]
            if score is not None and points[j]:
                table[i, j] = score / points[j]
    return table


def _exercise(
    root: Path,
    assignment: Assignment,
    name: str,
    place: int,
    fractions: np.ndarray,
    points: np.ndarray,
    verdicts: Mapping[str, Mapping[str, Any]],
) -> ExerciseReport:
    reached = fractions[:, place]
    mine = {student: of_student[name] for student, of_student in verdicts.items() if name in of_student}
    return ExerciseReport(
        name=name,
        points=float(points[place]),
        difficulty=difficulty(fractions, place),
        correlation=item_total(fractions, points, place),
        full=int((reached >= 1).sum()),
        some=int(((reached > 0) & (reached < 1)).sum()),
        none=int((reached == 0).sum()),
        unwritten=sum(not _ended(verdict) for verdict in mine.values()),
        checks=_checks(mine.values()),
        misconceptions=_misconceptions(root, assignment, name, mine),
    )


def _checks(verdicts: Iterable[Mapping[str, Any]]) -> tuple[CheckRate, ...]:
    asked: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for verdict in verdicts:
        for check in verdict["checks"]:
            asked[check["name"]] += 1
            failed[check["name"]] += bool(check["failed"]) and not check["repeats"]
    return tuple(CheckRate(name, failed[name], asked[name]) for name in asked)


def _misconceptions(
    root: Path, assignment: Assignment, name: str, verdicts: Mapping[str, Mapping[str, Any]]
) -> tuple[Misconception, ...]:
    makers: dict[str, list[str]] = {}
    for student, verdict in sorted(verdicts.items()):
        if verdict["misconception"]:
            makers.setdefault(verdict["misconception"], []).append(student)
    found = [
        Misconception(id, len(students), verdicts[students[0]]["hint"], _example(root, assignment, name, students))
        for id, students in makers.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.students, one.id)))


def _example(root: Path, assignment: Assignment, name: str, students: Sequence[str]) -> str:
    """The function as the first of these students wrote it whose notebook can be read, without comments."""
    for student in students:
        path = root / "autograded" / student / assignment.name / f"{assignment.folder}.ipynb"
        try:
            if path.is_symlink() or path.stat().st_size > LARGEST_NOTEBOOK:
                continue
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        for source in sources:
            if text := anonymous(source, name):
                return text
    return ""


def anonymous(source: str, name: str) -> str:
    """A function's text without comments and docstrings, where a student may have written who they are; "" if absent.

    >>> anonymous("# by Ada\\ndef f(x):\\n    'mine'\\n    return x  # Ada", "f")
    'def f(x):\\n    return x'
    """
    try:
        tree = ast.parse(source)
        function = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name)
        for node in ast.walk(function):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and ast.get_docstring(node):
                node.body = node.body[1:] or [ast.Pass()]
        lines = ast.unparse(function).splitlines()
    except (SyntaxError, ValueError, RecursionError, MemoryError, StopIteration):
        return ""
    return "\n".join([*lines[:EXAMPLE_LINES], *(["..."] if len(lines) > EXAMPLE_LINES else [])])


def _ended(verdict: Mapping[str, Any]) -> bool:
    """Whether a limit, a death or a refusal decided, and not just an empty stub."""
    return not verdict["reason"].startswith(NOT_WRITTEN)


def _counted(texts: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(Counter(texts).most_common())


def _seconds(root: Path, assignment: str) -> tuple[float, float, float] | None:
    spent = [event.seconds for event in noted(root, assignment).values()]
    return (plain.median(spent), max(spent), sum(spent)) if spent else None
