"""Make new folders beside the old ones, and swap: whoever looks sees all of the old one or all of the new one.

Whatever goes wrong before the swap (a slip in a notebook, a full disk, a kill) leaves the old folders as they were.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from autograder.course.config import CourseError

SCRATCH = ".beside"  # in nbgrader's root; nbgrader does not look at names that begin with a dot
AT_FDCWD, RENAME_EXCHANGE = -100, 2


@contextmanager
def beside(root: Path) -> Iterator[Path]:
    """Open an empty folder in ``root``, on its file system; it is gone afterwards, as is what a killed run left there.

    Raises:
        CourseError: when another command is at work in ``root``, or when it cannot be written.
    """
    scratch = root / SCRATCH
    with _errors_as_findings(root):
        root.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with _errors_as_findings(root):
                _remove(scratch)
                scratch.mkdir(mode=0o755)
                try:
                    yield scratch
                finally:
                    _remove(scratch)
            return
        raise CourseError([f"{root}: another course command builds or releases here; wait for it, then try again"])
    finally:
        os.close(descriptor)


@contextmanager
def _errors_as_findings(root: Path) -> Iterator[None]:
    """Tell what the operating system refuses as a finding, not as a traceback."""
    try:
        yield
    except OSError as error:
        where = error.filename or root
        raise CourseError(
            [f"{where}: cannot be written: {error.strerror}; free or mend it, then run the same command again"]
        ) from error


def _remove(folder: Path) -> None:
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


def swap(new: Path, place: Path) -> None:
    """Put the folder ``new`` in ``place``, in one step where the kernel can; what was there goes where ``new`` was.

    A link in its place stays, and so does the folder above on another file system: lecturers keep classes elsewhere.
    """
    place = place.resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    if new.stat().st_dev != place.parent.stat().st_dev:
        near = place.with_name(f"{SCRATCH}-{place.name}")
        _remove(near)
        shutil.copytree(new, near)
        try:
            swap(near, place)
        finally:
            _remove(near)
    elif not place.exists():
        new.rename(place)
    elif not _exchanged(new, place):
        old = new.with_name(f"{new.name}.old")
        place.rename(old)
        try:
            new.rename(place)
        except BaseException:
            old.rename(place)
            raise


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two folders at one stroke; False where the kernel or the file system cannot."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if rename(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0:
        return True
    problem = ctypes.get_errno()
    if problem in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        return False
    raise OSError(problem, os.strerror(problem), str(other))
