"""Leave in a submission's folder only what nbgrader may copy; everything else is set aside, unread and unfollowed.

nbgrader copies whatever lies beside the notebook into ``autograded/``, from where formgrader serves it to the browser
of whoever grades. So nothing may lie there but the notebook, short texts, PNG and JPEG pictures, and a time that we
believe.

The rest goes to ``quarantine/STUDENT/ASSIGNMENT/0001/``: a new folder with a number of our own for each hand-in, into
which top-level entries are moved whole under their own names. Nothing is opened on the way, however deep or large it
is, nothing is lost, and no name can meet another one.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from autograder.grading.arriving import folders
from autograder.grading.arriving.folders import Refused
from autograder.grading.arriving.handed_in import MAX_CLAIM, TIMESTAMP, HandedIn, decide, read_time, written
from autograder.grading.reading.choosing import ARCHIVE, shown
from autograder.grading.reading.submitted import MAX_IMAGE, PLACEHOLDER, is_picture

QUARANTINE = "quarantine"
SECRET = "submission_secret.txt"  # nbgrader's exchange needs it to hand back feedback
MAX_ENTRIES = 200  # in one submission's folder; one that holds more is moved whole
MAX_LISTED = 20_000  # names in such a folder among which we look for notebooks
MAX_FILES = 20  # that stay beside the notebook
MAX_NOTEBOOKS = 10  # that are brought up from folders in the folder
MAX_LEFT = MAX_ENTRIES + MAX_NOTEBOOKS + 1  # names once they are there: none may be overlooked
DEPTH, WIDTH = 2, 20  # how far we look into these
MAX_SHOWN = 3  # names in a word about what was handed in instead of a notebook
MAX_TEXT = 1_000_000  # bytes of a text beside the notebook
PLAIN_NAME = re.compile(r"\w[\w .()+-]{0,99}", re.ASCII)
TEXTS = (".txt", ".csv")
PICTURES = (".png", ".jpg", ".jpeg")
CONTROLS = bytes({*range(32)} - set(b"\t\n\r\f"))


@dataclass(frozen=True)
class Received:
    """A submission's folder as nbgrader may see it: what was set aside, for the log, and when it was handed in."""

    aside: tuple[str, ...]
    handed_in: HandedIn


def receive(root: Path, folder: Path, notebook: str, due: datetime, entry: tuple[datetime, str] | None) -> Received:
    """Put a submission's folder in order. Doing it again changes nothing.

    Args:
        root: nbgrader's root.
        folder: ``submitted/STUDENT/ASSIGNMENT``.
        notebook: the file name of the assignment's notebook.
        due: when the assignment is due.
        entry: what the register says about this submission.

    Raises:
        OSError: when it cannot be done, for example on a file system that is read-only.
    """
    student, assignment = folder.parent.name, folder.name
    with ExitStack() as stack:
        submitted = os.open(folder.parents[1], os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)  # a lecturer may link it
        stack.callback(os.close, submitted)
        aside = _Quarantine(stack, root, submitted, student, assignment)
        wrong = _ensure_folder(submitted, student, aside)
        outer = stack.enter_context(folders.opened(student, submitted))
        wrong = _ensure_folder(outer, assignment, aside) or wrong
        inner = stack.enter_context(folders.opened(assignment, outer))
        if len(folders.names(inner, MAX_ENTRIES)) > MAX_ENTRIES:
            kept = [name for name in folders.names(inner, MAX_LISTED) if name.endswith(".ipynb") and name != notebook]
            aside.take(outer, assignment)
            os.mkdir(assignment, 0o755, dir_fd=outer)
            inner, full = stack.enter_context(folders.opened(assignment, outer)), inner
            for name in [notebook, *kept[:MAX_NOTEBOOKS]]:
                if folders.kind(full, name):
                    folders.move(name, full, inner)
            if not folders.names(inner, 0):
                wrong = f"a folder with more than {MAX_ENTRIES} files"
        _clear(inner, notebook, aside, wrong)
        handed_in = _time(inner, notebook, aside, due, entry)
        return Received(tuple(aside.taken), handed_in)


def look(folder: Path, notebook: str, due: datetime, entry: tuple[datetime, str] | None) -> HandedIn | None:
    """When a submission was handed in, by what lies there; nothing is touched.

    Arguments as ``receive`` has them.

    Returns:
        None for a folder that ``receive`` has not put in order.

    Raises:
        OSError: when there is no such folder, or it cannot be read.
    """
    with ExitStack() as stack:
        submitted = os.open(folder.parents[1], os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        stack.callback(os.close, submitted)
        outer = stack.enter_context(folders.opened(folder.parent.name, submitted))
        inner = stack.enter_context(folders.opened(folder.name, outer))
        if not _in_order(inner):
            return None
        try:
            claim = read_time(_claim(inner).decode("ascii", "replace"))
        except Refused:
            return None
        return decide(due, _here(inner, notebook), claim, entry)


def _in_order(folder: int) -> bool:
    """Whether a folder holds what ``receive`` leaves there, by names and kinds alone."""
    found = folders.names(folder, MAX_FILES + 1)
    endings = (".ipynb", *TEXTS, *PICTURES)
    return (
        any(name.endswith(".ipynb") for name in found)
        and len(found) <= MAX_FILES + 1
        and all(name.lower().endswith(endings) for name in found)
        and all(folders.kind(folder, name) == "a regular file" for name in found)
    )


def _ensure_folder(parent: int, name: str, aside: _Quarantine) -> str:
    """Make sure that a folder lies under a name, and that we may work in it; returns what lay there instead."""
    found = folders.kind(parent, name)
    if found not in ("", "a folder"):
        aside.take(parent, name)
    if found != "a folder":
        os.mkdir(name, 0o755, dir_fd=parent)
    folders.unlock(parent, name)
    return "" if found in ("", "a folder") else f"{found} in place of its folder"


class _Quarantine:
    """Takes things out of one submission; its folder is made when the first one comes."""

    def __init__(self, stack: ExitStack, root: Path, submitted: int, student: str, assignment: str) -> None:
        self.taken: list[str] = []
        self._stack, self._root, self._submitted = stack, root, submitted
        self._place = (student, assignment)
        self._folder: int | None = None

    def take(self, parent: int, name: str) -> None:
        """Move one entry, whole and unread."""
        if self._folder is None:
            self._folder = self._open()
        folders.move(name, parent, self._folder)
        self.taken.append(name)

    def _open(self) -> int:
        root = self._stack.enter_context(folders.opened(os.path.realpath(self._root)))
        same = os.fstat(root).st_dev == os.fstat(self._submitted).st_dev
        # Between two file systems nothing can be moved whole; nbgrader does not look at names that begin with a dot.
        parent, names = (root, (QUARANTINE,)) if same else (self._submitted, (f".{QUARANTINE}",))
        for name in (*names, *self._place):
            parent = folders.open_own(name, parent)
            self._stack.callback(os.close, parent)
        folder = folders.open_fresh(parent)
        self._stack.callback(os.close, folder)
        return folder


def _clear(folder: int, notebook: str, aside: _Quarantine, wrong: str) -> None:
    """Take out what may not stay; where no notebook is left, a word about what was there stands in its place."""
    room = MAX_FILES
    before = folders.names(folder, MAX_ENTRIES)
    _lift_notebooks(folder)
    for name in folders.names(folder, MAX_LEFT):
        if name != notebook and not room:
            aside.take(folder, name)
        elif _may_stay(folder, name):
            room -= name != notebook
        else:
            wrong = folders.kind(folder, name) if name == notebook else wrong
            aside.take(folder, name)
    left = folders.names(folder, MAX_LEFT)
    if notebook not in left and (wrong or not any(name.endswith(".ipynb") for name in left)):
        folders.write_file(folder, notebook, json.dumps({PLACEHOLDER: wrong or _word(before)}).encode())


def _word(names: list[str]) -> str:
    """What was handed in where there is no notebook."""
    listed = [f"`{shown(name)}`" for name in names if name != TIMESTAMP and not name.startswith(".")]
    more = f" and {len(listed) - MAX_SHOWN} more" if len(listed) > MAX_SHOWN else ""
    return f"a folder with {', '.join(listed[:MAX_SHOWN])}{more}" if listed else "an empty folder"


def _lift_notebooks(top: int) -> None:
    """Bring up notebooks that were packed with folders around them, and archives: under names that say where from.

    An archive is renamed, so that nbgrader leaves it alone as it does notebooks; the reader looks into it.
    """
    room = MAX_NOTEBOOKS
    for folder, name, inside in _below(top, DEPTH):
        archive = name.lower().endswith(".zip")
        if not room or (folder == top and not archive) or not (archive or name.endswith(".ipynb")):
            continue
        place = f" (from {shown(' '.join(inside))[:60]})" if inside else ""
        new = f"{shown(os.path.splitext(name)[0])}{place}{ARCHIVE if archive else '.ipynb'}"
        if folders.kind(folder, name) == "a regular file" and not folders.kind(top, new):
            folders.move(name, folder, top, new)
            room -= 1


def _below(folder: int, depth: int, inside: tuple[str, ...] = ()) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Every name in a folder and in the folders in it, the open folder before the name; not those of programs."""
    below = []
    for name in folders.names(folder, MAX_ENTRIES):
        if folders.kind(folder, name) != "a folder":
            yield folder, name, inside
        elif not name.startswith((".", "__")):
            below.append(name)
    for name in below[:WIDTH] if depth else ():
        folders.unlock(folder, name)
        with folders.opened(name, folder) as opened:
            yield from _below(opened, depth - 1, (*inside, name))


def _may_stay(folder: int, name: str) -> bool:
    """Whether nbgrader may see this entry. Notebooks are read by us alone; everything else it copies."""
    with suppress(Refused, OSError, UnicodeError):
        if folders.kind(folder, name) != "a regular file":
            return False
        folders.unlock(folder, name)
        ending = os.path.splitext(name)[1].lower()
        if ending == ".ipynb":
            return name.isprintable() and bool(name.encode())
        if name == TIMESTAMP:
            return read_time(folders.read_file(folder, name, MAX_CLAIM).decode("ascii")) is not None
        if PLAIN_NAME.fullmatch(name) and ending in TEXTS:
            data = folders.read_file(folder, name, MAX_TEXT)
            return bool(data.decode("utf-8")) and data.translate(None, CONTROLS) == data
        if PLAIN_NAME.fullmatch(name) and ending in PICTURES:
            return is_picture(folders.read_file(folder, name, MAX_IMAGE))
    return False


def _time(
    folder: int, notebook: str, aside: _Quarantine, due: datetime, entry: tuple[datetime, str] | None
) -> HandedIn:
    """Decide when it was handed in, and leave that for nbgrader in ``timestamp.txt``, or no such file."""
    text = _claim(folder)
    handed_in = decide(due, _here(folder, notebook), read_time(text.decode("ascii")), entry)
    wanted = written(handed_in.time).encode() if handed_in.time else b""
    if text.strip() != wanted:
        if text:
            aside.take(folder, TIMESTAMP)
        if wanted:
            folders.write_file(folder, TIMESTAMP, wanted)
    return handed_in


def _claim(folder: int) -> bytes:
    """What ``timestamp.txt`` says; nothing where there is none."""
    return folders.read_file(folder, TIMESTAMP, MAX_CLAIM) if folders.kind(folder, TIMESTAMP) else b""


def _here(folder: int, notebook: str) -> datetime:
    """Since when the notebook, or else its folder, has been here unchanged, by the kernel's own time of change."""
    found = folders.kind(folder, notebook)
    here = os.stat(notebook, dir_fd=folder, follow_symlinks=False) if found else os.fstat(folder)
    return datetime.fromtimestamp(here.st_ctime, UTC)
