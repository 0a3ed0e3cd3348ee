"""`course doctor`: whether assignments, hidden checks and walls keep their contract."""

from __future__ import annotations

import argparse
import json
import os
import sys
from functools import partial
from typing import TYPE_CHECKING

from autograder.commands.common import Commands, chosen, counted
from autograder.commands.doctor import surveys
from autograder.commands.doctor.surveys import with_exercise
from autograder.course.config import Course

if TYPE_CHECKING:
    from autograder.authoring.doctor.doctor import Examination


def add(commands: Commands) -> None:
    """Add the command to the program."""
    parser = commands.add_parser("doctor", help="prove that assignments, hidden checks and walls keep their contract")
    parser.add_argument("assignment", nargs="?", help="one assignment; by default all")
    parser.add_argument("--jobs", type=int, help="processes at the same time; by default one for each core")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one seed, and no accuracy items, which train networks; of a survey, no exercise that builds networks",
    )
    parser.add_argument(
        "--sweep",
        type=_count,
        metavar="SEEDS",
        help="instead: ask every correct implementation with so many seeds, and show how near they come to a failure",
    )
    parser.add_argument(
        "--first", type=int, default=0, metavar="SEED", help="the first seed of the sweep, 0 by default"
    )
    parser.add_argument(
        "--conditional",
        action="store_true",
        help="instead: functions that are right except under one condition on their arguments, which no case may meet",
    )
    parser.add_argument(
        "--mechanical",
        action="store_true",
        help="instead: every small change of every correct implementation (an operator, a constant, a statement)",
    )
    parser.add_argument(
        "--regrade",
        type=_count,
        metavar="TIMES",
        help="instead: judge every known implementation so many times, in other orders, on other numbers of workers",
    )
    parser.add_argument(
        "--power",
        type=_count,
        nargs="?",
        const=40,
        metavar="SEEDS",
        help="instead: how often tests of chance blame an honest function, and with how many of 40 seeds a wrong one",
    )
    parser.add_argument(
        "--tolerances",
        type=_count,
        nargs="?",
        const=10,
        metavar="SEEDS",
        help="instead: how far right answers stay below each tolerance and wrong ones lie above, with 10 seeds",
    )
    parser.add_argument(
        "--mutate-grader",
        action="store_true",
        help="instead: weaken the grader in many ways (a case dropped, a tolerance widened): somebody has to notice",
    )
    parser.add_argument("--exercise", help="this exercise alone, without the release")
    parser.add_argument("--json", action="store_true", help="print findings and counts as JSON")
    parser.add_argument("--fresh", action="store_true", help="examine again what has not changed since it was sound")
    parser.set_defaults(run=run)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected at least one seed, received {number}")
    return number


def run(course: Course, arguments: argparse.Namespace) -> int:
    """Examine one assignment, or all; every breach of the contract is a finding."""
    from autograder.authoring.doctor.doctor import Examination, examine, examine_walls

    if surveys.asked_for(arguments):
        return surveys.run(course, arguments)
    assignments = with_exercise(chosen(course, arguments.assignment), arguments.exercise)
    examinations = examine(
        course,
        assignments,
        arguments.jobs,
        trials=not arguments.quick,
        exercise=arguments.exercise,
        keep=not arguments.fresh and not os.environ.get("CI"),
    )
    say = partial(print, file=sys.stderr if arguments.json else sys.stdout, flush=True)
    names = [assignment.name for assignment in assignments]
    whole, parts = Examination(), dict[str, Examination]()
    for name, seen in zip(names, examinations, strict=True):
        parts[name] = seen
        whole.add(seen)
        say(f"{name} {course.assignments[name].title}")
        say("".join(f"  {line}\n" for line in [*seen.lines, _tally(seen), *_findings(seen)]), end="")
    parts["walls"] = walls = examine_walls(course)
    whole.add(walls)
    say("".join(f"{line}\n" for line in [*walls.lines, *_findings(walls)]), end="")
    if len(assignments) > 1:
        say(f"whole course: {_tally(whole)}")
    say("all is well" if not whole.findings else counted(len(whole.findings), "finding"))
    if arguments.json:
        findings = [{"of": name, "finding": finding} for name, seen in parts.items() for finding in seen.findings]
        counts = {name: dict(parts[name].counts) for name in names}
        print(json.dumps({"findings": findings, "counts": counts}, indent=1))
    return 1 if whole.findings else 0


def _findings(seen: Examination) -> list[str]:
    return [f"FINDING {finding}" for finding in seen.findings]


def _tally(seen: Examination) -> str:
    counts = seen.counts
    return (
        f"{counts['caught']} of {counted(counts['mutants'], 'mutant')} caught, "
        f"{counts['hinted']} with their own hint; {counted(counts['variants'], 'variant')} with full marks"
        + (f"; {counted(counts['untrained'], 'mutant')} left to a doctor that trains" if counts["untrained"] else "")
    )
