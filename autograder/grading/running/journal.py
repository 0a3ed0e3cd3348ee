"""What judges have decided in a grading that has not ended yet: whoever begins it again goes on from here.

In ``.journal/ASSIGNMENT`` of nbgrader's root, records lie one behind the other: length, checksum, content. Each is on
the disk before its verdicts go anywhere else. The checksum is made with a key that comes of the course secret, and for
one place in the file. What a student's code printed stands inside a record and can never begin one: reading stops at
the first record that is not whole, and none is whole that was written without the secret.

When a grading is complete, the journal goes. All that it held is in the gradebook and beside it by then, and whoever
asks for ``--force`` after that means that everything is judged anew.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import hmac
import json
import os
import stat
import struct
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from autograder.course.config import CourseError
from autograder.grading.versions import surroundings
from autograder.judge.process import JudgeJob
from autograder.judge.referee import Graded, Judges

FOLDER = ".journal"
HEAD = struct.Struct(">I32s")  # the content's length and checksum


@dataclass(frozen=True)
class _Record:
    """Where the content of a student's last record lies, and what its verdicts rest on."""

    key: str
    place: int
    length: int


class Journal:
    """The journal of one assignment; whoever opens it holds the assignment (``holding.py``).

    Args:
        root: nbgrader's root.
        assignment: its name.
        secret: the course secret.
        judges: do what is not known from before.

    Raises:
        CourseError: when somebody else's folder, or a link, is in its place.
        OSError: when it cannot be read or made.
    """

    def __init__(self, root: Path, assignment: str, secret: bytes, judges: Judges) -> None:
        self.problem = ""  # why nothing more can be written down, in words for the lecturer
        self.replayed: list[str] = []  # students whose verdicts came from here
        self._key = hmac.digest(secret, f"journal 1, {assignment}".encode(), "sha256")
        self._around, self._judges = surroundings(), judges
        self._folder = _private(root / FOLDER)
        self._path = self._folder / assignment
        self._lock = threading.Lock()
        self._records: dict[str, _Record] = {}
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            _sync(self._folder)
            self._end = self._read()
            if os.fstat(self._file).st_size > self._end:  # torn: whoever wrote this was killed
                os.ftruncate(self._file, self._end)
                os.fsync(self._file)
        except BaseException:
            os.close(self._file)
            raise

    def judged(self, student: str, job: JudgeJob) -> tuple[Graded, float]:
        """Have a submission judged, or take what judges have decided on the same one, resting on the same.

        A fault of ours is not written down: a rerun tries again.

        Raises:
            JudgeFailed, JudgesGone: as the judges.
        """
        key = self._fingerprint(job)
        known = self._known(student, key)
        if known is not None:
            self.replayed.append(student)
            return Graded.from_json(known["graded"]), known["seconds"]
        graded, seconds = self._judges(job)
        if not any(verdict.traceback for verdict in graded.verdicts.values()):
            self._append({"student": student, "key": key}, {"graded": graded.to_json(), "seconds": seconds})
        return graded, seconds

    def retire(self, students: Iterable[str]) -> None:
        """Forget those whose grades are all written; the file goes with the last of them."""
        written = sorted(set(students) & set(self._records))
        if set(written) == set(self._records):
            self._path.unlink(missing_ok=True)
            _sync(self._folder)
        else:
            self._append({"written": written}, {})

    def close(self) -> None:
        """Let go of the file; what is in it stays."""
        with self._lock:
            self.problem = self.problem or "it is closed"
            os.close(self._file)

    def _fingerprint(self, job: JudgeJob) -> str:
        """A hash of all that the verdicts on a submission rest on: its cells, seeds, limits, files, and all of ours."""
        said = [self._around, _files_digest(tuple(job.files.items())), asdict(replace(job, files={}))]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    # -------------------------------------------------------------------------------------------------------- the file

    def _read(self) -> int:
        """Find the records; returns where the last whole one ends."""
        end = 0
        while content := self._content(end):
            place, length = end + HEAD.size, len(content)
            said = json.loads(content.partition(b"\n")[0])
            for student in said.get("written", ()):
                self._records.pop(student, None)
            if "student" in said:
                self._records[said["student"]] = _Record(said["key"], place, length)
            end = place + length
        return end

    def _content(self, place: int) -> bytes:
        """The content of the record that begins here; nothing where there is none, or none that is whole."""
        head = _read_at(self._file, HEAD.size, place)
        if len(head) < HEAD.size:
            return b""
        length, checksum = HEAD.unpack(head)
        if length > os.fstat(self._file).st_size - place - HEAD.size:
            return b""
        content = _read_at(self._file, length, place + HEAD.size)
        return content if hmac.compare_digest(checksum, self._checksum(place, content)) else b""

    def _checksum(self, place: int, content: bytes) -> bytes:
        return hmac.digest(self._key, place.to_bytes(8, "big") + content, "sha256")

    def _known(self, student: str, key: str) -> dict[str, Any] | None:
        with self._lock:
            record = self._records.get(student)
            if record is None or record.key != key:
                return None
            content = self._content(record.place - HEAD.size)
        return dict(json.loads(content.partition(b"\n")[2])) if content else None  # the disk may have lost it since

    def _append(self, said: Mapping[str, Any], content: Mapping[str, Any]) -> None:
        """Write a record and have it on the disk; where that fails, nothing of it stays, and ``problem`` says why."""
        data = json.dumps(said).encode() + b"\n" + json.dumps(content).encode()
        with self._lock:
            if self.problem:
                return
            record = HEAD.pack(len(data), self._checksum(self._end, data)) + data
            try:
                _write_at(self._file, record, self._end)
                os.fsync(self._file)
            except OSError as error:
                self.problem = f"{self._path}: cannot be written: {error.strerror}"
                with contextlib.suppress(OSError):
                    os.ftruncate(self._file, self._end)
                return
            if "student" in said:
                self._records[said["student"]] = _Record(said["key"], self._end + HEAD.size, len(data))
            self._end += len(record)


@functools.lru_cache(maxsize=2)
def _files_digest(files: tuple[tuple[str, str], ...]) -> str:
    """A hash of what lies beside the notebook: the same for a whole class, and most of what a judge is given."""
    return hashlib.sha256(json.dumps(files).encode()).hexdigest()


def _private(folder: Path) -> Path:
    """Make a folder that nobody else can look into, or see to it that this one is so."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        _sync(folder.parent)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise CourseError([f"{folder}: expected a folder of yours, received something else; remove it"])
    folder.chmod(0o700)
    return folder


def _sync(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_at(descriptor: int, size: int, place: int) -> bytes:
    data = b""
    while len(data) < size and (part := os.pread(descriptor, size - len(data), place + len(data))):
        data += part
    return data


def _write_at(descriptor: int, data: bytes, place: int) -> None:
    while data:
        written = os.pwrite(descriptor, data, place)
        data, place = data[written:], place + written
