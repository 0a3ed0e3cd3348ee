"""Put something in a function's place, wherever the function was imported to, and count how often that is called.

A module that says ``from coursekit.checking import compare`` keeps the function that it found there. So the function
stays, and what it does is replaced.
"""

from __future__ import annotations

import importlib
import types
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any


@contextmanager
def replaced(targets: Sequence[str], instead: Callable[..., Any]) -> Iterator[Mapping[str, int]]:
    """Replace functions for a while.

    Args:
        targets: as ``module:qualified.name``; a property stands for the function that computes it.
        instead: called in their place, with the function as it was, then with the arguments of the call.

    Yields:
        How often each was called so far, by its target.

    Raises:
        LookupError: when there is no such function.
    """
    calls = Counter(dict.fromkeys(targets, 0))
    undo: list[Callable[[], None]] = []
    try:
        for target in targets:
            undo.append(_replace(target, instead, calls))
        yield calls
    finally:
        for back in reversed(undo):
            back()


def _replace(target: str, instead: Callable[..., Any], calls: Counter[str]) -> Callable[[], None]:
    function = found(target)
    code, defaults, named, place = (
        function.__code__,
        function.__defaults__,
        function.__kwdefaults__,
        function.__globals__,
    )
    if code.co_freevars:
        raise LookupError(f"{target}: expected a function that needs nothing around it, received {code.co_freevars}")
    before = types.FunctionType(code, place, function.__name__, defaults)
    before.__kwdefaults__ = named
    name = f"_instead_of_{id(function)}"

    def counted(*args: Any, **kwargs: Any) -> Any:
        calls[target] += 1
        return instead(before, *args, **kwargs)

    place[name] = counted
    function.__code__ = _forwarding(name)
    function.__defaults__ = function.__kwdefaults__ = None

    def back() -> None:
        function.__code__, function.__defaults__, function.__kwdefaults__ = code, defaults, named
        del place[name]

    return back


def _forwarding(name: str) -> types.CodeType:
    """The code of a function that hands everything on to a global one."""
    made: dict[str, Any] = {}
    exec(f"def forward(*args, **kwargs): return {name}(*args, **kwargs)", made)
    code: types.CodeType = made["forward"].__code__
    return code


def found(target: str) -> Any:
    """The function that a target names.

    Raises:
        LookupError: when there is none.
    """
    module, _, path = target.partition(":")
    value: Any = importlib.import_module(module)
    try:
        for name in path.split("."):
            value = vars(value)[name]
    except KeyError:
        raise LookupError(f"{target}: expected a function of ours, found nothing of this name") from None
    while not isinstance(value, types.FunctionType):  # a property, a method of a class, what a decorator has made
        inner = next((getattr(value, key) for key in ("fget", "func", "__func__") if hasattr(value, key)), None)
        if inner is None:
            raise LookupError(f"{target}: expected a function, received a {type(value).__name__}")
        value = inner
    return value.__wrapped__ if hasattr(value, "__wrapped__") else value
