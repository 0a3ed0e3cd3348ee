"""A wrong result that is right but for one simple thing is told so, and nothing is told by coincidence."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.course.checks import Check, ExerciseChecks
from autograder.judge.judging import judge
from coursekit.checker import Checker
from coursekit.checking import AnyFloat, Case, Exercise, Failure, judge_case, observe_case
from coursekit.observing import Outcome, observe
from coursekit.patterns import pattern

ROOT = Path(__file__).parents[2]
RNG = np.random.default_rng(0)
ROWS, SQUARE, IMAGES = RNG.normal(size=(6, 5)), RNG.normal(size=(4, 4)), RNG.normal(size=(2, 6, 7, 3))
SEQUENCES = [RNG.normal(size=n) for n in (6, 9)]


def common(function: Callable, *cases: Case, returns: tuple[str, ...] = ()) -> str:
    outcomes = [observe_case(function, case) for case in cases]
    asked = [(c, o, judge_case(c, o, returns)) for c, o in zip(cases, outcomes, strict=True)]
    assert any(failure for _, _, failure in asked)
    return pattern(asked, returns)


def cases_of(right: Callable[[np.ndarray], Any], *arrays: np.ndarray) -> list[Case]:
    return [Case((x,), right(x)) for x in arrays]


def off_border(x: np.ndarray) -> np.ndarray:
    out = 2 * x
    out[:, 0] += 1.0
    out[:, -1, 2] -= 1.0
    return out


@pytest.mark.parametrize(
    ("right", "wrong", "arrays", "sentence"),
    [
        (np.negative, lambda x: x, [ROWS, SQUARE], "opposite sign"),
        (lambda x: x.sum(axis=0), lambda x: x.mean(axis=0), [ROWS, SQUARE], "a mean stands where a sum belongs"),
        (lambda x: x.mean(axis=0), lambda x: x.sum(axis=0), [ROWS, SQUARE], "a sum stands where a mean belongs"),
        (lambda x: 3 * x, lambda x: x, [ROWS, SQUARE], "every value is 0.333 times the right one"),
        (lambda x: x, lambda x: x * len(x) ** 2, [ROWS, SQUARE], "the right ones times one number"),
        (lambda x: x, lambda x: x + 1, [ROWS, SQUARE], "off by one and the same number"),
        (lambda x: x, lambda x: x.T, [SQUARE, SQUARE[:3, :3]], "the last two axes have changed places"),
        (lambda x: x, lambda x: x[:, ::-1], [ROWS, SQUARE], "in reverse order along axis 1"),
        (lambda x: x, lambda x: np.append(0.0, x[:-1]), SEQUENCES, "one place further along axis 0"),
        (lambda x: x, lambda x: np.append(x[1:], 0.0), SEQUENCES, "one place further along axis 0"),
        (lambda x: 2 * x, off_border, [IMAGES, IMAGES[:1]], "wrong at the border of the image only"),
        (lambda x: x, lambda x: np.append(0.0, x[1:]), SEQUENCES, "only what stands first along axis 0"),
        (lambda x: x, lambda x: np.append(x[:-1], 0.0), SEQUENCES, "only what stands last along axis 0"),
        (np.abs, np.copy, [ROWS, SQUARE], "wrong only where the first argument is negative"),
        (lambda x: np.minimum(x, 0), lambda x: np.minimum(x, 0) + (x > 0), [ROWS], "the first argument is positive"),
        (np.cosh, lambda x: np.sin(7 * x), [ROWS, SQUARE], ""),
    ],
)
def test_simple_ways_to_be_wrong(right, wrong, arrays, sentence):
    found = common(wrong, *cases_of(right, *arrays))
    assert sentence in found if sentence else found == ""


def test_one_wrong_number_says_nothing_of_the_argument_there():
    x = np.array([-1.0, 1.0, -2.0, 4.0, 3.0, -5.0])
    assert common(lambda x: x + (x == -2), *cases_of(np.copy, x)) == ""


def test_where_an_argument_is_zero():
    x = np.array([0.0, 1.0, -2.0, 0.0, 3.0, 5.0, 0.0, 7.0, -1.0])
    assert "where the first argument is 0" in common(lambda x: x + (x == 0), *cases_of(np.copy, x))


def test_the_wrong_result_of_several_is_named():
    case = Case((ROWS,), (ROWS, 2 * ROWS))
    assert common(lambda x: (x, -2 * x), case, returns=("dx", "dw")) == "dw: every value has the opposite sign"


def test_any_float_and_float32_are_compared_in_their_precision():
    x = ROWS.astype(np.float32)
    assert "opposite sign" in common(lambda x: -x.astype(float) * (1 + 1e-6), Case((x,), AnyFloat(x)))


def test_a_pattern_must_hold_in_every_failing_case():
    flips_one = lambda x: -x if len(x) == 6 else x + 1  # noqa: E731
    assert common(flips_one, *cases_of(np.copy, ROWS, SQUARE)) == ""


def test_small_results_tell_a_factor_together():
    small = cases_of(np.copy, np.array([1.0, 2.0]), np.array([0.5, 3.0]), np.array([0.0, 0.0]))
    assert "opposite sign" in common(np.negative, *small)
    assert common(np.negative, *small[:1]) == ""


@pytest.mark.parametrize("x", [np.array([1.0, 2.0, 3.0]), np.zeros(7), np.float64(2.0), np.full((3, 3), 0.5)])
def test_few_values_tell_nothing(x):
    assert common(lambda x: -x - 1, Case((x,), np.asarray(x))) == ""


@pytest.mark.parametrize(
    "value",
    [None, "text", [1, 2], {"a": 1}, np.full((6, 5), np.nan), np.full((6, 5), 1e308), ROWS.astype(str), 1j * ROWS],
)
def test_any_result_may_come(value):
    common(lambda x: value, Case((ROWS,), 2 * ROWS))


# ------------------------------------------------------------------------------------------------------ between cases


def scaled(x, t, padding="same"):
    return x * np.asarray(t) + (padding == "valid")


def scaling_cases() -> list[Case]:
    scales = [2.0, np.arange(1.0, 6.0), 3.0, -np.arange(2.0, 7.0)]
    return [Case((ROWS, t), scaled(ROWS, t, p), kwargs={"padding": p}) for t in scales for p in ("same", "valid")]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda x, t, padding: scaled(x, np.max(t), padding), "the second argument is an array"),
        (lambda x, t, padding: scaled(x, t, "same"), "off by one and the same number"),
        (lambda x, t, padding: scaled(x, t, padding) * (1 if padding == "same" else np.cos(x)), "`padding` is 'valid'"),
        (lambda x, t, padding: 1 / 0 if padding == "valid" else scaled(x, t), "`padding` is 'valid'"),
        (lambda x, t, padding: scaled(x, t, padding) + np.cos(x) * (np.min(t) < 0), ""),
    ],
)
def test_what_failing_cases_have_in_common(wrong, sentence):
    found = common(wrong, *scaling_cases())
    assert sentence in found if sentence else found == ""


def test_one_case_of_each_kind_proves_nothing():
    assert common(lambda x, t, padding: np.cos(x) if np.ndim(t) else scaled(x, t), *scaling_cases()[:3:2]) == ""


@pytest.mark.parametrize(
    ("right", "wrong", "arrays", "trait"),
    [
        (
            np.copy,
            lambda x: np.cos(x) if x.shape[0] == x.shape[1] else x,
            [SQUARE, SQUARE[:3, :3], ROWS, ROWS[:4]],
            "is square",
        ),
        (np.copy, lambda x: np.cos(x) if len(x) == 1 else x, [ROWS[:1], SQUARE[:1], ROWS, ROWS[:4]], "has one row"),
        (
            lambda x: 2 * x,
            lambda x: np.cos(x) if x.dtype == np.float32 else 2 * x,
            [ROWS, SQUARE, ROWS.astype(np.float32), SQUARE.astype(np.float32)],
            "is float32",
        ),
        (np.copy, lambda x: np.cos(x) if x.ndim == 1 else x, [*SEQUENCES, ROWS, SQUARE], "has one axis"),
    ],
)
def test_traits_of_arrays(right, wrong, arrays, trait):
    assert trait in common(wrong, *cases_of(right, *arrays))


# --------------------------------------------------------------------------------------------------- in a hint, a check


@pytest.mark.parametrize("folder", sorted(path.name for path in (ROOT / "assignments").glob("a[0-9]_*")))
def test_whatever_the_arguments_of_the_course_are(folder):
    """Networks, generators, functions, lists of pairs: the sentence may be empty, and nothing breaks."""
    for exercise in import_module(f"assignments.{folder}.checks").EXERCISES:
        result = Outcome(tuple(np.cos(np.arange(9.0)) for _ in exercise.returns) or np.cos(np.arange(9.0)))
        for failures in ([None], [None, None]):
            wrong = [Failure("value", "")] * (len(exercise.cases) - len(failures))
            asked = [(case, result, one) for case, one in zip(exercise.cases, [*failures, *wrong], strict=False)]
            pattern(asked, exercise.returns)


def test_judge_puts_it_before_the_last_rung_of_the_ladder():
    public = Case((np.array([1.0, 2.0]),), np.array([2.0, 4.0]))
    hidden = Check("values", lambda rng: cases_of(lambda x: 2 * x, rng.normal(size=8)))
    spec = ExerciseChecks(Exercise("double", (public,), ("gentle", "explicit")), (hidden,))
    verdict = judge(spec, b"s", lambda case: observe(lambda x: -2 * x, case.args, case.kwargs))
    assert verdict.hint == "every value has the opposite sign; explicit"


def test_check_shows_it_above_the_hint():
    exercise = Exercise("double", tuple(cases_of(lambda x: 2 * x, *SEQUENCES)), ("gentle", "explicit"))
    text = Checker([exercise], Path("none.json")).report(exercise, lambda x: -2 * x, 0, ()).text
    assert "  notice    every value has the opposite sign\n  hint      gentle\n" in text
