"""What a child uses, seen by the warm server that forked it: from the fork to the end, whatever anybody else does."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from autograder.jail.limits import Limits
from autograder.jail.meter import cpu_seconds

LOOK_SECONDS = 0.03  # between two looks
DISK_SHARE = 10  # a look through the folders may take one part in so many of our time
MAX_THREADS = 256
MAX_FILES = 5_000
CLOCK_STEP = 0.05  # beyond the steps in which file systems note the time, in seconds
MAX_MAPPED = 4  # deleted files that are only mapped: how much of the disk each takes cannot be seen
KIB = 1024
MIB = 1 << 20
STATUS = re.compile(r"^(RssAnon|RssShmem|Threads):\s*(\d+)", re.MULTILINE)
BLOCK = 512  # st_blocks counts in these, whatever the file system


class Watch:
    """Holds a child against its limits.

    Args:
        pid: the child, just forked: its memory now is what the warm imports occupy.
        scratch: its folder.
        limits: what it may use.
        disk: whether the folder lies on a disk that others use too; a file system of its own has its own size.
        stranger: whether code runs in it that we did not write; ours hides no files.
    """

    def __init__(self, pid: int, scratch: Path, limits: Limits, disk: bool, *, stranger: bool = True) -> None:
        self._pid, self._scratch, self._limits, self._disk, self._stranger = pid, scratch, limits, disk, stranger
        self._baseline = own_memory(pid)[0]
        self._next_disk = 0.0
        self._changed = -1.0  # when some folder had last changed, at the last look at what is mapped

    def problem(self, *, thorough: bool = False) -> str:
        """The limit that the child exceeds, in words that a student understands; "" when it keeps them all.

        Args:
            thorough: look through the folders, too, however recently that was done.
        """
        memory, threads = own_memory(self._pid)
        limits = self._limits
        if memory - self._baseline > limits.memory_mb * KIB:
            return f"memory limit of {limits.memory_mb} MiB"
        if threads > MAX_THREADS:
            return f"limit of {MAX_THREADS} threads"
        if (cpu_seconds(self._pid) or 0.0) > limits.process_seconds:
            return limits.whole_submission
        due = thorough or time.monotonic() >= self._next_disk
        if self._disk and due and not self._disk_is_fine(thorough):
            return f"disk limit of {limits.disk_mb} MiB"
        return ""

    def _disk_is_fine(self, thorough: bool) -> bool:
        """Whether the scratch folder and the process's unnamed files stay within the limit.

        To list what a process has mapped takes milliseconds, more than most requests: after a request it is done where
        a folder has changed, as it does when a file comes or goes. What that misses, the next look in between finds.
        """
        used, start, changed = 0, time.monotonic(), _changed(self._scratch)
        for number, status in enumerate(_file_statuses(self._scratch, self._pid)):
            used += status.st_blocks * BLOCK if status else 0
            if status is None or used > self._limits.disk_mb * MIB or number >= MAX_FILES:
                return False
            if stat.S_ISDIR(status.st_mode):
                changed = max(changed, status.st_ctime)
        listed = self._stranger and (not thorough or changed != self._changed)
        if listed and len(_mapped_deleted(self._scratch, self._pid)) > MAX_MAPPED:
            return False
        self._changed = changed if time.time() - changed > CLOCK_STEP else -1.0
        self._next_disk = start + DISK_SHARE * (time.monotonic() - start)
        return True


def _changed(folder: Path) -> float:
    try:
        return folder.stat().st_ctime
    except OSError:
        return 0.0  # it has just ended


def _file_statuses(folder: Path, pid: int) -> Iterator[os.stat_result | None]:
    """The files below ``folder`` and the deleted ones that the process holds open; None for what cannot be read.

    Names too long and folders without permission are no accidents: only someone hiding files makes them.
    """
    pending = [str(folder)]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISDIR(status.st_mode):
                        pending.append(entry.path)
                    yield status
        except FileNotFoundError:
            continue  # removed while we looked
        except OSError:
            yield None
    living = living_thread(pid)
    try:
        descriptors = os.listdir(f"{living}/fd")
    except OSError:
        return  # it has just ended
    for number in descriptors:
        try:
            status = os.stat(f"{living}/fd/{number}")
        except OSError:
            continue  # closed while we looked
        if status.st_nlink == 0 and stat.S_ISREG(status.st_mode):
            yield status


def _mapped_deleted(folder: Path, pid: int) -> set[str]:
    """The deleted files of ``folder`` that the process has mapped: they need no descriptor to be there."""
    try:
        text = Path(living_thread(pid), "maps").read_bytes()
    except OSError:
        return set()  # it has just ended
    if b" (deleted)\n" not in text:
        return set()
    lines = text.decode(errors="replace").splitlines()
    fields = [line.split(maxsplit=5) for line in lines if line.endswith(" (deleted)")]
    return {words[4] for words in fields if words[5].startswith(f"{folder}/")}


def living_thread(pid: int) -> str:
    """Where a process's memory and files are told: with the first thread that still runs.

    All threads have the same; but a main thread may end before the others, and nothing is told with it then.
    """
    try:
        threads = sorted(os.listdir(f"/proc/{pid}/task"), key=lambda thread: (int(thread) != pid, int(thread)))
        return next(f"/proc/{pid}/task/{thread}" for thread in threads if _has_memory(f"/proc/{pid}/task/{thread}"))
    except (OSError, StopIteration):
        return f"/proc/{pid}"  # it is gone, or just ended


def _has_memory(thread: str) -> bool:
    try:
        return Path(thread, "statm").read_bytes()[:2] != b"0 "
    except OSError:
        return False


def own_memory(pid: int) -> tuple[int, int]:
    """KiB of memory that no file backs, and the number of threads; zeros when the process is gone.

    Pages of libraries do not count: they are shared with everybody and appear as they are first touched.
    """
    told = _told(f"/proc/{pid}")
    if "RssAnon" not in told:  # its main thread may have ended before the others
        told = _told(living_thread(pid))
    return int(told.get("RssAnon", 0)) + int(told.get("RssShmem", 0)), int(told.get("Threads", 0))


def _told(folder: str) -> dict[str, str]:
    """What the kernel tells of memory and threads. A judge asks it at every answer: no ``Path``, no decoding twice."""
    try:
        with open(f"{folder}/status", encoding="ascii", errors="replace") as file:
            return dict(STATUS.findall(file.read()))
    except OSError:
        return {}
