"""The course as it is, built and released once, and a class that hands in."""

from __future__ import annotations

import multiprocessing.util
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from damage import hand_in_damaged_class, nbgrader
from released import Classroom, released
from xdist.scheduler import LoadScopeScheduling

from autograder.course.config import Assignment, Course, load_course
from autograder.course.content import Content, load_content

ROOT = Path(__file__).resolve().parents[1]
# Files that take minutes, the longest first: none of them may be the last to begin.
LONGEST = (
    "test_faults",
    "test_load",
    "test_attacks",
    "test_real_notebooks",
    "test_accuracy_items",
    "test_behind_walls",
    "test_browser",
    "test_demo",
    "test_doctor",
    "test_useless",
)
APART = ("test_accuracy_items", "test_behind_walls", "test_doctor", "test_useless")  # their tests share nothing
DAMAGED = ("damaged", "unreadable", "odd_files")  # words in the names of tests in test_attacks.py, as below
ONCE = (  # words in the names of tests in test_attacks.py that look at one graded class: once is enough
    ("folder", "beside_a_graded_notebook"),
    ("render",),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; the order within each file stays."""
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Say which tests one worker takes together."""
    return _Together(config, log)


class _Together(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        name, function = Path(file).stem, test.partition("[")[0]
        if name in APART:
            return nodeid
        damaged = name == "test_attacks" and any(word in function for word in DAMAGED)
        if name == "test_pipeline" or damaged:
            return "the damaged class"
        if name == "test_attacks":
            return next((words[0] for words in ONCE if any(word in function for word in words)), function)
        return file


@pytest.fixture(scope="session")
def private_servers() -> Iterator[Path]:
    """Warm servers of this test process alone, so that it can tell what it leaves behind."""
    multiprocessing.util.get_temp_dir()  # made where it outlives this folder: it is removed when the process ends
    folder = Path(tempfile.mkdtemp(prefix="cc-", dir="/tmp"))  # short: a socket's path has 108 bytes
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        patch.setenv("TMPDIR", str(folder))
        patch.setattr(tempfile, "tempdir", None)
        patch.setenv("COURSE_SERVER_IDLE", "600")
        yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def course() -> Course:
    return load_course(ROOT)


@pytest.fixture(scope="session")
def a1(course: Course) -> Assignment:
    return course.assignments["a1"]


@pytest.fixture(scope="session")
def content(a1: Assignment) -> Content:
    return load_content(a1.folder)


@pytest.fixture(scope="session")
def classroom(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    return released(course, "a1", tmp_path_factory)


@pytest.fixture(scope="session")
def damaged_class(classroom: Classroom, tmp_path_factory: pytest.TempPathFactory, private_servers: Path) -> Path:
    """Every kind of damage, graded once by plain `nbgrader autograde` behind the best walls, with feedback."""
    root = tmp_path_factory.mktemp("damaged") / "class"
    hand_in_damaged_class(classroom, root)
    nbgrader(root, "autograde", "a1")
    nbgrader(root, "generate_feedback", "a1")
    return root


@pytest.fixture(scope="session")
def classroom_a4(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    return released(course, "a4", tmp_path_factory)


@pytest.fixture(scope="session")
def classroom_a5(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    return released(course, "a5", tmp_path_factory, misconceptions=False)
