"""What a scale would do, before it is done: units, steps, and an estimate of the time."""

from __future__ import annotations

from collections.abc import Sequence

from autograder.authoring.reproducing.running import units_of
from autograder.course.experiments import Row, Scale
from coursekit.tracking import duration


def plan(rows: Sequence[Row], scale: Scale, jobs: int) -> list[str]:
    """A line for each row, what it shares with earlier ones left out, and a sum.

    The estimates rest on measurements on one core of an ordinary processor; a graphics card is far faster.
    """
    lines = [f"{'row':<14}{'units':>6}{'steps':>10}{'one core':>16}   which (only what no earlier row has done)"]
    seen: set[str] = set()
    for row in rows:
        new = [unit for unit in units_of([row], scale) if unit.key({}) not in seen]
        seen |= {unit.key({}) for unit in new}
        names = dict.fromkeys(unit.name for unit in new)
        counted = [f"{sum(u.name == name for u in new)} × {name}" for name in names]
        seconds = sum(unit.seconds for unit in new)
        steps = sum(unit.steps for unit in new)
        lines.append(f"{row.name:<14}{len(new):>6}{steps:>10,}{_time(seconds):>16}   {'; '.join(counted) or 'shared'}")
    units = units_of(rows, scale)
    seconds = sum(unit.seconds for unit in units)
    of_all = f"{'all':<14}{len(units):>6}{sum(unit.steps for unit in units):>10,}{_time(seconds):>16}"
    lines.append(f"{of_all}   about {_time(max(seconds / jobs, max(u.seconds for u in units)))} with {jobs} at a time")
    return lines


def _time(seconds: float) -> str:
    return f"{seconds / 3600:,.1f} h" if seconds > 5400 else duration(seconds)
