"""The words by which the build, the grader and the gradebook know a notebook's cells; they stand in its metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CHECK = "check_"  # begins nbgrader's name of the cell that grades an exercise
SETUP = "setup_"  # begins that of a locked cell which the notebook needs
ANSWER_PLACE = "YOUR ANSWER HERE"  # what nbgrader leaves where an answer goes
OWN = "course"  # the key of what is ours among a cell's metadata
EXPERIMENT, PARTS = "experiment", "parts"  # keys below that
ENVIRONMENT = "environment"  # the experiment that the build writes: what a student's computer has


def check_cell(exercise: str) -> str:
    """nbgrader's name of the cell that grades an exercise."""
    return f"{CHECK}{exercise}"


def checked_exercise(name: str) -> str:
    """The exercise that a cell of this name grades; "" for every other cell."""
    return name.removeprefix(CHECK) if name.startswith(CHECK) else ""


def nbgrader_name(metadata: Mapping[str, Any]) -> str:
    """nbgrader's name of a cell with this metadata; "" for one that nbgrader does not know."""
    return str(metadata.get("nbgrader", {}).get("grade_id") or "")


def experiment(metadata: Mapping[str, Any]) -> str:
    """The name of the experiment that a cell with this metadata is; "" for every other cell."""
    return str(metadata.get(OWN, {}).get(EXPERIMENT, ""))


def promised_parts(metadata: Mapping[str, Any]) -> dict[str, float]:
    """The points by part that the release promised for a check cell with this metadata."""
    return dict(metadata.get(OWN, {}).get(PARTS, {}))
