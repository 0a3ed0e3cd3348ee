"""`course guide`: every written question with its rubric, and what everybody wrote, on one page."""

from __future__ import annotations

import argparse
from pathlib import Path

from autograder.commands.common import Commands, counted, with_submissions
from autograder.course.config import Course


def add(commands: Commands) -> None:
    """Add the command to the program."""
    parser = commands.add_parser("guide", help="for grading by hand: each written question, its rubric, all answers")
    parser.add_argument("assignment")
    parser.add_argument("--out", type=Path, help="the page to write; by default guide/ASSIGNMENT.html")
    parser.set_defaults(run=run)


def run(course: Course, arguments: argparse.Namespace) -> int:
    """Write the guide to the answers of an assignment."""
    from autograder.authoring.build import model_answers
    from autograder.classroom.guiding.gathering import questions
    from autograder.classroom.guiding.page import guide_page
    from autograder.classroom.submissions import students
    from autograder.classroom.writing import write
    from autograder.grading.grade import Grader
    from autograder.grading.pages.renderer import Renderer

    assignment, root = with_submissions(course, arguments.assignment)
    grader, renderer = Grader(course, assignment, root), Renderer()
    read, unread = [], []
    for student in students(root / "submitted", assignment.name):
        path = root / "submitted" / student / assignment.name / f"{assignment.folder}.ipynb"
        submission = grader.prepare(path)
        problem = submission.unreadable or submission.fault
        if problem:
            unread.append((student, problem))
        else:
            read.append((student, submission))
    asked = list(questions(grader, model_answers(course, assignment), read, renderer))
    renderer.close()
    page = guide_page(f"{assignment.name} · {assignment.title}: grading guide", asked, unread)
    place = write(arguments.out or root / "guide" / f"{assignment.name}.html", page.encode())
    print(f"{place}: {counted(len(asked), 'question')}, {counted(len(read), 'submission')}")
    return 0
