"""`course grade`: from submissions to scores, with nbgrader."""

from __future__ import annotations

import argparse
import json

from autograder.commands.common import Commands, with_submissions
from autograder.course.config import ACCURACY, Course, CourseError


def add(commands: Commands) -> None:
    """Add the command to the program."""
    parser = commands.add_parser("grade", help="grade every submission with nbgrader, on all cores")
    parser.add_argument("assignment")
    parser.add_argument("--jobs", type=int, help="submissions graded at the same time; by default one for each core")
    parser.add_argument(
        "--dask", metavar="ADDRESS", help="grade on the workers of a Dask scheduler; `local` for some of this machine"
    )
    parser.add_argument("--force", action="store_true", help="grade again what is graded already")
    parser.add_argument("--timings", action="store_true", help="show the seconds that each submission took")
    parser.add_argument(
        "--json", action="store_true", help="print what happens, and last the gradebook: one JSON object a line"
    )
    parser.set_defaults(run=run)


def run(course: Course, arguments: argparse.Namespace) -> int:
    """Grade an assignment and show its scores."""
    from rich.console import Console

    from autograder.classroom.grading import autograde, timing_table
    from autograder.classroom.scores import as_json, evidence_lines, records, score_table, scores, unjudged_lines
    from autograder.grading.arriving.deadlines import deadlines
    from autograder.grading.cluster import require_dask
    from autograder.grading.running.events import Event, Judged, to_json

    judged: list[Judged] = []

    def hear(event: Event) -> None:
        if isinstance(event, Judged):
            judged.append(event)
        if arguments.json:
            print(json.dumps(to_json(event)), flush=True)

    if arguments.dask:
        require_dask()
    assignment, root = with_submissions(course, arguments.assignment)
    console = Console(stderr=arguments.json)
    status = autograde(
        root, assignment.name, console, jobs=arguments.jobs, dask=arguments.dask, force=arguments.force, hear=hear
    )
    try:
        rows = scores(root, assignment.name)
    except CourseError:
        if status:  # the gradebook is out of reach, as has been said
            return 1
        raise
    if arguments.json:
        print(json.dumps({"event": "gradebook", "students": as_json(rows, records(root, assignment.name))}))
    else:
        console.print(score_table(rows, list(assignment.exercises), assignment.title))
        for line in evidence_lines(root, assignment.name):
            console.print(line, markup=False, highlight=False)
    if absent := deadlines(course, assignment).absent({row.student for row in rows}):
        console.print(f"an extension, and nothing handed in: {', '.join(absent)}", markup=False, highlight=False)
    unjudged = unjudged_lines(root, assignment.name)
    for line in unjudged:
        console.print(line, style="bold", markup=False, highlight=False)
    if arguments.timings:
        trained = {name: ACCURACY in assignment.parts(name) for name in assignment.exercises}
        console.print(timing_table(judged, trained))
    return 1 if status or unjudged else 0
