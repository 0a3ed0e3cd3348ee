"""Hidden cases of the augmentation pipeline, and a training that uses it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import layers

from assignments.a3_augmentation.checks import as_batch, bucket, pipeline_case, standardised, uneven_images
from autograder.course.trials import Bench, Trial
from autograder.judge.training import fit, logits
from coursekit.checking import Case, Refused
from coursekit.observing import Rng


def _case(rng: np.random.Generator, training: bool, **flags: bool) -> Case:
    height, width = (int(n) for n in rng.permutation([9, 11]))
    images = uneven_images(64, height, width, int(rng.integers(1 << 31)))
    return replace(pipeline_case(images, int(rng.integers(1 << 31)), training, **flags), pure=False)


def evaluation(rng: np.random.Generator) -> list[Case]:
    return [_case(rng, False), _case(rng, False, flip=True, crop=True)]


def training(rng: np.random.Generator) -> list[Case]:
    return [_case(rng, True)]


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

IMAGES, EPOCHS, BATCH = 500, 10, 50
EVALUATIONS = 3  # what is the same each time costs nothing; what is augmented is right each time less often


def held_out_accuracy(bench: Bench) -> float:
    """Train a small network of ours on few images that the student's function augments anew for each epoch.

    Returns:
        The fraction of held-out images that are classified rightly in each of several evaluations.
    """
    data = bench.data("colour", train=IMAGES, test=600)
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
)
