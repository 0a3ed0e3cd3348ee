"""Who says when: the register, the file times, and a timestamp only where it speaks against its author."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from damage import nbgrader

from autograder.authoring.demo import hand_in
from autograder.classroom.scores import evidence_lines
from autograder.grading.arriving.collecting import WitnessedCollect, WitnessedNames
from autograder.grading.arriving.handed_in import HandedIn, decide, read_register, read_time, register, written
from autograder.grading.arriving.intake import look, receive

DUE = datetime(2027, 3, 12, 23, 0, tzinfo=UTC)
EARLY, LATE = DUE - timedelta(days=1), DUE + timedelta(days=1)


@pytest.mark.parametrize(
    ("here", "claim", "entry", "time", "late", "says"),
    [
        pytest.param(LATE, EARLY, (LATE, "the exchange"), LATE, True, "by the exchange", id="exchange beats the claim"),
        pytest.param(LATE, LATE, (EARLY, "zip_collect"), EARLY, False, "by zip_collect", id="register says early"),
        pytest.param(EARLY, None, None, None, False, "before the due date, by the file times", id="was here in time"),
        pytest.param(EARLY, LATE, None, None, False, "by the file times", id="was here before it says it was made"),
        pytest.param(LATE, LATE, None, LATE, True, "which says that it is late", id="admits to be late"),
        pytest.param(LATE, EARLY, None, EARLY, False, "may be the student's own word", id="claims to be early"),
        pytest.param(LATE, None, None, None, False, "not known", id="nobody knows"),
    ],
)
def test_evidence_is_weighed(here, claim, entry, time, late, says):
    decided = decide(DUE, here, claim, entry)
    assert (decided.time, decided.late) == (time, late)
    assert says in decided.evidence


@pytest.mark.parametrize(
    "text",
    [
        "2027-03-12 23:00:00.000000 UTC",
        "2027-03-12 23:00:00 UTC\n",
        "2027-03-12T23:00Z",
        "2027-03-13 00:00:00 +0100",
        "2027-03-13 00:00:00+01:00",
        "2027-03-12 18:00:00 America/New_York",
        "2027-03-12 23:00:00",
    ],
)
def test_times_of_nbgrader_are_read(text):
    assert read_time(text) == DUE


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "2027", "12/3/2027", "1999-01-01 00:00", "2027-02-30 10:00", "99999-01-01 00:00"),
        *(
            "0001-01-01 00:00 +1400",
            "2027-03-12 23:00 Nowhere/Land",
            "2027-03-12 23:00 /etc/passwd",
            "²027-03-12 23:00",
        ),
        "2027-03-12 23:00" + " " * 500 + "x",
    ],
)
def test_junk_is_no_time(text):
    assert read_time(text) is None


def test_register_keeps_the_last_line_of_each_student(tmp_path):
    register(tmp_path, "a1", "ada", EARLY, "the exchange")
    register(tmp_path, "a2", "ada", EARLY, "the exchange")
    register(tmp_path, "a1", "ada", LATE, "zip_collect")
    assert read_register(tmp_path, "a1") == {"ada": (LATE, "zip_collect")}
    assert read_register(tmp_path / "nowhere", "a1") == {}


def test_broken_line_of_the_register_is_named(tmp_path):
    (tmp_path / "handed_in.csv").write_text("assignment,student,time,source\na1,ada,yesterday,me\n")
    with pytest.raises(ValueError, match=r"received \['a1', 'ada', 'yesterday', 'me'\]; mend that line"):
        read_register(tmp_path, "a1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "submitted" / "ada" / "a1"
    place.mkdir(parents=True)
    (place / "a1.ipynb").write_text("{}")
    return place


def test_own_timestamp_is_replaced_by_what_the_collector_saw(folder, tmp_path):
    (folder / "timestamp.txt").write_text(written(EARLY))
    for aside in (("timestamp.txt",), ()):  # the second time there is nothing left to do
        received = receive(tmp_path, folder, "a1.ipynb", DUE, (LATE, "the exchange"))
        assert received.aside == aside
        assert received.handed_in == HandedIn(LATE, "by the exchange", True)
    assert (folder / "timestamp.txt").read_text() == written(LATE)


def test_file_times_are_those_that_nobody_can_set(folder, tmp_path):
    os.utime(folder / "a1.ipynb", (0, 0))
    past = datetime.now(UTC) - timedelta(hours=1)
    assert receive(tmp_path, folder, "a1.ipynb", past, None).handed_in.evidence == "not known"


@pytest.mark.parametrize("name", ["a1.ipynb", "a1 (1).ipynb", "work.zip", "notes.txt"])
@pytest.mark.parametrize("entry", [None, (LATE, "the exchange")])
def test_what_was_put_in_order_is_looked_at_without_a_touch_and_anything_else_is_told(folder, tmp_path, name, entry):
    (folder / "a1.ipynb").rename(folder / name)
    (folder / "timestamp.txt").write_text(written(LATE))
    expected = receive(tmp_path, folder, "a1.ipynb", DUE, entry).handed_in
    before = {path.name: (path.lstat().st_ctime_ns, path.read_bytes()) for path in folder.iterdir()}
    assert look(folder, "a1.ipynb", DUE, entry) == expected
    assert {path.name: (path.lstat().st_ctime_ns, path.read_bytes()) for path in folder.iterdir()} == before
    for odd in ("page.html", "new.zip"):
        (folder / odd).write_text("x")
        assert look(folder, "a1.ipynb", DUE, entry) is None
        (folder / odd).unlink()
    (folder / "link.txt").symlink_to("/etc/passwd")
    assert look(folder, "a1.ipynb", DUE, entry) is None
    with pytest.raises(FileNotFoundError):
        look(tmp_path / "submitted" / "nobody" / "a1", "a1.ipynb", DUE, entry)


def test_late_penalty_rests_on_the_register_and_the_record_says_so(classroom, tmp_path, private_servers):
    root, due = tmp_path / "class", classroom.assignment.due
    shutil.copytree(classroom.root, root)
    shutil.rmtree(root / "submitted", ignore_errors=True)
    for student in ("ada", "bob"):
        path = hand_in(root, student, classroom.assignment, json.dumps(classroom.notebook()))
        path.with_name("timestamp.txt").write_text(written(due - timedelta(hours=1)))
    register(root, "a1", "bob", due + timedelta(hours=2), "the exchange")
    nbgrader(root, "autograde", "a1", "--LateSubmissionPlugin.penalty_method=zero")
    with sqlite3.connect(root / "gradebook.db") as database:
        rows = database.execute(
            "select student_id, late_submission_penalty from submitted_notebook join submitted_assignment "
            "on submitted_assignment.id = submitted_notebook.assignment_id order by student_id"
        ).fetchall()
    assert [(student, penalty or 0) for student, penalty in rows] == [("ada", 0), ("bob", 70)]
    said = [json.loads((root / f"autograded/{s}/a1/verdicts.json").read_text())["handed_in"] for s in ("ada", "bob")]
    assert [(record["evidence"], record["late"]) for record in said] == [
        ("before the due date, by the file times", False),
        ("by the exchange", True),
    ]
    assert evidence_lines(root, "a1") == [
        "handed in before the due date, by the file times: 1 (ada)",
        "handed in by the exchange: 1 (bob)",
        "handed in late: 1 (bob)",
    ]
    assert "handed in late" in (root / "autograded/bob/a1/a1_relu_sigmoid.ipynb").read_text()


def test_zip_collect_registers_the_platforms_time_and_leaves_a_students_timestamp_out(tmp_path):
    app = SimpleNamespace(coursedir=SimpleNamespace(root=str(tmp_path), assignment_id="a1"))
    names = WitnessedNames()
    object.__setattr__(names, "_trait_values", {**names._trait_values, "parent": app})
    names.named_regexp = r".*/(?P<student_id>\w+)_(?P<timestamp>[0-9-]+T[0-9:]+)_(?P<file_id>.+)\.\w+"
    names.valid_ext = [".ipynb", ".txt"]
    assert names.collect("/x/ada_2027-03-12T22:00:00_a1.ipynb")["file_id"] == "a1"
    assert names.collect("/x/ada_2027-03-13T22:00:00_timestamp.txt") is None
    names.collect("/x/ada_2027-03-11T22:00:00_a1.ipynb")
    assert read_register(tmp_path, "a1")["ada"] == (datetime(2027, 3, 12, 22, tzinfo=UTC), "zip_collect")


@pytest.fixture
def exchange(tmp_path: Path, monkeypatch) -> Path:
    """The folder into which students copy what they hand in, and a class beside it."""
    (tmp_path / "class").mkdir()
    monkeypatch.chdir(tmp_path / "class")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")  # nbgrader calls alembic by name
    return tmp_path / "exchange" / "course" / "inbound"


def put(inbound: Path, student: str, time: str = "2020-01-01 00:00:00 UTC") -> Path:
    place = inbound / f"{student}+a1+{time}+random"
    place.mkdir(parents=True)
    (place / "a1.ipynb").write_text("{}")
    (place / "timestamp.txt").write_text(time)
    return place


def collect(inbound: Path, *, update: bool = False) -> Path:
    """Collect once; returns the folder of what was collected."""
    from nbgrader.coursedir import CourseDirectory

    root = Path.cwd()
    course = CourseDirectory()
    course.root, course.course_id, course.assignment_id = str(root), "course", "a1"
    collector = WitnessedCollect(coursedir=course, update=update)
    collector.root = str(inbound.parents[1])
    collector.init_src()
    collector.copy_files()
    return root / "submitted"


def test_exchange_registers_the_time_of_the_last_change(exchange):
    """A student forges the folder's name, the timestamp and the times of the files; the kernel's own time stands."""
    os.utime(put(exchange, "ada") / "a1.ipynb", (0, 0))
    for _ in range(2):  # the second time nothing is copied, so nothing is registered
        root = collect(exchange).parent
    time, source = read_register(root, "a1")["ada"]
    assert abs(datetime.now(UTC) - time) < timedelta(minutes=5) and source == "the exchange"
    assert len((root / "handed_in.csv").read_text().splitlines()) == 2


def test_exchange_is_not_read_through_a_students_links(exchange, tmp_path):
    """What a link leads to would be read with the rights of whoever collects: a solution, a neighbour's work."""
    (tmp_path / "solution").mkdir()
    (tmp_path / "solution" / "a1.ipynb").write_text("the solution")
    place = put(exchange, "ada")
    (place / "a1.ipynb").unlink()
    (place / "a1.ipynb").symlink_to(tmp_path / "solution" / "a1.ipynb")
    (place / "more").symlink_to(tmp_path / "solution")
    os.link(tmp_path / "solution" / "a1.ipynb", place / "hard.ipynb")
    (exchange / "bob+a1+2020-01-01 00:00:00 UTC+x").symlink_to(tmp_path / "solution")
    submitted = collect(exchange)
    assert [path.name for path in (submitted / "ada" / "a1").iterdir()] == ["timestamp.txt"]
    assert not (submitted / "bob").exists()


def test_what_cannot_be_collected_stops_nobody_else(exchange):
    for name in ("junk", "..+a1+2020-01-01 00:00:00 UTC+x", "ada+a1+yesterday+x", "eve+a1", "\x07+a1+2020-01-01+x"):
        (exchange / name).mkdir(parents=True)
    (exchange / "dan+a1+2020-01-01 00:00:00 UTC+x").symlink_to("nowhere")
    os.mkfifo(put(exchange, "ada") / "pipe")
    (put(exchange, "bob") / "timestamp.txt").write_text("yesterday")
    deep = os.open(put(exchange, "cyd"), os.O_RDONLY)
    for _ in range(30):  # longer than any path may be
        os.mkdir("d" * 200, dir_fd=deep)
        deep, above = os.open("d" * 200, os.O_RDONLY, dir_fd=deep), deep
        os.close(above)
    os.close(deep)
    put(exchange, "zoe")
    for update in (False, True):
        submitted = collect(exchange, update=update)
    assert sorted(path.name for path in submitted.iterdir()) == ["ada", "bob", "cyd", "zoe"]
    assert all(
        (submitted / student / "a1" / "a1.ipynb").read_text() == "{}" for student in ("ada", "bob", "cyd", "zoe")
    )
    assert not (submitted / "ada" / "a1" / "pipe").exists()


def test_nobody_hands_in_for_somebody_else(exchange, monkeypatch):
    put(exchange, "ada")
    (put(exchange, "ada", "2030-01-01 00:00:00 UTC") / "a1.ipynb").write_text("junk")
    owner = "autograder.grading.arriving.collecting._owner"
    monkeypatch.setattr(owner, lambda folder: "eve" if "2030" in folder.name else "ada")
    assert (collect(exchange) / "ada" / "a1" / "a1.ipynb").read_text() == "{}"
    monkeypatch.setattr(owner, lambda folder: "jovyan")  # everybody's name where students work in containers
    assert (collect(exchange, update=True) / "ada" / "a1" / "a1.ipynb").read_text() == "junk"


def test_what_was_changed_inside_a_folder_is_as_late_as_that_change(exchange):
    place = put(exchange, "ada") / "inner"
    place.mkdir()
    (place / "b.ipynb").write_text("early")
    before = datetime.now(UTC)
    with (place / "b.ipynb").open("r+") as file:
        file.write("later")
    time, _ = read_register(collect(exchange).parent, "a1")["ada"]
    assert time >= before - timedelta(seconds=0.05)  # the kernel's clock for files is coarse


def test_two_files_that_claim_one_student_are_both_kept_and_told(tmp_path, caplog):
    app = SimpleNamespace(coursedir=SimpleNamespace(root=str(tmp_path), assignment_id="a1"))
    names = WitnessedNames()
    object.__setattr__(names, "_trait_values", {**names._trait_values, "parent": app})
    names.named_regexp = r".*/(?P<student_id>[a-z]+)\w*_(?P<file_id>a1)\.\w+"
    caplog.set_level("WARNING")
    assert names.collect("/x/ada_b_a1.ipynb")["file_id"] == "a1"
    assert names.collect("/x/zoe_a1.ipynb")["file_id"] == "a1"
    assert not caplog.records
    assert names.collect("/x/ada_c_a1.ipynb")["file_id"] == "a1 (2).ipynb"
    assert "ada: more than one file for this student" in caplog.text
    assert "check whose they are: ada_b_a1.ipynb, ada_c_a1.ipynb" in caplog.text


def test_feedback_is_released_for_everybody_who_can_be_found(tmp_path, monkeypatch, caplog):
    """One student deleted the file by which nbgrader finds the place, another put a link or junk there."""
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.utils import notebook_hash

    from autograder.grading.arriving.releasing import SteadyReleaseFeedback

    secrets = {"ada": "a" * 128, "bob": None, "cyd": "", "dan": "../../x", "eve": "link", "zoe": "f" * 128}
    for student, secret in secrets.items():
        for step in ("submitted", "feedback"):
            (tmp_path / step / student / "a1").mkdir(parents=True)
        (tmp_path / "feedback" / student / "a1" / "a1.html").write_text(student)
        place = tmp_path / "submitted" / student / "a1" / "submission_secret.txt"
        if secret == "link":
            place.symlink_to(tmp_path / "submitted" / "ada" / "a1" / "submission_secret.txt")
        elif secret is not None:
            place.write_text(secret)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    directory = CourseDirectory()
    directory.root, directory.course_id, directory.assignment_id = str(tmp_path), "course", "a1"
    releaser = SteadyReleaseFeedback(coursedir=directory)
    releaser.root = str(tmp_path / "exchange")
    releaser.init_src()
    releaser.init_dest()
    caplog.set_level("ERROR")
    releaser.copy_files()
    released = {path.name: path.read_text() for path in (tmp_path / "exchange" / "course" / "feedback").iterdir()}
    assert released == {
        f"{notebook_hash(secret=secrets[student], notebook_id='a1')}.html": student for student in ("ada", "zoe")
    }
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == ["bob", "cyd", "dan", "eve"]
