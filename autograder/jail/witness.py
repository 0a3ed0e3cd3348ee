"""What the trusted side sees itself of a call, and what it makes of the other side's word.

Purity cannot be proved by hearsay. Arrays lie in memory that both sides hold, so a change of one is seen; a result that
shares memory with an argument changes when we write into that argument; a generator that was drawn from gives something
else when the same call is made with it again. Only a network's state is told: so a canary, a function of ours that
is known to meddle, is observed in the student's place, and who calls it innocent is not believed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.jail.memory import Memory, Placed
from coursekit.observing import GLOBAL_RANDOM, TAMPERED, Given, Outcome, drawn_from
from coursekit.plain import identical, is_kind

SEPARATOR = "|"  # between the number of an argument and the path inside it
MAX_VALUES = 1 << 22  # of one image: what is sent has to fit into a frame
Ask = Callable[[dict[str, Any]], Outcome]


def with_facts(outcome: Outcome, memory: Memory, ask: Ask, *, fresh: bool, repeat: bool) -> Outcome:
    """The outcome of a call, its hearsay replaced by what we see.

    Args:
        outcome: as the student's process tells it.
        memory: with the call's arrays.
        ask: makes a further request about the same call.
        fresh: whether it matters that the result shares memory with an argument.
        repeat: whether the call was made twice on the same objects.
    """
    modified = [_name(placed, outcome) for placed in memory.placed if placed.changed]
    outcome = replace(outcome, modified=_union(modified, outcome.modified))
    if outcome.error is not None:
        return outcome
    if fresh and _any_shows(memory, outcome.value, ask):
        seen = [_name(placed, outcome) for placed in memory.placed if shows(placed, outcome.value, ask)]
        outcome = replace(outcome, shared=_union(outcome.shared, seen))
    if repeat:
        outcome = drawn_from(outcome)
    return outcome


def _any_shows(memory: Memory, value: Any, ask: Ask) -> bool:
    """Whether a result changes when we write into all arrays at once: where it does not, it is made of none of them."""
    with ExitStack() as stack:
        for placed in memory.placed:
            stack.enter_context(placed.disturbed())
        return bool(memory.placed) and _changed(value, ask)


def shows(placed: Placed, value: Any, ask: Ask) -> bool:
    """Whether a result changes when we write into one array."""
    with placed.disturbed():
        return _changed(value, ask)


def _changed(value: Any, ask: Ask) -> bool:
    """Whether a result is not what it was."""
    again = ask({"op": "again"})
    return again.error is not None or not identical(again.value, value)


def canary_sings(outcome: Outcome, memory: Memory, args: Sequence[Any], kwargs: Mapping[str, Any], ask: Ask) -> bool:
    """Whether everything that ``canary.meddle`` does to a call's arguments was seen and told."""
    names = dict(zip([*range(len(args)), *kwargs], outcome.names))
    arguments = dict(enumerate(args)) | dict(kwargs)
    networks = {names.get(key) for key, argument in arguments.items() if _has_weights(argument)}
    told = networks | {GLOBAL_RANDOM} <= set(outcome.modified)
    seen = all(placed.changed for placed in memory.placed)
    return told and seen and all(shows(placed, outcome.value, ask) for placed in memory.placed[:1])


def tampered(outcome: Outcome) -> Outcome:
    """The outcome of a call whose observer lies."""
    return replace(outcome, modified=(TAMPERED,))


def has_network(arguments: Sequence[Any]) -> bool:
    """Whether the state of an argument can only be told."""
    return any(map(_has_weights, arguments))


def _has_weights(argument: Any) -> bool:
    """Whether it is a network that a canary can change: one without weights has nothing to meddle with."""
    if not isinstance(argument, Given):
        return False
    from coursekit.models.networks import Network

    return isinstance(argument, Network) and argument.has_weights


def probe(value: Any) -> np.ndarray | None:
    """Two images on which a returned model and the one made from its description can be compared."""
    if not is_kind(value, "model") or type(value.get("shape")) is not tuple:
        return None
    shape = [8 if extent is None else extent for extent in value["shape"]]
    if len(shape) > 4 or not all(type(extent) is int and 0 < extent <= 1024 for extent in shape):
        return None
    if math.prod(shape) > MAX_VALUES:
        return None  # no such model is built again, either
    return np.random.default_rng().normal(size=(2, *shape)).astype(np.float32)


def _name(placed: Placed, outcome: Outcome) -> str:
    number, _, rest = placed.path.partition(SEPARATOR)
    known = outcome.names[int(number)] if int(number) < len(outcome.names) else f"argument {number}"
    return f"{known}{rest}"


def _union(one: Sequence[str], other: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*one, *other]))
