"""Read ``course.yaml`` into frozen models; every mistake in it is named by line, key, expectation and remedy."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

FILE = "course.yaml"
POINTS = 100.0
WHOLE = "all"  # the one part of an exercise whose points are one number
ACCURACY = "accuracy"  # the part that a trial serves

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Number = Annotated[float, Field(gt=0, le=POINTS, allow_inf_nan=False)]
Points = Number | Annotated[dict[Identifier, Number], Field(min_length=1)]


class CourseError(Exception):
    """Everything that is wrong with a course's files, one finding a line."""

    def __init__(self, findings: list[str]) -> None:
        super().__init__("\n".join(findings))
        self.findings = findings


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class LimitSettings(_Model):
    """What a submission may use; the units are in the names. Seconds are seconds of work, not of a clock's time."""

    cell_seconds: PositiveFloat = 30.0
    call_seconds: PositiveFloat = 10.0
    submission_seconds: PositiveFloat = 300.0
    own_seconds: PositiveFloat = 120.0
    judge_seconds: PositiveFloat = 180.0
    memory_mb: PositiveInt = 2048
    judge_memory_mb: PositiveInt = 2048
    disk_mb: PositiveInt = 256
    output_kb: PositiveInt = 512
    notebook_mb: PositiveInt = 20


Rare = Annotated[float, Field(gt=0, le=0.05, allow_inf_nan=False)]


class Calibration(_Model):
    """How often an accuracy item may err: what `course calibrate` holds every bound against."""

    correct_fails: Rare = 1e-4
    wrong_passes: Rare = 1e-3


class Late(_Model):
    """What it costs to hand in late.

    Args:
        points_per_day: taken off for each day that has begun.
        closed_after_days: after so many days nothing counts any more; None for never.
    """

    points_per_day: Number
    closed_after_days: PositiveInt | None = None


class Grading(_Model):
    """How submissions are graded; without ``late``, nobody loses a point for the time."""

    isolation: Literal["required", "none"] = "required"
    limits: LimitSettings = LimitSettings()
    calibration: Calibration = Calibration()
    late: Late | None = None


class DataSettings(_Model):
    """Which data a course uses: for students' experiments and for the grader's accuracy items."""

    grey: Literal["synthetic-grey", "fashion-mnist"] = "synthetic-grey"
    colour: Literal["synthetic-colour", "cifar-10"] = "synthetic-colour"


GITHUB = r"^https://github\.com/[\w.-]+/[\w.-]+/blob/[\w./-]+$"


class Site(_Model):
    """The pages that ``make docs`` writes.

    Args:
        notebooks: where notebooks that bring their files along are public, a folder on GitHub that holds what
            ``build/single-file`` does: the pages say how to open them elsewhere. None for no such place.
    """

    notebooks: Annotated[str, Field(pattern=GITHUB)] | None = None


class Assignment(_Model):
    """One assignment.

    Args:
        folder: its name in ``assignments/`` and ``solutions/``.
        due: when it is due, with a time zone.
        exercises: points of the automatically graded exercises, whole or by parts.
        answers: points of the answers graded by hand.
    """

    name: Identifier
    folder: Identifier
    title: str
    due: AwareDatetime
    exercises: dict[Identifier, Points]
    answers: dict[Identifier, Number] = {}

    def parts(self, exercise: str) -> dict[str, float]:
        """The points of an exercise by part; ``{WHOLE: ...}`` for one without parts."""
        points = self.exercises[exercise]
        return dict(points) if isinstance(points, dict) else {WHOLE: points}

    def points(self, exercise: str) -> float:
        """The points of an exercise, all parts together."""
        return sum(self.parts(exercise).values())

    @property
    def total(self) -> float:
        return sum(map(self.points, self.exercises)) + sum(self.answers.values())


class Course(_Model):
    """A course: its folder, how it is graded, and its assignments by name, in order."""

    root: Path
    title: str
    data: DataSettings = DataSettings()
    grading: Grading = Grading()
    site: Site = Site()
    assignments: dict[Identifier, Assignment]

    def find(self, name: str) -> Assignment:
        """Find an assignment by its name or by its folder.

        Raises:
            CourseError: when there is none of that name.
        """
        for assignment in self.assignments.values():
            if name in (assignment.name, assignment.folder):
                return assignment
        known = list(self.assignments)
        raise CourseError([f"{FILE}: no assignment {name!r}; {did_you_mean(name, known)}"])


def find_course_root(start: Path) -> Path:
    """The nearest folder from ``start`` upwards that holds a ``course.yaml``.

    Raises:
        CourseError: when there is none.
    """
    for folder in [start.resolve(), *start.resolve().parents]:
        if (folder / FILE).is_file():
            return folder
    raise CourseError([f"no {FILE} in {start.resolve()} or any folder above it; change into the course's folder"])


def load_course(root: Path) -> Course:
    """Read ``root/course.yaml``.

    Raises:
        CourseError: with every finding, as ``course.yaml:LINE: key: expected ..., received ...; remedy``.
    """
    data = _parse(root / FILE)
    try:
        course = Course(root=root, **_prepared(data))
    except ValidationError as error:
        errors = [dict(e) for e in error.errors() if not _is_told_elsewhere(dict(e))]
        raise CourseError(list(dict.fromkeys(_finding(data, e) for e in errors))) from None
    findings = [
        f"{FILE}:{_line(data, ('assignments', a.name))}: assignments.{a.name}: expected points that add up to "
        f"{POINTS:g}, received {a.total:.12g}; change exercises or answers"
        for a in course.assignments.values()
        if abs(a.total - POINTS) > 1e-9  # thirds do not add up exactly
    ]
    if findings:
        raise CourseError(findings)
    return course


def _parse(path: Path) -> CommentedMap:
    try:
        data = _loaded(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CourseError([f"{path}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise CourseError([f"{path}: expected UTF-8 text, received byte {error.object[error.start]:#x}"]) from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problem = str(error.problem).partition("\n")[0].partition(" with value")[0]
        raise CourseError(
            [f"{FILE}:{line}: expected YAML, received a syntax error: {problem}; mend this line"]
        ) from None
    except YAMLError as error:
        problem = str(error).partition("\n")[0]
        raise CourseError([f"{FILE}:1: expected YAML, received a syntax error: {problem}"]) from None
    if not isinstance(data, CommentedMap):
        kind = "nothing" if data is None else type(data).__name__
        raise CourseError([f"{FILE}:1: expected keys title, grading and assignments, received {kind}"])
    return data


@functools.lru_cache(maxsize=4)
def _loaded(text: str) -> Any:
    """The YAML with the place of every key, which nobody changes: one command asks for the same file ten times."""
    return YAML(typ="rt").load(text)


def _prepared(data: CommentedMap) -> dict[str, Any]:
    """The YAML as plain values in which every assignment knows its name and every number is a float where one fits."""
    plain = {key: _plain(value) for key, value in data.items() if key != "root"}
    if "root" in data:
        plain["root "] = None  # the folder is not the file's to name: reported as an unknown key
    assignments = plain.get("assignments")
    if isinstance(assignments, dict):
        for name, assignment in assignments.items():
            if isinstance(assignment, dict):
                assignment["name"] = name
                assignment["due"] = _date(assignment.get("due"))
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _date(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return value


def places(root: Path) -> Callable[..., str]:
    """Where keys of ``root/course.yaml`` stand: ``("assignments", "a1")`` gives ``course.yaml:21: assignments.a1``."""
    data = _parse(root / FILE)
    return lambda *path: f"{FILE}:{_line(data, path)}: {'.'.join(path)}"


def _path(error: dict[str, Any]) -> tuple[Any, ...]:
    """The keys that lead to a mistake; pydantic also names the branch of a union that it tried."""
    branches = ("function-", "constrained-", "dict[", "float")
    return tuple(part for part in error["loc"] if not str(part).startswith(branches))


def _is_told_elsewhere(error: dict[str, Any]) -> bool:
    """Whether another error says the same: parts tried as a number, an assignment's key as its name."""
    path = _path(error)
    if path[:1] == ("assignments",) and path[2:] == ("name",):
        return True
    return len(path) == 4 and path[2] == "exercises" and isinstance(error["input"], dict) and bool(error["input"])


def _finding(data: CommentedMap, error: dict[str, Any]) -> str:
    path = _path(error)
    union = len(path) == 4 and path[2] == "exercises"  # points: a number, or parts with a number each
    key = ".".join(map(str, path)).replace(".[key]", "").strip()
    where = f"{FILE}:{_line(data, path)}: {key}"
    received = error["input"]
    if union:
        return f"{where}: expected points greater than 0, or parts with points, received {received!r}; change it"
    if "exercises" in path[2:3] or "answers" in path[2:3]:
        return f"{where}: expected points greater than 0 and at most {POINTS:g}, received {received!r}; change it"
    match error["type"]:
        case "missing":
            return f"{where}: expected this key, received nothing; add it"
        case "extra_forbidden":
            unknown = str(path[-1]).strip()
            return f"{where}: expected a known key, received {unknown!r}; {did_you_mean(unknown, _known(path))}"
        case "timezone_aware" | "datetime_type" | "datetime_parsing":
            example = "such as 2026-12-03T23:59+01:00"
            return f"{where}: expected an ISO date with a time zone, {example}, received {str(received)!r}; change it"
        case "model_type":
            return (
                f"{where}: expected keys {', '.join(_known((*path, '')))}, received {received!r}; write them below it"
            )
        case "literal_error":
            return f"{where}: expected {error['ctx']['expected']}, received {received!r}; choose one of them"
        case "string_pattern_mismatch" if path[:1] == ("site",):
            example = "such as https://github.com/OWNER/REPOSITORY/blob/BRANCH/FOLDER"
            return f"{where}: expected the address of a folder on GitHub, {example}, received {received!r}; change it"
        case "string_pattern_mismatch":
            return f"{where}: expected a name of small letters, digits and _, received {received!r}; rename it"
        case "greater_than":
            return f"{where}: expected a number greater than 0, received {received!r}; change it"
    expected = error["msg"].removeprefix("Input should be ")
    return f"{where}: expected {expected}, received {received!r}; change it"


def _known(path: tuple[Any, ...]) -> list[str]:
    """The keys that may stand where an unknown one stood."""
    model: type[BaseModel] = Course
    if len(path) > 1:
        sections: dict[str, type[BaseModel]] = {"assignments": Assignment, "data": DataSettings, "site": Site}
        inner: dict[str, type[BaseModel]] = {"calibration": Calibration, "late": Late}
        model = sections.get(path[0], Grading if len(path) == 2 else inner.get(path[1], LimitSettings))
    return [name for name in model.model_fields if name not in ("root", "name")]


def did_you_mean(word: str, known: list[str]) -> str:
    """The known word that was probably meant, or all of them."""
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"


def _line(data: CommentedMap, path: tuple[Any, ...]) -> int:
    """The line of the deepest key on ``path`` that the file has."""
    line, node = 1, data
    for part in path:
        if not isinstance(node, CommentedMap) or part not in (node.lc.data or {}):  # a merged key has no line here
            break
        line = node.lc.key(part)[0] + 1
        node = node[part]
    return line
