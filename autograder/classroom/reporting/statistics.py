"""Numbers that say how well an assignment measures; classical test theory (Lord & Novick 1968)."""

from __future__ import annotations

import numpy as np


def alpha(fractions: np.ndarray, points: np.ndarray) -> float | None:
    """Cronbach's alpha: how much of the variance of the totals the exercises have in common (Cronbach 1951).

    Args:
        fractions: what each student reached in each exercise, 0 to 1, NaN where a person decides:
            (students, exercises).
        points: what each exercise is worth.

    Returns:
        At most 1; None with fewer than two exercises or students, or where all totals are equal.
    """
    scores = _complete(fractions) * points
    students, exercises = scores.shape
    if students < 2 or exercises < 2:
        return None
    total = scores.sum(axis=1).var(ddof=1)
    if total == 0:
        return None
    return float(exercises / (exercises - 1) * (1 - scores.var(axis=0, ddof=1).sum() / total))


def item_total(fractions: np.ndarray, points: np.ndarray, exercise: int) -> float | None:
    """Pearson's correlation of an exercise with the total of all others; None where one of both does not vary.

    Who is good at the rest should be good at this: near 0, or below, the exercise measures something else.
    """
    scores = _complete(fractions) * points
    if len(scores) < 3:
        return None
    item, rest = scores[:, exercise], np.delete(scores, exercise, axis=1).sum(axis=1)
    if item.std() == 0 or rest.std() == 0:
        return None
    return float(np.corrcoef(item, rest)[0, 1])


def difficulty(fractions: np.ndarray, exercise: int) -> float | None:
    """The mean fraction reached, 0 to 1 (the higher, the easier); None where nobody was judged."""
    known = fractions[:, exercise][~np.isnan(fractions[:, exercise])]
    return float(known.mean()) if len(known) else None


def _complete(fractions: np.ndarray) -> np.ndarray:
    """Students of whom every exercise was judged."""
    return fractions[~np.isnan(fractions).any(axis=1)]
