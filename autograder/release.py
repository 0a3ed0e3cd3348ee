"""Make what students get, with nbgrader's own ``generate_assignment``."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC
from pathlib import Path

from nbgrader.api import Gradebook

from autograder.course import Course, CourseError


def release_assignment(course: Course, name: str, into: Path) -> Path:
    """Write ``into/release/NAME`` from ``into/source/NAME``, and its due date into the gradebook.

    A fresh process: nbgrader reads its configuration from the folder it starts in.

    Raises:
        CourseError: with nbgrader's own words, when it refuses.
    """
    assignment = course.find(name)
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", assignment.name, "--force", "--log-level=WARN"]
    done = subprocess.run(command, cwd=into, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise CourseError([f"nbgrader generate_assignment {assignment.name} failed:", *done.stderr.splitlines()[-20:]])
    with Gradebook(f"sqlite:///{into / 'gradebook.db'}") as gradebook:  # nbgrader counts late days from here, in UTC
        due = assignment.due.astimezone(UTC).replace(tzinfo=None)
        gradebook.update_or_create_assignment(assignment.name, duedate=due)
    return into / "release" / assignment.name
