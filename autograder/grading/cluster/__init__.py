"""Grading on other machines: a submission's judges work there, everything else stays where nbgrader runs."""

from __future__ import annotations

import importlib.util
import sys

from autograder.course.config import CourseError


def require_dask() -> None:
    """Have Dask installed, which most courses do without: `client` and `worker` import it.

    Raises:
        CourseError: when it is not.
    """
    if importlib.util.find_spec("distributed") is None:
        command = f"{sys.executable} -m pip install --require-hashes -r requirements-dask.lock"
        raise CourseError([f"the package distributed is not installed; run, in the course's folder: {command}"])
