"""The pages that staff open, in a real browser: nothing that a student wrote runs, asks for anything, or acts."""

from __future__ import annotations

import json
import os
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

from autograder.authoring.demo import hand_in

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
    piped = root / "submitted" / "piped" / "a1"  # handed in, and not graded yet
    piped.mkdir(parents=True)
    os.mkfifo(piped / "timestamp.txt")
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


def test_the_rubric_stands_beside_the_answer_and_below_it_on_a_telephone(server, submission, staff):
    staff.open(f"{server}/formgrader/submissions/{submission}/")
    staff.until("formgrader.loaded")
    both = (
        "[...document.querySelectorAll('.with-rubric')].map(e => [...e.children].map(c => c.getBoundingClientRect()))"
    )
    boxes = staff.evaluate(f"{both}.map(cs => cs.map(c => [c.left, c.right, c.top, c.bottom, c.height]))")
    assert len(boxes) == 3  # one for each written answer of a1
    assert all(answer[1] <= rubric[0] and answer[2] == rubric[2] and rubric[4] > 50 for answer, rubric in boxes)
    first = staff.evaluate("document.querySelector('.rubric').innerText")
    assert "Rubric and model answer: fold_proof" in first and "Induction (2)." in first
    assert staff.evaluate("document.querySelectorAll('.rubric math').length") > 20
    staff.call("Emulation.setDeviceMetricsOverride", width=400, height=900, deviceScaleFactor=1, mobile=False)
    boxes = staff.evaluate(f"{both}.map(cs => cs.map(c => [c.left, c.right, c.top, c.bottom, c.height]))")
    assert all(answer[3] <= rubric[2] for answer, rubric in boxes)


def test_what_a_student_hands_in_as_a_time_is_not_waited_for(server, root):
    status, _, body = get(f"{server}/formgrader/api/submissions/a1")
    assert status == 200
    found = {entry["student"]: entry["timestamp"] for entry in json.loads(body)}
    assert found["piped"] is None and {"ada", "mallory"} < set(found)


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


def test_feedback_lists_every_exercise_by_name_and_fits_a_telephone(root, classroom, tab):
    page = root / "feedback" / "ada" / "a1" / "a1_relu_sigmoid.html"
    tab.call("Emulation.setDeviceMetricsOverride", width=400, height=900, deviceScaleFactor=1, mobile=True)
    tab.open(page.as_uri())
    names = [*classroom.assignment.exercises, *classroom.assignment.answers]
    links = tab.evaluate("[...document.querySelectorAll('#toc a')].map(a => [a.innerText, a.getAttribute('href')])")
    assert {text for text, _ in links if text != "comment"} == set(names)
    assert tab.evaluate(
        "[...document.querySelectorAll('#toc a')].every(a => document.getElementsByName(a.hash.slice(1)).length)"
    )
    rows = tab.evaluate("[...document.querySelectorAll('#toc tr')].map(r => [...r.cells].map(c => c.innerText.trim()))")
    assert ["by machine", "70 of 70", ""] in rows and ["total", "70 of 100", ""] in rows
    assert ["same", "8 of 8", ""] in rows and ["valid", "6 of 6", ""] in rows
    assert tab.evaluate("document.documentElement.scrollWidth") <= 400
    gaps = """[...document.querySelectorAll('.rendered_html table')].map(t => t.nextElementSibling
        ? t.nextElementSibling.getBoundingClientRect().top - t.getBoundingClientRect().bottom : 99)"""
    assert min(tab.evaluate(gaps)) >= 5
    formulas = "[...document.querySelectorAll('math')].map(m => m.getBoundingClientRect().height)"
    assert min(tab.evaluate(formulas)) > 0 and len(tab.evaluate(formulas)) > 40
    asked = [url for url in tab.requests() if not url.startswith(("data:", page.as_uri()))]
    assert [url for url in asked if "/fonts/glyphicons" not in url] == []
