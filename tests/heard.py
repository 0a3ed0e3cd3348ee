"""What a session tells, kept for the tests that ask about it."""

from __future__ import annotations

from autograder.judge.session import Session, Step
from autograder.judge.verdict import Verdict


class Heard:
    """Takes the steps of a session and keeps what it tells."""

    def __init__(self, session: Session, steps: list[Step], first: int = 0) -> None:
        self.outputs: dict[int, list] = {}
        self.verdicts: dict[str, Verdict] = {}
        self.all_verdicts: list[tuple[str, Verdict]] = []
        self._steps = steps
        session.grade(steps, self, first)

    def begins(self, number, spent, undefined):
        assert self._steps[number] is not None

    def ran(self, number, outputs, replay):
        self.outputs[self._steps[number].cell] = outputs

    def judged(self, number, verdict, seconds):
        self.verdicts[verdict.exercise] = verdict
        self.all_verdicts.append((verdict.exercise, verdict))

    def passed_over(self, number):
        assert self._steps[number].late
