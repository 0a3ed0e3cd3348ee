"""Sphinx's settings. Nothing of the site is fetched from elsewhere: no script of formulas, no font, no picture."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.logging import getLogger

import coursekit.backend  # noqa: F401 - Keras without greetings: autodoc would hear them
from autograder.grading.pages.formulas import mathml

project = "convnet-course"
release = metadata.version(project)
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]

myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
highlight_language = "text"  # of indented blocks: mostly what one types into a terminal
default_role = "code"  # docstrings write `name`, as Markdown does
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
maximum_signature_line_length = 80
python_use_unqualified_type_names = True
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = project
html_static_path = [str(Path(__file__).parent / "static")]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_use_index = html_domain_indices = False  # the search finds names, too
html_math_renderer = "mathml"
pygments_style, pygments_dark_style = "friendly", "github-dark"


def drawn(tex: str, node: nodes.Element, *, display: bool) -> str:
    """A formula as every browser shows it by itself; a warning, which is an error here, where it cannot be drawn."""
    found = mathml(tex, display=display)
    if found is None:
        getLogger(__name__).warning("this formula cannot be drawn: %s", tex, location=node)
    return found or ""


def _inline(self: Any, node: nodes.Element) -> None:
    self.body.append(drawn(node.astext(), node, display=False))
    raise nodes.SkipNode


def _block(self: Any, node: nodes.Element) -> None:
    self.body.append(f'<div class="formula">{drawn(node.astext(), node, display=True)}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Draw formulas as feedback pages do."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
