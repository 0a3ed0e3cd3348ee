"""Make what students get, with nbgrader's own ``generate_assignment``: beside what is there, checked, then swapped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from autograder.authoring.build import source_files, write_files
from autograder.authoring.leaks import Leak, scan
from autograder.authoring.misconceptions import Misconduct
from autograder.course.config import Assignment, Course, CourseError
from autograder.grading.beside import SCRATCH, beside, swap
from autograder.grading.changes import changes, require_same_cells
from autograder.grading.generating import generate
from autograder.grading.gradebook import gradebook_url, opened, understood
from autograder.grading.recording import record_cells, record_due
from autograder.grading.settings import require_settings, write_settings


class Leaking(CourseError):
    """A release that holds what students must not have; it was not made."""

    def __init__(self, assignment: Assignment, leaks: Sequence[Leak]) -> None:
        super().__init__([f"{assignment.name}: not released, it leaks:", *(f"  {leak}" for leak in leaks)])
        self.leaks = leaks


def release_assignment(
    course: Course,
    name: str,
    into: Path,
    known: Mapping[str, Misconduct] | None = None,
    tell: Callable[[str], object] = lambda line: None,
) -> Path:
    """Write ``into/source/NAME`` and ``into/release/NAME``, and points and due date into the gradebook.

    Until everything is made and checked, nothing that is there is touched. Then the gradebook is written and the
    folders are swapped; whoever is stopped between the two is told so by ``require_fresh_release``, and releases again.

    Args:
        course: the course.
        name: the assignment.
        into: nbgrader's root.
        known: what ``misconception`` said of some mutants before, by their ids.
        tell: gets, before anything is touched, what this changes for whoever has handed in, line by line.

    Returns:
        The folder that students get.

    Raises:
        CourseError: when the parts do not fit together, or nbgrader refuses; ``Leaking`` when it would leak.
    """
    assignment = course.find(name)
    files = source_files(course, name, known)
    require_settings(into)
    with beside(into) as scratch:
        write_settings(scratch, into, course.root)
        source, new = scratch / "source" / assignment.name, scratch / "release" / assignment.name
        write_files(source, files)
        generate(assignment.name, into, source=f"{SCRATCH}/source")
        leaks = scan(new, course, assignment.name)
        if leaks:
            raise Leaking(assignment, leaks)
        url = gradebook_url(into)
        with opened(url) as gradebook:
            require_same_cells(gradebook, assignment.name, new)
            for line in changes(gradebook, assignment, into, new):
                tell(line)
            record_due(gradebook, assignment)
        with understood(url):
            record_cells(url, assignment, new)
        swap(source, into / "source" / assignment.name)
        swap(new, into / "release" / assignment.name)
    return into / "release" / assignment.name
