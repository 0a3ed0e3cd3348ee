"""The guide for grading by hand: rubric and answers side by side, and nothing of a student's that acts."""

from __future__ import annotations

from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from damage import cell_of
from released import Classroom

from autograder.commands.main import main
from autograder.course.config import Course

pytestmark = pytest.mark.usefixtures("private_servers")
EVIL = '<script>pwned("x")</script><img src="https://evil.example/x.png"><a href="https://evil.example">here</a>'


@pytest.fixture(scope="module")
def page(classroom: Classroom, course: Course, tmp_path_factory) -> str:
    apart = classroom.apart(tmp_path_factory.mktemp("guide") / "class")
    ada, ben = apart.notebook(), apart.notebook()
    answer = cell_of(ada, "fold_proof")
    answer.source = answer.source.replace("YOUR ANSWER HERE", "Because $\\max\\{t, z\\}$ is **convex**.")
    below = cell_of(ben, "sigmoid_proof")
    ben.cells.insert(ben.cells.index(below) + 1, type(below)(
        cell_type="markdown", id="mine", metadata={}, source=f"Written below. {EVIL}"
    ))  # fmt: skip
    apart.hand_in("ada", ada)
    apart.hand_in("ben", ben)
    apart.hand_in("cy", "no notebook")
    out = apart.root / "guide.html"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(apart.root)
        assert main(["--course", str(course.root), "guide", "a1", "--out", str(out)]) == 0
    return out.read_text("utf-8")


def answers(page: str, question: str) -> dict[str, str]:
    """What each student is shown to have written."""
    sides = BeautifulSoup(page, "html.parser").find(id=question).find_next(class_="sides")
    return {name.get_text(): " ".join(name.find_next_sibling().get_text(" ").split()) for name in sides.find_all("h3")}


def test_each_question_has_its_rubric_beside_all_answers(page, a1):
    soup = BeautifulSoup(page, "html.parser")
    assert [heading["id"] for heading in soup.find_all("h2", id=True)] == list(a1.answers)
    rubric = soup.find(id="fold_proof").find_next(class_="rubric").get_text(" ")
    assert "One layer (4)." in rubric and "Counter-example" not in rubric
    assert "fold_proof · 14 points" in page


def test_an_answer_stands_there_without_its_question(page):
    found = answers(page, "fold_proof")
    assert found["ada"].startswith("Because") and found["ada"].endswith("is convex .")
    assert "<math" in page and "YOUR ANSWER HERE" not in page
    assert found["ben"] == "Nothing was written."


def test_what_was_written_below_the_question_is_there(page):
    assert answers(page, "sigmoid_proof")["ben"].startswith("Written below.")


def test_nothing_of_a_student_acts(page):
    assert "<script" not in page and 'src="http' not in page and 'href="http' not in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page


def test_who_could_not_be_read_is_named(page):
    text = BeautifulSoup(page, "html.parser").get_text(" ")
    assert "cy: " in text.partition("Not read")[2] and "cy" not in answers(page, "fold_proof")


def test_the_page_lies_with_the_other_pages(classroom, course, tmp_path: Path, monkeypatch, capsys):
    apart = classroom.apart(tmp_path / "class")
    apart.hand_in("ada", apart.notebook())
    monkeypatch.chdir(apart.root)
    assert main(["--course", str(course.root), "guide", "a1"]) == 0
    assert "3 questions, 1 submission" in capsys.readouterr().out
    assert (apart.root / "guide" / "a1.html").is_file()
