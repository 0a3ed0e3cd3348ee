"""A class of 200 with twenty who use every limit to its end, beside what the rest and the limits alone take.

    .venv/bin/python benchmarks/hostile.py [--size 200] [--hostile 20] [--write]

The limits are lowered, so that it takes minutes. A hostile submission loops in cells of its own until the limit of
those is used up, then in its first exercise's cell and in one call after the other until that of the whole submission
is; every fourth one sleeps instead. They are spread over the class; the first of all sleeps, and must keep nobody back.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import measuring
import nbformat
from classes import Room, own_limits
from measuring import autograde, private_folder
from nbformat.notebooknode import NotebookNode

from autograder.grading.running.events import Written

LIMITS = {"cell_seconds": 4, "call_seconds": 2, "submission_seconds": 12, "own_seconds": 6, "judge_seconds": 20}
EACH = LIMITS["submission_seconds"] + LIMITS["own_seconds"]
WASTE = {"loops": "while True:\n    pass", "sleeps": "import time\n\nwhile True:\n    time.sleep(60)"}
OWN_CELLS = 3  # each is stopped after cell_seconds: together they use up own_seconds, and more


def spoil(notebook: NotebookNode, how: str) -> None:
    """Put the waste of time into a perfect notebook: into cells of its own, and into every exercise."""
    waste = WASTE[how]
    exercises = [cell for cell in notebook.cells if cell.id.startswith("exercise-")]
    for cell in exercises:
        name = cell.metadata.nbgrader["grade_id"]
        body = "\n".join(f"    {line}" for line in waste.splitlines())
        cell.source = f"def {name}(*args, **kwargs):\n{body}\n"
    exercises[0].source += f"\n{waste}\n"
    place = notebook.cells.index(exercises[0])
    own = [nbformat.v4.new_code_cell(waste, id=f"own-{number}") for number in range(OWN_CELLS)]
    notebook.cells[place:place] = own


def hand_in(room: Room, size: int, hostile: int) -> list[str]:
    """A class of so many; returns the names of the hostile ones."""
    places = {number * size // hostile for number in range(hostile)}
    names = []
    for number in range(size):
        name = f"student{number:04}"
        if number in places:
            how = "sleeps" if len(names) % 4 == 0 else "loops"
            room.hand_in(name, lambda notebook, how=how: spoil(notebook, how))  # type: ignore[misc]
            names.append(name)
        else:
            room.hand_in(name)
    return names


def before(events: list[tuple[float, object]], student: str) -> int:
    """How many were written before a student was."""
    order = [event.student for _, event in events if isinstance(event, Written)]
    return order.index(student)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", type=int, default=200)
    parser.add_argument("--hostile", type=int, default=20)
    parser.add_argument("--write", action="store_true", help="keep the rows for docs/measured/grading.md")
    arguments = parser.parse_args()
    machine, jobs = measuring.machine(), os.cpu_count() or 1
    print(f"{measuring.told(machine)}; {arguments.size} hand in a1, {arguments.hostile} of them hostile; {jobs} jobs\n")
    with private_folder() as folder:
        row = measure(folder, arguments.size, arguments.hostile, jobs)
    print(f"the honest ones alone      clock {row['honest_wall']:7.1f} s   cpu {row['honest_cpu']:7.1f} s")
    print(f"the limits alone           clock {row['limits_wall']:7.1f} s")
    print(f"the class                  clock {row['wall']:7.1f} s   cpu {row['cpu']:7.1f} s")
    print(f"written while the first one slept: {row['before_first']} of {arguments.size - 1}")
    print(f"ratio class/(honest + limits): wall {row['ratio']:.2f}")
    measuring.keep("hostile", {"machine": machine, **row}, arguments.write)


def measure(folder: Path, size: int, hostile: int, jobs: int) -> dict[str, float]:
    """Grade the honest ones alone, then the class."""
    room = Room(folder / "class", "a1")
    own_limits(folder / "course", LIMITS)
    options = [f"--SubmissionExporter.course_root={folder / 'course'}", f"--SubmissionExporter.jobs={jobs}"]
    room.hand_in_many(size - hostile)
    autograde(room.root, "a1", folder, *options, students="student0000")  # the warm servers start
    honest = autograde(room.root, "a1", folder, *options).spent
    names = hand_in(room, size, hostile)
    graded = autograde(room.root, "a1", folder, *options)
    limits = hostile * EACH / jobs
    return {
        "size": size,
        "hostile": hostile,
        "jobs": jobs,
        "each_limit": EACH,
        "honest_wall": honest.wall,
        "honest_cpu": honest.cpu,
        "limits_wall": limits,
        "wall": graded.spent.wall,
        "cpu": graded.spent.cpu,
        "ratio": graded.spent.wall / (honest.wall + limits),
        "before_first": before(list(graded.events), names[0]),
    }


if __name__ == "__main__":
    main()
