"""Work in another process, one piece after another, that goes on when a piece hangs the process or kills it."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from autograder.authoring.doctor.workers import fork_server

WALL_SECONDS = 900.0  # for a piece that sleeps: far more than one takes on a machine that is eight times overloaded
MORE_MEMORY = 6 << 30  # bytes of addresses for all pieces together, above what the process begins with
DIED = "ended its process"

Worker = Callable[[int], str]  # does one piece, by its number, and says in words what came of it


def outlast(begin: Callable[..., Worker], task: tuple[Any, ...], count: int, cpu_seconds: int = 60) -> Iterator[str]:
    """What came of each of ``count`` pieces, in order; ``DIED`` for one that took its process with it.

    Args:
        begin: makes the worker from the task, in a fresh process; a function of a module.
        task: its arguments.
        cpu_seconds: for one piece.

    Raises:
        RuntimeError: when a process does not get as far as its first piece.
    """
    done = 0
    while done < count:
        ours, theirs = fork_server().Pipe()
        process = fork_server().Process(target=_work, args=(theirs, begin, task, range(done, count), cpu_seconds))
        process.start()
        theirs.close()
        said = list[str]()
        try:
            for words in _heard(ours):
                if said:
                    yield words
                said.append(words)
        finally:
            process.kill()
            process.join()
        if not said:
            raise RuntimeError(f"{begin.__name__}{task!r}: the process ended before its first piece")
        done += len(said) - 1
        if done < count:
            yield DIED
            done += 1


def _heard(connection: Connection) -> Iterator[str]:
    """First an empty greeting, then the words for each piece, until the other side ends or keeps silent."""
    try:
        while connection.poll(WALL_SECONDS):
            yield connection.recv()
    except EOFError:
        pass


def _work(
    connection: Connection,
    begin: Callable[..., Worker],
    task: tuple[Any, ...],
    numbers: Iterable[int],
    cpu_seconds: int,
) -> None:
    work = begin(*task)
    connection.send("")
    allow = partial(resource.setrlimit, resource.RLIMIT_AS)
    allow((_addresses() + MORE_MEMORY, resource.RLIM_INFINITY))
    for number in numbers:
        used = resource.getrusage(resource.RUSAGE_SELF)
        end = int(used.ru_utime + used.ru_stime) + cpu_seconds
        resource.setrlimit(resource.RLIMIT_CPU, (end, resource.RLIM_INFINITY))
        connection.send(work(number))


def _addresses() -> int:
    """The size of this process's address space, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
