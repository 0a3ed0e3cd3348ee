"""Draws of a known size, for cases that a function may get wrong at one size alone: each holds with every seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from coursekit.checking import Tolerance

TINY = Tolerance(1e-3, 1e-8, "numbers below 0.01 and sums of a few of their products, float32 included")
Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Values about 1, of both signs."""
    return rng.normal(size=shape)


def tiny(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Values of both signs, all below 0.01."""
    return rng.uniform(0.001, 0.009, shape) * rng.choice([-1.0, 1.0], shape)


def large(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Values of both signs, all over 100."""
    return rng.uniform(101.0, 250.0, shape) * rng.choice([-1.0, 1.0], shape)


def intensities(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Values in [0, 1], as of images, on both sides of 0.5 and none near it; the first is exactly 0."""
    values = rng.uniform(0.01, 0.4, shape) + 0.59 * rng.integers(0, 2, shape)
    values.flat[0] = 0.0
    return values
