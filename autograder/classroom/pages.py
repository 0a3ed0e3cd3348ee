"""Pages for those who teach: HTML that holds everything, loads nothing, and runs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

POLICY = Markup("default-src 'none'; style-src 'unsafe-inline'; img-src data:")  # the page's Content-Security-Policy


def page(template: Path, helpers: Mapping[str, Any], **values: Any) -> str:
    """Fill in a template; whatever a student may have written is text in it.

    Args:
        template: it may extend and include those beside it, and states ``policy``.
        helpers: functions that it calls.
    """
    environment = Environment(
        loader=FileSystemLoader(template.parent),
        autoescape=select_autoescape(("j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {**helpers, "policy": POLICY}
    return environment.get_template(template.name).render(values)
