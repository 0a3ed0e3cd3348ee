"""Hidden cases of the gradient probe: analytic gradients against central differences of a NumPy network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import layers

from assignments.a4_all_conv.checks import FLOAT32_SUMS
from coursekit.checking import Case
from coursekit.models.networks import LayerOf, Network, own_layers
from solutions.shared.hidden import forward

# ------------------------------------------------------------------------------------------------------ finding layers


def _chain(parts: list[tuple[str, str, int]], name: str) -> Network:
    def build() -> Any:
        x = inputs = keras.Input((5, 4, 2), name="images")
        for kind, layer, size in parts:
            if kind == "conv":
                x = layers.Conv2D(2, size, padding="same", name=layer)(x)
            elif kind == "dense":
                x = layers.Dense(size, name=layer)(x)
            else:
                x = layers.Activation("relu", name=layer)(x)
        return keras.Model(inputs, layers.Dense(3, name="conv_head")(layers.Flatten(name="flat")(x)))

    return Network(build, name)


def _found(network: Network, *names: str) -> Case:
    return Case((network,), tuple({"@": "layer", "name": name} for name in names), measure=own_layers(network))


def ordered(rng: np.random.Generator) -> list[Case]:
    """Twelve convolutions named by numbers, whose names sort otherwise; misleading names; 1x1 at both ends."""
    start = int(rng.integers(1, 4))
    twelve = [("conv", f"conv2d_{start + i}", 3) for i in range(12)]
    words = [str(word) for word in rng.permutation(["alpha", "zeta", "mid", "nu", "beta"])]
    while sorted(words[1:4]) == words[1:4] or words[1:4] == sorted(words[1:4], reverse=True):
        words = [str(word) for word in rng.permutation(words)]
    mixed = [
        ("dense", "conv_embed", 3),
        *(("conv", word, size) for word, size in zip(words[1:4], (1, 3, 1))),
        ("relu", "conv_final_relu", 0),
    ]
    return [
        _found(_chain(twelve, "a network of 12 convolutions"), twelve[0][1], twelve[-1][1]),
        _found(_chain(mixed, "a network with misleading names"), words[1], words[3]),
    ]


def single(rng: np.random.Generator) -> list[Case]:
    name = str(rng.choice(["single", "lonely", "z"]))
    network = _chain([("relu", "conv_0", 0), ("conv", name, 3)], "a network with one convolution")
    return [_found(network, name, name)]


def without(rng: np.random.Generator) -> list[Case]:
    network = _chain([("dense", "conv_dense", 4), ("relu", "conv_relu", 0)], "a network without convolutions")
    return [Case((network,), raises="ValueError")]


# ------------------------------------------------------------------------------------------------------------ gradients


Weights = dict[str, np.ndarray]


def _network(weights: Weights, shape: tuple[int, ...], *, normalised: bool) -> Network:
    """Conv2D 'one' (2x3) - [BatchNormalization] - ReLU - Conv2D 'two' (1x1) - Flatten - Dense."""

    def build() -> Any:
        inputs = keras.Input(shape)
        x = layers.Conv2D(2, (2, 3), padding="same", name="one")(inputs)
        if normalised:
            x = layers.BatchNormalization(name="norm")(x)
        x = layers.Conv2D(2, 1, name="two")(layers.ReLU()(x))
        model = keras.Model(inputs, layers.Dense(3, name="head")(layers.Flatten()(x)))
        for name in ("one", "two", "head"):
            model.get_layer(name).set_weights([weights[name], weights[f"{name} bias"]])
        if normalised:
            model.get_layer("norm").set_weights([weights[key] for key in ("gamma", "beta", "mean", "variance")])
        return model

    return Network(build, "a network with BatchNormalization" if normalised else "a small network")


def _logits(weights: Weights, x: np.ndarray, *, normalised: bool) -> np.ndarray:
    x = forward.convolve(x, weights["one"], weights["one bias"])
    if normalised:
        x = forward.normalise_batch(x, weights["gamma"], weights["beta"])
    x = forward.convolve(forward.relu(x), weights["two"], weights["two bias"])
    return x.reshape(len(x), -1) @ weights["head"] + weights["head bias"]


SMALL = (3, 4, 2)


def _draw(rng: np.random.Generator, shape: tuple[int, ...] = SMALL, scale: float = 1.0) -> Weights:
    """Weights for images of this shape whose values are of size ``scale``: all later numbers are of size 1."""
    height, width, channels = shape
    flat = height * width * 2
    shapes = {"one": (2, 3, channels, 2), "two": (1, 1, 2, 2), "head": (flat, 3)}
    sizes = {"one": 0.7 / scale, "two": 0.7, "head": 0.7 * np.sqrt(24 / flat)}
    weights: Weights = {name: rng.normal(0.0, sizes[name], shape).astype(np.float32) for name, shape in shapes.items()}
    for name, shape in shapes.items():
        weights[f"{name} bias"] = rng.normal(0.0, 0.5, shape[-1]).astype(np.float32)
    weights |= {"gamma": rng.uniform(0.5, 1.5, 2), "beta": rng.normal(0.0, 0.3, 2)}
    weights |= {"mean": rng.normal(2.0, 0.5, 2), "variance": rng.uniform(3.0, 5.0, 2)}
    return weights


def _images(rng: np.random.Generator, count: int, shape: tuple[int, ...], scale: float) -> np.ndarray:
    """Numbers of both signs up to three times ``scale``, a 0 among them."""
    x = scale * np.clip(rng.normal(size=(count, *shape)), -3.0, 3.0)
    x[0, 0, 0, 0] = 0.0
    return x.astype(np.float32)


def _differences(loss: Callable[[np.ndarray], float], kernel: np.ndarray, step: float) -> np.ndarray:
    """Central differences in float64."""
    kernel = kernel.astype(float)
    gradient = np.zeros_like(kernel)
    for index in np.ndindex(kernel.shape):
        up, down = kernel.copy(), kernel.copy()
        up[index] += step
        down[index] -= step
        gradient[index] = (loss(up) - loss(down)) / (2 * step)
    return gradient


def _case(
    rng: np.random.Generator,
    layer: str,
    *,
    normalised: bool,
    count: int = 5,
    shape: tuple[int, ...] = SMALL,
    scale: float = 1.0,
    pure: bool = False,
    bias_ahead: bool = False,
) -> Case:
    """Draws until the difference quotient is sure, the largest entry is negative and far ahead of the next.

    Args:
        bias_ahead: draw on until the bias has the larger gradient, which does not count.
    """
    while True:
        weights = _draw(rng, shape, scale)
        x = _images(rng, count, shape, scale)
        y = rng.integers(int(count == 1), 3, count)  # a single image is never of class 0

        def loss(kernel: np.ndarray, weights: Weights = weights, x: np.ndarray = x, y: np.ndarray = y) -> float:
            return forward.mean_cross_entropy(_logits({**weights, layer: kernel}, x, normalised=normalised), y)

        coarse, fine = (_differences(loss, weights[layer], step) for step in (1e-4, 1e-6))
        smooth = np.abs(coarse - fine).max() < 1e-5 * np.abs(fine).max()  # no kink of a ReLU in between
        largest = np.abs(fine).max()
        distinct = largest > 1.1 * fine.max() and abs(loss(weights[layer]) - 1.0) > 0.2
        if smooth and distinct and not (bias_ahead and _bias_gradient(weights, layer, x, y) < 1.1 * largest):
            break
    network = _network(weights, shape, normalised=normalised)
    return Case((network, x, y, LayerOf(0, layer)), float(largest), tolerance=FLOAT32_SUMS, pure=pure)


def _bias_gradient(weights: Weights, layer: str, x: np.ndarray, y: np.ndarray) -> float:
    """The largest magnitude in the gradient of a bias, in a network without BatchNormalization."""

    def loss(bias: np.ndarray) -> float:
        return forward.mean_cross_entropy(_logits({**weights, f"{layer} bias": bias}, x, normalised=False), y)

    return float(np.abs(_differences(loss, weights[f"{layer} bias"], 1e-6)).max())


def values(rng: np.random.Generator) -> list[Case]:
    """First and last convolution; many images of large numbers, and a single image of the size that the course uses."""
    return [
        _case(rng, "one", shape=(4, 3, 3), normalised=False),
        _case(rng, "two", normalised=False, bias_ahead=True),
        _case(rng, "two", count=66, scale=200.0, normalised=False),
        _case(rng, "two", count=1, shape=(28, 28, 1), normalised=False),
    ]


def training(rng: np.random.Generator) -> list[Case]:
    """One of them with images of the course's other size, whose numbers are close to 0; the gradient is not."""
    return [
        _case(rng, "one", normalised=True),
        _case(rng, "two", count=2, shape=(32, 32, 3), scale=0.003, normalised=True),
    ]


def untouched(rng: np.random.Generator) -> list[Case]:
    """Weights, moving statistics and trainable flags are looked at; of the number, only that something was measured."""
    cases = [_case(rng, "one", normalised=normalised, pure=True) for normalised in (False, True)]
    return [replace(case, expected={"of the size of a gradient": True}, measure=_size(case.expected)) for case in cases]


def _size(largest: float) -> Callable[[Any], dict[str, bool]]:
    """Within a factor of 100: a function that does nothing leaves everything as it was, too."""

    def measure(value: Any) -> dict[str, bool]:
        number = float(value) if isinstance(value, (int, float, np.ndarray)) and np.size(value) == 1 else np.nan
        return {"of the size of a gradient": bool(largest / 100 < abs(number) < largest * 100)}

    return measure


def dead(rng: np.random.Generator) -> list[Case]:
    """A bias far below zero: the ReLU after 'one' never opens."""
    weights = _draw(rng)
    weights["one bias"] = np.full(2, -100.0, np.float32)
    x = rng.normal(size=(3, 3, 4, 2)).astype(np.float32)
    exactly = type(FLOAT32_SUMS)(0.0, 0.0, "a ReLU that is shut passes exactly nothing")
    network = _network(weights, SMALL, normalised=False)
    return [Case((network, x, rng.integers(0, 3, 3), LayerOf(0, "one")), 0.0, tolerance=exactly, pure=False)]
