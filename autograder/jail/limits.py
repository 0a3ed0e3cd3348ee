"""What a student's process may use, and the ways in which it can come to an end."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds of one submission's process.

    Args:
        cell_seconds: wall-clock time of one cell.
        call_seconds: wall-clock time of one call.
        submission_seconds: wall-clock time of everything that a submission does.
        memory_mb: MiB of memory beyond what the warm imports occupy.
        disk_mb: MiB of files in the scratch folder.
        output_kb: KiB of output kept from one cell.
    """

    cell_seconds: float = 60
    call_seconds: float = 20
    submission_seconds: float = 600
    memory_mb: int = 2048
    disk_mb: int = 64
    output_kb: int = 512


class Died(Exception):
    """A process is gone; the message says why in words that a student understands."""


class JailUnavailable(RuntimeError):
    """This machine cannot confine a process as asked, or the warm server does not start: nothing may be graded."""
