"""Run nbgrader's own ``generate_assignment`` beside the release that is there, which it would remove first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from autograder.course.config import CourseError
from autograder.grading.beside import SCRATCH
from autograder.grading.settings import BESIDE


def generate(assignment: str, root: Path, source: str = "source") -> Path:
    """Make the release of an assignment in the folder beside; neither what is there nor the gradebook is touched.

    A fresh process in nbgrader's root: nbgrader reads the lecturer's settings from the folder it starts in.

    Args:
        assignment: its name.
        root: nbgrader's root, in which ``beside`` holds its folder open.
        source: where to find nbgrader's source, relative to ``root``.

    Raises:
        CourseError: with nbgrader's own words, when it refuses.
    """
    made = root / SCRATCH / "release" / assignment
    command = [
        sys.executable,
        "-m",
        "nbgrader",
        "generate_assignment",
        assignment,
        "--force",
        "--no-db",
        "--log-level=WARN",
    ]
    command += [
        f"--CourseDirectory.source_directory={source}",
        f"--CourseDirectory.release_directory={SCRATCH}/release",
    ]
    done = subprocess.run(
        command,
        cwd=root,
        env={**os.environ, BESIDE: "1"},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode or not any(made.glob("*.ipynb")):
        words = done.stderr.splitlines()[-20:]
        raise CourseError([f"nbgrader generate_assignment {assignment} failed, nothing was changed:", *words])
    return made
