"""One process that does units of work: it goes on where another was killed, and ends when its parent does."""

from __future__ import annotations

import gc
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from autograder.authoring.reproducing.store import Store
from autograder.authoring.reproducing.surroundings import Surroundings
from autograder.course.experiments import Images, Result, Unit
from coursekit.data import Data
from coursekit.kernel.quiet import no_greetings

TELL_EVERY = 0.5  # seconds between two words about how far a unit is
SECONDS = "seconds so far"


@dataclass(frozen=True)
class Place:
    """Where a process works: the course's folder, the store, data and backend, and how often states are saved."""

    root: Path
    store: Store
    surroundings: Surroundings
    save_every: float


class Saving:
    """The work around a running unit; see ``autograder.course.experiments.Work``."""

    def __init__(self, place: Place, key: str, given: Sequence[Result], tell: Callable[[str, float], None]) -> None:
        self.given = given
        self._place, self._key, self._tell = place, key, tell
        self._half = place.store.half(key)
        self._began = time.monotonic()
        if self._half is not None:
            self._began -= self._half.values[SECONDS]
        self._saved = self._told = time.monotonic()

    def saved(self) -> Result | None:
        return self._half

    def save(self, state: Callable[[], Result]) -> None:
        if time.monotonic() - self._saved >= self._place.save_every:
            found = state()
            values = {**found.values, SECONDS: self.seconds()}
            self._place.store.save_half(self._key, Result(values, found.arrays))
            self._saved = time.monotonic()

    def tell(self, share: float) -> None:
        if time.monotonic() - self._told >= TELL_EVERY:
            self._tell(self._key, share)
            self._told = time.monotonic()

    def seconds(self) -> float:
        """How long the unit has taken, in all runs."""
        return time.monotonic() - self._began


_place: Place
_words: Any


def begin(place: Place, words: Any, parent: int) -> None:
    """Prepare a process.

    Args:
        words: a queue for (key, share done).
        parent: the process without which this one has nothing to do.
    """
    global _place, _words
    _place, _words = place, words
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    with no_greetings():
        import keras  # noqa: F401, PLC0415 - after the number of threads is set
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # many networks are traced; no warning about it helps


def _end_with(parent: int) -> None:
    """A run that was killed must not go on writing while its successor works."""
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(1)


@lru_cache(maxsize=2)
def _data(surroundings: Surroundings, images: Images) -> Data:
    return surroundings.load(images)


def do(unit: Unit) -> str:
    """Do one unit of work and store what it found; its key."""
    import keras  # noqa: PLC0415

    place = _place
    key = place.surroundings.key(unit)
    given = [place.store.result(place.surroundings.key(need)) for need in unit.needs]
    work = Saving(place, key, given, lambda key, share: _words.put((key, share)))
    data = _data(place.surroundings, unit.images) if unit.images else None
    keras.backend.clear_session()
    found = unit.run(unit.recipe, data, unit.seed, work)
    facts = {"name": unit.name, **unit.facts(), **place.surroundings.facts(place.root, unit)}
    place.store.finish(key, found, {**facts, "seconds": round(work.seconds(), 2)})
    gc.collect()
    return key
