"""What benchmarks share: a grading measured with everything that it starts, and where rows are kept."""

from __future__ import annotations

import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from autograder.grading.running.events import Event, heard

ROOT = Path(__file__).resolve().parents[1]
ROWS = ROOT / "docs" / "measured" / "rows"
TICKS = os.sysconf("SC_CLK_TCK")
KIB = 1024
ENVIRONMENT = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
LOOK_SECONDS = 1.0  # between two looks at the memory: each takes the kernel some milliseconds for every process


class Spent(NamedTuple):
    """Seconds on the clock, and seconds of processor time of everything that was started, warm servers included."""

    wall: float
    cpu: float

    def __sub__(self, other: Spent) -> Spent:  # type: ignore[override]
        return Spent(self.wall - other.wall, self.cpu - other.cpu)

    def per(self, count: float) -> Spent:
        """The share of one in so many."""
        return Spent(self.wall / count, self.cpu / count)


class Graded(NamedTuple):
    """One run of ``nbgrader autograde``.

    Args:
        memory_kib: the largest proportional memory of the grader and of everything that it starts together; 0 where
            nobody looked.
        grader_kib: the same of nbgrader's own process.
        events: what happened, each with the seconds since the start.
    """

    spent: Spent
    memory_kib: int
    grader_kib: int
    events: Sequence[tuple[float, Event]]


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder of our own, warm servers included, so that only our own processes are counted."""
    folder = Path(tempfile.mkdtemp(prefix="cc-", dir="/tmp"))  # short: a socket's path has 108 bytes
    before = {name: os.environ.get(name) for name in ("XDG_RUNTIME_DIR", "TMPDIR", "COURSE_SERVER_IDLE")}
    os.environ.update(XDG_RUNTIME_DIR=str(folder), TMPDIR=str(folder), COURSE_SERVER_IDLE="900")
    tempfile.tempdir = None
    try:
        yield folder
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
        tempfile.tempdir = None
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def cores(count: int) -> Iterator[None]:
    """Let what is started meanwhile run on so many cores alone; on all where there are not so many."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def processes(marker: str) -> Iterator[Path]:
    """The folders in /proc of the living processes with ``marker`` in their command line."""
    for folder in (folder for folder in Path("/proc").iterdir() if folder.name.isdigit()):
        try:
            if marker.encode() in (folder / "cmdline").read_bytes():
                yield folder
        except OSError:
            continue  # it has just ended


def cpu_of_processes(marker: str) -> float:
    """CPU seconds used so far by living processes with ``marker`` in their command line, and by their dead children."""
    return sum(map(cpu_of, processes(marker)))


def cpu_of(folder: Path) -> float:
    """CPU seconds used so far by a process and by its dead children; 0 when it is gone."""
    try:
        return sum(map(int, (folder / "stat").read_text().rpartition(")")[2].split()[11:15])) / TICKS
    except OSError:
        return 0.0


def words(folder: Path) -> list[str]:
    """The command line of a process; nothing when it is gone."""
    try:
        return (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def pss_kib(folder: Path) -> int:
    """The proportional memory of a process; 0 when it is gone."""
    try:
        lines = (folder / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def autograde(
    root: Path, assignment: str, servers: Path, *options: str, students: str = "*", memory: bool = False
) -> Graded:
    """One `nbgrader autograde --force`, whatever it starts included.

    Args:
        servers: the folder in which the warm servers live: its name is in their command lines.
        options: more of nbgrader's.
        students: a pattern of names.
        memory: look at the memory, too.

    Raises:
        SystemExit: when nbgrader fails, with the end of what it said.
    """
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "nbgrader", "autograde", assignment, "--force"]
    command += [f"--CourseDirectory.student_id={students}", *options]
    stock = not (root / "nbgrader_config.json").exists()
    command += [] if stock else [f"--SubmissionExporter.events={writing}"]
    before, warm = resource.getrusage(resource.RUSAGE_CHILDREN), cpu_of_processes(str(servers))
    started = time.monotonic()
    log = root / "benchmark.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=root, stdin=subprocess.DEVNULL, stdout=output, stderr=output, pass_fds=(writing,),
            env={**os.environ, **ENVIRONMENT},
        )  # fmt: skip
    os.close(writing)
    with _Memory(process.pid, str(servers), memory) as looked, os.fdopen(reading, encoding="utf-8") as lines:
        events = [(time.monotonic() - started, event) for event in heard(lines)]
        status = process.wait()
    wall = time.monotonic() - started
    if status:
        raise SystemExit(log.read_text(errors="replace")[-3000:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    spent = Spent(wall, own + cpu_of_processes(str(servers)) - warm)
    return Graded(spent, looked.largest, looked.grader, events)


class _Memory:
    """Looks at the memory from time to time, in a thread of its own."""

    def __init__(self, grader: int, marker: str, wanted: bool) -> None:
        self.largest = self.grader = 0
        self._folder, self._marker = Path("/proc", str(grader)), marker
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch) if wanted else None

    def __enter__(self) -> _Memory:
        if self._thread:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        if self._thread:
            self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(LOOK_SECONDS):
            own = pss_kib(self._folder)
            self.grader = max(self.grader, own)
            self.largest = max(self.largest, own + sum(map(pss_kib, processes(self._marker))))


def machine() -> dict[str, Any]:
    """What the numbers were measured on, and what else it had to do."""
    memory = int(Path("/proc/meminfo").read_text().split()[1])
    return {
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "gib": round(memory / KIB**2),
        "kernel": platform.release().partition("-")[0],
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),  # what others did when it began
    }


def told(machine: Mapping[str, Any]) -> str:
    """The same in a line."""
    return "{cores} cores ({processor}), {gib} GiB, Linux {kernel}, Python {python}, load {load:g} before".format(
        **machine
    )


def keep(name: str, rows: Mapping[str, Any], write: bool) -> None:
    """Write rows where ``report.py`` makes a page of them; only where that is asked for."""
    if write:
        ROWS.mkdir(parents=True, exist_ok=True)
        (ROWS / f"{name}.json").write_text(json.dumps(rows, indent=1, sort_keys=True) + "\n", encoding="utf-8")
