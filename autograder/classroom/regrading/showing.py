"""A comparison for people and for programs: a table with the cause of each difference, lines, or JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.markup import escape
from rich.table import Table

from autograder.classroom.regrading.comparing import Change, Comparison
from autograder.classroom.regrading.preview import Preview

Named = Sequence[tuple[str, Sequence[str]]]


def table(changes: Sequence[Change], title: str) -> Table:
    """A row for each student whose score is another, and one for each exercise that makes it so."""
    made = Table(title=title, title_justify="left", header_style="bold", padding=(0, 1, 0, 0))
    made.add_column("student", overflow="fold")
    made.add_column("exercise", overflow="fold")
    for name in ("before", "after", "gain"):
        made.add_column(name, justify="right", no_wrap=True)
    made.add_column("why", overflow="fold")
    for change in changes:
        total = (_points(change.before), _points(change.after), f"{change.gain:+g}")
        made.add_row(escape(change.student), "total", *total, escape("\n".join(change.notes)), style="bold")
        for cell in change.cells:
            points = (_points(cell.before), _points(cell.after), f"{round(cell.after - cell.before, 2):+g}")
            made.add_row("", cell.name, *points, escape("\n".join(cell.why)))
        made.add_section()
    return made


def lines(
    comparison: Comparison, ungraded: Named = (), again: Sequence[str] = (), new: Sequence[str] = ()
) -> list[str]:
    """What is not a gain or a loss, and still to be known."""
    return [
        *(f"a person decides; the score stands until then: {who}" for who in _who(comparison.undecided)),
        *(f"cannot be graded now; the score stands: {who}" for who in _who(ungraded)),
        *(f"a person's score stays: {who}" for who in _who(comparison.kept)),
        *([f"handed in other work since they were graded: {', '.join(again)}"] if again else []),
        *([f"graded for the first time: {', '.join(new)}"] if new else []),
    ]


def _who(found: Named) -> Iterator[str]:
    return (f"{student}: {', '.join(what)}" for student, what in found)


def summary(comparison: Comparison, students: int) -> str:
    """``2 of 4 students have another score: 1 gains, 1 loses``."""
    gains = [change.gain for change in comparison.changes]
    if not gains:
        return f"no score of {students} students is another"
    up, down = sum(gain > 0 for gain in gains), sum(gain < 0 for gain in gains)
    even = len(gains) - up - down
    parts = [f"{up} gain" if up else "", f"{down} lose" if down else "", f"{even} neither" if even else ""]
    return f"{len(gains)} of {students} students have another score: {', '.join(filter(None, parts))}"


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Plain values: who gains or loses by what, who is left to a person, whose score a person keeps."""
    changes = [{**asdict(change), "gain": change.gain} for change in comparison.changes]
    named: dict[str, Mapping[str, Sequence[str]]] = {
        "undecided": dict(comparison.undecided),
        "kept": dict(comparison.kept),
    }
    return {"changes": changes, **named}


def preview_as_json(found: Preview) -> dict[str, Any]:
    """The same, with all that a preview tells beside it."""
    beside = {"students": found.students, "release": list(found.release), "ungraded": dict(found.ungraded)}
    lists = {"again": list(found.again), "new": list(found.new), "reworded": list(found.reworded)}
    return {**as_json(found.comparison), **beside, **lists}


def _points(points: float) -> str:
    return f"{round(points, 2):g}"
