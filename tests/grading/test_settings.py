"""A lecturer's own configuration is never written to, and nbgrader never grades without ours."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from autograder.authoring.build import build_assignment
from autograder.authoring.release import release_assignment
from autograder.classroom.scores import scores
from autograder.commands.main import main
from autograder.course.config import CourseError
from autograder.grading.gradebook import gradebook_url, kept
from autograder.grading.settings import (
    COURSE,
    INCLUDE,
    LECTURERS,
    OURS,
    READER,
    THEIRS,
    require_settings,
    write_settings,
)

PLUGIN = """
c = get_config()
c.AssignLatePenalties.plugin_class = "late.TenPoints"
c.CourseDirectory.db_url = "sqlite:///grades/book.db"
"""


@pytest.fixture
def root(classroom, tmp_path: Path) -> Path:
    """A class that is released, with a submission that would be graded."""
    root = Path(shutil.copytree(classroom.root, tmp_path / "class", ignore=shutil.ignore_patterns("submitted")))
    place = root / "submitted" / "ada" / "a1"
    place.mkdir(parents=True)
    (place / "a1_relu_sigmoid.ipynb").write_text(json.dumps(classroom.release()))
    return root


def autograde(root: Path) -> str:
    """What plain nbgrader says when it refuses to grade."""
    command = [sys.executable, "-m", "nbgrader", "autograde", "a1"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode != 0
    assert not (root / "autograded").exists()
    return done.stdout + done.stderr


def test_a_lecturers_own_lines_stay_and_count(course, tmp_path):
    theirs = tmp_path / THEIRS
    theirs.write_text(f"# mine\n{INCLUDE}\n{PLUGIN}")
    for _ in range(2):
        build_assignment(course, "a1", tmp_path)
    assert theirs.read_text() == f"# mine\n{INCLUDE}\n{PLUGIN}"
    assert gradebook_url(tmp_path) == f"sqlite:///{tmp_path}/grades/book.db"


def test_a_configuration_without_ours_is_told_what_to_add_and_nothing_is_written(course, tmp_path):
    (tmp_path / THEIRS).write_text(f"# {INCLUDE}\n{PLUGIN}")
    (tmp_path / READER).write_text('{"Autograde": {"create_student": false}}')
    before = {path: path.read_text() for path in tmp_path.iterdir()}
    for make in (build_assignment, release_assignment):
        with pytest.raises(CourseError) as caught:
            make(course, "a1", tmp_path)
        assert [finding.partition(": ")[2] for finding in caught.value.findings] == [
            f"expected a line that includes the course's settings, received none; add: {INCLUDE}",
            "expected the course's reader, received None; "
            'add: {"Autograde": {"exporter_class": "autograder.grading.nbgrader_plugin.SubmissionExporter"}}',
        ]
    assert {path: path.read_text() for path in tmp_path.iterdir()} == before


EARLIER = (
    "# Written by `course build`: plain nbgrader commands, run in this folder, grade with the course's own grader."
)


def test_what_an_earlier_version_wrote_is_replaced_unless_somebody_wrote_more(tmp_path):
    earlier = "\n".join([EARLIER, *COURSE.format(root="/srv/course").splitlines()[1:]]) + "\n"
    cases = {earlier: True, earlier + PLUGIN: False, PLUGIN + earlier: False, "\n": True}
    for number, (text, replaced) in enumerate(cases.items()):
        root, scratch = tmp_path / str(number), tmp_path / "scratch"
        root.mkdir()
        scratch.mkdir(exist_ok=True)
        (root / THEIRS).write_text(text)
        require_settings(root)
        write_settings(scratch, root, tmp_path)
        assert (root / THEIRS).read_text() == (LECTURERS if replaced else text)
        assert "'..'" in (root / OURS).read_text()


def without_an_end(root: Path) -> str:
    (root / THEIRS).write_text((root / THEIRS).read_text() + "\nc.Autograde.force = (\n")
    return "was never closed"


def without_the_line(root: Path) -> str:
    (root / THEIRS).write_text(PLUGIN)
    return INCLUDE


def without_our_file(root: Path) -> str:
    (root / OURS).unlink()
    return INCLUDE


def with_nbgraders_own_execution(root: Path) -> str:
    (root / THEIRS).write_text(
        f"{INCLUDE}\nc = get_config()\nc.Autograde.autograde_preprocessors = ['nbgrader.preprocessors.Execute']\n"
    )
    return INCLUDE


@pytest.mark.parametrize("spoil", [without_an_end, without_the_line, without_our_file, with_nbgraders_own_execution])
def test_plain_nbgrader_grades_nothing_without_our_settings(spoil, root):
    says = spoil(root)
    said = autograde(root)
    assert "nothing was graded" in said and says in said


def test_a_slip_in_a_lecturers_configuration_is_named_before_grading(root, monkeypatch, capsys):
    without_an_end(root)
    monkeypatch.chdir(root)
    assert main(["--course", str(Path(__file__).parents[2]), "grade", "a1"]) == 2
    assert "nbgrader_config.py:8: SyntaxError: '(' was never closed; mend it" in capsys.readouterr().err


def test_a_release_that_is_gone_costs_nobody_the_graded_work(root):
    graded = root / "autograded" / "ada" / "a1"
    graded.mkdir(parents=True)
    (graded / "verdicts.json").write_text("{}")
    shutil.rmtree(root / "release" / "a1")
    command = [sys.executable, "-m", "nbgrader", "autograde", "a1", "--force"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 1
    assert "nothing was graded" in done.stderr and "run: course release a1" in done.stderr
    assert (graded / "verdicts.json").read_text() == "{}"


def test_a_machine_on_which_nothing_can_be_judged_grades_nobody_and_says_why(root, monkeypatch):
    with tempfile.TemporaryDirectory(prefix="cc-", dir="/tmp") as short:
        monkeypatch.setenv("XDG_RUNTIME_DIR", short)
        Path(short, "convnet-course").touch()
        said = autograde(root)
    assert "nothing was graded" in said and "convnet-course: File exists; free or mend it, or set TMPDIR" in said
    assert "Traceback" not in said


def test_a_gradebook_elsewhere_is_made_and_read_there(course, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")  # nbgrader calls alembic by its name
    (tmp_path / THEIRS).write_text(
        f"{INCLUDE}\nc = get_config()\nc.CourseDirectory.db_url = 'sqlite:///grades/book.db'\n"
    )
    with pytest.raises(
        CourseError, match=rf"grades/book\.db: the gradebook cannot be used: .*; make the folder {tmp_path}/grades"
    ):
        release_assignment(course, "a1", tmp_path)
    assert not (tmp_path / "release").exists()
    (tmp_path / "grades").mkdir()
    release_assignment(course, "a1", tmp_path)
    assert (tmp_path / "grades" / "book.db").is_file()
    assert not list(tmp_path.glob("*.db"))
    assert scores(tmp_path, "a1") == []


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql+pg8000://staff:secret@host/class", "driver pg8000 is missing here: install it; pip install"),
        (
            "postgres://staff:secret@host/class",
            "postgres://staff:***@host/class: the gradebook cannot be used: Can't load",
        ),
        ("staff:secret@host/class", "c.CourseDirectory.db_url: expected an address such as sqlite:///gradebook.db or"),
    ],
    ids=["no driver", "no such database", "no address"],
)
def test_an_address_that_cannot_be_used_is_named_without_its_password(url, says, tmp_path):
    (tmp_path / THEIRS).write_text(f"c = get_config()\nc.CourseDirectory.db_url = {url!r}\n")
    with pytest.raises(CourseError) as caught:
        kept(gradebook_url(tmp_path), "a1")
    (finding,) = caught.value.findings
    assert says in finding and "secret" not in finding
