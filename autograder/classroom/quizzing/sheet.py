"""A student's questions on paper, for an oral exam, and the answers on a sheet of their own."""

from __future__ import annotations

from pathlib import Path

from autograder.classroom.pages import page
from autograder.classroom.printing import printable_lines
from autograder.classroom.quizzing.question import Quiz

TEMPLATE = Path(__file__).with_name("sheet.html.j2")
LETTERS = "ABCDEFGH"


def question_sheet(quiz: Quiz) -> str:
    """The page that the student sees: questions, and room for an answer."""
    return _render(quiz, key=False)


def key_sheet(quiz: Quiz) -> str:
    """The page for the person who asks: the same, with the right answers and what each option comes from."""
    return _render(quiz, key=True)


def _render(quiz: Quiz, *, key: bool) -> str:
    student = printable_lines(quiz.student)
    return page(TEMPLATE, {"lines": printable_lines}, quiz=quiz, student=student, key=key, letters=LETTERS)
