"""Where the trials' images come from: the course's data, drawn afresh and with its class numbers permuted."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from autograder.course.bounds import read_bounds
from autograder.course.trials import Images, Kind, Laboratory
from coursekit.data import synthetic
from coursekit.data.loaders import SYNTHETIC, Data, load


def open_laboratory(data: Mapping[str, str], folder: str) -> Laboratory:
    """The laboratory of a course's assignment.

    Args:
        data: for ``grey`` and ``colour``, the name of the dataset that the course uses.
        folder: the assignment's, for its bounds.

    Raises:
        DatasetError: later, on drawing, when a dataset's files are missing or damaged.
    """

    def draw(kind: Kind, train: int, test: int, rng: np.random.Generator) -> Images:
        name = data[kind]
        make = _synthetic if name in SYNTHETIC else _real
        (x_train, y_train), (x_test, y_test) = make(name, kind, train, test, rng)
        numbers = rng.permutation(10)
        return Images(x_train, numbers[y_train], x_test, numbers[y_test])

    return Laboratory(draw, read_bounds(folder, set(data.values())))


Labelled = tuple[np.ndarray, np.ndarray]
Split = tuple[Labelled, Labelled]


def _synthetic(name: str, kind: Kind, train: int, test: int, rng: np.random.Generator) -> Split:
    images, labels = synthetic.draw(kind, train + test, rng)
    x = images.astype(np.float32)
    return (x[:train], labels[:train]), (x[train:], labels[train:])


def _real(name: str, kind: Kind, train: int, test: int, rng: np.random.Generator) -> Split:
    data = _loaded(name)
    return _sample(data.x_train, data.y_train, train, rng), _sample(data.x_test, data.y_test, test, rng)


def _sample(images: np.ndarray, labels: np.ndarray, count: int, rng: np.random.Generator) -> Labelled:
    """Some of the images, each with a contrast of its own, so that remembered pixels do not match."""
    chosen = rng.permutation(len(images))[:count]
    contrast = rng.uniform(0.9, 1.0, (len(chosen), 1, 1, 1)).astype(np.float32)
    return images[chosen] * contrast, labels[chosen]


@cache
def _loaded(name: str) -> Data:
    return load(name)
