"""A regrade tells who gains and who loses before it writes, and keeps what persons gave."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest
from rich.console import Console

from autograder.authoring.demo import cell_source, fill_in, hand_in
from autograder.classroom.regrading.applying import apply
from autograder.classroom.regrading.comparing import compare, verdict_differences
from autograder.classroom.regrading.showing import lines, summary, table
from autograder.classroom.regrading.state import Cell, State, states
from autograder.course.config import Assignment, CourseError, load_course
from autograder.course.content import load_content
from autograder.grading.gradebook import gradebook_url, opened
from autograder.judge.verdict import CheckResult, Verdict, needs_manual, worn_out

ROOT = Path(__file__).resolve().parents[2]


# ---------------------------------------------------------------------------------------------------------- comparing


def check(name: str = "values", *, failed: int = 0, **changed: Any) -> CheckResult:
    facts = {"part": "all", "share": 1.0, "core": False, "complete": True, "cases": 3, "failed": failed}
    return CheckResult(name, **{**facts, **changed})


def verdict(fraction: float = 1.0, *checks: CheckResult, **changed: Any) -> Verdict:
    return Verdict("relu", "graded", {"all": fraction}, checks or (check(),), **changed)


def state(score: float | None, given: Verdict | None = None, *, student: str = "ada", **changed: Any) -> State:
    """A student with one exercise worth 8 and one answer that a person gave 3."""
    cells = {"check_relu": Cell(score, None, None, 8.0), "proof": Cell(None, 3.0, None, 5.0)}
    verdicts = {"relu": json.loads(json.dumps(given.to_json()))} if given else {}
    return replace(State(student, cells, verdicts=verdicts), **changed)


def test_who_gains_and_who_loses_is_told_with_the_check_that_did_it():
    before = {
        "ada": state(8.0, verdict()),
        "ben": state(8.0, verdict(), student="ben"),
        "cy": state(2.0, verdict(0.25, check(failed=1)), student="cy"),
    }
    after = {
        "ada": state(8.0, verdict()),
        "ben": state(4.0, verdict(0.5, check(), check("dtype", failed=2)), student="ben"),
        "cy": state(8.0, verdict(), student="cy"),
    }
    found = compare(before, after)
    assert [(one.student, one.before, one.after, one.gain) for one in found.changes] == [
        ("ben", 11.0, 7.0, -4.0),
        ("cy", 5.0, 11.0, 6.0),
    ]
    assert [cell.why for one in found.changes for cell in one.cells] == [
        ("new check, failed: dtype",),
        ("failed, now passed: values",),
    ]
    assert summary(found, 3) == "2 of 3 students have another score: 1 gain, 1 lose"
    assert compare(before, before).changes == ()


@pytest.mark.parametrize(
    "given", [needs_manual("relu", "the grader itself failed"), worn_out("relu", "memory: 2048 MB")]
)
def test_what_a_person_has_to_decide_is_nobodys_loss(given):
    before = {"ada": state(8.0, verdict())}
    after = {"ada": state(None if given.status != "graded" else 0.0, given)}
    found = compare(before, after)
    assert found.changes == ()
    assert found.undecided == (("ada", (f"relu ({given.reason})",)),)
    assert compare(after, after).undecided == ()  # that was so before, too
    (change,) = compare(after, before).changes
    assert (change.gain, change.cells[0].why) == (8.0, (f"was left to a person: {given.reason}",))


def test_a_persons_score_stays_and_says_what_the_grader_would_give():
    old, new = state(4.0, verdict(0.5)), state(8.0, verdict())
    by_hand = {"check_relu": replace(old.cells["check_relu"], manual=5.0), "proof": old.cells["proof"]}
    again = {"check_relu": replace(new.cells["check_relu"], manual=5.0, maximum=4.0), "proof": old.cells["proof"]}
    found = compare({"ada": replace(old, cells=by_hand)}, {"ada": replace(new, cells=again)})
    assert found.changes == ()
    ((student, said),) = found.kept
    assert student == "ada"
    assert said == ("relu: a person gave 5; the grader's 4 is now 8", "relu: a person gave 5, and it is worth 4 now")
    assert "a person's score stays: ada" in "\n".join(lines(found))


def test_lateness_takes_from_the_new_score_and_says_so():
    found = compare({"ada": state(8.0, verdict(), penalty=2.0)}, {"ada": state(8.0, verdict(), penalty=0.5)})
    (change,) = found.changes
    assert (change.before, change.after, change.cells) == (9.0, 10.5, ())
    assert change.notes == ("off for lateness: 2, now 0.5",)


def test_points_that_are_worth_more_are_told_first():
    new = state(10.0, verdict())
    new = replace(new, cells={**new.cells, "check_relu": Cell(10.0, None, None, 10.0)})
    (change,) = compare({"ada": state(8.0, verdict())}, {"ada": new}).changes
    assert change.cells[0].why == ("worth 8, now 10",)
    (change,) = compare({"ada": state(8.0, verdict())}, {"ada": state(6.0, verdict())}).changes
    assert change.cells[0].why == ("its parts weigh otherwise",)


def test_each_difference_of_two_verdicts_is_told():
    before = verdict(1.0, check("a"), check("b", share=1.0), check("c"), check("d", repeats="a"))
    after = verdict(
        0.5, check("a", complete=False), check("b", share=2.0, core=True), check("d", failed=1), reason="cpu"
    )
    assert list(verdict_differences(before.to_json(), after.to_json())) == [
        "passed, now not run: a",
        "open, now failed: d",
        "asked no more: c",
        "share 1, now 2: b",
        "now core: b",
        "stopped: cpu",
    ]
    parts = [Verdict("net", "graded", {"structure": 1.0, "accuracy": x}).to_json() for x in (1.0, 0.0)]
    assert list(verdict_differences(*parts)) == ["accuracy: 100%, now 0%"]


def test_what_a_student_chose_to_be_told_acts_in_no_terminal():
    hostile = verdict(0.0, reason="NameError: [/red]\x1b[2J" + "x" * 999)
    found = compare({"ada": state(8.0, verdict())}, {"ada": state(0.0, hostile)})
    shown = io.StringIO()
    Console(file=shown, width=300).print(table(found.changes, "a1"))
    assert "NameError: [/red]\\x1b[2Jxxx" in shown.getvalue() and "\x1b" not in shown.getvalue()


def test_a_state_survives_its_file():
    known = state(4.0, verdict(0.5), handed_in=datetime(2027, 3, 1, 9), due=datetime(2027, 3, 2), comments={"p": "ok"})
    assert State.from_json(json.loads(json.dumps(known.to_json()))) == known


# ------------------------------------------------------------------------------------------------------------ applying


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """nbgrader's root with a gradebook in which ada has 4 of 8, and 3 from a person."""
    with opened(gradebook_url(tmp_path)) as gradebook:
        gradebook.add_assignment("a1")
        gradebook.add_notebook("nb", "a1")
        gradebook.add_grade_cell("check_relu", "nb", "a1", max_score=8, cell_type="code")
        gradebook.add_grade_cell("proof", "nb", "a1", max_score=5, cell_type="markdown")
        gradebook.add_student("ada")
        with gradebook.db.no_autoflush:
            gradebook.add_submission("a1", "ada")
    score(tmp_path, check_relu=("auto_score", 4.0), proof=("manual_score", 3.0))
    return tmp_path


def score(root: Path, student: str = "ada", notebook: str = "nb", **cells: tuple[str, float]) -> None:
    """Write scores into a gradebook, as the grader or a person would."""
    with opened(gradebook_url(root)) as gradebook:
        for name, (column, points) in cells.items():
            setattr(gradebook.find_grade(name, notebook, "a1", student), column, points)
        gradebook.db.commit()


A1 = Assignment.model_construct(name="a1", folder="nb", title="a1")


def test_both_states_are_recorded_and_each_regrade_has_a_number(small):
    def grade() -> int:
        score(small, check_relu=("auto_score", 8.0))
        return 0

    done = apply(small, A1, grade, None)
    record = json.loads((small / "regrades" / "a1-0001.json").read_text())
    assert [record[when]["ada"]["total"] for when in ("before", "after")] == [7.0, 11.0]
    assert record["changed"]["changes"][0]["student"] == "ada"
    assert (done.status, done.lost) == (0, ())
    assert apply(small, A1, grade, None).record.name == "a1-0002.json"


def test_a_regrade_that_was_killed_goes_on_from_what_the_class_had_then(small):
    def killed() -> int:
        score(small, check_relu=("auto_score", 6.0))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        apply(small, A1, killed, None)
    told: list[str] = []
    done = apply(small, A1, lambda: 0, None, told.append)
    assert done.record.name == "a1-0001.json" and "not finished" in told[0]
    assert [(one.before, one.after) for one in done.comparison.changes] == [(7.0, 9.0)]


def test_a_release_that_is_refused_leaves_no_record(small):
    def refuse(tell: object) -> None:
        raise CourseError(["it leaks"])

    with pytest.raises(CourseError, match="it leaks"):
        apply(small, A1, lambda: pytest.fail("graded"), refuse)
    assert list((small / "regrades").iterdir()) == []


def test_a_persons_score_that_is_gone_is_a_finding(small):
    def grade() -> int:
        score(small, proof=("manual_score", 1.0))
        return 0

    assert apply(small, A1, grade, None).lost == ("ada: proof: a person gave 3.0, extra None; now 1.0",)


# -------------------------------------------------------------------------------------------- a class, from end to end

DTYPE = 'Check("keeps the dtype of x", thresholds.relu_dtypes)'
HEAVIER = 'Check("keeps the dtype of x", thresholds.relu_dtypes, share=4)'
HIDDEN = Path("solutions", "a1_relu_sigmoid", "hidden", "__init__.py")
WRONG = {"ada": "", "ben": "promotes_to_float64", "cy": "overwrites_x", "dan": "promotes_to_float64"}


class House:
    """A course of its own, machine included, with a class that was graded; ``reset`` makes it as it was then."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root, self.kept = folder, folder / "build", folder.with_name("kept")
        for name in ("assignments", "autograder", "datasets", "solutions"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"), symlinks=True)
        for name in ("course.yaml", "requirements.lock"):
            shutil.copy(ROOT / name, folder)
        (folder / "coursekit").symlink_to("autograder/kit")

    def course(self, *arguments: str) -> tuple[int, str, str]:
        """Run the command; its status, what it printed, what it told."""
        command = [sys.executable, "-m", "autograder.commands.main", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(self.folder)}
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    def hand_in(self, assignment: Assignment) -> None:
        content = load_content(assignment.folder)
        right = {name: cell_source(function, name) for name, function in content.solutions.items()}
        known = {mutant.id.rpartition(".")[2]: mutant.function for mutant in content.mutants["threshold_relu"]}
        released = self.root / "release" / "a1" / f"{assignment.folder}.ipynb"
        for student, mutant in WRONG.items():
            changed = {"threshold_relu": cell_source(known[mutant], "threshold_relu")} if mutant else {}
            notebook = fill_in(nbformat.read(released, as_version=4), {**right, **changed, "fold_proof": "By cases."})
            hand_in(self.root, student, assignment, json.dumps(notebook))

    def reset(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(self.kept, self.root)
        for name in (Path("course.yaml"), HIDDEN):
            shutil.copy(ROOT / name, self.folder / name)

    def edit(self, name: str | Path, *changes: tuple[str, str]) -> None:
        text = (self.folder / name).read_text()
        for old, new in changes:
            assert text.count(old) >= 1, old
            text = text.replace(old, new, 1)
        (self.folder / name).write_text(text)

    def bytes(self) -> dict[str, bytes]:
        """Every file of the class."""
        return {str(path.relative_to(self.root)): path.read_bytes() for path in self.root.rglob("*") if path.is_file()}

    def totals(self) -> dict[str, float]:
        return {name: one.total for name, one in states(self.root, "a1").items()}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, private_servers: Path) -> House:
    """ada is right, ben and dan lose a dtype, cy writes into an argument; a person settled dan's score, with a word."""
    house = House(tmp_path_factory.mktemp("house") / "course")
    assignment = load_course(ROOT).assignments["a1"]
    assert house.course("release", "a1")[0] == 0
    house.hand_in(assignment)
    status, _, told = house.course("grade", "a1", "--jobs", "1")
    assert status == 0, told
    score(house.root, "dan", assignment.folder, check_threshold_relu=("manual_score", 4.0))
    score(house.root, "ben", assignment.folder, fold_proof=("manual_score", 9.0))
    with opened(gradebook_url(house.root)) as gradebook:
        gradebook.find_comment("fold_proof", assignment.folder, "a1", "ben").manual_comment = "the second case?"
        gradebook.db.commit()
    shutil.copytree(house.root, house.kept)
    return house


@pytest.fixture
def house(built: House) -> Iterator[House]:
    built.reset()
    yield built


def told(out: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(out)
    return found


def gains(found: Mapping[str, Any]) -> dict[str, float]:
    return {one["student"]: one["gain"] for one in found["changes"]}


@pytest.mark.long
def test_nothing_changed_is_nobodys_change_and_the_verdicts_are_the_same_bytes(house):
    before = house.bytes()
    status, out, _ = house.course("regrade", "a1", "--preview", "--jobs", "1")
    assert status == 0
    assert "no score of 4 students is another; nothing was written" in out
    assert "other verdicts with the same score" not in out  # each is the same bytes
    assert house.bytes() == before
    assert house.course("regrade", "a1", "--apply", "--jobs", "1")[0] == 0
    records = [name for name in before if name.endswith("verdicts.json")]
    assert len(records) == 4 and all(house.bytes()[name] == before[name] for name in records)


@pytest.mark.long
def test_a_changed_check_lists_exactly_those_whose_score_changes_and_apply_changes_exactly_those(house):
    house.edit(HIDDEN, (DTYPE, HEAVIER))
    before, totals = house.bytes(), house.totals()
    status, out, err = house.course("regrade", "a1", "--preview", "--json", "--jobs", "1")
    assert status == 1, err
    assert house.bytes() == before
    found = told(out)
    assert set(gains(found)) == {"ben", "cy"}
    assert gains(found)["ben"] < 0 < gains(found)["cy"]
    (cell,) = found["changes"][0]["cells"]
    assert (cell["name"], cell["why"]) == ("threshold_relu", ["share 1, now 4: keeps the dtype of x"])
    assert found["reworded"] == ["ada", "dan"]  # a verdict says what share each check has
    assert found["kept"]["dan"][0].startswith("threshold_relu: a person gave 4; the grader's ")

    status, out, err = house.course("regrade", "a1", "--apply", "--json", "--jobs", "1")
    assert status == 0, err
    assert gains(told(out)) == gains(found)
    after = house.totals()
    assert {name for name in totals if after[name] != totals[name]} == {"ben", "cy"}
    assert {name: round(after[name] - totals[name], 2) for name in ("ben", "cy")} == gains(found)
    now = states(house.root, "a1")
    assert now["dan"].cells["check_threshold_relu"].manual == 4.0
    assert now["ben"].cells["fold_proof"].manual == 9.0
    assert now["ben"].comments == {"fold_proof": "the second case?"}
    record = json.loads((house.root / "regrades" / "a1-0001.json").read_text())
    assert {name: one["total"] for name, one in record["before"].items()} == totals
    assert {name: one["total"] for name, one in record["after"].items()} == after
    assert house.course("regrade", "a1", "--preview", "--jobs", "1")[0] == 0


@pytest.mark.long
def test_changed_points_are_previewed_with_the_release_to_come_and_applied_with_it(house):
    house.edit("course.yaml", ("threshold_relu: 4", "threshold_relu: 6"), ("sigmoid_forward: 8", "sigmoid_forward: 6"))
    before, totals = house.bytes(), house.totals()
    assert house.course("grade", "a1")[0] == 2  # plain grading refuses points that nobody was promised
    status, out, err = house.course("regrade", "a1", "--preview", "--json", "--jobs", "1")
    assert status == 1, err
    assert house.bytes() == before
    found = told(out)
    assert set(gains(found)) == {"ada", "ben", "cy", "dan"}
    assert gains(found)["ada"] == 0 and gains(found)["dan"] == -2  # the person's 4 points stay 4
    assert [cell["why"][0] for cell in found["changes"][0]["cells"]] == ["worth 4, now 6", "worth 8, now 6"]
    assert any("threshold_relu: 4 points become 6" in line for line in found["release"])

    status, out, err = house.course("regrade", "a1", "--apply", "--json", "--jobs", "1")
    assert status == 0, err
    assert gains(told(out)) == gains(found)
    assert {name: round(total - totals[name], 2) for name, total in house.totals().items()} == gains(found)
    assert json.loads((house.root / "regrades" / "a1-0001.json").read_text())["release"]
    assert house.course("regrade", "a1", "--preview", "--jobs", "1")[0] == 0


@pytest.mark.long
def test_who_cannot_be_graded_now_is_told_and_loses_nothing(house):
    shutil.rmtree(house.root / "submitted" / "ada")
    (house.root / "submitted" / "ben" / "a1" / "later.zip").write_bytes(b"PK")
    hand_in(house.root, "eve", load_course(ROOT).assignments["a1"], "{}")
    before = house.bytes()
    status, out, err = house.course("regrade", "a1", "--preview", "--json", "--jobs", "1")
    assert status == 1, err
    assert house.bytes() == before
    found = told(out)
    assert found["changes"] == [] and found["new"] == ["eve"]
    assert found["ungraded"] == {
        "ada": "nothing of theirs lies in submitted/ any more",
        "ben": "files came since they were graded: course grade puts them in order first",
    }
    (house.root / ".course_secret").unlink()
    status, _, err = house.course("regrade", "a1", "--preview")
    assert status == 2 and "the secret with which the class was graded" in err
    assert not (house.root / ".course_secret").exists()
