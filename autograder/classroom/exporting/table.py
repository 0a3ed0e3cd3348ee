"""A plain table of an assignment's results, for a spreadsheet of one's own."""

from __future__ import annotations

from collections.abc import Mapping

from autograder.classroom.exporting.sheets import Sheet, defused
from autograder.classroom.exporting.standings import Standings, number


def table(known: Standings, write: Mapping[str, float]) -> Sheet:
    """One row for each student: score, maximum, penalty, points by exercise, what waits for a person."""
    names = list(dict.fromkeys(name for one in known.students for name, _ in one.exercises))
    header = ["student", "score", "maximum", "late penalty", *names, "waiting for a person"]
    rows = []
    for one in known.students:
        points = dict(one.exercises)
        score = number(write[one.student]) if one.student in write else ""
        cells = [number(points[name]) if name in points else "" for name in names]
        waiting = " ".join(one.waiting)
        rows.append([defused(one.student), score, number(known.maximum), number(one.penalty), *cells, waiting])
    return Sheet(header, rows, mark=True)
