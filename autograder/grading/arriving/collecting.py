"""nbgrader's two collectors, as they are, with a witness: when a submission came goes into the register.

``nbgrader collect`` copies what students put into the exchange, ``nbgrader zip_collect`` what a learning platform
packed. Both leave a ``timestamp.txt`` that may as well be the student's; ``handed_in.py`` says what we believe instead.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbgrader.exchange.default import ExchangeCollect
from nbgrader.plugins import FileNameCollectorPlugin
from nbgrader.utils import ignore_patterns, parse_utc

from autograder.grading.arriving import folders
from autograder.grading.arriving.handed_in import MAX_CLAIM, TIMESTAMP, read_register, read_time, register, written
from autograder.grading.reading.choosing import shown

MAX_ENTRIES = 1000  # copied or looked at in one hand-in
DEPTH = 3  # folders in folders: `intake` looks no deeper either


class WitnessedCollect(ExchangeCollect):
    """Collects from the exchange; the time is the kernel's, of the last change of what was copied.

    A student chooses the folder's name, what lies in it and every time in it but this one (ctime), which nobody can
    set. So links are not followed: they would be read with the rights of whoever collects. And what cannot be
    collected is left out with a word; all others are still collected.
    """

    src_records: list[dict[str, Any]]

    def init_src(self) -> None:
        """Choose the records as nbgrader does, among the folders that may be a student's."""
        super().init_src()
        self.src_records = [record for record in self.src_records if record["username"]]
        self._changed: dict[str, datetime] = {}

    def _path_to_record(self, path: str) -> dict[str, Any]:
        """Read a folder's name; a name that nobody was given is left out, where nbgrader would stop."""
        filename = os.path.basename(path)
        parts = filename.rsplit("+", 3)
        time = _parsed(parts[2]) if len(parts) >= 3 else None
        if time is None or not _is_student(parts[0]) or not _is_folder(path):
            self.log.error("Not collected, this is no hand-in: %s", shown(filename))
            return {"username": "", "filename": filename, "timestamp": parse_utc("2000-01-01 00:00:00 UTC")}
        return {"username": parts[0], "filename": filename, "timestamp": time}

    def _sort_by_timestamp(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The newest first; where some are the student's own, what others put there under this name is left out."""
        own = [
            r for r in records if self.check_owner and _owner(Path(self.inbound_path, r["filename"])) == r["username"]
        ]
        return list(super()._sort_by_timestamp(own or records))

    def copy_files(self) -> None:
        """Copy as nbgrader does, and register what was copied."""
        super().copy_files()
        for record in self.src_records:
            time = self._changed.get(record["filename"])
            if time is not None:
                student = record["username"]
                register(Path(self.coursedir.root), self.coursedir.assignment_id, student, time, "the exchange")

    def do_copy(self, src: str, dest: str, log: Any = None) -> None:
        """Copy one hand-in: plain files in a few folders."""
        ignored = ignore_patterns(self.coursedir.ignore, self.coursedir.include, self.coursedir.max_file_size, self.log)
        room, shared = 1000 * self.coursedir.max_dir_size, bool(self.coursedir.groupshared)
        copy = _Copy(lambda folder, name: bool(ignored(folder, [name])), room, shared=shared)
        name = os.path.basename(src)
        try:
            copy.folder(src, dest)
        except OSError as error:
            self.log.error("%s: not collected: %s", shown(name), error.strerror)
            return
        self._changed[name] = datetime.fromtimestamp(copy.changed, UTC)
        if copy.left:
            self.log.warning("%s: not collected: %s", shown(name), ", ".join(map(shown, copy.left[:20])))


class _Copy:
    """Copies one hand-in relative to open folders, within bounds.

    Args:
        ignored: whether a name in a folder is not to be copied, by nbgrader's own settings.
        room: bytes of all files together.
        shared: whether the group may write what is copied.
    """

    def __init__(self, ignored: Callable[[str, str], bool], room: int, *, shared: bool) -> None:
        self.left: list[str] = []
        self.changed = 0.0  # when something of it was changed last
        self._ignored, self._entries, self._room = ignored, MAX_ENTRIES, room
        self._modes = (0o2770, 0o660) if shared else (0o755, 0o644)

    def folder(self, source: str, target: str, parents: tuple[int, int] | None = None, depth: int = DEPTH) -> None:
        """Copy a folder, and what lies in it; ``parents`` are the open folders of both names."""
        above, into = parents or (None, None)
        with folders.opened(source, above) as opened:
            self._saw(os.fstat(opened))
            os.mkdir(target, self._modes[0], dir_fd=into)
            with folders.opened(target, into) as made:
                if self._modes[0] & stat.S_ISGID:
                    os.fchmod(made, self._modes[0])
                for name in folders.names(opened, MAX_ENTRIES):
                    if not self._ignored(source, name):
                        self._entry(name, (opened, made), depth)

    def _entry(self, name: str, parents: tuple[int, int], depth: int) -> None:
        opened, made = parents
        self._entries -= 1
        try:
            found = folders.kind(opened, name)
            if found == "a folder" and depth and self._entries >= 0:
                self.folder(name, name, parents, depth - 1)
            elif found == "a regular file" and self._entries >= 0:
                self._file(name, opened, made)
            else:
                self.left.append(name)
        except (OSError, UnicodeError, folders.Refused):
            self.left.append(name)

    def _file(self, name: str, opened: int, made: int) -> None:
        data = folders.read_file(opened, name, self._room)
        self._room -= len(data)
        self._saw(os.stat(name, dir_fd=opened, follow_symlinks=False))
        if name == TIMESTAMP:  # nbgrader reads it when it collects again, and stops at one that is none
            time = read_time(data[:MAX_CLAIM].decode("ascii"))
            data = written(time).encode() if time else b""
        if data or name != TIMESTAMP:
            folders.write_file(made, name, data)
            os.chmod(name, self._modes[1], dir_fd=made)

    def _saw(self, status: os.stat_result) -> None:
        self.changed = max(self.changed, status.st_ctime)


def _owner(folder: Path) -> str:
    """The name of the user whose folder it is; "" for none."""
    try:
        return pwd.getpwuid(os.lstat(folder).st_uid).pw_name
    except (KeyError, OSError):
        return ""


def _is_folder(path: str) -> bool:
    """Whether a folder lies there, no link to one."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def _is_student(name: str) -> bool:
    """Whether a name can be a student's, and a folder's."""
    return name.isprintable() and "/" not in name and not name.startswith(".") and bool(name)


def _parsed(text: str) -> datetime | None:
    """A time as nbgrader reads it; None for anything else."""
    try:
        return parse_utc(text)
    except (ValueError, OverflowError):
        return None


class WitnessedNames(FileNameCollectorPlugin):
    """Collects by file names; the time is the one in the platform's name for the file, if the pattern finds one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._claimed: dict[str, list[tuple[str, str]]] = defaultdict(list)  # student: files, and what they are for

    def collect(self, submitted_file: str) -> Any:
        """Read a file's name as nbgrader does, and register the time in it; a student's ``timestamp.txt`` stays out."""
        found = super().collect(submitted_file)
        if not found or "student_id" not in found:
            return found
        if Path(found.get("file_id", "")).stem == "timestamp":
            self.log.warning("Skipped a timestamp.txt that may be the student's own: %s", submitted_file)
            return None
        student = found["student_id"]
        self._register(student, found.get("timestamp"))
        if Path(submitted_file).suffix.lower() in (".ipynb", ".zip"):
            self._keep_apart(submitted_file, student, found)
        return found

    def _keep_apart(self, submitted_file: str, student: str, found: dict[str, Any]) -> None:
        """Say that two files claim one student; where no time tells which is newer, nbgrader would stop altogether."""
        earlier = self._claimed[student]
        if earlier:
            names = ", ".join(shown(Path(file).name) for file, _ in [*earlier, (submitted_file, "")])
            self.log.warning("%s: more than one file for this student, check whose they are: %s", shown(student), names)
        if not found.get("timestamp") and found.get("file_id") in [file_id for _, file_id in earlier]:
            stem, ending = os.path.splitext(found["file_id"])
            found["file_id"] = f"{stem} ({len(earlier) + 1}){ending or '.ipynb'}"
        earlier.append((submitted_file, found.get("file_id", "")))

    def _register(self, student: str, text: str | None) -> None:
        """Of several files the latest counts, as for nbgrader; a time that cannot be read, nbgrader refuses itself."""
        try:
            time = parse_utc(text).replace(tzinfo=UTC) if text else None
        except (ValueError, OverflowError):
            time = None
        directory = self.parent.coursedir
        known = read_register(Path(directory.root), directory.assignment_id).get(student)
        if time is not None and (known is None or known[0] < time):
            register(Path(directory.root), directory.assignment_id, student, time, "zip_collect")
