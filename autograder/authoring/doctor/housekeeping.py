"""What an assignment's folders, prose and hints must keep, beyond what its checks prove."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch

from autograder.authoring.doctor.mutation.survivors import SURVIVORS, listed
from autograder.authoring.doctor.surveys.reasons import TOLERANCES, reasons
from autograder.authoring.leaks import solution_lines, squeeze
from autograder.course.bounds import BOUNDS, CALIBRATION, read_provisional
from autograder.course.config import Assignment, Course
from autograder.course.content import Content, load_content
from autograder.course.script import read_script

FILES = {  # all that an assignment's folders may hold
    "assignments": ("__init__.py", "checks.py", "design.md", "notebook.py"),
    "solutions": (
        *("__init__.py", "solution.py", "variants.py", "proofs.md", BOUNDS, SURVIVORS, TOLERANCES),
        *("hidden/*.py", "mutants/*.py", "variants/*.py"),
        *(f"{CALIBRATION}/*.toml", f"{CALIBRATION}/*.svg"),
    ),
}
CACHE = "__pycache__"
LONGEST_HINT = 120  # characters: one breath, and one line on a feedback page
BY_HAND = re.compile(  # "(8 points", "worth 8 points", "Exercise `f`: 8 points"; "± 2 points" are per cent
    r"(?:\(\s*|\bworth\s+)\d[\d.]*\s+points?\b|\b(?:Exercise|Question)\b[^\n]*?[^±\s]\s+\d[\d.]*\s+points?\b"
)


def tidiness(course: Course, assignment: Assignment) -> list[str]:
    """What lies where nothing should, or says by hand what has its home elsewhere; one finding each."""
    content = load_content(assignment.folder)
    return [
        *stray_files(course, assignment),
        *points_by_hand(course, assignment),
        *unknown_measurements(assignment, content),
        *unknown_survivors(course, assignment, content),
        *unknown_reasons(course, assignment, content),
    ]


def stray_files(course: Course, assignment: Assignment) -> Iterator[str]:
    """Files that no list holds: forgotten work, data, perhaps something of a student's."""
    for half, known in FILES.items():
        folder = course.root / half / assignment.folder
        for path in sorted(path for path in folder.rglob("*") if not path.is_dir()):
            name = path.relative_to(folder).as_posix()
            if CACHE not in path.parts and not any(_matches(name, pattern) for pattern in known):
                yield f"{half}/{assignment.folder}/{name}: expected only {', '.join(known)} here; move or delete it"


def _matches(name: str, pattern: str) -> bool:
    return name.count("/") == pattern.count("/") and fnmatch(name, pattern)  # a * of fnmatch takes in slashes, too


def points_by_hand(course: Course, assignment: Assignment) -> Iterator[str]:
    """Points typed into the prose: they stay behind when course.yaml changes."""
    for cell in read_script(course.root / "assignments" / assignment.folder / "notebook.py").cells:
        if cell.role in ("markdown", "answer"):
            for match in BY_HAND.finditer(cell.source):
                line = cell.line + 1 + cell.source.count("\n", 0, match.end())
                received = " ".join(match[0].split())
                yield f"notebook.py:{line}: expected points as [[points NAME]], received {received!r}; write the name"


def bad_hints(course: Course, assignment: Assignment, content: Content, name: str) -> Iterator[str]:
    """Hints of an exercise that are too long to be read at once, or hold a line of a solution."""
    spec = content.specs[name]
    if not spec.exercise.hints:
        yield f"{name}: checks.py gives it no hints"
    hints = [(f"{name}: hint {place}", hint) for place, hint in enumerate(spec.exercise.hints, 1)]
    hints += [(f"{name}: the trial's hint", spec.trial.hint)] if spec.trial else []
    hints += [(f"mutant {mutant.id}: its hint", mutant.hint) for mutant in content.mutants[name]]
    secrets = solution_lines(course, assignment.folder)
    for where, hint in hints:
        if len(hint) > LONGEST_HINT:
            yield f"{where}: expected at most {LONGEST_HINT} characters, received {len(hint)}; shorten it"
        squeezed = squeeze(hint)
        for line, origin in secrets.items():
            if line in squeezed:
                yield f"{where}: expected a hint, received {origin}: {line!r}; point at it instead"


def unknown_measurements(assignment: Assignment, content: Content) -> Iterator[str]:
    """Mutants that ``bounds.toml`` or a trial names and that are no more: renamed, or deleted."""
    known = {mutant.id for mutants in content.mutants.values() for mutant in mutants}
    for item, tables in read_provisional(assignment.folder).items():
        for data, measured in tables.items():
            for id in sorted(set(measured.get("wrong", {})) - known):
                yield f"{BOUNDS}: [{item}.{data}.wrong]: expected ids of mutants, received {id!r}; rename or delete it"
    for name, spec in content.specs.items():
        rejected = set(spec.trial.rejects if spec.trial else ())
        for word in sorted(rejected - {mutant.function.__name__ for mutant in content.mutants[name]}):
            yield f"{name}: its trial rejects {word!r}: expected the name of a mutant; rename or drop it"


def unknown_survivors(course: Course, assignment: Assignment, content: Content) -> Iterator[str]:
    """Exercises of the report on small changes that the assignment has not, or that another one answers for."""
    report = course.root / "solutions" / assignment.folder / SURVIVORS
    for exercise in listed(report).keys() - content.specs.keys():
        where = report.relative_to(course.root)
        yield f"{where}: {exercise}: expected an exercise of the assignment; rename it, or drop it"


def unknown_reasons(course: Course, assignment: Assignment, content: Content) -> Iterator[str]:
    """Exercises, checks and mutants that ``tolerances.toml`` excuses and the assignment has not."""
    path = course.root / "solutions" / assignment.folder / TOLERANCES
    where = path.relative_to(course.root)
    for exercise, rows in reasons(path).items():
        if exercise not in content.specs:
            yield f"{where}: {exercise}: expected an exercise of the assignment; rename it, or drop it"
            continue
        checks = {check.name for check in content.specs[exercise].all_checks}
        mutants = {mutant.id for mutant in content.mutants[exercise]}
        for row in rows:
            for name in sorted(({row.check} - checks) | (set(row.mutants) - mutants)):
                yield f"{where}: {exercise}: expected its checks and mutants, received {name!r}; rename it, or drop it"
