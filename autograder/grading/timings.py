"""The seconds that a grading took, in nbgrader's log: one line for each submission."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

BEGIN = "timings: "
STUDENT, WHOLE = "student", "all"  # keys beside the exercises'


def line(student: str, seconds: float, exercises: Mapping[str, float]) -> str:
    """What is logged of one submission."""
    return BEGIN + json.dumps({STUDENT: student, WHOLE: seconds, **exercises})


def rows(log: str) -> list[dict[str, Any]]:
    """What a log says, submission by submission; ``line`` wrote it."""
    return [json.loads(text.partition(BEGIN)[2]) for text in log.splitlines() if BEGIN + "{" in text]
