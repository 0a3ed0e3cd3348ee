"""Hidden cases of the two ways to normalise images."""

from __future__ import annotations

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


def _images(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """uint8 images of different brightness and contrast, none constant."""
    low = rng.integers(0, 120, (shape[0], 1, 1, 1))
    return np.asarray(low + rng.integers(0, 100, shape) + 30 * (np.arange(shape[3]) % 2)).astype(np.uint8)


def _case(images: np.ndarray, **flags: bool) -> Case:
    return Case((images,), AnyFloat(standardised(images)), tolerance=STANDARDISED, **flags)  # type: ignore[arg-type]


def values(rng: np.random.Generator) -> list[Case]:
    small = rng.normal(3.0, 2.0, (2, 3, 4, 2)).astype(np.float32)
    return [
        _case(_images(rng, 5, 4, 6, 3), pure=False),
        _case(_images(rng, 1, 3, 5, 3), pure=False),
        _case(small, pure=False),
    ]


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
    cases = []
    for shape in [(7, 4, 5, 3), (300, 6, 5, 2)]:
        images = _images(rng, *shape)
        channels = [[float(v) for v in images[..., c].ravel()] for c in range(shape[3])]
        means = [sum(values) / len(values) for values in channels]
        stds = [np.sqrt(sum((v - m) ** 2 for v in values) / len(values)) for values, m in zip(channels, means)]
        expected, measure = expected_statistics(means, stds), statistics_facts(shape[3])
        cases.append(Case((images,), expected, measure=measure, tolerance=STATISTICS))
    return cases


def applied(rng: np.random.Generator) -> list[Case]:
    """Statistics of one set on the images of another, a single image among them."""
    mean, std = rng.uniform(60, 160, 3), rng.uniform(20, 80, 3)
    cases = []
    for n in (4, 1):
        images = _images(rng, n, 3, 5, 3)
        expected = np.zeros(images.shape)
        for index in np.ndindex(images.shape):
            expected[index] = (float(images[index]) - mean[index[3]]) / std[index[3]]
        cases.append(Case((images, mean, std), AnyFloat(expected), tolerance=STANDARDISED, fresh=True))
    return cases


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
