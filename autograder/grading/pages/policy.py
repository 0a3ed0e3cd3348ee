"""What a browser may do for a page of ours, as a Content-Security-Policy: show it, and run nbgrader's own scripts."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable
from typing import Any

from jinja2 import BaseLoader, Environment

SCRIPT = re.compile(r"<script\b", re.IGNORECASE)
HANDLER = re.compile(r"""\bon[a-z]+\s*=\s*"([^"]*)\"""", re.IGNORECASE)

SHUT = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-src 'none'; object-src 'none'"
NOTHING = f"{SHUT}; sandbox"  # for what is no page
# A page that is read and does nothing: no script, no request. Its style is in it, its pictures and fonts are data.
STILL = f"{SHUT}; script-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"


def acting(nonce: str, handlers: Iterable[str] = ()) -> str:
    """The policy of a page with nbgrader's scripts.

    A script runs when the template marked it with this page's ``nonce``, a handler when its text is one of
    ``handlers``: what a student wrote can have neither. Requests go to the server that the page came from.
    """
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in handlers]
    scripts = " ".join([f"'nonce-{nonce}'", *(["'unsafe-hashes'", *sorted(hashes)] if hashes else [])])
    own = "style-src 'self' 'unsafe-inline'; img-src data:; font-src 'self' data:; connect-src 'self'"
    return f"{SHUT}; script-src {scripts}; {own}"


class MarkingLoader(BaseLoader):
    """Marks the scripts that stand in a template's own text with the nonce, before any value is filled in."""

    def __init__(self, loader: BaseLoader, trusted: Callable[[str], bool]) -> None:
        self._loader, self._trusted = loader, trusted

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Any]:
        """The marked source; other people's templates stay unmarked, and their scripts do not run."""
        source, file, current = self._loader.get_source(environment, template)
        if self._trusted(file or ""):
            source = SCRIPT.sub('<script nonce="{{ page_nonce() }}"', source)
        return source, file, current


def handlers_of(sources: Iterable[str]) -> set[str]:
    """The texts of the ``on...`` attributes of templates."""
    return {text for source in sources for text in HANDLER.findall(source)}
