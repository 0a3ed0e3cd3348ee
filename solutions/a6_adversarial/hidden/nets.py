"""Small networks that exist twice: in Keras for the student, and in NumPy float64, with gradients by hand, for us."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from coursekit.models.networks import Network

EPSILON = 1e-3  # of Keras's batch normalisation


@dataclass(frozen=True, eq=False)
class Net:
    """Flatten, dense layers with tanh between them, logits; perhaps batch normalisation and dropout in front.

    Args:
        shape: (height, width, channels) of an image.
        layers: kernels (in, out) and biases.
        moving: mean and variance of each channel, for batch normalisation.
        dropout: the rate, of no effect when the network is used.
    """

    shape: tuple[int, int, int]
    layers: tuple[tuple[np.ndarray, np.ndarray], ...]
    moving: tuple[np.ndarray, np.ndarray] | None = None
    dropout: float = 0.0

    def logits(self, x: np.ndarray) -> np.ndarray:
        """The logits (n, classes) of images (n, h, w, c)."""
        return self._forward(x)[-1]

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        """The softmax of the logits."""
        return softmax(self.logits(x))

    def cross_entropy(self, x: np.ndarray, y: Sequence[int] | np.ndarray) -> np.ndarray:
        """-log p(y) of each image."""
        z = self.logits(x)
        top = z.max(axis=1)
        return np.log(np.exp(z - top[:, None]).sum(axis=1)) + top - z[np.arange(len(z)), y]

    def gradient(self, x: np.ndarray, y: Sequence[int] | np.ndarray) -> np.ndarray:
        """The gradient of each image's -log p(y) with respect to that image."""
        outputs = self._forward(x)
        upstream = softmax(outputs[-1]) - np.eye(outputs[-1].shape[1])[np.asarray(y)]
        for (kernel, _), below in zip(reversed(self.layers), reversed(outputs[:-1]), strict=True):
            upstream = upstream @ kernel.T
            if below is not outputs[0]:
                upstream = upstream * (1 - below**2)
        upstream = upstream.reshape(x.shape)
        return upstream if self.moving is None else upstream / np.sqrt(self.moving[1] + EPSILON)

    def _forward(self, x: np.ndarray) -> list[np.ndarray]:
        x = np.asarray(x, np.float64)
        if self.moving is not None:
            x = (x - self.moving[0]) / np.sqrt(self.moving[1] + EPSILON)
        outputs = [x.reshape(len(x), -1)]
        for number, (kernel, bias) in enumerate(self.layers, 1):
            z = outputs[-1] @ kernel + bias
            outputs.append(z if number == len(self.layers) else np.tanh(z))
        return outputs

    @cached_property
    def network(self) -> Network:
        """The same as an argument of the student's function."""
        return Network(self._build, f"a network of {len(self.layers)} dense layers")

    def _build(self) -> Any:
        import keras  # noqa: PLC0415 - only the process that asks needs it

        stack: list[Any] = [keras.Input(self.shape)]
        if self.moving is not None:
            stack.append(keras.layers.BatchNormalization(center=False, scale=False))
        if self.dropout:
            stack.append(keras.layers.Dropout(self.dropout))
        stack.append(keras.layers.Flatten())
        for number, (_, bias) in enumerate(self.layers, 1):
            stack.append(keras.layers.Dense(len(bias), None if number == len(self.layers) else "tanh"))
        model = keras.Sequential(stack)
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.set_weights(self.moving)
        dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
        for layer, weights in zip(dense, self.layers, strict=True):
            layer.set_weights(weights)
        return model


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def linear(rng: np.random.Generator, shape: tuple[int, int, int], classes: int, gain: float = 1.0) -> Net:
    """One dense layer; ``gain`` scales its kernel. The weights are exact in float32."""
    return Net(shape, (_dense(rng, int(np.prod(shape)), classes, gain),))


def deep(rng: np.random.Generator, shape: tuple[int, int, int], classes: int, gain: float = 1.0) -> Net:
    """Two dense layers with tanh between them: the gradient depends on the image in every class."""
    first = _dense(rng, int(np.prod(shape)), 7, 1.5)
    return Net(shape, (first, _dense(rng, 7, classes, gain)))


def even(rng: np.random.Generator, shape: tuple[int, int, int], step: float) -> Net:
    """One dense layer and two classes for images of any size: every pixel weighs about the same, one way or the other.

    Args:
        step: when every pixel moves so far, the difference of the two logits changes by about 1.
    """
    n = int(np.prod(shape))
    weights = rng.uniform(0.5, 1.5, n) * rng.choice([-1.0, 1.0], n) / (n * step)
    return Net(shape, ((_rounded(np.stack([weights, -weights], axis=1) / 2), np.zeros(2)),))


def guarded(rng: np.random.Generator, shape: tuple[int, int, int], classes: int, dropout: float = 0.0) -> Net:
    """With batch normalisation in front, whose moving statistics are far from those of any batch."""
    mean, variance = rng.uniform(0.2, 0.6, shape[-1]), rng.uniform(0.1, 0.4, shape[-1])
    moving = (_rounded(mean), _rounded(variance))
    return Net(shape, (_dense(rng, int(np.prod(shape)), classes, 0.7),), moving, dropout)


def _dense(rng: np.random.Generator, n: int, m: int, gain: float) -> tuple[np.ndarray, np.ndarray]:
    return _rounded(rng.normal(size=(n, m)) * gain / np.sqrt(n) * 2), _rounded(rng.normal(size=m) * 0.3)


def _rounded(values: np.ndarray) -> np.ndarray:
    """What is left of float64 values in float32."""
    return values.astype(np.float32).astype(np.float64)


def image(rng: np.random.Generator, shape: tuple[int, ...], lo: float = 0.1, hi: float = 0.9) -> np.ndarray:
    """Draw float32 images."""
    return rng.uniform(lo, hi, shape).astype(np.float32)
