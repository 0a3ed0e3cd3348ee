"""The guide as one page that holds everything, loads nothing, and runs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from autograder.classroom.guiding.gathering import Question
from autograder.classroom.pages import page
from autograder.classroom.printing import printable

TEMPLATE = Path(__file__).with_name("guide.html.j2")


def guide_page(title: str, questions: Sequence[Question], unread: Sequence[tuple[str, str]]) -> str:
    """The page.

    Args:
        unread: who could not be read, and why.
    """
    helpers = {"readable": printable, "safe": Markup}  # the renderer has cleaned what is called safe
    return page(TEMPLATE, helpers, title=title, questions=questions, unread=unread)
