"""Links between pages, as they are written in the repository and as they must be in the site."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

LINK = re.compile(r"\]\((?P<target>[^)\s#:]+)(?P<anchor>#[^)\s]*)?\)")  # to a file
FENCE = re.compile(r"^( {0,3})(```+|~~~+)")


class BrokenLinks(ValueError):
    """Links of a page that lead to nothing that the site has."""


def moved(text: str, source: str, place: str, places: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """A page's text with its links as they must be where it stands in the site.

    Args:
        text: Markdown.
        source, place: where it is written, below the repository, and where it goes, below the site.
        places: where each page goes, by its source.

    Returns:
        The text, and the pictures that it shows: their places in the site by their sources.

    Raises:
        BrokenLinks: naming those that lead to nothing that the site has.
    """
    pictures: dict[str, str] = {}
    broken: list[str] = []

    def move(match: re.Match[str]) -> str:
        target, anchor = match["target"], match["anchor"] or ""
        found = os.path.normpath(os.path.join(os.path.dirname(source), target))
        if Path(found).suffix in (".png", ".svg"):
            pictures[found] = os.path.normpath(os.path.join(os.path.dirname(place), os.path.basename(found)))
        elif found not in places:
            broken.append(target)
            return match[0]
        to = pictures.get(found) or places[found]
        return f"]({os.path.relpath(to, os.path.dirname(place) or '.')}{anchor})"

    lines, fence = [], ""
    for line in text.split("\n"):
        mark = FENCE.match(line)
        if mark and not fence:
            fence = mark[2]
        elif mark and line.strip() == fence:
            fence = ""
        lines.append(line if fence or line.startswith("    ") else LINK.sub(move, line))
    if broken:
        raise BrokenLinks(f"{source}: {', '.join(broken)}: expected a page that docs/sitemaker/contents.py names")
    return "\n".join(lines), pictures
