"""Turn a student's texts into HTML: markdown, code, what was printed. Everything here may be slow on hostile input."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from nbconvert.filters.ansi import ansi2html
from nbconvert.filters.highlight import Highlight2HTML
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath, import_plugin

from autograder.grading.pages.formulas import mathml
from autograder.grading.pages.markup import clean
from autograder.grading.reading.submitted import kept_attachments

PLUGINS = ("strikethrough", "table", "def_list")  # no check boxes, and an address in a text is a text already


def markdown_html(source: str, attachments: Mapping[str, Any]) -> str:
    """Render a cell's markdown and clean it.

    Cleaned last: what markdown makes of an entity or a reference link is not to be seen before.
    """
    plugins = [import_plugin(name) for name in PLUGINS]
    html = MarkdownWithMath(renderer=_Renderer(escape=False, exclude_anchor_links=True), plugins=plugins).render(source)
    return clean(html, kept_attachments(attachments))


class _Renderer(IPythonRenderer):
    """nbconvert's renderer, but for formulas, and for pictures: those are looked up when all is HTML."""

    def _embed_image_or_attachment(self, src: str) -> str:
        return src

    def block_mermaidjs(self, code: str) -> str:
        return f"<pre>{escape(code)}</pre>"

    def block_math(self, body: str) -> str:
        return _formula(body, display=True, around="$$")

    def inline_math(self, body: str) -> str:
        return _formula(body, display=False, around="$")

    def latex_environment(self, name: str, body: str) -> str:
        return _formula(f"\\begin{{{name}}}{body}\\end{{{name}}}", display=True, around="")


def _formula(tex: str, *, display: bool, around: str) -> str:
    return mathml(tex, display=display) or f"<code>{escape(around + tex + around)}</code>"


def code_html(source: str) -> str:
    """Colour a cell of Python; the colours' classes are the highlighter's own, a student's text is escaped."""
    return str(Highlight2HTML(pygments_lexer="ipython3")(source))


def terminal_html(text: str) -> str:
    """What was printed, with the colours of a terminal."""
    return str(ansi2html(text))
