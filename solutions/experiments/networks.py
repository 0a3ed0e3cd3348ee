"""The reference networks by name, at any size, under the initialiser that an experiment asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras

from solutions.a2_first_networks.solution import build_convnet, build_mlp
from solutions.a3_augmentation.solution import build_penn_net
from solutions.a5_twenty_more_layers.solution import build_deep

Build = Callable[[int, int, float], Any]  # width, side of the images, dropout -> the model


def _all_conv(width: int, side: int, dropout: float) -> Any:
    from solutions.a4_all_conv.solution import build_all_conv  # noqa: PLC0415 - it imports TensorFlow

    return build_all_conv(width, input_shape=(side, side, 3))


def _deep(kind: str) -> Build:
    return lambda width, side, dropout: _resized(build_deep(kind, width), side)


NETWORKS: Mapping[str, Build] = {
    "MLP": lambda width, side, dropout: build_mlp((side, side, 1), width, dropout=dropout),
    "ConvNet": lambda width, side, dropout: build_convnet((side, side, 1), width, dropout=dropout),
    "table 1": lambda width, side, dropout: build_penn_net(),
    "all-conv": _all_conv,
    "plain": _deep("plain"),
    "residual": _deep("residual"),
    "fractal": _deep("fractal"),
}


def build(network: str, width: int, side: int, dropout: float, initialiser: str, seed: int) -> Any:
    """A reference network with new weights.

    Args:
        network: a key of ``NETWORKS``.
        width: hidden units or filters; table 1 has its own.
        side: of the square images.
        dropout: of the MLP and the ConvNet.
        initialiser: ``own`` leaves the network's own; ``glorot`` draws all kernels again.
        seed: of every random number, Keras's own generators included.
    """
    keras.utils.set_random_seed(seed)
    model = NETWORKS[network](width, side, dropout)
    if initialiser == "glorot":
        for number, layer in enumerate(model.layers):
            if hasattr(layer, "kernel"):
                draw = keras.initializers.GlorotUniform(seed=1000 * seed + number)
                layer.kernel.assign(draw(layer.kernel.shape))
    return model


def first_and_last(model: Any) -> list[Any]:
    """The first and the last convolution."""
    found = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    return [found[0], found[-1]]


def _resized(model: Any, side: int) -> Any:
    """The same network for images of another size: it has no dense layer, so that the same layers fit."""
    if side == model.input_shape[1]:
        return model
    return keras.models.clone_model(model, input_tensors=keras.Input((side, side, model.input_shape[-1])))
