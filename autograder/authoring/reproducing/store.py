"""What is finished, and what is half done, on disk: complete or not there at all, whenever the machine stops.

A finished unit of work is ``KEY.json`` with its values and all that they depend on, and ``KEY.npz`` with its arrays,
which is written first. ``KEY.half.npz`` is the state of one that is still running.
"""

from __future__ import annotations

import fcntl
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autograder.classroom.writing import write
from autograder.course.config import CourseError
from autograder.course.experiments import Result

LOCK = ".lock"
VALUES = "values"  # the name of the array that holds a half-done unit's values, as JSON


@dataclass(frozen=True)
class Store:
    """The folder of one scale."""

    folder: Path

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other run out of this folder meanwhile; a run that is killed lets go.

        Raises:
            CourseError: when one is at work here.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CourseError([f"{self.folder}: another `course reproduce` is at work here; wait for it"]) from None
            yield

    def finished(self, key: str) -> bool:
        """Whether a unit of work is done."""
        return self._path(key, ".json").is_file()

    def facts(self, key: str) -> dict[str, Any]:
        """What is written beside a finished unit's values: recipe, data, versions, machine, seconds."""
        return dict(json.loads(self._path(key, ".json").read_text("utf-8")))

    def result(self, key: str) -> Result:
        """What a finished unit found."""
        with np.load(self._path(key, ".npz"), allow_pickle=False) as arrays:
            return Result(self.facts(key)["values"], dict(arrays))

    def finish(self, key: str, result: Result, facts: Mapping[str, Any]) -> None:
        """Write what a unit found, and forget how far it was."""
        write(self._path(key, ".npz"), packed(result.arrays))
        text = json.dumps({**facts, "values": result.values}, indent=1, default=plain)
        write(self._path(key, ".json"), text.encode())
        self._path(key, ".half.npz").unlink(missing_ok=True)

    def half(self, key: str) -> Result | None:
        """The last state of a unit that was killed; None where there is none."""
        path = self._path(key, ".half.npz")
        if not path.is_file():
            return None
        with np.load(path, allow_pickle=False) as arrays:
            held = dict(arrays)
        return Result(json.loads(str(held.pop(VALUES))), held)

    def save_half(self, key: str, state: Result) -> None:
        """Replace the state of a running unit."""
        values = np.array(json.dumps(state.values, default=plain))
        write(self._path(key, ".half.npz"), packed({**state.arrays, VALUES: values}))

    def forget(self, key: str) -> None:
        """Remove whatever there is of a unit."""
        for ending in (".json", ".npz", ".half.npz"):
            self._path(key, ending).unlink(missing_ok=True)

    def _path(self, key: str, ending: str) -> Path:
        return self.folder / "units" / f"{key}{ending}"


def packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Arrays as the bytes of an ``.npz`` file."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def plain(value: Any) -> Any:
    """NumPy's numbers and arrays as JSON has them."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    raise TypeError(f"a result holds JSON only; received {type(value).__name__}")
