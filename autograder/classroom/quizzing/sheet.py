"""A student's questions on paper, for an oral exam, and the answers on a sheet of their own."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from autograder.classroom.printing import printable_lines
from autograder.classroom.quizzing.question import Quiz

LETTERS = "ABCDEFGH"


def question_sheet(quiz: Quiz) -> str:
    """The page that the student sees: questions, and room for an answer."""
    return _render(quiz, key=False)


def key_sheet(quiz: Quiz) -> str:
    """The page for the person who asks: the same, with the right answers and what each option comes from."""
    return _render(quiz, key=True)


def _render(quiz: Quiz, *, key: bool) -> str:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(("j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.globals |= {"lines": printable_lines}
    template = environment.get_template("sheet.html.j2")
    return template.render(quiz=quiz, student=printable_lines(quiz.student), key=key, letters=LETTERS)
