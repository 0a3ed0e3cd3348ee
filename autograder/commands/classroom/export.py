"""`course export`: an assignment's scores for Moodle, Canvas, or a spreadsheet; its grader for other platforms."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.classroom.platforms import PLATFORMS
from autograder.commands.common import Commands, counted, with_release, with_submissions
from autograder.course.config import Assignment, Course, CourseError

if TYPE_CHECKING:
    from autograder.classroom.exporting.moodle import Filled
    from autograder.classroom.exporting.sheets import Sheet
    from autograder.classroom.exporting.standings import Standing, Standings

CHANNELS = ("csv", "moodle", "canvas")


def add(commands: Commands) -> None:
    """Add the command to the program."""
    parser = commands.add_parser(
        "export", help="scores for Moodle, Canvas or a spreadsheet; the grader itself for Gradescope and others"
    )
    parser.add_argument("assignment")
    parser.add_argument("--to", choices=(*CHANNELS, *PLATFORMS), required=True)
    parser.add_argument("--sheet", type=Path, help="the file that Moodle or Canvas exported, which is filled in")
    parser.add_argument("--match", metavar="HEADING", help="the sheet's column that names students as nbgrader does")
    parser.add_argument("--column", metavar="HEADING", help="the sheet's column for the scores")
    parser.add_argument("--absent", choices=("leave", "zero"), help="what becomes of those who handed in nothing")
    parser.add_argument(
        "--unfinished", choices=("leave", "score"), help="and of those whom a person has still to grade"
    )
    parser.add_argument("--skip", metavar="STUDENT", action="append", default=[], help="leave a student out")
    parser.add_argument(
        "--out", type=Path, help="the folder to write to; exports/ beside nbgrader's folders by default"
    )
    parser.add_argument(
        "--wheels", action="store_true", help="pack Python's packages, too: the platform then downloads none"
    )
    parser.set_defaults(run=run)


def run(course: Course, arguments: argparse.Namespace) -> int:
    """Write the file, and for Moodle the zip with feedback pages."""
    scores_only = ("sheet", "match", "column", "absent", "unfinished", "skip")
    given = [
        f"--{name}" for name in (scores_only if arguments.to in PLATFORMS else ("wheels",)) if vars(arguments)[name]
    ]
    if given:
        raise CourseError([f"--to {arguments.to} takes no {', '.join(given)}"])
    if arguments.to in PLATFORMS:
        _pack(course, arguments)
    else:
        export(*with_submissions(course, arguments.assignment), arguments)
    return 0


def _pack(course: Course, arguments: argparse.Namespace) -> None:
    """Write the zip with which a platform grades."""
    from contextlib import ExitStack
    from tempfile import TemporaryDirectory

    from autograder.classroom.exporting.standings import number
    from autograder.classroom.platforms.packing import download, pack

    assignment, root = with_release(course, arguments.assignment)
    into = (arguments.out or root / "exports") / f"{assignment.name}-{arguments.to}.zip"
    with ExitStack() as stack:
        wheels = Path(stack.enter_context(TemporaryDirectory())) if arguments.wheels else None
        if wheels:
            download(course, wheels)
        pack(course, assignment, root, arguments.to, into, wheels)
    points = number(sum(map(assignment.points, assignment.exercises)))
    print(
        f"{points} points: {into}; it holds solutions, hidden checks and the course secret: keep it as you keep those"
    )


def export(assignment: Assignment, root: Path, arguments: argparse.Namespace) -> None:
    """Write what one channel takes.

    Args:
        root: nbgrader's.
        arguments: the command's.

    Raises:
        CourseError: when the gradebook and the sheet do not fit; nothing is written then.
    """
    from autograder.classroom.exporting import moodle, table
    from autograder.classroom.exporting.standings import require_finished, standings
    from autograder.classroom.writing import write

    if (arguments.to == "csv") != (arguments.sheet is None):
        wanted = "takes no --sheet" if arguments.to == "csv" else "needs --sheet FILE, the file that it exported"
        raise CourseError([f"--to {arguments.to} {wanted}"])
    known = _without(standings(root, assignment.name), arguments.skip)
    if arguments.unfinished is None:
        require_finished(known)
    scores = _scores(known, arguments)
    folder = arguments.out or root / "exports"
    name = f"{assignment.name}-{arguments.to}"
    written = []
    if arguments.to == "csv":
        sheet = table.table(known, scores)
    elif arguments.to == "canvas":
        sheet = _canvas(known, scores, arguments, [assignment.title, assignment.name])
    else:
        filled = _moodle(known, scores, arguments)
        sheet = filled.sheet
        pages = {student: root / "feedback" / student / assignment.name for student in filled.participants}
        pages = {student: found for student, found in pages.items() if any(found.glob("*.html"))}
        if pages:
            packed = moodle.feedback_zip(pages, filled.participants, assignment.name)
            written.append(write(folder / f"{name}-feedback.zip", packed))
    written.insert(0, write(folder / f"{name}.csv", sheet.text().encode()))
    handed_in = sum(one.score is not None for one in known.students)
    print(f"{counted(len(scores), 'score')} of {counted(handed_in, 'submission')}: {', '.join(map(str, written))}")


def _without(known: Standings, skipped: list[str]) -> Standings:
    from dataclasses import replace

    names = {one.student for one in known.students}
    if unknown := [name for name in skipped if name not in names]:
        raise CourseError([f"--skip: expected students of {known.assignment}, received {', '.join(unknown)}"])
    return replace(known, students=tuple(one for one in known.students if one.student not in skipped))


def _scores(known: Standings, arguments: argparse.Namespace) -> dict[str, float]:
    """What is written for whom."""
    found = {}
    for one in known.students:
        if one.score is None:
            if arguments.absent == "zero":
                found[one.student] = 0.0
        elif not one.waiting or arguments.unfinished == "score":
            found[one.student] = one.score
    return found


def _moodle(known: Standings, write: dict[str, float], arguments: argparse.Namespace) -> Filled:
    from autograder.classroom.exporting import moodle, sheets

    sheet = sheets.read(arguments.sheet)
    rows, scores = _matched(sheet, known, write, moodle.columns(sheet), arguments)
    return moodle.fill(sheet, rows, known, scores, column=arguments.column, place=str(arguments.sheet))


def _canvas(known: Standings, write: dict[str, float], arguments: argparse.Namespace, titles: list[str]) -> Sheet:
    from autograder.classroom.exporting import canvas, sheets

    sheet, place = sheets.read(arguments.sheet), str(arguments.sheet)
    before = canvas.without_students(sheet, place)
    _, scores = _matched(sheet, known, write, canvas.columns(sheet), arguments)
    return canvas.fill(sheet, before, known, scores, titles=titles, column=arguments.column, place=place)


def _matched(
    sheet: Sheet, known: Standings, write: dict[str, float], columns: list[int], arguments: argparse.Namespace
) -> tuple[dict[int, Standing], dict[int, float]]:
    from autograder.classroom.exporting.matching import match, scores_by_row

    rows = match(
        *(sheet, known.students, columns),
        column=arguments.match,
        place=str(arguments.sheet),
        absent=arguments.absent is not None,
    )
    return rows, scores_by_row(sheet, rows, write, zero=arguments.absent == "zero")
