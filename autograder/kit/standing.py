"""How far a notebook is: what each check said last, and which points are still open; ships to students as it is.

>>> promised = Promised({"sigmoid": Points(6), "train": Points(16, accuracy=6)}, {"proof": 8})
>>> print(overview({"sigmoid": ("good", "4 of 4 public cases"), "train": ("open", "not written yet")}, promised))
1 of 2 exercises passes its public cases: 6 of 22 points, if the hidden cases agree; 16 points are open.
✓ sigmoid  4 of 4 public cases  6 points
– train    not written yet      16 points open
Hidden cases, asked after you hand in, decide. Of train's points 6 are for accuracy: only the grader measures it.
A person reads what you write: proof 8 points.
Each line is what the check said last since the kernel started; run it again after a change.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from coursekit.kernel.cellwise import BAD, GOOD, OPEN

MARKS = {GOOD: "✓", BAD: "✗", OPEN: "–"}
FACTS = "release.json"  # what the build knows of a release, beside the assignment's ``checks.py``


@dataclass(frozen=True)
class Points:
    """What an exercise is worth, all parts together; of these, what no public case can ask for."""

    all: float
    accuracy: float = 0


@dataclass(frozen=True)
class Promised:
    """The points of a release, by exercise and by written answer; empty where nobody has written them down."""

    exercises: Mapping[str, Points] = field(default_factory=dict)
    answers: Mapping[str, float] = field(default_factory=dict)


def read_promised(path: Path) -> Promised:
    """The points that a release promises, from its ``release.json``."""
    if not path.exists():
        return Promised()
    facts = json.loads(path.read_text(encoding="utf-8"))
    exercises = {name: Points(points["points"], points["accuracy"]) for name, points in facts["exercises"].items()}
    return Promised(exercises, facts["answers"])


def overview(rows: Mapping[str, tuple[str, str]], promised: Promised) -> str:
    """Lay out how far a notebook is.

    Args:
        rows: of each exercise the mood of its last check, and a few words.
        promised: what the exercises are worth; those that are not in it are shown without points.

    Returns:
        Several lines; the first says it all.
    """
    done = [name for name, (mood, _) in rows.items() if mood == GOOD]
    verb = "passes its" if len(done) == 1 else "pass their"
    first = f"{len(done)} of {len(rows)} exercise{'' if len(rows) == 1 else 's'} {verb} public cases"
    worth = {name: promised.exercises[name].all for name in rows if name in promised.exercises}
    if worth:
        reached = sum(worth.get(name, 0) for name in done)
        left = sum(worth.values()) - reached
        first += f": {reached:g} of {_points(sum(worth.values()))}, if the hidden cases agree"
        first += f"; {_points(left)} {'is' if left == 1 else 'are'} open" if left else ""
    width, words = max(map(len, rows), default=0), max((len(text) for _, text in rows.values()), default=0)
    lines = []
    for name, (mood, text) in rows.items():
        points = f"{_points(worth[name])}{'' if mood == GOOD else ' open'}" if name in worth else ""
        lines.append(f"{MARKS[mood]} {name:{width}}  {text:{words}}  {points}".rstrip())
    return "\n".join([f"{first}.", *lines, *_remarks(promised)])


def _remarks(promised: Promised) -> list[str]:
    """What the lines above do not know."""
    measured = {name: points.accuracy for name, points in promised.exercises.items() if points.accuracy}
    first = "Hidden cases, asked after you hand in, decide."
    if measured:
        shares = ", ".join(f"of {name}'s points {points:g}" for name, points in measured.items())
        first += f" {shares[0].upper()}{shares[1:]} are for accuracy: only the grader measures it."
    answers = ", ".join(f"{name} {points:g}" for name, points in promised.answers.items())
    total = len(promised.answers) > 1 or sum(promised.answers.values()) != 1
    return [
        first,
        *([f"A person reads what you write: {answers} point{'s' if total else ''}."] if answers else []),
        "Each line is what the check said last since the kernel started; run it again after a change.",
    ]


def _points(points: float) -> str:
    return f"{points:g} point{'' if points == 1 else 's'}"
