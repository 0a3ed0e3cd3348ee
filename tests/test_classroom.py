"""The table that a teaching assistant reads."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from autograder.classroom import Score, score_table


def test_nine_exercises_fit_into_eighty_characters():
    names = [f"exercise_{i}" for i in range(9)]
    scores = {name: (12.36 if i % 2 else 8.73, 16.0) for i, name in enumerate(names)}
    console = Console(width=80, file=StringIO())
    console.print(score_table([Score("half-misconceptions", scores, ("proof",))], names, "a2"))
    text = console.file.getvalue()
    assert "…" not in text
    assert text.count("12.4") == 4 and text.count("8.7") == 5
    assert "half-misconceptions" in text and "hand" in text
