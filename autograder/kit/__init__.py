"""What a notebook of the course needs beside it; ships to students as it is.

``from coursekit import check, progress``: the one runs a function on its public cases, the other says how far the
notebook is. ``coursekit.data`` has the images, ``coursekit.drawing`` the figures, ``coursekit.tracking`` the time that
is left.
"""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    if name in ("check", "progress"):  # of the one assignment that a release is for
        from coursekit.assignment.checks import check  # type: ignore[import-not-found] # noqa: PLC0415 - a release's

        return check if name == "check" else check.progress
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
