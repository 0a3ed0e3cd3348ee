"""Which submission is written next: the first one that is judged, so that nobody waits for somebody else's limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")
ROOM = 2  # for each job: what is at work, and what waits to be written; more would only fill the memory


class Ahead(Generic[T, R]):
    """Does some work with items ahead of whoever takes the results, so many at the same time.

    One that takes long keeps its own place, and no other: results come as they are done, of those that are done in the
    items' order. However many items there are, only ``ROOM`` for each job are at work or wait to be taken.

    Args:
        jobs: at the same time, each in a thread; may be changed until the first begins.
        work: what is to be done with an item.
    """

    def __init__(self, jobs: int, work: Callable[[T], R]) -> None:
        self.jobs, self._work = jobs, work
        self._pool: ThreadPoolExecutor | None = None
        self._waiting: Iterator[T] = iter(())
        self._pending: dict[T, Future[R]] = {}
        self._taken: Future[R] | None = None

    def begin(self, items: Iterable[T]) -> None:
        """Start with the first of them."""
        self._waiting = iter(items)
        self._pool = ThreadPoolExecutor(self.jobs, thread_name_prefix="grade")
        self._fill(self._pool)

    @property
    def over(self) -> bool:
        """Whether every item has been taken."""
        return not self._pending

    def take(self, seconds: float) -> T | None:
        """Go on to an item whose work is done; None where none is within so many seconds."""
        done, _ = wait(self._pending.values(), seconds, FIRST_COMPLETED)
        item = next((item for item, work in self._pending.items() if work in done), None)
        if item is not None:
            self._taken = self._pending.pop(item)
            assert self._pool is not None
            self._fill(self._pool)
        return item

    @property
    def result(self) -> R:
        """What has come of the item taken last; raises what its work raised."""
        if self._taken is None:
            raise LookupError("no item has been taken")
        return self._taken.result()

    @property
    def problem(self) -> BaseException | None:
        """What the work on the item taken last has raised."""
        return self._taken.exception() if self._taken is not None else None

    def close(self) -> None:
        """Finish what is at work, and begin with nothing else."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _fill(self, pool: ThreadPoolExecutor) -> None:
        while len(self._pending) < ROOM * self.jobs:
            try:
                item = next(self._waiting)
            except StopIteration:
                return
            self._pending[item] = pool.submit(self._work, item)
