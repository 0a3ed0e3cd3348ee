"""What of the machine, and of an assignment's files, lies beside a released notebook: an allowlist."""

from __future__ import annotations

from pathlib import Path

import coursekit
import coursekit.data
from autograder.course.config import Assignment, Course

KIT = Path(coursekit.__file__).parent
DATA = Path(coursekit.data.__file__).resolve().parent
DATA_FILES = ("__init__.py", "fetching.py", "loaders.py", "manifest.toml", "synthetic.py")
PACKAGE = "coursekit"


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
    """The names of the files of a release that the build writes."""
    return (
        f"{assignment.folder}.ipynb",
        f"{PACKAGE}/assignment/misconceptions.json",
        f"{PACKAGE}/course_data.json",
    )
