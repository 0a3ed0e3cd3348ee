"""What a class has in the gradebook and beside its graded notebooks: before a regrade, and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from autograder.classroom.scores import records
from autograder.course.cells import checked_exercise
from autograder.grading.gradebook import gradebook_url, grades_in_order, opened

Record = Mapping[str, Any]  # a verdict, as verdicts.json keeps it


@dataclass(frozen=True)
class Cell:
    """One graded cell of one student.

    Args:
        automatic: the grader's score; None where a person decides.
        manual: a person's score, which counts in its place.
        extra: points that a person gave on top.
        maximum: what the cell is worth.
    """

    automatic: float | None
    manual: float | None
    extra: float | None
    maximum: float

    @property
    def score(self) -> float:
        """What counts, as nbgrader has it."""
        return (self.manual if self.manual is not None else self.automatic or 0.0) + (self.extra or 0.0)


@dataclass(frozen=True)
class State:
    """What one student has.

    Args:
        cells: by nbgrader's name.
        penalty: points off for lateness.
        handed_in, due: in UTC, as nbgrader keeps them: without a zone; ``due`` with the extension, which is in seconds.
        verdicts: by exercise.
        comments: of persons, by the cell that they are about.
    """

    student: str
    cells: Mapping[str, Cell]
    penalty: float = 0.0
    handed_in: datetime | None = None
    due: datetime | None = None
    extension: float = 0.0
    verdicts: Mapping[str, Record] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """The points of all cells, before anything is taken off."""
        return sum(cell.score for cell in self.cells.values())

    @property
    def total(self) -> float:
        """What the student has in the end."""
        return round(max(0.0, self.score - self.penalty), 2)

    @property
    def seconds_late(self) -> float:
        """How late, as nbgrader counts it; 0 where nobody knows."""
        return max(0.0, (self.handed_in - self.due).total_seconds()) if self.handed_in and self.due else 0.0

    def undecided(self) -> dict[str, str]:
        """Exercises that a person has to decide, with the reason: no score yet, or none that the checks gave."""
        found = {}
        for name, cell in self.cells.items():
            verdict = self.verdicts.get(checked_exercise(name), {})
            worn_out = bool(verdict) and verdict["flagged"] and not verdict["fraction"]
            if checked_exercise(name) and cell.manual is None and (cell.automatic is None or worn_out):
                found[name] = str(verdict.get("reason") or "no verdict")
        return found

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        times = {name: time and time.isoformat() for name, time in (("handed_in", self.handed_in), ("due", self.due))}
        return {**asdict(self), **times, "total": self.total}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> State:
        """Invert ``to_json``."""
        plain = {name: value for name, value in data.items() if name != "total"}
        times = {name: plain[name] and datetime.fromisoformat(plain[name]) for name in ("handed_in", "due")}
        cells = {name: Cell(**cell) for name, cell in plain["cells"].items()}
        return cls(**{**plain, **times, "cells": cells})


def states(root: Path, assignment: str) -> dict[str, State]:
    """Read what every student who was graded has, students in order; nothing is written.

    Args:
        root: nbgrader's.
    """
    kept = records(root, assignment)
    found, in_order = {}, grades_in_order(root, assignment)
    with opened(gradebook_url(root)) as gradebook:
        for submission in sorted(gradebook.assignment_submissions(assignment), key=lambda one: one.student_id):
            grades = in_order(submission)
            comments = [comment for notebook in submission.notebooks for comment in notebook.comments]
            verdicts = kept.get(submission.student_id, {}).get("verdicts", [])
            found[submission.student_id] = State(
                submission.student_id,
                {g.name: Cell(g.auto_score, g.manual_score, g.extra_credit, float(g.max_score)) for g in grades},
                float(submission.late_submission_penalty or 0.0),
                submission.timestamp,
                submission.duedate if submission.assignment.duedate else None,
                submission.extension.total_seconds() if submission.extension else 0.0,
                {verdict["exercise"]: verdict for verdict in verdicts},
                {comment.name: comment.manual_comment for comment in comments if comment.manual_comment},
            )
    return found
