"""A busy machine makes grading slower and changes no verdict; hostile hand-ins cost no more than their own limits."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import copy
from pathlib import Path

import pytest
from attacks import judge as judge_attacks
from attacks.class_of_thirty import HOSTILE, hand_in_hostile
from damage import nbgrader

from autograder.classroom.scores import scores
from autograder.course.config import Course, load_course
from autograder.grading.grade import Grader

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[1]
BUSY_PER_CORE = 8
TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def busy_machine() -> Iterator[None]:
    """Eight processes for every core that do nothing but keep it busy, for as long as this one lives."""
    loop = [sys.executable, "-S", "-c", f"import os\nwhile os.getppid() == {os.getpid()}: pass"]
    processes = [subprocess.Popen(loop) for _ in range(BUSY_PER_CORE * (os.cpu_count() or 1))]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def wrong_a1(function: str, *lines: str) -> dict[str, str]:
    return {function: f"def {function}(*args, **kwargs):\n" + "".join(f"    {line}\n" for line in lines)}


# What each student of a1 and a5 got wrong: slow, stopped, too late, wrong, missing; and nothing.
CLASS_A1: tuple[dict[str, str], ...] = (
    {},
    wrong_a1("threshold_relu", "return args[0]"),
    wrong_a1("sigmoid_backward", "while True: pass"),
    wrong_a1("sigmoid_forward", "import os", "os._exit(3)"),
    wrong_a1("affine_backward", "import time", "time.sleep(1e6)"),
    {"fold_threshold_network": judge_attacks.ATTACKS["large requests"].source},
    wrong_a1("threshold_relu_backward", "raise NotImplementedError"),
)
NOT_BUILT = wrong_a1("build_deep", "raise NotImplementedError")
CLASS_A5: tuple[dict[str, str], ...] = (
    {},
    NOT_BUILT,
    NOT_BUILT | wrong_a1("residual_block", "return args[0]"),
    NOT_BUILT | wrong_a1("fractal_block", "return fractal_block(*args, **kwargs)"),
    {"build_deep": judge_attacks.NETWORKS["a fractal of four million layers"][0]},
)


def test_verdicts_on_a_busy_machine_are_those_of_a_quiet_one(private_servers, course, classroom, classroom_a5):
    course = with_limits(course, call_seconds=4.0, cell_seconds=20.0)
    jobs = [
        (Grader(course, room.assignment, room.root), room.hand_in(f"student-{number}", room.notebook(changed)))
        for room, changes in ((classroom_a5, CLASS_A5), (classroom, CLASS_A1))
        for number, changed in enumerate(changes)
    ]
    assert len(jobs) >= 12
    quiet = grade_all(jobs)
    with busy_machine():
        busy = grade_all(jobs)
    assert busy == quiet
    verdicts = [verdict for record in quiet for verdict in json.loads(record)["verdicts"]]
    assert {verdict["status"] for verdict in verdicts} == {"graded"}
    assert sum(verdict["reason"] != "" for verdict in verdicts) >= 9  # those who are stopped are stopped every time


def grade_all(jobs: list[tuple[Grader, Path]]) -> list[str]:
    def record(job: tuple[Grader, Path]) -> str:
        grader, path = job
        submission = grader.prepare(path)
        return grader.grade(submission).record(submission)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(record, jobs))


def with_limits(course: Course, **limits: float) -> Course:
    settings = course.grading.limits.model_copy(update=limits)
    return course.model_copy(update={"grading": course.grading.model_copy(update={"limits": settings})})


# ------------------------------------------------------------------------------------- twenty honest and ten hostile

HONEST = 20
LIMITS = {"cell_seconds": 4, "call_seconds": 2, "submission_seconds": 12, "own_seconds": 6, "judge_seconds": 6}
FACTOR = 2.5  # two busy threads of one core need more processor time each than one alone


@pytest.fixture(scope="module")
def thirty(private_servers: Path, classroom, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A graded class of twenty honest and ten hostile students, and the seconds of work that it took beyond theirs."""
    root = tmp_path_factory.mktemp("thirty") / "class"
    shutil.copytree(classroom.root, root)
    shutil.rmtree(root / "submitted", ignore_errors=True)
    here = copy(classroom)
    here.root = root
    write_course_with_small_limits(root.parent)
    grader = f"--SubmissionExporter.course_root={root.parent}"
    here.hand_in("honest-00", here.notebook())
    nbgrader(root, "autograde", "a1", grader)  # the warm servers start, the secret and the gradebook are made
    before = work(private_servers)
    nbgrader(root, "autograde", "a1", "--force", grader)
    alone = work(private_servers) - before
    for number in range(1, HONEST):
        here.hand_in(f"honest-{number:02}", here.notebook())
    for name in HOSTILE:
        hand_in_hostile(here, name)
    kept = [(root / ".course_secret").read_bytes(), (root / "nbgrader_config.py").read_bytes()]
    before = work(private_servers)
    nbgrader(root, "autograde", "a1", "--force", grader, check=False)
    spent = work(private_servers) - before
    assert [(root / ".course_secret").read_bytes(), (root / "nbgrader_config.py").read_bytes()] == kept
    return root, spent - FACTOR * HONEST * alone


def write_course_with_small_limits(folder: Path) -> None:
    text = (ROOT / "course.yaml").read_text().splitlines()
    for name, value in LIMITS.items():
        (place,) = (number for number, line in enumerate(text) if line.strip().startswith(f"{name}:"))
        text[place] = f"    {name}: {value}"
    (folder / "course.yaml").write_text("\n".join(text) + "\n")
    assert load_course(folder).grading.limits.judge_seconds == LIMITS["judge_seconds"]


seen: dict[tuple[str, str], float] = {}  # by process id and start: a server that was idle for long is gone


def work(servers: Path) -> float:
    """Processor seconds of everything forked here that has ended: judges, students, nbgrader's own processes."""
    own = resource.getrusage(resource.RUSAGE_CHILDREN)
    for folder in (folder for folder in Path("/proc").iterdir() if folder.name.isdigit()):
        try:
            if os.fsencode(servers) in (folder / "cmdline").read_bytes():
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                seen[folder.name, fields[19]] = sum(map(int, fields[13:15])) / TICKS  # of its children that have ended
        except OSError:
            continue
    return own.ru_utime + own.ru_stime + sum(seen.values())


@pytest.mark.parametrize("number", range(HONEST))
def test_honest_student_keeps_every_point_beside_hostile_ones(number, thirty):
    row = next(row for row in scores(thirty[0], "a1") if row.student == f"honest-{number:02}")
    assert {name: got for name, (got, _) in row.exercises.items()} == {
        name: points for name, (_, points) in row.exercises.items()
    }


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_student_is_in_the_gradebook_with_an_honest_score(name, thirty):
    row = next(row for row in scores(thirty[0], "a1") if row.student == f"hostile-{name}")
    expected = {exercise: points for exercise, (_, points) in row.exercises.items()} | HOSTILE[name].lost
    assert {exercise: got for exercise, (got, _) in row.exercises.items()} == expected


def test_hostile_students_cost_no_more_than_their_limits(thirty):
    _, beyond = thirty
    each = LIMITS["submission_seconds"] + LIMITS["own_seconds"] + LIMITS["judge_seconds"]
    assert beyond < len(HOSTILE) * FACTOR * each
