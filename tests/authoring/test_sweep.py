"""The sweep finds the seed with which a correct answer loses a point, and how near all others came."""

from __future__ import annotations

import functools
import re

import numpy as np
import pytest

from autograder.authoring.doctor.fingerprint import fingerprint
from autograder.authoring.doctor.surveys.sweep import Closest, Swept, shares_used, sweep_exercise
from autograder.commands.main import main
from autograder.course.bank import Variant
from autograder.course.checks import Check, ExerciseChecks
from autograder.course.content import Content
from coursekit.checking import FLOAT32, FLOAT64, AnyFloat, Case, Exercise, Tolerance, judge_case, leaf_tolerance
from coursekit.observing import Outcome, Rng

TIGHT = Tolerance(0.0, 1e-6, "tight on purpose")


def values(rng: np.random.Generator) -> list[Case]:
    x = rng.normal(size=3)
    return [Case((x,), 2 * x, tolerance=TIGHT, pure=False)]


def rough(x):
    """Right, but for a rounding that grows with the number."""
    return 2 * x + 0.4e-6 * np.abs(x)


SPEC = ExerciseChecks(Exercise("double", (Case((np.array([1.0]),), np.array([2.0])),), ()), (Check("values", values),))
CONTENT = Content(
    {"double": SPEC}, {"double": lambda x: 2 * x}, {"double": ()}, {"double": (Variant("double", rough),)}
)


def test_seed_with_which_a_variant_loses_is_named_and_repeats():
    swept = sweep_exercise(CONTENT, "double", range(60))
    assert swept.losses
    number = int(re.search(r"seed (\d+)", swept.losses[0]).group(1))
    assert swept.losses[0].startswith(f"double: 'values', case 1, seed {number}: variant double.rough: ")
    again = sweep_exercise(CONTENT, "double", [number])
    assert again.losses == [loss for loss in swept.losses if f"seed {number}:" in loss]


def test_closest_value_of_each_tolerance_is_kept_with_its_place():
    swept = sweep_exercise(CONTENT, "double", range(20))
    closest = swept.closest["tight on purpose"]
    assert 0.3 < closest.used <= 1.0
    assert "variant double.rough" in closest.where and "seed" in closest.where
    assert str(closest).endswith(closest.where) and "tight on purpose" in str(closest)


def test_public_cases_are_asked_once():
    swept = sweep_exercise(CONTENT, "double", range(10))
    assert swept.counts == {"cases": 2 * (10 + 1), "repeats": 9}


def test_cases_that_cannot_be_drawn_are_a_finding():
    def impossible(rng: np.random.Generator) -> list[Case]:
        raise RuntimeError("no walk of the wanted kind")

    spec = ExerciseChecks(SPEC.exercise, (Check("values", impossible),))
    content = Content({"double": spec}, CONTENT.solutions, CONTENT.mutants, CONTENT.variants)
    (loss,) = sweep_exercise(content, "double", [7]).losses
    assert "seed 7" in loss and "no walk of the wanted kind" in loss


def test_backward_sums_keep_their_points_with_many_seeds(content):
    """A float32 sum that comes back as a Python float is a float32 sum."""
    swept = sweep_exercise(content, "threshold_relu_backward", range(80))
    assert swept.losses == []
    assert swept.closest[FLOAT32.reason].used < 0.1


@pytest.mark.parametrize(
    ("argument", "returned", "passes"),
    [
        (np.float32(1.0), 1.0 + 1e-4, True),  # the argument was rounded, whatever comes back
        (np.float32(1.0), np.float64(1.0 + 1e-4), True),
        (np.float32(1.0), 1.0 + 1e-2, False),
        (np.float64(1.0), np.float64(1.0 + 1e-4), False),
        (np.float64(1.0), np.float64(1.0 + 1e-7), True),
    ],
)
def test_tolerance_follows_the_arguments_and_not_the_type_of_the_result(argument, returned, passes):
    case = Case((np.array([argument]),), np.float64(1.0))
    assert (judge_case(case, Outcome(returned)) is None) == passes


@pytest.mark.parametrize("where", ["nested", "keyword"])
def test_one_float32_argument_is_enough_wherever_it_stands(where):
    x, y = np.ones(2, np.float32), np.ones(2)
    case = Case(((x, y), 1), np.float64(1.0)) if where == "nested" else Case((y,), np.float64(1.0), kwargs={"x": x})
    assert judge_case(case, Outcome(1.0 + 1e-5)) is None


def test_what_promises_no_dtype_promises_no_more_than_float32():
    assert leaf_tolerance(AnyFloat(np.ones(2))) is FLOAT32
    assert leaf_tolerance(1.0) is FLOAT32
    assert leaf_tolerance(np.float64(1.0)) is FLOAT64
    assert leaf_tolerance(np.ones(2, np.float32)) is FLOAT32


def test_shares_are_of_the_allowed_error_and_infinite_values_count_nothing():
    case = Case((), (np.array([1.0, np.inf]), 3), tolerance=Tolerance(0.0, 0.5, "half"))
    assert list(shares_used(case, (np.array([1.25, np.inf]), 3))) == [(case.tolerance, 0.5)]


def test_fingerprint_sees_what_a_case_holds():
    def case(x, seed=1, scale=2.0):
        return Case(
            (np.array(x), Rng(seed)), measure=lambda value: value * scale, kwargs={"a": functools.partial(max, 1)}
        )

    assert fingerprint(case([1.0])) == fingerprint(case([1.0]))
    others = [case([1.5]), case([1.0], seed=2), case([1.0], scale=3.0), case(np.float32([1.0]))]
    assert all(fingerprint(other) != fingerprint(case([1.0])) for other in others)
    rng = np.random.default_rng(0)
    assert fingerprint([rng]) != fingerprint([rng])  # unknown things are never the same


def test_fingerprint_of_a_function_that_calls_itself():
    def count_down_by(step):
        def count_down(n):
            return count_down(n - step) if n > 0 else n

        return count_down

    assert fingerprint(count_down_by(2)) == fingerprint(count_down_by(2)) != fingerprint(count_down_by(3))


@pytest.mark.parametrize(
    ("losses", "status"), [([], 0), (["double: seed 3: variant double.rough: 1 of 3 values differ"], 1)]
)
def test_command_prints_margins_and_ends_with_1_when_a_point_is_lost(losses, status, monkeypatch, capsys, course):
    seen = Swept(losses, {"half": Closest(Tolerance(0.0, 0.5, "half"), 0.25, "double, seed 3")})
    monkeypatch.setattr(
        "autograder.authoring.doctor.surveys.sweep.sweep",
        lambda chosen, numbers, jobs, exercise: [(chosen[0], "double", seen)],
    )
    monkeypatch.chdir(course.root)
    assert main(["doctor", "a1", "--sweep", "5", "--first", "3"]) == status
    text = capsys.readouterr().out
    assert "seeds 3 to 7" in text and "25.000 % used of: half; double, seed 3" in text
    assert ("FINDING double: seed 3" in text) == bool(losses)
