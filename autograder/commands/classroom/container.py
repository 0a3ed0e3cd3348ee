"""`course container`: what the scripts of `course export --to gradescope` run; no help lists it."""

from __future__ import annotations

import argparse
from pathlib import Path

from autograder.classroom.platforms import PLATFORMS
from autograder.commands.common import Commands
from autograder.course.config import ACCURACY, Assignment, Course, CourseError


def add(commands: Commands) -> None:
    """Add the command and its actions to the program."""
    actions = commands.add_parser("container").add_subparsers(required=True, metavar="ACTION")
    prepare = actions.add_parser("prepare", help="once, when the image is built")
    prepare.add_argument("assignment")
    prepare.set_defaults(run=_prepare)
    grade = actions.add_parser("grade", help="for each submission")
    grade.add_argument("assignment")
    grade.add_argument("--to", choices=PLATFORMS, required=True)
    grade.add_argument("--submission", type=Path, required=True, help="the folder where the platform put it")
    grade.add_argument("--results", type=Path, required=True, help="the file in which the platform looks for scores")
    grade.add_argument("--report", type=Path, help="Vocareum's file for the student")
    grade.set_defaults(run=_grade)


def _prepare(course: Course, arguments: argparse.Namespace) -> int:
    from autograder.classroom.platforms.container import prepare

    assignment = course.find(arguments.assignment)
    require_walls(course)
    _fetch_data(course, assignment)
    prepare(course, assignment)
    print(f"{assignment.name}: ready, isolation: {course.grading.isolation}")
    return 0


def _grade(course: Course, arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from autograder.classroom.platforms import writers
    from autograder.classroom.platforms.container import grade

    arguments.results.parent.mkdir(parents=True, exist_ok=True)
    arguments.results.unlink(missing_ok=True)
    if arguments.report:  # stands there whatever happens: Vocareum would show students our log in its place
        arguments.report.write_text(writers.VOCAREUM_FAULT, encoding="utf-8")
    found = grade(course, course.find(arguments.assignment), arguments.submission, Console(stderr=True))
    if arguments.report:
        arguments.report.write_text(writers.vocareum_report(found), encoding="utf-8")
    written = {
        "gradescope": writers.gradescope,
        "prairielearn": writers.prairielearn,
        "vocareum": writers.vocareum_grades,
    }
    arguments.results.write_text(written[arguments.to](found), encoding="utf-8")
    return 0


def require_walls(course: Course) -> None:
    """Better no image than one that refuses every student.

    Raises:
        CourseError: when walls are required and none hold here, with what is missing.
    """
    from autograder.jail.walls.tiers import probe

    report = probe()
    if course.grading.isolation == "required" and report.tier is None:
        raise CourseError([report.explain()])


def _fetch_data(course: Course, assignment: Assignment) -> None:
    """Fetch the datasets that accuracy items train on, where the course does not draw its own."""
    from autograder.commands.data.datasets import fetch_dataset
    from coursekit.data.loaders import find_dataset

    if any(ACCURACY in assignment.parts(name) for name in assignment.exercises):
        for name in course.data.model_dump().values():
            if find_dataset(name).files:
                fetch_dataset(name)
