"""Enter a student's code so that nothing of ours lies on its stack.

Python lets any function walk to its callers and change what it finds there. What calls a student's function here has
no globals of its own, and what decides the next call is nowhere in its variables.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Generator, Iterator
from types import FunctionType
from typing import Any

Answer = tuple[Any, BaseException | None]


def drive(steps: Generator[Any, Answer, None]) -> Iterator[tuple[Any, ...]]:
    """Turn steps, which yield calls and are sent their answers, into calls that come with a box for the answer."""
    answer = None
    while True:
        try:
            call = steps.send(answer) if answer is not None else next(steps)
        except StopIteration:
            return
        box: list[Answer] = []
        yield *call, box
        answer = box.pop()


def _entrance(
    no_trace: Callable[..., None], no_profile: Callable[..., None], everything: type[BaseException]
) -> FunctionType:
    def enter(calls: list[Iterator[tuple[Any, ...]]]) -> None:
        for function, args, kwargs, box in calls.pop():  # the iterator itself is in no variable
            try:
                box.append((function(*args, **kwargs), None))
            except everything as error:
                box.append((None, error))
            no_trace(None)  # a trace function would be shown our frames
            no_profile(None)

    return enter  # type: ignore[return-value]


def _bare(function: Any) -> FunctionType:
    """The same function with no globals and no builtins."""
    return FunctionType(function.__code__, {"__builtins__": {}}, function.__name__, None, function.__closure__)


enter = _bare(_entrance(sys.settrace, sys.setprofile, BaseException))


def _door(call: Callable[..., Answer]) -> FunctionType:
    def function(*args: Any, **kwargs: Any) -> Any:
        value, error = call(args, kwargs)
        if error is not None:
            raise error
        return value

    return function  # type: ignore[return-value]


def opaque(call: Callable[[tuple[Any, ...], dict[str, Any]], Answer], name: str) -> FunctionType:
    """A function for a student's hands that does what ``call`` does and leads nowhere: no globals, no traceback.

    Args:
        call: gets the arguments, returns a value and None, or None and the exception to raise. Never raises itself.
        name: what the function calls itself.
    """
    sealed = functools.lru_cache(maxsize=0)(call)  # written in C: it stores nothing and shows nothing of what it calls
    del sealed.__wrapped__
    function = _bare(_door(sealed))
    function.__name__ = function.__qualname__ = name
    return function
