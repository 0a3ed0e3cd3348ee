"""Questions about a student's own code: each answer is found again here, by other means; nothing hidden is told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from answers import verify
from inside import examination, seeds
from released import Classroom

from autograder.authoring.demo import cell_source
from autograder.classroom.quizzing.composing import compose
from autograder.classroom.quizzing.inputs import hidden_cases, inputs, same_call
from autograder.classroom.quizzing.moodle import quizzes_xml
from autograder.classroom.quizzing.own import NotAsked, find_own
from autograder.classroom.quizzing.question import COUNT, OPTIONS, Block, Question, Quiz
from autograder.classroom.quizzing.quizzing import make_quiz
from autograder.classroom.quizzing.sheet import key_sheet, question_sheet
from autograder.classroom.quizzing.texts import Unshowable, literal, result, shown
from autograder.classroom.submissions import require_student, students
from autograder.commands.main import main
from autograder.course.checks import Check, ExerciseChecks
from autograder.course.config import Course, CourseError
from autograder.course.content import Content
from autograder.grading.grade import Grader
from coursekit.checking import Case, Exercise
from coursekit.observing import CallError, Outcome

EVIL = '</pre><script>pwned("x")</script>]]><img src="https://evil.example/x.png">&amp;'
LOOP = "def threshold_relu_backward(dout, x, t):\n    while True:\n        pass\n"
LEAVES = "def fold_threshold_dense(b1, t, W2, b2):\n    import os\n    os._exit(0)\n"
READS = """\
import pathlib
def threshold_relu(x, t):
    print("Ada was here")
    try:
        return [p.read_text() for p in pathlib.Path("/").glob("**/solutions/a1_relu_sigmoid/solution.py")][0][:60]
    except Exception:
        return np.maximum(x, np.asarray(t, dtype=x.dtype))
"""
# Keeps what it is asked, and gives it back when its process has seen a case that is not a public one.
THIEF = """\
SEEN = []
def sigmoid_forward(x):
    x = np.asarray(x)
    SEEN.append(x.copy())
    public = np.array([0.0, np.log(3.0), 100.0, 800.0, 1e4])
    strange = [y for y in SEEN if y.size and not np.isin(np.abs(y), public).all()]
    if strange:
        first = strange[0].ravel()[:2]
        return first, first
    z = np.exp(-np.abs(x))
    s = np.where(x >= 0, 1 / (1 + z), z / (1 + z)).astype(x.dtype)
    return s, s
"""


@pytest.fixture(scope="module")
def right(content: Content) -> dict[str, str]:
    return {name: cell_source(function, name) for name, function in content.solutions.items()}


def composed(content: Content, cells: Mapping[str, str], submission: bytes = b"") -> list[Question]:
    return compose(content, examination(cells), seeds(content, submission))[0]


# ------------------------------------------------------------------------------------------------------------- answers


@pytest.mark.parametrize("submission", [b"one", b"two", b"three"])
def test_every_answer_is_found_again_by_other_means(content, right, submission):
    questions = composed(content, right, submission)
    assert len(questions) == COUNT and len({question.exercise for question in questions}) == COUNT
    assert len({question.kind for question in questions}) == COUNT
    for question in questions:
        verify(question, right, content, seeds(content, submission)[question.exercise])


def test_a_wrong_function_is_asked_about_as_it_is(content, right):
    wrong = {name: cell_source(content.mutants[name][0].function, name) for name in right}
    questions = composed(content, wrong, b"wrong")
    assert len(questions) == COUNT and "still right" not in {question.kind for question in questions}
    for question in questions:
        verify(question, wrong, content, seeds(content, b"wrong")[question.exercise])


@pytest.mark.long
def test_the_same_submission_has_the_same_questions_and_another_one_others(content, right):
    assert composed(content, right) == composed(content, right)
    assert composed(content, right) != composed(content, right, b"another")


def test_a_function_that_does_not_repeat_itself_is_not_asked_about(content, right):
    fickle = "import itertools\nCOUNT = itertools.count()\ndef threshold_relu(x, t):\n    return x + next(COUNT)\n"
    questions = compose(content, examination({"threshold_relu": fickle}), seeds(content))[0]
    assert {question.kind for question in questions} <= {"known mistakes"}


def test_a_thief_has_nothing_to_give_away(content, right):
    questions = composed(content, {"sigmoid_forward": THIEF}, b"thief")
    text = "\n".join(map(everything, questions))
    spec = content.specs["sigmoid_forward"]
    hidden = hidden_cases(spec, [seeds(content, b"thief")["sigmoid_forward"]])
    numbers = {shown(float(x)) for case in hidden for x in np.asarray(case.args[0]).ravel()[:2]}
    public = {shown(float(x)) for case in spec.exercise.cases for x in np.ravel(case.args[0])}
    assert questions and not [number for number in numbers - public if f"{number}," in text or f"{number}]" in text]


def everything(question: Question) -> str:
    return "\n".join([*(block.text for block in question.blocks), *question.options, *question.remarks])


def test_options_are_four_and_nobody_can_confuse_them(content, right):
    for question in composed(content, right, b"options"):
        assert len(set(question.options)) == OPTIONS == len(question.remarks)


# ------------------------------------------------------------------------------------------------------ what is shown


def hidden_and_public(hidden: Case, public: Case) -> ExerciseChecks:
    return ExerciseChecks(Exercise("f", (public,), ("hint",)), (Check("values", lambda rng: [hidden]),))


def test_no_input_is_a_hidden_case():
    swapped, public = Case((np.array([2.0, 1.0], np.float32),)), Case((np.array([1.0, 2.0]),))
    spec = hidden_and_public(swapped, public)
    for seed in range(20):
        found = inputs(spec, lambda x: x, hidden_cases(spec, [b"seed"]), np.random.default_rng(seed))
        assert found and not any(same_call(one.case, swapped) for one in found)
    free = [inputs(spec, lambda x: x, [], np.random.default_rng(seed)) for seed in range(20)]
    assert any(same_call(one.case, swapped) for found in free for one in found)


def test_inputs_are_those_for_which_the_contract_says_something():
    def reference(x):
        if x[0] > x[1]:
            raise ValueError
        return x

    spec = hidden_and_public(Case((np.zeros(1),)), Case((np.array([1.0, 2.0]),)))
    texts = {one.text for seed in range(20) for one in inputs(spec, reference, [], np.random.default_rng(seed))}
    assert texts == {"f(np.array([1.0, 2.0]))", "f(np.array([1.0, 1.0]))", "f(np.array([2.0, 2.0]))"}


@pytest.mark.parametrize(
    "value",
    [
        *(np.array([[0.5, -2.0]], np.float32), np.float64(0.25), np.array(3.0), np.arange(3), np.array([True, False])),
        *(0.1, -7, "same", None, True, (1.5, [np.zeros(2), "x"]), (2,), {"a": 1}),
    ],
)
def test_a_literal_makes_its_value_again(value):
    again = eval(literal(value), {"np": np})
    assert repr(again) == repr(value)


@pytest.mark.parametrize("value", [np.zeros(25), np.inf, np.array([np.nan]), np.log(3.0), object(), [0] * 99, 1j])
def test_what_nobody_can_calculate_with_is_not_shown(value):
    with pytest.raises(Unshowable):
        literal(value)


def test_results_are_shown_to_four_decimals_with_their_dtype():
    assert shown((np.array([[1 / 3, -1e-9]], np.float32), 2e7)) == "(array([[0.3333, -1e-09]], dtype=float32), 2e+07)"
    assert result(Outcome(error=CallError("ValueError", "secret words"))) == "raises ValueError"
    assert result(Outcome(error=CallError("<script>", ""))) is None and result(None) is None
    assert result(Outcome("a\u202eb")) == "'a\\u202eb'" and result(Outcome("a" * 999)) is None
    assert result(Outcome(10**5000)) is None


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["g = 1"], "no function of this name"),
        (["f = lambda x: x"], "no function of this name"),
        (["def f(x"], "no function of this name"),
        (["def f(x):\n    raise NotImplementedError"], "not written yet"),
        (["def f(x):\n    return x", "def f(x):\n    return 2"], "more than once"),
        (["if True:\n    def f(x):\n        return x"], "not in the ordinary way"),
        (["@cache\ndef f(x):\n    return x"], "not in the ordinary way"),
        (["def f(x):\n" + "    x += 1\n" * 60], "too long"),
        (["def f(x):\n    return " + "x + " * 60 + "x"], "too long"),
    ],
)
def test_a_text_that_is_not_the_whole_truth_is_not_shown(cells, reason):
    with pytest.raises(NotAsked, match=reason):
        find_own(cells, "f")


def test_the_listing_is_the_students_own_text_without_the_docstring():
    own = find_own(
        ["import x\n\ndef f(x: int) -> int:\n    '''Long\n    words.'''\n    # mine\u202e\n    return x + 1\n"], "f"
    )
    assert own.listing == " 1  def f(x: int) -> int:\n 2      # mine\\u202e\n 3      return x + 1"
    assert own.source == "def f(x):\n    return x + 1"
    assert {change.words for change in own.changes} == {
        "line 3:  return x + 1  →  return x - 1",
        "line 3:  return x + 1  →  return x + 2",
        "line 3:  return x + 1  →  return x + 0",
    }
    assert find_own(["def f(x):\r\n    return x\r\n"], "f").listing == " 1  def f(x):\n 2      return x"


# -------------------------------------------------------------------------------------------------------------- formats


def hostile_quiz() -> Quiz:
    blocks = (Block("text", EVIL), Block("code", f"{EVIL}\n\x00\x1b$$x$$"))
    question = Question("f", "still right", blocks, (EVIL, "b", "c", "d"), 1, (EVIL, "", "", ""))
    return Quiz("a1", EVIL, f"a/b{EVIL}\x07", (question, replace(question, options_are_code=False)), {"f": EVIL})


def test_moodle_reads_what_was_meant_and_runs_nothing():
    root = ElementTree.fromstring(quizzes_xml([hostile_quiz(), Quiz("a1", "Title", "nobody", problem="unreadable")]))
    category, *questions = root.findall("question")
    assert category.get("type") == "category" and len(questions) == 2
    path = category.findtext("category/text")
    assert path.startswith("$course$/top/Quizzes/a1/a//b") and re.search(r"[^/]/[^/]", path.split("a//b")[1]) is None
    for question in questions:
        assert question.get("type") == "multichoice" and question.findtext("single") == "true"
        assert [answer.get("fraction") for answer in question.findall("answer")] == ["0", "100", "0", "0"]
        for text in [question.findtext("questiontext/text"), *(a.findtext("text") for a in question.findall("answer"))]:
            assert "<script" not in text and "<img" not in text and "$" not in text and "]]" not in text
    shown_code = re.search(r"<pre>(.*)</pre>", questions[0].findtext("questiontext/text"), re.DOTALL)[1]
    assert unescape(shown_code) == f"{EVIL}\n\\x00\\x1b$$x$$"


def test_sheets_hold_everything_and_the_students_has_no_answers():
    sheet, key = question_sheet(hostile_quiz()), key_sheet(hostile_quiz())
    for page in (sheet, key):
        assert "<script" not in page and "<img" not in page and "&lt;script&gt;" in page
        assert "default-src 'none'" in page and not re.search(r"(?:src|href)=\"", page) and "\x00" not in page
    assert 'class="right"' in key and 'class="right"' not in sheet and 'class="remark"' not in sheet
    assert "<small>f</small> · B</h2>" in key and "· B</h2>" not in sheet


def test_why_there_is_no_question_stands_in_the_key_alone():
    quiz = Quiz("a1", "Title", "ada", problem="Traceback of <b>ours")
    assert "Traceback of &lt;b&gt;ours" in key_sheet(quiz)
    assert "There are no questions" in question_sheet(quiz) and "Traceback" not in question_sheet(quiz)


# ----------------------------------------------------------------------------------------------------- behind the walls


@pytest.fixture(scope="module")
def grader(
    course: Course, classroom: Classroom, private_servers: Path, tmp_path_factory: pytest.TempPathFactory
) -> Grader:
    classroom = classroom.apart(tmp_path_factory.mktemp("quizzes") / "class")
    limits = course.grading.limits.model_copy(update={"call_seconds": 1.0})
    grading = course.grading.model_copy(update={"limits": limits})
    hostile = {"threshold_relu": READS, "threshold_relu_backward": LOOP, "fold_threshold_dense": LEAVES}
    classroom.hand_in("right", classroom.notebook())
    classroom.hand_in("hostile", classroom.notebook({**hostile, "sigmoid_forward": THIEF}))
    classroom.hand_in("broken", '{"cells": [')
    return Grader(course.model_copy(update={"grading": grading}), course.assignments["a1"], classroom.root)


@pytest.mark.slow
def test_a_quiz_is_made_behind_the_walls_and_is_the_same_twice(grader, content, right):
    quiz = make_quiz(grader, "right")
    assert not quiz.problem and len(quiz.questions) == COUNT
    job = grader.job(grader.prepare(grader.root / "submitted" / "right" / "a1" / "a1_relu_sigmoid.ipynb"))
    for question in quiz.questions:
        verify(question, right, content, bytes.fromhex(job.seeds[question.exercise]))
    again = make_quiz(grader, "right")
    assert quizzes_xml([quiz]) == quizzes_xml([again]) and key_sheet(quiz) == key_sheet(again)


@pytest.mark.long
def test_hostile_code_costs_only_its_own_questions(grader, content):
    quiz = make_quiz(grader, "hostile")
    assert not quiz.problem and len(quiz.questions) == COUNT
    assert "Ada was here" not in "".join(option for question in quiz.questions for option in question.options)
    asked = {q.exercise for q in quiz.questions if q.kind != "known mistakes"}
    assert not asked & {"threshold_relu_backward", "fold_threshold_dense"}
    for name in ("threshold_relu", "threshold_relu_backward", "fold_threshold_dense"):  # what is ours is nowhere
        text = "\n".join(everything(question) for question in quiz.questions if question.exercise == name)
        ours = cell_source(content.solutions[name], name).splitlines()[1:]
        assert not [line for line in ours if len(line.split()) > 4 and line.strip() in text]


def test_an_unreadable_hand_in_has_no_quiz_and_says_why(grader):
    assert "expected a notebook in JSON" in make_quiz(grader, "broken").problem
    assert list(students(grader.root / "submitted", "a1")) == ["broken", "hostile", "right"]
    with pytest.raises(CourseError, match=r"received '\.\./right'; there are broken, hostile, right"):
        require_student(grader.root / "submitted", "a1", "../right")


@pytest.mark.slow
def test_the_command_writes_sheets_keys_and_a_file_for_moodle(grader, monkeypatch, capsys):
    monkeypatch.chdir(grader.root)
    monkeypatch.setattr(
        "autograder.commands.classroom.quiz.with_submissions", lambda *_: (grader.assignment, grader.root)
    )
    assert main(["--course", str(Path(__file__).parents[2]), "quiz", "a1", "right"]) == 0
    folder = grader.root / "quizzes" / "a1"
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*")) == [
        *("keys/right.html", "moodle/right.xml", "sheets/right.html"),
    ]
    assert str(folder) in capsys.readouterr().out
