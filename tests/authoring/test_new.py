"""`course new` makes what works at once, says what is to do in it, and refuses what cannot be."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.authoring.doctor.unfinished import unfinished
from autograder.authoring.new.new import new_assignment, new_exercise
from autograder.authoring.new.places import with_assignment, with_cells, with_element, with_exercise, with_row
from autograder.commands.main import main
from autograder.course.config import CourseError, load_course

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A course that a test may change."""
    for name in ("assignments", "solutions", "course.yaml"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def run(copy: Path) -> Run:
    """Run the command of a copy, machine included; its status and what it said."""
    for name in ("autograder", "datasets"):
        shutil.copytree(ROOT / name, copy / name)
    shutil.copy(ROOT / "requirements.lock", copy)
    (copy / "coursekit").symlink_to("autograder/kit")

    def course(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "autograder.commands.main", *arguments]
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout + done.stderr

    return course


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def todos(text: str) -> list[str]:
    """The places that the doctor names, without line numbers."""
    return re.findall(r"FINDING (\S+?):\d+: ", text)


# ------------------------------------------------------------------------------------------------- what it writes


def test_an_exercise_touches_six_files_at_most_and_says_which(copy, monkeypatch, capsys):
    before = contents(copy)
    monkeypatch.chdir(copy)
    assert main(["new", "a1", "leaky_relu"]) == 0
    said = capsys.readouterr().out
    after = contents(copy)
    changed = {file for file in after if after[file] != before.get(file)}
    assert set(re.findall(r"^(?:made|changed) +(\S+)$", said, re.MULTILINE)) == changed
    assert len(changed) <= 6 and f"{len(changed)} files;" in said
    assert "course doctor a1 --exercise leaky_relu" in said


def test_every_assignment_has_room_for_an_exercise(copy):
    for name in load_course(copy).assignments:
        course = load_course(copy)
        new_exercise(course, course.find(name), "label_smoothing")
        assert len(unfinished(load_course(copy), load_course(copy).find(name), "label_smoothing")) >= 10


def test_course_yaml_keeps_every_comment_and_every_other_line(copy):
    course = load_course(copy)
    before = (copy / "course.yaml").read_text().splitlines()
    new_exercise(course, course.find("a3"), "label_smoothing")
    new_assignment(load_course(copy), "a7_recurrent", "Memory: a start")
    after = (copy / "course.yaml").read_text().splitlines()
    lost = [line for line in before if line not in after]
    assert lost == ["      random_pad_crop: 16"]
    assert "      random_pad_crop: 15" in after
    a7 = load_course(copy).find("a7")
    assert (a7.title, a7.total, list(a7.exercises)) == ("Memory: a start", 100, ["double"])
    assert a7.due > course.find("a6").due


def test_what_is_written_has_our_format(copy):
    course = load_course(copy)
    new_exercise(course, course.find("a4"), "labels_smoothed_by_class")
    new_assignment(load_course(copy), "a7_recurrent", "Recurrent nets")
    shutil.copy(ROOT / "pyproject.toml", copy)
    for check in (["check"], ["format", "--check"]):
        done = subprocess.run([sys.executable, "-m", "ruff", *check, "."], cwd=copy, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a1", "Leaky"], "'Leaky': expected a function's name of small letters"),
        (["a1", "class"], "'class': expected a function's name"),
        (["a1", "sigmoid_forward"], "expected the name of a new exercise, a1 has one"),
        (["a1", "fold_proof"], "expected the name of a new exercise, a1 has one"),
        (["a1", "gradients"], "hidden/gradients.py: expected no such file yet"),
        (["a9", "leaky_relu"], "no assignment 'a9'; known: a1"),
        (["a1_other", "Another a1"], "received a1, which is a1_relu_sigmoid"),
        (["a7_recurrent", " "], "title: expected a line of text"),
        (["a7_recurrent", "two\nlines"], "title: expected a line of text"),
        (["shared_things", "Taken"], ""),
    ],
)
def test_bad_input_gets_one_error_and_nothing_is_written(arguments, said, copy, monkeypatch, capsys):
    if not said:
        (copy / "solutions/shared_things").mkdir()
        said = "solutions/shared_things: expected no such folder yet"
    before = contents(copy)
    monkeypatch.chdir(copy)
    assert main(["new", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error and len(error.splitlines()) == 1
    assert contents(copy) == before


def test_a_file_that_cannot_be_written_leaves_nothing_behind(copy, monkeypatch):
    course, before = load_course(copy), contents(copy)
    written = Path.write_text

    def refuse(path: Path, *arguments: object, **options: object) -> int:
        if path.name == "solution.py":
            raise OSError(28, "No space left on device", str(path))
        return written(path, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(CourseError, match=r"No space left on device; nothing was changed"):
        new_exercise(course, course.find("a1"), "leaky_relu")
    assert contents(copy) == before


# ---------------------------------------------------------------------------------------------- places in a file

YAML = """\
title: T  # a title
assignments:
  # the first
  a1:
    exercises:  # by the machine
      f: 60   # most
      g: {x: 10, y: 5}

    # by hand
    answers: {p: 20, q: 5}
# the end
data: {}
"""


def test_a_line_for_an_exercise_and_one_point_from_what_has_most():
    text, giver = with_exercise(YAML, "a1", "h", "from {giver}")
    assert giver == "f"
    wanted = YAML.replace("f: 60   # most", "f: 59   # most").replace("y: 5}\n", "y: 5}\n      h: 1  # from f\n")
    assert text == wanted


def test_a_point_is_taken_from_an_answer_in_braces():
    text, giver = with_exercise(YAML.replace("f: 60", "f: 6"), "a1", "h", "from {giver}")
    assert giver == "p" and "answers: {p: 19, q: 5}" in text


def test_an_assignment_ends_where_the_next_key_begins():
    text = with_assignment(YAML, "  a2:\n    folder: x\n")
    assert text == YAML.replace("q: 5}\n", "q: 5}\n\n  a2:\n    folder: x\n")


def test_nothing_that_can_give_a_point_is_told():
    with pytest.raises(CourseError, match="with more than 1 point to take a point from"):
        with_exercise("assignments:\n  a1:\n    exercises:\n      g: {x: 90, y: 10}\n", "a1", "h", "")


def test_cells_come_before_the_last_words_of_a_notebook():
    last = "# %% [markdown]\n# **How far are you?**\n\n# %% experiment=summary\nprogress()\n"
    assert with_cells("# %%\nf()\n\n" + last, "# %%\ng()\n") == "# %%\nf()\n\n# %%\ng()\n\n" + last


def test_a_module_without_a_place_is_told():
    assert with_element("E = (\n    1,\n)\n", "E", "    2,\n", "checks.py") == "E = (\n    1,\n    2,\n)\n"
    with pytest.raises(CourseError, match=r"checks.py: expected E = "):
        with_element("F = ()\n", "E", "    2,\n", "checks.py")


def test_a_page_without_a_table_gets_one():
    assert with_row("| exercise | x |\n|---|---|\n\nend\n", "| a | b |\n", "exercise").endswith(
        "|---|\n| a | b |\n\nend\n"
    )
    assert with_row("# Page\n", "| a | b |\n", "exercise").endswith("|---|---|\n| a | b |\n")


# ------------------------------------------------------------------------------------------ what the doctor says

ORDER = ["notebook.py", "checks.py", "solution.py", "hidden/leaky_relu.py", "design.md", "course.yaml"]
LEAKY = {
    "assignments/a1_relu_sigmoid/notebook.py": [
        ("TO-DO leaky_relu: say what", "Below 0 a ReLU has no gradient, a leaky one a small one. Say what"),
        ("leaky_relu(x: np.ndarray)", "leaky_relu(x: np.ndarray, slope: float)"),
        ("    Double every value.\n", "    Compute x where x > 0, and slope * x elsewhere.\n"),
        ("Double every value.", "Compute x where x > 0, and slope * x elsewhere."),
        ("x: float32 or float64, of any shape.", "x: float32 or float64, of any shape.\n        slope: at least 0."),
        (
            "leaky_relu(np.array([1.0, -2.0]))\n        array([ 2., -4.])",
            "leaky_relu(np.array([-2.0]), 0.5)\n        array([-1.])",
        ),
    ],
    "assignments/a1_relu_sigmoid/checks.py": [
        ("(np.array([1.0, -2.0]),), np.array([2.0, -4.0])", "(np.array([1.0, -2.0]), 0.5), np.array([1.0, -1.0])"),
        (
            "(np.array([[0.5, 1.0, 1.5]]),), np.array([[1.0, 2.0, 3.0]])",
            "(np.array([[0.5, -1.0, 0.0]]), 2.0), np.array([[0.5, -2.0, 0.0]])",
        ),
        (
            "(np.array([3.0], np.float32),), np.array([6.0], np.float32)",
            "(np.array([-3.0], np.float32), 0.5), np.array([-1.5], np.float32)",
        ),
        ("read the first line of the docstring aloud, and try x = 1 by hand", "which values change at all?"),
        ("every value of the result is the value of x, twice", "choose between two values with np.where"),
    ],
    "solutions/a1_relu_sigmoid/solution.py": [
        ("def leaky_relu(x):", "def leaky_relu(x, slope):"),
        ("return 2 * x", "return np.where(x > 0, x, slope * x)"),
    ],
    "solutions/a1_relu_sigmoid/hidden/leaky_relu.py": [
        ("reference(x: np.ndarray)", "reference(x: np.ndarray, slope: float)"),
        ("doubled = [value + value for", "leaky = [value if value > 0 else value * slope for"),
        ("np.array(doubled)", "np.array(leaky)"),
        (
            "[Case((x,), reference(x), pure=False) for x in draws]",
            "[Case((x, s), reference(x, s), pure=False) for x in draws for s in (0.0, 0.2, 3.0)]",
        ),
        ("[Case((x,), reference(x), pure=False)]", "[Case((-x, 0.5), reference(-x, 0.5), pure=False)]"),
        ("[Case((x,), reference(x), fresh=True)]", "[Case((x, 0.5), reference(x, 0.5), fresh=True)]"),
        ("def loses_the_sign(x)", "def takes_the_larger(x, slope)"),
        ("Doubles the absolute value.", "Takes the larger of both, which is the other one where the slope is above 1."),
        (
            "try a negative value by hand: which sign has its double?",
            "try a slope of 3 by hand, at x = -1 and at x = 1",
        ),
        ("return 2 * abs(x)", "return np.maximum(x, slope * x)"),
        ("always_in_float64(x)", "always_in_float64(x, slope)"),
        ("return 2 * np.asarray(x, np.float64)", "return np.where(x > 0, x, slope * x).astype(np.float64)"),
        ("writes_into_its_argument(x)", "writes_into_its_argument(x, slope)"),
        ("x *= 2\n", "x[x < 0] *= slope\n"),
        ("as_a_sum_of_two(x)", "as_a_sum_of_two(x, slope)"),
        ("Adds x to itself.", "Adds the positive and the negative part."),
        ("return x + x\n", "return np.maximum(x, 0) + np.minimum(x, 0) * x.dtype.type(slope)\n"),
    ],
    "assignments/a1_relu_sigmoid/design.md": [("TO-DO leaky_relu: what goes wrong most often", "a slope above 1")],
    "course.yaml": [(r"leaky_relu: 1  # TO-DO leaky_relu: .*", "leaky_relu: 1")],
}


def fill_in(copy: Path, texts: dict[str, list[tuple[str, str]]]) -> None:
    """Do what is to do: put texts in place of others, and strike the remaining marks."""
    for file, pairs in texts.items():
        text = (copy / file).read_text()
        for old, new in pairs:
            changed = re.sub(old if old.endswith(".*") else re.escape(old), new.replace("\\", r"\\"), text)
            assert changed != text or old.startswith("    "), (file, old)
            text = changed
        (copy / file).write_text("".join(line for line in text.splitlines(True) if "TO-DO" not in line))


def test_nothing_is_released_that_says_what_its_author_must_do(copy, monkeypatch, capsys):
    monkeypatch.chdir(copy)
    assert main(["new", "a7_recurrent", "Recurrent nets"]) == 0
    assert main(["release", "a7"]) == 2
    error = capsys.readouterr().err
    assert "assignments/a7_recurrent/notebook.py:4: a7: begin with" in error
    assert "design.md" not in error and not (copy / "build").exists()


@pytest.mark.long
def test_an_exercise_made_filled_in_and_examined(run, copy):
    status, said = run("new", "a1", "leaky_relu")
    assert status == 0 and "6 files;" in said
    status, said = run("doctor", "a1", "--exercise", "leaky_relu")
    assert status == 1 and f"{len(todos(said))} findings" in said
    assert list(dict.fromkeys(file.partition("_relu_sigmoid/")[2] or file for file in todos(said))) == ORDER
    fill_in(copy, LEAKY)
    status, said = run("doctor", "a1", "--exercise", "leaky_relu")
    assert status == 0 and "all is well" in said, said
    assert "3 of 3 mutants caught, 3 with their own hint" in said


@pytest.mark.long
def test_an_assignment_made_finished_and_examined(run, copy):
    assert run("new", "a7_recurrent", "Recurrent nets")[0] == 0
    status, said = run("doctor", "a7", "--quick")
    assert status == 1 and "release: no leaks" in said
    found = todos(said)
    assert f"{len(found)} findings" in said and len(found) >= 15
    order = [file.partition("a7_recurrent/")[2] or file for file in found]
    names = ["notebook.py", "checks.py", "solution.py", "hidden/double.py", "proofs.md", "design.md", "course.yaml"]
    assert list(dict.fromkeys(order)) == names
    fill_in(
        copy,
        {
            **{file: [] for file in dict.fromkeys(found) if not file.endswith(("design.md", "course.yaml"))},
            "assignments/a7_recurrent/design.md": [("TO-DO double: what goes wrong most often", "the sign")],
            "course.yaml": [(r"  # TO-DO.*", "")],
        },
    )
    status, said = run("doctor", "a7", "--quick")
    assert status == 0 and "all is well" in said, said
