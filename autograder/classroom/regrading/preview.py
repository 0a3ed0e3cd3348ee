"""What a regrade would give, before a word of the gradebook, of autograded/ or of feedback/ is written.

Where course.yaml still has the points that the release promises and the gradebook keeps, submissions are graded with
the release that is there: hidden checks and bounds are read from the course as it is now. Where it has others, a
release to come is made beside, in a folder that is gone afterwards, and that is graded with, as by ``--apply``.
Either way the course secret is the class's own, so that an unchanged check draws the same cases.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from nbformat.notebooknode import NotebookNode

from autograder.classroom.regrading.comparing import Comparison, compare, settled
from autograder.classroom.regrading.state import Cell, State, states
from autograder.course.cells import nbgrader_name
from autograder.course.config import Assignment, Course, CourseError
from autograder.grading.arriving.handed_in import as_nbgrader_has_it
from autograder.grading.beside import beside
from autograder.grading.changes import LATER, changes, require_same_cells
from autograder.grading.grade import Grader, Result, Submission
from autograder.grading.gradebook import configured, gradebook_url, kept, opened
from autograder.grading.lateness import Penalties
from autograder.grading.pages.contents import RECORD
from autograder.grading.rehearsing import Rehearsed, rehearse

SECRET = ".course_secret"
LARGEST_NOTEBOOK = 32 * 1024 * 1024  # bytes that are read to see whether the work is the same
Release = Callable[[Path], object]  # makes the release to come in an empty root


@dataclass(frozen=True)
class Preview:
    """What a regrade would change.

    Args:
        students: how many are graded.
        release: what a new release changes, line by line; nothing where none is needed.
        ungraded: who cannot be graded now, with the reason; their scores stand.
        again: who has handed in other work since; what changes for them is not the course's doing alone.
        new: who has handed in and was never graded.
        reworded: whose verdicts would be other bytes in ``verdicts.json``, with the same score.
    """

    comparison: Comparison
    students: int
    release: tuple[str, ...]
    ungraded: tuple[tuple[str, str], ...]
    again: tuple[str, ...]
    new: tuple[str, ...]
    reworded: tuple[str, ...]

    @property
    def findings(self) -> bool:
        """Whether a score would change, or cannot be told."""
        return bool(self.comparison.changes or self.comparison.undecided or self.ungraded)


def require_graded(root: Path, assignment: Assignment) -> None:
    """Make sure that there is something to compare with, and that it can be compared.

    Raises:
        CourseError: when nothing was graded, or the secret of the hidden cases is missing.
    """
    found = kept(gradebook_url(root), assignment.name)
    if found is None or not any(root.glob(f"autograded/*/{assignment.name}")):
        raise CourseError([f"{assignment.name}: nothing was graded; run: course grade {assignment.name}"])
    if not (root / SECRET).is_file():
        wanted = f"{root / SECRET}: expected the secret with which the class was graded, received none"
        raise CourseError([f"{wanted}; restore it: with another one, every submission gets other hidden cases"])


def preview(
    course: Course,
    assignment: Assignment,
    root: Path,
    release: Release | None,
    jobs: int,
    tell: Callable[[str, int, int], object] = lambda student, done, of: None,
) -> Preview:
    """Grade a class as it would be graded now, and compare; nothing of it is written. ``require_graded`` comes first.

    Args:
        root: nbgrader's.
        release: makes the release to come; None where the one that is there fits course.yaml.
        jobs: submissions graded at the same time.
        tell: hears of each student, how many are done, and of how many.

    Raises:
        CourseError: when nothing can be compared, nbgrader refuses the release to come, or there are no walls.
    """
    before = states(root, assignment.name)
    with configured(root) as program:
        penalties = Penalties(program)
    handed_in = {path.parent.name for path in root.glob(f"submitted/*/{assignment.name}")}
    after: dict[str, State] = {}
    ungraded, again, reworded = [], [], []
    with beside(root) as scratch:
        lines = _release_to_come(assignment, root, scratch, release)
        (scratch / SECRET).symlink_to((root / SECRET).resolve())
        grader = Grader(course, assignment, scratch)
        for number, found in enumerate(rehearse(grader, root, list(before), jobs), 1):
            student = found.student
            tell(student, number, len(before))
            if found.graded is None:
                ungraded.append((student, found.problem))
                continue
            submission, result = found.graded
            if result.record(submission) != _recorded(root, assignment, student):
                reworded.append(student)
            after[student] = _state(before[student], found, grader, penalties)
            if _is_other_work(root, assignment, student, submission.notebook):
                again.append(student)
    comparison = compare(before, after)
    changed = {change.student for change in comparison.changes}
    return Preview(
        comparison,
        len(before),
        tuple(lines),
        tuple(sorted(ungraded)),
        tuple(sorted(again)),
        tuple(sorted(handed_in - before.keys())),
        tuple(sorted(set(reworded) - changed)),
    )


def _release_to_come(assignment: Assignment, root: Path, scratch: Path, release: Release | None) -> list[str]:
    """Put a release below ``scratch``: the one that is there, or the one to come. Returns what the latter changes."""
    if release is None:
        (scratch / "release").symlink_to((root / "release").resolve())
        return []
    release(scratch)
    made = scratch / "release" / assignment.name
    with opened(gradebook_url(root)) as gradebook:
        require_same_cells(gradebook, assignment.name, made)
        return [line for line in changes(gradebook, assignment, root, made) if LATER not in line]


def _state(before: State, found: Rehearsed, grader: Grader, penalties: Penalties) -> State:
    """What a student would have: as nbgrader's steps and ours would leave it."""
    assert found.graded is not None
    submission, result = found.graded
    marks = [cell.metadata.get("nbgrader", {}) for cell in submission.notebook.cells]
    worth = {mark["grade_id"]: float(mark["points"]) for mark in marks if mark.get("grade")}
    cells = {
        name: _cell(cell, name, worth.get(name, cell.maximum), grader, found.graded)
        for name, cell in before.cells.items()
    }
    deadlines, time = grader.deadlines, submission.handed_in.time
    extension = (
        deadlines.of(before.student) - deadlines.due if deadlines.listed else timedelta(seconds=before.extension)
    )
    after = replace(
        before,
        cells=cells,
        handed_in=as_nbgrader_has_it(time) if time else None,
        due=as_nbgrader_has_it(deadlines.due + extension),
        extension=extension.total_seconds(),
        verdicts={name: verdict.to_json() for name, verdict in result.verdicts.items()},
    )
    told = settled(before, after)
    return replace(after, penalty=penalties(before.student, told.score, after.seconds_late))


def _cell(before: Cell, name: str, maximum: float, grader: Grader, graded: tuple[Submission, Result]) -> Cell:
    score, _ = grader.automatic(name, maximum, *graded)
    return replace(before, automatic=score, maximum=maximum)


def _recorded(root: Path, assignment: Assignment, student: str) -> str:
    """The verdicts that lie beside a graded notebook."""
    try:
        return (root / "autograded" / student / assignment.name / RECORD).read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        return ""


def _is_other_work(root: Path, assignment: Assignment, student: str, notebook: NotebookNode) -> bool:
    """Whether somebody has handed in something else since they were graded."""
    path = root / "autograded" / student / assignment.name / f"{assignment.folder}.ipynb"
    try:
        if path.is_symlink() or path.stat().st_size > LARGEST_NOTEBOOK:
            return False
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        graded = {nbgrader_name(cell["metadata"]): "".join(cell["source"]) for cell in cells}
    except (OSError, ValueError, KeyError, TypeError):
        return False
    theirs = {*assignment.exercises, *assignment.answers}
    now = {name: cell.source for cell in notebook.cells if (name := nbgrader_name(cell.metadata)) in theirs}
    return any(graded[name] != source for name, source in now.items() if name in graded)
