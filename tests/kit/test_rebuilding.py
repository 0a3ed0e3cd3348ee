"""A fresh model is the described one, or it is refused by the name of what makes the difference."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers, ops

from autograder.jail.witness import probe
from coursekit.models.networks import Refused, describe, rebuild


def model(*parts, **options) -> keras.Model:
    x = inputs = keras.Input((6, 5, 3), **options)
    for part in parts:
        x = part(x)
    return keras.Model(inputs, x)


@pytest.mark.parametrize(
    "parts",
    [
        lambda: (layers.Dropout(0.2, seed=3), layers.Flatten(), layers.Dense(10, kernel_initializer="he_normal")),
        lambda: (layers.BatchNormalization(momentum=0.9, gamma_initializer="zeros"), layers.ReLU(max_value=6)),
        lambda: (lambda x: ops.reshape(x, (-1, 90)), layers.Reshape((9, 10)), layers.Permute((2, 1))),
        lambda: (lambda x: ops.concatenate([x, x], axis=-1), lambda x: ops.relu(ops.mean(x, axis=(1, 2))), ops.softmax),
        lambda: (lambda x: ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), lambda x: ops.max(x, axis=[1, 2])),
        lambda: (
            lambda x: ops.mean(ops.stack([x, 2 * x, x]), axis=0),
            lambda x: ops.sum(ops.stack([x, x], axis=1), axis=1),
        ),
        lambda: (layers.Conv2D(4, 3, dilation_rate=2), layers.LeakyReLU(negative_slope=0.1)),
    ],
    ids=["seeded dropout", "normalisation", "reshaped", "operations", "padded", "stacked branches", "dilated"],
)
def test_what_can_be_described_is_built_again_and_computes_the_same(parts):
    original = model(*parts())  # made here: elsewhere layers are numbered anew, and two might have one name
    images = np.random.default_rng(0).normal(size=(2, 6, 5, 3)).astype(np.float32)
    np.testing.assert_allclose(rebuild(describe(original))(images), original(images), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (layers.Dropout(0.3, noise_shape=(None, 1, 1, 3)), "Dropout with noise_shape"),
        (layers.Conv2D(3, 3, data_format="channels_first"), "Conv2D with data_format"),
        (layers.AveragePooling2D(2, data_format="channels_first"), "AveragePooling2D with data_format"),
        (layers.Dense(3, kernel_constraint="non_neg"), "Dense with kernel_constraint"),
        (layers.Dense(3, bias_regularizer="l1"), "Dense with bias_regularizer"),
        (layers.Dense(3, activity_regularizer="l2"), "Dense with activity_regularizer"),
        (layers.BatchNormalization(momentum=1.0), "BatchNormalization with momentum"),
        (layers.BatchNormalization(synchronized=True), "BatchNormalization with synchronized"),
        (layers.BatchNormalization(beta_constraint="non_neg"), "BatchNormalization with beta_constraint"),
        (layers.Dense(3, dtype="mixed_float16"), "computes in 'mixed_float16'"),
        (layers.Softmax(axis=0), "batch axis"),
        (lambda x: ops.concatenate([x, x], axis=0), "batch axis"),
        (lambda x: ops.stack([x, x]), "do not begin with the batch axis"),
        (lambda x: ops.mean(ops.stack([x, x]), axis=1), "batch axis"),
        (lambda x: ops.relu(ops.stack([x, x])), "batch axis"),
        (lambda x: ops.reshape(x, (-1, 3)), "batch axis"),
        (lambda x: ops.transpose(x, (1, 0, 2, 3)), "batch axis"),
        (lambda x: x[:, 0], "batch axis"),
        (type("Dense", (layers.Dense,), {"__module__": layers.Dense.__module__})(3), "a layer of your own, Dense"),
    ],
)
def test_what_a_fresh_model_would_lack_is_refused_by_name(part, message):
    with pytest.raises(Refused, match=message):
        rebuild(describe(model(part)))


@pytest.mark.parametrize(
    ("options", "message"), [({"dtype": "int32"}, "dtype int32"), ({"batch_size": 4}, "batches of one size")]
)
def test_inputs_of_another_kind_are_refused(options, message):
    with pytest.raises(Refused, match=message):
        rebuild(describe(model(layers.Rescaling(2.0), **options)))


@pytest.mark.parametrize(
    ("outputs", "problem", "message"),
    [
        (np.zeros((2, 8), np.float32), "", r"outputs of shape \(2, 8\), its layers say \(2, 6, 5, 3\)"),
        (np.ones((2, 6, 5, 3), np.float32), "", "something else than its layers say"),
        (None, "", "that are no array"),
        (None, "ValueError: no", "cannot be run: ValueError: no"),
    ],
)
def test_model_that_ran_otherwise_than_described_is_refused(outputs, problem, message):
    images = np.random.default_rng(0).normal(size=(2, 6, 5, 3)).astype(np.float32)
    description = describe(model(layers.Rescaling(2.0)))
    description["ran"] = {"images": images, "outputs": outputs, "problem": problem}
    with pytest.raises(Refused, match=message):
        rebuild(description)


def test_layer_that_says_other_arguments_of_itself_is_described_as_it_is():
    layer = layers.Dense(8)
    built = model(layer)
    layer.get_config = lambda: layers.Dense(10).get_config()
    assert rebuild(describe(built)).output_shape[-1] == 8


def test_input_too_large_to_grade_is_refused_and_nobody_draws_one():
    x = keras.Input((1024, 1024, 9))
    description = describe(keras.Model(x, layers.ReLU()(x)))
    assert probe(description) is None
    with pytest.raises(Refused, match="too large to grade"):
        rebuild(description)
