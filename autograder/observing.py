"""Call a function and record everything it did; ships to students as it is.

The arguments may be *given* objects, such as a random generator or a callable, which are made afresh for each call on
the side that calls the function.

    >>> observe(lambda x, rng: x + rng.random(), (1.0, Rng(0))).value == 1.0 + np.random.default_rng(0).random()
    True
"""

from __future__ import annotations

import inspect
import os
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.plain import leaves, plain, settle

GLOBAL_RANDOM = "NumPy's global random state"


class Given:
    """An argument that is made afresh for each call.

    ``made`` holds the arguments that were made before it, by position or keyword.
    """

    def make(self, made: Mapping[Any, Any]) -> Any:
        raise NotImplementedError

    def state(self, thing: Any) -> Any:
        """What a pure function leaves unchanged in ``thing``."""
        return None

    def finish(self) -> None:
        """Tidy up after the call, when its result is known."""

    def __str__(self) -> str:
        return type(self).__name__


@dataclass(frozen=True)
class Rng(Given):
    """The argument ``np.random.default_rng(seed)``."""

    seed: int

    def make(self, made: Mapping[Any, Any]) -> Any:
        return np.random.default_rng(self.seed)

    def __str__(self) -> str:
        return f"np.random.default_rng({self.seed})"


@dataclass(frozen=True, eq=False)
class Remote(Given):
    """A callable argument; in the grader ``function`` stays on the trusted side and answers from there.

    Args:
        function: receives plain values and arrays, returns the same.
        name: what messages call it.
    """

    function: Callable[..., Any]
    name: str = "function"

    def make(self, made: Mapping[Any, Any]) -> Any:
        def remote(*args: Any, **kwargs: Any) -> Any:
            return plain(self.function(*plain(args), **plain(kwargs)))

        remote.__name__ = self.name
        return remote

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class CallError:
    """An exception that a call raised: its class name, its message, and the student's own line it came from."""

    kind: str
    message: str
    line: str = ""


@dataclass(frozen=True, eq=False)
class Outcome:
    """Everything that one call did: its result as plain values, or its error, and its side effects on arguments.

    Args:
        modified: arguments that were changed, ``GLOBAL_RANDOM`` among them when it was drawn from.
        shared: arguments with which the result shares memory.
        advanced: random generators that were drawn from.
    """

    value: Any = None
    error: CallError | None = None
    modified: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    advanced: tuple[str, ...] = ()


def observe(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None = None,
    errstate: Mapping[str, str] | None = None,
) -> Outcome:
    """Call ``function`` on copies of its arguments and record everything it did.

    Exceptions of any kind become part of the outcome, ``SystemExit`` included; warnings are not shown.
    """
    arguments = dict(enumerate(args)) | dict(kwargs or {})
    names = parameter_names(function, arguments)
    given: dict[Any, Any] = {}
    for key, argument in arguments.items():
        given[key] = make(argument, given)
    before = {key: _state(arguments[key], given[key]) for key in given}
    random_state = _global_random()
    try:
        with np.errstate(**(errstate or {})), warnings.catch_warnings():  # type: ignore[arg-type]
            warnings.simplefilter("ignore")
            result = function(*(given[i] for i in range(len(args))), **{k: given[k] for k in kwargs or {}})
            value, error = plain(settle(result)), None
    except BaseException as exc:  # noqa: BLE001 - student code may raise anything, KeyboardInterrupt included
        result, value, error = None, None, _describe(exc)
    changed = [key for key in given if _state(arguments[key], given[key]) != before[key]]
    modified = tuple(names[key] for key in changed if not isinstance(arguments[key], Rng))
    modified += (GLOBAL_RANDOM,) if _global_random() != random_state else ()
    advanced = tuple(names[key] for key in changed if isinstance(arguments[key], Rng))
    mine = [(f"{names[key]}{path}", leaf) for key in given for path, leaf in leaves(given[key])]
    theirs = _arrays(result)
    shared = tuple(
        path
        for path, leaf in mine
        if isinstance(leaf, np.ndarray) and any(np.may_share_memory(leaf, array) for array in theirs)
    )
    for argument in arguments.values():
        if isinstance(argument, Given):
            argument.finish()
    return Outcome(value, error, modified, shared, advanced)


def make(argument: Any, made: Mapping[Any, Any] | None = None) -> Any:
    """A fresh copy of an argument: arrays copied, given objects made."""
    if isinstance(argument, Given):
        return argument.make(made or {})
    if isinstance(argument, (tuple, list)):
        items = [make(item, made) for item in argument]
        return tuple(items) if isinstance(argument, tuple) else items
    if isinstance(argument, dict):
        return {key: make(item, made) for key, item in argument.items()}
    return argument.copy() if isinstance(argument, (np.ndarray, np.generic)) else argument


def parameter_names(function: Callable[..., Any], keys: Mapping[Any, Any]) -> dict[Any, str]:
    """The names of a call's arguments, from position or keyword."""
    try:
        parameters = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        parameters = []
    return {k: k if isinstance(k, str) else parameters[k] if k < len(parameters) else f"argument {k}" for k in keys}


def _describe(exc: BaseException) -> CallError:
    frames = traceback.extract_tb(exc.__traceback__)
    own = [frame for frame in frames if os.path.basename(frame.filename) != os.path.basename(__file__)]
    line = f"line {own[0].lineno}: {own[0].line}" if own and own[0].line else ""
    return CallError(type(exc).__name__, str(exc)[:500], line[:200])


def _arrays(tree: Any) -> list[np.ndarray]:
    return [leaf for _, leaf in leaves(tree) if isinstance(leaf, np.ndarray)]


def _state(argument: Any, thing: Any) -> Any:
    """What must be the same before and after a call of a pure function."""
    if isinstance(argument, Rng):
        return repr(thing.bit_generator.state)
    if isinstance(argument, Given):
        return argument.state(thing)
    return [(array.shape, array.tobytes()) for array in _arrays(thing)]


def _global_random() -> tuple[bytes, int]:
    _, keys, position, *_ = np.random.get_state()
    return np.asarray(keys).tobytes(), int(position)
