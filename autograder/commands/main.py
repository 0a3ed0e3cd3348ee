"""The ``course`` command. Exit status: 0 done, 1 findings, 2 bad input."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from autograder.commands import (
    build,
    calibrate,
    data,
    demo,
    doctor,
    feedback,
    grade,
    new,
    notebooks,
    release,
    reproduce,
    worker,
)
from autograder.commands.classroom import container, export, guide, quiz, regrade, report, similar
from autograder.course.config import CourseError, find_course_root, load_course


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's greetings would drown our own words
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # grading is done on the processor, everywhere alike
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTEROP_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ.setdefault(name, "1")  # we work in parallel by processes; their threads would only compete
    arguments = _parser().parse_args(argv)
    try:
        course = load_course(arguments.course or find_course_root(Path.cwd()))
        return int(arguments.run(course, arguments))
    except CourseError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; run the same command again to go on", file=sys.stderr)
        return 130
    except Exception as error:
        from coursekit.data.loaders import DatasetError

        if not isinstance(error, DatasetError):
            raise
        print(error, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="course", description="Build, release and grade a course.")
    parser.add_argument(
        "--course", type=Path, help="the folder of course.yaml; by default the nearest from here upwards"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    teaching = (new, build, release, grade, regrade, feedback, guide, export, report, quiz, similar)
    for command in (*teaching, demo, data, notebooks, reproduce, doctor, calibrate, container, worker):
        command.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
