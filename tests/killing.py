"""A class whose grading is disturbed: who hands in, who is killed, and what a gradebook says, whatever its ids are."""

from __future__ import annotations

import itertools
import json
import os
import random
import re
import signal
import subprocess
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import Base
from released import Classroom
from sqlalchemy import create_engine

from autograder.authoring.demo import fill_in, make_class
from autograder.course.config import Course
from autograder.grading.arriving.handed_in import register
from autograder.grading.grade import course_secret

ENTRIES = {
    "student": "autograder.jail.inside.child:main",
    "judge": "autograder.judge.process:main",
    "reader": "autograder.grading.reading.reader:main",
}
LIFE = 0.06  # seconds: most judges, readers and students live longer on a busy machine
ID = re.compile(r"[0-9a-f]{32}")


def kill_one(kind: str, rng: random.Random, grading: subprocess.Popen[bytes], servers: Path) -> bool:
    """Kill one that takes part in a grading, somewhere in its life; False when the grading has ended before.

    Args:
        kind: ``writer`` (nbgrader, which writes the gradebook), a role of ``ENTRIES``, or ``server of`` a role.
        servers: the folder in which the warm servers listen.
    """
    while grading.poll() is None:
        victims = _writers(grading) if kind == "writer" else _forked(kind, servers)
        if victims:
            victim = rng.choice(victims)
            time.sleep(rng.uniform(0, LIFE))
            with suppress(ProcessLookupError):  # it has done its work: another will be there soon
                os.kill(victim, signal.SIGKILL)
                return True
        time.sleep(0.002)
    return False


def _writers(grading: subprocess.Popen[bytes]) -> list[int]:
    """nbgrader itself: what was started, or its child."""
    return [pid for pid in (grading.pid, *_children(grading.pid)) if "autograde" in _words(pid)]


def _forked(kind: str, servers: Path) -> list[int]:
    """A role's warm servers, or the processes that they have forked."""
    role = kind.removeprefix("server of ")
    same = {int(path.name) for path in Path("/proc").glob("[0-9]*") if _is_of(int(path.name), ENTRIES[role], servers)}
    children = {child for pid in same for child in _children(pid)} & same
    return sorted(same - children if kind.startswith("server of ") else children)


def _is_of(pid: int, entry: str, servers: Path) -> bool:
    words = _words(pid)
    return entry in words and any(word.startswith(str(servers)) for word in words)


def _words(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def class_of_every_kind(course: Course, room: Classroom, size: int) -> None:
    """Have so many hand in, everybody something else, of every kind but a loop that runs until its limit."""
    kinds = [student for student in make_class(course, room.assignment) if student.name != "ines"]
    for number, kind in zip(range(size), itertools.cycle(kinds)):
        notebook = fill_in(room.release(), {**kind.sources, **kind.answers})
        cell = f"import matplotlib.pyplot as plt\nprint('I am', {number})\nplt.plot([0, {number}])\nplt.show()"
        notebook.cells.append(nbformat.v4.new_code_cell(cell, id="mine"))
        name, text = f"s{number:02}-{kind.name}", json.dumps(notebook)
        room.hand_in(name, text[:2000] if kind.broken else text)
        register(room.root, "a1", name, room.assignment.due - timedelta(days=kind.days), "the test's clock")
    course_secret(room.root)


def told(url: str) -> dict[str, list[str]]:
    """Every row of every table of nbgrader's. It draws its ids at random: here, they are the rows that they stand for.

    Args:
        url: the gradebook's address.
    """
    engine = create_engine(url)
    with engine.connect() as connection:
        tables = {table.name: table for table in Base.metadata.sorted_tables}
        rows = {
            name: [dict(row) for row in connection.execute(table.select()).mappings()] for name, table in tables.items()
        }
    engine.dispose()
    links = {
        name: {key.parent.name: key.column.table.name for key in table.foreign_keys} for name, table in tables.items()
    }
    by_id = {(table, row["id"]): row for table in tables for row in rows[table] if "id" in row}

    def plain(table: str, row: dict[str, Any]) -> dict[str, Any]:
        shown = {}
        for column, value in row.items():
            if column in links[table] and value is not None:
                other = links[table][column]
                shown[column] = plain(other, by_id[other, value])
            elif not (isinstance(value, str) and ID.fullmatch(value)):
                shown[column] = value
        return shown

    return {table: sorted(repr(plain(table, row)) for row in rows[table]) for table in tables}


def contents(root: Path) -> dict[str, bytes]:
    """What grading has written of students, by name: graded notebooks, what lies beside them, verdicts."""
    return {str(p.relative_to(root)): p.read_bytes() for p in (root / "autograded").rglob("*") if p.is_file()}


def assert_the_same(root: Path, undisturbed: Path) -> None:
    """All that grading leaves is the same to the byte, and in the gradebook all but the ids that nbgrader draws."""
    ours, theirs = contents(root), contents(undisturbed)
    assert sorted(ours) == sorted(theirs)
    assert [name for name in ours if ours[name] != theirs[name]] == []
    one, other = (told(f"sqlite:///{place}/gradebook.db") for place in (root, undisturbed))
    assert {table: sorted(set(one[table]) ^ set(other[table])) for table in one if one[table] != other[table]} == {}
    assert list((root / ".journal").iterdir()) == []
