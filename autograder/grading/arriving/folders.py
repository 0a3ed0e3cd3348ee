"""Files and folders under names that a student chose: opened, made and moved relative to open folders, never by a link.

A path such as ``submitted/ada/a1/up/loot`` is walked by the kernel, which follows whatever links lie on the way. Here
nothing is walked: each step is one name inside a folder that is open already, and a link at that name is only a link.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe without a writer would block for ever

KINDS = {
    stat.S_IFREG: "a regular file",
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


class Refused(Exception):
    """Something else lies under a name than expected; the message says what, e.g. ``a symbolic link``."""


class TooLarge(Refused):
    """A file with more bytes than its reader takes; the message says how many."""


@contextmanager
def opened(name: str, parent: int | None = None) -> Iterator[int]:
    """Open a folder for the length of a ``with`` block; a link in its place raises ``OSError``."""
    descriptor = os.open(name, FOLDER, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def kind(parent: int, name: str) -> str:
    """What lies under a name, in words; "" for nothing."""
    try:
        status = os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return ""
    if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
        return f"a file with {status.st_nlink} names (a hard link); copy it to a file of its own"
    return KINDS.get(stat.S_IFMT(status.st_mode), "a device")


def names(folder: int, most: int) -> list[str]:
    """The names in an open folder, sorted; never more than ``most`` + 1 of them, however many there are."""
    found: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            found.append(entry.name)
            if len(found) > most:
                break
    return sorted(found)


def read_file(parent: int, name: str, most: int) -> bytes:
    """Read a regular file of at most ``most`` bytes.

    Raises:
        FileNotFoundError: when there is nothing of this name.
        Refused: when it is no regular file or has several names; TooLarge when it is larger.
        OSError: when it cannot be opened.
    """
    found = kind(parent, name)
    if not found:
        raise FileNotFoundError(name)
    if found != KINDS[stat.S_IFREG]:
        raise Refused(found)
    descriptor = os.open(name, os.O_RDONLY | FILE, dir_fd=parent)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Refused("a file that changed while it was read")
        if status.st_size > most:
            raise TooLarge(f"{status.st_size / 2**20:.3g} MB")
        return file.read(most)


def write_file(parent: int, name: str, data: bytes) -> None:
    """Write a new file; one that exists, or a link, raises ``FileExistsError``."""
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | FILE, 0o644, dir_fd=parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def unlock(parent: int, name: str) -> None:
    """Give the owner, us, back what the owner of a file or folder may do; archives carry odd permissions."""
    descriptor = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        status = os.fstat(descriptor)
        wanted = 0o700 if stat.S_ISDIR(status.st_mode) else 0o400
        ours = stat.S_ISDIR(status.st_mode) or (stat.S_ISREG(status.st_mode) and status.st_nlink == 1)
        if ours and status.st_mode & wanted != wanted and status.st_uid == os.geteuid():
            os.chmod(f"/proc/self/fd/{descriptor}", stat.S_IMODE(status.st_mode) | wanted)
    finally:
        os.close(descriptor)


def move(name: str, parent: int, target: int, new: str = "") -> None:
    """Move what lies under a name, whole and unread, into an open folder where its name, or its new one, is free."""
    try:
        os.rename(name, new or name, src_dir_fd=parent, dst_dir_fd=target)
    except PermissionError:
        unlock(parent, name)  # to move a folder, one must be allowed to write in it
        os.rename(name, new or name, src_dir_fd=parent, dst_dir_fd=target)


def open_own(name: str, parent: int) -> int:
    """Open a folder of ours, made where there is none; whatever else has its name is moved out of the way."""
    for _ in range(2):
        with suppress(FileExistsError):  # the usual case
            os.mkdir(name, 0o700, dir_fd=parent)
        if kind(parent, name) == KINDS[stat.S_IFDIR]:
            break
        spare = next(new for n in range(1, 10_000) if not kind(parent, new := f"{name}.{n}"))
        os.rename(name, spare, src_dir_fd=parent, dst_dir_fd=parent)
    return os.open(name, FOLDER, dir_fd=parent)


def open_fresh(parent: int) -> int:
    """Make and open a new, empty folder with the next free number for a name."""
    for number in range(1, 100_000):
        try:
            os.mkdir(name := f"{number:04d}", 0o700, dir_fd=parent)
        except FileExistsError:
            continue  # also when it is a link
        return os.open(name, FOLDER, dir_fd=parent)
    raise FileExistsError("no number is free")
