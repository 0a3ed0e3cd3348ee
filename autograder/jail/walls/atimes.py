"""Leave nothing to be told by when a file was read last: two confined processes see the same files of this machine.

A file that nobody has read for a day tells whoever asks that it is read now: one bit from one submission to the next,
and there are thousands of files. So each is read before any of them runs. The kernel notes the next time a day later
only (``relatime``, the default of every distribution), and not at all with ``noatime``.
"""

from __future__ import annotations

import mmap
import os
import stat
import time
from collections.abc import Iterable
from contextlib import suppress

from autograder.jail.walls.namespaces import outermost

LASTS = 24 * 3600  # seconds for which the kernel lets a time stand
RECENT = LASTS / 2
NO_ATIME = getattr(os, "ST_NOATIME", 1024)


def settle(paths: Iterable[str]) -> float:
    """Read whatever lies below ``paths`` and was not read lately; returns when that has to be done again."""
    start = time.time()
    for path in outermost(map(os.path.realpath, paths)):
        try:
            if not os.statvfs(path).f_flag & (NO_ATIME | os.ST_RDONLY):
                _settle(path, os.stat(path), start)
        except OSError:
            continue  # what we may not read, they may not
    return start + RECENT


def _settle(path: str, status: os.stat_result, start: float) -> None:
    """Read a file, or a folder after all that lies in it."""
    if stat.S_ISDIR(status.st_mode):
        with os.scandir(path) as entries:
            for entry in entries:
                with suppress(OSError):
                    _settle(entry.path, entry.stat(follow_symlinks=False), start)
    if not _stands(status, start):
        _touch(path, status)


def _stands(status: os.stat_result, now: float) -> bool:
    """Whether the kernel leaves the time as it is when the file is read."""
    return status.st_atime > max(status.st_mtime, status.st_ctime, now - RECENT)


def _touch(path: str, status: os.stat_result) -> None:
    """Have the kernel note that a file was read; nothing of it need come from the disk for that."""
    if stat.S_ISLNK(status.st_mode):
        os.readlink(path)
    elif stat.S_ISDIR(status.st_mode):
        os.listdir(path)
    elif stat.S_ISREG(status.st_mode):
        with open(path, "rb", buffering=0) as file:
            if status.st_size:
                mmap.mmap(file.fileno(), 1, prot=mmap.PROT_READ).close()
            else:
                file.read(1)
