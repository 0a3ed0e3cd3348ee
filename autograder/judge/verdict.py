"""The verdict on one exercise: what the judge decided and what the student reads."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from autograder.course.checks import is_public

TEXT_LENGTH = 4_000  # of any one text in a verdict
CUT = " [...]"
NOT_WRITTEN = "not written yet"  # begins the reason of an exercise whose stub is still there

Status = Literal["graded", "needs manual grading"]


@dataclass(frozen=True)
class CheckResult:
    """How one check went: ``complete`` unless the student's process stopped first.

    Args:
        problem: what is wrong; it never holds an expected value of a hidden case.
        kind: of the first failure, as ``Failure.kind``; "" when there is none.
        repeats: the core check that failed in the same way before; what this one asks for is open until that is mended.
    """

    name: str
    part: str
    share: float
    core: bool
    complete: bool
    cases: int
    failed: int
    call: str = ""
    problem: str = ""
    kind: str = ""
    repeats: str = ""

    @property
    def passed(self) -> bool:
        return self.complete and self.failed == 0


@dataclass(frozen=True)
class Verdict:
    """The judge's decision on one exercise.

    Args:
        fraction: of each part's points, in [0, 1]; empty for what is not graded, or drove the grader into a limit.
        hint: one sentence for the student, "" when everything passes.
        misconception: the id of the misconception behind the hint, "" when none was recognised.
        reason: why the exercise was not judged to the end: a limit, a missing function, a fault of the grader.
        traceback: of a fault of the grader; for the instructor, never for the student.
        flagged: whether a person should look at the score, because the grader itself, or the time of the whole
            submission, ran into a limit.
        note: how it came to be judged in another way than usual.
        proven: how many known-wrong implementations the checks reject, and how many known-right ones they accept;
            told to those who lost something.
    """

    exercise: str
    status: Status
    fraction: Mapping[str, float]
    checks: Sequence[CheckResult] = ()
    hint: str = ""
    misconception: str = ""
    reason: str = ""
    traceback: str = ""
    flagged: bool = False
    note: str = ""
    proven: tuple[int, int] | None = None

    @property
    def total(self) -> float:
        """The fractions of all parts together; what is not graded counts nothing."""
        return sum(self.fraction.values())

    @property
    def full(self) -> bool:
        """Whether nothing was lost."""
        return bool(self.fraction) and set(self.fraction.values()) == {1.0}

    def score(self, points: Mapping[str, float], maximum: float) -> float | None:
        """The score out of ``maximum``; ``points`` weighs the parts. None when a human has to decide.

        Points for other parts than those that were judged are a fault of the course's, never a student's zero.
        """
        if self.status == "graded" and self.flagged and not self.fraction:
            return 0.0  # worn out before any part was judged, whatever the parts are
        if self.status != "graded" or set(points) != set(self.fraction):
            return None
        earned = sum(points[part] * self.fraction[part] for part in points)
        return round(maximum * earned / sum(points.values()), 2)

    def text(self, score: float | None, maximum: float) -> str:
        """What the student reads under the check cell."""
        if score is None:
            return f"{self.exercise}: not graded automatically; your instructor will look at it."
        lines = [f"{self.exercise}: {score:g} of {maximum:g} points"]
        lines += [f"  note      {self.note}"] if self.note else []
        lines += [f"  stopped   {self.reason}"] if self.reason else []
        lines += [line for check in self.checks for line in _lines(check)]
        lines += textwrap.wrap(self.hint, 96, initial_indent="  hint      ", subsequent_indent=" " * 12)
        if self.proven:
            wrong, right = self.proven
            lines.append(
                f"  proven    these checks reject {wrong} known-wrong implementations and accept {right} right ones"
            )
        return "\n".join(lines)

    @property
    def public(self) -> tuple[CheckResult, ...]:
        """How the public cases went, which students can run themselves."""
        return tuple(check for check in self.checks if is_public(check.name))

    def public_text(self) -> str:
        """The part of the text that says nothing of hidden cases; "" where no public case was asked."""
        stopped = bool(self.reason) and not all(check.complete for check in self.public)
        lines = [f"  stopped   {self.reason}"] if stopped else []
        return "\n".join([*lines, *(line for check in self.public for line in _lines(check))])

    def shortened(self) -> Verdict:
        """The same without texts of a length that only a hostile submission has."""
        checks = [replace(check, call=_cut(check.call), problem=_cut(check.problem)) for check in self.checks]
        return replace(self, checks=tuple(checks), reason=_cut(self.reason))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, in a fixed order: the same verdict is the same bytes."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Verdict:
        """Invert ``to_json``."""
        checks = tuple(CheckResult(**check) for check in data["checks"])
        proven = tuple(data["proven"]) if data.get("proven") else None
        return cls(**{**data, "checks": checks, "proven": proven})


def _lines(check: CheckResult) -> list[str]:
    """What the student reads of one check."""
    if check.repeats:
        return [f"  open      {check.name} (first mend: {check.repeats})"]
    count = f"{check.failed} of {check.cases} cases fail" if check.failed else f"{check.cases} cases"
    state = "pass   " if check.passed else "FAIL   " if check.failed else "not run"
    lines = [f"  {state}   {check.name}" + (f" ({count})" if check.cases else "")]
    if check.problem:
        lines.append(f"            {check.call}")
        lines += textwrap.wrap(check.problem, 96, initial_indent=" " * 12, subsequent_indent=" " * 12)
    return lines


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_LENGTH else text[:TEXT_LENGTH] + CUT


def needs_manual(exercise: str, reason: str, traceback: str = "") -> Verdict:
    """A verdict that leaves the decision to a human: a fault of the grader is never a student's zero."""
    return Verdict(exercise, "needs manual grading", {}, reason=reason, traceback=traceback)


def worn_out(exercise: str, limit: str) -> Verdict:
    """A verdict on what drives the grader itself into a limit: it earns nothing, and a person is asked to look."""
    return Verdict(exercise, "graded", {}, reason=f"{limit}, in the grader itself", flagged=True)
