"""The zip for Gradescope, unpacked and run by its own scripts, gives the scores that nbgrader gives at home."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from damage import cell_of, nbgrader
from released import Classroom

from autograder.authoring.demo import TAMPER
from autograder.classroom.platforms import packing
from autograder.classroom.scores import scores
from autograder.commands.main import main

ROOT = Path(__file__).resolve().parents[1]
ODD_NAME = "my solution (3).ipynb"
PLANTED = "open({marker!r}, 'w').write('a student ran code as staff')\n"


def perfect(classroom: Classroom, folder: Path, marker: Path) -> None:
    (folder / ODD_NAME).write_text(json.dumps(classroom.notebook()))


def one_mistake(classroom: Classroom, folder: Path, marker: Path) -> None:
    wrong = {"threshold_relu": "def threshold_relu(x, t):\n    return np.minimum(x, t)\n"}
    (folder / "a1_relu_sigmoid.ipynb").write_text(json.dumps(classroom.notebook(wrong)))


def hostile(classroom: Classroom, folder: Path, marker: Path) -> None:
    """Tampers, ends its process, and brings settings, links, a pipe and deep folders."""
    notebook = classroom.notebook({"sigmoid_forward": "def sigmoid_forward(x):\n    import os\n    os._exit(0)\n"})
    place = next(i for i, cell in enumerate(notebook.cells) if cell.id.startswith("exercise-"))
    notebook.cells.insert(place, nbformat.v4.new_code_cell(TAMPER, id="tamper"))
    (folder / ODD_NAME).write_text(json.dumps(notebook))
    for name in ("nbgrader_config.py", ".jupyter/nbgrader_config.py", "sitecustomize.py", "autograder.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(PLANTED.format(marker=str(marker)))
    (folder / "etc").symlink_to("/etc")
    os.mkfifo(folder / "pipe")
    deep = folder.joinpath(*["deep"] * 300)
    subprocess.run(["mkdir", "-p", deep], check=True)


def broken(classroom: Classroom, folder: Path, marker: Path) -> None:
    (folder / "a1_relu_sigmoid.ipynb").write_text(json.dumps(classroom.notebook())[:2000])


SUBMISSIONS = {"perfect": perfect, "one-mistake": one_mistake, "hostile": hostile, "broken": broken}


@dataclass(frozen=True)
class Container:
    """What Gradescope makes of the zip: the folder /autograder, here elsewhere."""

    base: Path
    environment: dict[str, str]

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.base, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )

    def grade(self, write: Callable[[Path], None]) -> tuple[subprocess.CompletedProcess[str], dict[str, Any] | None]:
        """Hand in and run the platform's way; the results are None where there are none."""
        submission, results = self.base / "submission", self.base / "results" / "results.json"
        subprocess.run(["rm", "-rf", submission], check=True)
        submission.mkdir()
        write(submission)
        done = self.run(self.base / "run_autograder")
        return done, json.loads(results.read_text()) if results.exists() else None


@pytest.fixture(scope="module")
def container(classroom: Classroom, tmp_path_factory: pytest.TempPathFactory, private_servers: Path) -> Container:
    base = tmp_path_factory.mktemp("autograder")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(classroom.root)
        assert main(["--course", str(ROOT), "export", "a1", "--to", "gradescope", "--out", str(base)]) == 0
    with zipfile.ZipFile(base / "a1-gradescope.zip") as packed:
        packed.extractall(base / "source")
    shutil.copy(base / "source" / "run_autograder", base)  # as the platform does, which makes it executable
    (base / "run_autograder").chmod(0o755)
    names = ("TMPDIR", "XDG_RUNTIME_DIR", "COURSE_SERVER_IDLE")
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",  # nbgrader calls alembic by its name
        "COURSE_BASE": str(base),
        "COURSE_PYTHON": sys.executable,
        "COURSE_PACKAGES": sysconfig.get_path("purelib"),
        **{name: os.environ[name] for name in names},
    }
    made = Container(base, environment)
    done = made.run("bash", base / "source" / "setup.sh")
    assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.fixture(scope="module")
def at_home(classroom: Classroom, tmp_path_factory: pytest.TempPathFactory, private_servers: Path) -> Path:
    """The same submissions in a class that plain nbgrader grades."""
    root = tmp_path_factory.mktemp("home") / "class"
    shutil.copytree(classroom.root, root)
    shutil.rmtree(root / "submitted", ignore_errors=True)
    for student, write in SUBMISSIONS.items():
        folder = root / "submitted" / student / "a1"
        folder.mkdir(parents=True)
        write(classroom, folder, root / "marker")
    nbgrader(root, "autograde", "a1")
    assert not (root / "marker").exists()
    return root


@pytest.mark.long
@pytest.mark.parametrize("student", SUBMISSIONS)
def test_gradescopes_scores_and_words_are_those_of_nbgrader(student, container, at_home, classroom):
    marker = container.base / "marker"
    done, results = container.grade(lambda folder: SUBMISSIONS[student](classroom, folder, marker))
    assert done.returncode == 0 and results is not None, done.stderr
    assert not marker.exists()
    (row,) = (row for row in scores(at_home, "a1") if row.student == student)
    tests = {test["name"]: test for test in results["tests"] if "score" in test}
    assert {name: (test["score"], test["max_score"]) for name, test in tests.items()} == row.exercises
    assert results["score"] == row.total
    assert {test["visibility"] for test in tests.values()} == {"after_due_date"}
    graded = nbformat.read(at_home / "autograded" / student / "a1" / "a1_relu_sigmoid.ipynb", as_version=4)
    for name, test in tests.items():
        said = cell_of(graded, f"check_{name}").outputs[0]["text"]
        assert test["output"].replace("\n  note      a person will look at this score", "") + "\n" == said
    shown = [test for test in results["tests"] if test["visibility"] == "visible"]
    assert [test["name"] for test in shown] == ([] if student == "broken" else [f"{n}: public cases" for n in tests])
    assert ("unreadable" in results["output"]) == (student == "broken")


@pytest.mark.long
def test_where_the_grader_fails_there_are_no_results_and_no_zero(container, classroom):
    config = container.base / "source" / "course" / "build" / "nbgrader_config.py"
    text = config.read_text()
    config.write_text(text + 'get_config().SubmissionExporter.walls = "no-such-walls"\n')
    try:
        done, results = container.grade(lambda folder: perfect(classroom, folder, folder))
    finally:
        config.write_text(text)
    assert done.returncode == 2 and results is None
    assert "not judged, through no fault of the student's" in done.stderr and "no-such-walls" in done.stderr


@pytest.mark.long
def test_the_other_platforms_scripts_write_their_files(container, classroom):
    job, work = container.base / "grade", container.base / "work"
    for folder in (job / "student", work):
        folder.mkdir(parents=True)
        one_mistake(classroom, folder, folder)
    (work / "nbgrader_config.py").write_text(PLANTED.format(marker=str(container.base / "marker")))
    scripts = {packing.RUN[platform]: packing.script("run.sh", "a1", platform) for platform in packing.RUN}
    lost, points = 4, 70  # threshold_relu's

    environment = {**container.environment, "COURSE_JOB": str(job)}
    done = subprocess.run(["bash", "-c", scripts["run.sh"]], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    results = json.loads((job / "results" / "results.json").read_text())
    assert results["gradable"] and results["score"] == round((points - lost) / points, 6)

    grades, report = container.base / "grades", container.base / "report"
    theirs = {"HOME": str(work), "VOC_HOME_DIR": str(work)}
    theirs |= {"vocareumGradeFile": str(grades), "vocareumReportFile": str(report)}
    environment = {**container.environment, **theirs}
    done = subprocess.run(
        ["bash", "-c", scripts["grade.sh"]], cwd=work, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert not (container.base / "marker").exists()
    rows = dict(line.split(",") for line in grades.read_text().splitlines())
    assert float(rows.pop("threshold_relu")) == 0 and sum(map(float, rows.values())) == points - lost
    assert report.read_text().startswith("VOC_NO_REPORT_OUTPUT\n<pre>\nthreshold_relu: 0 of 4 points")
