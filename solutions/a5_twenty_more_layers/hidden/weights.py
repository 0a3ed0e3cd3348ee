"""Known weights for a student's network, and for the NumPy network beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from assignments.a5_twenty_more_layers.checks import SURE, convolutions
from coursekit.checking import Tolerance
from coursekit.models.networks import borrow
from coursekit.probing import run
from solutions.shared.hidden import forward
from solutions.shared.hidden.chance import beyond

Facts = dict[str, Any]


@dataclass(frozen=True)
class Weights:
    """Kernels and biases that depend on a seed, a place and a shape alone.

    Args:
        biases: how large they are; 0 for networks that need not have any.
        centre: what the tap at the centre adds of the same channel; it keeps images alive through many layers.
        spread: the kernels' standard deviation, relative to He's.
    """

    seed: int
    biases: float = 0.0
    centre: float = 0.0
    spread: float = 1.0

    def kernel(self, place: int, shape: tuple[int, ...]) -> np.ndarray:
        rows, columns, used, made = shape
        rng = np.random.default_rng([self.seed, place, rows])
        kernel = rng.normal(0.0, self.spread * np.sqrt(2.0 / (rows * columns * used)), shape)
        kernel[(rows - 1) // 2, (columns - 1) // 2] += self.centre * np.eye(used, made)
        return kernel.astype(np.float32)

    def bias(self, place: int, count: int) -> np.ndarray:
        rng = np.random.default_rng([self.seed, place, 0])
        return (self.biases * rng.uniform(-1.0, 1.0, count)).astype(np.float32)

    def convolve(self, x: np.ndarray, place: int, filters: int, size: int) -> np.ndarray:
        """The convolution at a place, in NumPy."""
        kernel = self.kernel(place, (size, size, x.shape[-1], filters))
        return forward.convolve(x, kernel, self.bias(place, filters))


def give(model: Any, weights: Weights, places: Callable[[list[tuple[int, ...]]], list[int]]) -> None:
    """Set the weights of every convolution; ``places`` turns the kernels' shapes, in order, into their places."""
    layers = convolutions(model)
    shapes = [tuple(layer.kernel.shape) for layer in layers]
    for layer, shape, place in zip(layers, shapes, places(shapes), strict=True):
        layer.kernel.assign(weights.kernel(place, shape))
        if layer.bias is not None:
            layer.bias.assign(weights.bias(place, layer.bias.shape[0]))


def in_order(shapes: list[tuple[int, ...]]) -> list[int]:
    """Each convolution its own weights, from input to output."""
    return list(range(len(shapes)))


def all_the_same(shapes: list[tuple[int, ...]]) -> list[int]:
    """The same weights for every kernel of a shape: convolutions side by side have no order."""
    return [0] * len(shapes)


def outputs(
    images: np.ndarray, weights: Weights, places: Callable[[list[tuple[int, ...]]], list[int]]
) -> Callable[[Any], Facts]:
    """A measure: the number of convolutions, and what the network makes of images with weights of ours."""

    def measure(value: Any) -> Facts:
        model = borrow(value)
        give(model, weights, places)
        return {"convolutions": len(convolutions(model)), "output": run(model, images)}

    return measure


SAME = "the same output"


def in_training(model: Any, images: np.ndarray, plain: np.ndarray | None = None) -> str:
    """Whether a call as in training does what a plain call does; in words, for what is random has no other name.

    Args:
        plain: what a plain call gave, where that is known.
    """
    plain, training = run(model, images) if plain is None else plain, run(model, images, training=True)
    scale = float(np.abs(plain).max())
    return SAME if np.allclose(training, plain, rtol=1e-3, atol=1e-4 * scale) else "another output"


def near(expected: np.ndarray) -> Tolerance:
    """For sums in float32 whose terms may be as large as the largest result."""
    return Tolerance(1e-3, 1e-4 * float(np.abs(expected).max()), "float32 sums of terms that cancel")


def kernel_alarm() -> float:
    """How often mean or spread of honest initial weights are off: as of normal numbers, and others vary less."""
    return 2 * beyond(SURE)
