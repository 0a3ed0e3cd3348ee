"""Gather the site's pages for Sphinx: those that are written are copied, their links moved; the others are made.

    PYTHONPATH=docs .venv/bin/python -m sitemaker.gather NOTEBOOKS PAGES [LITE]

``NOTEBOOKS`` is where ``sitemaker.notebooks`` has put what students get, ``LITE`` where ``sitemaker.lite`` has built
what a browser runs.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from autograder.course.config import Course, load_course
from sitemaker.contents import CARDS, CHAPTERS, HOME, INTERFACE
from sitemaker.links import moved
from sitemaker.measured import calibration
from sitemaker.notebooks import overview, pages

ROOT = Path(__file__).resolve().parents[2]


def sources() -> dict[str, str]:
    """The pages that are written in the repository: their places in the site by their sources."""
    found = {source: place for chapter in CHAPTERS.values() for place, source in chapter.items() if source}
    return found | {source: place for place, source in CARDS.items()}


def gathered(course: Course, notebooks: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Every page's text by its place, and every picture's place by its source.

    Args:
        notebooks: the pages of the assignments.

    Raises:
        BrokenLinks: where a page leads to nothing that the site has.
    """
    texts, pictures, places = dict(notebooks), {}, sources()
    for source, place in places.items():
        texts[place], shown = moved((ROOT / source).read_text(encoding="utf-8"), source, place, places)
        pictures |= shown
    texts["calibration.md"], shown = calibration(course)
    texts["course/index.md"] = overview(course) + _tree("", [*notebooks, *CARDS], "course")
    texts["developers/interface.md"] = interface()
    for title, chapter in CHAPTERS.items():
        if title:
            texts[HOME] += _tree(title, [*chapter], "")
    return texts, pictures | shown


def _tree(title: str, places: list[str], folder: str) -> str:
    """Sphinx's table of contents, which the pages in the repository do without; it shows beside the page, not in it."""
    names = "\n".join(place.removesuffix(".md").removeprefix(f"{folder}/") for place in places)
    caption = f":caption: {title}\n" if title else ""
    return f"\n```{{toctree}}\n:hidden:\n{caption}\n{names}\n```\n"


def interface() -> str:
    """The page of the words in which notebooks, cases and checks are written; Sphinx reads their docstrings."""
    parts = ["# Interface\n\nThe words in which an assignment is written, from their docstrings.\n"]
    for title, modules in INTERFACE.items():
        parts.append(f"## {title}\n")
        for module, names in modules.items():
            listed = f"   :members: {', '.join(names)}\n" if names else "   :members:\n"
            parts.append(f"### `{module}`\n\n```{{eval-rst}}\n.. automodule:: {module}\n{listed}```\n")
    return "\n".join(parts)


def write(texts: Mapping[str, str], pictures: Mapping[str, str], into: Path) -> None:
    """Write a new folder of pages and pictures."""
    shutil.rmtree(into, ignore_errors=True)
    for place, text in texts.items():
        (into / place).parent.mkdir(parents=True, exist_ok=True)
        (into / place).write_text(text, encoding="utf-8")
    for source, place in pictures.items():
        (into / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / source, into / place)


if __name__ == "__main__":
    the_course = load_course(ROOT)
    notebooks, into, *lite = map(Path, sys.argv[1:])
    write(*gathered(the_course, pages(the_course, notebooks, *lite)), into)
