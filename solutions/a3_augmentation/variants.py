"""Correct but differently written implementations: each must keep full marks."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from autograder.course.bank import Bank
from solutions.a3_augmentation import solution

BANK = Bank()
variant = BANK.variant


@variant(of="standardize_images")
def as_in_tensorflow(images):
    """Uses TensorFlow's own function, with its floor for the deviation."""
    return tf.image.per_image_standardization(images).numpy()


@variant(of="standardize_images")
def rows_in_float64(images):
    """Works on rows in float64."""
    v = images.reshape(len(images), -1).astype("float64")
    sd = v.std(1, keepdims=True)
    sd[sd == 0] = 1
    return ((v - v.mean(1, keepdims=True)) / sd).reshape(images.shape)


@variant(of="standardize_images")
def tiny_floor_for_the_deviation(images):
    """Keeps the deviation above a tiny floor."""
    x = images.astype("float32")
    mean = x.mean(axis=(1, 2, 3), keepdims=True)
    std = x.std(axis=(1, 2, 3), keepdims=True)
    return (x - mean) / np.maximum(std, 1e-06).astype("float32")


@variant(of="fit_normalizer")
def statistics_that_broadcast(train_images):
    """Keeps the axes of the statistics."""
    x = train_images.astype("float64")
    return (x.mean(axis=(0, 1, 2), keepdims=True), x.std(axis=(0, 1, 2), keepdims=True))


@variant(of="fit_normalizer")
def keras_normalization_layer(train_images):
    """Lets a Keras layer fit, all at once: in float32."""
    n = keras.layers.Normalization(axis=-1)
    n.adapt(train_images.astype("float32"))
    return (np.array(n.mean).ravel(), np.sqrt(np.array(n.variance)).ravel())


@variant(of="random_flip")
def where_with_a_mask(images, rng, p=0.5):
    """Chooses with np.where."""
    flip = rng.random(len(images)) < p
    return np.where(flip[:, None, None, None], images[:, :, ::-1, :], images)


@variant(of="random_flip")
def image_by_image_fliplr(images, rng, p=0.5):
    """Loops over the images."""
    out = np.empty_like(images)
    for i, im in enumerate(images):
        out[i] = np.fliplr(im) if rng.uniform() < p else im
    return out


@variant(of="random_flip")
def binomial_coins_and_tf_image(images, rng, p=0.5):
    """Draws binomial coins and flips with tf.image."""
    if len(images) == 0:
        return images.copy()
    m = rng.binomial(1, p, len(images)).astype(bool)
    out = np.array(images)
    if m.any():
        out[m] = tf.image.flip_left_right(images[m]).numpy()
    return out


@variant(of="random_pad_crop")
def windows_by_indexing(images, rng, pad=4):
    """Indexes all windows at once."""
    n, h, w, _ = images.shape
    p = np.pad(images, ((0, 0), (pad,) * 2, (pad,) * 2, (0, 0)), mode="constant")
    o = rng.integers(2 * pad + 1, size=(n, 2))
    r = o[:, :1] + np.arange(h)
    q = o[:, 1:] + np.arange(w)
    return p[np.arange(n)[:, None, None], r[:, :, None], q[:, None, :]]


@variant(of="random_pad_crop")
def shifted_into_zeros(images, rng, pad=4):
    """Shifts each image into a canvas of zeros."""
    out = np.zeros_like(images)
    h, w = images.shape[1:3]
    for i in range(len(images)):
        sy, sx = rng.integers(-pad, pad, endpoint=True, size=2)
        ys, xs = (slice(max(0, sy), min(h, h + sy)), slice(max(0, sx), min(w, w + sx)))
        yd, xd = (slice(max(0, -sy), min(h, h - sy)), slice(max(0, -sx), min(w, w - sx)))
        out[i, yd, xd] = images[i, ys, xs]
    return out


@variant(of="random_pad_crop")
def scaled_uniform_numbers(images, rng, pad=4):
    """Scales uniform numbers."""
    n, h, w, _ = images.shape
    padded = np.pad(images, [(0, 0), (pad, pad), (pad, pad), (0, 0)])
    dy = np.floor(rng.random(n) * (2 * pad + 1)).astype(int)
    dx = np.floor(rng.random(n) * (2 * pad + 1)).astype(int)
    out = np.empty_like(images)
    for i in range(n):
        out[i] = padded[i, dy[i] : dy[i] + h, dx[i] : dx[i] + w]
    return out


@variant(of="augment_batch")
def standardises_first(images, rng, training, flip=True, crop=True):
    """Standardises before the flip, which changes nothing."""
    x = images
    x = solution.standardize_images(x)
    if training and flip:
        x = solution.random_flip(x, rng)
    if training and crop:
        x = solution.random_pad_crop(x, rng)
    return x


@variant(of="augment_batch")
def returns_early(images, rng, training, flip=True, crop=True):
    """Returns early at evaluation."""
    if not training:
        return solution.standardize_images(images)
    return (solution.random_pad_crop if crop else lambda v, r: v)(
        solution.standardize_images(solution.random_flip(images, rng) if flip else images), rng
    )


@variant(of="build_penn_net")
def without_redundant_biases(num_classes=10):
    """Leaves out the biases under BatchNormalization."""
    x = inp = keras.Input((32, 32, 3))
    for filters in (32, 32, 64):
        x = layers.Conv2D(filters, 5, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
        x = layers.AveragePooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(64, use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    out = layers.Dense(num_classes)(x)
    return keras.Model(inp, out)


@variant(of="build_penn_net")
def sequential_with_activations(num_classes=10):
    """Collects layers for a Sequential model."""
    L = [keras.Input((32, 32, 3))]
    for k in (32, 32, 64):
        L += [
            layers.Conv2D(k, (5, 5), padding="same"),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.AvgPool2D((2, 2), strides=2, padding="valid"),
        ]
    return keras.Sequential(
        L
        + [
            layers.Reshape((1024,)),
            layers.Dense(64),
            layers.BatchNormalization(momentum=0.9),
            layers.Activation("relu"),
            layers.Dense(num_classes),
        ]
    )


@variant(of="apply_normalizer")
def in_float32(images, mean, std):
    """Computes in float32, with a guard instead of a choice."""
    x = np.asarray(images, "float32") - np.asarray(mean, "float32")
    return x / np.maximum(np.asarray(std, "float32"), np.float32(1e-7))


@variant(of="random_flip")
def by_choice(images, rng, p=0.5):
    """Chooses the step of the slice for each image."""
    steps = rng.choice([-1, 1], size=len(images), p=[p, 1 - p])
    return np.array([image[:, ::step] for image, step in zip(images, steps)], images.dtype).reshape(images.shape)
