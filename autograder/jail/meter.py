"""How much a process works, whatever else the machine is doing: its processor time, and the time that it sleeps away.

A clock on the wall would charge a process for its neighbours. Here, time in which it waits for a processor or for the
disk costs nothing; only whoever could have run and slept instead is charged for that, so that sleepers end, too.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autograder.jail.wire import PAUSE

BACKSTOP = 40  # the wall clock may show this many times an allowance: a machine with eight busy processes a core
LEAST_BACKSTOP = 300.0  # seconds; a fork or a page from a swapped disk has its own price
AGAIN = 0.1  # seconds of work after which a function that caught the first call to stop hears the next
PER_PROCESS_CLOCK = 2  # CPUCLOCK_SCHED in the kernel's numbering of clocks: all threads, those that ended too


def cpu_seconds(pid: int) -> float | None:
    """Processor time that a process has used, all its threads together; None when it is gone."""
    try:
        return time.clock_gettime((~pid << 3) | PER_PROCESS_CLOCK)
    except OSError:
        return None


def is_asleep(pid: int) -> bool:
    """Whether every thread waits for something that is neither a processor nor the disk; one that ended wants none."""
    try:
        states = [_state(task) for task in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return False  # it is gone
    return bool(states) and not set(states) & set("RD")


def _state(task: Path) -> str:
    try:
        return (task / "stat").read_text().rpartition(") ")[2][0]
    except OSError:
        return "S"  # a thread that ended while we looked


class Allowance:
    """Seconds of work that a process may spend on one request.

    Args:
        pid: the process.
        seconds: what it may spend.
        sleep_counts: False for a process that may wait for others.
    """

    def __init__(self, pid: int, seconds: float, *, sleep_counts: bool = True) -> None:
        self.seconds = seconds
        self.idle = 0.0  # slept, or charged for what others did on its behalf
        self._pid, self._sleep_counts = pid, sleep_counts
        self._start = self._now = cpu_seconds(pid) or 0.0
        self._end = time.monotonic() + max(LEAST_BACKSTOP, BACKSTOP * seconds)

    @property
    def used(self) -> float:
        """Seconds spent so far."""
        self._now = cpu_seconds(self._pid) or self._now
        return self._now - self._start + self.idle

    @property
    def left(self) -> float:
        return self.seconds - self.used

    @property
    def starved(self) -> bool:
        """Whether far more time has gone by than it was given the processors for."""
        return time.monotonic() > self._end

    def charge(self, seconds: float) -> None:
        """Charge what another process did because this one asked for it."""
        self.idle += seconds

    def look(self) -> None:
        """Look once, ``wire.PAUSE`` seconds after the last time: a process found asleep has slept all the while."""
        if self._sleep_counts and is_asleep(self._pid):
            self.idle += PAUSE


class TooMuchWork(BaseException):
    """This process has used the processor time that a request was worth; no ``except Exception`` swallows it."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Stop what this process does inside after so much processor time.

    Only the main thread can be stopped. What runs in another is left to whoever watches from outside.

    Raises:
        TooMuchWork: when the time is up.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise TooMuchWork

    before = signal.signal(signal.SIGPROF, stop)
    try:
        try:
            signal.setitimer(signal.ITIMER_PROF, max(seconds, 1e-3), AGAIN)
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    finally:  # twice: the signal may have come between the end of the work and the line above
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
