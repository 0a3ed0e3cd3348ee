"""A trial whose first run leaves it open is run again, with seeds that follow from the first, three times at most."""

from __future__ import annotations

import json

import keras
import pytest
from keras import layers
from test_trials import SPEC, draw, linear

from autograder.course.doubt import FURTHER_RUNS, Bound, Doubt, Normal
from autograder.course.trials import Laboratory, Stopped
from autograder.judge.judging import judge
from coursekit.observing import observe

ALWAYS = (0.0, 2.0)  # every first run is in doubt
SURE = Doubt(*ALWAYS, Normal(0.97, 0.03), Normal(0.5, 0.1), correct_fails=1e-4, wrong_passes=1e-3)
UNSURE = Doubt(*ALWAYS, Normal(0.99, 0.5), Normal(0.9, 0.5), correct_fails=1e-4, wrong_passes=1e-3)


def half_blind() -> keras.Model:
    """Sees half of the pixels: learns five classes of ten."""
    half = layers.Cropping2D(((1, 0), (0, 0)))
    return keras.Sequential([keras.Input((2, 5, 1)), half, layers.Flatten(), layers.Dense(10)])


class Asked:
    """Asks a function, counts the calls, and ends the process at one of them."""

    def __init__(self, function, stops_at: int = 0) -> None:
        self.function, self.stops_at, self.calls = function, stops_at, 0

    def __call__(self, case):
        self.calls += 1
        if self.calls == self.stops_at:
            raise Stopped("time limit of 10 s")
        return observe(self.function, case.args)


def judged(function, doubt: Doubt | None, **how):
    """The verdict, and how many runs it took: the public case is a call, too."""
    ask = Asked(function, **how)
    verdict = judge(SPEC, b"s", ask, laboratory=Laboratory(draw, {"build": Bound(2.0, doubt)}))
    return verdict, ask.calls - 1


def test_further_runs_save_a_right_one_whose_first_run_was_low():
    verdict, runs = judged(linear, SURE)
    assert verdict.full and 1 < runs <= 1 + FURTHER_RUNS
    assert not judged(linear, None)[0].full  # without error rates the first run decides


def test_further_runs_fail_a_wrong_one():
    verdict, runs = judged(half_blind, SURE)
    assert verdict.fraction == {"all": 1.0, "accuracy": 0.0} and 1 < runs <= 1 + FURTHER_RUNS
    assert "at least 2.000 is expected" in verdict.checks[-1].problem


def test_what_stays_open_is_a_persons_after_a_fixed_number_of_runs():
    verdict, runs = judged(linear, UNSURE)
    assert runs == 1 + FURTHER_RUNS
    assert verdict.status == "needs manual grading" and verdict.score({"all": 1, "accuracy": 1}, 10) is None
    assert "in 4 runs" in verdict.reason and verdict.checks[0].passed and not verdict.checks[-1].passed


def test_same_seed_same_bytes_and_another_seed_other_runs():
    def told(seed: bytes) -> str:
        laboratory = Laboratory(draw, {"build": Bound(2.0, UNSURE)})
        return json.dumps(judge(SPEC, seed, Asked(linear), laboratory=laboratory).to_json())

    assert told(b"s") == told(b"s") != told(b"t")


def test_first_run_is_the_same_with_and_without_doubt():
    """What others are told about their accuracy does not change when error rates are measured."""
    plain, _ = judged(linear, None)
    clear, runs = judged(linear, Doubt(0.999, 2.0, SURE.correct, SURE.wrong, 1e-4, 1e-3))
    assert runs == 1 and clear == plain


@pytest.mark.parametrize(("call", "status"), [(2, "graded"), (3, "needs manual grading")])
def test_process_that_ends_in_a_further_run_is_no_zero(call, status):
    """The first run went well, and others do not need the time of a second one."""
    verdict, _ = judged(linear, SURE, stops_at=call)
    assert verdict.status == status
    assert "time limit" in (verdict.reason or verdict.checks[-1].problem)


@pytest.mark.parametrize(("refused", "full"), [((3,), True), ((3, 4, 5), False)])
def test_further_run_that_cannot_be_trained_counts_as_one_wrong_run(refused, full):
    calls = []  # the public case, the first run, further runs

    def tires():
        calls.append(1)
        return linear(3) if len(calls) in refused else linear()

    verdict, runs = judged(tires, SURE)
    assert verdict.full == full and runs == 1 + FURTHER_RUNS
