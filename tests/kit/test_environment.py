"""The first cell of a notebook: one sentence for each thing it needs, quick, and never an error."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import nbformat
import pytest

import coursekit
from autograder.authoring import shipping
from autograder.authoring.build import make_notebook, student_code
from autograder.authoring.shipping import NEEDED, OLDEST, requirements
from autograder.course.config import CourseError
from autograder.course.script import read_script
from coursekit import environment
from coursekit.kernel.cellwise import BAD, GOOD, OPEN

KIT = Path(coursekit.__file__).parent
ROOT = Path(__file__).resolve().parents[2]


def facts(folder: Path) -> dict:
    return json.loads((folder / "coursekit" / "assignment" / "release.json").read_text("utf-8"))["tested"]


@pytest.fixture
def release(classroom) -> Path:
    return classroom.root / "release" / "a1"


def run(folder: Path, code: str, **variables: str) -> str:
    """What a plain Python prints in a student's folder."""
    environ = {**os.environ, **variables}
    command = [sys.executable, "-B", "-c", code]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=True).stdout


def test_the_first_cell_of_code_says_what_is_there(classroom, release):
    cells = [cell for cell in classroom.release().cells if cell.cell_type == "code"]
    assert "nbgrader" not in cells[0].metadata  # an experiment: its output stays, and the grader does not run it
    lines = run(release, cells[0].source).splitlines()
    said = {words[1]: line for line in lines[1:] if (words := line.split())}
    assert said["NumPy"] == f"✓ NumPy {metadata.version('numpy')}, as tested."
    assert said["Python"].startswith(f"✓ Python {sys.version_info[0]}.{sys.version_info[1]}")
    assert "Keras" not in said and "of memory" in lines[-1]


def test_it_imports_nothing_that_takes_long(release):
    code = "import coursekit.environment as e, sys\ne.check_environment()\nprint(sorted(sys.modules))"
    loaded = ast.literal_eval(run(release, code).splitlines()[-1])
    assert not {"keras", "tensorflow", "matplotlib", "numpy"} & set(loaded)


def test_a_python_that_is_too_old_can_read_it():
    for name in ("__init__.py", "environment.py", "standing.py", "kernel/cellwise.py", "kernel/patience.py"):
        ast.parse((KIT / name).read_text("utf-8"), feature_version=(3, 8))


@pytest.mark.parametrize("name", ["a1", "a2", "a3", "a4", "a5", "a6"])
def test_what_is_needed_is_what_the_notebook_imports(name, course):
    assignment = course.assignments[name]
    script = read_script(course.root / "assignments" / assignment.folder / "notebook.py")
    tested: dict = shipping.facts(assignment, student_code(course, assignment, script))["tested"]  # type: ignore[assignment]
    networks = {"keras", "tensorflow"} if name != "a1" else set()
    assert set(tested["versions"][OLDEST]) == {"matplotlib", "numpy"} | networks


def test_each_python_has_the_versions_of_requirements_txt(release):
    """What pip takes from the file beside the notebook is what the cell calls tested."""
    from packaging.requirements import Requirement

    wanted = [Requirement(line) for line in requirements().splitlines()]
    assert {requirement.name for requirement in wanted} == set(NEEDED)
    for minor in (11, 12, 13, 14):
        here = {"python_full_version": f"3.{minor}.1", "sys_platform": "linux"}
        chosen = {r.name: str(r.specifier)[2:] for r in wanted if r.marker is None or r.marker.evaluate(here)}
        versions = environment._versions(facts(release)["versions"], (3, minor))
        assert versions == {name: chosen[name] for name in versions}


def test_the_oldest_python_is_that_of_the_project():
    assert f'requires-python = ">={OLDEST}"' in (ROOT / "pyproject.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("finding", "mood", "said"),
    [
        (environment.python_finding((3, 9), "3.11", "3.11"), BAD, "Python 3.9 is too old: this needs 3.11 or newer."),
        (environment.python_finding((3, 13), "3.11", "3.11"), GOOD, "Python 3.13. Your work is graded with 3.11."),
        (environment.package_finding("keras", "3.15.1", None), BAD, "Keras is not installed: run %pip install keras=="),
        (environment.package_finding("keras", "3.15.1", "2.15.0"), BAD, "Keras 2.15.0 is too far from 3.15.1: run"),
        (
            environment.package_finding("numpy", "2.4.6", "2.3.1"),
            OPEN,
            "NumPy 2.3.1 instead of 2.4.6. Most likely fine",
        ),
        (environment.package_finding("numpy", "2.4.6", "?"), OPEN, "NumPy is here, but does not say its version"),
        (
            environment.backend_finding("jax"),
            BAD,
            "Keras is set to compute with jax, and the notebook needs TensorFlow",
        ),
        (environment.memory_finding(2**30), OPEN, "Only 1.0 GB of memory is free: close other programs."),
        (environment.memory_finding(5 * 2**30), GOOD, "5.0 GB of memory are free."),
    ],
)
def test_what_differs_is_said_in_a_sentence_with_a_remedy(finding, mood, said):
    assert finding[0] == mood and finding[1].startswith(said) and finding[1].endswith(".")


@pytest.mark.parametrize(("variables", "config", "found"), [
    ({}, None, "tensorflow"),
    ({"KERAS_BACKEND": "torch"}, {"backend": "jax"}, "torch"),
    ({}, {"backend": "jax"}, "jax"),
    ({}, "no JSON", "tensorflow"),
])  # fmt: skip
def test_the_backend_is_found_as_keras_finds_it(variables, config, found, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    if config is not None:
        (tmp_path / "keras.json").write_text(config if isinstance(config, str) else json.dumps(config))
    assert environment._asked(environment.backend, "tensorflow") == found


GIB = 2**30
GROUPS = {
    "version 2": ("0::/box/inner", "box", ("memory.max", "memory.current", "inactive_file")),
    "version 2, in a container": ("0::/", "", ("memory.max", "memory.current", "inactive_file")),
    "version 1": (
        "4:cpu,memory:/box/inner\n0::/",
        "memory/box",
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ),
    "version 1, in a container": (
        "4:memory:/docker/0123",
        "memory",
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ),
}


@pytest.mark.parametrize("kind", GROUPS)
def test_a_container_has_what_is_left_of_its_limit(kind, tmp_path):
    line, place, (limit, used, cache) = GROUPS[kind]
    (tmp_path / "mine").write_text(f"{line}\n")
    folder = tmp_path / "groups" / place
    for group, most in ((folder, 4 * GIB), (folder / "inner", "max")):  # the outer one has the limit
        group.mkdir(parents=True, exist_ok=True)
        (group / limit).write_text(f"{most}\n")
        (group / used).write_text(f"{3 * GIB}\n")
        (group / "memory.stat").write_text(f"anon {2 * GIB}\n{cache} {GIB}\n")
    assert list(environment.shares(tmp_path / "mine", tmp_path / "groups")) == [2 * GIB]


@pytest.fixture
def group() -> Iterator[Path]:
    """A group of processes that may have half a gigabyte, as root may make one."""
    listed = Path("/proc/self/cgroup").read_text() if sys.platform == "linux" else ""
    lines = [line.split(":", 2) for line in listed.splitlines()]
    first = next((name for _, kinds, name in lines if "memory" in kinds.split(",")), None)
    inner = "/" if first is None else f"/memory{first}"
    folder = Path(f"/sys/fs/cgroup{inner}", "course-test")
    try:
        folder.mkdir()
        (folder / ("memory.max" if first is None else "memory.limit_in_bytes")).write_text(str(GIB // 2))
    except OSError as error:
        pytest.skip(f"no group of processes can be made here: {error}")
    yield folder
    folder.rmdir()


def test_a_process_with_a_limit_is_told_no_more_than_that(group, release):
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom coursekit import environment\n"
        f"Path({str(group)!r}, 'cgroup.procs').write_text(str(os.getpid()))\nprint(environment.free_memory())"
    )
    assert 0 < int(run(release, code)) <= GIB // 2


def test_whatever_is_odd_stops_nobody(release, tmp_path, monkeypatch):
    """Nothing can be found out, or nothing is known of the release: there is still an answer."""

    def fail(*_: object) -> None:
        raise OSError("no")

    for name in ("installed", "backend", "free_memory"):
        monkeypatch.setattr(environment, name, fail)
    text, mood = environment.describe(release / "coursekit" / "assignment" / "release.json")
    assert mood == OPEN and "NumPy is here, but does not say its version" in text
    monkeypatch.setattr(environment, "HERE", tmp_path)
    environment.check_environment()


def test_the_name_of_the_cell_is_taken(course, tmp_path):
    path = tmp_path / "notebook.py"
    path.write_text("# %% experiment=environment\nprint(1)\n", encoding="utf-8")
    with pytest.raises(CourseError, match="experiment=environment: expected another name"):
        make_notebook(course, course.assignments["a1"], read_script(path))


def test_the_notebook_stays_a_notebook_and_the_setup_keeps_its_number(classroom):
    notebook = classroom.release()
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code[0].metadata == {"course": {"experiment": "environment"}}
    assert code[1].metadata["nbgrader"]["grade_id"] == "setup_1"
