"""Hidden cases of the transfer matrix: predictors of raw images, counted image by image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from coursekit.checking import AnyFloat, Case
from coursekit.observing import Remote

Predictor = Callable[[np.ndarray], np.ndarray]
SHAPE = (2, 3, 1)
CLASSES = 4


def predictors(rng: np.random.Generator, count: int) -> list[Predictor]:
    """Linear classifiers, each with a preprocessing of its own: bytes, standardised images, centred images."""

    def make(prepare: Predictor) -> Predictor:
        kernel, bias = rng.normal(size=(int(np.prod(SHAPE)), CLASSES)), 0.3 * rng.normal(size=CLASSES)
        return lambda images: prepare(images).reshape(len(images), -1) @ kernel + bias

    def standardise(x: np.ndarray) -> np.ndarray:
        return (x - x.mean(axis=(1, 2, 3), keepdims=True)) / x.std(axis=(1, 2, 3), keepdims=True)

    kinds: list[Predictor] = [lambda x: x / 255.0, standardise, lambda x: x / 127.5 - 1.0]
    return [make(kinds[i % 3]) for i in range(count)]


def fraction(predict: Predictor, images: np.ndarray, y: np.ndarray) -> float:
    hits = 0
    for image, label in zip(images, y, strict=True):
        logits = predict(image[None].astype(float))[0].tolist()
        hits += logits.index(max(logits)) == label
    return hits / len(images)


def matrix_case(
    rng: np.random.Generator,
    sizes: Sequence[int],
    models: int,
    *,
    per_set: type | None = None,
    least: int = 0,
    **flags: Any,
) -> Case:
    """Raw images 0 to 255; one array of labels for all sets, or a list or tuple with one for each; none below least."""
    while True:
        predict = predictors(rng, models)
        sets = [rng.uniform(0, 255, (n, *SHAPE)).astype(np.float32) for n in sizes]
        common = rng.integers(least, CLASSES, max(sizes))
        own = [rng.integers(least, CLASSES, n) if per_set else common[:n] for n in sizes]
        expected = np.array([[fraction(p, x, y) for p in predict] for x, y in zip(sets, own, strict=True)])
        if len(np.unique(expected)) > min(expected.size, 4) // 2:
            labels = per_set(own) if per_set else common
            remote = [Remote(p, f"predictor_{j}") for j, p in enumerate(predict)]
            return Case((sets, remote, labels), AnyFloat(expected), **flags)


def matrix_values(rng: np.random.Generator) -> list[Case]:
    """Square and not, one set and many, one predictor and many, one image and many; nothing given is changed."""
    sizes = [(12, 3, 3), (9, 2, 3), (8, 4, 2), (70, 2, 1), (1, 1, 3)]
    return [matrix_case(rng, [n] * sets, models, least=int(n == 70)) for n, sets, models in sizes]


def matrix_labels(rng: np.random.Generator) -> list[Case]:
    """Labels of its own for each set; sets of different sizes."""
    return [
        matrix_case(rng, [10, 10], 2, per_set=list, pure=False),
        matrix_case(rng, [5, 9, 7], 3, per_set=list, pure=False),
        matrix_case(rng, [6, 11], 2, per_set=tuple, pure=False),
    ]


def matrix_mismatch(rng: np.random.Generator) -> list[Case]:
    """Too few labels, too many, and a single one, which NumPy would compare with every image."""
    x = rng.uniform(0, 255, (4, *SHAPE)).astype(np.float32)

    def case(sets: list[np.ndarray], labels: Any) -> Case:
        remote = [Remote(p, f"predictor_{j}") for j, p in enumerate(predictors(rng, 2))]
        return Case((sets, remote, labels), raises="ValueError", pure=False)

    return [
        case([x, x], np.array([0, 1, 2])),
        case([x], np.array([3])),
        case([x[:1]], np.array([0, 1, 2])),
        case([x, x[:2]], [np.array([0, 1, 2, 3]), np.array([1])]),
        case([x[:1], x], (np.array([2]), np.array([1]))),
    ]
