"""Reference solutions of a5. Signatures only: each contract is the docstring of the stub in the notebook."""

import keras
from keras import layers

from solutions.shared.plot_curves import plot_curves as plot_curves


def residual_block(x, filters, kernel_size=5):
    def convolve(z):
        return layers.Conv2D(filters, kernel_size, padding="same", kernel_initializer="he_normal")(z)

    change = convolve(layers.ReLU()(convolve(x)))
    return layers.ReLU()(layers.Add()([x, change]))


def fractal_stats(columns):
    if columns < 1:
        raise ValueError(f"columns must be at least 1, received {columns}")
    n_convs, longest, n_paths = 1, 1, 1
    for _ in range(columns - 1):
        n_convs = 1 + 2 * n_convs
        longest = 2 * longest
        n_paths = 1 + n_paths * n_paths  # each way through the first half meets each way through the second
    return {"n_convs": n_convs, "longest": longest, "shortest": 1, "n_paths": n_paths}


def fractal_block(x, filters, columns=3, kernel_size=5):
    def convolve(z):
        return layers.Conv2D(filters, kernel_size, padding="same", activation="relu", kernel_initializer="he_normal")(z)

    def join(outputs):
        return layers.Average()(outputs) if len(outputs) > 1 else outputs[0]

    def column_outputs(z, count):
        if count == 1:
            return [convolve(z)]
        middle = join(column_outputs(z, count - 1))
        return [convolve(z), *column_outputs(middle, count - 1)]

    # Only here are all columns joined, in one mean: joins that coincide are one join.
    return join(column_outputs(x, columns))


def build_deep(kind, width=16, n_extra=20, num_classes=10):
    def convolve(x, filters, size):
        return layers.Conv2D(filters, size, padding="same", activation="relu", kernel_initializer="he_normal")(x)

    inputs = keras.Input((32, 32, 3))
    x = convolve(inputs, width, 3)
    if kind == "plain":
        for _ in range(n_extra):
            x = convolve(x, width, 5)
    elif kind == "residual":
        for _ in range(n_extra // 2):
            x = residual_block(x, width, 5)
    elif kind == "fractal":
        for _ in range(n_extra // 4):
            x = fractal_block(x, width, 3, 5)
    else:
        raise ValueError(f"kind: expected 'plain', 'residual' or 'fractal', received {kind!r}")
    x = convolve(convolve(x, width, 3), width, 3)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    for _ in range(3):
        x = convolve(x, 2 * width, 3)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = convolve(convolve(x, 2 * width, 3), 2 * width, 1)
    x = layers.Conv2D(num_classes, 1, kernel_initializer="he_normal")(x)
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(x))
