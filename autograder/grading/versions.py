"""What results rest on: versions, and the course's own files."""

from __future__ import annotations

import hashlib
import platform
import sys
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

from autograder.judge.files import Seen, seen

PLACES = ("site-packages", "dist-packages")
ROOT = Path(__file__).resolve().parents[2]
RESTS_ON = ("assignments/**/*.py", "autograder/**/*.py", "datasets/*.*", "solutions/**/*.py", "solutions/**/*.toml")


@cache
def versions() -> str:
    """Python's, the processor's kind, and those of all installed packages, one a line."""
    places = [place for place in sys.path if Path(place).name in PLACES]  # and no tool's own copies, where it is loaded
    packages = sorted({f"{package.name} {package.version}" for package in distributions(path=places)})
    return "\n".join([platform.python_version(), platform.machine(), *packages])


def look() -> Seen:
    """What the file system says of the files that ``surroundings`` reads."""
    return seen(ROOT, RESTS_ON)


def surroundings() -> str:
    """A hash of what every verdict rests on beside the submission: checks, bounds, the grader's code, all versions."""
    digest = hashlib.sha256(versions().encode())
    for path in sorted(path for pattern in RESTS_ON for path in ROOT.glob(pattern)):
        if path.is_file():
            name = path.relative_to(ROOT).as_posix()
            digest.update(f"\0{name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
