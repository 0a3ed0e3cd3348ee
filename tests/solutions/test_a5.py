"""a5: the NumPy networks against the reference."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from assignments.a5_twenty_more_layers.checks import path_lengths, spread
from coursekit.models.networks import describe, rebuild
from solutions.a5_twenty_more_layers import solution
from solutions.a5_twenty_more_layers.hidden import learning
from solutions.shared.hidden import forward


@pytest.mark.parametrize("shape", [(5, 5, 2, 3), (3, 3, 1, 2), (2, 4, 3, 1), (1, 1, 2, 2)])
def test_convolution_by_taps_agrees_with_the_one_by_positions(shape):
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=(2, 6, 7, shape[2])), rng.normal(size=shape)
    rows, columns = kernel.shape[:2]
    padded = np.pad(x, [(0, 0), ((rows - 1) // 2, rows // 2), ((columns - 1) // 2, columns // 2), (0, 0)])
    by_positions = np.zeros((2, 6, 7, shape[3]))
    for i in range(6):
        for j in range(7):
            by_positions[:, i, j] = np.tensordot(padded[:, i : i + rows, j : j + columns], kernel, 3)
    np.testing.assert_allclose(forward.convolve(x, kernel), by_positions, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("columns", [1, 2, 3, 4])
def test_paths_of_a_built_block_are_those_that_were_counted(columns):
    inputs = keras.Input((4, 6, 2))
    block = describe(keras.Model(inputs, solution.fractal_block(inputs, 2, columns)))
    stats = solution.fractal_stats(columns)
    assert path_lengths(block) == (stats["longest"], stats["shortest"])


@pytest.mark.parametrize("initializer", ["he_normal", "he_uniform", "glorot_uniform", "lecun_normal", "ones"])
def test_spread_tells_initialisers_apart(initializer):
    draw = keras.initializers.get(initializer)
    words = {spread(np.asarray(draw((5, 5, 8, 8)))) for _ in range(100 if initializer.startswith("he") else 10)}
    wrong = "not around 0" if initializer == "ones" else "smaller than He's"
    assert words == {"He" if initializer.startswith("he") else wrong}


def test_average_over_all_positions_that_are_left_fits_small_images_too():
    inputs = keras.Input((32, 32, 3))
    x = layers.MaxPooling2D(3, 4, "same")(layers.Conv2D(10, 3, padding="same")(inputs))
    model = describe(keras.Model(inputs, layers.Flatten()(layers.AveragePooling2D(8)(x))))
    assert rebuild(learning.shrunk(model), (8, 8, 3)).output_shape == (None, 10)
