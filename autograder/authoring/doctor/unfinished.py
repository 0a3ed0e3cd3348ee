"""What `course new` left to do, in the order in which one does it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from autograder.course.config import FILE, Assignment, Course, CourseError

TODO = re.compile(r"TO-DO (?P<of>\w+): (?P<what>.*?)(?: \|)?$")  # a row of a table ends with a bar
ORDER = ("notebook.py", "checks.py", "solution.py", "hidden", "mutants", "variants.py", "proofs.md", "design.md")


def unfinished(course: Course, assignment: Assignment, exercise: str | None = None) -> list[str]:
    """Every ``TO-DO NAME: what`` of an assignment, or of one exercise, as ``file:line: NAME: what``."""
    own = {assignment.name, *assignment.exercises, *assignment.answers}
    wanted = own if exercise is None else {exercise}
    found = []
    for path in [*sorted(_files(course, assignment), key=lambda p: _rank(p, course.root)), course.root / FILE]:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = TODO.search(line)
            mine = match and (match["of"] in wanted or (exercise is None and path.name != FILE))
            if match and mine:
                found.append(f"{path.relative_to(course.root)}:{number}: {match['of']}: {match['what']}")
    return found


def require_finished(course: Course, assignments: Sequence[Assignment]) -> None:
    """Refuse what students would read: a note to the author in the notebook or beside the public cases.

    Raises:
        CourseError: with every such place.
    """
    shipping = re.compile(r"assignments/\w+/(notebook|checks)\.py:")
    found = [todo for assignment in assignments for todo in unfinished(course, assignment) if shipping.match(todo)]
    if found:
        raise CourseError([*found, "expected nothing left to do in what students read; do it, and delete the lines"])


def _files(course: Course, assignment: Assignment) -> Iterator[Path]:
    for half in ("assignments", "solutions"):
        for path in (course.root / half / assignment.folder).rglob("*"):
            if path.suffix in (".py", ".md"):
                yield path


def _rank(path: Path, root: Path) -> tuple[int, Path]:
    part = path.relative_to(root).parts[2]  # below assignments/FOLDER
    return (ORDER.index(part) if part in ORDER else len(ORDER), path)
