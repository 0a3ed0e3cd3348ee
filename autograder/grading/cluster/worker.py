"""A worker: it waits at a scheduler for submissions, with everything warm, and judges so many at the same time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Sequence

from distributed import Worker
from distributed.comm import CommClosedError

from autograder.course.config import Assignment, Course, CourseError, load_course
from autograder.grading.cluster import task
from autograder.grading.versions import ROOT
from autograder.jail.client import STUDENT
from autograder.jail.launch import connect
from autograder.jail.limits import JailUnavailable
from autograder.jail.walls.tiers import probe
from autograder.judge.process import judge_role

WARM_SECONDS = 900  # that the servers of a worker wait for the next submission


def prepare(course: Course, assignments: Sequence[Assignment]) -> None:
    """Have the processes started from which students' and judges' are forked.

    Raises:
        CourseError: when students' code cannot be locked in on this machine.
    """
    os.environ.setdefault("COURSE_SERVER_IDLE", str(WARM_SECONDS))
    task.at_the_start()
    report = probe()
    if report.tier is None and course.grading.isolation == "required":
        raise CourseError([f"no worker was started: {report.explain()}"])
    try:
        for role in (STUDENT, *(judge_role(assignment.folder) for assignment in assignments)):
            connect(role).close()
    except JailUnavailable as error:
        raise CourseError([f"no worker was started: {error}"]) from error


def dask_setup(worker: Worker) -> None:
    """Prepare a worker that Dask has started itself, with ``--preload autograder.grading.cluster.worker``.

    Raises:
        CourseError: as ``prepare``; Dask starts no worker then.
    """
    prepare(load_course(ROOT), [])


def serve(address: str, jobs: int, patience: float, say: Callable[[str], object]) -> None:
    """Work until somebody ends this process, or no scheduler answers any more.

    Args:
        address: of the scheduler.
        jobs: submissions at the same time.
        patience: seconds to look for a scheduler that is not there, or not there any more.
        say: is told what happens, a sentence each.

    Raises:
        CourseError: when no scheduler answers in that time.
    """
    asyncio.run(_serve(address, jobs, patience, say))


async def _serve(address: str, jobs: int, patience: float, say: Callable[[str], object]) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    while not ended.is_set():
        worker = Worker(address, nthreads=jobs, memory_limit=0, death_timeout=patience)
        try:
            await worker
        except (TimeoutError, OSError, CommClosedError, ValueError, TypeError) as error:
            with contextlib.suppress(Exception):
                await worker.close(nanny=False)
            raise CourseError(
                [f"{address}: expected a Dask scheduler that answers, received: {error or 'nothing'}; start it first"]
            ) from error
        say(f"waits at {address} for submissions, {jobs} at the same time")
        gone = asyncio.ensure_future(worker.finished())
        await asyncio.wait([gone, asyncio.ensure_future(ended.wait())], return_when=asyncio.FIRST_COMPLETED)
        await worker.close(nanny=False)
        if not ended.is_set():
            say(f"the scheduler is gone; looking for another at {address} for {patience:g} s")
