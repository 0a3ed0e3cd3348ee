"""nbgrader's two collectors, as they are, with a witness: when a submission came goes into the register.

``nbgrader collect`` copies what students put into the exchange, ``nbgrader zip_collect`` what a learning platform
packed. Both leave a ``timestamp.txt`` that may as well be the student's; ``handed_in.py`` says what we believe instead.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbgrader.exchange.default import ExchangeCollect
from nbgrader.plugins import FileNameCollectorPlugin
from nbgrader.utils import parse_utc

from autograder import folders
from autograder.handed_in import read_register, register

MAX_ENTRIES = 1000  # looked at in one hand-in


class WitnessedCollect(ExchangeCollect):
    """Collects from the exchange; the time is the kernel's, of the last change of what lies there.

    A student chooses the folder's name and every time in it but this one (ctime), which nobody can set.
    """

    def copy_files(self) -> None:
        """Copy as nbgrader does, and register what was copied."""
        places = {record["username"]: self._place(record["username"]) for record in self.src_records}
        before = {student: _version(place) for student, place in places.items()}
        super().copy_files()
        for record in self.src_records:
            student = record["username"]
            if _version(places[student]) != before[student]:
                time = last_change(Path(self.inbound_path, record["filename"]))
                register(Path(self.coursedir.root), self.coursedir.assignment_id, student, time, "the exchange")

    def _place(self, student: str) -> str:
        directory = self.coursedir.submitted_directory
        return str(self.coursedir.format_path(directory, student, self.coursedir.assignment_id))


def _version(place: str) -> tuple[int, int]:
    """What tells one copy of a folder from the next; zeros for none."""
    try:
        status = os.lstat(place)
    except FileNotFoundError:
        return 0, 0
    return status.st_ino, status.st_ctime_ns


def last_change(folder: Path) -> datetime:
    """When a folder, or something in it, was last changed or put there."""
    with folders.opened(str(folder)) as descriptor:
        times = [os.fstat(descriptor).st_ctime]
        for name in folders.names(descriptor, MAX_ENTRIES):
            times.append(os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_ctime)
    return datetime.fromtimestamp(max(times), UTC)


class WitnessedNames(FileNameCollectorPlugin):
    """Collects by file names; the time is the one in the platform's name for the file, if the pattern finds one."""

    def collect(self, submitted_file: str) -> Any:
        """Read a file's name as nbgrader does, and register the time in it; a student's ``timestamp.txt`` stays out."""
        found = super().collect(submitted_file)
        if not found or "student_id" not in found:
            return found
        if Path(found.get("file_id", "")).stem == "timestamp":
            self.log.warning("Skipped a timestamp.txt that may be the student's own: %s", submitted_file)
            return None
        self._register(found["student_id"], found.get("timestamp"))
        return found

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
