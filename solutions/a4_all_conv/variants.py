"""Correct but differently written implementations: each must keep full marks."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from autograder.course.bank import Bank

BANK = Bank()
variant = BANK.variant


@variant(of="build_all_conv")
def bias_only_without_batch_norm(width=96, num_classes=10, batch_norm=True, input_shape=(32, 32, 3)):
    """Leaves out the bias under BatchNormalization and uses Activation layers."""
    i = keras.Input(input_shape)
    x = i
    for n, (f, k) in enumerate([(width, 3)] * 3 + [(2 * width, 3)] * 4 + [(2 * width, 1)]):
        x = layers.Conv2D(f, (k, k), padding="same", use_bias=not batch_norm, name=f"conv{n + 1}")(x)
        if batch_norm:
            x = layers.BatchNormalization()(x)
        x = layers.Activation("relu")(x)
        if n in (2, 5):
            x = layers.MaxPool2D((3, 3), (2, 2), padding="same")(x)
    return keras.Model(i, layers.GlobalAvgPool2D()(layers.Conv2D(num_classes, 1, name="last")(x)))


@variant(of="build_all_conv")
def sequential_from_a_list(width=96, num_classes=10, batch_norm=True, input_shape=(32, 32, 3)):
    """Collects layers for a Sequential model."""
    L = [keras.Input(input_shape)]

    def c(f, k):
        L.extend(
            [layers.Conv2D(f, k, padding="same")]
            + ([layers.BatchNormalization()] if batch_norm else [])
            + [layers.ReLU()]
        )

    c(width, 3)
    c(width, 3)
    c(width, 3)
    L.append(layers.MaxPooling2D(3, 2, "same"))
    c(2 * width, 3)
    c(2 * width, 3)
    c(2 * width, 3)
    L.append(layers.MaxPooling2D(3, 2, "same"))
    c(2 * width, 3)
    c(2 * width, 1)
    return keras.Sequential(L + [layers.Conv2D(num_classes, 1), layers.GlobalAveragePooling2D()])


@variant(of="first_last_conv")
def from_both_ends(model):
    """Searches from both ends."""
    is_c = lambda l: isinstance(l, layers.Conv2D)
    try:
        return (next(filter(is_c, model.layers)), next(filter(is_c, reversed(model.layers))))
    except StopIteration:
        raise ValueError("no conv")


@variant(of="first_last_conv")
def by_class_name(model):
    """Compares class names."""
    c = [l for l in model.layers if type(l).__name__ == "Conv2D"]
    if len(c) == 0:
        raise ValueError("none")
    return (c[0], c[-1])


@variant(of="gradient_magnitude")
def keras_loss_and_all_weights_restored(model, x, y, layer):
    """Uses a Keras loss and restores all weights."""
    keep = model.get_weights()
    with tf.GradientTape() as tape:
        L = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(y, model(x, training=True))
    g = tape.gradient(L, layer.trainable_weights[0].value)
    model.set_weights(keep)
    return np.abs(g.numpy()).max()


@variant(of="gradient_magnitude")
def through_stateless_call(model, x, y, layer):
    """Uses stateless_call."""
    tv = [tf.convert_to_tensor(v.value) for v in model.trainable_variables]
    nt = [tf.convert_to_tensor(v.value) for v in model.non_trainable_variables]
    k = [i for i, v in enumerate(model.trainable_variables) if v is layer.kernel][0]
    with tf.GradientTape() as tape:
        tape.watch(tv)
        z, _ = model.stateless_call(tv, nt, x, training=True)
        L = tf.reduce_mean(keras.ops.sparse_categorical_crossentropy(y, z, from_logits=True))
    return float(np.max(np.abs(tape.gradient(L, tv)[k])))


@variant(of="build_all_conv")
def with_operators(width=96, num_classes=10, batch_norm=True, input_shape=(32, 32, 3)):
    """Uses keras.ops for ReLU and the global average."""
    inputs = keras.Input(input_shape)
    x = inputs
    for number in range(8):
        filters = width if number < 3 else 2 * width
        x = layers.Conv2D(filters, 1 if number == 7 else 3, padding="SAME", use_bias=True)(x)
        if batch_norm:
            x = layers.BatchNormalization()(x)
        x = keras.ops.relu(x)
        if number in (2, 5):
            x = layers.MaxPooling2D(pool_size=(3, 3), strides=(2, 2), padding="same")(x)
    x = layers.Conv2D(num_classes, kernel_size=1)(x)
    return keras.Model(inputs, keras.ops.mean(x, axis=(1, 2)))


@variant(of="gradient_magnitude")
def on_a_clone(model, x, y, layer):
    """Measures on a copy of the model."""
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    kernel = copy.get_layer(layer.name).kernel
    with tf.GradientTape() as tape:
        losses = keras.ops.sparse_categorical_crossentropy(y, copy(x, training=True), from_logits=True)
        loss = keras.ops.mean(losses)
    return np.max(np.abs(keras.ops.convert_to_numpy(tape.gradient(loss, kernel.value))))
