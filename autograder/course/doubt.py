"""What follows a run between the known-wrong and the known-right: others, until their likelihood ratio decides.

Wald's sequential probability ratio test between two normal models, that of the correct implementation that comes lowest
and that of the wrong one that comes highest; both are measured by `course calibrate`. Each run's log ratio is censored,
as in Huber's robust version of the test: no model holds far out in its tails, so that one run never decides alone.

Sources: Wald 1945, Sequential Tests of Statistical Hypotheses; Huber 1965, A Robust Version of the Probability Ratio
Test.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FURTHER_RUNS = 3  # beyond the first; whoever they do not decide on is a person's to judge
ROUNDING = 1e-9  # so that sums of equal steps reach a sum of as many steps


@dataclass(frozen=True)
class Normal:
    """A normal distribution."""

    mean: float
    deviation: float

    def log_density(self, x: float) -> float:
        """Up to a constant that all normal distributions share."""
        return -math.log(self.deviation) - ((x - self.mean) / self.deviation) ** 2 / 2


@dataclass(frozen=True)
class Doubt:
    """Where a first run leaves it open whether an implementation is right.

    Args:
        begins: what wrong implementations stay below, but for the policy's share.
        ends: the bound: what correct ones reach, but for the policy's share.
        correct, wrong: models of those that come nearest.
        correct_fails, wrong_passes: the policy: how often each may happen.
    """

    begins: float
    ends: float
    correct: Normal
    wrong: Normal
    correct_fails: float
    wrong_passes: float

    def covers(self, value: float) -> bool:
        """Whether a first run leaves it open."""
        return self.begins <= value < self.ends

    def passes(self, values: Sequence[float]) -> bool | None:
        """What the runs so far say together; None while they leave it open.

        Args:
            values: what the runs reached, the first among them; ``-inf`` for one that could not be measured.
        """
        ratio = sum(map(self._evidence, values))
        if ratio >= self._enough - ROUNDING:
            return True
        return False if ratio <= math.log(self.correct_fails / (1 - self.wrong_passes)) + ROUNDING else None

    @property
    def _enough(self) -> float:
        return math.log((1 - self.correct_fails) / self.wrong_passes)

    def _evidence(self, value: float) -> float:
        """One run's log likelihood ratio, at most half of what a pass needs in either direction.

        Beyond the two means it stays what it is there: whoever is better than right implementations is right.
        """
        x = min(max(value, self.wrong.mean), self.correct.mean)
        most = self._enough / 2
        return min(max(self.correct.log_density(x) - self.wrong.log_density(x), -most), most)


@dataclass(frozen=True)
class Bound:
    """What an accuracy item asks for.

    Args:
        at_least: what a run must reach.
        doubt: where below it further runs are asked for; None for a bound without measured error rates.
    """

    at_least: float
    doubt: Doubt | None = None

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> Bound:
        """Read a table of measurements."""
        at_least, doubt = float(table["at_least"]), table.get("doubt")
        if doubt is None:
            return cls(at_least)
        correct, wrong = Normal(**doubt["correct"]), Normal(**doubt["wrong"])
        return cls(at_least, Doubt(float(doubt["begins"]), at_least, correct, wrong, **table["policy"]))
