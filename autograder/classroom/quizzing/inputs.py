"""The calls that a question may show: those of public cases, and others like them. No hidden case is among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.classroom.printing import printable
from autograder.classroom.quizzing.texts import LONGEST, Unshowable, literal
from autograder.course.checks import ExerciseChecks, generator
from coursekit.checking import Case
from coursekit.observing import observe
from coursekit.plain import leaves

DRAWN = 3  # for each public case


@dataclass(frozen=True)
class Input:
    """One call.

    Args:
        case: its arguments; nothing is expected of it.
        text: how it reads as Python.
    """

    case: Case
    text: str


def inputs(
    spec: ExerciseChecks, reference: Callable[..., Any], hidden: Sequence[Case], rng: np.random.Generator
) -> list[Input]:
    """The calls of an exercise that can be shown and are inside its contract.

    Args:
        reference: what gives a result there is inside the contract; nothing of it is kept.
        hidden: the cases that nobody may see.
        rng: draws arguments like those of the public cases: the same numbers in other places, so that what holds for
            each of them (to be positive, to lie in [0, 1]) still does.
    """
    found: dict[str, Input] = {}
    for case in _calls(spec, rng):
        try:
            text = _call(spec.exercise.name, case)
        except Unshowable:
            continue
        if len(text) > LONGEST or printable(text) != text or any(same_call(case, other) for other in hidden):
            continue
        if observe(reference, case.args, case.kwargs).error is None:
            found.setdefault(text, Input(case, text))
    return list(found.values())


def hidden_cases(spec: ExerciseChecks, seeds: Sequence[bytes]) -> list[Case]:
    """Every hidden case of some seeds; each call of a series by itself."""
    drawn = (case for seed in seeds for check in spec.checks for case in check.cases(generator(seed, check.name)))
    return [Case(args, kwargs=case.kwargs) for case in drawn for args in (case.args, *case.series)]


def same_call(one: Case, other: Case) -> bool:
    """Whether two calls have the same numbers, whatever their dtypes."""
    ours, theirs = _flat(one), _flat(other)
    return len(ours) == len(theirs) and all(_equal(a, b) for a, b in zip(ours, theirs))


def _flat(case: Case) -> list[Any]:
    return [leaf for _, leaf in leaves([*case.args, *(case.kwargs[key] for key in sorted(case.kwargs))])]


def _equal(one: Any, other: Any) -> bool:
    numbers = (int, float, np.ndarray, np.generic)
    if isinstance(one, numbers) and isinstance(other, numbers):
        return np.array_equal(np.asarray(one), np.asarray(other))
    return type(one) is type(other) and bool(one == other)


def _calls(spec: ExerciseChecks, rng: np.random.Generator) -> Iterator[Case]:
    public = [case for case in spec.exercise.cases if _is_plain(case)]
    yield from (Case(case.args, kwargs=case.kwargs) for case in public)
    for case in public:
        for _ in range(DRAWN):
            args = tuple(_like(argument, rng) for argument in case.args)
            yield Case(args, kwargs=case.kwargs)


def _is_plain(case: Case) -> bool:
    """Whether a case is one call with values alone, of which chance is no part."""
    if case.raises or case.series or case.advances:
        return False
    kinds = (np.ndarray, np.generic, int, float, str, type(None))
    return all(isinstance(leaf, kinds) for leaf in _flat(case))


def _like(value: Any, rng: np.random.Generator) -> Any:
    """The same numbers in other places; of floats some may come twice."""
    if isinstance(value, np.ndarray) and value.size > 1:
        flat = value.ravel()
        again = value.dtype.kind == "f" and rng.random() < 0.5
        return (rng.choice(flat, flat.size) if again else rng.permutation(flat)).reshape(value.shape)
    if isinstance(value, tuple):
        return tuple(_like(item, rng) for item in value)
    if isinstance(value, list):
        return [_like(item, rng) for item in value]
    return value


def _call(name: str, case: Case) -> str:
    keywords = [f"{key}={literal(value)}" for key, value in case.kwargs.items()]
    return f"{name}({', '.join([*map(literal, case.args), *keywords])})"
