"""What a release changes for those who have handed in, in words; and what nbgrader cannot change for them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.utils import is_grade, is_locked, is_solution, is_task

from autograder.course.cells import CHECK
from autograder.course.config import Assignment, CourseError

SHOWN = 5  # names in one line
LATER = "scores stay as they are until"


def require_same_cells(gradebook: Gradebook, assignment: str, release: Path) -> None:
    """Refuse what nbgrader cannot do: once somebody is graded, it takes no graded cell more and none away.

    Args:
        assignment: its name.
        release: the folder of the release to come.

    Raises:
        CourseError: with the cells, and who is graded.
    """
    graded = _graded(gradebook, assignment)
    had = {
        f"{notebook.name}.{cell.name}"
        for notebook in (gradebook.find_assignment(assignment).notebooks if graded else ())
        for cells in (notebook.grade_cells, notebook.solution_cells, notebook.task_cells, notebook.source_cells)
        for cell in cells
    }
    has = {f"{path.stem}.{mark['grade_id']}" for path in release.glob("*.ipynb") for mark in _marks(path)}
    if not graded or had == has:
        return
    more, less = ", ".join(sorted(has - had)), ", ".join(sorted(had - has))
    what = "; ".join(filter(None, [f"it would add {more}" if more else "", f"it would remove {less}" if less else ""]))
    who = f"{_some(graded)} {'have' if len(graded) > 1 else 'has'} graded work, and nbgrader keeps its cells"
    remedy = "keep these cells, or release them as an assignment of another name"
    raise CourseError([f"{assignment}: not released, nothing was changed: {who}: {what}; {remedy}"])


def changes(gradebook: Gradebook, assignment: Assignment, root: Path, release: Path) -> list[str]:
    """What is different from the release that is there, for those who have handed in; nothing where nobody has."""
    students = sorted(path.parent.name for path in root.glob(f"submitted/*/{assignment.name}"))
    graded = _graded(gradebook, assignment.name)
    former = root / "release" / assignment.name
    if not (students or graded) or not (former / f"{assignment.folder}.ipynb").is_file():
        return []
    found = [*_points(gradebook, assignment, release), *_due(gradebook, assignment)]
    found += _texts(assignment, former, release)
    if not found:
        return []
    whom = f"{assignment.name}: handed in by {_some(sorted({*students, *graded}))}, {len(graded)} graded"
    after = [f"{LATER}: course grade {assignment.name} --force"] if graded else []
    return [f"{whom}; this changes for them:", *(f"  {line}" for line in [*found, *after])]


def _points(gradebook: Gradebook, assignment: Assignment, release: Path) -> Iterator[str]:
    try:
        cells = gradebook.find_notebook(assignment.folder, assignment.name).grade_cells
    except MissingEntry:
        return
    marks = _marks(release / f"{assignment.folder}.ipynb")
    new = {mark["grade_id"]: float(mark["points"]) for mark in marks if mark.get("grade")}
    for cell in cells:
        points = new.get(cell.name, cell.max_score)
        if abs(points - cell.max_score) > 1e-9:
            line = f"{cell.name.removeprefix(CHECK)}: {cell.max_score:g} points become {points:g}"
            above = sorted({g.notebook.student.id for g in cell.grades if (g.manual_score or 0) > points})
            yield line + (f"; a person gave more than that to {_some(above)}" if above else "")


def _due(gradebook: Gradebook, assignment: Assignment) -> Iterator[str]:
    try:
        had = gradebook.find_assignment(assignment.name).duedate
    except MissingEntry:
        return
    has = assignment.due.astimezone(UTC).replace(tzinfo=None)
    if had is not None and had != has:
        yield f"due: {had:%Y-%m-%d %H:%M} becomes {has:%Y-%m-%d %H:%M} UTC"


def _texts(assignment: Assignment, former: Path, release: Path) -> Iterator[str]:
    """Which graded cells say something else, how many others, and which files."""
    name = f"{assignment.folder}.ipynb"
    had, has = _sources(former / name), _sources(release / name)
    named = [cell for cell in has if had.get(cell) != has[cell] and not cell.startswith("cell ")]
    others = [cell for cell in {**had, **has} if had.get(cell) != has.get(cell) and cell.startswith("cell ")]
    parts = [*named, *([f"{len(others)} other cells"] if len(others) > 1 else ["another cell"] if others else [])]
    parts += sorted(
        path.relative_to(release).as_posix()
        for path in release.rglob("*")
        if path.is_file()
        and path.suffix not in (".ipynb", ".md")
        and not _same(path, former / path.relative_to(release))
    )
    if parts:
        yield f"they have worked with another text of: {', '.join(parts)}"


def _sources(path: Path) -> dict[str, str]:
    """The text of each cell, by nbgrader's name or by its own."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        names = [cell["metadata"].get("nbgrader", {}).get("grade_id") or f"cell {cell['id']}" for cell in cells]
        return {name: "".join(cell["source"]) for name, cell in zip(names, cells, strict=True)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # the former release is broken: all is new
        return {}


def _marks(path: Path) -> list[Mapping[str, Any]]:
    """nbgrader's marks in a released notebook, of the cells that the gradebook knows."""
    cells = nbformat.read(path, as_version=4).cells
    known = (is_grade, is_solution, is_locked, is_task)
    return [cell.metadata.nbgrader for cell in cells if any(is_kind(cell) for is_kind in known)]


def _same(one: Path, other: Path) -> bool:
    return other.is_file() and one.read_bytes() == other.read_bytes()


def _graded(gradebook: Gradebook, assignment: str) -> list[str]:
    try:
        return sorted(submission.student_id for submission in gradebook.find_assignment(assignment).submissions)
    except MissingEntry:
        return []


def _some(names: Sequence[str]) -> str:
    """``3 students (ada, ben, cy)``."""
    shown = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
    return f"{len(names)} student{'s' * (len(names) > 1)} ({shown})"
