"""The pages for those who teach, in a real browser: a student's words stay words, nothing is loaded, all of it fits."""

from __future__ import annotations

from collections.abc import Iterator

import chromium
import pytest
from chromium import Tab

from autograder.classroom.guiding.gathering import Answer
from autograder.classroom.guiding.gathering import Question as Asked
from autograder.classroom.guiding.page import guide_page
from autograder.classroom.quizzing.question import Block, Question, Quiz
from autograder.classroom.quizzing.sheet import key_sheet, question_sheet
from autograder.classroom.similarity.comparing import Work, alike
from autograder.classroom.similarity.page import similar_page
from autograder.grading.pages.texts import markdown_html

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium.find() is None, reason="no Chromium here: apt-get install chromium"),
]
EVIL = (
    '<script>pwned("x")</script><img src="https://evil.example/x.png" onerror=pwned(2)>'
    '<a href="javascript:pwned(3)">here</a><style>@import "https://evil.example/x.css";</style>'
)
LONG = "x" * 3000
CODE = f"""\
def f(x, t):
    \"\"\"{EVIL}\"\"\"
    y = {LONG}
    total = x.sum() + t * y - x.mean() / y + t.max() - x.min() * 3
    for row in x:
        total += row.sum() * t - total / y
    return total
"""


def guide() -> str:
    answers = (Answer(EVIL, markdown_html(f"{EVIL} {LONG} $x^2$", {})), Answer("ben", ""))
    asked = Asked("proof", 14, markdown_html("Prove it.", {}), markdown_html("One layer (4).", {}), answers)
    return guide_page(EVIL, [asked], [(EVIL, EVIL)])


def similar() -> str:
    pairs = alike([Work(EVIL, {"f": CODE}), Work("ben", {"f": CODE})], {})
    assert pairs
    return similar_page(EVIL, pairs, [(EVIL, EVIL)], 2)


def quiz() -> Quiz:
    blocks = (Block("text", f"What does this give? {EVIL} {LONG}"), Block("code", CODE))
    question = Question("f", "result", blocks, (EVIL, LONG, "1", "2"), 0, (EVIL, "", "", ""))
    return Quiz("a1", EVIL, EVIL, (question,), {"g": EVIL})


PAGES = {
    "guide": guide,
    "similar": similar,
    "questions": lambda: question_sheet(quiz()),
    "key": lambda: key_sheet(quiz()),
}


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with chromium.browser(tmp_path_factory.mktemp("browser")) as socket:
        yield Tab(socket)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_a_hostile_class_shows_all_and_does_nothing(name, tab, tmp_path):
    path = tmp_path / f"{name}.html"
    path.write_text(PAGES[name](), encoding="utf-8")
    tab.events.clear()
    tab.open(path.as_uri())
    tab.listen(0.2)
    assert [url for url in tab.requests() if url != path.as_uri()] == []
    assert tab.named("Runtime.bindingCalled") == [] and tab.named("Runtime.exceptionThrown") == []
    assert tab.named("Log.entryAdded") == []
    assert tab.evaluate("document.querySelectorAll('script, img, iframe, a[href^=javascript]').length") == 0
    assert 'pwned("x")' in tab.evaluate("document.body.innerText")
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
