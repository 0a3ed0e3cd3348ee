"""How often an implementation falls below a bound: fits of the lower tail of what it reaches.

The policy asks for a probability of 1 in 10,000, and nobody can afford the 30,000 runs that would show it without a
model (the *distribution-free* limit, which is reported beside the others, says what the counts alone allow). So:

1. *Normal tolerance limit.* An accuracy is a mean over many held-out images, of a network whose training adds many
   small accidents; near its middle it is normal. From n runs with mean m and deviation s, ``m - k s`` is exceeded by
   all but the share ``p`` of runs with 95 % confidence, k being a quantile of the noncentral t distribution. Unlike
   ``m - z s`` it pays for not knowing mean and deviation: k = 4.8 with 30 runs where z = 3.7. Each implementation has
   its own: a submission is one of them, not a mixture.
2. *Extreme values*, as second opinion: the runs of all implementations, each standardised by its own mean and
   deviation, below a threshold. Excesses over a high threshold follow a generalised Pareto distribution (Pickands,
   Balkema, de Haan). Its shape is taken as 0, an exponential tail and thus heavier than a normal one, unless the
   excesses are significantly heavier still; a finite end is never believed.
3. Shapiro and Wilk's test on the same standardised runs says whether the normal model holds where there are values.
   Where it does, the first limit counts; where it does not, the lower of the two.

The upper tail of wrong implementations is the lower tail of their values with the sign changed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

CONFIDENCE = 0.95  # one-sided; intervals have both ends with it, 90 % in all
TAIL = 0.15  # the share of runs that counts as the tail
FEWEST = 8  # excesses, for a second opinion
FAR = 8.0  # deviations, beyond which SciPy's noncentral t overflows: no probability there matters
ABNORMAL = 0.01  # the p-value below which values are taken not to be normal
HEAVY = 0.05  # significance at which a tail counts as heavier than exponential


@dataclass(frozen=True)
class Fit:
    """What one implementation reaches, with a normal model.

    Args:
        runs, mean, deviation: of its values; the deviation is never less than that of rounding.
    """

    runs: int
    mean: float
    deviation: float

    @classmethod
    def of(cls, values: Sequence[float], resolution: float) -> Fit:
        """Fit values, of which two that differ do so by the resolution at least."""
        x = np.asarray(values, float)
        deviation = max(float(x.std(ddof=1)), resolution / math.sqrt(12))
        return cls(len(x), float(x.mean()), deviation)

    def limit(self, p: float) -> float:
        """What all but the share ``p`` of runs exceed, with confidence: the normal tolerance limit."""
        return self.mean - tolerance_factor(self.runs, p) * self.deviation

    def below(self, bound: float) -> tuple[float, float, float]:
        """The probability of a run below a bound, and both ends of its interval.

        The probability is that of Student's prediction, which knows of ``runs`` values and no more.
        """
        distance = (self.mean - bound) / self.deviation
        predicted = float(stats.t.cdf(-distance / math.sqrt(1 + 1 / self.runs), self.runs - 1))
        low, high = sorted(self._share(distance, confidence) for confidence in (1 - CONFIDENCE, CONFIDENCE))
        return predicted, min(low, predicted), high

    def _share(self, distance: float, confidence: float) -> float:
        """The share below so many deviations of the sample's, at one end of its interval."""
        root, freedom = math.sqrt(self.runs), self.runs - 1
        error = math.sqrt(1 / self.runs + distance**2 / (2 * freedom))
        if abs(distance) > FAR:
            return float(stats.norm.sf(distance - float(stats.norm.ppf(confidence)) * error))

        def excess(true: float) -> float:
            return float(stats.nct.sf(distance * root, freedom, true * root)) - confidence

        return float(stats.norm.sf(optimize.brentq(excess, distance - 8 * error, distance + 8 * error)))


def tolerance_factor(runs: int, p: float) -> float:
    """How many deviations below the mean all but the share ``p`` begins, with confidence.

    >>> round(tolerance_factor(30, 0.01), 3)  # Hahn and Meeker 1991, table A.12d
    3.064
    """
    root = math.sqrt(runs)
    return float(stats.nct.ppf(CONFIDENCE, runs - 1, float(stats.norm.isf(p)) * root)) / root


@dataclass(frozen=True)
class Extremes:
    """The lower tail of standardised values: generalised Pareto below a threshold.

    Args:
        threshold: in deviations, negative.
        share: of the runs below it.
        scale, shape: of the excesses; a shape of 0 is an exponential tail.
    """

    threshold: float
    share: float
    scale: float
    shape: float

    @classmethod
    def of(cls, standardised: Sequence[float]) -> Extremes | None:
        """Fit the tail; None where there are too few values for one."""
        z = np.sort(np.asarray(standardised, float))
        count = int(TAIL * len(z))
        if count < FEWEST:
            return None
        threshold = float(z[count])
        excesses = threshold - z[:count]
        excesses = excesses[excesses > 0]
        if len(excesses) < FEWEST:
            return None
        scale, shape = float(excesses.mean()), 0.0
        heavier, _, heavier_scale = stats.genpareto.fit(excesses, floc=0)
        if heavier > 0:
            gain = stats.genpareto.logpdf(excesses, heavier, scale=heavier_scale).sum()
            gain -= stats.expon.logpdf(excesses, scale=scale).sum()
            if stats.chi2.sf(2 * gain, 1) / 2 < HEAVY:  # half: the shape lies on one side only
                scale, shape = float(heavier_scale), float(heavier)
        return cls(threshold, len(excesses) / len(z), scale, shape)

    def limit(self, p: float) -> float:
        """What all but the share ``p`` exceed, in deviations from the mean."""
        tail = stats.genpareto(self.shape, scale=self.scale)
        return self.threshold - float(tail.isf(min(p / self.share, 1.0)))

    def below(self, distance: float) -> float:
        """The share below a bound so many deviations under the mean; of a bound above the threshold, 1."""
        excess = self.threshold + distance
        return 1.0 if excess <= 0 else self.share * float(stats.genpareto.sf(excess, self.shape, scale=self.scale))


def normality(standardised: Sequence[float]) -> float:
    """The p-value of Shapiro and Wilk's test; 1 where all values are the same, or there are none to speak of."""
    z = np.asarray(standardised, float)
    return float(stats.shapiro(z).pvalue) if len(z) > 2 and np.ptp(z) > 0 else 1.0


def counted(below: int, runs: int) -> tuple[float, float]:
    """The interval of a share of which nothing is known but a count (Clopper and Pearson)."""
    low = float(stats.beta.ppf(1 - CONFIDENCE, below, runs - below + 1)) if below else 0.0
    high = float(stats.beta.ppf(CONFIDENCE, below + 1, runs - below)) if below < runs else 1.0
    return low, high


def enough_runs(distance: float, p: float) -> int | None:
    """How many runs make the tolerance factor as small as a distance in deviations; None if none do."""
    counts = (30, 40, 50, 70, 100, 150, 200, 300, 500, 1000)
    return next((count for count in counts if tolerance_factor(count, p) <= distance), None)
