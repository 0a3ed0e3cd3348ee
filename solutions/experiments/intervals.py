"""95 % intervals: of a fraction, of a mean over seeds, of the difference of two networks on the same images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograder.course.experiments import Number, Result

Z = 1.959964  # of the normal distribution, two-sided
STUDENT_T = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}  # by seeds


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Wilson's interval of a fraction, which is right near 0 and 1, too.

    >>> [round(bound, 3) for bound in wilson(20, 20)]
    [0.839, 1.0]
    """
    p, z2 = hits / n, Z * Z
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z * np.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def over_seeds(values: Sequence[float]) -> tuple[float, float]:
    """Student's interval of a mean; of one seed nothing is known, and the interval is that one value."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, mean
    half = STUDENT_T[min(len(values), 10)] * float(np.std(values, ddof=1)) / np.sqrt(len(values))
    return mean - half, mean + half


def accuracy(right: Sequence[np.ndarray]) -> tuple[float, float, float]:
    """The mean accuracy over seeds, with an interval for other seeds *and* other images.

    Args:
        right: for each seed, which of the same held-out images were classified rightly: bool (n,).
    """
    rates = [float(np.mean(flags)) for flags in right]
    n, mean = len(right[0]), float(np.mean(rates))
    if len(right) == 1:
        return mean, *wilson(int(np.sum(right[0])), n)
    low, high = over_seeds(rates)
    half = np.hypot((high - low) / 2, Z * np.sqrt(mean * (1 - mean) / n))
    return mean, max(0.0, float(mean - half)), min(1.0, float(mean + half))


def difference(first: Sequence[np.ndarray], second: Sequence[np.ndarray]) -> tuple[float, float, float]:
    """How much more of the same images the second network has right than the first, paired by image and by seed."""
    gains = [b.astype(float) - a.astype(float) for a, b in zip(first, second, strict=True)]
    mean = float(np.mean(gains))
    low, high = over_seeds([float(np.mean(gain)) for gain in gains])
    of_images = Z * float(np.std(np.mean(gains, axis=0))) / np.sqrt(len(gains[0]))
    half = float(np.hypot((high - low) / 2, of_images))
    return mean, mean - half, mean + half


def accuracy_number(name: str, report: str, results: Sequence[Result]) -> Number:
    """The held-out accuracy of a training with several seeds, as a number of the report."""
    right = [result.arrays["right"].astype(bool) for result in results]
    by = f"{len(right[0]):,} held-out images, " + ("1 seed" if len(right) == 1 else f"{len(right)} seeds")
    return Number(name, report, *accuracy(right), "%", by)


def mean_number(name: str, report: str, values: Sequence[float], unit: str = "", least: float = -np.inf) -> Number:
    """A mean over seeds, as a number of the report; ``least`` is what it cannot be smaller than."""
    by = "1 seed: no interval" if len(values) == 1 else f"{len(values)} seeds"
    low, high = over_seeds(values)
    return Number(name, report, float(np.mean(values)), max(low, least), high, unit, by)


def more(first: Sequence[Result], second: Sequence[Result]) -> bool | None:
    """Whether the second has more images right: True or False beyond its interval, None within it."""
    flags = [[result.arrays["right"].astype(bool) for result in results] for results in (first, second)]
    _, low, high = difference(*flags)
    return True if low > 0 else False if high < 0 else None
