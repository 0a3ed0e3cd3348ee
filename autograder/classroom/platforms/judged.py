"""What one submission earned, exercise by exercise, with the words for its student: what every platform's file says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autograder.classroom.scores import Score
from autograder.course.cells import check_cell
from autograder.grading.grade import recorded

LOOKED_AT = "a person will look at this score"
OPEN = (
    "could not be judged here, through no fault of yours: your instructor will look at it; "
    "the total is without these points"
)
OPENLY = "this submission was graded without isolation, as course.yaml asks"


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Args:
        score: None where a person has to decide.
        text: what its student reads, hidden checks included; it holds no value of a hidden case.
        public: the part of it about public cases, "" where none was asked; ``public_passed`` how they went.
    """

    name: str
    score: float | None
    maximum: float
    text: str
    public: str
    public_passed: bool


@dataclass(frozen=True)
class Judged:
    """One submission.

    Args:
        exercises: those that are graded automatically, in the order of the notebook.
        notes: what was repaired, why it could not be read, how it was graded.
        unreadable: why nothing could be read from it; "" for a readable one.
    """

    exercises: tuple[Exercise, ...]
    notes: tuple[str, ...]
    unreadable: str

    @property
    def score(self) -> float:
        """The points of all exercises that were judged."""
        return round(sum(exercise.score or 0.0 for exercise in self.exercises), 2)

    @property
    def maximum(self) -> float:
        return sum(exercise.maximum for exercise in self.exercises)

    @property
    def undecided(self) -> tuple[str, ...]:
        """The exercises that a person has to decide."""
        return tuple(exercise.name for exercise in self.exercises if exercise.score is None)

    def text(self) -> str:
        """What is to say of the whole submission, line by line; "" for nothing."""
        lines = [f"{', '.join(self.undecided)}: {OPEN}"] if self.undecided else []
        return "\n".join([*lines, *self.notes])


def judged(row: Score, record: Mapping[str, Any]) -> Judged:
    """Put together what the gradebook and the grader's record say of one submission.

    Args:
        row: the scores.
        record: what is kept beside the graded notebook, ``verdicts.json``.
    """
    exercises = []
    for verdict in recorded(record):
        score, maximum = row.exercises[verdict.exercise]
        waits = score is not None and check_cell(verdict.exercise) in row.manual
        text = verdict.text(score, maximum) + (f"\n  note      {LOOKED_AT}" if waits else "")
        passed = all(check.passed for check in verdict.public)
        exercises.append(Exercise(verdict.exercise, score, maximum, text, verdict.public_text(), passed))
    notes = [*record["notes"], *([OPENLY] if record["isolation"] == "none" else [])]
    return Judged(tuple(exercises), tuple(notes), str(record["unreadable"]))
