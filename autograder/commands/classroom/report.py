"""`course report`: what a lecturer learns from a graded class, as pages or as JSON."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from autograder.commands.common import Commands, chosen, nbgrader_root
from autograder.course.config import Course, CourseError


def add(commands: Commands) -> None:
    """Add the command to the program."""
    parser = commands.add_parser("report", help="show what the class has learned, and what it has not")
    parser.add_argument("assignment", nargs="?", help="all that are graded by default, and a page for the course")
    parser.add_argument("--out", type=Path, help="the folder to write to; by default reports/ in nbgrader's root")
    parser.add_argument("--json", action="store_true", help="print the numbers instead")
    parser.set_defaults(run=run)


def run(course: Course, arguments: argparse.Namespace) -> int:
    """Write the pages of one assignment or of all."""
    from autograder.classroom.reporting.gathering import Report, gather
    from autograder.classroom.reporting.page import assignment_page, course_page
    from autograder.classroom.writing import write

    root = nbgrader_root(course)
    reports: list[Report] = []
    problems = []
    for assignment in chosen(course, arguments.assignment):
        try:
            reports.append(gather(root, assignment))
        except CourseError as error:
            problems.append(str(error))
    if not reports:
        raise CourseError(list(dict.fromkeys(problems)))
    if arguments.json:
        print(json.dumps([asdict(report) for report in reports], indent=1))
        return 0
    folder = arguments.out or root / "reports"
    for report in reports:
        print(write(folder / f"{report.assignment}.html", assignment_page(report).encode()))
    if arguments.assignment is None:
        print(write(folder / "index.html", course_page(reports, course.title).encode()))
    return 0
