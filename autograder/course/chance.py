"""What a check that tests chance says of itself: how often it blames a function that does nothing wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class ChanceTest:
    """A hypothesis test among the cases of a check.

    Args:
        exercise, check: whose it is.
        what: the hypothesis, in a few words.
        false_alarm: the probability that a function for which it holds fails one such case, or an upper bound.
        cases: how many of them each submission meets.
    """

    exercise: str
    check: str
    what: str
    false_alarm: Callable[[], float]
    cases: int = 1

    @property
    def of_a_submission(self) -> float:
        """The probability that a submission fails any of the cases: their sum."""
        return self.cases * self.false_alarm()
