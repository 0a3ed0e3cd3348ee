"""Make a new assignment, or a new exercise in one: working examples, and in each place what is still to do.

Everything is worked out before the first file is written. `course doctor` lists what is still to do (``unfinished``).
"""

from __future__ import annotations

import keyword
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ruamel.yaml import YAML

from autograder.authoring.new.places import with_assignment, with_cells, with_element, with_exercise, with_row
from autograder.course.config import FILE, Assignment, Course, CourseError, did_you_mean, load_course

TEMPLATES = Path(__file__).with_name("templates")
NAME = re.compile(r"[a-z][a-z0-9_]*")
FOLDER = re.compile(r"(?P<key>[a-z][a-z0-9]*)_[a-z0-9_]*[a-z0-9]")
AGREEMENTS = re.compile(r"^# \*\*Agreements.*\n(?:#.*\n)*?(?:# \|.*\n)+#\n", re.MULTILINE)
EXERCISE = "double"  # what the example in the templates does
GAP = timedelta(days=14)  # between the due dates of two assignments


@dataclass(frozen=True)
class Touched:
    """A file that was written."""

    file: str
    new: bool


def new_assignment(course: Course, folder: str, title: str, exercise: str = EXERCISE) -> list[Touched]:
    """Make an assignment with one exercise and one question; the part of its folder before the first _ is its name.

    Raises:
        CourseError: for a name or a title that cannot be, or is taken; nothing is written.
    """
    match = FOLDER.fullmatch(folder)
    if match is None:
        raise CourseError([f"{folder!r}: expected a folder's name such as a7_recurrent, received that; choose another"])
    key = match["key"]
    _require_name(exercise)
    if not title.strip() or not title.isprintable():
        raise CourseError([f"title: expected a line of text, received {title!r}"])
    if key in course.assignments:
        taken = f"received {key}, which is {course.assignments[key].folder}"
        raise CourseError([f"{folder}: expected the name of a new assignment before the first _, {taken}"])
    words = {
        **_words(key, folder, exercise),
        "title": title,
        "yaml_title": _quoted(title),
        "due": _due(course),
        "number": re.sub(r"\D", "", key),
        "agreements": _agreements(course),
    }
    home, secret = f"assignments/{folder}", f"solutions/{folder}"
    files = {f"{home}/__init__.py": "", f"{secret}/__init__.py": ""}
    for name in ("notebook.py", "checks.py", "design.md"):
        part = name.partition(".")[0]
        files[f"{home}/{name}"] = _filled(
            f"assignment/{part}", {**words, "exercise": _filled(f"exercise/{part}", words)}
        )
    solution = {**words, "exercise": _filled("exercise/solution", words)}
    files |= {
        f"{secret}/solution.py": _filled("assignment/solution", solution),
        f"{secret}/hidden/__init__.py": _filled("assignment/hidden", words),
        f"{secret}/hidden/{exercise}.py": _filled("exercise/hidden", words),
        f"{secret}/mutants/__init__.py": _filled("assignment/mutants", words),
        f"{secret}/variants.py": _filled("assignment/variants", words),
        f"{secret}/proofs.md": _filled("assignment/proofs", words),
    }
    for place in (home, secret):
        if (course.root / place).exists():
            raise CourseError([f"{place}: expected no such folder yet, received one; choose another name"])
    files[FILE] = with_assignment((course.root / FILE).read_text(encoding="utf-8"), _filled("assignment/course", words))
    return _write(course, files)


def new_exercise(course: Course, assignment: Assignment, name: str) -> list[Touched]:
    """Add an exercise to an assignment; it is worth one point, taken from what has most.

    Raises:
        CourseError: for a name that cannot be or is taken, or a file that has no place for it; nothing is written.
    """
    _require_name(name)
    home, secret = f"assignments/{assignment.folder}", f"solutions/{assignment.folder}"
    hidden = f"{secret}/hidden/{name}.py"
    if name in {*assignment.exercises, *assignment.answers}:
        raise CourseError([f"{name}: expected the name of a new exercise, {assignment.name} has one; choose another"])
    if (course.root / hidden).exists():
        raise CourseError([f"{hidden}: expected no such file yet, received one; choose another name"])
    words = _words(assignment.name, assignment.folder, name)

    def read(file: str) -> str:
        try:
            return (course.root / file).read_text(encoding="utf-8")
        except OSError as error:
            raise CourseError([f"{file}: cannot be read: {error.strerror}"]) from None

    def part(of: str) -> str:
        return _filled(f"exercise/{of}", words)

    remark = f"TO-DO {name}: share out the points anew; this one was taken from {{giver}}"
    notebook, checks, solution, design = (
        f"{home}/notebook.py",
        f"{home}/checks.py",
        f"{secret}/solution.py",
        f"{home}/design.md",
    )
    if re.search(rf"^def {name}\(", read(solution), re.MULTILINE):
        raise CourseError([f"{solution}: expected no function {name} yet, received one; choose another name"])
    return _write(
        course,
        {
            notebook: with_cells(read(notebook), part("notebook")),
            checks: with_element(read(checks), "EXERCISES", part("checks"), checks),
            solution: read(solution).rstrip("\n") + "\n" + part("solution"),
            hidden: part("hidden"),
            design: with_row(read(design), part("design"), "exercise"),
            FILE: with_exercise(read(FILE), assignment.name, name, remark)[0],
        },
    )


def unknown(course: Course, name: str) -> CourseError:
    """What to say of a name that is no assignment and cannot be a new one's folder."""
    close = did_you_mean(name, list(course.assignments))
    return CourseError(
        [f"{FILE}: no assignment {name!r}; {close}; a new one is called by its folder, such as a7_topic"]
    )


def is_folder(name: str) -> bool:
    """Whether a new assignment could have a folder of this name."""
    return FOLDER.fullmatch(name) is not None


def _require_name(name: str) -> None:
    if NAME.fullmatch(name) is None or keyword.iskeyword(name):
        wanted = "expected a function's name of small letters, digits and _"
        raise CourseError([f"{name!r}: {wanted}, such as label_smoothing, received that; choose another"])


def _words(key: str, folder: str, exercise: str) -> dict[str, str]:
    return {
        "key": key,
        "KEY": key.upper(),
        "folder": folder,
        "name": exercise,
        "NAME": exercise.upper(),
    }


def _filled(template: str, words: Mapping[str, str]) -> str:
    text = (TEMPLATES / f"{template}.txt").read_text(encoding="utf-8")
    return re.sub(r"<<(\w+)>>", lambda match: words[match[1]], text)


def _quoted(title: str) -> str:
    """A title as YAML: as it is where that means the same, else in quotes."""
    try:
        if YAML(typ="safe").load(f"title: {title}") == {"title": title}:
            return title
    except Exception:  # noqa: BLE001 - no YAML, so it needs its quotes
        pass
    return "'" + title.replace("'", "''") + "'"


def _due(course: Course) -> str:
    last = max((assignment.due for assignment in course.assignments.values()), default=datetime.now(UTC))
    return (last + GAP).isoformat(timespec="minutes")


def _agreements(course: Course) -> str:
    """What all notebooks of the course agree on, as the first of them has it."""
    for assignment in course.assignments.values():
        path = course.root / "assignments" / assignment.folder / "notebook.py"
        match = AGREEMENTS.search(path.read_text(encoding="utf-8")) if path.is_file() else None
        if match:
            return match[0]
    return ""


def _write(course: Course, files: Mapping[str, str]) -> list[Touched]:
    """Write all files, or none: the new course.yaml is read before, and what was written is undone after an error."""
    with tempfile.TemporaryDirectory(prefix="course-new-") as folder:
        Path(folder, FILE).write_text(files[FILE], encoding="utf-8")
        load_course(Path(folder))
    paths = {file: course.root / file for file in files}
    before = {file: path.read_bytes() if path.exists() else None for file, path in paths.items()}
    try:
        for file, text in files.items():
            paths[file].parent.mkdir(parents=True, exist_ok=True)
            paths[file].write_text(text, encoding="utf-8")
    except OSError as error:
        for file, old in before.items():
            if old is not None:
                paths[file].write_bytes(old)
            else:
                paths[file].unlink(missing_ok=True)
        raise CourseError([f"{error.filename}: cannot be written: {error.strerror}; nothing was changed"]) from None
    return [Touched(file, old is None) for file, old in before.items()]
