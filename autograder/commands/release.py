"""`course release`: what students get."""

from __future__ import annotations

import argparse
from functools import partial

from autograder.commands.common import Commands, agreed, chosen, nbgrader_root, progress_bar
from autograder.course.config import Course


def add(commands: Commands) -> None:
    """Add the command to the program."""
    parser = commands.add_parser("release", help="build, then make what students get, and look for leaks")
    parser.add_argument("assignment", nargs="?", help="one assignment; by default all")
    parser.set_defaults(run=run)


def run(course: Course, arguments: argparse.Namespace) -> int:
    """Release one assignment, or all; what leaks is told and not released."""
    from autograder.authoring.doctor.unfinished import require_finished
    from autograder.authoring.release import Leaking, release_assignment

    require_finished(course, chosen(course, arguments.assignment))
    root, leaking, assignments = nbgrader_root(course), False, agreed(course, arguments.assignment)
    with progress_bar() as progress:
        say = partial(progress.console.print, markup=False, highlight=False, soft_wrap=True)
        task = progress.add_task("", total=len(assignments))
        for assignment in assignments:
            progress.update(task, description=f"{assignment.name}: every known mistake is made, then it is released")
            try:
                say(f"released {release_assignment(course, assignment.name, root, tell=say)}")
            except Leaking as error:
                leaking = True
                say(str(error))
            progress.advance(task)
    return 1 if leaking else 0
