"""What a student's process may use, and the ways in which it can come to an end."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds of one submission's process. Seconds are seconds of work: see ``meter.py``.

    Nothing has a default here: what a course does not say, ``course/config.py`` does.

    Args:
        cell_seconds: of one cell.
        call_seconds: of one call.
        submission_seconds: of everything that a submission does for its points.
        own_seconds: of the cells that the student added, all together.
        judge_seconds: that the judge may work on one exercise; its work is nobody's debt until it passes this.
        memory_mb: MiB of memory beyond what the warm imports occupy.
        judge_memory_mb: the same of the judge's own process.
        disk_mb: MiB of files in the scratch folder.
        output_kb: KiB of output kept from one cell.
    """

    cell_seconds: float
    call_seconds: float
    submission_seconds: float
    own_seconds: float
    judge_seconds: float
    memory_mb: int
    judge_memory_mb: int
    disk_mb: int
    output_kb: int

    @classmethod
    def of_task(cls, seconds: float, memory_mb: int, disk_mb: int) -> Limits:
        """Those of a process that does one thing for us: it runs no cells, and nobody judges it."""
        return cls(seconds, seconds, seconds, 0, 0, memory_mb, 0, disk_mb, 0)

    @property
    def process_seconds(self) -> float:
        """Of one process, whatever it does."""
        return self.submission_seconds + self.own_seconds

    @property
    def whole_submission(self) -> str:
        """How the limit of everything together is named."""
        return f"time limit of {self.submission_seconds:g} s for the whole submission"

    @property
    def own_cells(self) -> str:
        """How the limit of the student's own cells is named."""
        return f"time limit of {self.own_seconds:g} s for the cells that you added"


class Died(Exception):
    """A process is gone; the message says why in words that a student understands.

    Args:
        by_limit: whether a limit ended it, and no fault and no wish of its own.
        killed: whether it was killed, and not by us: a machine without memory does that, or a person.
    """

    def __init__(self, message: str, by_limit: bool = False, killed: bool = False) -> None:
        super().__init__(message)
        self.by_limit, self.killed = by_limit, killed


class JailUnavailable(RuntimeError):
    """This machine cannot confine a process as asked, or the warm server does not start: nothing may be graded."""


class Lost(JailUnavailable):
    """A process went with its warm server, or was killed before it ran a line: nobody's fault, and there are others."""


class Starved(JailUnavailable):
    """A process had no chance to use what it is allowed: the machine was too busy. No verdict may rest on that."""
