"""What is there stays until what replaces it is whole: slips, refusals, a full disk, a kill in the middle."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from damage import fingerprint
from nbgrader.api import Gradebook

from autograder.authoring.build import build_assignment
from autograder.authoring.release import Leaking, release_assignment
from autograder.course.config import Course, CourseError, load_course
from autograder.grading import beside as beside_module
from autograder.grading.agreement import require_fresh_release
from autograder.grading.beside import SCRATCH, beside, swap
from autograder.grading.gradebook import gradebook_url

FOLDER = "a1_relu_sigmoid"
pytestmark = pytest.mark.filterwarnings("ignore:Object of type <Submitted")  # nbgrader's own way to add one


@pytest.fixture
def root(classroom, tmp_path: Path) -> Path:
    """A class whose a1 was released; ada is graded, ben has handed in."""
    root = Path(shutil.copytree(classroom.root, tmp_path / "class", ignore=shutil.ignore_patterns("submitted")))
    for student in ("ada", "ben"):
        (root / "submitted" / student / "a1").mkdir(parents=True)
    with Gradebook(f"sqlite:///{root / 'gradebook.db'}") as gradebook:
        gradebook.add_student("ada")
        gradebook.add_submission("a1", "ada")
        gradebook.find_grade("fold_proof", FOLDER, "a1", "ada").manual_score = 13
        gradebook.db.commit()
    return root


@pytest.fixture
def copied(course: Course, tmp_path: Path) -> Course:
    """The course with its own copy of a1's texts, to be changed."""
    for part in ("assignments", "solutions"):
        for folder in (FOLDER, "shared"):
            shutil.copytree(course.root / part / folder, tmp_path / "course" / part / folder)
    shutil.copy(course.root / "course.yaml", tmp_path / "course")
    return course.model_copy(update={"root": tmp_path / "course"})


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def with_points(course: Course, **points: float) -> Course:
    a1 = course.assignments["a1"]
    exercises = {name: points.get(name, worth) for name, worth in a1.exercises.items()}
    answers = {name: points.get(name, worth) for name, worth in a1.answers.items()}
    due = a1.due + timedelta(days=1)
    return course.model_copy(
        update={"assignments": {"a1": a1.model_copy(update={"exercises": exercises, "answers": answers, "due": due})}}
    )


def kept(root: Path) -> dict[str, str]:
    """All but our own settings, which say where the course lies: here it is another one."""
    return {name: hash for name, hash in fingerprint(root, "gradebook.db").items() if name != "course_config.py"}


# ------------------------------------------------------------------------------ refusals

SLIPS = {
    "cell": ("assignments", "notebook.py", "o = np.linspace(", "o = = np.linspace(", r"notebook\.py:\d+: .*'o = = np"),
    "stub": ("assignments", "notebook.py", "def sigmoid_forward(x", "def sigmoid_forward(x:", r"notebook\.py:\d+: "),
    "solution": ("solutions", "solution.py", "def sigmoid_forward(", "def sigmoid_forward((", r"solution\.py:\d+: "),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_of_the_pen_is_named_and_destroys_nothing(slip, copied, root):
    part, file, old, new, says = SLIPS[slip]
    edit(copied.root / part / FOLDER / file, old, new)
    before = kept(root)
    with pytest.raises(CourseError, match=f"{says}.*mend this line"):
        release_assignment(copied, "a1", root)
    assert kept(root) == before


def test_a_line_of_a_broken_cell_is_the_line_of_the_file(copied, root):
    path = copied.root / "assignments" / FOLDER / "notebook.py"
    edit(path, "o = np.linspace(", "o = = np.linspace(")
    line = next(number for number, text in enumerate(path.read_text().splitlines(), 1) if "= = np" in text)
    with pytest.raises(CourseError, match=rf"notebook\.py:{line}: "):
        release_assignment(copied, "a1", root)


def test_a_release_that_would_leak_is_not_made(copied, root):
    edit(copied.root / "assignments" / FOLDER / "checks.py", "EXERCISES = ", 'W = "def naive_sigmoid(x)"\nEXERCISES = ')
    before = kept(root)
    says = r"a1: not released, it leaks:\n  coursekit/assignment/checks\.py: holds the name of mutant sigmoid_forward\."
    with pytest.raises(Leaking, match=says):
        release_assignment(copied, "a1", root)
    assert kept(root) == before


def test_cells_cannot_come_or_go_once_somebody_is_graded(copied, root):
    question = "# %% [markdown] answer=afterthought\n# **Question.** Why?\n\n"
    path = copied.root / "assignments" / FOLDER / "notebook.py"
    path.write_text(path.read_text() + "\n" + question)
    proofs = copied.root / "solutions" / FOLDER / "proofs.md"
    proofs.write_text(proofs.read_text() + "\n## afterthought\n\nBecause.\n")
    edit(copied.root / "course.yaml", "fold_proof: 14", "fold_proof: 13\n      afterthought: 1")
    before = kept(root)
    says = (
        r"not released, nothing was changed: 1 student \(ada\) has graded work.*would add .*\.afterthought; keep these"
    )
    with pytest.raises(CourseError, match=says):
        release_assignment(load_course(copied.root), "a1", root)
    assert kept(root) == before


def test_plain_nbgrader_keeps_a_release_that_it_cannot_replace(root):
    edit(root / "source" / "a1" / f"{FOLDER}.ipynb", "### END SOLUTION", "### FIN")
    before = kept(root)
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", "a1", "--force"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 1
    assert "nothing was released: nbgrader generate_assignment a1 failed" in done.stderr
    assert kept(root) == before


# ------------------------------------------------------------------------------ after somebody handed in


def test_a_release_after_hand_ins_says_what_changes_and_for_whom(copied, root):
    path = copied.root / "assignments" / FOLDER / "notebook.py"
    edit(path, "**Question M1.1", "**Question M1.1, once more")
    told: list[str] = []
    changed = with_points(copied, threshold_relu=6.0, fold_proof=12.0)
    release_assignment(changed, "a1", root, tell=told.append)
    due = copied.assignments["a1"].due.astimezone(UTC)
    assert told == [
        "a1: handed in by 2 students (ada, ben), 1 graded; this changes for them:",
        "  check_threshold_relu: 4 points become 6".replace("check_", ""),
        "  fold_proof: 14 points become 12; a person gave more than that to 1 student (ada)",
        f"  due: {due:%Y-%m-%d %H:%M} becomes {due + timedelta(days=1):%Y-%m-%d %H:%M} UTC",
        "  they have worked with another text of: fold_proof, another cell, coursekit/assignment/release.json",
        "  scores stay as they are until: course grade a1 --force",
    ]
    with Gradebook(f"sqlite:///{root / 'gradebook.db'}") as gradebook:
        assert gradebook.find_graded_cell("check_threshold_relu", FOLDER, "a1").max_score == 6
        assert gradebook.find_assignment("a1").duedate == (due + timedelta(days=1)).replace(tzinfo=None)
        assert gradebook.find_grade("fold_proof", FOLDER, "a1", "ada").manual_score == 13


KILLED = """
import os, signal, sys
from pathlib import Path
from autograder.authoring import release
from autograder.course.config import load_course

swap, left = release.swap, int(sys.argv[3])
def killed(new, place):
    global left
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    swap(new, place)
release.swap = killed
release.release_assignment(load_course(Path(sys.argv[1])), "a1", Path(sys.argv[2]))
"""


def test_a_kill_in_the_middle_of_a_release_is_told_and_mended_by_the_next(course, tmp_path, root):
    for part in ("assignments", "solutions"):
        (tmp_path / part).symlink_to(course.root / part)
    text = (course.root / "course.yaml").read_text()
    moved = text.replace("threshold_relu: 4", "threshold_relu: 5", 1).replace(
        "sigmoid_forward: 8", "sigmoid_forward: 7", 1
    )
    (tmp_path / "course.yaml").write_text(moved)
    before = fingerprint(root / "release")
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(root), "1"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=course.root)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert fingerprint(root / "release") == before  # all of the old one
    assert (root / SCRATCH).is_dir()
    changed = with_points(course, threshold_relu=5.0, sigmoid_forward=7.0).model_copy(update={"root": tmp_path})
    with pytest.raises(CourseError, match="expected the points of the release, 4, received 5; run: course release a1"):
        require_fresh_release(changed, changed.assignments["a1"], root)
    release_assignment(changed, "a1", root)
    require_fresh_release(changed, changed.assignments["a1"], root, gradebook_url(root))
    assert not (root / SCRATCH).exists()


# ------------------------------------------------------------------------------ folders


@pytest.fixture
def small_files() -> Iterator[None]:
    """Files of more than 20 kB cannot be written, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_is_full_costs_nothing(course, root, small_files):
    before = kept(root)
    with pytest.raises(CourseError, match=r"cannot be written: .*; free or mend it, then run the same command again"):
        build_assignment(course, "a1", root)
    assert kept(root) == before
    assert not (root / SCRATCH).exists()


def test_two_commands_at_once_are_one_too_many(tmp_path):
    with (
        beside(tmp_path),
        pytest.raises(CourseError, match="another course command builds or releases here"),
        beside(tmp_path),
    ):
        pytest.fail("both were let in")
    with beside(tmp_path):
        assert list(tmp_path.iterdir()) == [tmp_path / SCRATCH]


def test_what_a_killed_run_left_is_gone(tmp_path):
    (tmp_path / SCRATCH / "source").mkdir(parents=True)
    with beside(tmp_path) as scratch:
        assert list(scratch.iterdir()) == []


def exchanged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    return tmp_path / "place"


def renamed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the kernel cannot exchange."""
    monkeypatch.setattr(beside_module, "_exchanged", lambda one, other: False)
    return tmp_path / "place"


def linked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    return tmp_path / "link" / "place"


def linked_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "place").symlink_to(tmp_path / "elsewhere")
    return tmp_path / "place"


@pytest.mark.parametrize("make", [exchanged, renamed, linked, linked_itself])
def test_a_folder_takes_the_place_of_another(make: Callable[..., Path], monkeypatch, tmp_path):
    place = make(monkeypatch, tmp_path)
    for number in range(2):  # once where nothing is, once in place of the first
        new = tmp_path / f"new-{number}"
        new.mkdir()
        (new / f"file-{number}").write_text("whole")
        swap(new, place)
        assert [path.name for path in place.iterdir()] == [f"file-{number}"]
    assert make is not linked_itself or place.is_symlink()


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="no second file system here")
def test_a_class_may_lie_on_another_file_system(tmp_path):
    import tempfile

    with tempfile.TemporaryDirectory(dir="/dev/shm") as other:
        place = Path(other, "release", "a1")
        for number in range(2):
            (tmp_path / f"new-{number}").mkdir()
            (tmp_path / f"new-{number}" / f"file-{number}").touch()
            swap(tmp_path / f"new-{number}", place)
            assert [path.name for path in place.parent.rglob("*")] == ["a1", f"file-{number}"]


def test_a_swap_that_fails_puts_the_old_one_back(monkeypatch, tmp_path):
    place = renamed(monkeypatch, tmp_path)
    place.mkdir()
    (place / "old").touch()
    with pytest.raises(FileNotFoundError):
        beside_module.swap(Path(shutil.copytree(place, tmp_path / "new")) / "gone", place)
    assert [path.name for path in place.iterdir()] == ["old"]


def test_due_dates_are_those_of_the_gradebook(course, root):
    later = with_points(course)
    with pytest.raises(CourseError, match=r"a1\.due: expected the date of the gradebook, .*; run: course release a1"):
        require_fresh_release(later, later.assignments["a1"], root, gradebook_url(root))
    assert datetime.now(UTC) < later.assignments["a1"].due


def test_points_that_moved_between_parts_are_named(course, root):
    moved = with_points(course, fold_threshold_conv={"valid": 8.0, "same": 6.0})
    says = "fold_threshold_conv: expected the points of the release, same 8, valid 6, received valid 8, same 6"
    with pytest.raises(CourseError, match=says):
        require_fresh_release(moved, moved.assignments["a1"], root)
