"""`course new`: a new assignment, or a new exercise, with working examples to start from."""

from __future__ import annotations

import argparse

from autograder.commands.common import Commands, counted
from autograder.course.config import Course, CourseError


def add(commands: Commands) -> None:
    """Add the command to the program."""
    parser = commands.add_parser("new", help="make an assignment, or add an exercise to one, with working examples")
    parser.add_argument("assignment", help="an assignment of the course, or the folder of a new one, such as a7_topic")
    parser.add_argument("what", help="the name of the new exercise, or the title of the new assignment")
    parser.set_defaults(run=run)


def run(course: Course, arguments: argparse.Namespace) -> int:
    """Write the files and say which; `course doctor` lists what is to do in them."""
    from autograder.authoring.new.new import is_folder, new_assignment, new_exercise, unknown

    name, what = arguments.assignment, arguments.what
    try:
        assignment = course.find(name)
    except CourseError:
        if not is_folder(name):
            raise unknown(course, name) from None
        files, check = new_assignment(course, name, what), f"course doctor {name.partition('_')[0]}"
    else:
        files = new_exercise(course, assignment, what)
        check = f"course doctor {assignment.name} --exercise {what}"
    for one in files:
        print(f"{'made' if one.new else 'changed':8} {one.file}")
    print(f"{counted(len(files), 'file')}; what is to do in them, in order: {check}")
    return 0
