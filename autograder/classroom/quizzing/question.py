"""A question, and a student's quiz."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

COUNT = 5  # questions in a quiz
OPTIONS = 4  # in a question, of which one is right


@dataclass(frozen=True)
class Block:
    """A piece of a question's text: a sentence, or lines of code."""

    kind: Literal["text", "code"]
    text: str


@dataclass(frozen=True)
class Question:
    """A question with one right answer. All its texts are plain: whoever shows them escapes them.

    Args:
        exercise: what it is about.
        kind: which sort of question, e.g. ``still right``.
        blocks: what is asked.
        options: the answers to choose from.
        answer: the place of the right one.
        remarks: to each option, what the person who asks should know about it.
        options_are_code: whether options are shown as code.
    """

    exercise: str
    kind: str
    blocks: tuple[Block, ...]
    options: tuple[str, ...]
    answer: int
    remarks: tuple[str, ...]
    options_are_code: bool = True

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Question:
        """Invert ``dataclasses.asdict``, after a way through JSON."""
        blocks = tuple(Block(**block) for block in data["blocks"])
        return cls(**{**data, "blocks": blocks, "options": tuple(data["options"]), "remarks": tuple(data["remarks"])})


@dataclass(frozen=True)
class Quiz:
    """What one student is asked.

    Args:
        left_out: exercises about which nothing certain could be asked, and why.
        problem: why there is no question at all; "" when there is one.
    """

    assignment: str
    title: str
    student: str
    questions: tuple[Question, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""

    @property
    def short(self) -> bool:
        """Whether it has fewer questions than a quiz should have."""
        return len(self.questions) < COUNT
