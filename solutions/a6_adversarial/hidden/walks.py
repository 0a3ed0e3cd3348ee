"""Attacks that are followed in float64, drawn until no decision on the way hangs by a thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from coursekit.checking import Case

SHAPE = (2, 3, 1)
CLEAR = 3e-3  # how far a decision must be from the other one, relative to its scale: 1e4 roundings of float32
FINE = 100.0  # in descent, probabilities and pixels creep: their margins count this much, and are still 500 roundings
STEADY = 10.0  # how many times as far apart two descents may end, that begin a rounding apart
APART = 1e-7  # a rounding, relative to the range of the pixels
TRIES = 2000
SOON = 10  # the most steps of a right walk; twice as many with the default step size
PATIENCE = 13  # steps that are allowed: as many as tell that a wrong attack has not stopped, and no more


@dataclass(frozen=True)
class Walk:
    """An attack followed in float64.

    Args:
        result: what the attack returns.
        images: x after 0, 1, ... steps.
        gradients: at each image from which a step was made.
        classes: the winning class of each image.
        clear: the smallest margin of any decision on the way.
    """

    result: dict[str, Any]
    images: list[np.ndarray]
    gradients: list[np.ndarray]
    classes: list[int]
    clear: float

    @property
    def steps(self) -> int:
        return len(self.gradients)

    @property
    def turns(self) -> bool:
        """Whether some pixel is driven first one way, then the other."""
        return any(np.any(np.sign(g) != np.sign(self.gradients[0])) for g in self.gradients[1:])

    def flips_before_it_stops(self, y: int) -> bool:
        """Whether the class is wrong for two steps or more before the attack stops."""
        wrong = [c != y for c in self.classes]
        return sum(wrong) >= 3


NO_WALK = Walk({}, [], [], [], 0.0)  # never clear: draw another one


def growth(images: Sequence[np.ndarray], step: Callable[[np.ndarray], np.ndarray], span: float) -> float:
    """How many times as far apart walks end that part after the first of all steps.

    Where steps are long for a curved slope, each one multiplies what float32 has rounded before it.
    """
    farthest = 0.0
    for direction in (np.sign(images[-1] - images[0]), np.resize([1.0, -1.0], images[0].shape)):
        here = images[1] + APART * span * direction if len(images) > 1 else images[0]
        for _ in images[2:]:
            here = step(here)
        farthest = max(farthest, float(np.max(np.abs(here - images[-1]))) / (APART * span))
    return farthest


def draw(make: Callable[[], tuple[Walk, Case]], wanted: Callable[[Walk], bool]) -> Case:
    """Draw until no decision is close and the walk is of the wanted kind."""
    for _ in range(TRIES):
        walk, case = make()
        if walk.clear > CLEAR and wanted(walk):
            return case
    raise RuntimeError(f"no walk of the wanted kind in {TRIES} draws")
