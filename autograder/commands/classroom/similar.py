"""`course similar`: submissions that are alike, side by side: a place to look, not a verdict."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from autograder.commands.common import Commands, counted, with_submissions
from autograder.course.config import Course


def add(commands: Commands) -> None:
    """Add the command to the program."""
    parser = commands.add_parser("similar", help="show which submissions are alike: a place to look, not a verdict")
    parser.add_argument("assignment")
    earlier = "compare with those of an earlier year, too: its submitted/ folder; may come several times"
    parser.add_argument("--earlier", type=Path, action="append", default=[], metavar="FOLDER", help=earlier)
    parser.add_argument("--least", type=float, default=30, metavar="PERCENT", help="of the shorter one; 30 by default")
    parser.add_argument("--jobs", type=int, default=1, help="submissions read at the same time")
    parser.add_argument("--out", type=Path, help="the page to write; by default similar/ASSIGNMENT.html")
    parser.add_argument("--json", action="store_true", help="print all pairs instead")
    parser.set_defaults(run=run)


def run(course: Course, arguments: argparse.Namespace) -> int:
    """Compare the submissions of an assignment, and write a page."""
    from autograder.classroom.similarity.comparing import alike
    from autograder.classroom.similarity.page import similar_page
    from autograder.classroom.similarity.reading import read_works, released_pieces, years
    from autograder.classroom.writing import write
    from autograder.grading.grade import Grader

    assignment, root = with_submissions(course, arguments.assignment)
    grader = Grader(course, assignment, root)
    works, unread = [], []
    for year, folder in [("", root / "submitted"), *years(arguments.earlier)]:
        for work, name, problem in read_works(grader, folder, year, arguments.jobs):
            works += [work] if work else []
            unread += [] if work else [(f"{name} ({year})" if year else name, problem)]
    pairs = alike(works, released_pieces(grader), arguments.least / 100)
    if arguments.json:
        print(json.dumps([pair.to_json() for pair in pairs], indent=1))
        return 0
    of_this_class = sum(not work.year for work in works)
    title = f"{assignment.name} · {assignment.title}: submissions that are alike"
    page = similar_page(title, pairs, unread, of_this_class, len(works) - of_this_class)
    place = write(arguments.out or root / "similar" / f"{assignment.name}.html", page.encode())
    print(f"{place}: {counted(len(pairs), 'pair')} to look at, of {counted(len(works), 'submission')}")
    return 0
