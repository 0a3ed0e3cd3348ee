"""The committed report of small changes that no check notices: ``solutions/ASSIGNMENT/survivors.toml``.

Each group has one reason, and is ``equivalent``, when no input shows a difference, or ``allowed``, when one does that
the contract leaves open::

    [[relu]]
    kind = "equivalent"
    why = "at zero both are zero"
    steps = ["solution: return x * (x > 0)  ->  return x * (x >= 0)"]
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from autograder.course.config import CourseError

SURVIVORS = "survivors.toml"
Kind = Literal["equivalent", "allowed"]


class Group(BaseModel):
    """Survivors that share a reason."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Kind
    why: str
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Listed:
    """What the report says of one survivor."""

    kind: Kind
    why: str


def listed(path: Path) -> dict[str, dict[str, Listed]]:
    """The report's survivors by exercise; none where there is no report.

    Raises:
        CourseError: when it is no report.
    """
    if not path.is_file():
        return {}
    try:
        found = TypeAdapter(dict[str, list[Group]]).validate_python(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        expected = "expected [[EXERCISE]] groups of kind, why and steps"
        raise CourseError([f"{path}: {expected}, received {str(error).splitlines()[-1].strip()}"]) from None
    return {
        exercise: {step: Listed(group.kind, group.why) for group in groups for step in group.steps}
        for exercise, groups in found.items()
    }
