"""Grade submissions without writing a word: what `course regrade --preview` shows before anything is changed.

Submissions are read where they lie, by the reader that grades them, behind the same walls, with the same seeds. What
grading would first put in order, and so move, is left alone and told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.course.config import CourseError
from autograder.grading.arriving.handed_in import read_register
from autograder.grading.arriving.intake import look
from autograder.grading.grade import Grader, Result, Submission
from autograder.jail.client import STUDENT
from autograder.jail.launch import connect
from autograder.jail.limits import JailUnavailable


@dataclass(frozen=True)
class Rehearsed:
    """What grading a student's submission would give.

    Args:
        graded: the submission and its verdicts; None where it cannot be graded now.
        problem: why it cannot.
    """

    student: str
    graded: tuple[Submission, Result] | None
    problem: str = ""


def rehearse(grader: Grader, root: Path, students: Sequence[str], jobs: int) -> Iterator[Rehearsed]:
    """Grade what these students have handed in, as it comes; no file of the class is written, moved or linked.

    Args:
        grader: it may have a root of its own, with another release than the class.
        root: nbgrader's root, the class's.
        jobs: submissions graded at the same time.

    Raises:
        CourseError: when there are no walls here, or the register has a line that is none.
    """
    try:
        entries = read_register(root, grader.assignment.name)
        if students:
            connect(STUDENT).close()  # better no preview than a class that cannot be told
    except (ValueError, JailUnavailable) as error:
        raise CourseError([f"nothing was graded: {error}"]) from None

    def one(student: str) -> Rehearsed:
        folder, notebook = root / "submitted" / student / grader.assignment.name, f"{grader.assignment.folder}.ipynb"
        try:
            handed_in = look(folder, notebook, grader.deadlines.of(student), entries.get(student))
        except FileNotFoundError:
            return Rehearsed(student, None, "nothing of theirs lies in submitted/ any more")
        except OSError as error:
            return Rehearsed(student, None, f"the folder cannot be read: {error.strerror}")
        if handed_in is None:
            return Rehearsed(student, None, "files came since they were graded: course grade puts them in order first")
        submission = grader.prepare(folder / notebook)
        submission = replace(submission, handed_in=grader.deadlines.told(student, handed_in))
        return Rehearsed(student, (submission, grader.grade(submission)))

    with ThreadPoolExecutor(jobs, thread_name_prefix="rehearse") as pool:
        pending = [pool.submit(one, student) for student in students]
        try:
            for done in as_completed(pending):
                yield done.result()
        finally:
            pool.shutdown(cancel_futures=True)
