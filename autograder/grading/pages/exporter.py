"""nbconvert's HTML exporter for formgrader and feedback: the same templates, over a student's work that cannot act."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbgrader
from jinja2 import BaseLoader, Environment, pass_context
from jinja2.runtime import Context
from nbconvert.exporters import HTMLExporter
from nbconvert.exporters.templateexporter import TemplateExporter
from nbformat.notebooknode import NotebookNode
from traitlets import Unicode, default

from autograder.course.script import named_sections
from autograder.grading.pages import policy
from autograder.grading.pages.contents import for_template, sections
from autograder.grading.pages.markup import plain
from autograder.grading.pages.notebook import escaped, harmless
from autograder.grading.pages.renderer import Budget, Renderer

TEMPLATES = Path(__file__).parent / "templates"
NBGRADER_TEMPLATES = Path(nbgrader.__file__).parent / "server_extensions" / "formgrader" / "templates"
HEAD = "<head>"
# A cell paints inside its own box, whatever is in it; the columns of formulas are set as TeX sets them.
STYLE = """<style>
.text_cell_render, .input_area, .output_area { contain: content; overflow-x: auto; }
.rendered_html img, .output_area img { max-width: 100%; height: auto; }
.rendered_html table { display: block; max-width: 100%; overflow-x: auto; margin: .7em 0 1em; }
.rendered_html th, .rendered_html td { padding: .15em .7em; border: 1px solid #ddd; text-align: left; }
.rendered_html thead:not(:has(th:not(:empty))) { display: none; }
.rendered_html pre { overflow-x: auto; }
.rendered_html math[display="block"] { overflow-x: auto; overflow-y: hidden; max-width: 100%; }
.rubric { border-left: 3px solid #5b9bd5; background: #f4f8fc; padding: .5em 1em; margin: .5em 0 1em; }
.rubric summary { font-weight: bold; cursor: pointer; }
@media (min-width: 992px) {
  .with-rubric { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 1em; align-items: start; }
  .with-rubric .rubric { position: sticky; top: 60px; max-height: 85vh; overflow-y: auto; margin-top: 0; }
}
mtd[columnalign="left"] { text-align: left; } mtd[columnalign="right"] { text-align: right; }
</style>"""


class PageExporter(HTMLExporter):
    """Makes one page of a graded notebook.

    Templates see a copy without anything that could act, every text of it passes through the bounded renderer, and the
    page carries its Content-Security-Policy.
    """

    course_root = Unicode(help="the folder of course.yaml").tag(config=True)
    nonce = ""  # of the page's own scripts; a feedback page has none
    handlers: frozenset[str] = frozenset()

    def __init__(self, **kwargs: Any) -> None:
        self._renderer = Renderer()
        self._budget = Budget()
        self._folder: Path | None = None
        super().__init__(**kwargs)

    @default("default_preprocessors")
    def _no_preprocessors(self) -> list[Any]:
        """nbconvert's own rewrite outputs in this process, and some take quadratic time."""
        return []

    def default_filters(self) -> Iterator[tuple[str, Any]]:
        """The templates' filters: whatever a text goes through, it comes out rendered by us, or escaped."""
        yield from super().default_filters()
        yield "markdown2html", self.markdown
        yield "highlight_code", lambda source, **_: self._renderer.render("code", source, self._budget)
        yield "ansi2html", lambda text: self._renderer.render("terminal", text, self._budget)
        yield "clean_html", plain
        yield "strip_files_prefix", lambda html: html

    @pass_context
    def markdown(self, context: Context, source: str) -> str:
        """Markdown to HTML, with the pictures attached to the cell that is being shown."""
        attachments = context.get("cell", {}).get("attachments", {})
        return self._renderer.render("markdown", source, self._budget, attachments)

    def from_notebook_node(
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kwargs: Any
    ) -> tuple[str, dict[str, Any]]:
        """Render a notebook; what had to be shown as it was written is logged with the student's name."""
        self._budget = Budget()
        resources = self._init_resources(resources)
        given = dict(resources)
        path = resources.get("metadata", {}).get("path")
        self._folder = Path(path) if path else None
        # Not HTMLExporter's: that parses the whole page once more, in this process, to write alternative texts.
        html, resources = TemplateExporter.from_notebook_node(self, nb, resources, **kwargs)
        resources.update({name: given[name] for name in given if isinstance(given[name], str | dict)})
        student = given.get("student") or given.get("nbgrader", {}).get("student", "")
        for problem in self._budget.problems:
            self.log.warning("%s: a text is shown as it was written: %s", student, problem)
        return self._with_policy(html), resources

    def _preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        nb, resources = super()._preprocess(nb, resources)
        found = sections(nb, self._folder)
        named = {name: escaped(part) for name, part in resources.items() if name not in ("inlining", "raw_mimetypes")}
        resources.update({name: part for name, part in named.items() if isinstance(part, str | dict)})
        penalty = float(resources.get("nbgrader", {}).get("late_penalty") or 0)
        resources["contents"] = escaped(for_template(found, penalty))
        if self.nonce:  # a page for whoever grades; students never see this
            resources["rubrics"] = self._rubrics(str(resources.get("notebook_id", "")))
        return harmless(nb), resources

    def _rubrics(self, notebook: str) -> dict[str, str]:
        """The model answers of an assignment by the question's name, as they are written; none where there are none."""
        known = {path.parent.name: path for path in Path(self.course_root).glob("solutions/*/proofs.md")}
        if not self.course_root or notebook not in known:
            return {}
        return named_sections(known[notebook].read_text(encoding="utf-8"))

    def _with_policy(self, html: str) -> str:
        rules = policy.acting(self.nonce, self.handlers) if self.nonce else policy.STILL
        start, found, rest = html.partition(
            HEAD
        )  # the first one stands in the template, before any text of a student's
        assert found, "the template has no <head>"
        meta = f'<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{rules}">'
        return f"{start}{HEAD}\n{meta}\n{STYLE}{rest}"

    @default("template_paths")
    def _template_paths(self, prune: bool = True, root_dirs: Any = None) -> list[str]:
        ours = [str(TEMPLATES / f"our_{self.template_name}"), str(TEMPLATES)]
        return [*ours, *super()._template_paths(prune, root_dirs), str(NBGRADER_TEMPLATES)]

    def _create_environment(self) -> Environment:
        environment = super()._create_environment()
        environment.loader = policy.MarkingLoader(_loader_of(environment), _is_ours)
        environment.globals["page_nonce"] = lambda: self.nonce  # called when the page is made: each has its own
        return environment


def _loader_of(environment: Environment) -> BaseLoader:
    assert environment.loader is not None
    return environment.loader


def _is_ours(file: str) -> bool:
    return any(folder in Path(file).parents for folder in (TEMPLATES, NBGRADER_TEMPLATES))
