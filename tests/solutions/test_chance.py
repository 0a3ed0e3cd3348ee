"""The tests of chance over several calls: how often they blame an honest function, and whom they always catch."""

from __future__ import annotations

import math

import numpy as np
import pytest

from solutions.shared.hidden import chance
from solutions.shared.hidden.chance import (
    AS_CHANCE_HAS_IT,
    CALLS,
    CHOICE,
    NUMBER,
    beyond,
    binomial,
    kinds,
    kinds_alarm,
    outside,
    over_calls,
    over_calls_alarm,
    same_counts,
)

COINS = [(200, 0.25), (64, 0.5), (162, 4 / 9)]  # as the hidden cases toss them


@pytest.mark.parametrize(("n", "p"), COINS)
def test_an_honest_function_is_blamed_once_in_a_million_at_most(n, p):
    assert 0 <= over_calls_alarm(n, p) < 1e-6


def test_the_alarm_is_the_share_of_honest_functions_that_fail(monkeypatch):
    """With bounds so narrow that it can be counted."""
    monkeypatch.setattr(chance, "LEAST", 4.0)
    monkeypatch.setattr(chance, "MOST", 14.0)
    rng, rounds = np.random.default_rng(0), 4000
    failing = sum(over_calls(rng.random((CALLS, 40)) < 0.3, 0.3) != AS_CHANCE_HAS_IT for _ in range(rounds))
    alarm = over_calls_alarm(40, 0.3)
    assert abs(failing - rounds * alarm) < 6 * math.sqrt(rounds * alarm * (1 - alarm))


@pytest.mark.parametrize(("n", "p"), [(1, 0.5), (7, 0.25), (3000, 0.1), (27000, 0.2)])
def test_binomial_probabilities(n, p):
    probabilities = binomial(n, p)
    assert probabilities.sum() == pytest.approx(1.0)
    assert (probabilities * np.arange(n + 1)).sum() == pytest.approx(n * p)
    assert outside(n, p, -1.0) == pytest.approx(1.0) and outside(n, p, n) == 0.0


def test_six_deviations_of_a_count_are_about_those_of_a_normal_variable():
    assert beyond(6.0) == pytest.approx(1.97e-9, rel=0.01)
    assert outside(3000, 0.5, 6 * math.sqrt(750)) == pytest.approx(beyond(6.0), rel=0.3)


@pytest.mark.parametrize(("n", "p"), COINS)
def test_fair_coins_pass_and_fixed_shares_fail(n, p):
    rng = np.random.default_rng(0)
    assert over_calls(rng.random((CALLS, n)) < p, p) == AS_CHANCE_HAS_IT
    fixed = [rng.permutation(n) < round(n * p) for _ in range(CALLS)]
    assert over_calls(fixed, p) == {NUMBER: "too much the same", CHOICE: "others each time"}
    assert over_calls([fixed[0]] * CALLS, p)[CHOICE] == "the same each time"
    assert over_calls([np.full(n, call % 2 == 0) for call in range(CALLS)], p)[NUMBER] == "too different"


def test_few_kinds_are_as_rare_as_computed():
    rng, rounds = np.random.default_rng(0), 4000
    few = sum(kinds(rng.integers(6, size=10).tolist(), 6, 5) != "all kinds" for _ in range(rounds))
    alarm = kinds_alarm(10, 6, 5)
    assert abs(few - rounds * alarm) < 6 * math.sqrt(rounds * alarm * (1 - alarm))
    assert kinds([1, 1, 2], 6, 3) == "only 2 of 6"


def test_two_rows_with_the_same_counts_are_as_rare_as_computed():
    rng, rounds = np.random.default_rng(0), 4000
    pairs = rng.multinomial(6, [0.25] * 4, size=(rounds, 2))
    same, alarm = int((pairs[:, 0] == pairs[:, 1]).all(axis=1).sum()), same_counts(6, 4)
    assert abs(same - rounds * alarm) < 6 * math.sqrt(rounds * alarm * (1 - alarm))
