"""What happens in a grading, as it happens. Who started it hears of it through a pipe, one JSON object a line."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Begun:
    """A run begins.

    Args:
        submissions: how many are to be graded.
        passed_over: how many were graded before, and stay as they are.
    """

    assignment: str
    submissions: int
    passed_over: int


@dataclass(frozen=True)
class Repaired:
    """Something in a submission was mended, or is told about it; ``note`` is a sentence of its feedback."""

    student: str
    note: str


@dataclass(frozen=True)
class Died:
    """An exercise of a submission was stopped before it was judged to the end: a limit, a crash."""

    student: str
    exercise: str
    reason: str


@dataclass(frozen=True)
class Judged:
    """What a submission earns without a person is decided; nbgrader has still to write it.

    Args:
        score, of: of its exercises together; one that a person decides is worth nothing yet.
        seconds: from its first cell to its last verdict, ``exercises`` those of each.
        flags: exercises at which a person should look.
        isolation: the walls behind which it ran.
        before: whether this was decided in an earlier run, which did not end.
    """

    student: str
    score: float
    of: float
    seconds: float
    exercises: Mapping[str, float]
    flags: tuple[str, ...]
    isolation: str
    before: bool = False


@dataclass(frozen=True)
class Written:
    """A submission's scores are in the gradebook, and its files beside it."""

    student: str


@dataclass(frozen=True)
class NotGraded:
    """A submission that nobody can put in order or read, through no fault of its author."""

    student: str
    reason: str


@dataclass(frozen=True)
class Finished:
    """The run ends.

    Args:
        problem: why it ends early, and how to go on; "" when everything is written.
    """

    problem: str = ""


Event = Begun | Repaired | Died | Judged | Written | NotGraded | Finished
KINDS: dict[str, type[Event]] = {
    kind.__name__.lower(): kind for kind in (Begun, Repaired, Died, Judged, Written, NotGraded, Finished)
}


def to_json(event: Event) -> dict[str, Any]:
    """An event as plain JSON values, ``event`` first: its kind in lower case."""
    return {"event": type(event).__name__.lower(), **asdict(event)}


def from_json(data: Mapping[str, Any]) -> Event:
    """Invert ``to_json``."""
    kind = KINDS[data["event"]]
    values: dict[str, Any] = {field.name: data[field.name] for field in fields(kind)}
    return kind(**values | {name: tuple(value) for name, value in values.items() if isinstance(value, list)})


class Teller:
    """Tells what happens to whoever started this grading, from any thread; to nobody where nobody listens.

    Args:
        descriptor: where to write; None for nobody.
    """

    def __init__(self, descriptor: int | None) -> None:
        self.alone = False  # whether who listened is gone
        self._descriptor, self._lock = descriptor, threading.Lock()
        if descriptor is not None:
            os.set_inheritable(descriptor, False)  # no process of ours is to keep the pipe open

    def tell(self, events: Iterable[Event]) -> None:
        """Write events, one a line."""
        with self._lock:
            for event in events:
                if self._descriptor is None or self.alone:
                    return
                try:
                    _write(self._descriptor, json.dumps(to_json(event)).encode() + b"\n")
                except OSError:
                    self.alone = True


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def heard(lines: Iterable[str]) -> Iterator[Event]:
    """The events that a teller writes; the last line of one that was killed may be half of one."""
    for line in lines:
        if line.endswith("\n"):
            yield from_json(json.loads(line))
