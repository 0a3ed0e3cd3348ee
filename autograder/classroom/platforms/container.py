"""Grade one submission where nobody else's is: in a container, by the same nbgrader that grades a class.

What cannot be judged through a fault of ours has no score: the caller then writes no results, which every platform
shows as a failure of the grader and never as a zero.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from rich.console import Console

from autograder.classroom.grading import autograde
from autograder.classroom.platforms.judged import Judged, judged
from autograder.classroom.scores import records, scores, unjudged_lines
from autograder.course.config import Assignment, Course, CourseError
from autograder.grading.agreement import require_agreement
from autograder.grading.beside import beside
from autograder.grading.gradebook import gradebook_url, opened, understood
from autograder.grading.recording import record_cells, record_due
from autograder.grading.settings import write_settings

STUDENT = "student"  # the platform knows who it is; hidden cases do not depend on it
LAST_LINES = 40  # of nbgrader's log, for the lecturer


def container_root(course: Course) -> Path:
    """nbgrader's root; never the current folder, which on some platforms is the student's own."""
    return course.root / "build"


def prepare(course: Course, assignment: Assignment) -> None:
    """Make nbgrader's root around the release that came with the zip: once, when the image is built.

    Raises:
        CourseError: when the course does not fit the release, or its folder cannot be written.
    """
    require_agreement(course, [assignment])
    root = container_root(course)
    with beside(root) as scratch:
        write_settings(scratch, root, course.root)
    url = gradebook_url(root)
    with opened(url) as gradebook:
        record_due(gradebook, assignment)
    with understood(url):
        record_cells(url, assignment, root / "release" / assignment.name)


def grade(course: Course, assignment: Assignment, submission: Path, console: Console) -> Judged:
    """Grade what a student handed in, whatever its name.

    Args:
        submission: the folder where the platform put it; it is left as it is.
        console: for the lecturer, who alone sees it.

    Raises:
        CourseError: when nothing of it could be judged: a fault of ours.
    """
    root = container_root(course)
    _copy(submission, root, assignment)
    status = autograde(root, assignment.name, console, jobs=1, force=True)
    row = next((row for row in scores(root, assignment.name) if row.student == STUDENT), None)
    record = records(root, assignment.name).get(STUDENT)
    unjudged = unjudged_lines(root, assignment.name)
    if status or row is None or record is None or all(score is None for score, _ in row.exercises.values()):
        log = (root / "logs" / "autograde.log").read_text(encoding="utf-8", errors="replace").splitlines()
        raise CourseError(["not judged, through no fault of the student's:", *unjudged, *log[-LAST_LINES:]])
    for line in unjudged:
        console.print(line, markup=False, highlight=False)
    return judged(row, record)


def _copy(submission: Path, root: Path, assignment: Assignment) -> None:
    """Put a submission where nbgrader looks for it: links as links, pipes as pipes, however deep; the intake sorts it.

    ``cp`` and ``rm`` go down any depth, where Python's own copying gives up.
    """
    for kept in ("submitted", "autograded"):
        subprocess.run(["rm", "-rf", "--", str(root / kept / STUDENT)], check=True)
    place = root / "submitted" / STUDENT / assignment.name
    place.mkdir(parents=True)
    # What cannot be copied (a file that nobody may read) is missing: its absence is told in the feedback.
    subprocess.run(["cp", "-a", "--no-preserve=ownership", "--", f"{submission}/.", str(place)], check=False)
