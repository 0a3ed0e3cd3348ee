"""Do what is left of some rows' work, in several processes, and show how far it is."""

from __future__ import annotations

import os
import queue
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from typing import Any

from autograder.authoring.reproducing.working import Place, begin, do
from autograder.course.experiments import Row, Scale, Unit

LOOK_EVERY = 0.3  # seconds
Show = Callable[[float, float, str], None]  # seconds of work done, seconds in all, which units are running


def units_of(rows: Iterable[Row], scale: Scale) -> list[Unit]:
    """The work of some rows, each unit once, and none before those that it needs."""
    found: dict[str, Unit] = {}

    def add(unit: Unit) -> None:
        for need in unit.needs:
            add(need)
        found.setdefault(unit.key({}), unit)

    for row in rows:
        for unit in row.units(scale):
            add(unit)
    return list(found.values())


def run_units(
    units: Sequence[Unit], place: Place, jobs: int, show: Show, say: Callable[[str], None]
) -> dict[str, BaseException]:
    """Do every unit that is not finished; the longest first, none before those that it needs.

    Args:
        jobs: processes at the same time.
        show: told how far the work is.
        say: told in a line when a unit is finished or has failed.

    Returns:
        What went wrong, by the unit's key; units that need such a one are among them.
    """
    keyed = {place.surroundings.key(unit): unit for unit in units}
    done = {key for key in keyed if place.store.finished(key)}
    failed: dict[str, BaseException] = {}
    shares: dict[str, float] = {}
    total = sum(unit.seconds for unit in keyed.values())
    if len(done) == len(keyed):
        return failed
    context = get_context("spawn")  # a fork would copy a backend that is at work
    words = context.Queue()
    arguments = (place, words, os.getpid())
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=begin, initargs=arguments) as pool:
        running: dict[Future[str], str] = {}
        while len(done) + len(failed) < len(keyed):
            for key in _ready(keyed, done, set(running.values()), failed, place)[: max(0, jobs - len(running))]:
                running[pool.submit(do, keyed[key])] = key
            ended, _ = wait(running, timeout=LOOK_EVERY, return_when=FIRST_COMPLETED)
            for future in ended:
                key = running.pop(future)
                error = future.exception()
                if error is None:
                    done.add(key)
                    seconds = place.store.facts(key)["seconds"]
                    say(f"{len(done)} of {len(keyed)}: {keyed[key].name}, seed {keyed[key].seed}, {seconds:.0f} s")
                else:
                    failed[key] = error
                    say(f"failed: {keyed[key].name}, seed {keyed[key].seed}: {type(error).__name__}: {error}")
            _hear(words, shares)
            now = [shares.get(key, 0.0) * keyed[key].seconds for key in running.values()]
            behind = sum(keyed[key].seconds for key in (*done, *failed))
            show(behind + sum(now), total, " · ".join(keyed[key].name for key in running.values()))
    return failed


def _ready(
    keyed: dict[str, Unit], done: set[str], running: set[str], failed: dict[str, BaseException], place: Place
) -> list[str]:
    """What can begin now, the longest first. What needs a failed unit has failed, too."""
    found = []
    for key, unit in keyed.items():
        if key in done or key in running or key in failed:
            continue
        needs = {place.surroundings.key(need) for need in unit.needs}
        if broken := needs & set(failed):
            failed[key] = failed[broken.pop()]
        elif needs <= done:
            found.append(key)
    return sorted(found, key=lambda key: -keyed[key].seconds)


def _hear(words: Any, shares: dict[str, float]) -> None:
    """Take what the processes have said from their queue."""
    while True:
        try:
            key, share = words.get_nowait()
        except queue.Empty:
            return
        shares[key] = share
