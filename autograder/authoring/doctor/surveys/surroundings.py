"""Correct implementations in other surroundings: other kernels of TensorFlow, more threads, an older processor.

What decides all this is read once, when NumPy and TensorFlow are imported. So each has a process of its own, which gets
its work as JSON on standard input and answers with one line for each exercise.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from numpy._core._multiarray_umath import __cpu_dispatch__  # type: ignore[import-not-found]
from pydantic import TypeAdapter

from autograder.authoring.doctor.surveys.margins import Margins, measure_right
from autograder.authoring.doctor.workers import one_task_each
from autograder.course.content import load_content

Task = tuple[str, str, list[int]]  # folder, exercise, seeds
ROOT = Path(__file__).parents[4]


def _threads(number: int) -> dict[str, str]:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTEROP_THREADS", "TF_NUM_INTRAOP_THREADS")
    return dict.fromkeys(names, str(number))


def _older_processor() -> dict[str, str]:
    """Nothing that NumPy and oneDNN choose when they see the processor; the BLAS of one without wide registers."""
    return {
        "NPY_DISABLE_CPU_FEATURES": " ".join(__cpu_dispatch__),
        "OPENBLAS_CORETYPE": "Nehalem",  # of no effect but on x86
        "ONEDNN_MAX_CPU_ISA": "SSE41",
    }


SURROUNDINGS = {  # beside those of the program itself: oneDNN where TensorFlow has it, one thread
    "oneDNN, two threads": {"TF_ENABLE_ONEDNN_OPTS": "1"} | _threads(2),
    "no oneDNN": {"TF_ENABLE_ONEDNN_OPTS": "0"} | _threads(1),
    "no oneDNN, two threads": {"TF_ENABLE_ONEDNN_OPTS": "0"} | _threads(2),
    "an older processor": _older_processor() | _threads(1),
}


def measure_elsewhere(where: str, tasks: Sequence[Task], jobs: int | None = None) -> Iterator[Margins]:
    """What correct implementations do in one of the ``SURROUNDINGS``, exercise by exercise.

    Raises:
        RuntimeError: when its process ends before its work.
    """
    command = [sys.executable, "-c", f"from {__name__} import main; main()"]
    environment = {**os.environ, **SURROUNDINGS[where]}
    with subprocess.Popen(
        command, env=environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None and child.stdout is not None
        json.dump({"where": where, "jobs": jobs, "tasks": tasks}, child.stdin)
        child.stdin.close()
        for _ in tasks:
            line = child.stdout.readline()
            if not line:
                raise RuntimeError(f"{where}: the process ended with {child.wait()}, before its work; see above")
            yield TypeAdapter(Margins).validate_json(line)


def _measured(task: tuple[str, str, list[int], str]) -> str:
    folder, exercise, seeds, where = task
    margins = measure_right(load_content(folder), exercise, seeds, where, ways=False)
    return TypeAdapter(Margins).dump_json(margins).decode()


def main() -> None:
    """In the process of one surroundings: read the work, do it, a line for each exercise."""
    work = json.load(sys.stdin)
    with one_task_each(work["jobs"]) as pool:
        for line in pool.imap(_measured, [(*task, work["where"]) for task in work["tasks"]]):
            print(line, flush=True)
