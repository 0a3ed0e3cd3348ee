"""The pages that staff open, in a real browser: nothing that a student wrote runs, asks for anything, or acts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import chromium
import pytest
from attacks.pages import EVIL_FILE, INJECTIONS, hostile, tamper
from chromium import Tab
from damage import nbgrader
from formgrader import TOKEN, get, serving
from nbgrader.api import Gradebook

from autograder.demo import hand_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium.find() is None, reason="no Chromium here: apt-get install chromium"),
]
FILES = (
    "evil.html",
    "evil.js",
    "evil.svg",
    "evil.css",
    "notes.txt",
    "honest.png",
    "a1_relu_sigmoid.ipynb",
    "verdicts.json",
)


@pytest.fixture(scope="module")
def root(classroom, tmp_path_factory, private_servers) -> Path:
    """A class of two, one of them hostile, graded; afterwards files are put where none may ever be."""
    root = tmp_path_factory.mktemp("browser") / "class"
    shutil.copytree(classroom.root, root)
    shutil.rmtree(root / "submitted", ignore_errors=True)
    for student in ("ada", "mallory"):
        notebook = classroom.notebook()
        if student == "mallory":
            hostile(notebook)
        hand_in(root, student, classroom.assignment, json.dumps(notebook))
    nbgrader(root, "autograde", "a1")
    tamper(root / "autograded" / "mallory" / "a1")
    nbgrader(root, "generate_feedback", "a1")
    return root


@pytest.fixture(scope="module")
def server(root: Path, tmp_path_factory) -> Iterator[str]:
    """A plain `jupyter lab` in nbgrader's root; yields its address."""
    with serving(root, tmp_path_factory.mktemp("home")) as address:
        yield address


@pytest.fixture
def tab(tmp_path: Path) -> Iterator[Tab]:
    with chromium.browser(tmp_path) as browser:
        yield Tab(browser)


@pytest.fixture
def staff(server: str, tab: Tab) -> Tab:
    """A tab in which the instructor has logged in."""
    tab.open(f"{server}/api/status?token={TOKEN}")
    tab.events.clear()
    return tab


@pytest.fixture(scope="module")
def submission(root: Path) -> str:
    with Gradebook(f"sqlite:///{root / 'gradebook.db'}") as gradebook:
        return gradebook.find_submission_notebook("a1_relu_sigmoid", "a1", "mallory").id


# Where to click: the middle of everything that a student wrote, and a grid over all of the page.
PLACES = """(() => {
  const places = [];
  const inside = '.text_cell_render *, .input_area *, .output_area *, .text_cell_render, .input_area, .output_area';
  for (const e of document.querySelectorAll(inside)) for (const b of e.getClientRects())
    if (b.width && b.height) places.push([b.x + b.width / 2, b.y + b.height / 2]);
  const page = document.documentElement;
  for (let y = 60; y < page.scrollHeight; y += 160) for (let x = 40; x < 1160; x += 160) places.push([x, y - scrollY]);
  const near = (x, y) => Math.round(x / 8) + ' ' + Math.round(y / 8);
  const seen = new Map(places.map(([x, y]) => [near(x, y + scrollY), [x, y + scrollY]]));
  return [...seen.values()].sort((a, b) => a[1] - b[1]);
})()"""

# Scroll there; how far, or null where a control of nbgrader's is.
TOP = """(() => {
  scrollTo({top: %(y)s - 500, behavior: 'instant'});
  const e = document.elementFromPoint(%(x)s, %(y)s - scrollY);
  return e && !e.closest('button, input, textarea, nav, .help, .panel-heading') ? scrollY : null;
})()"""


def click_everywhere(tab: Tab) -> int:
    """Click on every place once, but on no control of nbgrader's; returns how many there were."""
    clicked = 0
    for x, y in tab.evaluate(PLACES):
        top = tab.evaluate(TOP % {"x": x, "y": y})
        if top is not None:
            tab.click(x, y - top)
            clicked += 1
    return clicked


def assert_nothing_acted(tab: Tab, own: str) -> None:
    """No script of a student's ran, and nothing was asked for or opened but the page's own."""
    assert tab.named("Runtime.bindingCalled") == []
    assert tab.named("Page.javascriptDialogOpening") == []
    asked = [url for url in tab.requests() if not url.startswith(("data:", own)) and "/fonts/glyphicons" not in url]
    assert asked == []
    assert not [url for url in tab.requests() if "evil" in url or "/files/" in url]
    opened = [e["targetInfo"]["url"] for e in tab.named("Target.targetCreated") if e["targetInfo"]["type"] == "page"]
    assert set(opened) <= {"about:blank", tab.evaluate("location.href")}
    assert tab.evaluate("document.querySelectorAll('iframe, frame, object, embed, form, base, svg').length") == 0


def assert_shows_honest_work(tab: Tab) -> None:
    """The picture is seen, the formula is drawn, and every kind of injection is there to be read."""
    pictures = "[...document.querySelectorAll('.text_cell_render img')]"
    assert tab.evaluate(f"{pictures}.filter(i => i.naturalWidth == 2).length") == 1
    assert tab.evaluate("[...document.images].every(i => !i.src || i.naturalWidth > 0)")
    formula = "[...document.querySelectorAll('.text_cell_render math')].find(m => m.textContent.includes('𝐖'))"
    assert tab.evaluate(f"{formula}.querySelector('mfrac').getBoundingClientRect().height") > 10
    text = tab.evaluate("document.body.innerText")
    for kind in INJECTIONS:
        assert kind in text
    assert "evil.html" in text  # told, not linked


def test_formgrader_shows_a_hostile_submission_that_cannot_act(server, submission, staff):
    staff.open(f"{server}/formgrader/submissions/{submission}/")
    page = f"{server}/formgrader/submissions/{submission}/"
    staff.until("formgrader.loaded && formgrader.grade_uis.length && formgrader.comment_uis.length")
    assert_shows_honest_work(staff)
    before = staff.evaluate("formgrader.grades.toJSON().map(g => [g.name, g.auto_score, g.manual_score])")
    assert click_everywhere(staff) > 300
    staff.listen(0.5)
    assert staff.evaluate("location.href").startswith(page)
    assert_nothing_acted(staff, f"{server}/formgrader/")
    assert staff.evaluate("document.querySelectorAll('.text_cell_render a, .output_area a, .input_area a').length") == 0
    assert staff.evaluate("formgrader.grades.toJSON().map(g => [g.name, g.auto_score, g.manual_score])") == before


def test_a_person_still_grades_and_comments(server, submission, root, staff):
    staff.open(f"{server}/formgrader/submissions/{submission}/")
    staff.until("formgrader.loaded && formgrader.grade_uis.length && formgrader.comment_uis.length")
    staff.type_into("#fold_proof", "2")
    staff.type_into("#fold_proof-comment", "read $x^2$ again")
    staff.evaluate("document.activeElement.blur()")
    staff.until("formgrader.grades.findWhere({name: 'fold_proof'}).get('manual_score') == 2")
    staff.until("formgrader.comments.findWhere({name: 'fold_proof'}).get('manual_comment')")
    staff.listen(1.0)
    with Gradebook(f"sqlite:///{root / 'gradebook.db'}") as gradebook:
        notebook = gradebook.find_submission_notebook("a1_relu_sigmoid", "a1", "mallory")
        assert next(grade.manual_score for grade in notebook.grades if grade.name == "fold_proof") == 2
        comment = next(comment for comment in notebook.comments if comment.name == "fold_proof")
        assert comment.manual_comment == "read $x^2$ again"


def test_handlers_of_nbgraders_own_still_work(server, submission, staff):
    staff.open(f"{server}/formgrader/submissions/{submission}/")
    staff.until("formgrader.loaded")
    staff.evaluate("document.querySelector('span.name-hidden.glyphicon').click()")
    assert "mallory" in staff.evaluate("document.querySelector('nav').innerText")


@pytest.mark.parametrize(
    "page",
    ["manage_assignments", "gradebook", "manage_students", "gradebook/a1/a1_relu_sigmoid", "manage_submissions/a1"],
)
def test_every_list_of_formgrader_works_under_its_policy(server, staff, page):
    staff.open(f"{server}/formgrader/{page}")
    staff.until("document.querySelector('#main-table tr') && !document.body.innerText.includes('Loading, please wait')")
    refused = [
        e["entry"]["text"] for e in staff.named("Log.entryAdded") if "Content Security Policy" in e["entry"]["text"]
    ]
    assert refused == []
    assert_ran_without_errors(staff)


def assert_ran_without_errors(tab: Tab) -> None:
    assert [event["exceptionDetails"] for event in tab.named("Runtime.exceptionThrown")] == []


def test_an_address_cannot_bring_a_script_into_formgraders_lists(server, staff):
    staff.open(f"{server}/formgrader/gradebook/%22%3B%3C%2Fscript%3E%3Cscript%3Epwned(1)%3C%2Fscript%3E/x")
    staff.listen(0.5)
    assert staff.named("Runtime.bindingCalled") == []


@pytest.mark.parametrize("name", [*FILES, "../a1/evil.html", "%2e%2e/%2e%2e/ada/a1/verdicts.json", ""])
def test_formgrader_serves_no_file_of_a_submission(server, submission, root, name):
    status, headers, body = get(f"{server}/formgrader/submissions/{submission}/x/../{name}" if not name else
                                f"{server}/formgrader/submissions/{submission}/{name}")  # fmt: skip
    assert EVIL_FILE.encode() not in body
    if name:
        assert status == 404
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_feedback_shows_a_hostile_submission_that_cannot_act(root, tab):
    page = root / "feedback" / "mallory" / "a1" / "a1_relu_sigmoid.html"
    tab.open(page.as_uri())
    assert_shows_honest_work(tab)
    assert click_everywhere(tab) > 300
    tab.listen(0.5)
    assert tab.evaluate("location.pathname") == str(page)
    assert_nothing_acted(tab, page.as_uri())
    assert tab.evaluate("document.scripts.length && ![...document.scripts].some(s => s.src)") in (0, True)
    assert "threshold_relu: 4 of 4 points" in tab.evaluate("document.body.innerText")
