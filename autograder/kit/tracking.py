"""Count along while an experiment runs: how far it is and how long it will take; ships to students as it is.

    >>> [step for step in track(range(3), "steps")]
    [0, 1, 2]

A loop inside a loop shows in the same line: one line for each experiment, rewritten as it goes on.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from coursekit.kernel.cellwise import find_shell

Item = TypeVar("Item")
PATIENCE = 2.0  # seconds that need no words
PAUSE = 0.5  # seconds from one line to the next
SURE = 0.05  # of the work, after which its own speed tells more than an announcement


@dataclass(eq=False)
class _Bar:
    what: str
    total: int
    seconds: float  # as announced; 0 for unknown
    cell: int
    done: int = 0
    started: float = field(default_factory=time.monotonic)
    shown: float = 0.0  # when the line was last written
    handle: Any = None


_running: list[_Bar] = []  # the loops of one cell, the outermost first


def track(items: Collection[Item], what: str, minutes: float = 0) -> Iterator[Item]:
    """Go through items and show how far it is.

    Args:
        items: a collection with a length.
        what: what is counted, in the plural: "steps", "runs".
        minutes: how long all of it takes on two cores; announced before the first item.
    """
    cell = getattr(find_shell(), "execution_count", 0)
    _running[:] = [bar for bar in _running if bar.cell == cell]  # of a cell that ended in an error, some are left
    bar = _Bar(what, len(items), 60 * minutes, cell)
    _running.append(bar)
    _show(_running[0])
    try:
        for item in items:
            yield item
            bar.done += 1
            _show(_running[0])
    finally:
        outermost = _running and _running[0] is bar
        if bar in _running:
            del _running[_running.index(bar) :]
        if outermost and bar.handle is not None:
            _write(bar, f"{what}: {bar.done} of {bar.total} in {duration(time.monotonic() - bar.started)}")


def _show(bar: _Bar) -> None:
    now = time.monotonic()
    if now - bar.shown < PAUSE or (not bar.seconds and now - bar.started < PATIENCE):
        return
    bar.shown = now
    done = _fraction(_running)
    counts = " · ".join(f"{one.what}: {one.done} of {one.total}" for one in _running)
    left = bar.seconds * (1 - done)
    if done > (SURE if bar.seconds else 0):
        left = (now - bar.started) * (1 / done - 1)
    if not bar.done and len(_running) == 1 and bar.seconds:
        text = f"{bar.total} {bar.what}: about {duration(bar.seconds)} on two cores"
    else:
        text = counts + (f" · about {duration(left)} left" if left else "")
    _write(bar, text)


def _fraction(bars: list[_Bar]) -> float:
    """How much of the outermost loop is done, the inner ones counted in."""
    inner = _fraction(bars[1:]) if len(bars) > 1 else 0.0
    return (bars[0].done + inner) / max(bars[0].total, 1)


class _Line:
    """Text that a notebook shows without quotes."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _write(bar: _Bar, text: str) -> None:
    if find_shell() is None:
        return
    from IPython.display import display  # noqa: PLC0415 - there is a shell

    if bar.handle is None:
        bar.handle = display(_Line(text), display_id=True)
    else:
        bar.handle.update(_Line(text))


def duration(seconds: float) -> str:
    """Seconds in words: ``40 s``, ``2 min``, ``2 min 30 s``.

    >>> duration(150)
    '2 min 30 s'
    """
    whole = round(seconds) if seconds < 60 else round(seconds / 10) * 10
    minutes, rest = divmod(whole, 60)
    return " ".join([f"{minutes} min"] * bool(minutes) + [f"{rest} s"] * bool(rest or not minutes))
