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
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import FunctionType
from typing import Any

import numpy as np
from numpy.random import default_rng, get_state

from coursekit.plain import identical, leaves, plain, settle

GLOBAL_RANDOM = "NumPy's global random state"
TAMPERED = "the code that watches a call"  # stands for an argument that was changed: nothing that it tells counts
# In a traceback, no line of the student's.
OUR_FILES = ("checker.py", "checking.py", "entering.py", "observing.py", "patience.py", "plain.py")


class Given:
    """An argument that is made afresh for each call.

    ``made`` holds the arguments that were made before it, by position or keyword. Kinds that ``crosses`` names are
    written down on the trusted side, sent as plain data and made where the function is called.
    """

    kind = ""  # the name that it crosses the walls by

    def facts(self, pack: Callable[[Any], Any]) -> dict[str, Any]:
        """What crosses in its place, as plain data; ``pack`` turns what it holds into such data."""
        raise TypeError(f"a given object that cannot cross: {type(self).__name__}")

    @classmethod
    def unpacked(cls, facts: Mapping[str, Any], unpack: Callable[[Any], Any]) -> Given:
        """Make it again from its facts; ``unpack`` inverts ``pack``."""
        raise NotImplementedError

    def make(self, made: Mapping[Any, Any]) -> Any:
        raise NotImplementedError

    def state(self, thing: Any) -> Any:
        """What a pure function leaves unchanged in ``thing``."""
        return None

    def finish(self) -> None:
        """Tidy up after the call, when its result is known."""

    def __str__(self) -> str:
        return type(self).__name__


crossing: dict[str, type[Given]] = {}  # an allowlist: no other kind is made from what arrives


def crosses(kind: str) -> Callable[[type[Given]], type[Given]]:
    """Let a kind of given objects cross the walls, under a name."""

    def enter(given: type[Given]) -> type[Given]:
        given.kind = kind
        crossing[kind] = given
        return given

    return enter


@crosses("rng")
@dataclass(frozen=True)
class Rng(Given):
    """The argument ``np.random.default_rng(seed)``."""

    seed: int

    def facts(self, pack: Callable[[Any], Any]) -> dict[str, Any]:
        return {"seed": self.seed}

    @classmethod
    def unpacked(cls, facts: Mapping[str, Any], unpack: Callable[[Any], Any]) -> Given:
        return cls(facts["seed"])

    def make(self, made: Mapping[Any, Any]) -> Any:
        return default_rng(self.seed)

    def __str__(self) -> str:
        return f"np.random.default_rng({self.seed})"


class Misuse(Exception):
    """A function of ours was used as it must not be: the call is wrong, whatever its author makes of the error."""


@dataclass(frozen=True, eq=False)
class Remote(Given):
    """A callable argument; in the grader ``function`` stays on the trusted side and answers from there.

    Args:
        function: receives plain values and arrays, returns the same. When it raises ``Misuse``, its caller sees a
            ``ValueError``, and the call that it was lent for has failed.
        name: what messages call it.
    """

    function: Callable[..., Any]
    name: str = "function"
    complaints: list[str] = field(default_factory=list, repr=False)

    def make(self, made: Mapping[Any, Any]) -> Any:
        self.complaints.clear()

        def remote(*args: Any, **kwargs: Any) -> Any:
            try:
                return plain(settle(self.function(*plain(settle(args)), **plain(settle(kwargs)))))
            except Misuse as misuse:
                self.complaints.append(str(misuse))
                raise ValueError(str(misuse)) from None

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
        modified: arguments that were changed, ``GLOBAL_RANDOM`` among them when it was drawn from by who was given a
            generator; whoever was given none may seed NumPy's own.
        shared: arguments with which the result shares memory.
        advanced: random generators that were drawn from.
        second: the result of a second call on the very same objects, where one was asked for.
        names: of all arguments, in order.
    """

    value: Any = None
    error: CallError | None = None
    modified: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    advanced: tuple[str, ...] = ()
    second: Any = None
    names: tuple[str, ...] = ()


Entry = tuple[Callable[..., Any], Sequence[Any], Mapping[str, Any]]
Observation = Generator[Entry, tuple[Any, BaseException | None], Outcome]


def observe(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None = None,
    errstate: Mapping[str, str] | None = None,
    *,
    repeat: bool = False,
) -> Outcome:
    """Call ``function`` on copies of its arguments and record everything it did.

    Args:
        repeat: call twice on the same objects, to see whether a generator among them was drawn from.

    Exceptions of any kind become part of the outcome, ``SystemExit`` included; warnings are not shown. An interrupt is
    no doing of the function's: whoever asked to stop is obeyed at once.
    """
    steps = observation(function, args, kwargs or {}, errstate or {}, settle, repeat=repeat)
    call, positional, named = next(steps)
    while True:
        try:
            answer: tuple[Any, BaseException | None] = call(*positional, **named), None
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - student code may raise anything, SystemExit included
            answer = None, error
        try:
            call, positional, named = steps.send(answer)
        except StopIteration as end:
            return drawn_from(end.value) if repeat and end.value.error is None else end.value


def drawn_from(outcome: Outcome) -> Outcome:
    """An outcome of two calls on the same objects: where the results differ, a generator was drawn from.

    That a generator's state moved proves nothing: its numbers may have been thrown away.
    """
    moved = not identical(outcome.value, outcome.second)
    return replace(outcome, advanced=(outcome.advanced or ("its generator",)) if moved else (), second=None)


def observation(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    errstate: Mapping[str, str],
    settle: Callable[[Any], Any],
    *,
    repeat: bool = False,
    random: bool = False,
    keep: Callable[[Any, Any], None] = lambda result, settled: None,
) -> Observation:
    """The steps of ``observe``: yields each call that may run a student's code, and is sent its result and its error.

    So the caller decides from where such code is entered: nothing of what is noted here lies on its stack.

    Args:
        settle: what a result's own classes have to do before it is read.
        repeat: call once more, on the very same objects, whatever the first call has left of them.
        random: watch NumPy's global random state, too, where no generator is among the arguments.
        keep: receives the result as it is, and settled.
    """
    arguments = dict(enumerate(args)) | dict(kwargs)
    names = parameter_names(function, arguments)
    given: dict[Any, Any] = {}
    for key, argument in arguments.items():
        given[key] = make(argument, given)
    before = {key: _state(arguments[key], given[key]) for key in given}
    random = random or _hold_generator([*arguments.values()])
    random_state = _global_random() if random else None
    call = function, [given[i] for i in range(len(args))], {key: given[key] for key in kwargs}
    with np.errstate(**{"under": "ignore", **errstate}), warnings.catch_warnings():  # type: ignore[arg-type]
        warnings.simplefilter("ignore")
        result, raised = yield call
    changed = [key for key in given if _state(arguments[key], given[key]) != before[key]]
    modified = tuple(names[key] for key in changed if not isinstance(arguments[key], Rng))
    modified += (GLOBAL_RANDOM,) if random and _global_random() != random_state else ()
    advanced = tuple(names[key] for key in changed if isinstance(arguments[key], Rng))
    value, settled, error = yield from _read(result, raised, settle)
    second = None
    if error is None:
        keep(result, settled)
        mine = [(f"{names[key]}{path}", leaf) for key in given for path, leaf in leaves(given[key])]
        theirs = _arrays(settled)
    shared = tuple(path for path, leaf in mine if _overlaps(leaf, theirs)) if error is None else ()
    if repeat and error is None:
        with np.errstate(**{"under": "ignore", **errstate}), warnings.catch_warnings():  # type: ignore[arg-type]
            warnings.simplefilter("ignore")
            again, raised = yield call
        second, _, _ = yield from _read(again, raised, settle)
    complaints = [
        text for _, leaf in leaves([*arguments.values()]) if isinstance(leaf, Remote) for text in leaf.complaints
    ]
    if complaints and error is None:
        value, error = None, CallError("ValueError", complaints[0][:500])
    for argument in arguments.values():
        if isinstance(argument, Given):
            argument.finish()
    return Outcome(value, error, modified, shared, advanced, second, tuple(names.values()))


def _read(
    result: Any, raised: BaseException | None, settle: Callable[[Any], Any]
) -> Generator[Entry, tuple[Any, BaseException | None], tuple[Any, Any, CallError | None]]:
    """What came of a call: its plain value, the settled result, its error."""
    if raised is None:
        result, raised = yield settle, [result], {}
    if raised is not None:
        return None, None, describe_error(raised)
    try:
        return plain(result), result, None
    except BaseException as error:  # noqa: BLE001 - reading a result may still meet what its author left there
        return None, None, describe_error(error)


def _overlaps(leaf: Any, arrays: Sequence[np.ndarray]) -> bool:
    return isinstance(leaf, np.ndarray) and any(np.may_share_memory(leaf, array) for array in arrays)


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
    parameters = _parameters(function)
    return {k: k if isinstance(k, str) else parameters[k] if k < len(parameters) else f"argument {k}" for k in keys}


def _parameters(function: Callable[..., Any]) -> list[str]:
    """The names of a function's parameters, in the order of its signature; nothing for what has none."""
    if type(function) is FunctionType and not any(hasattr(function, name) for name in ("__wrapped__", "__signature__")):
        code = function.__code__  # `inspect` takes a tenth of a millisecond, as long as most calls do
        plain, keywords = code.co_argcount, code.co_argcount + code.co_kwonlyargcount
        starred = keywords + bool(code.co_flags & inspect.CO_VARARGS)
        names = code.co_varnames
        more = names[starred : starred + bool(code.co_flags & inspect.CO_VARKEYWORDS)]
        return [*names[:plain], *names[keywords:starred], *names[plain:keywords], *more]
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []


def describe_error(error: BaseException) -> CallError:
    """An exception as plain words. Its own methods may do anything, and are given one try."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if os.path.basename(frame.filename) not in OUR_FILES]
    line = f"line {own[0].lineno}: {own[0].line}" if own and own[0].line else ""
    try:
        message = str(error)[:500]
    except BaseException:  # noqa: BLE001 - a student's __str__
        message = "(its message cannot be shown)"
    return CallError(type(error).__name__, message, line[:200])


def _hold_generator(arguments: Sequence[Any]) -> bool:
    """Whether one of a call's arguments is a random generator, or holds one."""
    return any(isinstance(leaf, Rng) for _, leaf in leaves(arguments))


def _arrays(tree: Any) -> list[np.ndarray]:
    return [leaf for _, leaf in leaves(tree) if isinstance(leaf, np.ndarray)]


def _state(argument: Any, thing: Any) -> Any:
    """What must be the same before and after a call of a pure function."""
    if isinstance(argument, Rng):
        return repr(thing.bit_generator.state)
    if isinstance(argument, Given):
        return argument.state(thing)
    return [(path, _content(leaf)) for path, leaf in leaves(thing)]


def _content(leaf: Any) -> Any:
    """A leaf in a form that stays as it is; of objects that are no data only which one it is."""
    if isinstance(leaf, (np.ndarray, np.generic)):
        return leaf.shape, leaf.dtype.str, leaf.tobytes()
    return repr(leaf) if type(leaf) in (bool, int, float, str) else id(leaf)


def _global_random() -> tuple[bytes, int]:
    _, keys, position, *_ = get_state()
    return np.asarray(keys).tobytes(), int(position)
