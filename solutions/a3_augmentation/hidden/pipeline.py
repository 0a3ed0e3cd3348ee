"""Hidden cases of the augmentation pipeline, and a training that uses it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import layers

from assignments.a3_augmentation.checks import (
    STANDARDISED,
    as_batch,
    bucket,
    pipeline_case,
    pipeline_facts,
    standardised,
    uneven_images,
)
from autograder.course.trials import Bench, Trial
from autograder.judge.training import fit, logits
from coursekit.checking import Case, Refused
from coursekit.observing import Rng


def _case(rng: np.random.Generator, training: bool, **flags: bool) -> Case:
    height, width = (int(n) for n in rng.permutation([9, 11]))
    images = uneven_images(64, height, width, int(rng.integers(1 << 31)))
    return replace(pipeline_case(images, int(rng.integers(1 << 31)), training, **flags), pure=False)


def evaluation(rng: np.random.Generator) -> list[Case]:
    """Many images and one, of the course's sizes too, of all kinds of numbers."""
    grey = rng.uniform(0.2, 0.6, (3, 28, 28, 1)).astype(np.float32)
    grey[:, 0, 0] = 0.0
    tiny = rng.choice([-1.0, 1.0], (1, 128, 128, 1)) * rng.uniform(0.0085, 0.0099, (1, 128, 128, 1))
    return [
        _case(rng, False),
        _plain_case(rng, uneven_images(2, 32, 32, int(rng.integers(1 << 31))), {"flip": True, "crop": True}),
        _plain_case(rng, grey),
        _plain_case(rng, tiny),
    ]


def _plain_case(rng: np.random.Generator, images: np.ndarray, flags: dict[str, bool] | None = None) -> Case:
    """What evaluation makes of a batch, number by number."""
    args = (images, Rng(int(rng.integers(1 << 31))), False)
    return Case(args, standardised(images).astype(np.float32), flags or {}, tolerance=STANDARDISED, pure=False)


def training(rng: np.random.Generator) -> list[Case]:
    """A large batch for its counts; small ones of the course's sizes, of other numbers, of one image."""
    small = [
        uneven_images(10, 32, 32, int(rng.integers(1 << 31))),
        rng.uniform(0.1, 1.0, (11, 28, 28, 1)).astype(np.float32),
        rng.normal(0.0, 200.0, (10, 9, 8, 1)),
        uneven_images(1, 9, 11, int(rng.integers(1 << 31))),
    ]
    return [_case(rng, True), *(_few_case(rng, images) for images in small)]


def _few_case(rng: np.random.Generator, images: np.ndarray) -> Case:
    """Too few images for counts: each is a window of itself or of its mirror image. That none of ten moves: 1e-19."""
    facts = pipeline_facts(images)

    def measure(value: Any) -> dict[str, Any]:
        found = facts(value)
        moved = found["moved"] != "not at all" if len(images) >= 10 else "one alone may stay where it is"
        foreign = sorted(set(found["standardised images are"]) - {"itself", "mirrored"})
        return {"other images": foreign, "any image moved": moved, "border": found["border"], "dtype": found["dtype"]}

    moved = len(images) >= 10 or "one alone may stay where it is"
    expected: dict[str, Any] = {"other images": [], "any image moved": moved, "border": "0", "dtype": "float32"}
    return Case((images, Rng(int(rng.integers(1 << 31))), True), expected, measure=measure, pure=False)


def flags(rng: np.random.Generator) -> list[Case]:
    return [_case(rng, True, crop=False), _case(rng, True, flip=False), _case(rng, True, flip=False, crop=False)]


def shares(rng: np.random.Generator) -> list[Case]:
    """Half of many images are mirrored."""
    images = uneven_images(900, 3, 5, int(rng.integers(1 << 31)))
    mirror = standardised(images)[:, :, ::-1]

    def measure(value: Any) -> dict[str, str]:
        near = np.abs(as_batch(value, images) - mirror) < 1e-3
        return {"mirrored": bucket(int(near.reshape(len(near), -1).all(axis=1).sum()), len(near), 0.5)}

    args = (images, Rng(int(rng.integers(1 << 31))), True)
    return [Case(args, {"mirrored": "as expected"}, kwargs={"crop": False}, measure=measure, pure=False)]


def arguments(rng: np.random.Generator) -> list[Case]:
    images = rng.normal(size=(40, 9, 10, 3)).astype(np.float32)
    return [Case((images, Rng(int(rng.integers(1 << 31))), flag), fresh=True) for flag in (True, False)]


# ------------------------------------------------------------------------------------------------------------- learning

IMAGES, EPOCHS, BATCH = 1000, 10, 50
EVALUATIONS = 3  # what is the same each time costs nothing; what is augmented is right each time less often


def held_out_accuracy(bench: Bench) -> float:
    """Train a small network of ours on few images that the student's function augments anew for each epoch.

    Returns:
        The fraction of held-out images that are classified rightly in each of several evaluations.
    """
    data = bench.data("colour", train=IMAGES, test=1500)
    x_train, x_test = (x.astype(np.uint8) for x in (data.x_train, data.x_test))
    model = _network()
    for _ in range(EPOCHS):
        batch = _augmented(bench, x_train, training=True)
        fit(model, batch, data.y_train, steps=IMAGES // BATCH, batch_size=BATCH, learning_rate=2e-3, rng=bench.rng)
    batches = [_augmented(bench, x_test, training=False) for _ in range(EVALUATIONS)]
    right = logits(model, np.concatenate(batches)).argmax(axis=1) == np.tile(data.y_test, EVALUATIONS)
    return float(right.reshape(EVALUATIONS, -1).all(axis=0).mean())


def _augmented(bench: Bench, images: np.ndarray, *, training: bool) -> np.ndarray:
    value: Any = bench.value(Case((images, Rng(int(bench.rng.integers(1 << 31))), training)))
    if not isinstance(value, np.ndarray) or value.shape != images.shape:
        raise Refused(f"returned {getattr(value, 'shape', type(value).__name__)}; expected images {images.shape}")
    return value.astype(np.float32)


def _network() -> Any:
    x = inputs = keras.Input((32, 32, 3))
    for filters in (16, 32):
        x = layers.Conv2D(filters, 5, strides=2, padding="same", activation="relu")(x)
    return keras.Model(inputs, layers.Dense(10)(layers.Flatten()(x)))


LEARNS = Trial(
    "a network learns with it",
    held_out_accuracy,
    "held-out accuracy, right in three evaluations of three, after 10 augmented epochs",
    images="colour",
    hint="the network learns too little from your batches: do the images still belong to their labels?",
    rejects=(
        "augments_at_evaluation",
        "inverts_training",
        "casts_the_batch_back",
        "shuffles_the_batch",
        "returns_zeros",
    ),
)
