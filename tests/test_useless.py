"""Functions that solve nothing: whatever they return, the judge does not stumble, and they earn nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest

from autograder.course.checks import ExerciseChecks, generator
from autograder.course.config import load_course
from autograder.course.content import load_content
from autograder.judge.judging import judge
from coursekit.checking import Case, answer, judge_case
from coursekit.observing import Outcome, observe

pytestmark = pytest.mark.long
COURSE = load_course(Path(__file__).resolve().parents[1])
EXERCISES = sorted({(a.folder, name) for a in COURSE.assignments.values() for name in a.exercises})


@cache
def _model(shape: tuple[int, ...]) -> keras.Model:
    inputs = keras.Input(shape)
    return keras.Model(inputs, keras.layers.Dense(3)(inputs))


@cache
def _two_heads() -> keras.Model:
    inputs = keras.Input((32, 32, 3))
    flat = keras.layers.Flatten()(inputs)
    return keras.Model(inputs, [keras.layers.Dense(10)(flat), keras.layers.Dense(1)(flat)])


@cache
def _identity() -> keras.Model:
    inputs = keras.Input((32, 32, 3))
    return keras.Model(inputs, inputs)


def _raise(kind: type[Exception]) -> Any:
    raise kind("no")


# Results that do not depend on the arguments: what came of the call is the same in every case.
ALWAYS: dict[str, Callable[[tuple[Any, ...]], Any]] = {
    "None": lambda _: None,
    "a string": lambda _: "nan",
    "an integer": lambda _: 7,
    "nan": lambda _: float("nan"),
    "an infinity": lambda _: -float("inf"),
    "True": lambda _: True,
    "an empty list": lambda _: [],
    "an empty dict": lambda _: {},
    "a dict": lambda _: {"n_convs": None, "longest": "x", "shortest": np.zeros(3), "n_paths": -1},
    "a list of None": lambda _: [None, None, None],
    "a ragged list": lambda _: [[1.0], [2.0, 3.0], "x"],
    "two Nones": lambda _: (None, None),
    "two strings": lambda _: ("a", "b"),
    "two scalars": lambda _: (np.float32(np.nan), np.int64(-3)),
    "strings": lambda _: np.array(["a", "b"]),
    "complex numbers": lambda _: np.ones((2, 2), complex),
    "booleans": lambda _: np.array([True, False]),
    "an empty array": lambda _: np.zeros((0, 3)),
    "a scalar array": lambda _: np.array(np.nan),
    "a model of vectors": lambda _: _model((5,)),
    "a model of pictures": lambda _: _model((32, 32, 3)),
    "a model of grey pictures": lambda _: _model((28, 28, 1)),
    "a model of any size": lambda _: _model((None, None, 3)),
    "a model with two heads": lambda _: _two_heads(),
    "a model that does nothing": lambda _: _identity(),
    "an unbuilt model": lambda _: keras.Sequential([keras.layers.Dense(3)]),
    "an empty model": lambda _: keras.Sequential(),
    "a layer": lambda _: keras.layers.Dense(3),
    "two layers": lambda _: (keras.layers.Dense(3), keras.layers.Dense(3)),
    "a symbolic tensor": lambda _: keras.Input((8, 8, 4)),
    "an empty figure": lambda _: plt.figure(),
    "empty axes": lambda _: plt.subplots(2, 2)[0],
    "a function": lambda _: _raise,
    "a type": lambda _: int,
    "ValueError": lambda _: _raise(ValueError),
    "TypeError": lambda _: _raise(TypeError),
    "KeyError": lambda _: _raise(KeyError),
}
OF_ARGUMENTS: dict[str, Callable[[tuple[Any, ...]], Any]] = {
    "the first argument": lambda args: args[0],
    "all arguments": lambda args: args,
    "nan everywhere": lambda args: np.full(np.shape(args[0]), np.nan) if isinstance(args[0], np.ndarray) else np.nan,
    "complex images": lambda args: args[0] + 0j if isinstance(args[0], np.ndarray) else 1j,
    "words for numbers": lambda args: args[0].astype(str) if isinstance(args[0], np.ndarray) else "1",
    "dates for numbers": lambda args: (
        np.zeros(np.shape(args[0]), "datetime64[s]") if isinstance(args[0], np.ndarray) else 0
    ),
    "floats for bytes": lambda args: args[0] * 1.0 if isinstance(args[0], np.ndarray) else 1.0,
    "a shorter first argument": lambda args: args[0][:-1] if isinstance(args[0], np.ndarray) and args[0].ndim else 0,
    "two first arguments": lambda args: (args[0], args[0]),
    "a dense layer on the argument": lambda args: keras.layers.Dense(4)(args[0]),
    "twice the argument": lambda args: 2 * args[0],
}
RESULTS = ALWAYS | OF_ARGUMENTS
EARN_NOTHING = (
    "None",
    "nan",
    "the first argument",
    "two first arguments",
    "a model of pictures",
    "twice the argument",
    "ValueError",
)


@dataclass(frozen=True)
class Useless:
    """A function that ignores what it should do."""

    result: Callable[[tuple[Any, ...]], Any]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.result(args)


@cache
def _spec(folder: str, name: str) -> ExerciseChecks:
    """The checks of an exercise, whose cases are drawn once; without the trainings."""
    spec = load_content(folder).specs[name]
    drawn = [(check, tuple(check.cases(generator(b"useless", check.name)))) for check in spec.checks]
    return replace(
        spec, trial=None, checks=tuple(replace(check, cases=lambda rng, c=cases: c) for check, cases in drawn)
    )


def _observe(function: Callable[..., Any], case: Case) -> Outcome:
    return observe(function, case.args, case.kwargs, case.errstate)


@cache
def _known(result: str) -> Outcome:
    return observe(Useless(ALWAYS[result]), ())


@pytest.mark.parametrize(("folder", "name"), EXERCISES)
def test_no_result_makes_a_check_stumble(folder, name):
    rng, stumbles = np.random.default_rng(0), {}
    cases = [case for check in _spec(folder, name).all_checks for case in check.cases(rng)]
    for result, make in RESULTS.items():
        for case in cases:
            try:
                outcome = _known(result) if result in ALWAYS else _observe(Useless(make), case)
                judge_case(case, answer(case, lambda one, outcome=outcome: outcome))
            except Exception as error:
                stumbles[result] = repr(error)
        plt.close("all")
    assert stumbles == {}


@pytest.mark.parametrize(("folder", "name"), EXERCISES)
def test_no_point_is_earned_by_chance(folder, name):
    spec, earned = _spec(folder, name), {}
    for result in EARN_NOTHING:
        verdict = judge(spec, b"useless", lambda case, f=Useless(RESULTS[result]): _observe(f, case))
        if any(verdict.fraction.values()):
            earned[result] = [check.name for check in verdict.checks if check.passed]
    assert earned == {}
