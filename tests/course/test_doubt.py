"""A run between right and wrong: what further runs decide."""

from __future__ import annotations

import math

import numpy as np
import pytest

from autograder.course.doubt import FURTHER_RUNS, Bound, Doubt, Normal

DOUBT = Doubt(0.5, 0.8, Normal(0.9, 0.025), Normal(0.4, 0.03), correct_fails=1e-4, wrong_passes=1e-3)


def test_only_values_between_wrong_and_right_leave_it_open():
    assert [DOUBT.covers(value) for value in (0.49, 0.5, 0.79, 0.8, 0.95)] == [False, True, True, False, False]


@pytest.mark.parametrize(
    ("values", "passes"),
    [
        ([0.79], None),  # one run never decides, however near it is
        ([0.51], None),
        ([0.79, 0.9], True),
        ([0.51, 0.9], None),  # a bad beginning asks for two good runs, and one more
        ([0.51, 0.9, 0.9], None),
        ([0.51, 0.9, 0.9, 0.9], True),
        ([0.51, 0.4], None),
        ([0.51, 0.4, 0.4], False),
        ([0.51, -math.inf, -math.inf], False),
        ([0.79, 0.4, 0.9, 0.4], None),  # a person's to judge
    ],
)
def test_ratio_decides_when_several_runs_agree(values, passes):
    assert len(values) <= 1 + FURTHER_RUNS
    assert DOUBT.passes(values) is passes


def test_better_than_the_right_ones_is_as_good_as_right():
    """A wide model of wrong ones would make a very good run look wrong."""
    wide = Doubt(0.5, 0.8, Normal(0.9, 0.025), Normal(0.4, 0.5), 1e-4, 1e-3)
    assert wide.passes([0.79, 5.0, 5.0, 5.0]) == wide.passes([0.79, 0.9, 0.9, 0.9])
    assert wide.passes([0.79, 5.0, 5.0]) is not False


def test_the_test_keeps_its_word_on_whom_it_was_made_for():
    """10,000 sequences of each kind, the first run at the edge that suits the other side best."""
    rng = np.random.default_rng(0)

    def decided(model: Normal, first: float) -> list[bool | None]:
        runs = rng.normal(model.mean, model.deviation, (10_000, FURTHER_RUNS))
        return [
            next((p for n in range(1, 4) if (p := DOUBT.passes([first, *row[:n]])) is not None), None) for row in runs
        ]

    assert decided(DOUBT.correct, 0.5).count(False) == 0
    assert decided(DOUBT.wrong, 0.7999).count(True) == 0


def test_tables_with_and_without_error_rates_are_read():
    assert Bound.of({"at_least": 0.8, "runs": 3}) == Bound(0.8)
    doubt = {"begins": 0.5, "correct": {"mean": 0.9, "deviation": 0.025}, "wrong": {"mean": 0.4, "deviation": 0.03}}
    policy = {"correct_fails": 1e-4, "wrong_passes": 1e-3}
    assert Bound.of({"at_least": 0.8, "doubt": doubt, "policy": policy}) == Bound(0.8, DOUBT)
