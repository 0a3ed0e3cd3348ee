"""`course reproduce`: every table and figure of the two homeworks, from the reference solutions."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from autograder.commands.common import Commands, counted
from autograder.course.config import Course, CourseError
from autograder.course.experiments import SCALES, Row, Scale

SAVE_EVERY = 30.0


def add(commands: Commands) -> None:
    """Add the command to the program."""
    parser = commands.add_parser(
        "reproduce", help="regenerate what the two homeworks' reports show, with intervals and controls"
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", help="by default all; --plan lists them")
    parser.add_argument(
        "--scale",
        choices=SCALES,
        default="laptop",
        help="smoke: minutes, shows that it runs; laptop (default): 40 minutes, two cores; full: the homeworks' sizes",
    )
    parser.add_argument(
        "--data", choices=("real", "synthetic"), help="by default real where the official files are here"
    )
    parser.add_argument("--jobs", type=int, help="processes at the same time; by default one for each core")
    parser.add_argument("--out", type=Path, help="where the report goes; by default build/reproduce/SCALE/report")
    parser.add_argument(
        "--beside", choices=SCALES, action="append", default=[], help="show also what is finished at this other scale"
    )
    parser.add_argument("--plan", action="store_true", help="only say what would be done, and about how long it takes")
    parser.add_argument("--fresh", action="store_true", help="do again what is finished")
    parser.add_argument(
        "--save-every",
        type=float,
        default=SAVE_EVERY,
        metavar="SECONDS",
        help="how much work a kill may cost (a unit that is shorter begins again); 30 by default",
    )
    parser.set_defaults(run=run)


def run(course: Course, arguments: argparse.Namespace) -> int:
    """Do what is not finished yet, then write the report; status 1 where a row could not be made."""
    from autograder.authoring.reproducing.plan import plan
    from autograder.authoring.reproducing.report import write_report
    from autograder.authoring.reproducing.running import run_units, units_of
    from autograder.authoring.reproducing.store import Store
    from autograder.authoring.reproducing.surroundings import surroundings
    from autograder.authoring.reproducing.working import Place
    from autograder.course.content import experiments

    rows = _chosen(experiments(), arguments.rows)
    scale: Scale = arguments.scale
    jobs = arguments.jobs or os.cpu_count() or 1
    if arguments.plan:
        print("\n".join(plan(rows, scale, jobs)))
        return 0
    data = arguments.data or ("synthetic" if scale == "smoke" else None)
    around = surroundings(data)
    store = Store(course.root / "build" / "reproduce" / scale)
    place = Place(course.root, store, around, arguments.save_every)
    units = units_of(rows, scale)
    with store.alone():
        if arguments.fresh:
            for unit in units:
                store.forget(around.key(unit))
        left = sum(not store.finished(around.key(unit)) for unit in units)
        names = " and ".join(name for _, name in around.data)
        print(f"{scale}, {names}, {around.backend}: {left} of {counted(len(units), 'unit')} of work to do", flush=True)
        with _Shown() as shown:
            failed = run_units(units, place, jobs, shown.show, shown.say)
        entries, missing = _entries(rows, scale, arguments.beside, place)
        why = {around.key(unit): unit.name for unit in units}
        for key, error in failed.items():
            print(f"FINDING {why[key]}: {type(error).__name__}: {error}")
        told = write_report(entries, missing, arguments.out or store.folder / "report")
    print(f"report: {told.folder / 'report.html'}")
    return 1 if missing else 0


def _chosen(known: list[Row], names: list[str]) -> list[Row]:
    by_name = {row.name: row for row in known}
    if wrong := [name for name in names if name not in by_name]:
        raise CourseError([f"ROW: expected one of {', '.join(by_name)}; received {wrong[0]!r}"])
    return [row for row in known if row.name in names or not names]


def _entries(rows: list[Row], scale: Scale, beside: list[Scale], place):  # type: ignore[no-untyped-def]
    """Each row at this scale, and at the others that are asked for, where it is finished there."""
    from dataclasses import replace

    from autograder.authoring.reproducing.report import entry

    entries, missing = [], {}
    for row in rows:
        for one in dict.fromkeys([scale, *beside]):
            store = replace(place.store, folder=place.store.folder.parent / one)
            try:
                entries.append(entry(row, one, store, place.surroundings, place.root))
            except FileNotFoundError:
                if one == scale:
                    missing[row.name] = "one of its units of work has failed"
    return entries, missing


class _Shown:
    """A bar with the time that is left, and a line for each finished unit."""

    def __enter__(self) -> _Shown:
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        words = TextColumn("{task.description}", markup=False)
        self._bar = Progress(BarColumn(20), TaskProgressColumn(), TimeRemainingColumn(), words, transient=True)
        self._task = self._bar.add_task("", total=None)
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, done: float, total: float, running: str) -> None:
        self._bar.update(self._task, completed=done, total=total, description=running)

    def say(self, line: str) -> None:
        self._bar.console.print(line, markup=False, highlight=False)
