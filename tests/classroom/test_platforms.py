"""What is packed for other platforms, what is not, and what their files say of a submission."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.classroom.platforms import PLATFORMS, writers
from autograder.classroom.platforms.container import STUDENT, _copy
from autograder.classroom.platforms.judged import Judged, judged
from autograder.classroom.platforms.packing import DATA, LOCK, download, pack, tree
from autograder.classroom.scores import Score
from autograder.commands.classroom import container
from autograder.commands.main import main
from autograder.course.config import Assignment, Course, CourseError, Grading
from autograder.jail.walls import tiers

ROOT = Path(__file__).resolve().parents[2]
CHANNELS = ROOT / "tests" / "channels"
RUN = {"gradescope": "run_autograder", "prairielearn": "run.sh", "vocareum": "grade.sh"}


@pytest.fixture
def found() -> Judged:
    """One exercise of each kind: right, partly wrong, flagged, and not judged through a fault of ours."""
    points = {"relu": (4.0, 4.0), "fold": (4.0, 14.0), "train": (0.0, 3.0), "affine": (None, 6.0)}
    row = Score(STUDENT, points, ("check_train", "check_affine", "proof"))
    return judged(row, json.loads((CHANNELS / "verdicts.json").read_text()))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """nbgrader's root: a release, a class that has handed in, and a gradebook."""
    files = ("release/a1/a1_relu_sigmoid.ipynb", "release/a1/coursekit/__init__.py", "gradebook.db")
    for name in (*files, "submitted/ada/a1/nb.ipynb", "autograded/ada/a1/verdicts.json", "source/a1/nb.ipynb"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    (tmp_path / ".course_secret").write_bytes(bytes(range(32)))
    return tmp_path


def packed(course: Course, a1: Assignment, root: Path, platform: str = "gradescope") -> zipfile.ZipFile:
    return zipfile.ZipFile(pack(course, a1, root, platform, root / "out" / "a1.zip"))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_scripts_lie_on_top_and_may_be_run(platform, course, a1, root):
    with packed(course, a1, root, platform) as made:
        on_top = {
            info.filename: info.external_attr >> 16 & 0o777 for info in made.infolist() if "/" not in info.filename
        }
        assert on_top.pop("Dockerfile", None) == (None if platform == "gradescope" else 0o755)
        assert on_top == {"setup.sh": 0o755, RUN[platform]: 0o755}
        for name in ("setup.sh", RUN[platform]):
            text = made.read(name).decode()
            assert " a1" in text and "@ASSIGNMENT@" not in text
            assert subprocess.run(["bash", "-n"], input=text, text=True).returncode == 0


def test_the_zip_holds_the_secret_and_nothing_of_students_or_of_other_assignments(course, a1, root):
    with packed(course, a1, root) as made:
        names = set(made.namelist())
        assert made.read("course/build/.course_secret") == bytes(range(32))
        assert made.read("course/course.yaml") == (ROOT / "course.yaml").read_bytes()
    assert os.stat(root / "out" / "a1.zip").st_mode & 0o077 == 0
    folders = {"/".join(name.split("/")[1:3]) for name in names if name.startswith("course/")}
    assert {folder for folder in folders if folder.startswith(("assignments/", "solutions/"))} == {
        *("assignments/__init__.py", "assignments/a1_relu_sigmoid", "assignments/shared"),
        *("solutions/__init__.py", "solutions/a1_relu_sigmoid", "solutions/shared"),
    }
    assert {folder for folder in folders if folder.startswith("build/")} == {"build/.course_secret", "build/release"}
    outside = [name for name in names if not name.startswith("course/build/")]
    assert [name for name in outside if name.endswith((".ipynb", ".md", ".pyc", ".svg"))] == ["course/README.md"]
    assert {f"course/{DATA}/manifest.toml", f"course/{DATA}/loaders.py"} <= names


def test_the_same_course_gives_the_same_zip(course, a1, root):
    with packed(course, a1, root) as made:
        assert {info.date_time for info in made.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    first = (root / "out" / "a1.zip").read_bytes()
    os.utime(root / "release" / "a1" / "a1_relu_sigmoid.ipynb", (0, 0))
    packed(course, a1, root).close()
    assert (root / "out" / "a1.zip").read_bytes() == first


@pytest.mark.parametrize("name", ["a1", "a2", "a3", "a4", "a5", "a6"])
def test_whatever_an_assignment_imports_is_packed(name, course, tmp_path):
    files = tree(course, course.assignments[name], tmp_path)
    assert list(missing(files)) == []
    solution = f"solutions/{course.find(name).folder}/solution.py"
    assert list(missing({file: path for file, path in files.items() if file != solution})) != []


def missing(files: dict[str, Path]) -> Iterator[str]:
    """Modules of ours that packed content imports and that are not packed."""
    packed = {file.removesuffix(".py").removesuffix("/__init__") for file in files}
    for file, path in files.items():
        if file.endswith(".py") and file.startswith(("assignments/", "solutions/")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                module = (node.module or "").replace(".", "/") if isinstance(node, ast.ImportFrom) else ""
                if module.split("/")[0] in ("assignments", "solutions", "autograder"):
                    wanted = [module, *(f"{module}/{alias.name}" for alias in node.names)]
                    ours = [name for name in wanted if (ROOT / name).is_dir() or (ROOT / f"{name}.py").is_file()]
                    yield from (f"{file}: {name}" for name in ours if name not in packed)


def test_undecided_exercises_have_no_score_and_are_told(found):
    results = json.loads(writers.gradescope(found))
    (affine,) = (test for test in results["tests"] if test["name"] == "affine")
    assert "score" not in affine and "status" not in affine
    assert results["score"] == 8 and results["output"].startswith("affine: could not be judged here, through no fault")
    prairielearn = json.loads(writers.prairielearn(found))
    assert prairielearn["gradable"] is False and "score" not in prairielearn
    assert "affine" not in writers.vocareum_grades(found)


def test_a_judged_submission_has_its_share_in_prairielearn(found):
    whole = replace(found, exercises=found.exercises[:3])
    assert json.loads(writers.prairielearn(whole))["score"] == round(8 / 21, 6)
    unreadable = replace(whole, unreadable="this is no notebook")
    assert json.loads(writers.prairielearn(unreadable))["gradable"] is False


@pytest.mark.parametrize("write", [writers.gradescope, writers.prairielearn, writers.vocareum_report])
def test_no_file_holds_a_trace_of_the_graders_own_faults(write, found):
    assert "secret_hidden_case" not in write(found) and "disk full" not in write(found)


def test_what_is_shown_before_the_due_date_says_nothing_of_hidden_checks(found):
    shown = [test for test in json.loads(writers.gradescope(found))["tests"] if test["visibility"] == "visible"]
    assert [test["status"] for test in shown] == ["passed", "failed", "failed"]
    assert not [test for test in shown if "score" in test]
    words = " ".join(test["output"] for test in shown)
    assert "expected [0.25 0.18]" in words and "any stride" not in words and "border" not in words


def test_grading_without_isolation_is_told(found):
    record = json.loads((CHANNELS / "verdicts.json").read_text()) | {"isolation": "none"}
    points = {exercise.name: (exercise.score, exercise.maximum) for exercise in found.exercises}
    assert judged(Score(STUDENT, points, ()), record).text().endswith("without isolation, as course.yaml asks")


def test_html_of_a_student_is_text_in_vocareums_report(found):
    report = writers.vocareum_report(found)
    assert report.startswith("VOC_NO_REPORT_OUTPUT\n")
    assert "<i>" not in report and "<b>" not in report and "&lt;i&gt;" in report


def test_a_submission_is_copied_as_it_is_however_deep(a1, tmp_path):
    submission, root = tmp_path / "submission", tmp_path / "root"
    deep = submission.joinpath(*["d"] * 1200)  # Python's own copying ends at a thousand
    subprocess.run(["mkdir", "-p", deep], check=True)
    (submission / "work (1).ipynb").write_text("{}")
    (submission / "link").symlink_to("/etc/passwd")
    os.mkfifo(submission / "pipe")
    try:
        for _ in range(2):
            _copy(submission, root, a1)
            place = root / "submitted" / STUDENT / "a1"
            assert {path.name for path in place.iterdir()} == {"d", "link", "pipe", "work (1).ipynb"}
            assert (place / "link").is_symlink() and (place / "pipe").is_fifo()
            assert (place / Path(*["d"] * 1200)).is_dir()
            submission.joinpath("work (1).ipynb").touch()
    finally:
        subprocess.run(["rm", "-rf", submission, root], check=True)


def test_packages_are_fetched_by_the_locks_hashes_or_nothing_is_packed(course, tmp_path, monkeypatch):
    wheel, info = tmp_path / "index" / "tiny-1.0-py3-none-any.whl", "tiny-1.0.dist-info"
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as made:
        made.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        made.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        made.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    elsewhere, wheels = course.model_copy(update={"root": tmp_path}), tmp_path / "wheels"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (tmp_path / LOCK).write_text(f"tiny==1.0 --hash=sha256:{digest}\n")
    download(elsewhere, wheels)
    assert [path.name for path in wheels.iterdir()] == [wheel.name]
    (tmp_path / LOCK).write_text(f"tiny==1.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(CourseError, match="could not be fetched, nothing was packed"):
        download(elsewhere, wheels)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["gradescope", "--sheet", "x.csv"], "--to gradescope takes no --sheet"),
        (["vocareum", "--absent", "zero", "--skip", "ada"], "--to vocareum takes no --absent, --skip"),
        (["csv", "--wheels"], "--to csv takes no --wheels"),
    ],
)
def test_options_of_another_channel_are_refused(words, said, capsys):
    assert main(["--course", str(ROOT), "export", "a1", "--to", *words]) == 2
    assert said in capsys.readouterr().err


def test_no_image_is_made_where_no_walls_hold_unless_the_course_says_so(course, tmp_path, monkeypatch, capsys):
    kernel = tiers.WallsReport((tiers.Feature("Landlock", False, "not in this kernel"),))
    monkeypatch.setattr(tiers, "probe", lambda: kernel)
    (tmp_path / "course.yaml").write_text((ROOT / "course.yaml").read_text())
    assert main(["--course", str(tmp_path), "container", "prepare", "a1"]) == 2
    assert "no walls hold on this machine (Landlock: not in this kernel)" in capsys.readouterr().err
    assert not (tmp_path / "build").exists()
    container.require_walls(course.model_copy(update={"grading": Grading(isolation="none")}))
