"""The tests of chance over several calls: how often they blame an honest function, and whom they always catch."""

from __future__ import annotations

import math

import numpy as np
import pytest

from solutions.shared.hidden.chance import AS_CHANCE_HAS_IT, CALLS, CHOICE, LEAST, MOST, NUMBER, over_calls

COINS = [(200, 0.25), (64, 0.5), (162, 4 / 9)]  # as the hidden cases toss them


def deviations(n: int, p: float) -> np.ndarray:
    """The distribution of one call's squared deviation from the expected count, up to what MOST allows in all."""
    found = np.zeros(math.ceil(MOST * n * p * (1 - p)) + 1)
    for count in range(n + 1):
        square = round((count - n * p) ** 2)
        if square < len(found):
            found[square] += math.comb(n, count) * p**count * (1 - p) ** (n - count)
    return found


@pytest.mark.parametrize(("n", "p"), COINS)
def test_an_honest_function_is_blamed_once_in_a_million_at_most(n, p):
    one, variance = deviations(n, p), n * p * (1 - p)
    sums = np.ones(1)
    for _ in range(CALLS):
        sums = np.convolve(sums, one)[: len(one)]
    spreads = np.arange(len(sums)) / variance
    fair = sums[(spreads >= LEAST) & (spreads <= MOST)].sum()
    assert 0 <= 1 - fair < 1e-6


@pytest.mark.parametrize(("n", "p"), COINS)
def test_fair_coins_pass_and_fixed_shares_fail(n, p):
    rng = np.random.default_rng(0)
    assert over_calls(rng.random((CALLS, n)) < p, p) == AS_CHANCE_HAS_IT
    fixed = [rng.permutation(n) < round(n * p) for _ in range(CALLS)]
    assert over_calls(fixed, p) == {NUMBER: "too much the same", CHOICE: "others each time"}
    assert over_calls([fixed[0]] * CALLS, p)[CHOICE] == "the same each time"
    assert over_calls([np.full(n, call % 2 == 0) for call in range(CALLS)], p)[NUMBER] == "too different"
