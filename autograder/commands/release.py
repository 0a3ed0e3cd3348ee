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
    parser.add_argument(
        "--single-file", action="store_true", help="also write one notebook that brings its files along, as for Colab"
    )
    parser.set_defaults(run=run)


def run(course: Course, arguments: argparse.Namespace) -> int:
    """Release one assignment, or all; what leaks is told and not released."""
    from autograder.authoring.doctor.unfinished import require_finished
    from autograder.authoring.release import Leaking, release_assignment
    from autograder.authoring.single import write_single

    require_finished(course, chosen(course, arguments.assignment))
    root, leaking, assignments = nbgrader_root(course), False, agreed(course, arguments.assignment)
    with progress_bar() as progress:
        say = partial(progress.console.print, markup=False, highlight=False, soft_wrap=True)
        task = progress.add_task("", total=len(assignments))
        for assignment in assignments:
            progress.update(task, description=f"{assignment.name}: every known mistake is made, then it is released")
            try:
                release = release_assignment(course, assignment.name, root, tell=say)
                say(f"released {release}")
                if arguments.single_file:
                    single = write_single(release, course, assignment, root)
                    say(f"written {single} ({single.stat().st_size / 1000:.0f} kB, alone)")
            except Leaking as error:
                leaking = True
                say(str(error))
            progress.advance(task)
    return 1 if leaking else 0
