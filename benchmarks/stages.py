"""Where the time of one submission goes: processor time and time on the clock of each stage, one after the other.

    .venv/bin/python benchmarks/stages.py [--assignment a1] [--copies 20] [--write]

Each stage is run alone, again and again, with another submission each time, and what it adds to the stage before it is
shown: a process that is forked and ended at once, one that also gets its files, and so on. Processor time is told by
process: the grader (nbgrader's own), the reader, the judge, the student's; each with its warm server, which forks.
The last stage, what nbgrader itself does, is the difference to a whole `nbgrader autograde`.
"""

from __future__ import annotations

import argparse
import base64
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import measuring
from arithmetic import arithmetic_apart
from classes import Room
from measuring import autograde, private_folder

from autograder.grading.grade import Grader
from autograder.grading.reading.reader import LIMITS, READER
from autograder.jail import client
from autograder.jail.process import fork
from autograder.judge.process import judge_role
from autograder.judge.referee import run_job

PROCESSES = {
    "reader": "autograder.grading.reading.reader:main",
    "judge": "autograder.judge.process:main",
    "student": "autograder.jail.inside.child:main",
}


ONE_JOB = "--SubmissionExporter.jobs=1"


class Stage:
    """What one stage has cost on average: on the clock, and by process."""

    def __init__(self, wall: float, cpu: dict[str, float]) -> None:
        self.wall, self.cpu = wall, cpu

    def beyond(self, *others: Stage) -> Stage:
        """What it costs beyond others."""
        cpu = {name: spent - sum(other.cpu[name] for other in others) for name, spent in self.cpu.items()}
        return Stage(self.wall - sum(other.wall for other in others), cpu)

    def shared(self, count: int) -> Stage:
        """The share of one in so many."""
        return Stage(self.wall / count, {name: spent / count for name, spent in self.cpu.items()})

    @property
    def whole(self) -> float:
        """Of all processes together."""
        return sum(self.cpu.values())


def by_process(servers: Path) -> dict[str, float]:
    """CPU seconds used so far by each warm server and its children."""
    spent = dict.fromkeys(PROCESSES, 0.0)
    for name, entry in PROCESSES.items():
        for folder in measuring.processes(str(servers)):
            if entry in measuring.words(folder):
                spent[name] += measuring.cpu_of(folder)
    return spent


def measured(servers: Path, actions: list[Callable[[], object]]) -> Stage:
    """Take actions one after the other; the first is not counted."""
    actions[0]()
    before, own, clock = by_process(servers), time.process_time(), time.monotonic()
    for action in actions[1:]:
        action()
    count = len(actions) - 1
    wall, grader = (time.monotonic() - clock) / count, (time.process_time() - own) / count
    after = by_process(servers)
    return Stage(wall, {"grader": grader, **{name: (after[name] - before[name]) / count for name in PROCESSES}})


def stages(room: Room, servers: Path, copies: int) -> Iterator[tuple[str, Stage]]:
    """Every stage in turn, each without what came before it."""
    paths = [room.hand_in(f"student{number:04}") for number in range(copies + 1)]
    grader = Grader(room.course, room.assignment, room.root)

    def forked(role: object, limits: object) -> Callable[[], object]:
        return lambda: fork(role, limits).close()  # type: ignore[arg-type]

    empty_reader = measured(servers, [forked(READER, LIMITS)] * (copies + 1))
    yield "reader: fork, walls, end", empty_reader
    reading = measured(servers, [lambda path=path: grader.prepare(path) for path in paths])  # type: ignore[misc]
    yield "reader: read and repair", reading.beyond(empty_reader)
    submissions = [grader.prepare(path) for path in paths]
    planning = measured(servers, [lambda one=one: grader.job(one) for one in submissions])  # type: ignore[misc]
    yield "plan", planning
    jobs = [grader.job(one) for one in submissions]
    limits = jobs[0].limits
    empty_judge = measured(servers, [forked(judge_role(jobs[0].folder), limits)] * (copies + 1))
    yield "judge: fork, end", empty_judge
    idle_judge = measured(servers, [lambda job=job: run_job(replace(job, steps=())) for job in jobs])  # type: ignore[misc]
    yield "judge: the job, told and read", idle_judge.beyond(empty_judge)
    empty_student = measured(servers, [lambda: client.spawn(limits).close()] * (copies + 1))
    yield "student: fork, walls, end", empty_student
    files = {name: base64.b64decode(data) for name, data in jobs[0].files.items()}
    with_files = measured(servers, [lambda: client.spawn(limits, files=files).close()] * (copies + 1))
    yield "student: files beside the notebook", with_files.beyond(empty_student)

    def cells(number: int) -> None:
        with client.spawn(limits, files=files) as student:
            for step in jobs[number].steps:
                if step.kind == "run":
                    student.run_cell(step.source, limits.cell_seconds, definitions=step.definitions)

    with_cells = measured(servers, [lambda number=number: cells(number) for number in range(copies + 1)])  # type: ignore[misc]
    yield "student: cells", with_cells.beyond(with_files)
    judged = measured(servers, [lambda job=job: run_job(job) for job in jobs])  # type: ignore[misc]
    yield "cases: drawn, asked, compared", judged.beyond(idle_judge, with_cells)
    further = whole(room, servers, "*").beyond(whole(room, servers, "student0000")).shared(copies)
    yield "nbgrader: conversion, gradebook, files", further.beyond(reading, planning, judged)


def whole(room: Room, servers: Path, students: str) -> Stage:
    """One `nbgrader autograde`, one submission after the other."""
    before = by_process(servers)
    wall, cpu = autograde(room.root, room.assignment.name, servers, ONE_JOB, students=students).spent
    after = by_process(servers)
    spent = {name: after[name] - before[name] for name in PROCESSES}
    return Stage(wall, {"grader": cpu - sum(spent.values()), **spent})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--assignment", default="a1")
    parser.add_argument("--copies", type=int, default=20)
    parser.add_argument("--write", action="store_true", help="keep the rows for docs/measured/grading.md")
    arguments = parser.parse_args()
    machine = measuring.machine()
    print(
        f"{measuring.told(machine)}; {arguments.copies} submissions of {arguments.assignment}; milliseconds of each\n"
    )
    print(f"{'':40}{'clock':>8}{'cpu':>8}" + "".join(f"{name:>9}" for name in ("grader", *PROCESSES)))
    rows = []
    with private_folder() as folder:
        room = Room(folder / "class", arguments.assignment)
        found: list[Stage] = []
        for name, stage in stages(room, folder, arguments.copies):
            print(shown(name, stage), flush=True)
            rows.append({"stage": name, "wall": stage.wall, "cpu": stage.cpu})
            found.append(stage)
        together = Stage(sum(stage.wall for stage in found), dict.fromkeys(found[0].cpu, 0.0))
        for name in together.cpu:
            together.cpu[name] = sum(stage.cpu[name] for stage in found)
        print(shown("together", together))
    own = arithmetic_apart(arguments.assignment)
    print(f"{'the student' + chr(39) + 's own arithmetic':40}{'':>8}{1000 * sum(own.values()):8.1f}")
    measuring.keep(
        "stages", {"machine": machine, "stages": rows, "arithmetic": own, **vars(arguments)}, arguments.write
    )
    print(f"overhead: {together.whole - sum(own.values()):.3f} s of processor time for each submission")


def shown(name: str, stage: Stage) -> str:
    """A line of the table."""
    return f"{name:40}{1000 * stage.wall:8.1f}{1000 * stage.whole:8.1f}" + "".join(
        f"{1000 * stage.cpu[process]:9.1f}" for process in ("grader", *PROCESSES)
    )


if __name__ == "__main__":
    main()
