"""Training by the judge: the course's own recipe on a model rebuilt from its description."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from coursekit.checking import Refused
from coursekit.models.networks import rebuild

Batches = Callable[[np.ndarray, np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]]
EVALUATION_BATCH = 500
MAX_WORK = 2e11  # multiplications forward in one training: ten times what the largest of ours takes
SHORT_MEMORY = 0.9  # of BatchNormalization: after a hundred steps, Keras's 0.99 still remembers the initial statistics


def fresh(description: Any, rng: np.random.Generator, input_shape: tuple[int, ...] | None = None) -> Any:
    """The described model with new initial weights, drawn by its own initialisers.

    Raises:
        Refused: for what cannot be rebuilt, or does not end in logits for ten classes.
    """
    model = rebuild(description, input_shape, rng=rng)
    if tuple(model.output_shape) != (None, 10):
        raise Refused(f"the model's output has shape {model.output_shape}; expected logits (None, 10)")
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = SHORT_MEMORY
    return model


def fit(
    model: Any,
    x: np.ndarray,
    y: np.ndarray,
    *,
    steps: int,
    batch_size: int,
    learning_rate: float,
    rng: np.random.Generator,
    batches: Batches | None = None,
) -> np.ndarray:
    """Train with Adam on the mean softmax cross-entropy from logits.

    Args:
        model: changed in place; called with ``training=True``.
        x: float32 (n, ...), as the model takes it.
        y: int (n,).
        batches: changes each batch before its step, e.g. by augmentation.

    Returns:
        float64 (steps,): the loss of each batch, before its update.
    """
    _check_inputs(model, x)
    work = getattr(model, "work_per_image", 0) * steps * batch_size
    if work > MAX_WORK:
        raise Refused(f"training it would take {work:.1e} multiplications, {work / MAX_WORK:.0f} times what is allowed")
    keras.utils.set_random_seed(int(rng.integers(1 << 31)))  # dropout masks; a judge process serves one submission
    optimizer = keras.optimizers.Adam(learning_rate)
    variables = model.trainable_variables
    if not variables:
        raise Refused("the model has no weights that can be trained")
    optimizer.build(variables)

    @tf.function(autograph=False, reduce_retracing=True)
    def step(images: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            logits = model(images, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, tf.cast(logits, tf.float32))
            loss = tf.reduce_mean(losses)
        pairs = [(g, v) for g, v in zip(tape.gradient(loss, variables), variables, strict=True) if g is not None]
        optimizer.apply([g for g, _ in pairs], [v for _, v in pairs])
        return loss

    losses, order = [], np.empty(0, int)
    for _ in range(steps):
        if len(order) < batch_size:
            order = rng.permutation(len(x))
        chosen, order = order[:batch_size], order[batch_size:]
        images, labels = x[chosen], y[chosen]
        if batches is not None:
            images, labels = batches(images, labels, rng)
        losses.append(float(step(tf.constant(images, tf.float32), tf.constant(labels, tf.int64))))
    return np.array(losses)


def logits(model: Any, x: np.ndarray) -> np.ndarray:
    """The model's outputs for images, a batch at a time, as a plain call ``model(x)`` gives them."""
    _check_inputs(model, x)

    @tf.function(autograph=False, reduce_retracing=True)
    def forward(images: Any) -> Any:
        return model(images)

    starts = range(0, len(x), EVALUATION_BATCH)
    return np.concatenate([np.asarray(forward(tf.constant(x[i : i + EVALUATION_BATCH], tf.float32))) for i in starts])


def accuracy(model: Any, x: np.ndarray, y: np.ndarray) -> float:
    """The fraction of images whose largest logit is that of their class."""
    return float(np.mean(logits(model, x).argmax(axis=1) == y))


def _check_inputs(model: Any, x: np.ndarray) -> None:
    takes, given = tuple(model.input_shape[1:]), x.shape[1:]
    if len(takes) != len(given) or any(t not in (None, g) for t, g in zip(takes, given)):
        raise Refused(f"the model takes inputs of shape {takes}, expected {given}")
