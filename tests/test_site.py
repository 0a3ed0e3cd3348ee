"""The site: every page is in it, links lead somewhere, formulas are drawn, nothing is fetched from elsewhere."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import chromium
import pytest
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from autograder.authoring.build import with_points
from autograder.authoring.leaks import solution_lines, squeeze
from autograder.course.config import Course, Site
from autograder.course.script import read_script
from autograder.grading.pages.formulas import mathml
from sitemaker import measured
from sitemaker.contents import CHAPTERS, INTERFACE
from sitemaker.gather import gathered, sources
from sitemaker.links import BrokenLinks, moved
from sitemaker.notebooks import page, with_openers

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / ".venv-docs" / "bin" / "python"
REMOTE = re.compile(r"\s*(https?:)?//", re.IGNORECASE)
IN_STYLES = re.compile(r"url\(\s*['\"]?\s*(?:https?:)?//[^)]*|@import[^;]*", re.IGNORECASE)


def handouts(course: Course) -> dict[str, str]:
    """Each assignment as a page, from its script: what a release shows but for what nbgrader writes into stubs."""
    pages = {}
    for assignment in course.assignments.values():
        cells = []
        for cell in read_script(ROOT / "assignments" / assignment.folder / "notebook.py").cells:
            prose = cell.role in ("markdown", "answer")
            source = with_points(cell.source, assignment) if prose else cell.source
            cells.append(new_markdown_cell(source) if prose else new_code_cell(source))
        pages[f"course/{assignment.name}.md"] = page(new_notebook(cells=cells))
    return pages


@pytest.fixture(scope="module")
def texts(course: Course) -> dict[str, str]:
    """Every page of the site, by its place."""
    return gathered(course, handouts(course))[0]


def slugs(text: str) -> set[str]:
    """The anchors of a page's headings, as MyST and code hosts make them."""
    outside = re.sub(r"^ {0,3}(```+).*?^ {0,3}\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#{1,3} (.+)$", outside, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def test_every_page_of_the_repository_has_a_place_and_every_place_a_page(course, texts):
    written = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/**/*.md")}
    cards = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("datasets/cards/*.md")}
    assert (written | cards | {"README.md", "CONTRIBUTING.md", "CHANGELOG.md"}) == set(sources())
    assert {place for chapter in CHAPTERS.values() for place in chapter} <= set(texts)
    assert {f"course/{name}.md" for name in course.assignments} <= set(texts)


def test_links_of_the_site_lead_to_pages_and_headings(texts):
    broken = []
    for place, text in texts.items():
        for target, anchor in re.findall(r"\]\(([^)\s#:]*\.md)?(?:#([^)\s]*))?\)", text):
            to = os.path.normpath(os.path.join(os.path.dirname(place), target)) if target else place
            if to not in texts or (anchor and anchor not in slugs(texts[to])):
                broken.append(f"{place}: {target}#{anchor}")
    assert broken == []


def test_a_link_follows_a_page_that_moves():
    places = {"README.md": "index.md", "docs/a/one.md": "a/one.md", "two.md": "b/two.md"}
    text = "[one](docs/a/one.md#part) [two](two.md) [here](#part) [out](https://x.org/a.md) ![p](docs/p.png)"
    text += "\n```\n[code](no.md)\n```\n    [code](no.md)"
    there, pictures = moved(text, "README.md", "index.md", places)
    assert there.splitlines()[0].split(" ", 2)[:2] == ["[one](a/one.md#part)", "[two](b/two.md)"]
    assert there.endswith("![p](p.png)\n```\n[code](no.md)\n```\n    [code](no.md)")
    assert pictures == {"docs/p.png": "p.png"}
    assert moved("[up](../../two.md)", "docs/a/one.md", "a/one.md", places)[0] == "[up](../b/two.md)"


def test_a_link_to_what_the_site_lacks_is_told_by_name():
    with pytest.raises(BrokenLinks, match=r"README.md: setup.cfg: expected"):
        moved("[x](setup.cfg)", "README.md", "index.md", {"README.md": "index.md"})


def test_a_notebook_becomes_its_prose_and_its_code_in_order():
    shown = new_code_cell("x = 1", outputs=[new_output("stream", text="seen only here")])
    notebook = new_notebook(cells=[new_markdown_cell("# Title"), shown, new_code_cell('"""```"""'), new_code_cell("")])
    assert page(notebook) == '# Title\n\n```python\nx = 1\n```\n\n````python\n"""```"""\n````\n'


def openers(text: str) -> list[tuple[str, str]]:
    """The addresses and the words of the links below a page's title."""
    return [(str(link["href"]), link.get_text()) for link in BeautifulSoup(text, "html.parser").select(".openers a")]


def test_a_page_says_where_else_its_notebook_opens(course):
    public = "https://github.com/someone/notes/blob/main/single-file"
    there = course.model_copy(update={"site": Site(notebooks=f"{public}/")})
    text = with_openers("# A1\n\nProse.\n", there, course.find("a1"), {"a1_relu_sigmoid"})
    assert text.startswith("# A1\n\n<p") and text.endswith("</p>\n\nProse.\n")
    assert openers(text) == [
        ("../lite/notebooks/index.html?path=a1_relu_sigmoid.ipynb", "Open here, in the browser"),
        (
            "https://colab.research.google.com/github/someone/notes/blob/main/single-file/a1/a1_relu_sigmoid.ipynb",
            "Open in Colab",
        ),
        (f"https://kaggle.com/kernels/welcome?src={public}/a1/a1_relu_sigmoid.ipynb", "Open in Kaggle"),
    ]


def test_a_page_without_a_public_address_says_nothing_of_other_places(course):
    assert course.site.notebooks is None
    assert with_openers("# A1\n\nProse.\n", course, course.find("a1"), set()) == "# A1\n\nProse.\n"
    assert [words for _, words in openers(with_openers("# A1", course, course.find("a1"), {"a1_relu_sigmoid"}))] == [
        "Open here, in the browser"
    ]


def test_every_formula_is_drawn_without_a_script(texts):
    parser = MarkdownIt("gfm-like", {"linkify": False}).use(dollarmath_plugin)
    found = [
        (place, token.content, token.type == "math_block")
        for place, text in texts.items()
        for block in parser.parse(text)
        for token in [block, *(block.children or [])]
        if token.type in ("math_inline", "math_inline_double", "math_block")
    ]
    assert len(found) > 200, "few formulas are found: is the parser's plugin still the right one?"
    assert [(place, tex) for place, tex, display in found if mathml(tex, display=display) is None] == []


@pytest.mark.parametrize("module", [name for modules in INTERFACE.values() for name in modules])
def test_the_interface_names_what_is_there_and_documented(module):
    names = next(modules[module] for modules in INTERFACE.values() if module in modules)
    loaded = importlib.import_module(module)
    assert [name for name in names if not (getattr(loaded, name).__doc__ or "").strip()] == []


def test_the_course_page_has_every_assignment_with_its_points(course, texts):
    rows = re.findall(r"^\| (a\d) \| \[.*\| (\d+) \| ([\d.]+) \| (\d+) \| ([\d.]+) \|$", texts["course/index.md"], re.M)
    assert [name for name, *_ in rows] == list(course.assignments)
    assert {float(row[2]) + float(row[4]) for row in rows} == {100}


def test_the_calibration_page_says_what_each_file_says(texts):
    assert "### a2: `train_linear_regression`, no images" in texts["calibration.md"]
    assert "The bound is **-0.0048** held-out R²" in texts["calibration.md"]
    assert "once in\n38,000 runs, a wrong one passes once in more than 1,000,000,000;" in texts["calibration.md"]
    assert "| `softmax_output` | wrong | 30 | refused | | | |\n" in texts["calibration.md"]
    assert "### a6: `targeted_attack`, fashion-mnist" in texts["calibration.md"]
    assert "Provisional bounds" not in texts["calibration.md"]  # every item of the course is measured
    assert "| a3 | `fit_normalizer` | statistics of uneven training sets |" in texts["calibration.md"]


def test_a_bound_that_nobody_has_calibrated_is_shown_as_provisional(course, monkeypatch):
    record = {"at_least": 0.501, "runs": 30, "mean": 0.7, "standard_deviation": 0.04, "lowest": 0.6, "unit": "accuracy"}
    monkeypatch.setattr(measured, "read_measurements", lambda folder: {"augment_batch": {"synthetic-colour": record}})
    text, pictures = measured.calibration(course)
    assert "| a3 | `augment_batch` | synthetic-colour | 0.501 | 30 | 0.7 | 0.04 | 0.6 | accuracy |\n" in text
    assert "None is measured yet" in text and not pictures


# ------------------------------------------------------------------------------------------------------ the HTML of it


def fetched_from_elsewhere(html: str) -> list[str]:
    """What a page would load from another place; an ordinary link loads nothing until somebody follows it."""
    found = []
    for tag in BeautifulSoup(html, "html.parser").find_all(True):
        for name, value in tag.attrs.items():
            text = " ".join(value) if isinstance(value, list) else str(value)
            if tag.name != "a" and not name.startswith("xmlns") and REMOTE.match(text):
                found.append(f"<{tag.name} {name}={text}>")
            if name in ("style", "srcset") and re.search(r"(https?:)?//", text):
                found.append(f"<{tag.name} {name}={text}>")
        if tag.name == "style":
            found += IN_STYLES.findall(tag.get_text())
    return found


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://x.org/a.js"></script>',
        '<link rel="stylesheet" href="//x.org/a.css">',
        '<img srcset="a.png 1x, https://x.org/b.png 2x">',
        "<style>@font-face { src: url('https://x.org/a.woff') }</style>",
        "<style>@import 'a.css';</style>",
        '<p style="background: url(//x.org/a.png)">',
    ],
)
def test_a_planted_request_is_found(html):
    assert len(fetched_from_elsewhere(html)) == 1
    assert fetched_from_elsewhere('<a href="https://x.org">x</a> <img src="a.png"> <svg xmlns="https://x.org"/>') == []


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site's HTML, made as `make docs` makes it."""
    if not TOOLS.is_file():
        pytest.skip("the site's tools are not installed; run: make docs")
    folder = tmp_path_factory.mktemp("site")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "docs")}
    sphinx = [TOOLS, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", "-c", ROOT / "docs" / "sitemaker"]
    for command in (
        [sys.executable, "-m", "sitemaker.notebooks", folder / "notebooks"],
        [sys.executable, "-m", "sitemaker.gather", folder / "notebooks", folder / "pages"],
        [*sphinx, "-b", "html", folder / "pages", folder / "html"],
    ):
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.mark.slow
def test_the_site_is_made_without_a_warning_and_loads_nothing_from_elsewhere(site):
    found = {path: fetched_from_elsewhere(path.read_text("utf-8")) for path in site.rglob("*.html")}
    assert len(found) > 20 and [text for several in found.values() for text in several] == []
    styles = {path.name: IN_STYLES.findall(path.read_text("utf-8")) for path in site.rglob("*.css")}
    assert styles and not any(styles.values()), styles


@pytest.mark.slow
def test_every_link_inside_the_site_leads_to_a_file_and_a_place_in_it(site):
    pages = {path: BeautifulSoup(path.read_text("utf-8"), "html.parser") for path in site.rglob("*.html")}
    places = {path: {tag["id"] for tag in soup.find_all(id=True)} for path, soup in pages.items()}
    broken = []
    for path, soup in pages.items():
        for link in soup.select("a[href], img[src], link[href], script[src]"):
            target = str(link.get("href") or link.get("src"))
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            to = (path.parent / name.partition("?")[0]).resolve() if name else path
            if not to.is_file() or (anchor and to in places and anchor not in places[to]):
                broken.append(f"{path.relative_to(site)}: {target}")
    assert broken == []


@pytest.mark.slow
def test_the_pages_of_the_course_hold_no_line_of_a_solution(site, course):
    for assignment in course.assignments.values():
        shown = BeautifulSoup((site / "course" / f"{assignment.name}.html").read_text("utf-8"), "html.parser")
        squeezed = squeeze(shown.get_text())
        assert "raiseNotImplementedError" in squeezed.replace(" ", "")
        assert [line for line in solution_lines(course, assignment.folder) if line in squeezed] == []


@pytest.mark.browser
@pytest.mark.skipif(chromium.find() is None, reason="there is no Chromium on this machine")
def test_pages_fit_a_telephone_and_ask_nothing_of_the_network(site, tmp_path):
    with chromium.browser(tmp_path) as browser:
        tab = chromium.Tab(browser)
        tab.call("Emulation.setDeviceMetricsOverride", width=400, height=900, deviceScaleFactor=1, mobile=True)
        for path in sorted(site.rglob("*.html")):
            tab.open(path.as_uri())
            assert tab.evaluate("document.documentElement.scrollWidth") == 400, path.name
    asked = tab.requests()
    assert len(asked) > 20 and [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert tab.named("Runtime.exceptionThrown") + tab.named("Log.entryAdded") == []
