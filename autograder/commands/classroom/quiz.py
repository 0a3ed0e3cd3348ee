"""`course quiz`: questions about students' own code, for Moodle and for an oral exam."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.commands.common import Commands, counted, progress_bar, with_submissions
from autograder.course.config import Course

if TYPE_CHECKING:
    from autograder.classroom.quizzing.question import Quiz
    from autograder.grading.grade import Grader

PROBLEM_LENGTH = 300  # characters of a problem in a terminal; the sheet has all of it


def add(commands: Commands) -> None:
    """Add the command to the program."""
    parser = commands.add_parser("quiz", help="five questions about each student's own code, answered by running it")
    parser.add_argument("assignment")
    parser.add_argument("student", nargs="?", help="one student; by default all who have handed in")
    parser.add_argument("--jobs", type=int, default=1, help="students at the same time")
    parser.add_argument("--out", type=Path, help="the folder to write to; by default quizzes/ASSIGNMENT/")
    parser.set_defaults(run=run)


def run(course: Course, arguments: argparse.Namespace) -> int:
    """Write a sheet, its key and the file for Moodle for one student, or for all."""
    from autograder.classroom.quizzing.moodle import quizzes_xml
    from autograder.classroom.submissions import require_student, students
    from autograder.classroom.writing import write
    from autograder.grading.grade import Grader

    assignment, root = with_submissions(course, arguments.assignment)
    chosen = arguments.student
    submitted = root / "submitted"
    if chosen:
        names = [require_student(submitted, assignment.name, chosen)]
    else:
        names = list(students(submitted, assignment.name))
    folder = arguments.out or root / "quizzes" / assignment.name
    quizzes = []
    for quiz in _made(Grader(course, assignment, root), names, arguments.jobs):
        quizzes.append(quiz)
        for path, content in _pages(quiz).items():
            write(folder / path, content)
        if quiz.short:
            print(f"{quiz.student}: {counted(len(quiz.questions), 'question')}; {_why(quiz)}")
    if not chosen:
        write(folder / "moodle.xml", quizzes_xml(quizzes))
    made = sum(bool(quiz.questions) for quiz in quizzes)
    print(f"{folder}: questions for {counted(made, 'student')}")
    return 1 if any(quiz.short for quiz in quizzes) else 0


def _made(grader: Grader, names: list[str], jobs: int) -> Iterator[Quiz]:
    """The quizzes, as they are ready, in order."""
    from autograder.classroom.quizzing.quizzing import make_quiz

    with ThreadPoolExecutor(max(1, jobs)) as pool, progress_bar() as progress:
        yield from progress.track(pool.map(lambda name: make_quiz(grader, name), names), len(names), description="quiz")


def _pages(quiz: Quiz) -> dict[str, bytes]:
    from autograder.classroom.quizzing.moodle import quizzes_xml
    from autograder.classroom.quizzing.sheet import key_sheet, question_sheet

    return {
        f"sheets/{quiz.student}.html": question_sheet(quiz).encode(),
        f"keys/{quiz.student}.html": key_sheet(quiz).encode(),
        f"moodle/{quiz.student}.xml": quizzes_xml([quiz]),
    }


def _why(quiz: Quiz) -> str:
    if quiz.problem:
        return " ".join(quiz.problem.split())[-PROBLEM_LENGTH:]
    return "; ".join(f"{name}: {reason}" for name, reason in quiz.left_out.items())
