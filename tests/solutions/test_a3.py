"""a3: the statistics of random functions, against the reference."""

from __future__ import annotations

import math

import numpy as np
import pytest

from assignments.a3_augmentation.checks import (
    SIGMAS,
    coded_images,
    expected_offsets,
    flip_facts,
    offset_facts,
)
from solutions.a3_augmentation import solution


def test_counts_of_honest_coins_raise_no_alarm():
    images = coded_images(1000, 1, 2)
    for seed in range(200):
        facts = flip_facts(images, 0.3)(solution.random_flip(images, np.random.default_rng(seed), 0.3))
        assert facts["mirrored"] == "as expected"


def test_honest_offsets_raise_no_alarm():
    images = coded_images(500, 5, 6)
    for seed in range(40):
        cropped = solution.random_pad_crop(images, np.random.default_rng(seed), 2)
        assert offset_facts(images, 2)(cropped) == expected_offsets(2)


@pytest.mark.parametrize("pad", [1, 2, 4])
def test_bound_of_the_chi_square_is_exceeded_less_than_once_in_1e9(pad):
    degrees = 2 * pad
    half = (degrees + SIGMAS * math.sqrt(2 * degrees) + SIGMAS**2) / 2
    beyond = math.exp(-half) * sum(half**j / math.factorial(j) for j in range(pad))  # for an even number of degrees
    assert beyond < 1e-9


def test_parameters_of_the_network_are_those_of_the_docstring():
    model = solution.build_penn_net()
    assert model.count_params() == 146_346
    assert sum(int(np.prod(w.shape)) for w in model.non_trainable_weights) == 384
