"""The table that a teaching assistant reads."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from autograder.classroom.scores import Score, score_table, unjudged_lines

NAMES = [f"exercise_{i}" for i in range(9)]
SCORES = {name: (12.36 if i % 2 else 8.73, 16.0) for i, name in enumerate(NAMES)}


def shown(student: str, width: int, names: list[str]) -> str:
    console = Console(width=width, file=StringIO())
    scores = {name: SCORES[NAMES[i % 9]] for i, name in enumerate(names)}
    console.print(score_table([Score(student, scores, ("proof",))], names, "a2"))
    return console.file.getvalue()


def test_nine_exercises_fit_into_eighty_characters():
    text = shown("half-misconceptions", 80, NAMES)
    assert "…" not in text
    assert text.count("12.4") == 4 and text.count("8.7") == 5
    assert "half-misconceptions" in text and "hand" in text


@pytest.mark.parametrize("student", ["x" * 150, "ada.lovelace+analytical-engine@mathematics.example.org", "ä" * 70])
def test_a_long_name_takes_no_score_its_place(student):
    text = shown(student, 80, NAMES)
    assert text.count("12.4") == 4 and text.count("8.7") == 5
    lines = [line.strip("│").split("│")[0].strip() for line in text.splitlines()]
    assert student in "".join(lines)


def test_a_narrow_window_or_many_exercises_lose_no_score():
    assert shown("ada", 40, NAMES).count("12.4") == 4
    assert shown("ada", 80, [f"exercise_{i}" for i in range(24)]).count("12.4") == 11


def test_who_could_not_be_judged_is_told_with_the_cause(tmp_path: Path):
    for student, trace in {
        "ada": "Traceback\nOSError: disk full",
        "ben": "",
        "cy": "Traceback\nOSError: disk full",
    }.items():
        folder = tmp_path / "autograded" / student / "a1"
        folder.mkdir(parents=True)
        verdict = {"reason": "the grader could not run here", "traceback": trace}
        (folder / "verdicts.json").write_text(json.dumps({"verdicts": [verdict]}))
    assert unjudged_lines(tmp_path, "a1") == [
        "not judged, 2 (ada, cy): the grader could not run here: OSError: disk full"
    ]
