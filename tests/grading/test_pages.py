"""What a student wrote, as a page shows it: text, formulas and pictures that cannot act, rendered within bounds."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import nbformat
import pytest
from attacks.pages import INJECTIONS, WEARING, WEARING_CODE, WEARING_PRINTED, hostile, png, tamper
from bs4 import BeautifulSoup
from jinja2 import DictLoader, Environment
from traitlets.config import Config

from autograder.grading.pages import formulas, markup, policy, renderer
from autograder.grading.pages import notebook as page_notebook
from autograder.grading.pages.exporter import NBGRADER_TEMPLATES, PageExporter
from autograder.grading.pages.notebook import harmless
from autograder.grading.pages.renderer import Budget, Renderer
from autograder.grading.pages.texts import markdown_html

ROOT = Path(__file__).resolve().parents[2]
ATTACHED = {"honest.png": {"image/png": png()}}


@pytest.fixture(scope="module")
def rendering() -> Iterator[Renderer]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(renderer, "TEXT_SECONDS", 1)  # an honest text takes hundredths: what wears out does so sooner
        made = Renderer()
        yield made
        made.close()


def shown_text(html: str) -> str:
    """What a reader sees of a large page; Beautiful Soup takes a quarter of a minute for it."""
    return unescape(re.sub("<[^>]*>", "", html))


# ------------------------------------------------------------------------------------------------------- what may stand


@pytest.mark.parametrize("kind", INJECTIONS)
def test_injection_leaves_nothing_that_acts(kind):
    soup = BeautifulSoup(markdown_html(INJECTIONS[kind], ATTACHED), "html.parser")
    attributes = markup.ATTRIBUTES | markup.MATH
    for element in soup.find_all(True):
        assert element.name in markup.TAGS | formulas.TAGS
        assert set(element.attrs) <= attributes.get(element.name, set())
        assert element.get("src", "data:image/png;base64,").startswith(
            ("data:image/png;base64,", "data:image/jpeg;base64,")
        )


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("[a paper](https://example.org/p?a=1&b=2)", "a paper (https://example.org/p?a=1&b=2)"),
        ("<https://example.org>", "https://example.org"),
        ("<a href='https://example.org'>a paper</a>", "a paper (https://example.org)"),
        ("[me](mailto:me@example.org)", "me (mailto:me@example.org)"),
        ("[above](#above)", "above"),
        ("![my plot](plot.png)", "[picture not shown: my plot plot.png]"),
        ("![gone](attachment:gone.png)", "[picture not shown: gone attachment:gone.png]"),
        ("<center>**x** y<sub>2</sub></center>", "**x** y2"),
        ("- [x] done", "[x] done"),
        ("1 < 2 & 3 > 2", "1 < 2 & 3 > 2"),
    ],
)
def test_text_says_what_it_said(source, shown):
    assert BeautifulSoup(markdown_html(source, {}), "html.parser").get_text().strip() == shown


def test_attached_and_embedded_pictures_stay_and_every_other_goes():
    embedded = f"![b](data:image/png;base64,{png()})"
    html = markdown_html(f"![a](attachment:honest.png) {embedded} ![c](data:image/png;base64,AAAA)", ATTACHED)
    assert html.count(f'src="data:image/png;base64,{png()}"') == 2
    assert "picture not shown: c" in html


def test_an_attached_picture_is_found_in_every_way_of_writing_it():
    ways = "![a](<attachment:my plot.png>) ![b](attachment:my%20plot.png) <img src='attachment:my plot.png'>"
    html = markdown_html(ways, {"my plot.png": {"image/png": png()}})
    assert html.count(f'src="data:image/png;base64,{png()}"') == 3
    assert markdown_html("![a](plot.png)", {"plot.png": {"image/png": png()}}).count("<img") == 0


def test_pictures_of_a_page_have_a_bound_however_often_they_are_shown(rendering):
    budget = Budget(pixels=10)  # a picture has 4
    attached = {"a.png": {"image/png": png()}}
    twice = "![](attachment:a.png) ![](attachment:a.png)"
    assert rendering.render("markdown", twice, budget, attached).count("<img") == 2
    html = rendering.render("markdown", "![](attachment:a.png)", budget, attached)
    assert "<img" not in html and "million pixels of pictures" in html and budget.problems


def test_text_that_only_looks_like_a_picture_is_rendered(rendering):
    """It is counted after the cleaning, in the one process that renders for everybody."""
    text = '*x* src="data:image/png;base64,xx" ![](data:image/png;base64,A) `data:image/png;base64,AAAAA`'
    budget = Budget()
    assert "<em>x</em>" in rendering.render("markdown", text, budget)
    assert budget.problems == []


def test_pictures_in_the_outputs_of_a_page_have_a_bound(monkeypatch):
    monkeypatch.setattr(page_notebook, "PAGE_PIXELS", 10)
    outputs = [nbformat.v4.new_output("display_data", {"image/png": png()}) for _ in range(4)]
    cells = [nbformat.v4.new_code_cell("plot()", outputs=part) for part in (outputs[:2], outputs[2:])]
    shown = [output for cell in harmless(nbformat.v4.new_notebook(cells=cells)).cells for output in cell.outputs]
    assert ["image/png" in output.data for output in shown] == [True, True, False, False]
    assert "this page has too many" in shown[-1].data["text/plain"]


# ------------------------------------------------------------------------------------------------------------ formulas


def course_formulas() -> Iterator[str]:
    notebooks = ((re.sub("^# ?", "", p.read_text(), flags=re.M)) for p in ROOT.glob("assignments/*/notebook.py"))
    for text in (*notebooks, *(p.read_text() for p in ROOT.glob("solutions/*/proofs.md"))):
        prose = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.S)
        yield from (match[1] or match[2] for match in re.finditer(r"\$\$(.+?)\$\$|\$(.+?)\$", prose, re.S))


def test_every_formula_of_the_course_is_drawn():
    found = list(course_formulas())
    assert len(found) > 300
    assert [tex for tex in found if formulas.mathml(tex, display=True) is None] == []


@pytest.mark.parametrize(
    "tex",
    [
        r"\mathbf{W} x + \mathbb{1}_{x > t}",
        r"\begin{align} a &= b \\ c &= d \end{align}",
        r"\begin{aligned} a &= b \\ c &= d \end{aligned}",
        r"\begin{gather*} a \\ b \end{gather*}",
        r"f(x) = \begin{cases} x & x > t \\ t & \text{otherwise} \end{cases}",
        r"\frac{\partial L}{\partial x} = \sum_{i=1}^{n} \nabla_\theta \mathcal{L}(x_i)",
        r"\left\lVert \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} \right\rVert \leq \varepsilon",
    ],
)
def test_formula_of_an_answer_is_drawn(tex):
    assert "<math" in (formulas.mathml(tex, display=True) or "")


def test_bold_and_blackboard_letters_look_like_what_they_are():
    drawn = formulas.mathml(r"\mathbf{W} \mathbb{R} \mathbf{1} \mathfrak{C}", display=False)
    assert [letter for letter in drawn if letter in "𝐖ℝ𝟏ℭ"] == list("𝐖ℝ𝟏ℭ")


@pytest.mark.parametrize(
    ("tex", "signs"),
    [("100-121=-21", 1), ("((-10)^2+10^2)/2", 1), (r"[-1,+1]", 2), ("(a)-b", 0), (r"a\cdot-b", 1), ("x!-|y|", 0)],
)
def test_a_sign_stands_close_to_its_number_and_an_operation_does_not(tex, signs):
    assert (formulas.mathml(tex, display=False) or "").count('<mo form="prefix">') == signs


@pytest.mark.parametrize(
    "tex", [r"\unknown x", r"a \\ b", r"a & b", r"\frac{1", r"}{", r"\begin{tikzcd} a \end{tikzcd}"]
)
def test_what_cannot_be_drawn_exactly_is_shown_as_it_was_written(tex):
    assert formulas.mathml(tex, display=False) is None
    html = markdown_html(f"${tex}$", {})
    assert tex in BeautifulSoup(html, "html.parser").get_text()


MOVING = (r"\hspace{-90em}x", r"\hspace{90em}x", r"\rule{90em}{90em}", r"\raise90em{x}")


@pytest.mark.parametrize(
    "tex", [r"\href{javascript:x}{y}", r"\class{a}{x}", r"\style{top:0}{x}", r"\color{red}{x}", *MOVING]
)
def test_formula_names_links_and_moves_nothing(tex):
    drawn = formulas.mathml(tex, display=False) or ""
    assert not re.search(r"href|class|style=|id=|90em|-\d", drawn)


# -------------------------------------------------------------------------------------------------------------- bounds


@pytest.mark.parametrize("kind", WEARING)
def test_wearing_markdown_is_rendered_or_shown_as_it_was_written(kind, rendering):
    budget = Budget()
    html = rendering.render("markdown", WEARING[kind], budget, ATTACHED)
    assert budget.seconds >= renderer.PAGE_SECONDS - renderer.TEXT_SECONDS - 1
    assert bool(budget.problems) == html.startswith("<p><strong>Shown as it was written")
    assert rendering.render("markdown", "*next*", Budget()) == "<p><em>next</em></p>\n"


@pytest.mark.parametrize("kind", ["environments", "displays that never end", "longer than an answer may be"])
def test_text_beyond_the_bounds_is_flagged_and_can_be_read(kind, rendering):
    budget = Budget()
    html = rendering.render("markdown", WEARING[kind], budget)
    assert len(budget.problems) == 1 and budget.problems[0] in html
    assert WEARING[kind][:50_000] in shown_text(html)


@pytest.mark.parametrize("kind", WEARING_CODE)
def test_wearing_code_is_shown_in_full_or_as_it_was_written(kind, rendering):
    html = rendering.render("code", WEARING_CODE[kind], Budget())
    assert WEARING_CODE[kind][:90_000].strip() in shown_text(html)


@pytest.mark.parametrize("kind", WEARING_PRINTED)
def test_wearing_output_is_shown(kind, rendering):
    budget = Budget()
    assert rendering.render("terminal", WEARING_PRINTED[kind], budget) is not None
    assert budget.seconds > 0


def test_page_that_used_up_its_time_still_shows_every_text(rendering):
    budget = Budget(seconds=0)
    assert "a *b*" in rendering.render("markdown", "a *b*", budget)
    assert len(budget.problems) == 1


def test_page_has_a_bound_on_its_length(rendering):
    assert "not shown" in rendering.render("markdown", "a b", Budget(room=5))


def test_process_that_renders_is_started_again_and_ends_with_its_owner():
    made = Renderer()
    made.render("markdown", "x", Budget())
    first = made._worker.pid
    os.kill(first, 9)
    assert made.render("markdown", "x", budget := Budget()).endswith("<pre>x</pre>")
    assert len(budget.problems) == 1
    assert made.render("markdown", "*x*", Budget()) == "<p><em>x</em></p>\n"
    second = made._worker.pid
    del made
    assert not Path(f"/proc/{first}").exists() and not Path(f"/proc/{second}").exists()


# --------------------------------------------------------------------------------------------------------- whole pages


@pytest.fixture(scope="module")
def tampered(classroom, tmp_path_factory) -> Path:
    """A graded notebook into which everything was put that a grader should have kept out."""
    folder = tmp_path_factory.mktemp("tampered")
    notebook = classroom.notebook()
    hostile(notebook)
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.update(score=1.0, comment="see [this](https://example.org) <script>x</script>")
        if cell.cell_type == "code":
            cell.setdefault("outputs", [])
    nbformat.write(notebook, folder / "a1_relu_sigmoid.ipynb")
    tamper(folder)
    return folder / "a1_relu_sigmoid.ipynb"


def page(path: Path, template: str, nonce: str = "") -> str:
    config = Config()
    config.HTMLExporter.template_name = template
    config.HTMLExporter.extra_template_basedirs = [str(NBGRADER_TEMPLATES)]
    config.HTMLExporter.extra_template_paths = [
        str(NBGRADER_TEMPLATES.parent / "static/node_modules/bootstrap/dist/css")
    ]
    exporter = PageExporter(config=config)
    exporter.nonce = nonce
    evil = "\"'></script><script>x</script>\\"
    resources = {"nbgrader": {"notebook": evil, "student": evil, "score": 1, "max_score": 2, "late_penalty": 0}}
    resources |= {"base_url": "", "index": 0, "total": 1} | dict.fromkeys(
        ("student", "last_name", "first_name", "notebook_id", "assignment_id", "submission_id", "notebook_path"), evil
    )
    html, returned = exporter.from_filename(str(path), resources=resources)
    assert returned["nbgrader"]["student"] == evil  # nbgrader makes the path of the page from it
    return html


@pytest.mark.parametrize(("template", "nonce"), [("feedback", ""), ("formgrade", "drawn-for-this-page")])
def test_tampered_notebook_makes_a_page_without_anything_of_a_students_that_acts(tampered, template, nonce):
    soup = BeautifulSoup(page(tampered, template, nonce), "html.parser")
    head = soup.head.find_all(True)
    assert head[0].get("charset") and head[1]["http-equiv"] == "Content-Security-Policy"
    rules = head[1]["content"]
    assert "default-src 'none'" in rules and ("'nonce-drawn" in rules if nonce else "script-src 'none'" in rules)
    scripts = soup.find_all("script")
    assert {script.get("nonce") for script in scripts} == ({nonce} if nonce else set())
    assert not [s for s in scripts if "pwned" in s.text or "https:" in s.get("src", "")]
    for place in soup.select(".text_cell_render, .input_area, .output_area, .panel-footer"):
        for element in place.find_all(True):
            assert element.name not in ("a", "script", "iframe", "form", "svg", "object", "style", "link", "meta")
            assert not [name for name in element.attrs if name.startswith("on") or name in ("id", "name", "href")] or (
                element.name in ("textarea", "input")
            )
    assert nonce or "https://example.org" in soup.get_text()  # of the comment: the formgrader fetches it for itself
    assert len([i for i in soup.find_all("img") if i.get("src") == f"data:image/png;base64,{png()}"]) == 2


def test_scripts_of_other_peoples_templates_are_not_marked():
    texts = {"ours": "<SCRIPT src=x></script>", "theirs": "<script>{{ value }}</script>"}
    loader = policy.MarkingLoader(DictLoader(texts), trusted=lambda file: False)
    assert Environment(loader=loader).get_template("theirs").render(value=1) == "<script>1</script>"
    marking = policy.MarkingLoader(DictLoader(texts), trusted=lambda file: True)
    made = Environment(loader=marking).get_template("ours").render(page_nonce=lambda: "n")
    assert made == '<script nonce="n" src=x></script>'


def test_nbgraders_own_handlers_are_known_word_for_word():
    files = [path for path in NBGRADER_TEMPLATES.rglob("*") if path.suffix in (".tpl", ".j2")]
    known = policy.handlers_of(path.read_text() for path in files)
    assert {"toggleAllNames()", "toggle_name(true);", "toggle_name(false);", "createAssignmentModal();"} <= known
