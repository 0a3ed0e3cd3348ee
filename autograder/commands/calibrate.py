"""`course calibrate`: measure the bounds of accuracy items, and how often they err."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from autograder.commands.common import Commands, chosen, counted
from autograder.commands.doctor.surveys import with_exercise
from autograder.course.bounds import SOLUTIONS
from autograder.course.config import Course, CourseError

if TYPE_CHECKING:
    from autograder.authoring.calibrate.calibrate import Plan
    from autograder.authoring.calibrate.items import Item
    from autograder.authoring.calibrate.record import Record
    from autograder.authoring.calibrate.runs import Ledger

SEEDS = 30


def add(commands: Commands) -> None:
    """Add the command to the program."""
    parser = commands.add_parser("calibrate", help="measure the bounds of accuracy items, and how often they err")
    parser.add_argument("assignment", nargs="?", help="one assignment; by default all")
    parser.add_argument("--exercise", help="this exercise alone")
    parser.add_argument(
        "--data",
        action="append",
        help="this dataset alone; by default the synthetic, and those in COURSE_DATA_DIR",
    )
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"of every implementation, {SEEDS} by default")
    parser.add_argument("--jobs", type=int, help="trainings at the same time; by default one for each core")
    parser.add_argument("--dry-run", action="store_true", help="run everybody once, and say what all would cost")
    parser.add_argument(
        "--check", action="store_true", help="compare what is committed with the code, and with what follows from it"
    )
    parser.set_defaults(run=run)


def run(course: Course, arguments: argparse.Namespace) -> int:
    """Measure, or check what was measured; an item without a bound that meets the policy is a finding."""
    from autograder.authoring.calibrate.items import datasets_at_hand, items, known_datasets

    assignments = with_exercise(chosen(course, arguments.assignment), arguments.exercise)
    known = known_datasets()
    datasets = known if arguments.check else datasets_at_hand()
    names = {"any", *(name for kind in known.values() for name in kind)}
    here = {"any", *(name for kind in datasets.values() for name in kind)}
    for name in arguments.data or []:
        if name not in names:
            raise CourseError([f"--data: expected one of {', '.join(sorted(names))}, received {name!r}; choose one"])
        if name not in here:
            raise CourseError(
                [f"--data: expected {name} in the folder of COURSE_DATA_DIR, found none; set the variable"]
            )
    found = [
        item
        for item in items(assignments, datasets)
        if arguments.exercise in (None, item.exercise) and (not arguments.data or item.data in arguments.data)
    ]
    return _check(course, found, arguments) if arguments.check else _measure(course, found, arguments)


def _check(course: Course, items: list[Item], arguments: argparse.Namespace) -> int:
    from autograder.authoring.calibrate.checking import check_item, stray_files

    findings = list[str]()
    for item in items:
        mine = list(check_item(item, course.grading.calibration, SOLUTIONS))
        print(f"{item}: {'measured, and meets the policy' if not mine else counted(len(mine), 'finding')}")
        findings += mine
    if arguments.exercise is None and not arguments.data:
        findings += stray_files([a.folder for a in chosen(course, arguments.assignment)], items, SOLUTIONS)
    print("".join(f"FINDING {finding}\n" for finding in findings), end="")
    print("all is well" if not findings else counted(len(findings), "finding"))
    return 1 if findings else 0


def _measure(course: Course, items: list[Item], arguments: argparse.Namespace) -> int:
    from autograder.authoring.calibrate.calibrate import conclude, plan
    from autograder.authoring.calibrate.evidence import CalibrationError
    from autograder.authoring.calibrate.runs import Ledger, RunError

    plans = [plan(item, arguments.seeds) for item in items]
    ledger = Ledger(course.root / "build" / "calibration" / "runs.jsonl")
    findings, jobs = list[str](), arguments.jobs or os.cpu_count() or 1
    try:
        for one in plans:
            if arguments.dry_run:
                _estimate(one, ledger, jobs)
                continue
            _make(one, ledger, jobs)
            try:
                print(_told(one.item, conclude(one, ledger, course.grading.calibration, SOLUTIONS)), flush=True)
            except CalibrationError as error:
                findings.append(f"{one.item}: {error}")
                print(f"FINDING {findings[-1]}", flush=True)
    except RunError as error:
        print(error)
        return 1
    print("done" if not findings else counted(len(findings), "finding"))
    return 1 if findings else 0


def _make(one: Plan, ledger: Ledger, jobs: int) -> None:
    """Make an item's missing runs, and show how far they are."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from autograder.authoring.calibrate.runs import make, missing

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    left = missing(one.runs, ledger)
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(str(one.item), total=len(one.runs), completed=len(one.runs) - len(left))
        for _ in make(left, ledger, jobs):
            progress.advance(task)


def _estimate(one: Plan, ledger: Ledger, jobs: int) -> None:
    """Run every implementation once, with the grader's own surroundings, and say what all would cost."""
    from autograder.authoring.calibrate.runs import make, missing

    first = [run for run in one.runs if run.seed == 0]
    list(make(missing(first, ledger), ledger, jobs))
    seconds = {run.who: ledger.results[run.key].cpu for run in first}
    seeds = len(one.runs) // len(first)
    correct = max(seconds[who] for who, (right, _) in one.people.items() if right)
    print(
        f"{one.item}: {counted(len(one.runs), 'run')}, at most {correct:.1f} s of work for a correct one, "
        f"about {seeds * sum(seconds.values()) / 60:.0f} CPU minutes in all",
        flush=True,
    )


def _told(item: Item, record: Record) -> str:
    evidence = record.evidence
    rates = {
        name: f"{rate['predicted']:.1e} ({rate['low']:.0e} to {rate['high']:.0e})"
        for name, rate in evidence.rates.items()
    }
    doubt = f", doubt from {evidence.begins:.4f}" if evidence.bound.doubt else ""
    passes = rates.get("wrong_passes", "none could be trained")
    return (
        f"{item}: bound {evidence.at_least:.4f}{doubt}; P(correct fails) {rates['correct_fails']}, "
        f"P(wrong passes) {passes}; {record.cpu_seconds:.1f} s of work a run"
    )
