"""What judges have decided outlives whoever wrote it down; what is torn, forged or about other work is not believed."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from allowed import some_limits

from autograder.course.config import CourseError
from autograder.grading import versions as versions_module
from autograder.grading.running import journal as journal_module
from autograder.grading.running.journal import FOLDER, Journal
from autograder.grading.versions import surroundings
from autograder.judge.process import JudgeJob
from autograder.judge.referee import Graded
from autograder.judge.session import Step
from autograder.judge.verdict import CheckResult, Verdict

SECRET = bytes(range(32))
CHECKS = (CheckResult("c", "all", 1.0, True, True, 3, 1, "double(2.0)", "got \ud800 \N{SNOWMAN}"),)


def job(source: str = "x = 1", **changes: object) -> JudgeJob:
    steps = [Step(0, "run", source=source), Step(1, "judge", exercise="double")]
    return replace(JudgeJob("a1", steps, {"double": "0f"}, some_limits(), "required", {}, {}), **changes)


def graded(text: str = "hello", traceback: str = "") -> Graded:
    outputs = {0: [{"output_type": "stream", "name": "stdout", "text": text}], 7: []}
    verdict = Verdict("double", "graded", {"all": 1 / 3}, CHECKS, "a hint", flagged=True, proven=(2, 3))
    return Graded(outputs, {"double": replace(verdict, traceback=traceback)}, "namespaces", 1234, {"double": 0.1})


class Given(list[JudgeJob]):
    """Judges that note which jobs they were given; each prints its own cell."""

    traceback = ""

    def __call__(self, job: JudgeJob) -> tuple[Graded, float]:
        self.append(job)
        return graded(job.steps[0].source, self.traceback), 0.5


@pytest.fixture
def judges(monkeypatch) -> Given:
    monkeypatch.setattr(journal_module, "surroundings", lambda: "as ever")
    return Given()


@pytest.fixture
def opened(tmp_path: Path, judges: Given) -> Iterator[Callable[..., Journal]]:
    """Opens the journal of a class, as a run does that begins where another ended."""
    journals: list[Journal] = []

    def again(root: Path = tmp_path, assignment: str = "a1", secret: bytes = SECRET) -> Journal:
        if journals:
            journals.pop().close()
        journals.append(Journal(root, assignment, secret, judges))
        return journals[-1]

    yield again
    for journal in journals:
        journal.close()


def file_of(root: Path) -> Path:
    return root / FOLDER / "a1"


@pytest.fixture
def quick(monkeypatch) -> None:
    """Nothing waits for the disk: a test opens a journal for each byte of it."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def write(opened: Callable[..., Journal], students: str) -> None:
    journal = opened()
    for student in students:
        journal.judged(student, job(f"x = '{student}'"))


def known(journal: Journal, judges: Given, students: str) -> str:
    """Whose verdicts come from the journal and not from judges; what comes is the same."""
    for student in students:
        mine = job(f"x = '{student}'")
        assert journal.judged(student, mine) == (graded(f"x = '{student}'"), 0.5)
    asked = {given.steps[0].source for given in judges}
    return "".join(student for student in students if f"x = '{student}'" not in asked)


def test_what_was_judged_once_is_not_judged_again_and_comes_back_as_it_was(opened, judges):
    write(opened, "abc")
    judges.clear()
    journal = opened()
    assert known(journal, judges, "abcd") == "abc"
    assert journal.replayed == ["a", "b", "c"] and len(judges) == 1


def test_a_record_that_is_torn_at_any_byte_costs_itself_alone(opened, judges, tmp_path, quick):
    write(opened, "a")
    one = file_of(tmp_path).stat().st_size
    write(opened, "b")
    whole = file_of(tmp_path).read_bytes()
    for length in range(one, len(whole)):
        file_of(tmp_path).write_bytes(whole[:length])
        journal = opened()
        assert file_of(tmp_path).stat().st_size == one
        if length % 50 == 0:  # and what is written behind it is found the next time
            judges.clear()
            assert known(journal, judges, "ab") == "a"
            judges.clear()
            assert known(opened(), judges, "ab") == "ab"
    for length in range(one):
        file_of(tmp_path).write_bytes(whole[:length])
        opened()
        assert file_of(tmp_path).stat().st_size == 0


def test_a_record_of_which_one_byte_is_another_counts_as_torn(opened, judges, tmp_path, quick):
    write(opened, "a")
    one = file_of(tmp_path).stat().st_size
    write(opened, "bc")
    whole = file_of(tmp_path).read_bytes()
    for place in range(one, one + (len(whole) - one) // 2):
        file_of(tmp_path).write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        opened()
        assert file_of(tmp_path).stat().st_size == one, place  # what follows a broken record is not looked for


def test_nobody_without_the_secret_writes_a_record(opened, judges, tmp_path):
    write(opened, "a")
    for secret in (bytes(32), SECRET[::-1]):
        judges.clear()
        assert known(opened(secret=secret), judges, "a") == ""
        file_of(tmp_path).unlink()
        write(opened, "a")


def test_a_record_holds_for_its_place_and_its_assignment(opened, judges, tmp_path):
    write(opened, "ab")
    data = file_of(tmp_path).read_bytes()
    half = len(data) // 2
    assert len(data) == 2 * half
    shutil.copy(file_of(tmp_path), tmp_path / FOLDER / "a2")
    judges.clear()
    assert known(opened(assignment="a2"), judges, "ab") == ""
    for moved in (data[half:], data[half:] + data[:half]):
        file_of(tmp_path).write_bytes(moved)
        opened()
        assert file_of(tmp_path).stat().st_size == 0


def test_what_a_submission_prints_never_becomes_a_record(opened, judges, tmp_path):
    """A student prints a whole journal, of a class of theirs with the same secret; then the record around it tears."""
    (tmp_path / "theirs").mkdir()
    journal = opened(tmp_path / "theirs")
    journal.judged("victim", job("x = 'v'"))
    loot = file_of(tmp_path / "theirs").read_bytes().decode("latin-1")
    opened().judged("thief", job(loot))
    whole = file_of(tmp_path).read_bytes()
    for cut in (4, 36, 37, len(whole) // 2):
        file_of(tmp_path).write_bytes(whole[cut:])
        judges.clear()
        assert known(opened(), judges, "v") == "" and file_of(tmp_path).stat().st_size > 0
        assert opened()._records.keys() == {"v"}  # the one that was judged just now


CHANGES = {
    "a cell": {"source": "x = 2"},
    "a seed": {"seeds": {"double": "10"}},
    "a limit": {"limits": some_limits(call_seconds=1.5)},
    "isolation": {"isolation": "none"},
    "the data": {"data": {"grey": "mnist"}},
    "a file of the release": {"files": {"coursekit/checks.py": "eA=="}},
    "the walls": {"tier": "landlock"},
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_rests_on_something_else_is_judged_anew(change, opened, judges):
    opened().judged("a", job())
    opened().judged("a", job(**CHANGES[change]))
    assert len(judges) == 2
    opened().judged("a", job(**CHANGES[change]))  # and that is what is kept from now on
    assert len(judges) == 2


def test_another_course_or_another_version_of_the_grader_judges_anew(opened, judges, monkeypatch):
    opened().judged("a", job())
    monkeypatch.setattr(journal_module, "surroundings", lambda: "changed")
    opened().judged("a", job())
    assert len(judges) == 2


@pytest.mark.parametrize(
    "file",
    ["solutions/a1/hidden/x.py", "solutions/a1/bounds.toml", "assignments/a1/checks.py", "autograder/judge/judging.py"],
)
def test_every_file_that_verdicts_rest_on_counts(file, tmp_path, monkeypatch):
    monkeypatch.setattr(versions_module, "ROOT", tmp_path)
    before = surroundings()
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text("x = 1")
    with_it = surroundings()
    (tmp_path / file).write_text("x = 2")
    assert len({before, with_it, surroundings()}) == 3
    monkeypatch.setattr(versions_module, "versions", lambda: "keras 99")
    assert surroundings() not in {before, with_it}


def test_the_same_work_of_two_students_is_judged_for_each(opened, judges):
    journal = opened()
    journal.judged("a", job())
    journal.judged("b", job())
    assert len(judges) == 2


def test_a_fault_of_the_grader_is_not_written_down(opened, judges):
    judges.traceback = "oh"
    opened().judged("a", job())
    opened().judged("a", job())
    assert len(judges) == 2


def test_the_journal_goes_when_all_is_written_and_else_forgets_who_is(opened, judges, tmp_path):
    write(opened, "abc")
    opened().retire(["a", "c", "never judged"])
    judges.clear()
    assert known(opened(), judges, "abc") == "b"
    opened().retire(["a", "b", "c"])
    assert not file_of(tmp_path).exists()
    judges.clear()
    assert known(opened(), judges, "b") == ""


def test_a_full_disk_leaves_whole_records_and_one_sentence(opened, judges, tmp_path):
    write(opened, "ab")
    size = file_of(tmp_path).stat().st_size
    journal = opened()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, hard))
        assert journal.judged("c", job("x = 'c'")) == (graded("x = 'c'"), 0.5)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert journal.problem == f"{file_of(tmp_path)}: cannot be written: File too large"
    journal.judged("d", job("x = 'd'"))  # there is room again, but this run is to end
    assert file_of(tmp_path).stat().st_size == size
    judges.clear()
    assert known(opened(), judges, "abcd") == "ab"


def test_many_at_once_write_whole_records(opened, judges):
    journal, students = opened(), [chr(97 + number) for number in range(26)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda student: journal.judged(student, job(f"x = '{student}'")), students))
    judges.clear()
    assert known(opened(), judges, "".join(students)) == "".join(students)


def test_nobody_else_can_read_it(opened, judges, tmp_path):
    (tmp_path / FOLDER).mkdir(mode=0o777)
    write(opened, "a")
    assert stat.S_IMODE((tmp_path / FOLDER).stat().st_mode) == 0o700
    assert stat.S_IMODE(file_of(tmp_path).stat().st_mode) == 0o600


def test_a_link_in_its_place_is_not_followed(opened, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / FOLDER).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CourseError, match="expected a folder of yours"):
        opened()
    (tmp_path / FOLDER).unlink()
    (tmp_path / FOLDER).mkdir()
    (tmp_path / "elsewhere" / "file").touch()
    file_of(tmp_path).symlink_to(tmp_path / "elsewhere" / "file")
    with pytest.raises(OSError, match="symbolic"):
        opened()
    assert os.listdir(tmp_path / "elsewhere") == ["file"]
