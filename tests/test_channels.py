"""Scores on their way to a learning platform: its own file filled in, whom it does not know named, nothing invented."""

from __future__ import annotations

import argparse
import csv
import io
import json
import shutil
import zipfile
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.classroom.exporting import canvas, moodle, sheets
from autograder.classroom.exporting.matching import match
from autograder.classroom.exporting.standings import Standing, require_finished, standings
from autograder.classroom.platforms import writers
from autograder.classroom.platforms.judged import judged
from autograder.classroom.scores import Score
from autograder.commands.classroom import export
from autograder.course.config import Assignment, CourseError
from autograder.grading.gradebook import gradebook_url, opened

KEPT = Path(__file__).with_name("channels")  # verdicts.json as the grader keeps it, and what becomes of it
HOSTILE = '=HYPERLINK("http://evil.example","click")'
MOODLE = (
    "\ufeffIdentifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\r\n"
    'Participant 101,"Lovelace, Ada",ada@example.org,Submitted for grading,,8.00,Yes,-,-,\r\n'
    "Participant 102,@SUM(A1:A9),bob@example.org,Submitted for grading,3,8.00,Yes,-,-,seen\r\n"
    "Participant 103,Cy,cy@example.org,No submission,,8.00,Yes,-,-,\r\n"
)
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,a1 Thresholds (4711),a2 Networks (4712),Current Score\n"
    '"    Points Possible",,,,,8.0,10.0,(read only)\n'
    ",,,,,Manual Posting,,\n"
    '"Lovelace, Ada",11,s1,ada,1,,9.5,95\n'
    "=1+1,12,s2,BOB,1,3,,\n"
    '"Young, Cy",13,s3,cy,1,,,\n'
)


def hand_in(gradebook: Gradebook, student: str, relu: float, proof: float, penalty: float | None = None) -> None:
    with gradebook.db.no_autoflush:
        submission = gradebook.add_submission("a1", student)
    submission.notebooks[0].late_submission_penalty = penalty
    for grade in submission.notebooks[0].grades:
        grade.auto_score, grade.needs_manual_grade = (relu, False) if grade.name == "check_relu" else (0, False)
        if grade.name == "proof":
            grade.manual_score = proof
    gradebook.db.commit()


@pytest.fixture(scope="module")
def gradebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ada has 6.25 of 8, bob 3 less 1 for lateness, cy handed in nothing."""
    folder = tmp_path_factory.mktemp("class")
    with opened(gradebook_url(folder)) as made:
        made.add_assignment("a1")
        made.add_notebook("nb", "a1")
        for name in ("check_relu", "proof"):
            made.add_grade_cell(name, "nb", "a1", max_score=4, cell_type="code")
        for student in ("ada", "bob", "cy"):
            made.add_student(student)
        hand_in(made, "ada", 4, 2.25)
        hand_in(made, "bob", 3, 0, penalty=1)
    return folder / "gradebook.db"


@pytest.fixture
def root(tmp_path: Path, gradebook: Path) -> Path:
    """nbgrader's folder with a gradebook."""
    shutil.copy(gradebook, tmp_path)
    return tmp_path


def wanting(root: Path, **given: object) -> argparse.Namespace:
    """The command's arguments."""
    usual = {"sheet": None, "match": None, "column": None, "absent": None, "unfinished": None, "skip": [], "out": None}
    return argparse.Namespace(**{**usual, **given})


def exported(root: Path, to: str, text: str = "", **given: object) -> str:
    """The written file's text; the command's own way, but for the release that a course has."""
    sheet = None
    if text:
        sheet = root / "theirs.csv"
        sheet.write_bytes(text.encode())
    assignment = Assignment.model_construct(name="a1", title="a1 Thresholds", folder="nb")
    export.export(assignment, root, wanting(root, to=to, sheet=sheet, **given))
    return (root / "exports" / f"a1-{to}.csv").read_bytes().decode()


def test_results_are_the_gradebooks_less_what_lateness_costs(root):
    known = standings(root, "a1")
    assert known.maximum == 8
    assert [(one.student, one.score, one.penalty) for one in known.students] == [
        ("ada", 6.25, 0),
        ("bob", 2, 1),
        ("cy", None, 0),
    ]
    with pytest.raises(CourseError, match="a2: nothing was graded"):
        standings(root, "a2")


def test_moodles_worksheet_is_filled_in_and_otherwise_as_it_was(root):
    wanted = MOODLE.replace(
        "ada@example.org,Submitted for grading,,8.00,Yes,-,-,",
        "ada@example.org,Submitted for grading,6.25,8.00,Yes,-,-,relu: 4; proof: 2.25",
    )
    wanted = wanted.replace(
        "@SUM(A1:A9),bob@example.org,Submitted for grading,3,8.00,Yes,-,-,seen",
        "'@SUM(A1:A9),bob@example.org,Submitted for grading,2,8.00,Yes,-,-,relu: 3; proof: 0; handed in late: -1",
    )
    assert exported(root, "moodle", MOODLE) == wanted


def test_a_worksheet_in_german_is_understood_and_one_in_another_language_asks_for_its_column(root):
    german = MOODLE.replace("Maximum grade", "Bestwertung").replace(",Grade,", ",Bewertung,").replace("8.00", '"8,00"')
    assert ',6.25,"8,00",' in exported(root, "moodle", german)
    finnish = MOODLE.replace(",Grade,Maximum grade,", ",Arvosana,Korkein arvosana,")
    with pytest.raises(CourseError, match=r"--column.*Arvosana"):
        exported(root, "moodle", finnish)
    assert "6.25" in exported(root, "moodle", finnish, column="Arvosana")


def test_moodles_zip_has_the_folders_that_its_import_looks_for(root):
    for student in ("ada", "bob"):
        page = root / "feedback" / student / "a1" / "nb.html"
        page.parent.mkdir(parents=True)
        page.write_text(f"<p>{student}</p>")
    exported(root, "moodle", MOODLE)
    first = (root / "exports" / "a1-moodle-feedback.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO(first)) as packed:
        assert {name: packed.read(name) for name in packed.namelist()} == {
            "Participant_101_assignfeedback_file/a1-nb.html": b"<p>ada</p>",
            "Participant_102_assignfeedback_file/a1-nb.html": b"<p>bob</p>",
        }
    exported(root, "moodle", MOODLE)
    assert (root / "exports" / "a1-moodle-feedback.zip").read_bytes() == first


def test_canvas_gets_this_assignment_alone_and_known_headings(root):
    assert exported(root, "canvas", CANVAS) == (
        "Student,ID,SIS User ID,SIS Login ID,Section,a1 Thresholds (4711)\n"
        '    Points Possible,,,,,8.0\n,,,,,Manual Posting\n"Lovelace, Ada",11,s1,ada,1,6.25\n'
        '\'=1+1,12,s2,BOB,1,2\n"Young, Cy",13,s3,cy,1,\n'
    )


@pytest.mark.parametrize("column", ["4711", "a1 Thresholds (4711)"])
def test_canvas_assignment_is_named_by_its_heading_or_number(root, column):
    theirs = CANVAS.replace("a1 Thresholds", "Week 1") if column == "4711" else CANVAS
    assert ",6.25\n" in exported(root, "canvas", theirs, column=column)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("a1 Thresholds (4711)", "Week 1 (4711)"), "expected one assignment 'a1 Thresholds' or 'a1', received 0"),
        (("a2 Networks (4712)", "a1 (4712)"), "received 2"),
        ((",8.0,", ",100.0,"), "worth 100.0 points in Canvas and 8 here"),
        (("Section", "Group"), "expected a gradebook of Canvas's"),
        (("12,s2,BOB,1", "12,s2,bert,1"), "no row for bob in the column 'SIS Login ID'"),
        (("13,s3,cy,1", "13,s3,ada,1"), "received several in 'SIS Login ID': ada"),
        (("cy,1,,,\n", "cy,1,,,\nDee,14,s4,dee,1,,,\n"), "no submission for Dee 14 s4 dee"),
        (("cy,1,,,\n", "cy,1,,\n"), "row 6: expected 8 cells as in the headings, received 7"),
    ],
)
def test_what_canvas_and_the_gradebook_disagree_about_is_refused_and_nothing_is_written(root, change, said):
    with pytest.raises(CourseError, match=r".*") as refused:
        exported(root, "canvas", CANVAS.replace(*change))
    assert said in str(refused.value)
    assert not (root / "exports").exists()


def test_moodles_other_maximum_or_missing_student_is_refused(root):
    with pytest.raises(CourseError, match=r"Moodle's maximum is 100\.00, ours is 8"):
        exported(root, "moodle", MOODLE.replace("8.00", "100.00"))
    with pytest.raises(CourseError, match=r"Moodle's maximum is 100\.00"):
        finnish = MOODLE.replace("8.00", "100.00").replace(",Grade,Maximum grade,", ",Arvosana,Korkein arvosana,")
        exported(root, "moodle", finnish, column="Arvosana")
    with pytest.raises(CourseError, match=r"received Good, Poor; points do not fit"):
        exported(root, "moodle", MOODLE.replace("8.00", "Good", 1).replace("8.00", "Poor"))
    with pytest.raises(CourseError, match="no row for bob"):
        exported(root, "moodle", MOODLE.replace("bob@", "bert@").replace("@SUM(A1:A9)", "Bert"))
    with pytest.raises(CourseError, match="Moodle's own number"):
        exported(root, "moodle", MOODLE.replace("Participant 103", "Cy"))


def test_who_handed_in_nothing_is_left_or_gets_zero_as_one_says(root):
    stranger = CANVAS + "Dee,14,s4,dee,1,5,,\n"
    assert exported(root, "canvas", stranger, absent="leave").endswith("13,s3,cy,1,\nDee,14,s4,dee,1,5\n")
    assert exported(root, "canvas", stranger, absent="zero").endswith("13,s3,cy,1,0\nDee,14,s4,dee,1,0\n")


def test_what_waits_for_a_person_is_not_sent_unless_one_says_so(root):
    with opened(gradebook_url(root)) as gradebook:
        gradebook.find_grade("proof", "nb", "a1", "bob").needs_manual_grade = True
        gradebook.db.commit()
    with pytest.raises(CourseError, match=r"a person has still to grade bob \(proof\)"):
        exported(root, "canvas", CANVAS)
    assert "BOB,1,3\n" in exported(root, "canvas", CANVAS, unfinished="leave")
    assert "BOB,1,2\n" in exported(root, "canvas", CANVAS, unfinished="score")
    assert "BOB,1,3\n" in exported(root, "canvas", CANVAS, skip=["bob"], absent="leave")
    with pytest.raises(CourseError, match=r"--skip.*received dan"):
        exported(root, "canvas", CANVAS, skip=["dan"])


def test_a_table_of_ones_own_has_every_exercise_and_no_formula(root):
    with opened(gradebook_url(root)) as gradebook:
        gradebook.add_student(HOSTILE)
        hand_in(gradebook, HOSTILE, 4, 4)
    text = exported(root, "csv")
    assert text.startswith("\ufeffstudent,score,maximum,late penalty,relu,proof,waiting for a person\r\n")
    rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))
    assert rows[1] == [f"'{HOSTILE}", "8", "8", "0", "4", "4", ""]
    assert rows[2:] == [
        ["ada", "6.25", "8", "0", "4", "2.25", ""],
        ["bob", "2", "8", "1", "3", "0", ""],
        ["cy", "", "8", "0", "", "", ""],
    ]


@pytest.mark.parametrize("cell", ["=1", "+A1", "-A1", "@x", "\t=1", "\r=1", " =1", "=cmd|' /C calc'!A0"])
def test_whatever_a_spreadsheet_would_run_becomes_text(cell):
    assert sheets.defused(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "Ada", "-1", "+3.5", "1,5 %", "O'Neill", "a=b"])
def test_numbers_and_names_stay(cell):
    assert sheets.defused(cell) == cell


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "received 0"),
        (b"Student,ID\n", "received 1"),
        (b"Student,ID\nJos\xe9,1\n", "expected UTF-8, received another encoding at byte 14"),
        (b'Student,ID\n"Ada,1\n', "expected a table"),
        (b"Student,ID\nAda\n", "row 2: expected 2 cells"),
    ],
)
def test_a_broken_file_is_refused_with_its_place(tmp_path, content, said):
    path = tmp_path / "theirs.csv"
    path.write_bytes(content)
    with pytest.raises(CourseError) as refused:
        sheets.read(path)
    assert said in str(refused.value) and str(path) in str(refused.value)
    with pytest.raises(CourseError, match="No such file"):
        sheets.read(tmp_path / "none.csv")


def test_a_file_is_written_in_its_own_dialect(tmp_path):
    path = tmp_path / "theirs.csv"
    text = '\ufeffStudent;ID\nA;"1;2"\n"B ""b""";3\n'
    path.write_text(text, newline="")
    assert sheets.read(path).text() == text


def test_the_column_that_names_most_students_counts_or_the_one_that_is_named():
    sheet = sheets.Sheet(["Name", "Mail", "Login"], [["ada", "x@e.org", "Ada"], ["-", "b@e.org", "bob"]])
    known = [Standing("ada", 1.0), Standing("bob", 2.0)]
    found = match(sheet, known, [0, 1, 2], column=None, place="theirs", absent=False)
    assert {row: one.student for row, one in found.items()} == {0: "ada", 1: "bob"}
    with pytest.raises(CourseError, match="no row for bob in the column 'Name'"):
        match(sheet, known, [0, 1, 2], column="Name", place="theirs", absent=True)
    with pytest.raises(CourseError, match="expected a column 'Nom'"):
        match(sheet, known, [0, 1, 2], column="Nom", place="theirs", absent=True)


def test_platforms_are_named_by_what_they_need(root):
    for to, sheet, said in (("csv", Path("x"), "takes no --sheet"), ("moodle", None, "needs --sheet FILE")):
        with pytest.raises(CourseError, match=said):
            export.export(Assignment.model_construct(name="a1", title=""), root, wanting(root, to=to, sheet=sheet))


def test_everybody_finished_is_no_error(root):
    require_finished(standings(root, "a1"))
    assert canvas.columns(sheets.Sheet(["Student", "ID", "SIS Login ID", "Section"], [])) == [2, 1, 0]
    assert moodle.columns(sheets.Sheet(["Identifier", "Full name"], [])) == [1]


def test_a_name_is_the_same_however_its_letters_are_composed():
    sheet = sheets.Sheet(["Login"], [["Zo\u00eb"]])
    (found,) = match(sheet, [Standing("zoe\u0308", 1.0)], [0], column=None, place="theirs", absent=False).values()
    assert found.student == "zoe\u0308"


@pytest.mark.parametrize(
    ("file", "write"),
    [
        ("gradescope.json", writers.gradescope),
        ("prairielearn.json", writers.prairielearn),
        ("vocareum-grades.csv", writers.vocareum_grades),
        ("vocareum-report.html", writers.vocareum_report),
    ],
)
def test_verdicts_become_what_each_platform_reads_to_the_byte(file, write):
    points = {"relu": (4.0, 4.0), "fold": (4.0, 14.0), "train": (0.0, 3.0), "affine": (None, 6.0)}
    row = Score("student", points, ("check_train", "check_affine", "proof"))
    assert write(judged(row, json.loads((KEPT / "verdicts.json").read_text()))).encode() == (KEPT / file).read_bytes()
