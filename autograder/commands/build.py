"""`course build`: nbgrader's source folders."""

from __future__ import annotations

import argparse

from autograder.commands.common import Commands, agreed, nbgrader_root
from autograder.course.config import Course


def add(commands: Commands) -> None:
    """Add the command to the program."""
    parser = commands.add_parser("build", help="write nbgrader's source folders from the assignments' scripts")
    parser.add_argument("assignment", nargs="?", help="one assignment; by default all")
    parser.set_defaults(run=run)


def run(course: Course, arguments: argparse.Namespace) -> int:
    """Build one assignment, or all."""
    from autograder.authoring.build import build_assignment

    for assignment in agreed(course, arguments.assignment):
        print(f"built {build_assignment(course, assignment.name, nbgrader_root(course))}")
    return 0
