"""One run of nbgrader over an assignment's submissions: alone, written down, and stopped where nothing is half done.

nbgrader works on one submission after the other; it is given one at a time, in the order in which they are judged.
What stands here hangs on to that loop at both ends of a submission: before the first file is written, and after the
last one.
"""

from __future__ import annotations

import errno
import functools
import os
import signal
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from nbgrader.converters.base import NbGraderException
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from autograder.grading.gradebook import said, staying_open
from autograder.grading.pages.contents import RECORD
from autograder.grading.running.ahead import Ahead
from autograder.grading.running.events import Finished, Teller, Written
from autograder.grading.running.holding import hold
from autograder.grading.running.journal import Journal
from autograder.judge.referee import Judges, JudgesGone

MEND = "free or mend the disk"
REACH = "see who holds it, whether its server and disk are well, or whether it wants `nbgrader db upgrade`"
AGAIN = "run the same command again: what is judged by now is not judged twice"
FAILED = "not everybody could be graded, nbgrader's log says why"
LOOK_SECONDS = 0.5
INTERRUPTED = 130  # the exit status of who was interrupted, as shells have it
FULL = (errno.ENOSPC, errno.EDQUOT)


class Run:
    """Holds an assignment from here until nbgrader has converted the last submission, and keeps its journal.

    A graded folder is whole if its record is there: of all files, the record comes last, and goes first.

    Args:
        converter: nbgrader's ``Autograde``, before it begins.
        will_be_graded: whether nbgrader will grade a submission's folder, or pass over it.
        teller: tells what is written, and how the run ends.
        ahead: judges what nbgrader will write, by the path of each notebook.

    Raises:
        CourseError: when another process grades the assignment.
    """

    def __init__(
        self, converter: Any, will_be_graded: Callable[[Path], bool], teller: Teller, ahead: Ahead[Path, Any]
    ) -> None:
        self._converter, self._will_be_graded, self._teller, self._ahead = converter, will_be_graded, teller, ahead
        self._root, self._assignment = Path(converter.coursedir.root), converter.coursedir.assignment_id
        self._journal: Journal | None = None
        self._records: dict[str, bytes] = {}  # what is to stand beside a graded notebook, by student
        self._leaving = ""  # why the run is to end before nbgrader begins with another submission
        self._left = ""  # why it did
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
        converter.init_assignment = self._entered_once(converter.init_assignment)
        for name in ("init_assignment", "convert_single_notebook"):
            setattr(converter, name, self._stopping_for_all(getattr(converter, name)))

    def open_journal(self, secret: bytes, judges: Judges) -> Journal:
        """Find out what an earlier run, which was killed, has left to write; from now on, everything is written down.

        Args:
            judges: do what is not written down yet.

        Raises:
            CourseError, OSError: as ``Journal``.
        """
        self._journal = Journal(self._root, self._assignment, secret, judges)
        return self._journal

    def at_the_end(self, action: Callable[[], object]) -> None:
        """Have something done before others may grade the assignment."""
        self._ends.append(action)

    def keep(self, student: str, record: bytes) -> None:
        """Have a record written once everything else of a student's is."""
        self._records[student] = record

    def _stop(self, problem: str) -> NoReturn:
        """Leave nbgrader's loop; it takes away what it had begun to write."""
        self._left = self._left or problem
        raise KeyboardInterrupt

    def _convert_all(self) -> None:
        with self._interrupts_heard(), staying_open():
            problem = self._converted()
        if problem:
            self._converter.log.error("stopped: %s; %s", problem, AGAIN)
            raise NbGraderException(problem)  # status 1, and no traceback
        if self._journal is not None and self._journal.replayed:
            names = ", ".join(sorted(self._journal.replayed))
            self._converter.log.info("judged before, in a run that did not end: %s", names)

    def _converted(self) -> str:
        """Have nbgrader do its work; returns why it ended early, "" when everybody is graded."""
        problem, folders = FAILED, dict(self._converter.assignments)
        try:
            self._convert_each(folders)
            problem = self._left
        except KeyboardInterrupt:
            if not self._left:
                raise
            problem = self._left
        finally:
            self._ahead.close()
            for action in self._ends:
                action()
            if self._journal is not None:
                if not problem:
                    self._journal.retire([Path(folder).parent.name for folder in folders])
                self._journal.close()
            self.let_go()
            self._teller.tell([Finished(problem and f"stopped: {problem}; {AGAIN}")])
        return problem

    def _convert_each(self, folders: Mapping[str, Sequence[str]]) -> None:
        """Give nbgrader one submission at a time.

        Raises:
            NbGraderException: at once where nothing can be written any more; where single submissions could not be
                graded, after all the others.
        """
        failed: NbGraderException | None = None
        for folder in self._in_turn(folders):
            self._converter.assignments = {folder: folders[folder]}
            try:
                self._convert()
            except NbGraderException as error:
                if error.__context__ is not None:  # nbgrader has given up: the gradebook cannot be used
                    raise
                failed = error
        if failed is not None and not self._left:
            raise failed

    def _in_turn(self, folders: Mapping[str, Sequence[str]]) -> Iterator[str]:
        """Those that are passed over, then the others, each once its verdict is written down."""
        notebooks: dict[Path, str] = {}
        for folder in sorted(folders):
            if self._will_be_graded(Path(folder)):
                notebooks |= {Path(notebook): folder for notebook in folders[folder]}
            else:
                yield folder
        self._ahead.begin(notebooks)
        while not self._ahead.over and not self._left:
            notebook = self._ahead.take(LOOK_SECONDS)
            if self._teller.alone:
                self._leaving = self._leaving or "who started this grading is gone"
            if self._journal is not None and self._journal.problem:  # what a kill would lose is not written, either
                self._left = f"{self._journal.problem}; {MEND}"
            elif self._leaving:
                self._left = self._leaving
            elif isinstance(self._ahead.problem, JudgesGone):
                self._left = str(self._ahead.problem)
            elif notebook is not None:
                yield notebooks[notebook]

    @contextmanager
    def _interrupts_heard(self) -> Iterator[None]:
        """Have Ctrl-C end the run behind the submission that is being written, and a second one at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._interrupted)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _interrupted(self, *_: object) -> None:
        if self._leaving:
            os._exit(INTERRUPTED)  # the journal and the gradebook bear a kill at any moment
        self._leaving = "as you asked"
        self._converter.log.warning("finishing what is being written and judged just now; Ctrl-C again ends at once")

    def _begin_one(self, assignment: str, student: str) -> bool:
        submitted = self._converter._format_source(assignment, student)
        if self._will_be_graded(Path(submitted)):
            (self._folder(assignment, student) / RECORD).unlink(missing_ok=True)
        return bool(self._begin(assignment, student))

    def _finish_one(self, assignment: str, student: str) -> None:
        record, place = self._records.pop(student, None), self._folder(assignment, student) / RECORD
        new = place.with_name(f"{RECORD}.new")
        if record is not None:
            self._stopping_for_all(new.write_bytes)(record)
        self._finish(assignment, student)
        if record is not None:
            new.replace(place)
        self._teller.tell([Written(student)])

    def _folder(self, assignment: str, student: str) -> Path:
        return Path(self._converter._format_dest(assignment, student))

    def _entered_once(self, action: Callable[..., Any]) -> Callable[..., Any]:
        """Two gradings that share a gradebook may enter a student at the same moment: the later one finds that done."""

        @functools.wraps(action)
        def tried(*args: Any, **kwargs: Any) -> Any:
            try:
                return action(*args, **kwargs)
            except Exception as error:
                if not any(isinstance(cause, IntegrityError) for cause in _with_causes(error)):
                    raise
                self._converter.log.info("entered by another grading in the meantime; looking again")
            return action(*args, **kwargs)

        return tried

    def _stopping_for_all(self, action: Callable[..., Any]) -> Callable[..., Any]:
        """What keeps everybody else's grades from being written, too, is one error instead of one for each."""

        @functools.wraps(action)
        def tried(*args: Any, **kwargs: Any) -> Any:
            try:
                return action(*args, **kwargs)
            except Exception as error:  # nbgrader makes errors of its own out of the database's
                causes = [problem for problem in map(_for_all, _with_causes(error)) if problem]
                if not causes:
                    raise
                self._stop(causes[-1])

        return tried


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _for_all(error: BaseException) -> str:
    """What keeps grades from being written, and what to do; "" for what concerns one submission alone."""
    if isinstance(error, OSError) and error.errno in FULL:
        return f"{error.filename or 'a file of this run'}: cannot be written: {error.strerror}; {MEND}"
    if isinstance(error, DBAPIError) and not isinstance(error, IntegrityError | DataError):
        return f"the gradebook cannot be written: {said(error)}; {REACH}"
    return ""
