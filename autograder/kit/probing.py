"""Find out what a network is by what it computes; ships to students as it is.

Layers are never judged by their names or by how the code is written. Weights are set to known values, images are sent
through, and the outputs tell which network it is.
"""

from __future__ import annotations

import warnings
from typing import Any

import keras
import numpy as np

from coursekit.checking import Refused, adds_up_to_one

CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.SeparableConv2D, keras.layers.DepthwiseConv2D)


def weighted_layers(model: Any) -> list[Any]:
    """The layers that hold weights, in the order from input to output, each once."""
    return [layer for layer in model.layers if layer.weights]


def convolutions(model: Any) -> list[Any]:
    """The convolutions, in the order from input to output."""
    return [layer for layer in model.layers if isinstance(layer, CONVOLUTIONS)]


def kernels(model: Any) -> list[Any]:
    """The kernels of convolutions and dense layers, in order; biases and BatchNormalization do not count."""
    return [layer.kernel for layer in weighted_layers(model) if hasattr(layer, "kernel")]


def kernel_weights(model: Any) -> int:
    """How many numbers all kernels hold together."""
    return int(sum(np.prod(kernel.shape) for kernel in kernels(model)))


def run(model: Any, images: np.ndarray, *, training: bool | None = None) -> np.ndarray:
    """The outputs of a plain call ``model(images)``, or with ``training`` given.

    What Keras warns of in a network, such as a softmax of one class, is judged by what comes out.

    Raises:
        Refused: when the model cannot take such images.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(model(images) if training is None else model(images, training=training))
    except Exception as error:  # noqa: BLE001 - whatever is wrong here is the model's
        takes, given = model.input_shape[1:], images.shape[1:]
        if tuple(takes) != tuple(given):
            raise Refused(f"the model takes inputs of shape {takes}, expected {given}") from None
        raise Refused(f"the model cannot be run: {type(error).__name__}: {str(error)[:200]}") from None


def outputs_are(outputs: np.ndarray) -> str:
    """What a network's outputs look like, in words."""
    if adds_up_to_one(outputs):
        return "numbers that add up to 1, from a softmax"
    return "logits" if (outputs < 0).any() else "no number below 0"


def pass_means(model: Any, last_bias: float = 0.0) -> None:
    """Make every kernel pass on the mean of its input channels at the same place; set the biases to 0.

    A constant image then stays constant, whatever the padding, until something else than a convolution changes it.

    Args:
        model: changed in place.
        last_bias: the bias of the last layer that has one.
    """
    for layer in weighted_layers(model):
        if hasattr(layer, "kernel"):
            kernel = np.zeros(layer.kernel.shape, np.float32)
            rows, columns = kernel.shape[:2] if kernel.ndim == 4 else (1, 1)
            middle = kernel[(rows - 1) // 2, (columns - 1) // 2] if kernel.ndim == 4 else kernel
            middle[:] = 1.0 / kernel.shape[-2]
            layer.kernel.assign(kernel)
        if getattr(layer, "bias", None) is not None:
            layer.bias.assign(np.zeros(layer.bias.shape, np.float32))
    with_bias = [layer for layer in weighted_layers(model) if getattr(layer, "bias", None) is not None]
    if with_bias:
        with_bias[-1].bias.assign(np.full(with_bias[-1].bias.shape, last_bias, np.float32))


def set_weights_by_order(model: Any, seed: int, *, biases: bool = True) -> list[dict[str, np.ndarray]]:
    """Give every layer weights that depend on its place in the order and on ``seed`` alone.

    Kernels are drawn so that activations keep their size; BatchNormalization gets uneven statistics.

    Args:
        model: changed in place.
        biases: False sets the biases of convolutions and dense layers to 0: in front of BatchNormalization a network
            may have them or not, except in the last layer, which always gets them.

    Returns:
        What was set, layer by layer: ``kernel`` and ``bias``, or ``gamma``, ``beta``, ``mean`` and ``variance``.
    """
    found = []
    layers = weighted_layers(model)
    for number, layer in enumerate(layers):
        rng = np.random.default_rng([seed, number])
        values = {name: _value(rng, name, variable) for name, variable in _variables(layer)}
        if "bias" in values and not biases and number < len(layers) - 1:
            values["bias"] = np.zeros_like(values["bias"])
        for name, variable in _variables(layer):
            variable.assign(values[name])
        found.append(values)
    return found


def _variables(layer: Any) -> list[tuple[str, Any]]:
    names = {"moving_mean": "mean", "moving_variance": "variance"}
    return [(names.get(variable.name, variable.name), variable) for variable in layer.weights]


def _value(rng: np.random.Generator, name: str, variable: Any) -> np.ndarray:
    shape = tuple(variable.shape)
    if name in ("gamma", "variance"):
        value = rng.uniform(0.5, 1.5, shape)
    elif len(shape) > 1:
        value = rng.normal(0.0, np.sqrt(2.0 / np.prod(shape[:-1])), shape)
    else:
        value = rng.normal(0.0, 0.3, shape)
    return value.astype(np.float32)
