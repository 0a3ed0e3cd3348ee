"""Pair plain nbgrader with ours on copies of one a1 submission, in one run.

    .venv/bin/python benchmarks/autograde.py [--copies 8]

"stock" runs nbgrader's own preprocessors: a Jupyter kernel for each notebook, `check` cells executed in it. "ours" runs
the configuration that `course build` writes, walls included. Both grade the same notebook, which imports TensorFlow as
a Keras assignment does. Stock also runs the experiment cells, figures and all; ours keeps the student's own outputs
there. Each is run on 1 copy and on N copies, and the difference is divided by N - 1: start-up, which a class pays once,
is shown apart. CPU seconds count every process, the warm servers included. The last line is the ratio.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat

from autograder.authoring.build import build_assignment
from autograder.authoring.demo import cell_source, fill_in, hand_in
from autograder.authoring.release import release_assignment
from autograder.course.config import LimitSettings, load_course
from autograder.course.content import load_content
from autograder.grading.grade import process_limits

ROOT = Path(__file__).resolve().parents[1]
STOCK = "c = get_config()\nc.ExecutePreprocessor.timeout = 120\nc.Execute.timeout = 120\n"


def prepare(root: Path, copies: int) -> None:
    """Build and release a1, and hand in ``copies`` times."""
    course = load_course(ROOT)
    assignment = course.assignments["a1"]
    build_assignment(course, assignment.name, root)
    release = release_assignment(course, assignment.name, root)
    right = {name: cell_source(f, name) for name, f in load_content(assignment.folder).solutions.items()}
    notebook = fill_in(nbformat.read(release / f"{assignment.folder}.ipynb", as_version=4), right)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    tensorflow = nbformat.v4.new_code_cell("import tensorflow, keras", id="tensorflow")
    notebook.cells.insert(notebook.cells.index(first) + 1, tensorflow)
    for number in range(copies):
        hand_in(root, f"student{number:02}", assignment, json.dumps(notebook))


def cpu_of_processes(marker: str) -> float:
    """CPU seconds used so far by live processes with ``marker`` in their command line, and by their dead children."""
    ticks = 0
    for folder in (folder for folder in Path("/proc").iterdir() if folder.name.isdigit()):
        try:
            if marker.encode() in (folder / "cmdline").read_bytes():
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                ticks += sum(map(int, fields[11:15]))
        except OSError:
            continue  # it has just ended
    return ticks / os.sysconf("SC_CLK_TCK")


def autograde(root: Path, students: str, servers: str) -> tuple[float, float]:
    """Wall and CPU seconds of one `nbgrader autograde`, whatever it starts included."""
    command = [sys.executable, "-m", "nbgrader", "autograde", "a1", "--force"]
    command += [f"--CourseDirectory.student_id={students}"]
    before, warm = resource.getrusage(resource.RUSAGE_CHILDREN), cpu_of_processes(servers)
    started = time.monotonic()
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, env=environment, check=False)
    wall = time.monotonic() - started
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, own + cpu_of_processes(servers) - warm


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder of our own, warm servers included, so that only our own processes are counted."""
    folder = Path(tempfile.mkdtemp(prefix="cc-", dir="/tmp"))
    os.environ.update(XDG_RUNTIME_DIR=str(folder), TMPDIR=str(folder), COURSE_SERVER_IDLE="60")
    tempfile.tempdir = None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def student_memory() -> str:
    """The proportional memory of a student process that has run TensorFlow, and that of its warm server."""
    from autograder.jail import client  # noqa: PLC0415 - after the folders are set

    source = "import keras\nkeras.ops.ones((100, 100)) @ keras.ops.ones((100, 100))"
    with client.spawn(process_limits(LimitSettings())) as student:
        student.run_cell("pass", 60)
        empty = student.memory_pss()
        student.run_cell(source, 60)
        return f"{empty / 1024:.0f} MiB PSS empty, {student.memory_pss() / 1024:.0f} MiB after a TensorFlow operation"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--copies", type=int, default=8)
    copies = parser.parse_args().copies
    memory = Path("/proc/meminfo").read_text().split()[1]
    print(f"machine: {platform.machine()}, {os.cpu_count()} cores, {int(memory) // 2**20} GiB, {platform.release()}")
    print(f"python {platform.python_version()}, {copies} copies of one submission\n")
    per_copy = {}
    with private_folder() as folder:
        for name in ("stock", "ours"):
            root = folder / name
            prepare(root, copies)
            if name == "stock":
                (root / "nbgrader_config.py").write_text(STOCK)
                (root / "nbgrader_config.json").unlink()  # it names our reader
            else:
                cold = autograde(root, "student00", str(folder))
                print(f"ours   1 copy, the warm servers' start    wall {cold[0]:6.2f} s   cpu {cold[1]:6.2f} s")
            one = autograde(root, "student00", str(folder))
            many = autograde(root, "*", str(folder))
            per_copy[name] = [(m - o) / (copies - 1) for m, o in zip(many, one, strict=True)]
            for what, (wall, cpu) in [
                ("1 copy", one),
                (f"{copies} copies", many),
                ("each further copy", per_copy[name]),
            ]:
                print(f"{name:6} {what:34} wall {wall:6.2f} s   cpu {cpu:6.2f} s")
            print()
        print(f"a student process: {student_memory()}\n")
    wall, cpu = (stock / ours for stock, ours in zip(per_copy["stock"], per_copy["ours"], strict=True))
    print(f"ratio stock/ours: wall {wall:.1f}, cpu {cpu:.1f}")


if __name__ == "__main__":
    main()
