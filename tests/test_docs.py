"""What pages and docstrings say is so: drawings are up to date, files that they name are there, examples come true."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest
from test_imports import modules

from autograder.course.content import experiments

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("**/*.md"))]
EXAMPLES = [  # notebooks are not modules; the examples of their stubs are run in tests/solutions
    name for name, path in modules(ROOT).items() if path.name != "notebook.py" and ">>>" in path.read_text("utf-8")
]


@pytest.mark.parametrize("module", EXAMPLES)
def test_examples_in_docstrings_come_true(module):
    done = doctest.testmod(importlib.import_module(module), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert done.attempted and not done.failed


@pytest.fixture(scope="module")
def drawing() -> ModuleType:
    file = ROOT / "docs" / "developers" / "draw_architecture.py"
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module  # dataclasses look for their module there
    spec.loader.exec_module(module)
    return module


def test_the_drawing_shows_the_table_of_arrows_as_it_is(drawing):
    as_drawn = drawing.DRAWING.read_text("utf-8")
    assert drawing.draw() == as_drawn, "run: .venv/bin/python docs/developers/draw_architecture.py"


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
    text = (ROOT / "docs" / "developers" / "architecture.md").read_text("utf-8")
    ours = ("assignments", "autograder", "benchmarks", "datasets", "docs", "solutions", "tests")
    known = {path.name for folder in ours for path in (ROOT / folder).glob("**/*.py")}
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
