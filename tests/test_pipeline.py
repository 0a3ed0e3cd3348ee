"""Plain nbgrader, from handing in to feedback: what happens when (the table in DESIGN), on one class."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest
from damage import DAMAGE, POINTS, UNREADABLE, nbgrader

from autograder.authoring.demo import hand_in
from autograder.classroom.scores import as_json, records, scores
from autograder.commands.main import main
from autograder.course.config import CourseError
from autograder.grading.arriving.handed_in import register
from autograder.grading.grade import course_secret
from autograder.grading.running.holding import hold

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def graded(damaged_class: Path) -> Path:
    """A class of every kind of submission, graded by one plain `nbgrader autograde`."""
    return damaged_class


def feedback(root: Path, student: str) -> str:
    return (root / "feedback" / student / "a1" / "a1_relu_sigmoid.html").read_text()


def autograded(root: Path, student: str):
    return nbformat.read(root / "autograded" / student / "a1" / "a1_relu_sigmoid.ipynb", as_version=4)


@pytest.mark.parametrize("student", [name for name, (_, _, sentence) in DAMAGE.items() if sentence])
def test_repair_is_told_in_the_feedback(student, graded):
    assert DAMAGE[student][2] in feedback(graded, student)


@pytest.mark.parametrize("student", [*UNREADABLE, "linked-notebook"])
def test_unreadable_submission_says_so_in_the_feedback(student, graded):
    assert "unreadable" in feedback(graded, student)


def test_links_and_pipes_are_set_aside_and_never_followed(graded):
    assert not (graded / "autograded/linked/a1/loot.db").exists()
    assert not (graded / "autograded/linked/a1/up").exists()
    assert (graded / "quarantine/linked/a1/0001/loot.db").is_symlink()
    assert (graded / "quarantine/piped/a1/0001/pipe").is_fifo()
    assert "the solutions" not in feedback(graded, "linked-notebook")


def test_no_script_reaches_the_browser_of_a_grader(graded):
    page = feedback(graded, "script")
    assert "my proof" in page
    for number in (1, 2, 3, 4):
        assert f"<script>alert({number})" not in page
        assert f"onerror=alert({number})" not in page and f'onerror="alert({number})' not in page
    kinds = {
        kind
        for cell in autograded(graded, "script").cells
        for o in cell.get("outputs", [])
        for kind in o.get("data", {})
    }
    assert kinds <= {"text/plain", "image/png"}


def test_output_is_bounded(graded):
    path = graded / "autograded/flood/a1/a1_relu_sigmoid.ipynb"
    assert path.stat().st_size < 2_000_000


def test_feedback_shows_verdicts_and_no_expected_value_of_a_hidden_case(graded):
    page = feedback(graded, "skipped")
    assert "threshold_relu: 0 of 4 points" in page
    hidden = page.split("values, scalar and per-channel thresholds")[1].split("hint")[0]
    assert "expected" not in hidden and "should be" not in hidden


@pytest.mark.long
def test_regrade_by_course_gives_the_verdicts_of_plain_nbgrader_and_clears_stale_scores(graded):
    verdicts = {path: path.read_bytes() for path in (graded / "autograded").glob("*/a1/verdicts.json")}
    before = as_json(scores(graded, "a1"), records(graded, "a1"))
    assert len(verdicts) == len(scores(graded, "a1"))
    with sqlite3.connect(graded / "gradebook.db") as database:
        database.execute("update grade set auto_score = 99 where auto_score is not null")
    command = [
        sys.executable,
        "-m",
        "autograder.commands.main",
        "--course",
        str(ROOT),
        "grade",
        "a1",
        "--force",
        "--json",
    ]
    done = subprocess.run(
        [*command, "--jobs", "2"],
        cwd=graded,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    *happened, last = map(json.loads, done.stdout.splitlines())
    assert last == {"event": "gradebook", "students": before}
    assert [event["student"] for event in happened if event["event"] == "written"] == sorted(before)
    assert {path: path.read_bytes() for path in verdicts} == verdicts


def test_due_date_of_the_course_is_that_of_the_gradebook(graded, course):
    with sqlite3.connect(graded / "gradebook.db") as database:
        ((due,),) = database.execute("select duedate from assignment where name = 'a1'")
    assert datetime.fromisoformat(due).replace(tzinfo=UTC) == course.assignments["a1"].due


def test_formgrader_can_autograde_a_single_student(graded):
    code = (
        "from nbgrader.apps import NbGrader\nfrom nbgrader.apps.api import NbGraderAPI\n"
        "app = NbGrader()\napp.initialize([])\nresult = NbGraderAPI(config=app.config).autograde('a1', 'zz-last')\n"
        "print(result['success'])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=graded, capture_output=True, text=True)
    assert done.stdout.strip() == "True", done.stderr[-2000:]
    assert next(row for row in scores(graded, "a1") if row.student == "zz-last").total == 70


def test_export_works_unchanged(graded):
    nbgrader(graded, "export")
    rows = (graded / "grades.csv").read_text().splitlines()
    assert len(rows) == len(scores(graded, "a1")) + 1


def test_zip_collect_works_unchanged(graded, classroom, tmp_path):
    root = tmp_path / "class"
    shutil.copytree(classroom.root, root)
    shutil.rmtree(root / "submitted", ignore_errors=True)
    archive = root / "downloaded" / "a1" / "archive"
    archive.mkdir(parents=True)
    (archive / "ada_attempt_1_a1_relu_sigmoid.ipynb").write_text(json.dumps(classroom.notebook()))
    nbgrader(
        root,
        "zip_collect",
        "a1",
        r"--FileNameCollectorPlugin.named_regexp=.*/(?P<student_id>[a-z]+)_attempt_\d+_(?P<file_id>\w+)",
    )
    nbgrader(root, "autograde", "a1")
    assert [row.total for row in scores(root, "a1")] == [70]


def test_a_folder_that_cannot_be_put_in_order_has_a_row_and_nothing_of_it_is_copied(classroom, tmp_path):
    root = tmp_path / "class"
    shutil.copytree(classroom.root, root)
    shutil.rmtree(root / "submitted", ignore_errors=True)
    for student in ("ada", "zoe"):
        hand_in(root, student, classroom.assignment, json.dumps(classroom.notebook()))
    hostile = root / "submitted" / "ada" / "a1"
    (hostile / "loot.txt").symlink_to("/etc/passwd")
    (hostile / "page.html").write_text("<script>")
    (hostile / "timestamp.txt").symlink_to("/dev/zero")
    with (root / "nbgrader_config.py").open("a") as config:  # a disk that fails for one student
        config.write(
            "import autograder.grading.nbgrader_plugin as plugin\n_receive = plugin.receive\n"
            "def receive(root, folder, *rest):\n    if 'ada' in str(folder):\n        raise OSError('read-only')\n"
            "    return _receive(root, folder, *rest)\nplugin.receive = receive\n"
        )
    for _ in range(2):
        nbgrader(root, "autograde", "a1", "--force")
        rows = {row.student: row for row in scores(root, "a1")}
        assert rows["zoe"].total == 70
        assert {score for score, _ in rows["ada"].exercises.values()} == {None}
        assert len(rows["ada"].manual) == len(POINTS) + len(classroom.assignment.answers)
    nbgrader(root, "generate_feedback", "a1")
    assert "could not be read here, through no fault of yours" in feedback(root, "ada")
    theirs = {path.name for path in (root / "autograded" / "ada" / "a1").rglob("*")}
    assert theirs == {"a1_relu_sigmoid.ipynb", "verdicts.json"}


@pytest.fixture
def small_class(classroom, tmp_path) -> Path:
    """Four perfect submissions, not graded yet."""
    root = tmp_path / "class"
    shutil.copytree(classroom.root, root)
    shutil.rmtree(root / "submitted", ignore_errors=True)
    for student in ("s1", "s2", "s3", "s4"):
        hand_in(root, student, classroom.assignment, json.dumps(classroom.notebook()))
    return root


def test_locked_gradebook_is_a_clear_error_and_a_rerun_goes_on(small_class):
    with (small_class / "nbgrader_config.py").open("a") as config:  # SQLite waits 5 s for a lock, at every attempt
        config.write('get_config().CourseDirectory.db_url = "sqlite:///gradebook.db?timeout=0.2"\n')
    with sqlite3.connect(small_class / "gradebook.db") as database:
        database.execute("begin exclusive")
        done = nbgrader(small_class, "autograde", "a1", check=False)
        database.rollback()
    assert done.returncode == 1
    assert "database is locked" in done.stderr
    nbgrader(small_class, "autograde", "a1")
    assert [row.total for row in scores(small_class, "a1")] == [70] * 4


def test_a_second_grading_says_who_holds_the_first_and_takes_nothing_away(small_class):
    half = small_class / "autograded" / "s2" / "a1"
    half.mkdir(parents=True)  # what nbgrader is writing just now
    let_go = hold(small_class, "a1")
    done = nbgrader(small_class, "autograde", "a1", check=False)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"nothing was graded: {small_class}: a1 is being graded by process {os.getpid()}" in done.stderr
    assert half.is_dir() and not list(small_class.glob("autograded/*/a1/verdicts.json"))
    let_go()
    nbgrader(small_class, "autograde", "a1")
    assert [row.total for row in scores(small_class, "a1")] == [70] * 4


@pytest.mark.slow
def test_killed_run_goes_on_where_it_stopped(small_class, tmp_path):
    """What was judged is not judged again, and what comes of it is what an undisturbed run gives, byte for byte."""
    course_secret(small_class)
    for student in ("s1", "s2", "s3", "s4"):
        register(small_class, "a1", student, datetime(2026, 1, 1, tzinfo=UTC), "the test's clock")
    undisturbed = Path(shutil.copytree(small_class, tmp_path / "undisturbed"))
    command = [sys.executable, "-m", "nbgrader", "autograde", "a1", "--SubmissionExporter.jobs=2"]
    with subprocess.Popen(command, cwd=small_class, stderr=subprocess.PIPE, text=True) as process:
        told = (line for line in process.stderr if "exercises judged" in line)
        next(told), next(told)
        process.kill()
        process.stderr.read()
    assert (small_class / ".journal" / "a1").stat().st_size > 0
    done = nbgrader(small_class, "autograde", "a1")
    (line,) = [line for line in done.stderr.splitlines() if "judged before, in a run that did not end: " in line]
    assert line.partition("end: ")[2]  # one was written, and at least one more judged
    assert not (small_class / ".journal" / "a1").exists()
    assert "judged before" not in nbgrader(undisturbed, "autograde", "a1").stderr
    for root in (small_class, undisturbed):
        nbgrader(root, "generate_feedback", "a1")
    assert [row.total for row in scores(small_class, "a1")] == [70] * 4
    assert contents(small_class) == contents(undisturbed)


def contents(root: Path) -> dict[str, bytes]:
    """What grading leaves of students, by name: graded notebooks, verdicts, feedback."""
    files = [path for part in ("autograded", "feedback") for path in (root / part).rglob("*") if path.is_file()]
    assert len(files) >= 2 * 4
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "killed"])
def test_who_stops_course_grade_stops_it_between_two_submissions(how, small_class):
    command = [sys.executable, "-m", "autograder.commands.main", "--course", str(ROOT), "grade", "a1", "--json"]
    with subprocess.Popen(
        [*command, "--jobs", "1"], cwd=small_class, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        first = json.loads(process.stdout.readline())
        assert first == {"event": "begun", "assignment": "a1", "submissions": 4, "passed_over": 0}
        assert next(line for line in process.stdout if '"written"' in line)
        process.send_signal(how)
        told, said = [json.loads(line) for line in process.stdout if line.endswith("\n")], process.stderr.read()
    assert process.returncode == (1 if how == signal.SIGINT else -signal.SIGKILL)
    if how == signal.SIGINT:
        problem = next(event["problem"] for event in told if event["event"] == "finished")
        assert problem == "stopped: as you asked; run the same command again: what is judged by now is not judged twice"
        assert " ".join(problem.split()) in " ".join(said.split()) and "Traceback" not in said
    until_nobody_grades(small_class)
    graded = list(small_class.glob("autograded/*/a1"))
    assert 1 <= len(graded) < 4 and all((folder / "verdicts.json").is_file() for folder in graded)
    nbgrader(small_class, "autograde", "a1")
    assert [row.total for row in scores(small_class, "a1")] == [70] * 4


def until_nobody_grades(root: Path) -> None:
    """nbgrader finds out by itself that who started it is gone."""
    end = time.monotonic() + 60
    while True:
        try:
            hold(root, "a1")()
            return
        except CourseError:
            assert time.monotonic() < end
            time.sleep(0.1)


def test_a_full_disk_is_one_error_and_a_rerun_goes_on(small_class):
    config = (small_class / "nbgrader_config.py").read_text()
    full = (
        "import errno\nfrom nbconvert.writers.files import FilesWriter\nwrite = FilesWriter.write\n"
        "def full(self, *args, **kwargs):\n    if 's3' in self.build_directory:\n"
        "        raise OSError(errno.ENOSPC, 'No space left on device', 'a1.ipynb')\n"
        "    return write(self, *args, **kwargs)\nFilesWriter.write = full\n"
    )
    (small_class / "nbgrader_config.py").write_text(config + full)
    done = nbgrader(small_class, "autograde", "a1", "--SubmissionExporter.jobs=1", check=False)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.count("stopped: a1.ipynb: cannot be written: No space left on device; free or mend") == 1
    written = [path.parts[-3] for path in sorted(small_class.glob("autograded/*/a1/verdicts.json"))]
    assert written == ["s1", "s2"] and not (small_class / "autograded" / "s3" / "a1").exists()
    (small_class / "nbgrader_config.py").write_text(config)
    assert "judged before, in a run that did not end: s3" in nbgrader(small_class, "autograde", "a1").stderr
    assert [row.total for row in scores(small_class, "a1")] == [70] * 4


def test_what_was_half_written_or_half_removed_is_graded_again(small_class):
    """nbgrader writes a notebook before it is graded, and removes files one by one: the record is last, and first."""
    nbgrader(small_class, "autograde", "a1")
    whole = contents(small_class)
    stop = (
        "import os, signal, autograder.grading.running.run as run\n"
        "def killed(*args):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    config = (small_class / "nbgrader_config.py").read_text()
    for moment in ("import nbgrader.converters.base as base\nbase.rmtree = killed\n", "run.Path.replace = killed\n"):
        (small_class / "nbgrader_config.py").write_text(config + stop + moment)
        one_by_one = ("autograde", "a1", "--force", "--SubmissionExporter.jobs=1")  # s1 is the first to be written
        assert nbgrader(small_class, *one_by_one, check=False).returncode == -signal.SIGKILL
        assert not (small_class / "autograded" / "s1" / "a1" / "verdicts.json").exists()
        (small_class / "nbgrader_config.py").write_text(config)
        nbgrader(small_class, "autograde", "a1")
        assert contents(small_class) == whole


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("from autograder.grading.nbgrader_plugin", "from no_such_module", "No module named 'no_such_module'"),
        (str(Path(__file__).resolve().parents[1]), "broken", "course.yaml:1: title: expected this key"),
    ],
    ids=["no grader", "broken course.yaml"],
)
def test_nbgrader_stops_where_the_course_cannot_be_read(small_class, old, new, said):
    (small_class / "broken").mkdir()
    (small_class / "broken" / "course.yaml").write_text("assignments: {}\n")
    config = small_class / "course_config.py"
    assert old in config.read_text()
    config.write_text(config.read_text().replace(old, new))
    done = nbgrader(small_class, "autograde", "a1", check=False)
    assert done.returncode == 1
    assert said in done.stderr and "run nbgrader from the course's .venv" in done.stderr
    assert not (small_class / "autograded").exists()


def test_the_classes_scores_are_exported_as_a_table(graded, monkeypatch, capsys):
    monkeypatch.chdir(graded)
    assert main(["--course", str(ROOT), "export", "a1", "--to", "csv"]) == 2
    assert "a person has still to grade" in capsys.readouterr().err
    assert main(["--course", str(ROOT), "export", "a1", "--to", "csv", "--unfinished", "score"]) == 0
    with (graded / "exports" / "a1-csv.csv").open(encoding="utf-8-sig", newline="") as file:
        told = {row["student"]: float(row["score"]) for row in csv.DictReader(file)}
    assert told == {row.student: row.total for row in scores(graded, "a1")}


def test_a_report_of_every_kind_of_submission_is_written(graded, monkeypatch, capsys):
    monkeypatch.chdir(graded)
    assert main(["--course", str(ROOT), "report"]) == 0
    assert {path.name for path in (graded / "reports").iterdir()} == {"a1.html", "index.html"}
    page = (graded / "reports" / "a1.html").read_text()
    assert f"{len(scores(graded, 'a1'))} submissions" in page and "could not be read" in page
    assert "<script" not in page
    capsys.readouterr()
    assert main(["--course", str(ROOT), "report", "a1", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert sum(exercise["unwritten"] for exercise in told["exercises"]) > 0
    assert len(told["exercises"]) == 8 and told["students"] == len(scores(graded, "a1"))
    assert main(["--course", str(ROOT), "report", "a2"]) == 2
    assert "a2: nothing was graded; run: course grade a2" in capsys.readouterr().err


def test_the_privacy_page_names_all_that_grading_leaves(graded):
    page = (ROOT / "docs" / "instructors" / "privacy.md").read_text("utf-8")
    entries = [entry for entry in graded.iterdir() if entry.name != "secret.txt"]  # what a link was to lead to
    left = [f"{entry.name}/" if entry.is_dir() else entry.name for entry in entries]
    keys = {key for path in graded.glob("autograded/*/a1/verdicts.json") for key in json.loads(path.read_text())}
    assert {"gradebook.db", "quarantine/", ".course_secret"} <= set(left) and "handed_in" in keys
    assert [name for name in [*left, *keys] if f"`{name}`" not in page] == []
