"""The runs of a calibration: which there are, which were made, and making the others on all cores.

Each result is one line of ``build/calibration/runs.jsonl``, written as soon as it is there: whoever stops a
calibration, by whatever means, loses the runs in flight.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Queue
from typing import Any

from autograder.authoring.calibrate.items import Item
from autograder.authoring.calibrate.surroundings import Surroundings, of_seed

ROOT = Path(__file__).resolve().parents[3]


class RunError(Exception):
    """A run that could not be made: a fault of ours."""


@dataclass(frozen=True)
class Run:
    """One training.

    Args:
        recipe: a hash of what it rests on.
        who: an implementation's id.
    """

    item: Item
    recipe: str
    who: str
    seed: int

    @property
    def surroundings(self) -> Surroundings:
        return of_seed(self.seed)

    @property
    def key(self) -> tuple[Any, ...]:
        """The same for two runs that must have the same result."""
        return (self.recipe, self.item.exercise, self.item.data, self.who, self.seed, self.surroundings.name)


@dataclass(frozen=True)
class Result:
    """What a run reached.

    Args:
        value: ``-inf`` for what could not be trained.
        refused: why.
        cpu: seconds of work.
    """

    value: float
    refused: str = ""
    cpu: float = 0.0


class Ledger:
    """The file of results."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.results: dict[tuple[Any, ...], Result] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_bytes() if path.exists() else b""
        for line in text.split(b"\n"):
            with suppress(ValueError, KeyError):  # half of a line, written when the machine went down
                self._take(json.loads(line))
        if text and not text.endswith(b"\n"):
            self._append(b"\n")

    def _take(self, entry: dict[str, Any]) -> None:
        names = ("recipe", "exercise", "data", "who", "seed", "surroundings")
        value = float("-inf") if entry["value"] is None else entry["value"]
        self.results[tuple(entry[name] for name in names)] = Result(value, entry.get("refused", ""), entry["cpu"])

    def write(self, run: Run, answer: dict[str, Any]) -> None:
        """Keep one result."""
        names = {"exercise": run.item.exercise, "data": run.item.data, "surroundings": run.surroundings.name}
        entry = {"recipe": run.recipe, **names, "who": run.who, "seed": run.seed, **answer}
        self._append(json.dumps(entry).encode() + b"\n")
        self._take(entry)

    def _append(self, line: bytes) -> None:
        with self.path.open("ab", buffering=0) as file:  # one call for a line: two calibrations may share the file
            file.write(line)


def missing(runs: Sequence[Run], ledger: Ledger) -> list[Run]:
    """The runs that were not made yet."""
    return [run for run in runs if run.key not in ledger.results]


def make(runs: Sequence[Run], ledger: Ledger, jobs: int) -> Iterator[Run]:
    """Make runs on so many cores; each is yielded once it is written.

    Raises:
        RunError: when one cannot be made; the others that were begun are kept.
    """
    waiting = list(reversed(runs))
    finished: Queue[tuple[Run, dict[str, Any]]] = Queue()
    slots = [_Slot(waiting, finished, ledger.path.with_name("log.txt")) for _ in range(min(jobs, len(runs)))]
    for slot in slots:
        slot.start()
    try:
        for _ in runs:
            run, answer = finished.get()
            if "error" in answer:
                raise RunError(f"{run.item}: {run.who}, seed {run.seed}, {run.surroundings.name}: {answer['error']}")
            ledger.write(run, answer)
            yield run
    finally:
        waiting.clear()
        for slot in slots:
            slot.stop()


class _Slot(threading.Thread):
    """Takes one run after another, and asks a nursery with the right surroundings."""

    def __init__(self, waiting: list[Run], finished: Queue[tuple[Run, dict[str, Any]]], log: Path) -> None:
        super().__init__(daemon=True)
        self._waiting, self._finished, self._log = waiting, finished, log
        self._nursery: subprocess.Popen[bytes] | None = None
        self._surroundings: Surroundings | None = None

    def run(self) -> None:
        while True:
            try:
                run = self._waiting.pop()  # one step: the threads share the list
            except IndexError:
                break
            try:
                answer = self._ask(run)
            except (OSError, ValueError) as error:
                answer = {"error": f"its process ended ({error}); {self._log} has its last words"}
            self._finished.put((run, answer))
        self.stop()

    def _ask(self, run: Run) -> dict[str, Any]:
        if self._surroundings != run.surroundings:
            self.stop()
            self._nursery, self._surroundings = _nursery(run.surroundings, self._log), run.surroundings
        nursery = self._nursery
        assert nursery is not None and nursery.stdin is not None and nursery.stdout is not None
        asked = {"item": asdict(run.item), "who": run.who, "seed": run.seed, "draws": run.surroundings.draws}
        nursery.stdin.write(json.dumps(asked).encode() + b"\n")
        nursery.stdin.flush()
        answer: dict[str, Any] = json.loads(nursery.stdout.readline())
        return answer

    def stop(self) -> None:
        """End the nursery, and what it is measuring."""
        nursery, self._nursery, self._surroundings = self._nursery, None, None
        if nursery is not None:
            with suppress(ProcessLookupError):
                os.killpg(nursery.pid, signal.SIGKILL)
            nursery.wait()


def _nursery(surroundings: Surroundings, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "autograder.authoring.calibrate.nursery"]
    with log.open("ab") as words:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=words,
            cwd=ROOT,
            env={**os.environ, **surroundings.variables},
            start_new_session=True,  # a group of its own, so that a run ends with it
        )
