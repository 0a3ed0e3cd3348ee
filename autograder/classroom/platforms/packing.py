"""Pack what grades one assignment in a container: the course's code, the release, the secret, and a platform's scripts.

The zip holds solutions, hidden checks and the course secret, because the hidden cases must be drawn there as they are
here. Of other assignments it holds nothing but their names and points in ``course.yaml``; of students, nothing.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from autograder.classroom.writing import replacing
from autograder.course.config import FILE, Assignment, Course, CourseError
from autograder.grading.grade import course_secret

SCRIPTS = Path(__file__).with_name("scripts")
ASSIGNMENT, PLATFORM = "@ASSIGNMENT@", "@PLATFORM@"  # in the scripts
TREE, WHEELS = "course", "wheels"  # folders in the zip; setup.sh knows them
LOCK = "requirements.lock"
PROJECT = (FILE, "pyproject.toml", LOCK, "README.md", "LICENSE")  # what an installation needs beside the code
CODE = {  # endings of the files that grading reads
    "autograder": (".py", ".j2", ".txt", ".sh"),
    "assignments": (".py",),
    "solutions": (".py", ".toml"),
    "datasets": (".py", ".toml"),
}
DATA = "autograder/kit/data"  # a link to datasets, in a checkout; zips have none
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same course gives the same zip
PRIVATE, PLAIN, EXECUTABLE = 0o600, 0o644, 0o755

RUN = {"gradescope": "run_autograder", "prairielearn": "run.sh", "vocareum": "grade.sh"}  # what each platform runs
IMAGE = ("Dockerfile", "dockerfile.txt")  # for platforms that build no image themselves


def pack(
    course: Course, assignment: Assignment, root: Path, platform: str, into: Path, wheels: Path | None = None
) -> Path:
    """Write the zip, for its owner's eyes alone.

    Args:
        root: nbgrader's, where the assignment is released.
        platform: one of ``PLATFORMS``.
        into: the zip's path.
        wheels: a folder of packages to install without a network.
    """
    secret = course_secret(root)
    with replacing(into, PRIVATE) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        scripts = [("setup.sh", "setup.sh"), (RUN[platform], "run.sh"), *([IMAGE] if platform != "gradescope" else ())]
        for name, source in scripts:
            _add(packed, name, script(source, assignment.name, platform).encode(), EXECUTABLE)
        for name, path in tree(course, assignment, root).items():
            _add(packed, f"{TREE}/{name}", path.read_bytes())
        _add(packed, f"{TREE}/build/.course_secret", secret, PRIVATE)
        for path in sorted(wheels.iterdir() if wheels else ()):
            packed.write(path, f"{WHEELS}/{path.name}", zipfile.ZIP_STORED)  # they are zips themselves
    return into


def script(source: str, assignment: str, platform: str) -> str:
    """A script of ours for one assignment on one platform."""
    text = (SCRIPTS / source).read_text(encoding="utf-8")
    return text.replace(ASSIGNMENT, assignment).replace(PLATFORM, platform)


def tree(course: Course, assignment: Assignment, root: Path) -> dict[str, Path]:
    """The files of the course that the container needs, by their names below the course's folder there."""
    files = {name: course.root / name for name in PROJECT}
    files |= _code(course.root, "autograder", "autograder")
    files |= {f"{DATA}/{name}": path for name, path in _code(course.root, "datasets", "datasets", "").items()}
    for half in ("assignments", "solutions"):
        files[f"{half}/__init__.py"] = course.root / half / "__init__.py"
        for folder in (assignment.folder, "shared"):
            files |= _code(course.root, half, f"{half}/{folder}")
    release = root / "release" / assignment.name
    files |= {
        f"build/release/{assignment.name}/{path.relative_to(release).as_posix()}": path for path in _files(release)
    }
    return dict(sorted(files.items()))


def download(course: Course, into: Path) -> None:
    """Fetch the packages of the lock for this Python and this kind of machine; the container must have the same.

    Raises:
        CourseError: with pip's last words.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    command += ["--only-binary", ":all:", "--requirement", str(course.root / LOCK), "--dest", str(into)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        words = done.stderr.strip().splitlines()[-5:]
        raise CourseError([f"{LOCK}: its packages could not be fetched, nothing was packed:", *words])


def _code(root: Path, half: str, folder: str, below: str | None = None) -> dict[str, Path]:
    """The files of a folder that grading reads, by their names in the zip."""
    top = root / folder
    prefix = f"{folder}/" if below is None else below
    return {f"{prefix}{path.relative_to(top).as_posix()}": path for path in _files(top) if path.suffix in CODE[half]}


def _files(folder: Path) -> Iterator[Path]:
    """Every file of a folder, but for what Python and editors leave behind."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and "__pycache__" not in parts and not any(part.startswith(".") for part in parts):
            yield path


def _add(packed: zipfile.ZipFile, name: str, content: bytes, mode: int = PLAIN) -> None:
    info = zipfile.ZipInfo(name, LONG_AGO)
    info.create_system = 3  # Unix: whoever unpacks it keeps the modes
    info.external_attr = (0o100000 | mode) << 16
    packed.writestr(info, content, zipfile.ZIP_DEFLATED)
