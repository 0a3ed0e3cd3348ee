"""Grade a class again, and record what it had before and what it has now.

The grading is nbgrader's own, ``nbgrader autograde --force``: it replaces the grader's scores, and leaves those of
persons and their comments alone. What was there is written down first, in one piece, so that a kill loses nothing; the
same command goes on with that record, and does not take a class half regraded for what it had before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autograder.classroom.regrading.comparing import Comparison, compare
from autograder.classroom.regrading.state import State, states
from autograder.classroom.writing import write
from autograder.course.config import Assignment, CourseError
from autograder.grading.changes import LATER

FOLDER = "regrades"  # in nbgrader's root
NUMBERED = re.compile(r"(\w+)-(\d{4})\.json", re.ASCII)
Tell = Callable[[str], object]


@dataclass(frozen=True)
class Regraded:
    """A regrade that was done.

    Args:
        status: nbgrader's; not 0 where it could not grade everybody.
        record: the file with both states.
        lost: manual scores and comments that are not what they were, though nothing of ours touches them.
        new: who was graded for the first time.
    """

    status: int
    comparison: Comparison
    record: Path
    lost: tuple[str, ...]
    new: tuple[str, ...]


def apply(
    root: Path,
    assignment: Assignment,
    grade: Callable[[], int],
    release: Callable[[Tell], object] | None,
    tell: Tell = lambda line: None,
) -> Regraded:
    """Grade a class again.

    Args:
        root: nbgrader's.
        grade: runs nbgrader; returns its status.
        release: makes the release, where course.yaml no longer fits the one that is there, and hands what it changes to
            what it is given, line by line.
        tell: gets these lines.

    Raises:
        CourseError: when the release is refused; nothing is changed then.
    """
    path, record = _begun(root, assignment.name)
    going_on = record is not None
    record = record or {
        "assignment": assignment.name,
        "begun": _now(),
        "release": [],
        "before": _plain(states(root, assignment.name)),
    }
    told: list[str] = []

    def hear(line: str) -> None:
        if LATER not in line:
            told.append(line)
            tell(line)

    if going_on:
        tell(f"{path}: begun {record['begun']} and not finished; going on from what the class had then")
    _save(path, record)
    try:
        if release is not None:
            release(hear)
    except CourseError:
        if not going_on:
            path.unlink()
        raise
    record["release"] += told
    _save(path, record)
    status = grade()
    before, after = (
        {name: State.from_json(one) for name, one in record["before"].items()},
        states(root, assignment.name),
    )
    comparison, lost = compare(before, after), tuple(_lost(before, after))
    finished = {"ended": _now(), "nbgrader status": status, "after": _plain(after), "changed": asdict(comparison)}
    _save(path, {**record, **finished})
    return Regraded(status, comparison, path, lost, tuple(sorted(after.keys() - before.keys())))


def _begun(root: Path, assignment: str) -> tuple[Path, dict[str, Any] | None]:
    """The file to write, and what it holds where a regrade was begun and not finished."""
    numbers = [
        int(match[2])
        for path in (root / FOLDER).glob("*.json")
        if (match := NUMBERED.fullmatch(path.name)) and match[1] == assignment
    ]
    last = max(numbers, default=0)
    path = root / FOLDER / f"{assignment}-{last:04d}.json"
    if last:
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise CourseError([f"{path}: expected what a regrade recorded, received {error}; move it away"]) from None
        if "after" not in record:
            return path, record
    return path.with_name(f"{assignment}-{last + 1:04d}.json"), None


def _lost(before: Mapping[str, State], after: Mapping[str, State]) -> Iterator[str]:
    """What persons gave and wrote, where it is not there any more, or is another."""
    for student in sorted(before):
        if student not in after:
            yield f"{student}: graded before, and not in the gradebook any more"
            continue
        old, new = before[student], after[student]
        for name, cell in old.cells.items():
            has = new.cells.get(name)
            if has is None or (cell.manual, cell.extra) != (has.manual, has.extra):
                yield f"{student}: {name}: a person gave {cell.manual}, extra {cell.extra}; now {has and has.manual}"
        for name in old.comments:
            if new.comments.get(name) != old.comments[name]:
                yield f"{student}: {name}: a person's comment is another now"


def _plain(found: Mapping[str, State]) -> dict[str, Any]:
    return {name: state.to_json() for name, state in found.items()}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _save(path: Path, record: Mapping[str, Any]) -> None:
    write(path, (json.dumps(record, indent=1, sort_keys=True) + "\n").encode())
