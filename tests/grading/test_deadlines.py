"""Who has more time, what lateness costs, and how a mistake in either is told."""

from __future__ import annotations

import json
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from damage import nbgrader
from nbgrader.plugins import LateSubmissionPlugin
from traitlets.config import Config, Configurable

from autograder.authoring.demo import hand_in
from autograder.classroom.exporting.standings import standings
from autograder.commands.main import main
from autograder.course.config import Course, CourseError, Late, load_course
from autograder.grading.arriving.deadlines import deadlines, extension_findings
from autograder.grading.arriving.handed_in import HandedIn, register
from autograder.grading.gradebook import gradebook_url, opened
from autograder.grading.lateness import LatePenalties, Penalties, configure_lateness, late_note
from autograder.grading.settings import write_settings

ROOT = Path(__file__).resolve().parents[2]
GOOD = "student,assignment,due,reason\nada,a1,2027-03-14T23:59+01:00,ill\n"
POLICY = Late(points_per_day=10.0, closed_after_days=5)


def with_extensions(course: Course, folder: Path, text: str) -> Course:
    (folder / "extensions.csv").write_bytes(text.encode())
    return course.model_copy(update={"root": folder})


def test_an_extension_is_one_students_in_one_assignment(course, tmp_path):
    known = with_extensions(course, tmp_path, "\ufeff" + GOOD + '\n"bo, b.",a2,2027-04-01T00:00Z,"two\nlines"\n')
    a1, a2 = known.assignments["a1"], known.assignments["a2"]
    found = deadlines(known, a1)
    assert found.of("ada") == datetime(2027, 3, 14, 22, 59, tzinfo=UTC)
    assert found.of("bo, b.") == a1.due and deadlines(known, a2).of("bo, b.") == datetime(2027, 4, 1, tzinfo=UTC)
    assert found.absent({"bo, b."}) == ["ada"] and found.absent({"ada"}) == []
    assert found.told("ada", HandedIn()).extended and not found.told("bo, b.", HandedIn()).extended
    assert not deadlines(course.model_copy(update={"root": tmp_path / "none"}), a1).listed


MISTAKES = {
    "semicolons": ("student;assignment;due\n", 1, "expected the heading student,assignment,due or", "write it"),
    "no such assignment": (GOOD.replace("a1", "a11"), 2, "expected one of course.yaml, received 'a11'", "did you mean"),
    "no zone": (GOOD.replace("+01:00", ""), 2, "received '2027-03-14T23:59'", "such as 2027-03-14T23:59+01:00"),
    "no date": (GOOD.replace("2027-03-14T23:59+01:00", "Monday"), 2, "due: expected an ISO date", "received 'Monday'"),
    "far away": (GOOD.replace("2027-03-14", "9999-12-31"), 2, "due: expected an ISO date", "change it"),
    "too early": (GOOD.replace("03-14", "03-12"), 2, "after a1's own, 2027-03-12T23:59+01:00", "change it"),
    "no student": (GOOD.replace("ada,", " ,"), 2, "student: expected the name", "received nothing"),
    "a comma too many": (GOOD.replace("ill", "ill, twice"), 2, "4 cells as in the heading, received 5", "in quotes"),
    "twice": (GOOD + "\nada,a1,2027-03-15T23:59+01:00,\n", 4, "one line for ada and a1", "the first is line 2"),
    "a quote too few": (GOOD + '"ben,a1', None, "expected comma-separated values", "mend it"),
    "nothing": ("", 1, "received ''", "write it"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_file_is_one_line_with_its_place_and_remedy(mistake, course, tmp_path):
    text, line, *words = MISTAKES[mistake]
    broken = with_extensions(course, tmp_path, text)
    (found,) = extension_findings(broken)
    assert found.startswith(f"extensions.csv:{line}: " if line else "extensions.csv: ")
    assert all(word in found for word in words), found
    with pytest.raises(CourseError):
        deadlines(broken, broken.assignments["a1"])


def test_bytes_that_are_no_text_are_told(course, tmp_path):
    (tmp_path / "extensions.csv").write_bytes(GOOD.encode() + b"J\xf6rg,a1,2027-03-14T23:59+01:00,\n")
    (found,) = extension_findings(course.model_copy(update={"root": tmp_path}))
    assert "received byte 0xf6; save it as UTF-8" in found


LATE = "  late: {points_per_day: 10, closed_after_days: 5}\n"


@pytest.fixture
def house(classroom, tmp_path, private_servers) -> Path:
    """A course with a policy, whose a1 is released to nobody yet."""
    for name in ("assignments", "solutions"):
        (tmp_path / name).symlink_to(ROOT / name)
    text = (ROOT / "course.yaml").read_text()
    (tmp_path / "course.yaml").write_text(text.replace("grading:\n", f"grading:\n{LATE}", 1))
    root = Path(shutil.copytree(classroom.root, tmp_path / "build", ignore=shutil.ignore_patterns("submitted")))
    write_settings(tmp_path, root, tmp_path)
    return tmp_path


def test_a_broken_line_stops_every_command_before_anything_is_written(house, classroom, monkeypatch, capsys):
    (house / "extensions.csv").write_text("student,assignment,due\nada,a1,soon\n")
    hand_in(house / "build", "ada", classroom.assignment, "{}")
    monkeypatch.chdir(house)
    for command in (["grade", "a1"], ["regrade", "a1", "--preview"], ["release", "a1"]):
        assert main(command) == 2
        assert capsys.readouterr().err.startswith("extensions.csv:2: due: expected an ISO date")
    assert not (house / "build" / "autograded").exists()


# ---------------------------------------------------------------------------------------------------- what it costs


def test_a_policy_rests_on_the_hours_and_not_on_what_is_graded_so_far():
    program = Configurable(config=Config())
    configure_lateness(program.config, POLICY)
    penalties = Penalties(program)
    assert [penalties("ada", 15.0, hours * 3600) for hours in (0, 0.1, 24, 26, 121)] == [0, 10, 10, 20, 100]
    without = Late(points_per_day=30.0)
    configure_lateness(program.config, without)
    assert Penalties(program)("ada", 15.0, 100 * 86_400) == 100


def test_a_lecturers_own_plugin_comes_before_the_policy_and_is_cut_as_nbgrader_does():
    config = Config()
    configure_lateness(config, POLICY)
    config.AssignLatePenalties.plugin_class = Greedy
    assert Penalties(Configurable(config=config))("ada", 15.0, 1.0) == 15.0
    assert Penalties(Configurable(config=Config()))("ada", 15.0, 1.0) == 0.0  # nbgrader's own does nothing
    step = LatePenalties(config=config)
    step.init_plugin()
    assert step._check_late_penalty(SimpleNamespace(score=3.0), 99.0) == 3.0


class Greedy(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float:
        return 1000.0


def test_a_student_reads_how_late_it_was_and_what_that_costs():
    due = datetime(2027, 3, 12, 22, 59, tzinfo=UTC)
    late = HandedIn(due + timedelta(hours=26), "by the exchange", True, due)
    assert late_note(late, POLICY) == (
        "handed in late: 2027-03-14 00:59:00.000000 UTC, by the exchange, 26 hours after the due date: "
        "20 of 100 points taken off"
    )
    extended = HandedIn(late.time, "by moodle", True, due, True)
    assert "26 hours after the due date (extended to 2027-03-12 22:59+00:00): 20 of" in late_note(extended, POLICY)
    assert late_note(late, None).endswith("26 hours after the due date")
    assert late_note(HandedIn(due, "by moodle", False, due), POLICY) == ""
    assert extended.to_json()["extended"] == "2027-03-12 22:59:00.000000 UTC" and "extended" not in late.to_json()


@pytest.mark.long
def test_a_class_pays_for_its_days_and_extensions_count(house, classroom, monkeypatch, capsys):
    root, due = house / "build", classroom.assignment.due
    course = load_course(house)
    (house / "extensions.csv").write_text(
        f"student,assignment,due\nada,a1,{due + timedelta(days=2)}\ndan,a1,{due + timedelta(days=1)}\n"
    )
    for student, hours in {"ada": 26, "ben": 26, "cy": 24 * 5 + 1, "dan": 50}.items():
        hand_in(root, student, classroom.assignment, json.dumps(classroom.notebook()))
        register(root, "a1", student, due + timedelta(hours=hours), "the exchange")
    nbgrader(root, "autograde", "a1")
    with opened(gradebook_url(root)) as gradebook:  # what a person adds does not lift cy above what lateness leaves
        gradebook.find_grade("fold_proof", course.assignments["a1"].folder, "a1", "cy").manual_score = 14.0
        gradebook.db.commit()
    assert {one.student: (one.penalty, one.score) for one in standings(root, "a1").students} == {
        "ada": (0, 70),
        "ben": (20, 50),
        "cy": (100, 0),
        "dan": (20, 50),
    }
    nbgrader(root, "generate_feedback", "a1")
    pages = {
        s: (root / "feedback" / s / "a1" / "a1_relu_sigmoid.html").read_text() for s in ("ada", "ben", "cy", "dan")
    }
    assert "handed in late" not in pages["ada"]
    assert "26 hours after the due date: 20 of 100 points taken off" in pages["ben"]
    assert "100 of 100 points taken off" in pages["cy"] and '<th class="number">0 of 100</th>' in pages["cy"]
    assert "26 hours after the due date (extended to 2027-03-13 23:59+01:00): 20 of 100" in pages["dan"]
    # who gets more time later is told what a regrade would give back
    more = f"ben,a1,{due + timedelta(days=2)},\n"
    (house / "extensions.csv").write_text(f"student,assignment,due,reason\n{more}dan,a1,{due + timedelta(days=1)},\n")
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    monkeypatch.chdir(house)
    assert main(["regrade", "a1", "--preview", "--json", "--jobs", "1"]) == 1
    found = {one["student"]: (one["gain"], one["notes"]) for one in json.loads(capsys.readouterr().out)["changes"]}
    assert found == {
        "ada": (-20.0, ["off for lateness: 0, now 20"]),
        "ben": (20.0, ["off for lateness: 20, now 0"]),
    }
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before
    # better evidence takes a penalty back
    (house / "extensions.csv").unlink()
    (root / "handed_in.csv").write_text(
        "\n".join(["assignment,student,time,source", f"a1,ben,{due - timedelta(1)},me"])
    )
    nbgrader(root, "autograde", "a1", "--force", "--student=ben")
    (root / "handed_in.csv").unlink()
    (root / "submitted" / "ben" / "a1" / "timestamp.txt").unlink()
    nbgrader(root, "autograde", "a1", "--force", "--student=ben")
    with sqlite3.connect(root / "gradebook.db") as database:
        (row,) = database.execute("select timestamp from submitted_assignment where student_id = 'ben'").fetchall()
    assert row == (None,)
    assert {one.student: one.penalty for one in standings(root, "a1").students}["ben"] == 0
