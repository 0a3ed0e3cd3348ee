"""`course demo`: a small class, from handing in to feedback."""

from __future__ import annotations

import argparse

from autograder.commands.common import Commands, agreed
from autograder.course.config import Course


def add(commands: Commands) -> None:
    """Add the command to the program."""
    parser = commands.add_parser("demo", help="grade a small class from handing in to feedback, in build/demo")
    parser.add_argument("--assignment", help="one assignment; by default the whole course")
    parser.set_defaults(run=run)


def run(course: Course, arguments: argparse.Namespace) -> int:
    """Grade the class, and show where to look."""
    from rich.console import Console

    from autograder.authoring.demo import run_demo

    assignments = agreed(course, arguments.assignment)
    return 1 if run_demo(course, assignments, course.root / "build" / "demo", Console()) else 0
