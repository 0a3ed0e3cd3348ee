"""What a guide for grading by hand shows: of each question its rubric, and what each student wrote, as safe HTML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nbformat.notebooknode import NotebookNode

from autograder.course.cells import ANSWER_PLACE, nbgrader_name
from autograder.grading.grade import Grader, Submission
from autograder.grading.pages.renderer import Budget, Renderer


@dataclass(frozen=True)
class Answer:
    """What one student wrote.

    Args:
        html: cleaned of all that acts; "" where certainly nothing was written.
    """

    student: str
    html: str


@dataclass(frozen=True)
class Question:
    """A question as it was released, the section of ``proofs.md`` that says what it is worth, and the answers."""

    name: str
    points: float
    question: str
    rubric: str
    answers: tuple[Answer, ...]


def questions(
    grader: Grader, rubrics: Mapping[str, str], submissions: Sequence[tuple[str, Submission]], renderer: Renderer
) -> Iterator[Question]:
    """The written questions of an assignment, in the order of its notebook.

    Args:
        rubrics: by the question's name, as Markdown.
        submissions: whose, and what could be read of it.
    """
    budgets = {student: Budget() for student, _ in submissions}  # one who writes without end costs nobody else
    for cell in grader.release.cells:
        name = nbgrader_name(cell.metadata)
        if name not in grader.assignment.answers:
            continue
        asked = cell.source.partition(ANSWER_PLACE)[0].rstrip()
        answers = tuple(
            Answer(student, _answer(submission, name, asked, renderer, budgets[student]))
            for student, submission in submissions
        )
        points = grader.assignment.answers[name]
        question, rubric = (renderer.render("markdown", text, Budget()) for text in (asked, rubrics[name]))
        yield Question(name, points, question, rubric, answers)


def _answer(submission: Submission, name: str, asked: str, renderer: Renderer, budget: Budget) -> str:
    if name in submission.unanswered:
        return ""
    cells = submission.notebook.cells
    place = next(number for number, cell in enumerate(cells) if nbgrader_name(cell.metadata) == name)
    own = [_written(cells[place], asked)]
    for cell in cells[place + 1 :]:  # what was written below the question instead
        if not str(cell.id).startswith("added-"):
            break
        own.append((cell, cell.source))
    return "\n".join(
        renderer.render("code" if cell.cell_type == "code" else "markdown", text, budget, cell.get("attachments"))
        for cell, text in own
        if text.strip() or cell.get("attachments")
    )


def _written(cell: NotebookNode, asked: str) -> tuple[NotebookNode, str]:
    """An answer without the question above it and the words that mark its place; all of it where those have changed."""
    text = cell.source.strip()
    text = text.removeprefix(asked.strip()).strip()
    return cell, "" if text == ANSWER_PLACE else text.removeprefix(ANSWER_PLACE).strip()
