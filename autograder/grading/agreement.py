"""Whether course.yaml, notebooks, hidden checks, bounds and the release fit together: asked before anything is written.

A part that no check serves would cost every student its points without a word. Nothing slow is imported here, so that
plain nbgrader can ask, too.
"""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC
from pathlib import Path

from autograder.course.bounds import ANY, read_measurements
from autograder.course.cells import SETUP, check_cell, checked_exercise, promised_parts
from autograder.course.config import WHOLE, Assignment, Course, CourseError, did_you_mean, places
from autograder.course.outline import Outline, outline
from autograder.course.script import named_lines
from autograder.grading.arriving.deadlines import extension_findings
from autograder.grading.gradebook import kept

YEARS = range(2000, 2100)
LIMITS = {  # sensible values, lowest and highest; what lies outside would fail everybody, or bound nobody
    "cell_seconds": (1, 3600),
    "call_seconds": (1, 3600),
    "submission_seconds": (10, 86_400),
    "own_seconds": (1, 86_400),
    "memory_mb": (256, 65_536),
    "disk_mb": (1, 65_536),
    "output_kb": (1, 65_536),
    "notebook_mb": (1, 1024),
}
Place = Callable[..., str]


def require_agreement(course: Course, assignments: Sequence[Assignment]) -> None:
    """Compare course.yaml with everything that its points rest on.

    Raises:
        CourseError: with every finding, as ``course.yaml:LINE: key: expected ..., received ...; remedy``.
    """
    place = places(course.root)
    findings = [*_limits(course, place), *_shared_names(course, place), *extension_findings(course)]
    for assignment in assignments:
        findings += _folders(course, assignment, place) or _contents(course, assignment, place)
    if findings:
        raise CourseError(findings)


def require_fresh_release(course: Course, assignment: Assignment, root: Path, url: str | None = None) -> None:
    """Compare course.yaml with the points that students were promised and the gradebook keeps.

    Args:
        root: nbgrader's root.
        url: the gradebook's address, where that is known.

    Raises:
        CourseError: with every difference.
    """
    place = places(course.root)
    path = root / "release" / assignment.name / f"{assignment.folder}.ipynb"
    if not path.is_file():
        raise CourseError([f"{path}: expected the released notebook, received none; {_again(assignment)}"])
    released, parts = _released(path)
    findings = [*_differences(assignment, released, "the release", place), *_moved(assignment, parts, place)]
    found = kept(url, assignment.name) if url and not findings else None
    if found is not None:
        findings = _differences(assignment, found.points, "the gradebook", place)
        due = assignment.due.astimezone(UTC)
        if found.due != due:
            where, has = (
                place("assignments", assignment.name, "due"),
                f"{found.due:%Y-%m-%d %H:%M}" if found.due else "none",
            )
            wanted = f"expected the date of the gradebook, {has}, received {due:%Y-%m-%d %H:%M} UTC"
            findings.append(f"{where}: {wanted}; {_again(assignment)}")
    if findings:
        raise CourseError(findings)


# ------------------------------------------------------------------------------------------------------ the whole file


def _limits(course: Course, place: Place) -> Iterator[str]:
    limits = course.grading.limits.model_dump()
    for name, (low, high) in LIMITS.items():
        value = limits.get(name, low)
        if not low <= value <= high:
            where = place("grading", "limits", name)
            yield f"{where}: expected a number from {low} to {high}, received {value:g}; change it"
    whole = limits["submission_seconds"]
    for name in ("cell_seconds", "call_seconds"):
        if limits[name] > whole:
            where = place("grading", "limits", name)
            yield f"{where}: expected no more than submission_seconds, {whole:g}, received {limits[name]:g}; change one"


def _shared_names(course: Course, place: Place) -> Iterator[str]:
    """Two assignments must not claim one folder or answer to one name."""
    owners: dict[str, str] = {}
    for name, assignment in course.assignments.items():
        where = place("assignments", name, "folder")
        if assignment.folder in owners:
            other = owners[assignment.folder]
            yield f"{where}: expected a folder of its own, received that of {other}, {assignment.folder!r}; change one"
        elif assignment.folder in course.assignments and assignment.folder != name:
            yield f"{where}: expected a folder that is no other assignment's name, received {assignment.folder!r}"
        owners[assignment.folder] = name


# ------------------------------------------------------------------------------------------------------ one assignment


def _folders(course: Course, assignment: Assignment, place: Place) -> list[str]:
    """The folders of an assignment; nothing else can be looked at without them."""
    wanted = (("assignments", "notebook.py"), ("solutions", "solution.py"), ("solutions", "hidden/__init__.py"))
    where = place("assignments", assignment.name, "folder")
    for half, file in wanted:
        shown = f"{half}/{assignment.folder}/{file}"
        if not (course.root / shown).is_file():
            known = sorted(path.name for path in (course.root / half).iterdir() if (path / file).is_file())
            remedy = did_you_mean(assignment.folder, known)
            return [f"{where}: expected a folder with {shown}, received {assignment.folder!r}; {remedy}"]
    return []


def _contents(course: Course, assignment: Assignment, place: Place) -> list[str]:
    try:
        checks = outline(assignment.folder)
    except (ValueError, SyntaxError) as error:
        return [f"{assignment.folder}: the hidden checks cannot be read: {error}; mend them"]
    return [
        *_due(assignment, place),
        *_cells(course, assignment, place),
        *_parts(course, assignment, checks, place),
        *_ids(assignment, place),
        *_accuracy(course, assignment, checks, place),
    ]


def _due(assignment: Assignment, place: Place) -> Iterator[str]:
    if assignment.due.year not in YEARS:
        where = place("assignments", assignment.name, "due")
        years = f"from {YEARS[0]} to {YEARS[-1]}"
        yield f"{where}: expected a year {years}, received {assignment.due.year}; change it"


def _cells(course: Course, assignment: Assignment, place: Place) -> Iterator[str]:
    """Every cell that earns points has them in course.yaml, and the other way round."""
    path = course.root / "assignments" / assignment.folder / "notebook.py"
    lines = named_lines(path)
    for role, section, points in (
        ("exercise", "exercises", assignment.exercises),
        ("answer", "answers", assignment.answers),
    ):
        unpaid = {cell: line for cell, line in lines[role].items() if cell not in points}
        for name in [name for name in points if name not in lines[role]]:
            close = difflib.get_close_matches(name, list(unpaid), n=1)
            for meant in close:  # one slip of the pen is one finding
                del unpaid[meant]
            remedy = f"did you mean {close[0]!r}?" if close else "drop its points, or write the cell"
            where = place("assignments", assignment.name, section, name)
            yield f"{where}: expected a cell {role}={name} in {path.name}, received none; {remedy}"
        for name, line in unpaid.items():
            where = place("assignments", assignment.name, section)
            cell = f"{path.name}:{line} has {role}={name}"
            yield f"{where}: expected points for {name}, received none, yet {cell}; add them, or drop the cell"


def _parts(course: Course, assignment: Assignment, checks: dict[str, Outline], place: Place) -> Iterator[str]:
    """Points by parts are those that hidden checks serve: what no check serves, nobody can earn."""
    cells = named_lines(course.root / "assignments" / assignment.folder / "notebook.py")["exercise"]
    for name in [name for name in assignment.exercises if name in cells]:
        where = place("assignments", assignment.name, "exercises", name)
        if name not in checks:
            yield f"{where}: expected hidden checks for it, received none; write them, or drop its points"
            continue
        served, paid = checks[name].parts, assignment.parts(name)
        wanted = "one number" if served == (WHOLE,) else f"the parts {', '.join(served)}"
        if set(paid) == set(served):
            continue
        if set(paid) == {WHOLE} or set(served) == {WHOLE}:
            received = assignment.exercises[name]
            shown = f"{received:g}" if isinstance(received, float) else f"the parts {', '.join(paid)}"
            yield f"{where}: expected {wanted}, as its hidden checks have, received {shown}; write {_example(served)}"
            continue
        for part in [part for part in paid if part not in served]:
            inner = place("assignments", assignment.name, "exercises", name, part)
            missing = [other for other in served if other not in paid]
            yield f"{inner}: expected {wanted}, received {part!r}; {did_you_mean(part, missing or list(served))}"
        unpaid = [part for part in served if part not in paid]
        if len(unpaid) > len([part for part in paid if part not in served]):
            yield f"{where}: expected {wanted}, received none of {', '.join(unpaid)}; add points, or drop the checks"
    for name in [name for name in checks if name not in assignment.exercises and name not in cells]:
        where = place("assignments", assignment.name, "exercises")
        yield f"{where}: expected points for {name}, which has hidden checks, received none; add them"


def _example(parts: Sequence[str]) -> str:
    return "one number" if tuple(parts) == (WHOLE,) else "{" + ", ".join(f"{part}: ..." for part in parts) + "}"


def _ids(assignment: Assignment, place: Place) -> Iterator[str]:
    """nbgrader knows every graded cell of a notebook by one name."""
    ids = Counter([*assignment.exercises, *map(check_cell, assignment.exercises), *assignment.answers])
    for section, names in (("exercises", assignment.exercises), ("answers", assignment.answers)):
        for name in names:
            taken = ids[name] > 1 and section == "answers"
            if taken or re.fullmatch(SETUP + r"\d+", name):
                where = place("assignments", assignment.name, section, name)
                yield f"{where}: expected a name that no other graded cell has, received {name!r}; rename it"


def _accuracy(course: Course, assignment: Assignment, checks: dict[str, Outline], place: Place) -> Iterator[str]:
    """Every accuracy item has a bound that was measured on the data that the course uses."""
    tables = read_measurements(assignment.folder)
    data = course.data.model_dump()
    for exercise in [name for name in assignment.exercises if name in checks and checks[name].trial]:
        measured = tables.get(exercise, {})
        if not {ANY, *data.values()} & set(measured):
            where = place("data")
            known = ", ".join(measured) or "none"
            remedy = f"measure it: course calibrate --exercise {exercise}"
            yield f"{where}: expected data with a bound for {exercise} ({known}), received {data}; {remedy}"


# --------------------------------------------------------------------------------------------------------- the release


def _differences(assignment: Assignment, found: Mapping[str, float], what: str, place: Place) -> list[str]:
    """Where points of graded cells, by nbgrader's names, are not those of course.yaml."""
    if not found:
        return [
            f"{place('assignments', assignment.name)}: expected its points in {what}, found none; {_again(assignment)}"
        ]
    wanted = {check_cell(name): (("exercises", name), assignment.points(name)) for name in assignment.exercises}
    wanted |= {name: (("answers", name), points) for name, points in assignment.answers.items()}
    findings = []
    for cell, (path, points) in wanted.items():
        if cell not in found or abs(found[cell] - points) > 1e-9:
            where = place("assignments", assignment.name, *path)
            has = f"{found[cell]:g}" if cell in found else "none"
            findings.append(f"{where}: expected the points of {what}, {has}, received {points:g}; {_again(assignment)}")
    for cell in [cell for cell in found if cell not in wanted]:
        where = place("assignments", assignment.name)
        findings.append(f"{where}: expected points for {cell}, as {what} has, received none; {_again(assignment)}")
    return findings


def _again(assignment: Assignment) -> str:
    return f"run: course release {assignment.name}"


def _moved(assignment: Assignment, released: Mapping[str, Mapping[str, float]], place: Place) -> Iterator[str]:
    """Points that moved between the parts of an exercise: its maximum is the same, a score is not."""
    for name in [name for name in assignment.exercises if name in released]:
        had, has = released[name], assignment.parts(name)
        if had != has and sum(had.values()) == sum(has.values()):
            where = place("assignments", assignment.name, "exercises", name)
            shown = ", ".join(f"{part} {points:g}" for part, points in had.items())
            now = ", ".join(f"{part} {points:g}" for part, points in has.items())
            yield f"{where}: expected the points of the release, {shown}, received {now}; {_again(assignment)}"


def _released(path: Path) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """The points of the graded cells of a released notebook, and those of the parts of its exercises."""
    try:
        cells = [cell["metadata"] for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
        marks = [(data["nbgrader"], promised_parts(data)) for data in cells if data.get("nbgrader", {}).get("grade")]
        points = {mark["grade_id"]: float(mark["points"]) for mark, _ in marks}
        parts = {checked_exercise(mark["grade_id"]): own for mark, own in marks if own}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CourseError([f"{path}: expected a released notebook, received {error!r}; release it again"]) from None
    return points, parts
