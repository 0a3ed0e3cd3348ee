"""What a process may use in a test."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from autograder.course.config import LimitSettings
from autograder.grading.grade import process_limits
from autograder.jail.limits import Limits


def some_limits(**changes: Any) -> Limits:
    """Those of a course that says nothing about them, but for what the test changes."""
    return replace(process_limits(LimitSettings()), **changes)
