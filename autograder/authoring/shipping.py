"""What lies beside a released notebook: an allowlist of files that are copied, and those that the build writes."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import coursekit
import coursekit.data
from autograder.course.config import ACCURACY, Assignment, Course, CourseError
from autograder.course.script import without_magics

KIT = Path(coursekit.__file__).parent
DATA = Path(coursekit.data.__file__).resolve().parent
DATA_FILES = ("__init__.py", "fetching.py", "loaders.py", "manifest.toml", "synthetic.py")
PACKAGE = "coursekit"
OLDEST = "3.11"  # Python, as pyproject.toml says
NEEDED = ("ipykernel", "ipython", "jupyterlab", "keras", "matplotlib", "numpy", "psutil", "tensorflow")
LOCK = Path(__file__).resolve().parents[2] / "requirements.lock"
LOCKED = re.compile(r"^([a-z0-9-]+)(?:\[[^]]*\])?==(\S+)( ;[^\\\n]*)?", re.MULTILINE)
PYTHONS = re.compile(r"python_full_version (<|>=) '3\.(\d+)'")  # the conditions of a lock that name Python

README = """# {title}

Due {due:%A %d %B %Y, %H:%M} (UTC{due:%z}).

## Begin

On your own computer, with Python {oldest} or newer, in this folder:

    python3 -m venv .venv
    .venv/bin/python -m pip install -r requirements.txt
    .venv/bin/jupyter lab {folder}.ipynb

On Windows write `.venv\\Scripts\\python` and `.venv\\Scripts\\jupyter`. `requirements.txt` names the versions that
grade your work. `coursekit/` belongs to the notebook: leave it beside it, unchanged.

## Work

Read the notebook from the top. Its first cell says whether your computer has what it needs. Write your code where a
cell raises `NotImplementedError`; the `check(...)` below it answers in a second, and `progress()` says how far you
are.{long}

## Hand in

Restart the kernel and run all cells, then hand in `{folder}.ipynb`, under this name; nothing else is read.
"""
LONG = """
Experiments that take long say so before they begin, and show how far they are: on two cores about {minutes}, all
together."""


def shipped(course: Course, assignment: Assignment) -> dict[str, Path]:
    """The files that students get as they are: their names in the release, and where they are written.

    All of ``autograder/kit`` ships, the loaders of the data, the public half of the exercises that assignments share,
    and the assignment's own ``checks.py``.
    """
    handouts = course.root / "assignments"
    files = {path.relative_to(KIT).as_posix(): path for path in KIT.rglob("*.py") if "data" not in path.parts}
    files |= {f"data/{name}": DATA / name for name in DATA_FILES}
    files |= {f"shared/{path.name}": path for path in (handouts / "shared").glob("*.py")}
    files |= {f"assignment/{name}": handouts / assignment.folder / name for name in ("__init__.py", "checks.py")}
    return {f"{PACKAGE}/{name}": path for name, path in sorted(files.items())}


def made(assignment: Assignment) -> tuple[str, ...]:
    """The names of the files of a release that the build writes; the notebook is the first."""
    return (
        f"{assignment.folder}.ipynb",
        f"{PACKAGE}/assignment/misconceptions.json",
        f"{PACKAGE}/assignment/release.json",
        f"{PACKAGE}/course_data.json",
        "README.md",
        "requirements.txt",
    )


def readme(assignment: Assignment, minutes: float) -> str:
    """How a student begins.

    Args:
        minutes: what the notebook's long cells announce, all together.
    """
    counted = f"{minutes:.2g} minute{'' if minutes == 1 else 's'}"
    long = LONG.format(minutes=counted) if minutes else ""
    return README.format(title=assignment.title, folder=assignment.folder, due=assignment.due, oldest=OLDEST, long=long)


def facts(assignment: Assignment, sources: Iterable[str]) -> dict[str, object]:
    """What ``progress()`` and ``check_environment()`` tell students of their release, as JSON holds it.

    Args:
        sources: the code of the notebook and of the public checks: what they import is looked for.
    """
    imported = {name for source in sources for name in _imported(source)}
    by_python = {
        f"3.{minor}": {name: version for name, version in _versions(minor).items() if name in imported}
        for minor in sorted({int(OLDEST.split(".")[1]), *(int(minor) for _, minor in PYTHONS.findall(_lock()))})
    }
    return {
        "exercises": {
            name: {"points": assignment.points(name), "accuracy": assignment.parts(name).get(ACCURACY, 0)}
            for name in assignment.exercises
        },
        "answers": dict(assignment.answers),
        "tested": {"oldest": OLDEST, "python": ".".join(map(str, sys.version_info[:2])), "versions": by_python},
    }


def _imported(source: str) -> Iterator[str]:
    """The packages that some code imports."""
    for node in ast.walk(ast.parse(without_magics(source))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def requirements() -> str:
    """The packages that a notebook needs, in the versions that the course was tested with.

    Raises:
        CourseError: when the course's lock does not name one of them.
    """
    return "".join(f"{name}=={version}{condition}\n" for name, version, condition in _locked())


def _versions(minor: int) -> dict[str, str]:
    """The version of each package for Python 3.MINOR."""
    return {
        name: version
        for name, version, condition in _locked()
        if all((minor < int(bound)) == (sign == "<") for sign, bound in PYTHONS.findall(condition))
    }


def _locked() -> list[tuple[str, str, str]]:
    """Name, version and condition of the packages that a notebook needs, as the lock has them."""
    found = [(name, version, condition.rstrip()) for name, version, condition in LOCKED.findall(_lock())]
    missing = sorted(set(NEEDED) - {name for name, _, _ in found})
    if missing:
        raise CourseError([f"{LOCK.name}: expected a version of {', '.join(missing)}, received none; lock it again"])
    return [package for package in found if package[0] in NEEDED]


def _lock() -> str:
    return LOCK.read_text(encoding="utf-8")
