"""A function that is right except under one condition is noticed, or the survey says that nobody would notice it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest

from autograder.authoring.doctor.examining import SeededJudge
from autograder.authoring.doctor.surveys import conditional
from autograder.authoring.doctor.surveys.conditional import outside, survey
from autograder.course.checks import Check, ExerciseChecks
from autograder.course.content import Content, load_content
from autograder.course.outline import outline
from coursekit.checking import Case, Exercise

SQUARE = "x: square"
WIDE, SQUARE_SHAPE = (2, 3), (3, 3)


def double(x):
    return 2 * x


def shape_of(value: Any) -> np.ndarray:
    return np.array(np.shape(value))


def case(rng: np.random.Generator, shape: tuple[int, ...]) -> Case:
    x = rng.normal(size=shape)
    return Case((x,), 2 * x)


def case_of_shape(rng: np.random.Generator, shape: tuple[int, ...]) -> Case:
    return Case((rng.normal(size=shape),), np.array(shape), measure=shape_of)


def spec(*makers: Callable[[np.random.Generator], Case]) -> ExerciseChecks:
    """An exercise whose hidden cases are those of the makers."""

    def cases(rng: np.random.Generator) -> Sequence[Case]:
        return [make(rng) for make in makers]

    public = Case((np.array([[1.0, 2.0, 3.0]]),), np.array([[2.0, 4.0, 6.0]]))
    return ExerciseChecks(Exercise("double", (public,), ("twice",)), (Check("values", cases),))


def missing(*makers: Callable[[np.random.Generator], Case]) -> set[str]:
    expected, noticed = survey(spec(*makers), double)
    return expected - noticed


# -------------------------------------------------------------------------------------------------------------- survey


def test_condition_that_no_case_meets_is_missing_until_a_case_meets_it():
    wide = partial(case, shape=WIDE)
    assert SQUARE in missing(wide)
    assert SQUARE not in missing(wide, partial(case, shape=SQUARE_SHAPE))
    assert "x: wider than tall" not in missing(wide)


def test_case_that_looks_at_the_shape_alone_does_not_count():
    assert SQUARE in missing(partial(case, shape=WIDE), partial(case_of_shape, shape=SQUARE_SHAPE))


def test_condition_that_holds_with_one_seed_alone_is_missing():
    drawn = iter([SQUARE_SHAPE, WIDE])
    assert SQUARE in missing(lambda rng: case(rng, next(drawn)))


@pytest.mark.parametrize("words", ["x: over 64 rows", "x: float32", "x: all below 0.01", "x: an exact zero"])
def test_an_array_may_be_any_array(words):
    assert words in missing(partial(case, shape=WIDE))


def test_case_that_must_raise_tells_only_of_what_always_has_to():
    """A function that takes negative numbers all the same is noticed; that does not speak for positive ones."""

    def root(x):
        if x < 0:
            raise ValueError("negative")
        return np.sqrt(x)

    def cases(rng):
        return [Case((-4.0,), raises="ValueError"), Case((9.0,), 3.0, measure=lambda value: 3.0)]

    public = Case((-1.0,), raises="ValueError")
    expected, noticed = survey(ExerciseChecks(Exercise("root", (public,), ("root",)), (Check("values", cases),)), root)
    assert "x: negative" in noticed
    assert {"x: positive", "x: a float"} <= expected - noticed


# -------------------------------------------------------------------------------------------- outside the contract

HEADING = "# Design\n\n## Outside the contract\n| exercise | condition | why |\n|---|---|---|\n"


@pytest.fixture
def findings(tmp_path, monkeypatch) -> Callable[..., list[str]]:
    """What is found of an exercise that lacks square cases, by the rows of its design."""
    content = Content({"double": spec(partial(case, shape=WIDE))}, {"double": double}, {"double": ()}, {"double": ()})
    monkeypatch.setattr(conditional, "load_content", lambda folder: content)

    def found(*rows: str) -> list[str]:
        design = tmp_path / "assignments" / "a9" / "design.md"
        design.parent.mkdir(parents=True, exist_ok=True)
        design.write_text(HEADING + "\n".join(rows) + "\n\n## Sources\n| `double` | `x: later` | no row |\n")
        return conditional._examined((tmp_path, "a9", "double")).findings

    return found


def test_rows_of_the_design_are_read_up_to_the_next_heading(tmp_path):
    design = tmp_path / "design.md"
    design.write_text(
        f"{HEADING}| `double` | `x: square`, `x: all *` | only wide ones |\n| `double` | `x: empty` | nothing |\n"
        "| `triple` | `x: one row` |  |\n\n## Sources\n| `double` | `x: later` | no row |\n"
    )
    assert outside(design) == {"double": ["x: square", "x: all *", "x: empty"]}
    assert outside(tmp_path / "nowhere.md") == {}


def test_row_of_the_design_hides_a_condition_and_a_pattern_hides_many(findings):
    def told(*rows: str) -> set[str]:
        return {finding.split("'")[1] for finding in findings(*rows)}

    nothing_hidden = told()
    assert {SQUARE, "x: all below 0.01", "x: all in [0, 1]"} <= nothing_hidden
    assert told("| `double` | `x: square` | only wide ones |") == nothing_hidden - {SQUARE}
    hidden = nothing_hidden - told("| `double` | `x: all *` | of any sign |")
    assert hidden == {words for words in nothing_hidden if words.startswith("x: all ")}


@pytest.mark.parametrize("stale", ["x: wider than tall", "y: *", "x: sqare"])
def test_row_that_hides_nothing_is_a_finding(stale, findings):
    (finding,) = [text for text in findings(f"| `double` | `{stale}` | once it did |") if "hides nothing" in text]
    assert stale in finding and finding.endswith("drop it")


# ----------------------------------------------------------------------------------------------- the course's own cases


def wrong_where(condition: Callable[..., bool], right: Callable[..., Any]) -> Callable[..., Any]:
    """The right function, 5 % off where its arguments meet the condition."""

    def function(*args: Any, **kwargs: Any) -> Any:
        answer = right(*args, **kwargs)
        if not condition(*args, **kwargs):
            return answer
        return tuple(1.05 * part for part in answer) if isinstance(answer, tuple) else 1.05 * answer

    return function


def in_unit_interval(*arrays: np.ndarray) -> bool:
    return all(((x >= 0) & (x <= 1)).all() for x in arrays)


def square_float64(x: np.ndarray, t: Any) -> bool:
    return x.ndim == 2 and x.shape[0] == x.shape[1] and x.dtype == np.float64


def wide_layer(b1: np.ndarray, t: Any, W2: np.ndarray, b2: np.ndarray) -> bool:
    return len(W2) > 64


def tiny_targets(y_true: np.ndarray, y_pred: np.ndarray, dloss: float = 1.0) -> bool:
    return bool((np.abs(y_true) < 0.01).all())


def single_sample(X: np.ndarray, *rest: Any) -> bool:
    return len(X) == 1


CLASSICS = {
    "2-D square float64": ("a1_relu_sigmoid", "threshold_relu", square_float64),
    "images of 28 x 28": ("a1_relu_sigmoid", "threshold_relu", lambda x, t: x.shape[1:3] == (28, 28)),
    "over 64 units": ("a1_relu_sigmoid", "fold_threshold_dense", wide_layer),
    "a cache near 0": ("a1_relu_sigmoid", "sigmoid_backward", lambda dout, cache: bool((cache < 0.01).all())),
    "all in [0, 1]": ("a2_first_networks", "standardize_features", in_unit_interval),
    "targets below 0.01": ("a2_first_networks", "mse_loss", tiny_targets),
    "a single sample": ("a2_first_networks", "train_linear_regression", single_sample),
    "float32": ("a2_first_networks", "ema_smooth", lambda values, weight: getattr(values, "dtype", "") == np.float32),
}


@pytest.mark.parametrize("words", CLASSICS)
def test_function_that_is_wrong_under_one_condition_loses_marks(words):
    folder, exercise, condition = CLASSICS[words]
    content = load_content(folder)
    assert exercise in outline(folder)
    bench, right = SeededJudge(content.specs[exercise], (), None), content.solutions[exercise]
    (sound,), (spoilt,) = (bench.verdicts(f) for f in (right, wrong_where(condition, right)))
    assert sound.full and not spoilt.full


@pytest.mark.parametrize("exercise", ["build_mlp", "build_convnet"])
def test_builder_with_another_default_rate_loses_marks(exercise):
    content = load_content("a2_first_networks")
    right = content.solutions[exercise]

    def drops_unasked(*args: Any, **kwargs: Any) -> Any:
        return right(**{"dropout": 0.5} | inspect.signature(right).bind(*args, **kwargs).arguments)

    (verdict,) = SeededJudge(content.specs[exercise], (), None).verdicts(drops_unasked)
    assert not verdict.full
