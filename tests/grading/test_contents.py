"""The contents of a feedback page: names, parts, subtotals, and what is not decided yet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.grading.pages.contents import Section, for_template, sections


def graded(name: str, score: float, points: float, **more: Any) -> NotebookNode:
    parts = {"course": {"parts": more.pop("parts")}} if "parts" in more else {}
    data = {"grade_id": name, "grade": True, "score": score, "points": points, **more}
    new = new_code_cell if name.startswith("check_") else new_markdown_cell
    return new("", metadata={"nbgrader": data, **parts})


def notebook() -> NotebookNode:
    conv = {"valid": 6.0, "same_padding": 8.0}
    return new_notebook(cells=[
        new_markdown_cell("# A1\n## The ReLU <b>"),
        new_code_cell("", metadata={"nbgrader": {"grade_id": "relu", "solution": True, "comment": "well done"}}),
        graded("check_relu", 3, 4, state="graded by a person"),
        new_markdown_cell("**A prediction.**\n\n## Convolutions\n\n### Not this one"),
        graded("check_conv", 10, 14, parts=conv),
        graded("proof", 0, 8, solution=True, state="a person will look at it"),
    ])  # fmt: skip


@pytest.fixture
def found(tmp_path: Path) -> tuple[Section, ...]:
    verdicts = [{"exercise": "conv", "fraction": {"valid": 1.0, "same_padding": 0.5}}]
    (tmp_path / "verdicts.json").write_text(json.dumps({"verdicts": verdicts}))
    return sections(notebook(), tmp_path)


def test_exercises_stand_by_name_below_the_notebooks_headings(found):
    assert [(s.title, [line.title for line in s.lines]) for s in found] == [
        ("The ReLU <b>", ["relu"]),
        ("Convolutions", ["conv", "proof"]),
    ]
    assert [(s.score, s.points) for s in found] == [(3, 4), (10, 22)]
    assert found[0].lines[0].commented == "comment-relu"


def test_parts_are_those_that_were_judged(found):
    assert found[1].lines[0].parts == (("valid", 6.0, 6.0), ("same_padding", 4.0, 8.0))


def test_a_score_that_a_person_changed_has_no_parts(tmp_path, found):
    changed = notebook()
    changed.cells[4].metadata.nbgrader["score"] = 12
    assert sections(changed, tmp_path)[1].lines[0].parts == ()


@pytest.mark.parametrize(
    "text", ["", "[]", '{"verdicts": 3}', '{"verdicts": [{"exercise": "conv", "fraction": "all"}]}']
)
def test_verdicts_that_cannot_be_read_cost_only_the_parts(text, tmp_path):
    (tmp_path / "verdicts.json").write_text(text)
    assert [line.parts for section in sections(notebook(), tmp_path) for line in section.lines] == [(), (), ()]


def test_what_the_machine_and_a_person_gave_adds_up_to_the_total(found):
    shown = for_template(found, penalty=2.5)
    assert shown["totals"] == [
        {"title": "by machine", "score": "13", "points": "18", "waiting": 0},
        {"title": "by hand", "score": "0", "points": "8", "waiting": 1},
    ]
    assert (shown["score"], shown["points"], shown["penalty"]) == ("10.5", "26", "2.5")
