"""`course feedback`: the page that each student reads, with nbgrader."""

from __future__ import annotations

import argparse

from autograder.commands.common import Commands, with_submissions
from autograder.course.config import Course


def add(commands: Commands) -> None:
    """Add the command to the program."""
    parser = commands.add_parser("feedback", help="write each student's feedback page with nbgrader")
    parser.add_argument("assignment")
    parser.set_defaults(run=run)


def run(course: Course, arguments: argparse.Namespace) -> int:
    """Write the feedback pages of an assignment."""
    from rich.console import Console

    from autograder.classroom.grading import generate_feedback

    assignment, root = with_submissions(course, arguments.assignment)
    return 1 if generate_feedback(root, assignment.name, Console()) else 0
