"""Run nbgrader on a whole class, and show how far it is."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from autograder.classroom.progress import Watching, bar
from autograder.grading.running.events import Event, Finished, Judged, heard


def autograde(
    root: Path,
    assignment: str,
    console: Console,
    *,
    jobs: int | None = None,
    dask: str | None = None,
    force: bool = False,
    hear: Callable[[Event], object] = lambda event: None,
) -> int:
    """Grade every submission of an assignment with nbgrader; its full log goes to ``logs/autograde.log``.

    Args:
        root: nbgrader's root.
        jobs: submissions graded at the same time; by default one for each core, or twice what the workers can do.
        dask: the address of a scheduler on whose workers judges work; ``local`` for some of this machine.
        force: grade again what is graded already.
        hear: is told what happens, as it happens.

    Returns:
        nbgrader's exit status.
    """
    reading, writing = os.pipe()
    command = ["autograde", assignment, f"--SubmissionExporter.events={writing}"]
    command += [*(["--force"] if force else []), *([f"--SubmissionExporter.jobs={jobs}"] if jobs else [])]
    command += [f"--SubmissionExporter.dask={dask}"] if dask else []
    log = _log(root, "autograde")
    with Watching(console) as watching, log.open("wb") as file:
        try:
            # a group of its own: Ctrl-C in a terminal reaches us alone, and we hand it on once
            process = _started(root, command, file.fileno(), pass_fds=(writing,), process_group=0)
        finally:
            os.close(writing)
        with process, os.fdopen(reading, encoding="utf-8") as lines, _interrupts_handed_on(process):
            for event in heard(lines):
                watching.hear(event)
                hear(event)
            status = process.wait()
    watching.summary()
    if status and not any(isinstance(event, Finished) for event in watching.events):
        watching.say(f"nbgrader autograde ended with status {status}; its log is {log}")
    return status


def generate_feedback(root: Path, assignment: str, console: Console) -> int:
    """Write one HTML page for each student with nbgrader; returns nbgrader's exit status."""
    log, count = _log(root, "generate_feedback"), len(list((root / "autograded").glob(f"*/{assignment}")))
    command = ["generate_feedback", assignment, "--force"]
    with bar(console) as progress, log.open("wb") as file:
        task = progress.add_task(f"feedback {assignment}", total=count)
        with _started(root, command, subprocess.PIPE) as process:
            assert process.stdout is not None
            for line in process.stdout:
                file.write(line)
                progress.advance(task, b"Converting notebook" in line)  # nbgrader has no other word for it
            status = process.wait()
    if status:
        console.print(f"nbgrader generate_feedback ended with status {status}; its log is {log}", markup=False)
    return status


def _log(root: Path, command: str) -> Path:
    log = root / "logs" / f"{command}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    return log


def _started(root: Path, command: Sequence[str], output: int, **settings: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "nbgrader", *command],
        cwd=root,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        **settings,
    )


@contextmanager
def _interrupts_handed_on(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Have Ctrl-C reach nbgrader, which finishes what it is writing; we end when it does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: process.send_signal(signal.SIGINT))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def timing_table(events: Sequence[Judged], exercises: Mapping[str, bool]) -> Table:
    """Lay out what a grading took: the median and the longest time of each exercise, in seconds.

    Args:
        exercises: the assignment's exercises; True for those with an accuracy item, where the grader trains a network.
    """
    table = Table(title="seconds", title_justify="left", header_style="bold")
    for column in ("exercise", "median", "longest", "submission"):
        table.add_column(column, justify="left" if column in ("exercise", "submission") else "right", no_wrap=True)
    rows = [(name + (" (with training)" if trained else ""), name) for name, trained in exercises.items()]
    for label, name in [*rows, ("whole submission", None)]:
        found = [(event.exercises.get(name) if name else event.seconds, event.student) for event in events]
        seconds = sorted((spent, student) for spent, student in found if spent is not None)
        if seconds:
            longest, student = seconds[-1]
            table.add_row(label, f"{statistics.median(s for s, _ in seconds):.2f}", f"{longest:.2f}", student)
    return table
