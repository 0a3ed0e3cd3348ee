"""What was told of each submission when it was last judged, in nbgrader's root: ``logs/judged-a1.jsonl``.

The record beside a graded notebook is the same for every grading of the same submission; how long that took is not.
"""

from __future__ import annotations

import json
from pathlib import Path

from autograder.grading.running.events import Judged, from_json, to_json


def note(root: Path, assignment: str, event: Judged) -> None:
    """Write down what was told of a submission.

    Raises:
        OSError: when that cannot be written.
    """
    path = _path(root, assignment)
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n{json.dumps(to_json(event))}")  # a line of its own, whatever a kill has left of the last one


def noted(root: Path, assignment: str) -> dict[str, Judged]:
    """What was last told of each submission, by student."""
    path = _path(root, assignment)
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
    events = (_event(line) for line in lines)
    return {event.student: event for event in events if event is not None}


def _path(root: Path, assignment: str) -> Path:
    return root / "logs" / f"judged-{assignment}.jsonl"


def _event(line: str) -> Judged | None:
    """What a line tells; None for half a line."""
    try:
        event = from_json(json.loads(line))
    except (ValueError, KeyError, TypeError):
        return None
    return event if isinstance(event, Judged) else None
