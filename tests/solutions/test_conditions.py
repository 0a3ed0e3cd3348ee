"""Functions that are right except under one condition on their arguments lose points by the real hidden checks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from autograder.course.content import load_content
from autograder.judge.judging import judge
from coursekit.checking import observe_case
from solutions.a3_augmentation import solution as a3


def transposes_square_images(images, rng, p=0.5):
    flipped = a3.random_flip(images, rng, p)
    return flipped.swapaxes(1, 2) if images.shape[1] == images.shape[2] else flipped


def leaves_images_of_little_contrast(images):
    return a3.standardize_images(images) if images.std() >= 1 else images.astype("float32")


def takes_small_deviations_for_none(images, mean, std):
    return a3.apply_normalizer(images, mean, np.where(std < 1, 1.0, std))


def pads_by_two_unless_told(images, rng, pad=2):
    return a3.random_pad_crop(images, rng, pad)


def sums_in_float32(train_images):
    x = train_images.astype("float32")
    return x.mean(axis=(0, 1, 2)), x.std(axis=(0, 1, 2))


def leaves_the_course_sizes_alone(images, rng, training, flip=True, crop=True):
    square = images.shape[1] == images.shape[2]
    return a3.augment_batch(images, rng, training and not square, flip, crop)


A3 = [
    ("random_flip", transposes_square_images),
    ("standardize_images", leaves_images_of_little_contrast),
    ("apply_normalizer", takes_small_deviations_for_none),
    ("random_pad_crop", pads_by_two_unless_told),
    ("fit_normalizer", sums_in_float32),
    ("augment_batch", leaves_the_course_sizes_alone),
]
ALL = [("a3_augmentation", *known) for known in A3]


@pytest.mark.parametrize(("folder", "exercise", "wrong"), ALL, ids=[f"{e}.{f.__name__}" for _, e, f in ALL])
def test_function_that_is_wrong_under_one_condition_loses_points(
    folder: str, exercise: str, wrong: Callable[..., Any]
) -> None:
    spec = load_content(folder).specs[exercise]
    for seed in (b"one", b"two"):
        assert min(judge(spec, seed, partial(observe_case, wrong)).fraction.values()) < 1
