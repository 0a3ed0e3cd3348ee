"""`course worker`: have this machine judge submissions for another one that runs `course grade --dask`."""

from __future__ import annotations

import argparse
import os

from autograder.commands.common import Commands
from autograder.course.config import Course


def add(commands: Commands) -> None:
    """Add the command to the program."""
    parser = commands.add_parser("worker", help="judge submissions here for a Dask scheduler, until stopped")
    parser.add_argument("address", help="of the scheduler: tls://HOST:PORT or tcp://HOST:PORT")
    parser.add_argument("assignments", nargs="*", metavar="ASSIGNMENT", help="have its judges warm from the beginning")
    parser.add_argument("--jobs", type=int, help="submissions at the same time; by default one for each core")
    parser.add_argument(
        "--patience",
        type=float,
        default=600,
        help="seconds to look for a scheduler that is gone; by default 600",
    )
    parser.set_defaults(run=run)


def run(course: Course, arguments: argparse.Namespace) -> int:
    """Work for a scheduler."""
    from autograder.grading.cluster import require_dask

    require_dask()
    from autograder.grading.cluster.worker import prepare, serve

    prepare(course, [course.find(name) for name in arguments.assignments])
    jobs = arguments.jobs or os.cpu_count() or 1
    serve(arguments.address, jobs, arguments.patience, lambda text: print(text, flush=True))
    return 0
