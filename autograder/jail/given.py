"""Arguments that are more than data, on both sides of the walls.

The trusted side *packs* a given object into plain data, the student's process *unpacks* it and makes it for the call.
In the other direction a student's function may hand such objects to a function of ours that stands in for an earlier
exercise: a network that it was given, a symbolic tensor, a random generator.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.jail.memory import Mapped, Memory, array
from coursekit.observing import Given, Remote, crossing
from coursekit.plain import KIND, is_kind, plain, settle

Functions = dict[str, Callable[..., Any]]
MAX_SHAPE = 4
PLAIN = {bool, int, float, str, type(None)}

# ------------------------------------------------------------------------------------------------- the trusted side


class Packer:
    """Turns the arguments of one call into data that crosses.

    Args:
        functions: callables are entered here, under the name they cross by.
        memory: where arrays are put, under the path that ``leaves`` finds them by.
    """

    def __init__(self, functions: Functions, memory: Memory) -> None:
        self._functions, self._memory = functions, memory
        self.plain = True  # until something came that ``wire.encode_plain`` may not be given

    def pack(self, value: Any, path: str) -> Any:
        """Turn given objects into plain data."""
        if type(value) in PLAIN:
            return value
        if isinstance(value, np.ndarray):
            place = self._memory.place(value, path)
            self.plain &= place is not None
            return value if place is None else _given("array", **place)
        if isinstance(value, (tuple, list)):
            items = [self.pack(item, f"{path}[{index}]") for index, item in enumerate(value)]
            return tuple(items) if isinstance(value, tuple) else items
        if isinstance(value, dict):
            self.plain &= all(type(key) is str for key in value)
            return {key: self.pack(item, f"{path}[{key!r}]") for key, item in value.items()}
        if isinstance(value, Remote):
            name = f"remote {len(self._functions)}"
            self._functions[name] = value.function
            return _given("remote", function=name, name=value.name)
        self.plain = False  # what is in these is known to nobody here
        if isinstance(value, Given):
            return _given(value.kind, **value.facts(lambda item: self.pack(item, path)))
        return value


def _given(kind: str, **facts: Any) -> dict[str, Any]:
    return {KIND: "given", "kind": kind, **facts}


class CallArguments:
    """What of one call's arguments our own functions can be asked about, seen from the trusted side."""

    def __init__(self, arguments: Mapping[Any, Any]) -> None:
        self._arguments = arguments
        self._networks: dict[str, Any] = {}

    def call(self, function: Callable[..., Any], args: Any, kwargs: Any) -> dict[str, Any]:
        """Call a function of ours on arguments that a student's process chose."""
        generators: list[np.random.Generator] = []
        made = [self._made(item, generators) for item in args]
        named = {key: self._made(item, generators) for key, item in kwargs.items()}
        value = plain(settle(function(*made, **named)))
        return {"value": value, "states": [_state(generator) for generator in generators]}

    def _made(self, value: Any, generators: list[np.random.Generator]) -> Any:
        if is_kind(value, "rng"):
            generators.append(_generator(value["state"]))
            return generators[-1]
        if is_kind(value, "lent"):
            return self._network(value["argument"])
        if is_kind(value, "symbol"):
            import keras

            shape = tuple(value["shape"])
            if len(shape) > MAX_SHAPE or not all(n is None or (type(n) is int and 0 < n <= 1024) for n in shape):
                raise ValueError(f"a symbolic tensor of shape {shape}")
            return keras.Input(shape)
        if isinstance(value, (tuple, list)):
            items = [self._made(item, generators) for item in value]
            return tuple(items) if isinstance(value, tuple) else items
        return value

    def _network(self, key: str) -> Any:
        """Our own copy of a network that the call lent, made once."""
        if key not in self._networks:
            given = next(item for name, item in self._arguments.items() if str(name) == key)
            self._networks[key] = given.make({})
        return self._networks[key]


# ------------------------------------------------------------------------------------------------- the student's side


@dataclass(frozen=True, eq=False)
class SharedArray(Given):
    """An array in the memory that both sides hold: handed over as it is, no copy."""

    array: np.ndarray

    def make(self, made: Mapping[Any, Any]) -> Any:
        return self.array

    def state(self, thing: Any) -> Any:
        return thing.tobytes()


@dataclass(frozen=True, eq=False)
class StandIn(Given):
    """A callable argument that leads to the trusted side, as it is."""

    function: Callable[..., Any]
    name: str

    def make(self, made: Mapping[Any, Any]) -> Any:
        return self.function


class Unpacker:
    """Turns plain data back into given objects, and remembers the networks made from them."""

    def __init__(self, stand_in: Callable[[str], Callable[..., Any]], memory: Mapped[Any]) -> None:
        self._stand_in, self._memory = stand_in, memory
        self._lent: list[tuple[Any, str]] = []

    def unpack(self, value: Any, key: str = "") -> Any:
        """Invert ``pack``; ``key`` is the argument's position or keyword."""
        if is_kind(value, "given"):
            return self._given(value, key)
        if isinstance(value, (tuple, list)):
            items = [self.unpack(item) for item in value]
            return tuple(items) if isinstance(value, tuple) else items
        if isinstance(value, dict):
            return {name: self.unpack(item) for name, item in value.items()}
        return value

    def _given(self, value: dict[str, Any], key: str) -> Given:
        if value["kind"] == "array":
            return SharedArray(array(self._memory, value))
        if value["kind"] == "remote":
            return StandIn(self._stand_in(value["function"]), value["name"])
        unpacked = crossing[value["kind"]].unpacked(value, self.unpack)
        return self._watched(unpacked, key) if value["kind"] == "network" else unpacked

    def _watched(self, network: Any, key: str) -> Given:
        """A network that can be handed back to a function of ours, and whose weights are looked at afterwards."""
        from autograder.jail.inside.weights import Weights

        lent, watched = self._lent, []

        class WatchedNetwork(type(network)):  # type: ignore[misc]
            def make(self, made: Mapping[Any, Any]) -> Any:
                lent.append((super().make(made), key))
                watched.append(Weights(lent[-1][0]))
                return lent[-1][0]

            def state(self, thing: Any) -> Any:
                return watched[-1].values(), super().state(thing)

        return WatchedNetwork(network.build, network.name)

    def hand_over(self, value: Any, touched: list[Any]) -> Any:
        """An argument for a function of ours, as plain data; generators and tensors are entered in ``touched``."""
        if isinstance(value, np.random.Generator):
            touched.append(value)
            return {KIND: "rng", "state": _state(value)}
        for model, key in self._lent:
            if value is model:
                return {KIND: "lent", "argument": key}
        if _is_tensor(value):
            touched.append(value)
            return {KIND: "symbol", "shape": tuple(value.shape[1:])}
        if isinstance(value, (tuple, list)):
            items = [self.hand_over(item, touched) for item in value]
            return tuple(items) if isinstance(value, tuple) else items
        return plain(value)

    @staticmethod
    def accept(answer: dict[str, Any], touched: list[Any]) -> Any:
        """The result of a function of ours: generators go on from where it left them, graphs grow on our tensors."""
        generators = [item for item in touched if isinstance(item, np.random.Generator)]
        for generator, state in zip(generators, answer["states"], strict=True):
            generator.bit_generator.state = json.loads(state)
        tensors = [item for item in touched if _is_tensor(item)]
        if tensors and is_kind(answer["value"], "model"):
            from coursekit.models.networks import graft

            return graft(answer["value"], tensors[0])
        return answer["value"]


def _is_tensor(value: Any) -> bool:
    import sys

    keras = sys.modules.get("keras")
    return keras is not None and isinstance(value, keras.KerasTensor)


# ------------------------------------------------------------------------------------------------- random generators


def _state(generator: np.random.Generator) -> str:
    """The state of a generator as JSON: its numbers are wider than the 64 bits that cross as integers."""
    return json.dumps(generator.bit_generator.state)


def _generator(text: Any) -> np.random.Generator:
    state = json.loads(text) if type(text) is str and len(text) < 2000 else None
    if not isinstance(state, dict) or state.get("bit_generator") != "PCG64":
        raise TypeError("expected a generator made by np.random.default_rng")
    generator = np.random.default_rng(0)
    generator.bit_generator.state = state
    return generator
