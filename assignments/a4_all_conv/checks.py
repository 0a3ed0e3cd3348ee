"""Public cases of a4: networks with known weights on small images. Hidden cases only add seeds, sizes and edges."""

from pathlib import Path

import numpy as np

from coursekit.backend import keras
from coursekit.checker import Checker
from coursekit.checking import Case, Exercise, Tolerance
from coursekit.models.networks import LayerOf, Network, borrow, own_layers
from coursekit.probing import convolutions, kernel_weights, kernels, pass_means, run

from ..shared.plot_curves import PLOT_CURVES

layers = keras.layers

FLOAT32_SUMS = Tolerance(1e-3, 1e-5, "float32 sums through nine layers")


def facts(value):
    """What tells an all-convolutional net apart: its weights, and what a constant image becomes.

    Every kernel passes on the mean of its input channels and the last bias is -2, so an image of ones must come out
    as -1 in every logit, whatever the padding.
    """
    model = borrow(value)
    pass_means(model, last_bias=-2.0)
    ones = np.ones((1, *[extent or 8 for extent in model.input_shape[1:]]), np.float32)
    normalised = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    return {
        "input shape": model.input_shape[1:],
        "output shape": model.output_shape[1:],
        "convolutions": len(convolutions(model)),
        "dense layers": len(kernels(model)) - len(convolutions(model)),
        "BatchNormalization layers": len(normalised),
        "numbers in all kernels": kernel_weights(model),
        "logits of an image of ones": run(model, ones)[0],
    }


def expected_facts(shape, classes, normalised, weights):
    scale = 1 / np.sqrt(1 + 1e-3)  # BatchNormalization before training divides by this, eight times
    logit = scale**8 - 2.0 if normalised else -1.0
    return {
        "input shape": shape,
        "output shape": (classes,),
        "convolutions": 9,
        "dense layers": 0,
        "BatchNormalization layers": 8 if normalised else 0,
        "numbers in all kernels": weights,
        "logits of an image of ones": np.full(classes, logit, np.float32),
    }


def _named_network(*parts):
    """A small network of named layers, (kind, name, size); its weights only tell it from others."""

    def build():
        x = inputs = keras.Input((6, 5, 2), name="images")
        for kind, name, size in parts:
            if kind == "conv":
                x = layers.Conv2D(3, size, padding="same", name=name)(x)
            elif kind == "relu":
                x = layers.ReLU(name=name)(x)
            else:
                x = layers.Dense(size, name=name)(layers.GlobalAveragePooling2D(name="average")(x))
        return keras.Model(inputs, x)

    return build


ZEBRA = Network(
    _named_network(
        ("relu", "conv_in", 0),
        ("conv", "zebra", 3),
        ("relu", "conv_relu", 0),
        ("conv", "apple", 1),
        ("dense", "conv_out", 4),
    ),
    "input - ReLU 'conv_in' - Conv2D 'zebra' - ReLU - Conv2D 1x1 'apple' - average - Dense 'conv_out'",
)


ALONE = Network(_named_network(("conv", "alone", 3)), "input - Conv2D 'alone'")


def _one_weight():
    """One image of one pixel: logits (w, 0), so that dL/dw = p - 1 for class 0, with w = 0 and p = 1/2."""
    inputs = keras.Input((1, 1, 1))
    x = layers.Conv2D(2, 1, use_bias=False, kernel_initializer="zeros", name="only")(inputs)
    return keras.Model(inputs, layers.Flatten()(x))


def _normalised():
    """A convolution with weight 1, BatchNormalization with shifted statistics, and two logits."""
    inputs = keras.Input((1, 1, 1))
    x = layers.Conv2D(1, 1, use_bias=False, kernel_initializer="ones", name="first")(inputs)
    x = layers.BatchNormalization(epsilon=1.0)(x)
    x = layers.Conv2D(2, 1, use_bias=False, kernel_initializer="ones", name="last")(x)
    model = keras.Model(inputs, layers.Flatten()(x))
    model.layers[2].moving_mean.assign([5.0])
    return model


ONE_WEIGHT = Network(_one_weight, "Conv2D 1x1 with two weights, both 0, straight to two logits")
NORMALISED = Network(_normalised, "Conv2D - BatchNormalization(epsilon=1) - Conv2D 'last' to two logits, all weights 1")

EXERCISES = (
    Exercise(
        "build_all_conv",
        cases=(
            Case(
                (),
                expected_facts((32, 32, 3), 10, False, 1_368_480),
                kwargs={"batch_norm": False},
                measure=facts,
                tolerance=FLOAT32_SUMS,
                label="the network of table 2",
            ),
            Case(
                (2,),
                expected_facts((9, 8, 1), 3, True, 622),
                kwargs={"num_classes": 3, "input_shape": (9, 8, 1)},
                measure=facts,
                tolerance=FLOAT32_SUMS,
                label="narrow, on small images, with BatchNormalization",
            ),
        ),
        hints=(
            "read table 2 from top to bottom: three convolutions, a pool, three more, a pool, and the last three",
            "write a helper for convolution - BatchNormalization - ReLU and call it eight times",
            "the ninth convolution is 1x1 with num_classes filters and nothing after it but the global average",
        ),
    ),
    Exercise(
        "first_last_conv",
        cases=(
            Case(
                (ZEBRA,),
                ({"@": "layer", "name": "zebra"}, {"@": "layer", "name": "apple"}),
                measure=own_layers(ZEBRA),
                label="names mislead",
            ),
            Case(
                (ALONE,),
                ({"@": "layer", "name": "alone"}, {"@": "layer", "name": "alone"}),
                measure=own_layers(ALONE),
                label="one convolution is first and last",
            ),
        ),
        hints=(
            "model.layers lists the layers from input to output",
            "keep those of class keras.layers.Conv2D, whatever their names",
            "index 0 is the first, index -1 the last; an empty list deserves a ValueError",
        ),
        returns=("first", "last"),
    ),
    Exercise(
        "gradient_magnitude",
        cases=(
            Case(
                (ONE_WEIGHT, np.ones((1, 1, 1, 1), np.float32), np.array([0]), LayerOf(0, "only")),
                0.5,
                tolerance=FLOAT32_SUMS,
                part="value",
                label="by hand: p = 1/2, so the two gradients are -1/2 and 1/2",
            ),
            Case(
                (
                    ONE_WEIGHT,
                    np.array([3.0, 1.0], np.float32).reshape(2, 1, 1, 1),
                    np.array([0, 1]),
                    LayerOf(0, "only"),
                ),
                0.5,
                tolerance=FLOAT32_SUMS,
                part="value",
                label="by hand: (3 - 1)/2 times 1/2, the mean over two images",
            ),
            Case(
                (
                    NORMALISED,
                    np.array([-1.0, 1.0], np.float32).reshape(2, 1, 1, 1),
                    np.array([0, 1]),
                    LayerOf(0, "last"),
                ),
                0.353553,
                tolerance=FLOAT32_SUMS,
                part="training",
                label="in training the batch has mean 0 and variance 1: the inputs of 'last' are -0.7071 and 0.7071",
            ),
        ),
        hints=(
            "open a GradientTape, call the model with training=True, take the mean cross-entropy from logits",
            "ask the tape for the gradient of layer.kernel.value; then the largest absolute value, as a float",
            "training=True updates the statistics of BatchNormalization: store all non-trainable "
            "variables, assign them back after",
        ),
    ),
    PLOT_CURVES,
)

check = Checker(EXERCISES, Path(__file__).with_name("misconceptions.json"))
