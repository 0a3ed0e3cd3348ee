"""`course doctor`: whether assignments, hidden checks and walls keep their contract."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from autograder.commands.common import Commands, chosen, counted
from autograder.course.config import Course, CourseError

if TYPE_CHECKING:
    from autograder.authoring.doctor.doctor import Examination


def add(commands: Commands) -> None:
    """Add the command to the program."""
    parser = commands.add_parser("doctor", help="prove that assignments, hidden checks and walls keep their contract")
    parser.add_argument("assignment", nargs="?", help="one assignment; by default all")
    parser.add_argument("--jobs", type=int, help="processes at the same time; by default one for each core")
    parser.add_argument("--quick", action="store_true", help="one seed, and no accuracy items, which train networks")
    parser.add_argument(
        "--sweep",
        type=_count,
        metavar="SEEDS",
        help="instead: ask every correct implementation with so many seeds, and show how near they come to a failure",
    )
    parser.add_argument(
        "--first", type=int, default=0, metavar="SEED", help="the first seed of the sweep, 0 by default"
    )
    parser.add_argument("--exercise", help="this exercise alone, without the release")
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

    if arguments.sweep:
        return _sweep(course, arguments)
    assignments = chosen(course, arguments.assignment)
    if arguments.exercise:
        assignments = [assignment for assignment in assignments if arguments.exercise in assignment.exercises]
        if not assignments:
            raise CourseError([f"{arguments.exercise}: expected an exercise that course.yaml gives points"])
    examinations = examine(
        course,
        assignments,
        arguments.jobs,
        trials=not arguments.quick,
        exercise=arguments.exercise,
        keep=not arguments.fresh and not os.environ.get("CI"),
    )
    total = Examination()
    for assignment, seen in zip(assignments, examinations, strict=True):
        total.add(seen)
        print(f"{assignment.name} {assignment.title}")
        print("".join(f"  {line}\n" for line in seen.lines), end="")
        print(f"  {_tally(seen)}")
        print("".join(f"  FINDING {finding}\n" for finding in seen.findings), end="", flush=True)
    walls = examine_walls(course)
    print("".join(f"{line}\n" for line in [*walls.lines, *(f"FINDING {f}" for f in walls.findings)]), end="")
    total.add(walls)
    findings = len(total.findings)
    if len(assignments) > 1:
        print(f"whole course: {_tally(total)}")
    print("all is well" if not findings else counted(findings, "finding"))
    return 1 if findings else 0


def _sweep(course: Course, arguments: argparse.Namespace) -> int:
    from autograder.authoring.doctor.sweep import Swept, sweep

    numbers, total = range(arguments.first, arguments.first + arguments.sweep), Swept()
    print(
        f"seeds {numbers[0]} to {numbers[-1]}; below each exercise, the correct value nearest to each tolerance's edge"
    )
    for assignment, name, swept in sweep(chosen(course, arguments.assignment), numbers, arguments.jobs):
        total.add(swept)
        print(f"{assignment.name} {name:28} {swept.counts['cases']:6} answers, losses: {len(swept.losses)}")
        print("".join(f"  {one}\n" for one in swept.closest.values()), end="")
        print("".join(f"  FINDING {loss}\n" for loss in swept.losses), end="", flush=True)
    print("smallest margin of each tolerance:")
    print("".join(f"  {one}\n" for one in sorted(total.closest.values(), key=lambda one: -one.used)), end="")
    print(f"{total.counts['cases']} answers of correct implementations; points lost: {len(total.losses)}")
    return 1 if total.losses else 0


def _tally(seen: Examination) -> str:
    counts, wrong, correct = seen.counts, len(seen.catalogue["wrong"]), len(seen.catalogue["correct"])
    return (
        f"{counts['caught']} of {counted(counts['mutants'], 'mutant')} caught, {counts['hinted']} with their own hint "
        f"({wrong} different ones from the catalogue); {counted(counts['variants'], 'variant')} with full marks "
        f"({correct} from the catalogue)"
        + (f"; {counted(counts['untrained'], 'mutant')} left to a doctor that trains" if counts["untrained"] else "")
    )
