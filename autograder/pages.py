"""What may appear in the browser of someone who grades: text, tables, pictures; nothing that runs or calls home."""

from __future__ import annotations

from typing import Any

import bleach
from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

TAGS = frozenset({
    "a", "b", "blockquote", "br", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6",
    "hr", "i", "img", "li", "ol", "p", "pre", "s", "span", "strong", "sub", "sup", "table", "tbody", "td", "th",
    "thead", "tr", "ul",
})  # fmt: skip
EVERYWHERE = frozenset({"class", "id", "title", "align"})
PICTURES = (
    "data:image/png;base64,",
    "data:image/jpeg;base64,",
)  # attachments; a remote one would tell who looks, and when


@pass_context
def safe_markdown2html(context: Context, source: str) -> str:
    """Render a cell's markdown, then drop every tag, attribute and address that is not on the allowlist.

    Rendered first and cleaned after: what markdown makes of an entity or a reference link is not to be seen before.
    """
    attachments = context.get("cell", {}).get("attachments", {})
    html = MarkdownWithMath(renderer=IPythonRenderer(escape=False, attachments=attachments)).render(source)
    return bleach.clean(html, tags=TAGS, attributes=_allowed, protocols={"http", "https", "mailto", "data"})


def _allowed(tag: str, name: str, value: str) -> bool:
    if name == "href":
        return tag == "a" and not value.strip().lower().startswith("data:")
    if name == "src":
        return tag == "img" and value.startswith(PICTURES)
    return name in EVERYWHERE or (tag == "img" and name == "alt")


def configure_pages(config: Any) -> None:
    """Make formgrader and feedback pages, which share nbconvert's HTML exporter, render students' markdown safely."""
    config.HTMLExporter.filters = {"markdown2html": safe_markdown2html}
    config.HTMLExporter.sanitize_html = True
