"""`course regrade`: after a change of checks, points or bounds, who would gain or lose; then write it."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.commands.common import Commands, handed_in, progress_bar
from autograder.course.config import Assignment, Course, CourseError

if TYPE_CHECKING:
    from rich.console import Console


def add(commands: Commands) -> None:
    """Add the command to the program."""
    parser = commands.add_parser("regrade", help="after a change of checks, points or bounds: who gains or loses")
    parser.add_argument("assignment")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--preview", action="store_true", help="show it; nothing is written, status 1 if a score changes")
    what.add_argument("--apply", action="store_true", help="grade again, and record what the class had and has")
    parser.add_argument("--jobs", type=int, help="submissions graded at the same time; by default one for each core")
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    parser.set_defaults(run=run)


def run(course: Course, arguments: argparse.Namespace) -> int:
    """Show what a regrade would give, or do it."""
    from rich.console import Console

    from autograder.authoring.doctor.unfinished import require_finished
    from autograder.classroom.regrading.preview import require_graded

    assignment, root = handed_in(course, arguments.assignment)
    require_graded(root, assignment)
    outdated = _outdated(course, assignment, root)
    if outdated:
        require_finished(course, [assignment])
    task = _Task(course, assignment, root, outdated, arguments, Console(stderr=arguments.json))
    return _apply(task) if arguments.apply else _preview(task)


@dataclass(frozen=True)
class _Task:
    """What is to be graded again, and where to say what comes of it.

    Args:
        outdated: where course.yaml has other points or another due date than students were promised.
    """

    course: Course
    assignment: Assignment
    root: Path
    outdated: list[str]
    arguments: argparse.Namespace
    console: Console

    def say(self, line: str) -> None:
        """Print a line as it is."""
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)


def _outdated(course: Course, assignment: Assignment, root: Path) -> list[str]:
    """Where course.yaml has other points or another due date than the release or the gradebook."""
    from autograder.grading.agreement import require_fresh_release
    from autograder.grading.gradebook import gradebook_url

    try:
        require_fresh_release(course, assignment, root, gradebook_url(root))
    except CourseError as error:
        return error.findings
    return []


def _preview(task: _Task) -> int:
    from autograder.authoring.release import release_assignment
    from autograder.classroom.regrading import showing
    from autograder.classroom.regrading.preview import preview
    from autograder.course.content import load_content

    course, assignment, outdated = task.course, task.assignment, task.outdated
    release = None
    if outdated:
        # what `check` says of known mistakes takes minutes to find out, and changes no score
        nothing = {mutant.id: None for of in load_content(assignment.folder).mutants.values() for mutant in of}

        def release(scratch: Path) -> object:
            return release_assignment(course, assignment.name, scratch, nothing)

    with progress_bar() as progress:
        bar = progress.add_task(f"{assignment.name}: graded again, nothing is written", total=None)
        found = preview(
            *(course, assignment, task.root, release, task.arguments.jobs or os.cpu_count() or 1),
            tell=lambda student, done, of: progress.update(bar, completed=done, total=of),
        )
    say = task.say
    if task.arguments.json:
        print(json.dumps({"assignment": assignment.name, **showing.preview_as_json(found)}, indent=1, sort_keys=True))
    else:
        if found.comparison.changes:
            task.console.print(showing.table(found.comparison.changes, f"{assignment.name} {assignment.title}"))
        ungraded = [(student, [problem]) for student, problem in found.ungraded]
        for line in showing.lines(found.comparison, ungraded, found.again, found.new):
            say(line)
        if found.reworded:
            say(f"other verdicts with the same score: {', '.join(found.reworded)}")
        if outdated:
            say("course.yaml has other points or dates than the release; --apply releases again first:")
            for line in found.release or outdated:
                say(f"  {line}")
        say(f"{showing.summary(found.comparison, found.students)}; nothing was written")
        if found.findings:
            say(f"to write it: course regrade {assignment.name} --apply")
    return 1 if found.findings else 0


def _apply(task: _Task) -> int:
    from autograder.authoring.release import release_assignment
    from autograder.classroom.grading import autograde
    from autograder.classroom.regrading import showing
    from autograder.classroom.regrading.applying import apply
    from autograder.classroom.scores import unjudged_lines

    course, assignment, root, say = task.course, task.assignment, task.root, task.say
    if task.outdated:
        say(f"{assignment.name} is released again first; every known mistake is made, which takes minutes for networks")
    done = apply(
        *(root, assignment),
        grade=lambda: autograde(root, assignment.name, task.console, jobs=task.arguments.jobs, force=True),
        release=(lambda tell: release_assignment(course, assignment.name, root, tell=tell)) if task.outdated else None,
        tell=say,
    )
    if task.arguments.json:
        facts = {
            "assignment": assignment.name,
            "record": str(done.record),
            "lost": list(done.lost),
            "new": list(done.new),
        }
        print(json.dumps({**showing.as_json(done.comparison), **facts}, indent=1, sort_keys=True))
    else:
        if done.comparison.changes:
            task.console.print(showing.table(done.comparison.changes, f"{assignment.name} {assignment.title}"))
        for line in showing.lines(done.comparison, new=done.new):
            say(line)
        say(f"both states are in {done.record}")
        say(f"feedback pages are as they were until: course feedback {assignment.name}")
    problems = [*(f"FINDING {line}" for line in done.lost), *unjudged_lines(root, assignment.name)]
    for line in problems:
        say(line)
    return 1 if done.status or problems or done.comparison.undecided else 0
