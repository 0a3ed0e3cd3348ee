"""Reference solutions of a4. Signatures only: each contract is the docstring of the stub in the notebook."""

import keras
import tensorflow as tf
from keras import layers

from solutions.shared.plot_curves import plot_curves as plot_curves


def build_all_conv(width=96, num_classes=10, batch_norm=True, input_shape=(32, 32, 3)):
    def convolve(x, filters, size):
        x = layers.Conv2D(filters, size, padding="same", kernel_initializer="he_normal")(x)
        if batch_norm:
            x = layers.BatchNormalization()(x)
        return layers.ReLU()(x)

    x = inputs = keras.Input(input_shape)
    for _ in range(3):
        x = convolve(x, width, 3)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    for _ in range(3):
        x = convolve(x, 2 * width, 3)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = convolve(x, 2 * width, 3)
    x = convolve(x, 2 * width, 1)
    x = layers.Conv2D(num_classes, 1, kernel_initializer="he_normal")(x)
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(x))


def first_last_conv(model):
    convolutions = [layer for layer in model.layers if isinstance(layer, layers.Conv2D)]
    if not convolutions:
        raise ValueError("the model has no Conv2D layer")
    return convolutions[0], convolutions[-1]


def gradient_magnitude(model, x, y, layer):
    state = [variable.numpy() for variable in model.non_trainable_variables]
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
    gradient = tape.gradient(loss, layer.kernel.value)
    for variable, value in zip(model.non_trainable_variables, state):
        variable.assign(value)
    return float(tf.reduce_max(tf.abs(gradient)))
