"""Correct but differently written implementations: each must keep full marks."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from autograder.course.bank import Bank
from solutions.a5_twenty_more_layers import solution

BANK = Bank()
variant = BANK.variant

# ------------------------------------------------------------------------------------------------------ residual_block


@variant(of="residual_block")
def with_operators(x, filters, kernel_size=5):
    """Adds with + and rectifies with keras.ops; he_uniform."""

    def convolve(z):
        size = (kernel_size, kernel_size)
        return layers.Conv2D(filters, size, padding="same", kernel_initializer="he_uniform")(z)

    return keras.ops.relu(x + convolve(keras.ops.relu(convolve(x))))


@variant(of="residual_block")
def with_activation_layers(x, filters, kernel_size=5):
    """Loops over the convolutions, with Activation layers and VarianceScaling(2)."""
    skip = x
    for number in range(2):
        draw = keras.initializers.VarianceScaling(2.0)
        x = layers.Conv2D(filters, kernel_size, strides=1, padding="same", kernel_initializer=draw)(x)
        if number == 0:
            x = layers.Activation("relu")(x)
    return layers.Activation("relu")(layers.add([skip, x]))


@variant(of="residual_block")
def with_tensorflows_relu(x, filters, kernel_size=5):
    """Passes TensorFlow's own ReLU and reads the number of channels from x."""
    draw = keras.initializers.HeNormal()
    h = layers.Conv2D(x.shape[-1], kernel_size, padding="same", activation=tf.nn.relu, kernel_initializer=draw)(x)
    h = layers.Conv2D(filters, kernel_size, padding="same", kernel_initializer=draw)(h)
    return keras.ops.maximum(keras.ops.add(h, x), 0.0)


@variant(of="residual_block")
def with_explicit_zeros_around(x, filters, kernel_size=5):
    """Pads with zeros first, then convolves without padding; the spread is computed by hand."""
    h = x
    draw = keras.initializers.RandomNormal(stddev=float(np.sqrt(2 / (kernel_size**2 * filters))))
    for number in range(2):
        h = layers.ZeroPadding2D(kernel_size // 2)(h)
        h = layers.Conv2D(filters, kernel_size, kernel_initializer=draw)(h)
        h = layers.ReLU()(h) if number == 0 else h
    return layers.ReLU()(layers.Add()([layers.Identity()(x), h]))


# ------------------------------------------------------------------------------------------------------- fractal_stats


@variant(of="fractal_stats")
def with_closed_forms(columns):
    """Has formulas for everything but the paths."""
    if columns <= 0:
        raise ValueError(columns)

    def paths(count):
        return 1 if count == 1 else paths(count - 1) ** 2 + 1

    return {"n_convs": 2**columns - 1, "longest": 2 ** (columns - 1), "shortest": 1, "n_paths": paths(columns)}


@variant(of="fractal_stats")
def by_listing_the_paths(columns):
    """Lists the lengths of all paths."""
    if columns < 1:
        raise ValueError(f"{columns} columns")

    def paths(count):
        if count == 1:
            return [1]
        half = paths(count - 1)
        return [1] + [a + b for a in half for b in half]

    ways = paths(columns)
    return dict(n_convs=(1 << columns) - 1, longest=max(ways), shortest=min(ways), n_paths=len(ways))


@variant(of="fractal_stats")
def with_numpy_integers(columns):
    """Returns NumPy's integers."""
    if columns < 1:
        raise ValueError("at least one column")
    paths = np.int64(1)
    for _ in range(columns - 1):
        paths = paths**2 + 1
    longest = np.left_shift(1, columns - 1)
    return {"n_paths": paths, "shortest": np.int32(1), "longest": longest, "n_convs": 2 * longest - 1}


# ------------------------------------------------------------------------------------------------------- fractal_block


@variant(of="fractal_block")
def with_sums_and_divisions(x, filters, columns=3, kernel_size=5):
    """Sums the column outputs and divides by how many there are."""

    def convolve(z):
        return layers.ReLU()(layers.Conv2D(filters, kernel_size, padding="same", kernel_initializer="he_normal")(z))

    def total(z, count):
        return convolve(z) + total(total(z, count - 1) / (count - 1), count - 1) if count > 1 else convolve(z)

    return total(x, columns) / columns


@variant(of="fractal_block")
def depth_by_depth(x, filters, columns=3, kernel_size=5):
    """Goes through the depths and lets every column that ends there meet the others."""
    depth = 2 ** (columns - 1)
    begun = [x] * columns
    for now in range(1, depth + 1):
        ending = [k for k in range(columns) if now % (depth >> k) == 0]
        outputs = [
            layers.Conv2D(filters, kernel_size, padding="same", activation="relu", kernel_initializer="he_uniform")(
                begun[k]
            )
            for k in ending
        ]
        joined = layers.average(outputs) if len(outputs) > 1 else outputs[0]
        for k in ending:
            begun[k] = joined
    return joined


@variant(of="fractal_block")
def with_a_stack_and_a_mean(x, filters, columns=3, kernel_size=5):
    """Stacks what meets and takes the mean with keras.ops."""

    def convolve(z):
        z = layers.Conv2D(filters, (kernel_size,) * 2, padding="SAME", kernel_initializer="HeNormal")(z)
        return keras.ops.relu(z)

    def ends(z, count):
        if count == 1:
            return [convolve(z)]
        middle = keras.ops.mean(keras.ops.stack(ends(z, count - 1)), axis=0)
        return ends(middle, count - 1) + [convolve(z)]

    return keras.ops.mean(keras.ops.stack(ends(x, columns), axis=-1), axis=-1)


@variant(of="fractal_block")
def with_weights_of_one_third(x, filters, columns=3, kernel_size=5):
    """Multiplies every tensor by its share and adds."""

    def convolve(z):
        return layers.Conv2D(filters, kernel_size, padding="same", activation="relu", kernel_initializer="he_normal")(z)

    def join(tensors):
        share = 1.0 / len(tensors)
        result = tensors[0] * share
        for tensor in tensors[1:]:
            result = result + share * tensor
        return result

    def ends(z, count):
        return [convolve(z), *ends(join(ends(z, count - 1)), count - 1)] if count > 1 else [convolve(z)]

    return join(ends(x, columns))


# ---------------------------------------------------------------------------------------------------------- build_deep


@variant(of="build_deep")
def from_a_list(kind, width=16, n_extra=20, num_classes=10):
    """Builds the base from a list and looks the extra part up in a dict."""
    plain = {"padding": "same", "kernel_initializer": "he_normal"}
    steps = {
        "plain": (n_extra, lambda z: layers.ReLU()(layers.Conv2D(width, 5, **plain)(z))),
        "residual": (n_extra // 2, lambda z: solution.residual_block(z, width)),
        "fractal": (n_extra // 4, lambda z: solution.fractal_block(z, width)),
    }
    if kind not in steps:
        raise ValueError(kind)
    count, step = steps[kind]
    x = inputs = keras.Input((32, 32, 3))
    for number, (filters, size) in enumerate([(width, 3)] * 3 + [(2 * width, 3)] * 4 + [(2 * width, 1)]):
        x = layers.ReLU()(layers.Conv2D(filters, size, **plain)(x))
        if number == 0:
            for _ in range(count):
                x = step(x)
        if number in (2, 5):
            x = layers.MaxPooling2D(3, 2, "same")(x)
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(layers.Conv2D(num_classes, 1)(x)))


@variant(of="build_deep")
def with_match(kind, width=16, n_extra=20, num_classes=10):
    """Uses a match statement and he_uniform, and averages with keras.ops."""

    def convolve(x, filters, size):
        return layers.Conv2D(filters, size, padding="same", activation="relu", kernel_initializer="he_uniform")(x)

    x = inputs = keras.Input((32, 32, 3), name="images")
    x = convolve(x, width, 3)
    match kind:
        case "plain":
            for _ in range(n_extra):
                x = convolve(x, width, 5)
        case "residual":
            for _ in range(n_extra // 2):
                x = solution.residual_block(x, width, kernel_size=5)
        case "fractal":
            for _ in range(n_extra // 4):
                x = solution.fractal_block(x, filters=width, columns=3)
        case _:
            raise ValueError("unknown kind")
    x = convolve(convolve(x, width, 3), width, 3)
    x = layers.MaxPool2D((3, 3), (2, 2), padding="same")(x)
    x = convolve(convolve(convolve(x, 2 * width, 3), 2 * width, 3), 2 * width, 3)
    x = layers.MaxPool2D((3, 3), (2, 2), padding="same")(x)
    x = convolve(convolve(x, 2 * width, 3), 2 * width, 1)
    x = layers.Conv2D(num_classes, 1, kernel_initializer="he_uniform")(x)
    return keras.Model(inputs, keras.ops.mean(x, axis=(1, 2)), name=f"{kind}_{n_extra}")


@variant(of="build_deep")
def averaging_over_eight_by_eight(kind, width=16, n_extra=20, num_classes=10):
    """Averages over the 8 x 8 positions that are left, as the paper's table says."""
    if kind not in ("plain", "residual", "fractal"):
        raise ValueError(f"unknown kind: {kind}")
    model = solution.build_deep(kind, width, n_extra, num_classes)
    maps = layers.AveragePooling2D(8)(model.layers[-1].input)
    return keras.Model(model.input, layers.Flatten()(maps))
