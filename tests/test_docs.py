"""What the pages in docs/ say is so: drawings are up to date, files that they name are there."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

from autograder.course.content import experiments

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("**/*.md"))]


@pytest.fixture(scope="module")
def drawing() -> ModuleType:
    spec = importlib.util.spec_from_file_location("draw_architecture", ROOT / "docs" / "draw_architecture.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module  # dataclasses look for their module there
    spec.loader.exec_module(module)
    return module


def test_the_drawing_shows_the_table_of_arrows_as_it_is(drawing):
    assert drawing.draw() == drawing.DRAWING.read_text("utf-8"), "run: .venv/bin/python docs/draw_architecture.py"


def test_a_room_without_a_place_in_the_drawing_is_told(drawing, monkeypatch):
    monkeypatch.delitem(drawing.PLACES, "jail")
    with pytest.raises(ValueError, match="differ in jail"):
        drawing.draw()


def test_arrows_that_follow_from_others_are_left_out(drawing):
    table = {"a": {"b", "c"}, "b": {"c"}, "c": set()}
    assert drawing.drawn_arrows(table) == [("a", "b"), ("b", "c")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_modules_that_the_architecture_names_are_there():
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    known = {path.name for path in ROOT.glob("**/*.py") if ".venv" not in path.parts}
    assert {name for name in re.findall(r"`(?:\w+/)*(\w+\.py)`", text)} - known == set()
    rooms = "arriving|reading|pages|walls|inside|models|drawing|kernel|doctor|new|reproducing"
    folders = re.findall(rf"`((?:{rooms})/)`", text)
    assert all(any((ROOT / "autograder").glob(f"*/{folder}")) for folder in folders)


def test_the_glossary_is_in_order_and_has_each_word_once():
    words = re.findall(r"^\| ([a-z -]+) \|", (ROOT / "docs" / "glossary.md").read_text("utf-8"), re.MULTILINE)
    assert words[1:] == sorted(set(words[1:]))


def test_the_committed_report_has_every_row_from_real_data():
    folder = ROOT / "docs" / "reproduced"
    rows = {path.stem: json.loads(path.read_text("utf-8")) for path in (folder / "rows").glob("*-laptop.json")}
    assert {f"{row.name}-laptop" for row in experiments()} == set(rows)
    for name, row in rows.items():
        assert not row["outdated"] and "synthetic" not in row["data"], name
        assert row["summary"]["numbers"] and row["seeds"] and row["machines"] and row["versions"], name
        assert all((folder / "figures" / f"{figure['name']}.png").is_file() for figure in row["figures"]), name
        assert not [claim["text"] for claim in row["summary"]["claims"] if claim["holds"] is False], name
