"""Pair plain nbgrader with ours on a small class that hands in a1, in one run; and hold ours against what must be.

    .venv/bin/python benchmarks/autograde.py [--copies 8] [--training a2] [--write]

"stock" runs nbgrader's own preprocessors: a Jupyter kernel for each notebook, `check` cells executed in it. "ours" runs
the configuration that `course build` writes, walls included. Both grade the same notebooks; no two are equal, and they
import TensorFlow as a Keras assignment does. Stock also runs the experiment cells, figures and all; ours keeps the
student's own outputs there. Each is run on 1 submission and on N, and the difference is divided by N - 1: start-up,
which a class pays once, is shown apart. CPU seconds count every process, the warm servers included.

What nobody can save is the students' own arithmetic (`arithmetic.py`): the overhead is what ours takes beyond that. For
an assignment with accuracy items, the floor is that arithmetic and the trainings. The last line is the ratio.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import measuring
from arithmetic import arithmetic_apart
from classes import Room, importing_tensorflow
from measuring import Spent, autograde, private_folder

from autograder.course.config import LimitSettings
from autograder.grading.grade import process_limits
from autograder.jail import client

STOCK = "c = get_config()\nc.ExecutePreprocessor.timeout = 120\nc.Execute.timeout = 120\n"


def student_memory() -> tuple[float, float]:
    """MiB of proportional memory of a student's process: as it was forked, and after a TensorFlow operation."""
    source = "import keras\nkeras.ops.ones((100, 100)) @ keras.ops.ones((100, 100))"
    with client.spawn(process_limits(LimitSettings())) as student:
        student.run_cell("pass", 60)
        empty = student.memory_pss()
        student.run_cell(source, 60)
        return empty / measuring.KIB, student.memory_pss() / measuring.KIB


def further(room: Room, servers: Path, copies: int, name: str) -> Spent:
    """What each further submission costs, with the lines that it follows from."""
    one = autograde(room.root, room.assignment.name, servers, students="student0000").spent
    many = autograde(room.root, room.assignment.name, servers).spent
    each = (many - one).per(copies - 1)
    for what, spent in (("1 submission", one), (f"{copies} submissions", many), ("each further one", each)):
        print(line(f"{name:6} {what}", spent), flush=True)
    print()
    return each


def line(what: str, spent: Spent) -> str:
    """A line of the table."""
    return f"{what:48} wall {spent.wall:7.2f} s   cpu {spent.cpu:7.2f} s"


def paired(folder: Path, copies: int) -> dict[str, Spent]:
    """What a further submission of a1 costs with nbgrader's own grader, and with ours."""
    each = {}
    for name in ("stock", "ours"):
        room = Room(folder / name, "a1")
        room.hand_in_many(copies, importing_tensorflow)
        if name == "stock":
            (room.root / "nbgrader_config.py").write_text(STOCK)
            (room.root / "nbgrader_config.json").unlink()  # it names our reader
        else:
            cold = autograde(room.root, "a1", folder, students="student0000").spent
            print(line("ours   1 submission, and the warm servers' start", cold))
        each[name] = further(room, folder, copies, name)
    return each


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--copies", type=int, default=8)
    parser.add_argument("--training", default="a2", help="an assignment with accuracy items; none to leave it out")
    parser.add_argument("--write", action="store_true", help="keep the rows for docs/measured/grading.md")
    arguments = parser.parse_args()
    machine, rows = measuring.machine(), dict[str, object]()
    print(f"{measuring.told(machine)}; {arguments.copies} submissions, all different\n")
    with private_folder() as folder:
        each = paired(folder, arguments.copies)
        if arguments.training != "none":
            room = Room(folder / arguments.training, arguments.training)
            room.hand_in_many(arguments.copies)
            autograde(room.root, room.assignment.name, folder, students="student0000")  # its judges' server starts
            trained = further(room, folder, arguments.copies, arguments.training)
            rows["training"] = _floor(arguments.training, trained)
        empty, used = student_memory()
        print(f"a student's process: {empty:.0f} MiB PSS, {used:.0f} MiB after a TensorFlow operation")
    own = sum(arithmetic_apart("a1").values())
    overhead = each["ours"].cpu - own
    print(f"overhead a1: cpu {overhead:.3f} s for each submission, beyond {own:.3f} s of the students' own arithmetic")
    wall, cpu = (stock / ours for stock, ours in zip(each["stock"], each["ours"], strict=True))
    rows |= {"machine": machine, "copies": arguments.copies, "own": own, "overhead": overhead}
    rows |= {name: {"wall": spent.wall, "cpu": spent.cpu} for name, spent in each.items()}
    measuring.keep("autograde", {**rows, "student_mib": [empty, used]}, arguments.write)
    print(f"ratio stock/ours: wall {wall:.1f}, cpu {cpu:.1f}")


def _floor(name: str, each: Spent) -> dict[str, float | str]:
    own = arithmetic_apart(name, seeds=2)
    floor = sum(own.values())
    print(
        f"training {name}: cpu {each.cpu:.2f} s for each submission, {each.cpu / floor:.2f} times its floor of "
        f"{floor:.2f} s ({own['trainings']:.2f} s of trainings, {own['calls']:.2f} s of calls)\n"
    )
    return {"assignment": name, "wall": each.wall, "cpu": each.cpu, "ratio": each.cpu / floor, **own}


if __name__ == "__main__":
    main()
