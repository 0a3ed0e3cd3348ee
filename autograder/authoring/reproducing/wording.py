"""What both pages of a report say alike: numbers with their intervals, findings, where a number comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.course.experiments import Claim, Number, Summary
from coursekit.tracking import duration

TITLE = "The two homeworks, reproduced"
INTRODUCTION = (
    "Every table and figure of HUJI APML exercise 1 (2019) and Penn CIS 680 HW2 (2017), from this course's reference "
    "solutions, with the controls that the reports lacked. An interval holds the true value with 95 %; how it was "
    "made stands behind it."
)
VERDICTS = {True: "holds", False: "does not hold here", None: "cannot be told from this run"}
SMOKE = (
    "**The scale 'smoke' shows that everything runs. Its trainings are a handful of steps long: no number here says "
    "anything about networks.**"
)
OUTDATED = "Computed by an earlier version of the experiments' code: run it again with --fresh before you rely on it."
HEAD = ("what", "the homework", "ours", "95 % interval", "of")


@dataclass(frozen=True)
class Picture:
    """A figure as files."""

    name: str
    alt: str
    png: bytes
    svg: bytes


@dataclass(frozen=True)
class Entry:
    """One row of the report at one scale; ``seconds`` of one core's work, in all runs together."""

    name: str
    title: str
    report: str
    scale: str
    summary: Summary
    figures: tuple[Picture, ...]
    data: str
    machines: tuple[str, ...]
    versions: tuple[str, ...]
    seconds: float
    recipes: tuple[tuple[str, str], ...]
    seeds: tuple[int, ...]
    outdated: bool

    @property
    def stem(self) -> str:
        """What its files are called."""
        return f"{self.name}-{self.scale}"

    @property
    def origin(self) -> str:
        """Where its numbers come from, but for the time."""
        seeds = f"seeds {self.seeds[0]} to {self.seeds[-1]}" if len(self.seeds) > 1 else f"seed {self.seeds[0]}"
        where = f"{' / '.join(self.versions)}; {' / '.join(self.machines)}"
        return f"scale {self.scale}; data: {self.data}; {seeds}; {where}"

    @property
    def time(self) -> str:
        return duration(self.seconds)


def cells(number: Number) -> tuple[str, str, str, str, str]:
    """A number's line in a table, below ``HEAD``."""
    exact = number.low == number.value == number.high
    interval = "" if exact else f"{shown(number.low, number.unit)} to {shown(number.high, number.unit)}"
    return number.name, number.report or "not stated", shown(number.value, number.unit), interval, number.by


def shown(value: float, unit: str) -> str:
    """A number as people write it.

    >>> shown(0.4831, "%"), shown(12345.6, ""), shown(3.2e-8, ""), shown(7, "")
    ('48.3 %', '12,346', '3.2e-08', '7')
    """
    if unit == "%":
        return f"{100 * value:.1f} %"
    text = f"{value:,.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:.3g}"
    return f"{text} {unit}".strip()


def verdict(claim: Claim) -> str:
    return VERDICTS[claim.holds]


def tally(entries: Sequence[Entry]) -> str:
    """How many findings hold."""
    claims = [claim.holds for entry in entries for claim in entry.summary.claims]
    return (
        f"{claims.count(True)} of {len(claims)} findings hold, {claims.count(False)} do not, "
        f"{claims.count(None)} cannot be told from these runs."
    )
