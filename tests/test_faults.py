"""Thirty kills and five full disks: what comes of a class in the end is what comes of one that nobody disturbed.

Minutes: run it with ``pytest -m faults``. The moments are drawn; the seed is printed, and ``FAULTS_SEED`` takes one.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from damage import nbgrader
from killing import assert_the_same, class_of_every_kind, kill_one

pytestmark = [pytest.mark.faults, pytest.mark.long]

ROOT = Path(__file__).resolve().parents[1]
STUDENTS = 40
KILLS = {
    "writer": 10,
    "judge": 6,
    "student": 6,
    "reader": 3,
    "server of student": 2,
    "server of judge": 2,
    "server of reader": 1,
}
FULL_DISKS = 5
PLAIN = [sys.executable, "-m", "nbgrader", "autograde", "a1", "--SubmissionExporter.jobs=2"]
OURS = [sys.executable, "-m", "autograder.commands.main", "--course", str(ROOT), "grade", "a1", "--jobs", "2"]


@pytest.fixture(scope="module")
def class_of_forty(course, classroom, tmp_path_factory, private_servers) -> Path:
    """Forty submissions of every kind, nobody's the same as another's, not graded yet."""
    root = tmp_path_factory.mktemp("forty") / "class"
    room = classroom.apart(root)
    class_of_every_kind(course, room, STUDENTS)
    return root


@pytest.fixture(scope="module")
def undisturbed(class_of_forty: Path) -> Path:
    root = Path(shutil.copytree(class_of_forty, class_of_forty.with_name("undisturbed")))
    nbgrader(root, "autograde", "a1")
    assert len(list(root.glob("autograded/*/a1/verdicts.json"))) == STUDENTS
    return root


@pytest.fixture
def rng() -> random.Random:
    seed = int(os.environ.get("FAULTS_SEED", time.time_ns() % 1_000_000))
    print(f"FAULTS_SEED={seed}")
    return random.Random(seed)


def test_thirty_kills_cost_nothing_but_what_was_in_flight(class_of_forty, undisturbed, private_servers, rng, tmp_path):
    root = Path(shutil.copytree(class_of_forty, tmp_path / "class"))
    plan = [kind for kind, times in KILLS.items() for _ in range(times)]
    rng.shuffle(plan)
    assert len(plan) == 30
    killed: list[str] = []
    for round_, command in enumerate(itertools.cycle([PLAIN, OURS])):
        again = ["--force"] if len(list(root.glob("autograded/*/a1/verdicts.json"))) == STUDENTS else []
        with (
            (tmp_path / f"{round_}.log").open("wb") as log,
            subprocess.Popen([*command, *again], cwd=root, stdout=log, stderr=log, stdin=subprocess.DEVNULL) as grading,
        ):
            while plan and _further(root, grading, len(killed)):
                if not kill_one(plan[0], rng, grading, private_servers):
                    break
                killed.append(plan.pop(0))
            status = grading.wait()
        if not plan and status == 0:
            break
        assert round_ < 3 * KILLS["writer"], (killed, status, (tmp_path / f"{round_}.log").read_text()[-3000:])
    assert sorted(killed) == sorted(kind for kind, times in KILLS.items() for _ in range(times))
    assert_the_same(root, undisturbed)


def _further(root: Path, grading: subprocess.Popen[bytes], kills: int) -> bool:
    """Wait until the class is a little further than at the last kill; False when the grading has ended."""
    wanted = (STUDENTS - 6) * kills // 30
    while grading.poll() is None:
        if len(list(root.glob("autograded/*/a1/verdicts.json"))) >= wanted:
            return True
        time.sleep(0.05)
    return False


# ------------------------------------------------------------------------------------------------------ full disks


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of a size that holds a graded class."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256m", "none", str(place)], capture_output=True)
    if done.returncode:
        pytest.skip(f"no small disk: only root may mount one ({done.stderr.decode().strip()})")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_disk_that_fills_five_times_costs_nothing(class_of_forty, undisturbed, small_disk, rng):
    root = Path(shutil.copytree(class_of_forty, small_disk / "class"))
    needs = _size(undisturbed) - _size(class_of_forty)
    moments = sorted(rng.uniform(0.02, 0.95) for _ in range(FULL_DISKS))
    already = _size(root)
    for moment, command in zip(moments, itertools.cycle([PLAIN, OURS])):
        used = _size(root) - already
        with _ballast(small_disk, leaving=max(int(moment * needs) - used, 4096)):
            done = subprocess.run(command, cwd=root, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode == 1, done.stdout[-3000:] + done.stderr[-3000:]
        log = done.stderr if command is PLAIN else (root / "logs" / "autograde.log").read_text()
        assert log.count("run the same command again") == 1, log[-3000:]
    done = subprocess.run(PLAIN, cwd=root, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr[-3000:]
    assert_the_same(root, undisturbed)


def _size(root: Path) -> int:
    """Bytes on the disk of what lies below a folder."""
    return sum(path.lstat().st_blocks * 512 for path in root.rglob("*"))


@contextmanager
def _ballast(disk: Path, leaving: int) -> Iterator[None]:
    """Fill a disk but for so many bytes, for a while."""
    file = disk / "ballast"
    with file.open("wb") as opened:
        os.posix_fallocate(opened.fileno(), 0, shutil.disk_usage(disk).free - leaving)
    yield
    file.unlink()
