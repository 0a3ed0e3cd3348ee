"""What lateness costs: ``grading.late`` of course.yaml, told to nbgrader's own interface for it, and to the student.

What is taken off rests on the hours alone, not on the score: answers are graded later, and nobody gains by that.
"""

from __future__ import annotations

import math
from types import SimpleNamespace

from nbgrader.api import SubmittedNotebook
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import AssignLatePenalties
from traitlets import Float, Int
from traitlets.config import Config, Configurable

from autograder.course.config import POINTS, Late
from autograder.grading.arriving.handed_in import HandedIn, written

DAY, HOUR, MINUTE = 86_400, 3_600, 60  # seconds


def taken_off(policy: Late, seconds: float) -> float:
    """Points off for so many seconds after the due date: so many for each day that has begun.

    >>> [taken_off(Late(points_per_day=10.0, closed_after_days=5), 3600 * hours) for hours in (0, 1, 24, 26, 120, 121)]
    [0.0, 10.0, 10.0, 20.0, 50.0, 100.0]
    """
    days = math.ceil(max(seconds, 0.0) / DAY)
    if policy.closed_after_days is not None and days > policy.closed_after_days:
        return POINTS
    return min(policy.points_per_day * days, POINTS)


class CoursePolicy(LateSubmissionPlugin):
    """The policy of course.yaml, where nbgrader asks for one."""

    points_per_day = Float(help="points off for each day that has begun").tag(config=True)
    closed_after_days = Int(None, allow_none=True, help="days after which nothing counts").tag(config=True)

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float:
        """Points off; nbgrader calls this for who is late."""
        policy = Late(points_per_day=self.points_per_day, closed_after_days=self.closed_after_days)
        return taken_off(policy, total_seconds_late)


class LatePenalties(AssignLatePenalties):
    """nbgrader's step, which would cut our policy's points down to those that are there before a person has graded."""

    def _check_late_penalty(self, notebook: SubmittedNotebook, penalty: float) -> float:
        if isinstance(self.plugin_inst, CoursePolicy):
            return penalty
        return float(super()._check_late_penalty(notebook, penalty))


class Penalties:
    """What nbgrader takes off, by the plugin and the settings of the lecturer's own configuration.

    Args:
        program: nbgrader's, configured.
    """

    def __init__(self, program: Configurable) -> None:
        self._step = LatePenalties(parent=program)
        self._step.init_plugin()

    def __call__(self, student: str, score: float, seconds: float) -> float:
        """Points off a score, as nbgrader's step finds them."""
        if seconds <= 0:
            return 0.0
        found = self._step.plugin_inst.late_submission_penalty(student, score, seconds)
        return 0.0 if found is None else self._step._check_late_penalty(SimpleNamespace(score=score), found)


def configure_lateness(config: Config, policy: Late | None) -> None:
    """Have nbgrader ask our policy, where course.yaml has one; a lecturer's own plugin comes after this and counts."""
    if policy is not None:
        config.AssignLatePenalties.plugin_class = f"{__name__}.{CoursePolicy.__name__}"
        config.CoursePolicy.points_per_day = policy.points_per_day
        config.CoursePolicy.closed_after_days = policy.closed_after_days


def late_note(handed_in: HandedIn, policy: Late | None) -> str:
    """What a student reads about lateness; "" for who was in time."""
    if not handed_in.late or handed_in.time is None:
        return ""
    text = f"handed in late: {written(handed_in.time)}, {handed_in.evidence}"
    if handed_in.due is None:
        return text
    seconds = (handed_in.time - handed_in.due).total_seconds()
    extended = f" (extended to {handed_in.due.isoformat(sep=' ', timespec='minutes')})" if handed_in.extended else ""
    text += f", {lasting(seconds)} after the due date{extended}"
    return text + (f": {taken_off(policy, seconds):g} of {POINTS:g} points taken off" if policy else "")


def lasting(seconds: float) -> str:
    """A length of time in words.

    >>> lasting(26 * 3600), lasting(25.5 * 3600), lasting(150), lasting(3)
    ('26 hours', '25 hours 30 minutes', '2 minutes', '3 seconds')
    """
    hours, minutes = int(seconds // HOUR), int(seconds % HOUR // MINUTE)
    parts = [_counted(hours, "hour"), _counted(minutes, "minute")]
    return " ".join(filter(None, parts)) or _counted(math.ceil(seconds), "second")


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}" if number else ""
