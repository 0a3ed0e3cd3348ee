"""Which submissions nbgrader sees: every student's folder, whatever it is called and whatever lies in it.

nbgrader takes names for patterns, so ``[x]`` finds nothing; passes over folders without a notebook, so a student
disappears; and gives up on a time that it cannot read. It has no settings for any of that: these parts are ours.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from nbgrader import utils
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.converters.base import BaseConverter
from nbgrader.coursedir import CourseDirectory

from autograder.grading.arriving import folders
from autograder.grading.arriving.handed_in import MAX_CLAIM, TIMESTAMP, read_time

INIT_ASSIGNMENT = Autograde.init_assignment


def configure_listing() -> None:
    """Give nbgrader these parts; once is enough, again does no harm."""
    Autograde.init_notebooks = _every_submission
    Autograde.init_assignment = _init_assignment
    GenerateFeedback.init_notebooks = _every_graded_notebook
    CourseDirectory.get_existing_timestamp = _time_beside
    utils.is_ignored = _is_ignored


def student_folders(converter: Any) -> list[str]:
    """The folders of the assignment, of all students or of those whom ``--student`` names, sorted."""
    directory = converter.coursedir
    assignment, wanted = directory.assignment_id, directory.student_id or "*"
    named = re.compile(converter._format_source(re.escape(assignment), "(?P<student>[^/]*)", escape=True), re.DOTALL)
    found = []
    for folder in sorted(glob.glob(converter._format_source(glob.escape(assignment), "*"))):
        student = named.fullmatch(folder)
        if student and (student["student"] == wanted or fnmatchcase(student["student"], wanted)):
            found.append(folder)
    return found


def _every_submission(converter: Any) -> None:
    """The folders alone: what in them is graded is decided once they are in order."""
    converter.notebooks = []
    converter.assignments = {folder: [] for folder in student_folders(converter)}
    if not converter.assignments:
        BaseConverter.init_notebooks(converter)  # it says that there is nothing, and what may have been meant


def _every_graded_notebook(converter: Any) -> None:
    converter.notebooks = []
    pattern = f"{converter.coursedir.notebook_id}.ipynb"
    listed = {folder: sorted(os.listdir(folder)) for folder in student_folders(converter)}
    converter.assignments = {
        folder: found
        for folder, names in listed.items()
        if (found := [os.path.join(folder, name) for name in names if fnmatchcase(name, pattern)])
    }
    if not converter.assignments:
        BaseConverter.init_notebooks(converter)


def _init_assignment(converter: Any, assignment: str, student: str) -> None:
    """Copy as nbgrader does; nothing at all from a folder that could not be put in order."""
    with _nothing_copied(converter, converter._format_source(assignment, student)):
        INIT_ASSIGNMENT(converter, assignment, student)


@contextmanager
def _nothing_copied(converter: Any, folder: str) -> Iterator[None]:
    directory = converter.coursedir
    ignored = directory.ignore
    if folder in getattr(converter.exporter, "unordered", {}):
        directory.ignore = ["*"]
    try:
        yield
    finally:
        directory.ignore = ignored


def _time_beside(_: Any, folder: str) -> datetime | None:
    """The time in a folder's ``timestamp.txt``, in UTC without a zone, as nbgrader has it; None where none is."""
    try:
        with (
            folders.opened(os.path.realpath(Path(folder).parents[1])) as all_students,
            folders.opened(Path(folder).parent.name, all_students) as outer,
            folders.opened(Path(folder).name, outer) as inner,
        ):
            text = folders.read_file(inner, TIMESTAMP, MAX_CLAIM).decode("ascii")
    except (OSError, UnicodeError, folders.Refused):
        return None
    time = read_time(text)
    return time.astimezone(UTC).replace(tzinfo=None) if time else None


def _is_ignored(filename: str, ignore_globs: list[str] | None = None) -> bool:
    """Whether a file's own name fits one of the patterns; a folder's name above it is no pattern."""
    return any(fnmatchcase(os.path.basename(filename), pattern) for pattern in ignore_globs or ())
