"""`course notebooks`: every notebook from top to bottom, with its experiments."""

from __future__ import annotations

import argparse

from autograder.commands.common import Commands, agreed, progress_bar
from autograder.course.config import Course


def add(commands: Commands) -> None:
    """Add the command to the program."""
    parser = commands.add_parser("notebooks", help="run the notebooks, solutions in place, from top to bottom")
    parser.add_argument("assignment", nargs="?", help="one assignment; by default all")
    parser.set_defaults(run=run)


def run(course: Course, arguments: argparse.Namespace) -> int:
    """Run one notebook, or all, and say what went wrong in each."""
    from autograder.authoring.notebooks import execute

    failed, assignments = 0, agreed(course, arguments.assignment)
    with progress_bar() as progress:
        task = progress.add_task("building", total=None)

        def watch(number: int, total: int, cell: str) -> None:
            progress.update(task, description=cell, completed=number, total=total)

        runs = execute(course, assignments, course.root / "build" / "notebooks", watch)
        for assignment, done in zip(assignments, runs, strict=True):
            failed += bool(done.problem)
            line = f"{assignment.name}: {done.problem or 'no errors'}; {done.seconds:.0f} s, {done.page}"
            progress.console.print(line, markup=False, highlight=False, soft_wrap=True)
            progress.update(task, description="building", completed=0, total=None)
    return 1 if failed else 0
