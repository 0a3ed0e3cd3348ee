"""Hidden cases of the two ways to normalise images."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from assignments.a3_augmentation.checks import (
    NO_WARNINGS,
    STANDARDISED,
    expected_statistics,
    standardised,
    statistics_facts,
)
from coursekit.checking import AnyFloat, Case, Tolerance

STATISTICS = Tolerance(1e-4, 1e-6, "sums in float32 in any order; n - 1 and half precision lie outside")
GUARDED = Tolerance(2e-3, 1e-4, "a guard of 1e-5 beside a deviation of 0.008 is small, one of 1e-3 is not")


def _images(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """uint8 images of different brightness and contrast, none constant."""
    low = rng.integers(0, 120, (shape[0], 1, 1, 1))
    return np.asarray(low + rng.integers(0, 100, shape) + 30 * (np.arange(shape[3]) % 2)).astype(np.uint8)


def _intensities(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """float32 images in [0, 1] of little contrast, a black pixel in each."""
    images = rng.uniform(0.2, 0.6, shape).astype(np.float32)
    images[:, 0, 0] = 0.0
    return images


def _tiny(rng: np.random.Generator) -> np.ndarray:
    """float64 values below 0.01. So many of them that TensorFlow's divisor, 1/sqrt(N) or more, does not matter."""
    return rng.choice([-1.0, 1.0], (1, 128, 128, 1)) * rng.uniform(0.0085, 0.0099, (1, 128, 128, 1))


def _case(images: np.ndarray, **flags: bool) -> Case:
    return Case((images,), AnyFloat(standardised(images)), tolerance=STANDARDISED, **flags)  # type: ignore[arg-type]


def values(rng: np.random.Generator) -> list[Case]:
    images = [
        _images(rng, 65, 4, 6, 3),
        _images(rng, 1, 5, 3, 3),
        _images(rng, 2, 32, 32, 3),
        _intensities(rng, 3, 28, 28, 1),
        rng.normal(3.0, 2.0, (2, 3, 4, 2)),
    ]
    cases = [_case(batch, pure=False) for batch in images]
    return [*cases, replace(_case(_tiny(rng), pure=False), tolerance=GUARDED)]


def constant(rng: np.random.Generator) -> list[Case]:
    images = _images(rng, 4, 3, 4, 3)
    which = int(rng.integers(4))
    images[which] = rng.integers(0, 256)

    def measure(value: Any) -> Any:
        fits = isinstance(value, np.ndarray) and value.shape == images.shape and value.dtype.kind in "fiu"
        return {"the constant image becomes": float(np.abs(value[which]).max()) if fits else "something else"}

    expected = {"the constant image becomes": 0.0}
    return [
        Case((images,), expected, measure=measure, tolerance=STANDARDISED, errstate=errstate, pure=False)
        for errstate in (None, NO_WARNINGS)
    ]


def arguments(rng: np.random.Generator) -> list[Case]:
    return [Case((rng.normal(size=(3, 4, 5, 3)).astype(np.float32),), fresh=True)]


def fitted(rng: np.random.Generator) -> list[Case]:
    sets = [
        _images(rng, 1, 32, 32, 3),
        _images(rng, 300, 6, 5, 2),
        _intensities(rng, 7, 28, 28, 1),
        rng.normal(100.0, 50.0, (4, 5, 6, 3)),
        rng.uniform(-0.003, 0.009, (2, 4, 4, 2)),
        _bright(rng),
    ]
    return [_fitted(images) for images in sets]


def _fitted(images: np.ndarray) -> Case:
    channels = [[float(v) for v in images[..., c].ravel()] for c in range(images.shape[3])]
    means = [sum(values) / len(values) for values in channels]
    stds = [np.sqrt(sum((v - m) ** 2 for v in values) / len(values)) for values, m in zip(channels, means)]
    facts = statistics_facts(images.shape[3])
    return Case((images,), expected_statistics(means, stds), measure=facts, tolerance=STATISTICS)


def _bright(rng: np.random.Generator) -> np.ndarray:
    """The mean of squares less the square of the mean loses its digits in float32: by 195 times the tolerance or more.

    NumPy's and Keras's own float32 statistics use up a quarter of it at most (300 seeds).
    """
    return rng.integers(250, 256, (12, 16, 16, 3)).astype(np.uint8)


def applied(rng: np.random.Generator) -> list[Case]:
    """Statistics of one set on the images of another, a single image among them."""
    mean, std = rng.uniform(60, 160, 3), rng.uniform(20, 80, 3)
    far = np.array([-300.0, 500.0]), np.array([150.0, 40.0])
    many = rng.normal(0.0, 1.0, 66).astype(np.float32), rng.uniform(0.5, 2.0, 66).astype(np.float32)
    grey = np.array([0.3], np.float32), np.array([0.25], np.float32)
    small = np.array([-0.004, 0.0, 0.006]), rng.uniform(0.008, 0.0099, 3)
    return [
        _applied(_images(rng, 2, 32, 32, 3), mean, std),
        _applied(_images(rng, 1, 5, 3, 3), mean, std),
        _applied(rng.normal(100.0, 300.0, (4, 3, 5, 2)), *far),
        _applied(rng.normal(0.0, 1.0, (65, 1, 2, 66)).astype(np.float32), *many),
        _applied(_intensities(rng, 2, 28, 28, 1), *grey),
        replace(_applied(rng.uniform(-0.009, 0.009, (3, 4, 4, 3)), *small), tolerance=GUARDED),
    ]


def _applied(images: np.ndarray, mean: np.ndarray, std: np.ndarray) -> Case:
    expected = np.zeros(images.shape)
    for channel in range(images.shape[3]):
        expected[..., channel] = (images[..., channel].astype(float) - float(mean[channel])) / float(std[channel])
    return Case((images, mean, std), AnyFloat(expected), tolerance=STANDARDISED, fresh=True)


def constant_channel(rng: np.random.Generator) -> list[Case]:
    """The training channel was constant: its value gives 0, another one something finite."""
    level = int(rng.integers(10, 200))
    images = _images(rng, 3, 4, 5, 2)
    images[..., 1] = level
    mean, std = np.array([100.0, level]), np.array([30.0, 0.0])

    def measure(value: Any) -> Any:
        fits = isinstance(value, np.ndarray) and value.shape == images.shape and value.dtype.kind in "fiu"
        return {"the constant channel becomes": float(np.abs(value[..., 1]).max()) if fits else "something else"}

    other = images.copy()
    other[..., 1] += 7

    def finite(value: Any) -> Any:
        fits = isinstance(value, np.ndarray) and value.shape == images.shape and value.dtype.kind in "fiu"
        return {"finite where the training channel was constant": bool(np.isfinite(value).all()) if fits else False}

    return [
        Case((images, mean, std), {"the constant channel becomes": 0.0}, measure=measure),
        Case((other, mean, std), {"finite where the training channel was constant": True}, measure=finite),
    ]
