"""`course grade` and `course feedback`: from submissions to scores and pages, with nbgrader."""

from __future__ import annotations

import argparse
import json

from autograder.commands.common import Commands, with_submissions
from autograder.course.config import Course


def add(commands: Commands) -> None:
    """Add both commands to the program."""
    grade = commands.add_parser("grade", help="grade every submission with nbgrader, on all cores")
    grade.add_argument("assignment")
    grade.add_argument("--jobs", type=int, help="submissions graded at the same time; by default one for each core")
    grade.add_argument("--force", action="store_true", help="grade again what is graded already")
    grade.add_argument("--timings", action="store_true", help="show the seconds that each submission took")
    grade.add_argument("--json", action="store_true", help="print scores, totals and misconceptions as JSON")
    grade.set_defaults(run=run_grade)

    feedback = commands.add_parser("feedback", help="write each student's feedback page with nbgrader")
    feedback.add_argument("assignment")
    feedback.set_defaults(run=run_feedback)


def run_grade(course: Course, arguments: argparse.Namespace) -> int:
    """Grade an assignment and show its scores."""
    from rich.console import Console

    from autograder.classroom.scores import (
        as_json,
        autograde,
        evidence_lines,
        records,
        score_table,
        scores,
        timing_table,
        unjudged_lines,
    )

    assignment, root = with_submissions(course, arguments.assignment)
    console = Console(stderr=arguments.json)
    status = autograde(root, assignment.name, console, jobs=arguments.jobs, force=arguments.force)
    rows = scores(root, assignment.name)
    if arguments.json:
        print(json.dumps(as_json(rows, records(root, assignment.name)), indent=1, sort_keys=True))
    else:
        console.print(score_table(rows, list(assignment.exercises), assignment.title))
        for line in evidence_lines(root, assignment.name):
            console.print(line, markup=False, highlight=False)
    unjudged = unjudged_lines(root, assignment.name)
    for line in unjudged:
        console.print(line, style="bold", markup=False, highlight=False)
    if arguments.timings:
        trained = {name: "accuracy" in assignment.parts(name) for name in assignment.exercises}
        console.print(timing_table(root, trained))
    return 1 if status or unjudged else 0


def run_feedback(course: Course, arguments: argparse.Namespace) -> int:
    """Write the feedback pages of an assignment."""
    from rich.console import Console

    from autograder.classroom.scores import generate_feedback

    assignment, root = with_submissions(course, arguments.assignment)
    status = generate_feedback(root, assignment.name, Console())
    return 1 if status else 0
