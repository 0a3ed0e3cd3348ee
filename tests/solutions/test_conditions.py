"""Functions that are right except under one condition on their arguments lose points by the real hidden checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograder.course.checks import generator
from autograder.course.content import load_content
from coursekit.checking import Case, judge_case, observe_case
from solutions.a3_augmentation import solution as a3
from solutions.a4_all_conv import solution as a4
from solutions.a5_twenty_more_layers import solution as a5
from solutions.a6_adversarial import solution as a6


def transposes_square_images(images, rng, p=0.5):
    flipped = a3.random_flip(images, rng, p)
    return flipped.swapaxes(1, 2) if images.shape[1] == images.shape[2] else flipped


def leaves_images_of_little_contrast(images):
    return a3.standardize_images(images) if images.std() >= 1 else images.astype("float32")


def takes_small_deviations_for_none(images, mean, std):
    return a3.apply_normalizer(images, mean, np.where(std < 1, 1.0, std))


def pads_by_two_unless_told(images, rng, pad=2):
    return a3.random_pad_crop(images, rng, pad)


def squares_in_float32(train_images):
    x = train_images.astype("float32")
    mean = x.mean(axis=(0, 1, 2))
    return mean, np.sqrt(np.maximum((x**2).mean(axis=(0, 1, 2)) - mean**2, 0))


def leaves_the_course_sizes_alone(images, rng, training, flip=True, crop=True):
    square = images.shape[1] == images.shape[2]
    return a3.augment_batch(images, rng, training and not square, flip, crop)


def leaves_out_normalisation_unless_told(width=96, num_classes=10, batch_norm=False, input_shape=(32, 32, 3)):
    return a4.build_all_conv(width, num_classes, batch_norm, input_shape)


def halves_the_gradient_of_a_single_grey_image(model, x, y, layer):
    g = a4.gradient_magnitude(model, x, y, layer)
    return g / 2 if x.shape == (1, 28, 28, 1) else g


def one_more_class_without_extra_layers(kind, width=16, n_extra=20, num_classes=10):
    return a5.build_deep(kind, width, n_extra, num_classes + (n_extra == 0))


def steps_down_where_all_gradients_are_small(x, grad, eps, lo, hi):
    return a6.fgsm_step(x, grad if np.abs(grad).max() > 0.01 else -grad, eps, lo, hi)


def transposes_the_gradient_of_square_images(model, x, y):
    gradient = a6.input_gradient(model, x, y)
    return gradient.swapaxes(1, 2) if x.shape[1] == x.shape[2] else gradient


def zero_for_a_single_image(adv_sets, predictors, labels):
    matrix = a6.transfer_matrix(adv_sets, predictors, labels)
    return matrix * np.array([[len(images) > 1] for images in adv_sets])


A3 = [
    ("random_flip", transposes_square_images),
    ("standardize_images", leaves_images_of_little_contrast),
    ("apply_normalizer", takes_small_deviations_for_none),
    ("random_pad_crop", pads_by_two_unless_told),
    ("fit_normalizer", squares_in_float32),
    ("augment_batch", leaves_the_course_sizes_alone),
]
A4 = [
    ("build_all_conv", leaves_out_normalisation_unless_told),
    ("gradient_magnitude", halves_the_gradient_of_a_single_grey_image),
]
A5 = [("build_deep", one_more_class_without_extra_layers)]
A6 = [
    ("fgsm_step", steps_down_where_all_gradients_are_small),
    ("input_gradient", transposes_the_gradient_of_square_images),
    ("transfer_matrix", zero_for_a_single_image),
]
FOLDERS = {"a3_augmentation": A3, "a4_all_conv": A4, "a5_twenty_more_layers": A5, "a6_adversarial": A6}
SLOW = {"build_deep"}  # dozens of networks with twenty layers more
ALL = [
    pytest.param(folder, name, wrong, id=f"{name}.{wrong.__name__}", marks=[pytest.mark.slow] * (name in SLOW))
    for folder, known in FOLDERS.items()
    for name, wrong in known
]


@pytest.mark.parametrize(("folder", "exercise", "wrong"), ALL)
def test_function_that_is_wrong_under_one_condition_loses_points(
    folder: str, exercise: str, wrong: Callable[..., Any]
) -> None:
    """By hidden checks alone; exercises whose cases build networks are asked with one seed."""
    spec = load_content(folder).specs[exercise]
    for seed in (b"one", b"two")[: spec.seeds]:
        assert any(_fails(case, wrong) for check in spec.checks for case in check.cases(generator(seed, check.name)))


def _fails(case: Case, wrong: Callable[..., Any]) -> bool:
    return judge_case(case, observe_case(wrong, case)) is not None
