"""A student's quiz, from the file that was handed in; whatever is in it costs nobody else a quiz."""

from __future__ import annotations

import traceback
from dataclasses import replace

from autograder.classroom.quizzing.process import QuizFailed, make_questions
from autograder.classroom.quizzing.question import Quiz
from autograder.grading.grade import Grader


def make_quiz(grader: Grader, student: str) -> Quiz:
    """The quiz of one student; when there can be none, it says why."""
    assignment = grader.assignment
    path = grader.root / "submitted" / student / assignment.name / f"{assignment.folder}.ipynb"
    submission = grader.prepare(path)
    quiz = Quiz(assignment.name, assignment.title, student)
    if submission.unreadable or submission.fault:
        return replace(quiz, problem=submission.unreadable or submission.fault)
    try:
        questions, left_out = make_questions(grader.job(submission))
    except QuizFailed as failed:
        return replace(quiz, problem=str(failed))
    except Exception:  # noqa: BLE001 - any other fault of ours: the others have a quiz all the same
        return replace(quiz, problem=traceback.format_exc())
    problem = "" if questions else "no question about this submission has a certain answer"
    return replace(quiz, questions=questions, left_out=left_out, problem=problem)
