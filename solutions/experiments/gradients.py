"""Gradients with respect to images and to kernels, on each of the three backends of Keras.

Three short implementations of two functions; ``KERAS_BACKEND`` says which of them runs. The reference solutions of a4
and a6 take theirs from TensorFlow's tape, as the notebooks teach it; a test compares them with these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

Loss = Callable[..., Any]  # tensors -> a scalar, all operations from `keras.ops`


def cross_entropy(labels: Any, logits: Any) -> Any:
    """Softmax cross-entropy from logits of each image: tensor (n,)."""
    return keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)


def image_gradient(loss: Loss) -> Callable[..., np.ndarray]:
    """The gradient of ``loss(images, *others)`` with respect to the images, as a function of the same arguments.

    Args:
        loss: a scalar. The weights of a network in it must not change afterwards: a compiled gradient remembers them.
    """
    return {"tensorflow": _tensorflow_image, "torch": _torch_image, "jax": _jax_image}[keras.backend.backend()](loss)


def kernel_gradients(model: Any, layers: Sequence[Any]) -> Callable[[np.ndarray, np.ndarray], list[np.ndarray]]:
    """Gradients of the mean cross-entropy with respect to some layers' kernels, as a function of images and labels.

    The network is called as in training, and left as it was: batch statistics and dropout's generators are put back.
    """
    backend = {"tensorflow": _tensorflow_kernels, "torch": _torch_kernels, "jax": _jax_kernels}
    return backend[keras.backend.backend()](model, [layer.kernel for layer in layers])


def copied(variable: Any) -> np.ndarray:
    """What a variable of Keras holds now, in memory of its own."""
    value = variable.value
    return np.array(keras.ops.convert_to_numpy(value) if keras.backend.backend() == "torch" else np.asarray(value))


def mean_loss(model: Any, images: Any, labels: Any) -> Any:
    return keras.ops.mean(cross_entropy(labels, model(images, training=True)))


# ---------------------------------------------------------------------------------------------------------- TensorFlow


def _tensorflow_image(loss: Loss) -> Callable[..., np.ndarray]:
    import tensorflow as tf  # noqa: PLC0415 - only one backend need be installed

    @tf.function(autograph=False, reduce_retracing=True)
    def gradient(images: Any, *others: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(images)
            value = loss(images, *others)
        return tape.gradient(value, images)

    return lambda images, *others: gradient(*map(tf.convert_to_tensor, (images, *others))).numpy()


def _tensorflow_kernels(model: Any, kernels: list[Any]) -> Callable[[np.ndarray, np.ndarray], list[np.ndarray]]:
    import tensorflow as tf  # noqa: PLC0415

    @tf.function(autograph=False, reduce_retracing=True)
    def gradients(images: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            value = mean_loss(model, images, labels)
        return tape.gradient(value, [kernel.value for kernel in kernels])

    def measure(images: np.ndarray, labels: np.ndarray) -> list[np.ndarray]:
        with _as_it_was(model):
            return [g.numpy() for g in gradients(tf.convert_to_tensor(images), tf.convert_to_tensor(labels))]

    return measure


# --------------------------------------------------------------------------------------------------------------- torch


def _torch_image(loss: Loss) -> Callable[..., np.ndarray]:
    import torch  # noqa: PLC0415

    def gradient(images: np.ndarray, *others: Any) -> np.ndarray:
        x = keras.ops.convert_to_tensor(images).detach().requires_grad_()
        (found,) = torch.autograd.grad(loss(x, *map(keras.ops.convert_to_tensor, others)), x)
        return keras.ops.convert_to_numpy(found)

    return gradient


def _torch_kernels(model: Any, kernels: list[Any]) -> Callable[[np.ndarray, np.ndarray], list[np.ndarray]]:
    import torch  # noqa: PLC0415

    def measure(images: np.ndarray, labels: np.ndarray) -> list[np.ndarray]:
        with _as_it_was(model):
            value = mean_loss(model, *map(keras.ops.convert_to_tensor, (images, labels)))
            found = torch.autograd.grad(value, [kernel.value for kernel in kernels])
        return [keras.ops.convert_to_numpy(gradient) for gradient in found]

    return measure


# ----------------------------------------------------------------------------------------------------------------- jax


def _jax_image(loss: Loss) -> Callable[..., np.ndarray]:
    import jax  # noqa: PLC0415

    gradient = jax.jit(jax.grad(loss))
    return lambda images, *others: np.asarray(gradient(images, *others))


def _jax_kernels(model: Any, kernels: list[Any]) -> Callable[[np.ndarray, np.ndarray], list[np.ndarray]]:
    import jax  # noqa: PLC0415

    variables = model.trainable_variables
    places = [next(i for i, variable in enumerate(variables) if variable is kernel) for kernel in kernels]

    def value(trainable: Any, others: Any, images: Any, labels: Any) -> Any:
        logits, _ = model.stateless_call(trainable, others, images, training=True)
        return keras.ops.mean(cross_entropy(labels, logits))

    @jax.jit
    def gradients(*arguments: Any) -> Any:
        found = jax.grad(value)(*arguments)
        return [found[place] for place in places]

    def measure(images: np.ndarray, labels: np.ndarray) -> list[np.ndarray]:
        state = [[v.value for v in group] for group in (variables, model.non_trainable_variables)]
        return [np.asarray(gradient) for gradient in gradients(*state, images, labels)]

    return measure


class _as_it_was:
    """Put a network's statistics and generators back at the end."""

    def __init__(self, model: Any) -> None:
        self._variables = model.non_trainable_variables

    def __enter__(self) -> None:
        self._values = [copied(variable) for variable in self._variables]

    def __exit__(self, *_: object) -> None:
        for variable, value in zip(self._variables, self._values):
            variable.assign(value)
