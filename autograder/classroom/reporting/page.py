"""The report's pages."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from autograder.classroom.pages import page
from autograder.classroom.reporting import figures
from autograder.classroom.reporting.gathering import Report


def assignment_page(report: Report) -> str:
    """The page of one assignment. Whatever a student may have written is text in it."""
    totals = sorted(report.totals)
    quartiles = statistics.quantiles(totals, n=4, method="inclusive")[::2] if len(totals) > 1 else totals * 2
    return _render(
        "assignment",
        title=f"{report.assignment} · {report.title}",
        report=report,
        mean=statistics.fmean(totals) if totals else None,
        median=statistics.median(totals) if totals else None,
        quartiles=quartiles,
        distribution=Markup(figures.distribution(totals)),
        mastery=Markup(figures.mastery(report.exercises)),
    )


def course_page(reports: Sequence[Report], title: str) -> str:
    """The page of all assignments, which leads to theirs."""
    rows = []
    for report in reports:
        judged = [one for one in report.exercises if one.difficulty is not None] or list(report.exercises)
        hardest = min(judged, key=lambda one: one.difficulty if one.difficulty is not None else 1.0)
        rows.append((report, statistics.fmean(report.totals) if report.totals else None, hardest))
    return _render("course", title=title, rows=rows)


def percent(fraction: float | None) -> str:
    """A fraction in percent; a dash where there is none."""
    return "-" if fraction is None else f"{100 * fraction:.0f} %"


def decimal(value: float | None) -> str:
    """A coefficient with two decimals; a dash where there is none."""
    return "-" if value is None else f"{value:.2f}"


def _render(template: str, **values: Any) -> str:
    helpers = {"percent": percent, "decimal": decimal}
    return page(Path(__file__).with_name(f"{template}.html.j2"), helpers, **values)
