"""Watch a function that runs in a student's notebook: say when it takes long, stop it before the memory is full.

Ships to students as it is. The grader has limits of its own, which count work; here a person waits.
"""

from __future__ import annotations

import _thread
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SLOW = 10.0  # seconds; public cases take a moment
ROOM = 2 * 2**30  # bytes that a public case may take beyond what the notebook has already
LOOK = 0.1  # seconds from one look to the next: a list grows by less than 100 MB in it


class TooLarge(Exception):
    """The function was stopped because of the memory it took; the message says how much."""


@contextmanager
def watched(slow: Callable[[], None], after: float, room: int) -> Iterator[None]:
    """Run a block, in the main thread, under watch.

    Args:
        slow: called once from another thread when the block still runs after so many seconds.

    Raises:
        TooLarge: when it has taken more than ``room`` bytes. An interrupt from outside stays ``KeyboardInterrupt``.
    """
    done, grown = threading.Event(), [0]
    thread = threading.Thread(target=_watch, args=(done, grown, slow, after, room), daemon=True)
    if threading.current_thread() is not threading.main_thread() or not _started(thread):
        yield
        return
    try:
        yield
    except KeyboardInterrupt:
        if grown[0]:
            raise TooLarge(f"{grown[0] / 2**30:.1f} GB of memory") from None
        raise
    finally:
        done.set()


def _started(thread: threading.Thread) -> bool:
    """Whether a thread runs now: in a browser Python has none, and only a restart of the kernel stops a function."""
    try:
        thread.start()
    except RuntimeError:
        return False
    return True


def _watch(done: threading.Event, grown: list[int], slow: Callable[[], None], after: float, room: int) -> None:
    started, before, told = time.monotonic(), memory(), False
    while not done.wait(LOOK):
        if not told and time.monotonic() - started >= after:
            told = True
            slow()
        if memory() - before > room:
            grown[0] = memory() - before
            _thread.interrupt_main()
            done.wait(1.0)  # code that catches everything is interrupted again


def memory() -> int:
    """Bytes that this process holds; 0 where nobody can tell."""
    try:
        import psutil  # noqa: PLC0415 - comes with Jupyter; without it there is one more place to look

        return int(psutil.Process().memory_info().rss)
    except ImportError:
        pass
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, AttributeError, ValueError):
        return 0
