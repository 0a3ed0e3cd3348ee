"""Keras models as arguments and results of an exercise; ships to students as it is.

A model crosses the walls of the grader as plain data: ``describe`` writes it down, ``rebuild`` makes a fresh one of
stock layers from what was written; ``borrow`` lends one to measure with.

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    >>> rebuild(describe(model)).count_params()
    10
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np

from coursekit.checking import Refused
from coursekit.models.describing import MODELS, describe
from coursekit.models.lending import borrow
from coursekit.models.rebuilding import graft, rebuild
from coursekit.observing import Given, crosses
from coursekit.plain import KIND, identical, is_kind, register

__all__ = ["LayerOf", "Network", "Refused", "Symbol", "borrow", "describe", "graft", "own_layers", "rebuild"]

register(MODELS)


@crosses("symbol")
@dataclass(frozen=True)
class Symbol(Given):
    """The argument ``keras.Input(shape)``: a symbolic batch of what has this shape, channels last."""

    shape: tuple[int | None, ...]

    def facts(self, pack: Callable[[Any], Any]) -> dict[str, Any]:
        return {"shape": self.shape}

    @classmethod
    def unpacked(cls, facts: Mapping[str, Any], unpack: Callable[[Any], Any]) -> Given:
        return cls(facts["shape"])

    def make(self, made: Mapping[Any, Any]) -> Any:
        return keras.Input(self.shape)

    def __str__(self) -> str:
        return f"keras.Input({self.shape})"


@crosses("network")
@dataclass(frozen=True, eq=False)
class Network(Given):
    """A Keras model as an argument, with its weights; each call has a copy of its own.

    Args:
        build: makes the model, the same each time; called once, when the network is first needed. (A model built when
            a module is imported would start TensorFlow in a process that is going to fork.)
        name: what messages call it.
    """

    build: Callable[[], Any]
    name: str = "a model"

    @classmethod
    def of(cls, model: Any, name: str = "a model") -> Network:
        """A network from a model or from its description."""
        return cls(lambda: model, name)

    @cached_property
    def description(self) -> dict[str, Any]:
        made = self.build()
        return made if isinstance(made, dict) else describe(made)

    @property
    def has_weights(self) -> bool:
        """Whether any of its layers holds weights."""
        return any(operation["weights"] for operation in self.description["operations"])

    def facts(self, pack: Callable[[Any], Any]) -> dict[str, Any]:
        return {"description": self.description, "name": self.name}

    @classmethod
    def unpacked(cls, facts: Mapping[str, Any], unpack: Callable[[Any], Any]) -> Given:
        return cls(lambda: facts["description"], facts["name"])

    def make(self, made: Mapping[Any, Any]) -> Any:
        return rebuild(self.description)

    def state(self, thing: Any) -> Any:
        weights = [np.asarray(variable).tobytes() for variable in thing.variables]
        return weights, [layer.trainable for layer in thing.layers]

    def __str__(self) -> str:
        return self.name


@crosses("layer")
@dataclass(frozen=True)
class LayerOf(Given):
    """A layer of the network that is another argument.

    Args:
        argument: position or keyword of the ``Network``; it comes before this argument.
        name: of the layer.
    """

    argument: int | str
    name: str

    def facts(self, pack: Callable[[Any], Any]) -> dict[str, Any]:
        return {"argument": self.argument, "name": self.name}

    @classmethod
    def unpacked(cls, facts: Mapping[str, Any], unpack: Callable[[Any], Any]) -> Given:
        return cls(facts["argument"], facts["name"])

    def make(self, made: Mapping[Any, Any]) -> Any:
        return made[self.argument].get_layer(self.name)

    def __str__(self) -> str:
        return f"layer {self.name!r}"


def own_layers(network: Network) -> Callable[[Any], Any]:
    """A measure: which of a network's layers came back, as ``{"@": "layer", "name"}``, alone or in a tuple.

    A layer is known by its name and its weights: whoever makes another of the same name has not found it.
    """

    def measure(value: Any) -> Any:
        if isinstance(value, (tuple, list)):
            return tuple(measure(item) for item in value)
        if not is_kind(value, "layer"):
            return value
        weights = {operation["name"]: operation["weights"] for operation in network.description["operations"]}
        if value.get("name") not in weights or not identical(value.get("weights"), weights[value["name"]]):
            raise Refused("returned a layer that is not one of the network's own")
        return {KIND: "layer", "name": value["name"]}

    return measure
