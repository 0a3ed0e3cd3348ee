"""Copies are found whatever their names, honest work is not, and what everybody was given proves nothing."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from released import Classroom

from autograder.authoring.demo import cell_source
from autograder.classroom.similarity.comparing import Work, alike
from autograder.classroom.similarity.page import similar_page
from autograder.classroom.similarity.reading import pieces, read_works, released_pieces, years
from autograder.classroom.similarity.winnowing import RUN, WINDOW, fingerprints, tokens, winnow
from autograder.commands.main import main
from autograder.course.config import Course, CourseError
from autograder.course.content import Content
from autograder.grading.grade import Grader

EVIL = '<script>pwned("x")</script><img src="https://evil.example/x.png">'
STUB = 'def f(x, t):\n    """What it promises."""\n    raise NotImplementedError\n'
LOOPS = """\
def f(x, t):
    result = []
    for row in x:
        total = 0.0
        for value, limit in zip(row, t):
            total += max(value, limit) ** 2
        result.append(total / len(row))
    return np.array(result)
"""
DISGUISED = """\
def f( images,threshold ):
    # all my own work
    out = list() if False else []
    for line in images:
        s = 0.0

        for one, least in zip(line,
                              threshold):
            s += max(one, least) ** 2   # the larger
        out.append(s / len(line))
    return np.array(out)
"""
OTHERWISE = """\
def f(x, t):
    clamped = np.maximum(x, t)
    squares = np.square(clamped)
    return np.mean(squares, axis=1)
"""


def marks(source: str) -> set[int]:
    return {one.mark for one in fingerprints(source)}


# -------------------------------------------------------------------------------------------------------- fingerprints


def test_the_papers_own_example_is_winnowed_as_in_the_paper():
    hashes = [77, 74, 42, 17, 98, 50, 17, 98, 8, 88, 67, 39, 77, 74, 42, 17, 98]
    assert [hashes[place] for place in winnow(hashes, 4)] == [17, 17, 8, 39, 17]


def test_every_long_enough_passage_leaves_a_fingerprint_in_both():
    passage = [1_000 - n * 37 % 101 for n in range(WINDOW)]  # the marks of RUN + WINDOW - 1 tokens
    for before in range(20):
        one = [5_000 + n for n in range(before)] + passage + [7_000]
        kept = {one[place] for place in winnow(one, WINDOW)}
        assert kept & set(passage)
    assert winnow([], WINDOW) == [] and winnow([3], WINDOW) == [0] and fingerprints("x = 1") == []


def test_new_names_comments_and_layout_change_no_fingerprint():
    plain = "def f(x):\n    y = x.sum(axis=0) + np.where(x > 1, x, 2)\n    return y / len(x)\n"
    other = 'def g(a):  # mine\n    "Ada"\n    b = a.sum(axis=0) + np.where(a>1,\n  a, 2)\n\n    return b / len(a)\n'
    assert marks(plain) == marks(other)
    assert marks(plain) != marks(plain.replace("sum", "max"))


def test_the_same_text_has_the_same_fingerprints_in_every_process():
    code = "import sys; from autograder.classroom.similarity.winnowing import fingerprints; "
    code += "print([one.mark for one in fingerprints(sys.argv[1])])"
    said = set()
    for seed in ("1", "2"):
        command = [sys.executable, "-c", code, LOOPS]
        done = subprocess.run(command, env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True)
        said.add(done.stdout)
    assert said == {f"{[one.mark for one in fingerprints(LOOPS)]}\n"}


@pytest.mark.parametrize(
    "source", ["", "(" * 5000, "'''" + "x" * 99, "\x00", "if x:\n  y\n z\n", "é = 'ü\n", "%time f(x)\n"]
)
def test_whatever_stands_in_a_cell_is_read_as_far_as_it_goes(source):
    assert isinstance(tokens(source), list) and isinstance(fingerprints(source), list)


def test_lines_are_those_of_the_text():
    found = fingerprints("\n\n" + LOOPS)
    assert min(one.first for one in found) == 3 and max(one.last for one in found) == 10
    assert len(tokens(LOOPS)) > RUN + WINDOW


# --------------------------------------------------------------------------------------------------------- comparison


def class_of(*sources: str) -> list[Work]:
    return [Work(f"student{number}", {"f": source}) for number, source in enumerate(sources)]


def test_a_disguised_copy_is_found_and_other_ways_to_write_it_are_not():
    pairs = alike(class_of(LOOPS, OTHERWISE, DISGUISED), {"f": STUB})
    assert [[work.student for work in pair.works] for pair in pairs] == [["student0", "student2"]]
    (passage,) = pairs[0].passages
    assert {4, 5, 6, 7} <= passage.lines[0] and {8, 9, 10} <= passage.lines[1] and passage.texts == (LOOPS, DISGUISED)


def test_what_was_released_proves_nothing():
    assert alike(class_of(LOOPS, LOOPS), {"f": LOOPS}) == []
    assert alike(class_of(STUB, STUB), {"f": STUB}) == []
    assert len(alike(class_of(LOOPS, LOOPS), {"f": STUB})) == 1


def test_what_many_wrote_is_the_usual_way():
    assert alike(class_of(*[LOOPS] * 6), {}) == []
    assert len(alike(class_of(*[LOOPS] * 5), {})) == 10


def test_an_earlier_year_is_compared_with_this_one_and_not_with_itself():
    earlier = [Work("old", {"f": LOOPS}, "2025"), Work("older", {"f": LOOPS}, "2025")]
    pairs = alike([*class_of(DISGUISED, OTHERWISE), *earlier], {})
    assert [[work.label for work in pair.works] for pair in pairs] == [
        *(["student0", "old (2025)"], ["student0", "older (2025)"]),
    ]
    assert years([Path("/x/2025/submitted"), Path("/x/2024")]) == [
        *(("2025", Path("/x/2025/submitted")), ("2024", Path("/x/2024"))),
    ]


def test_a_page_shows_both_sides_and_says_what_it_is():
    page = similar_page("a1", alike(class_of(LOOPS, DISGUISED), {}), [("cy", EVIL)], 2)
    assert "A place to look, not a verdict." in page and "default-src 'none'" in page
    assert page.count('class="same"') > 8 and "student0 · student1" in page
    assert "<script" not in page and "&lt;script&gt;" in page


def test_whatever_a_student_chose_is_text():
    hostile = f"{LOOPS}\n# {EVIL}\x1b\u202e\n" + "x" * 10_000
    page = similar_page(EVIL, alike([Work(EVIL, {"f": hostile}), Work("b", {"f": hostile})], {}), [], 2)
    assert "<script" not in page and "<img" not in page and "\x1b" not in page and "\u202e" not in page
    assert max(map(len, page.split("\n"))) < 20_000 and not re.search(r'(?:src|href)="(?!#pair-)', page)


# -------------------------------------------------------------------------------------------------------- submissions


class _Renamed(ast.NodeTransformer):
    """Every name that a function gives to something, in other words."""

    def __init__(self, function: ast.FunctionDef) -> None:
        stored = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        self.names = stored | {n.arg for n in ast.walk(function) if isinstance(n, ast.arg)}

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(f"my_{node.id}" if node.id in self.names else node.id, node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(f"my_{node.arg}", node.annotation)


def renamed(source: str) -> str:
    tree = ast.parse(source)
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef))
    return f"# by me alone\n{ast.unparse(_Renamed(function).visit(tree))}\n"


@pytest.fixture(scope="module")
def grader(
    course: Course,
    classroom: Classroom,
    content: Content,
    private_servers: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Grader:
    """One copy of another's work, three who wrote by themselves, and files that are none."""
    classroom = classroom.apart(tmp_path_factory.mktemp("alike") / "class")
    for number in (0, 1, -1):
        written = {n: cell_source(v[number % len(v)].function, n) for n, v in content.variants.items() if v}
        classroom.hand_in(f"honest{number % 3}", classroom.notebook(written))
    classroom.hand_in("source", classroom.notebook())
    copied = classroom.notebook({name: renamed(source) for name, source in classroom.right.items()})
    classroom.hand_in("copy", copied)
    classroom.hand_in("stub", classroom.release())
    classroom.hand_in("broken", '{"cells": [')
    classroom.hand_in("huge", '{"cells": [' + "[" * 2_000_000)
    return Grader(course, course.assignments["a1"], classroom.root)


def test_a_copied_notebook_is_at_the_top_and_hostile_ones_cost_only_themselves(grader, monkeypatch, capsys):
    found = (grader.assignment, grader.root)
    monkeypatch.setattr("autograder.commands.classroom.similar.with_submissions", lambda *_: found)
    course = str(Path(__file__).parents[2])
    assert main(["--course", course, "similar", "a1", "--json"]) == 0
    pairs = json.loads(capsys.readouterr().out)
    assert {one["student"] for one in pairs[0]["students"]} == {"copy", "source"} and pairs[0]["share"] > 0.9
    others = [pair["share"] for pair in pairs[1:] if {"copy", "source"} != {s["student"] for s in pair["students"]}]
    assert all(share < 0.6 for share in others)
    assert not [pair for pair in pairs if "stub" in {one["student"] for one in pair["students"]}]
    assert main(["--course", course, "similar", "a1"]) == 0
    page = (grader.root / "similar" / "a1.html").read_text(encoding="utf-8")
    text = re.sub(r"<[^>]+>", "", page)
    assert "copy · source" in text and "broken: " in text and "huge: " in text and "not a verdict" in text


def test_a_folder_without_submissions_is_refused(grader, tmp_path):
    with pytest.raises(CourseError, match="expected a folder with one folder for each student"):
        list(read_works(grader, tmp_path / "nothing"))
    with pytest.raises(CourseError, match="expected STUDENT/a1/ in it, received none"):
        list(read_works(grader, tmp_path))


def test_experiments_and_stubs_are_no_work(grader):
    released = released_pieces(grader)
    assert set(released) == set(grader.assignment.exercises)
    assert "raise NotImplementedError" in released["threshold_relu"] and "subplots" not in "".join(released.values())
    assert pieces(grader.release) == released
