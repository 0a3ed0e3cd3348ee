"""Why an error may come near to its tolerance: ``solutions/ASSIGNMENT/tolerances.toml``.

Each row is about a check. With ``mutants``, their errors may lie near the edge; without, those of right answers::

    [[sigmoid_forward]]
    check = "public cases"
    mutants = ["sigmoid_forward.clips_at_ten"]
    why = "sigmoid(10) and sigmoid(12) differ by little; the hidden cases go to 700"
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from autograder.course.config import CourseError

TOLERANCES = "tolerances.toml"


class Reason(BaseModel):
    """One row."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    check: str
    mutants: tuple[str, ...] = ()
    why: str


def reasons(path: Path) -> dict[str, list[Reason]]:
    """The rows by exercise; none where there is no such file.

    Raises:
        CourseError: when it is something else.
    """
    if not path.is_file():
        return {}
    try:
        return TypeAdapter(dict[str, list[Reason]]).validate_python(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        expected = "expected [[EXERCISE]] rows of check, mutants and why"
        raise CourseError([f"{path}: {expected}, received {str(error).splitlines()[-1].strip()}"]) from None
