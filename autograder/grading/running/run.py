"""One run of nbgrader over an assignment's submissions: alone, written down, and stopped where nothing is half done.

nbgrader works on one submission after the other. What stands here hangs on to that loop at both ends of a submission:
before the first file is written, and after the last one.
"""

from __future__ import annotations

import errno
import functools
import sqlite3
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from nbgrader.converters.base import NbGraderException

from autograder.grading.pages.contents import RECORD
from autograder.grading.running.holding import hold
from autograder.grading.running.journal import Journal

AGAIN = "free or mend it, then run the same command again: what is judged by now is not judged twice"
SQLITE_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)  # the latter for a file of its own that does not fit
FULL = (errno.ENOSPC, errno.EDQUOT)


class Run:
    """Holds an assignment from here until nbgrader has converted the last submission, and keeps its journal.

    A graded folder is whole if its record is there: of all files, the record comes last, and goes first.

    Args:
        converter: nbgrader's ``Autograde``, before it begins.
        will_be_graded: whether nbgrader will grade a submission's folder, or pass over it.

    Raises:
        CourseError: when another process grades the assignment.
    """

    def __init__(self, converter: Any, will_be_graded: Callable[[Path], bool]) -> None:
        self._converter, self._will_be_graded = converter, will_be_graded
        self._root, self._assignment = Path(converter.coursedir.root), converter.coursedir.assignment_id
        self._journal: Journal | None = None
        self._records: dict[str, bytes] = {}  # what is to stand beside a graded notebook, by student
        self._problem = ""
        self._ends: list[Callable[[], object]] = []
        self.let_go = hold(self._root, self._assignment)
        weakref.finalize(self, self.let_go)  # nbgrader may stop before it begins
        self._convert, self._begin, self._finish = (
            converter.convert_notebooks,
            converter.init_destination,
            converter.set_permissions,
        )
        converter.convert_notebooks, converter.init_destination = self._convert_all, self._begin_one
        converter.set_permissions = self._finish_one
        for name in ("init_assignment", "convert_single_notebook"):
            setattr(converter, name, self._stopping_on_a_full_disk(getattr(converter, name)))

    def open_journal(self, secret: bytes) -> Journal:
        """Find out what an earlier run, which was killed, has left to write; from now on, everything is written down.

        Raises:
            CourseError, OSError: as ``Journal``.
        """
        self._journal = Journal(self._root, self._assignment, secret)
        return self._journal

    def at_the_end(self, action: Callable[[], object]) -> None:
        """Have something done before others may grade the assignment."""
        self._ends.append(action)

    def keep(self, student: str, record: bytes) -> None:
        """Have a record written once everything else of a student's is."""
        self._records[student] = record

    def expect_written_down(self) -> None:
        """Stop the run when a verdict could not be written down: what comes of it would be lost by a kill."""
        if self._journal is not None and self._journal.problem:
            self._stop(self._journal.problem)

    def _stop(self, problem: str) -> None:
        """Leave nbgrader's loop; it takes away what it had begun to write."""
        self._problem = self._problem or problem
        raise KeyboardInterrupt

    def _convert_all(self) -> None:
        try:
            self._convert()
        except KeyboardInterrupt:
            if not self._problem:
                raise
            self._converter.log.error("stopped: %s; %s", self._problem, AGAIN)
            raise NbGraderException(self._problem) from None  # status 1, and no traceback
        else:
            if self._journal is not None:
                if self._journal.replayed:
                    names = ", ".join(sorted(self._journal.replayed))
                    self._converter.log.info("judged before, in a run that did not end: %s", names)
                self._journal.retire([Path(folder).parent.name for folder in self._converter.assignments])
        finally:
            for action in self._ends:
                action()
            if self._journal is not None:
                self._journal.close()
            self.let_go()

    def _begin_one(self, assignment: str, student: str) -> bool:
        submitted = self._converter._format_source(assignment, student)
        if self._will_be_graded(Path(submitted)):
            (self._folder(assignment, student) / RECORD).unlink(missing_ok=True)
        return bool(self._begin(assignment, student))

    def _finish_one(self, assignment: str, student: str) -> None:
        record, place = self._records.pop(student, None), self._folder(assignment, student) / RECORD
        new = place.with_name(f"{RECORD}.new")
        if record is not None:
            self._stopping_on_a_full_disk(new.write_bytes)(record)
        self._finish(assignment, student)
        if record is not None:
            new.replace(place)

    def _folder(self, assignment: str, student: str) -> Path:
        return Path(self._converter._format_dest(assignment, student))

    def _stopping_on_a_full_disk(self, action: Callable[..., Any]) -> Callable[..., Any]:
        """Everybody else's files would not be written either: one error instead of one for each."""

        @functools.wraps(action)
        def tried(*args: Any, **kwargs: Any) -> Any:
            try:
                return action(*args, **kwargs)
            except Exception as error:  # nbgrader makes errors of its own out of the database's
                causes = [problem for problem in map(_full, _with_causes(error)) if problem]
                if not causes:
                    raise
                self._stop(causes[-1])

        return tried


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _full(error: BaseException) -> str:
    """What a full disk kept from being written; "" for another error."""
    if isinstance(error, OSError) and error.errno in FULL:
        return f"{error.filename or 'a file of this run'}: cannot be written: {error.strerror}"
    if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in SQLITE_FULL:
        return f"the gradebook cannot be written: {error}"
    return ""
