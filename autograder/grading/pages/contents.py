"""What stands above a feedback page: every exercise and answer by its name, with subtotals."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat.notebooknode import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.course.cells import checked_exercise, promised_parts

RECORD = "verdicts.json"
HEADING = re.compile(r"^## +(\S.*?) *$", re.MULTILINE)
MAX_HEADING = 80  # characters
MAX_RECORD = 50_000_000  # bytes


@dataclass(frozen=True)
class Line:
    """One exercise or answer.

    Args:
        link: the anchor of its score in the page.
        by: who decides: "machine" or "hand".
        state: what a reader should know about the score, "" for nothing.
        parts: name, score and points of each part of an exercise; empty for one without parts.
        commented: the anchor of a person's comment, "" for none.
    """

    title: str
    link: str
    by: str
    score: float
    points: float
    state: str = ""
    parts: tuple[tuple[str, float, float], ...] = ()
    commented: str = ""


@dataclass(frozen=True)
class Section:
    """The lines below one heading of the notebook."""

    title: str
    lines: tuple[Line, ...]

    @property
    def score(self) -> float:
        return sum(line.score for line in self.lines)

    @property
    def points(self) -> float:
        return sum(line.points for line in self.lines)


class GradeStates(NbGraderPreprocessor):
    """Notes beside each score, which nbgrader has written into the notebook, whether a person decided or has to."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        info = resources["nbgrader"]
        with Gradebook(info["db_url"]) as gradebook:
            submission = gradebook.find_submission_notebook(info["notebook"], info["assignment"], info["student"])
            grades = {grade.name: (grade.needs_manual_grade, grade.manual_score) for grade in submission.grades}
        for cell in nb.cells:
            waits, by_hand = grades.get(cell.metadata.get("nbgrader", {}).get("grade_id"), (False, None))
            if waits:
                cell.metadata.nbgrader["state"] = "a person will look at it"
            elif by_hand is not None:
                cell.metadata.nbgrader["state"] = "graded by a person"
        return nb, resources


def sections(notebook: NotebookNode, folder: Path | None = None) -> tuple[Section, ...]:
    """The exercises and answers of a graded notebook below its headings.

    Args:
        folder: where the verdicts on its exercises lie, with the share of each part that was earned.
    """
    fractions = _fractions(folder / RECORD) if folder else {}
    found: list[tuple[str, list[Line]]] = [("", [])]
    comments = dict(_comments(notebook.cells))
    for cell in notebook.cells:
        data = cell.metadata.get("nbgrader", {})
        if data.get("grade") and "score" in data:
            found[-1][1].append(_line(cell, fractions, comments))
        headings = HEADING.findall(cell.source) if cell.cell_type == "markdown" and not data.get("solution") else []
        found += [(heading[:MAX_HEADING], []) for heading in headings]
    return tuple(Section(title, tuple(lines)) for title, lines in found if lines)


def _line(cell: NotebookNode, fractions: Mapping[str, Mapping[str, float]], comments: Mapping[str, str]) -> Line:
    data = cell.metadata.nbgrader
    link, score, points = str(data["grade_id"]), float(data["score"]), float(data.get("points", 0))
    exercise = checked_exercise(link)
    state = str(data.get("state", ""))
    if not exercise:
        return Line(link, link, "hand", score, points, state, commented=comments.get(link, ""))
    paid, earned = promised_parts(cell.metadata), fractions.get(exercise, {})
    parts = [(part, round(worth * earned[part], 2), worth) for part, worth in paid.items() if part in earned]
    whole = abs(sum(score for _, score, _ in parts) - score) < 0.011 * max(1, len(parts))  # else a person changed it
    shown = tuple(parts) if whole and len(parts) == len(paid) > 1 else ()
    return Line(exercise, link, "machine", score, points, state, shown, comments.get(exercise, ""))


def _comments(cells: Iterable[NotebookNode]) -> Iterable[tuple[str, str]]:
    for cell in cells:
        data = cell.metadata.get("nbgrader", {})
        if data.get("comment"):
            yield str(data["grade_id"]), f"comment-{data['grade_id']}"


def _fractions(path: Path) -> dict[str, dict[str, float]]:
    """What share of each part was earned, by exercise; nothing where that cannot be read."""
    try:
        if path.is_symlink() or path.stat().st_size > MAX_RECORD:
            return {}
        verdicts = json.loads(path.read_text(encoding="utf-8"))["verdicts"]
        return {verdict["exercise"]: {p: float(f) for p, f in verdict["fraction"].items()} for verdict in verdicts}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def for_template(found: tuple[Section, ...], penalty: float = 0.0) -> dict[str, Any]:
    """The same as plain values, in the order in which a page shows them."""
    lines = [line for section in found for line in section.lines]
    by = {kind: [line for line in lines if line.by == kind] for kind in ("machine", "hand")}
    return {
        "sections": [
            {
                "title": section.title,
                "score": _number(section.score),
                "points": _number(section.points),
                "lines": [
                    {
                        **{name: getattr(line, name) for name in ("title", "link", "by", "state", "commented")},
                        "score": _number(line.score),
                        "points": _number(line.points),
                        "parts": [
                            {"title": part.replace("_", " "), "score": _number(score), "points": _number(points)}
                            for part, score, points in line.parts
                        ],
                    }
                    for line in section.lines
                ],
            }
            for section in found
        ],
        "totals": [
            {
                "title": f"by {'machine' if kind == 'machine' else 'hand'}",
                "score": _number(sum(line.score for line in chosen)),
                "points": _number(sum(line.points for line in chosen)),
                "waiting": sum(line.state == "a person will look at it" for line in chosen),
            }
            for kind, chosen in by.items()
            if chosen
        ],
        "penalty": _number(penalty) if penalty else "",
        "score": _number(max(0.0, sum(line.score for line in lines) - penalty)),
        "points": _number(sum(line.points for line in lines)),
    }


def _number(value: float) -> str:
    return f"{round(value, 2):g}"
