"""A network is what it computes: probes tell networks apart, whatever their layers are called."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from coursekit.checking import Refused
from coursekit.probing import kernel_weights, pass_means, run, set_weights_by_order
from solutions.shared.hidden import forward


def network(*, pool=layers.MaxPooling2D, bias=True) -> keras.Model:
    x = inputs = keras.Input((6, 7, 2))
    x = layers.Conv2D(3, (3, 2), padding="same", use_bias=bias)(x)
    x = layers.BatchNormalization()(x)
    x = pool(3, strides=2, padding="same")(layers.ReLU()(x))
    return keras.Model(inputs, layers.Dense(4)(layers.Flatten()(x)))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(("pool", "reduce"), [(layers.MaxPooling2D, np.max), (layers.AveragePooling2D, np.mean)])
def test_numpy_and_keras_agree(training, pool, reduce):
    model = network(pool=pool)
    conv, norm, dense = set_weights_by_order(model, 5)
    images = np.random.default_rng(0).normal(size=(3, 6, 7, 2)).astype(np.float32)
    x = forward.convolve(images, conv["kernel"], conv["bias"])
    x = forward.normalise_batch(x, norm["gamma"], norm["beta"]) if training else forward.normalise(x, **norm)
    x = forward.pool(forward.relu(x), 3, 2, reduce, same=True).reshape(3, -1)
    expected = x @ dense["kernel"] + dense["bias"]
    np.testing.assert_allclose(run(model, images, training=training), expected, rtol=1e-4, atol=1e-5)


def test_an_optional_bias_changes_nothing():
    images = np.random.default_rng(0).normal(size=(2, 6, 7, 2)).astype(np.float32)
    outputs = []
    for bias in (True, False):
        model = network(bias=bias)
        set_weights_by_order(model, 9, biases=False)
        outputs.append(run(model, images))
    np.testing.assert_allclose(outputs[0], outputs[1], rtol=1e-5)
    assert kernel_weights(network(bias=True)) == kernel_weights(network(bias=False))


def test_means_pass_through_and_the_last_bias_arrives():
    model = network()
    pass_means(model, last_bias=-2.0)
    scale = 1 / np.sqrt(1 + 1e-3)
    np.testing.assert_allclose(run(model, np.ones((1, 6, 7, 2), np.float32)), [[scale - 2.0] * 4], rtol=1e-4)


def test_wrong_images_are_a_sentence():
    with pytest.raises(Refused, match=r"takes inputs of shape \(6, 7, 2\), expected \(5, 7, 2\)"):
        run(network(), np.ones((1, 5, 7, 2), np.float32))


def test_cross_entropy_is_stable():
    logits = np.array([[1e5, 0.0], [0.0, 0.0]])
    assert forward.mean_cross_entropy(logits, np.array([0, 1])) == pytest.approx(np.log(2) / 2)
