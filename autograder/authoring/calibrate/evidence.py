"""From what every implementation reached to the bound, its error rates, and whether they meet the policy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import stats

from autograder.authoring.calibrate.tails import ABNORMAL, Extremes, Fit, counted, enough_runs, normality
from autograder.course.config import Calibration
from autograder.course.doubt import Bound, Doubt, Normal

STEP = 1e-4  # to which values and bounds are told
FEWEST = 10  # runs of an implementation, before anything is said about its tail


class CalibrationError(Exception):
    """An item that gets no bound; the message says why, and what would help."""


@dataclass(frozen=True)
class Measured:
    """One implementation's runs.

    Args:
        recipe: a hash of what they rest on.
        values: by seed, from 0; ``-inf`` for what could not be trained.
    """

    id: str
    correct: bool
    recipe: str
    values: tuple[float, ...]

    @property
    def trained(self) -> list[float]:
        """The values of the runs that could be trained."""
        return [value for value in self.values if math.isfinite(value)]


class Side:
    """All correct, or all wrong implementations of an item, with the tail that faces the other side turned downwards.

    Args:
        sign: 1 for correct ones, whose lower tail matters; -1 for wrong ones.
        p: the share of runs that may lie beyond the limit.
    """

    def __init__(self, measured: Sequence[Measured], sign: int, p: float, resolution: float) -> None:
        self.sign, self.p, self._resolution = sign, p, resolution
        self.measured = [one for one in measured if len(one.trained) >= FEWEST]
        self.fits = {one.id: Fit.of([sign * v for v in one.trained], resolution) for one in self.measured}
        z = [
            (sign * value - self.fits[one.id].mean) / self.fits[one.id].deviation
            for one in self.measured
            for value in one.trained
        ]
        self.normality, self.extremes = normality(z), Extremes.of(z)

    @cached_property
    def limits(self) -> dict[str, float]:
        """By implementation, in the item's own unit, what all but the share ``p`` of its runs do not go beyond."""
        return {id: self.sign * self._limit(fit) for id, fit in self.fits.items()}

    def _limit(self, fit: Fit) -> float:
        normal = fit.limit(self.p)
        if self.normality >= ABNORMAL or self.extremes is None:
            return normal
        return min(normal, fit.mean + self.extremes.limit(self.p) * fit.deviation)

    @property
    def nearest(self) -> str:
        """The implementation whose limit comes nearest to the other side."""
        return min(self.limits, key=lambda id: self.sign * self.limits[id])

    def model(self, limit: float) -> Normal:
        """A normal model of the nearest one, as wide as its limit is far: what is not known makes it wider."""
        fit = self.fits[self.nearest]
        wide = (fit.mean - self.sign * limit) / float(stats.norm.isf(self.p))
        return Normal(round(self.sign * fit.mean, 4), round(max(wide, STEP), 5))

    def beyond(self, bound: float) -> dict[str, float]:
        """The probability that the nearest one's run goes beyond a bound, by every way to say so."""
        fit = self.fits[self.nearest]
        predicted, low, high = fit.below(self.sign * bound)
        values = [self.sign * value for one in self.measured for value in one.trained]
        seen = sum(value < self.sign * bound for value in values)
        rates = {"predicted": predicted, "low": low, "high": high, "counted_high": counted(seen, len(values))[1]}
        if self.extremes is not None:
            rates["extreme_values"] = self.extremes.below((fit.mean - self.sign * bound) / fit.deviation)
        return rates


@dataclass(frozen=True)
class Evidence:
    """Everything that was measured of one item, and what follows.

    Args:
        unit: of the values.
        policy: how often a correct implementation may fail, and a wrong one pass.
        measured: correct implementations first.
    """

    unit: str
    policy: Calibration
    measured: tuple[Measured, ...]

    @cached_property
    def resolution(self) -> float:
        """The smallest difference between two different values: 1/m where they are shares of m images."""
        values = np.unique([round(value, 4) for one in self.measured for value in one.trained])
        gaps = np.diff(values)
        return max(float(gaps.min()) if len(gaps) else STEP, STEP)

    @cached_property
    def correct(self) -> Side:
        return Side([m for m in self.measured if m.correct], 1, self.policy.correct_fails, self.resolution)

    @cached_property
    def wrong(self) -> Side:
        return Side([m for m in self.measured if not m.correct], -1, self.policy.wrong_passes, self.resolution)

    @cached_property
    def at_least(self) -> float:
        """The bound: what the correct implementation that comes lowest reaches, but for the policy's share."""
        return math.floor(self.correct.limits[self.correct.nearest] / STEP + 1e-6) * STEP

    @cached_property
    def begins(self) -> float:
        """Where doubt begins: what the wrong implementation that comes highest stays below; -inf without any."""
        if not self.wrong.limits:
            return -math.inf
        return math.ceil(self.wrong.limits[self.wrong.nearest] / STEP - 1e-6) * STEP

    @property
    def bound(self) -> Bound:
        """What the judge asks for."""
        return Bound(self.at_least, self._doubt())

    def _doubt(self) -> Doubt | None:
        if not self.wrong.limits:
            return None
        models = self.correct.model(self.at_least), self.wrong.model(self.begins)
        return Doubt(self.begins, self.at_least, *models, self.policy.correct_fails, self.policy.wrong_passes)

    def require(self) -> None:
        """Accept the item.

        Raises:
            CalibrationError: when no bound meets the policy.
        """
        for one in self.measured:
            if one.correct and len(one.trained) < len(one.values):
                raise CalibrationError(f"{one.id} is correct, and could not be trained with every seed")
            if one.correct and len(one.values) < FEWEST:
                raise CalibrationError(f"expected at least {FEWEST} runs of {one.id}, received {len(one.values)}")
        if not any(not one.correct for one in self.measured):
            raise CalibrationError("it rejects no wrong implementation; name some in Trial(rejects=...)")
        lost = [v for m in self.measured if m.correct for v in m.trained if v < self.at_least]
        if lost:
            raise CalibrationError(f"a correct implementation reached {min(lost)}, below the bound {self.at_least:.4f}")
        if self.begins > self.at_least:
            raise CalibrationError(
                f"no bound lies between {self.correct.nearest}, which may come down to {self.at_least:.4f} once in "
                f"{1 / self.policy.correct_fails:,.0f} runs, and {self.wrong.nearest}, which may reach "
                f"{self.begins:.4f} once in {1 / self.policy.wrong_passes:,.0f}; {'; '.join(advice(self))}"
            )

    @property
    def rates(self) -> Mapping[str, dict[str, float]]:
        """The probabilities of both errors at the bound."""
        rates = {"correct_fails": self.correct.beyond(self.at_least)}
        return {**rates, "wrong_passes": self.wrong.beyond(self.at_least)} if self.wrong.limits else rates


def advice(evidence: Evidence) -> list[str]:
    """What would make an item meet its policy."""
    correct, wrong = evidence.correct.fits[evidence.correct.nearest], evidence.wrong.fits[evidence.wrong.nearest]
    gap = correct.mean + wrong.mean  # the wrong ones' sign is changed
    needed = sum(
        float(stats.norm.isf(side.p)) * fit.deviation
        for side, fit in ((evidence.correct, correct), (evidence.wrong, wrong))
    )
    if gap <= max(correct.deviation, wrong.deviation):
        return [
            f"{evidence.wrong.nearest} reaches as much as correct ones: take it out of the trial's `rejects`, leave it "
            "to a check of structure, and say so in design.md"
        ]
    if gap > needed:
        z = float(stats.norm.isf(evidence.policy.correct_fails)) * gap / needed
        runs = enough_runs(z, evidence.policy.correct_fails)
        return [f"more seeds would do, about {runs or 'a thousand'} of each: the deviations are too little known"]
    found = [f"the deviations must shrink to {100 * gap / needed:.0f} % of what they are"]
    images = 1 / evidence.resolution
    chance = max(correct.mean * (1 - correct.mean), 0.0) / images / correct.deviation**2
    if chance > 0.3:
        found.append(_more_images(chance, images))
    found.append("train for more steps, so that chance at the beginning matters less")
    found.append("or measure in pairs, against the course's own implementation with the same seeds and images")
    return found


def _more_images(share: float, images: float) -> str:
    return f"hold out more images: {100 * min(share, 1):.0f} % of the variance is due to there being {images:.0f}"
