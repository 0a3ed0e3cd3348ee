"""What chance does from call to call: a number that varies as a binomial one does, and never the same choice twice.

One call cannot tell a fair coin from a function that always takes exactly half. Eight can: the squared deviations of
their counts add up to a chi-square variable with eight degrees of freedom.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from coursekit.checking import Case
from coursekit.observing import Rng

CALLS = 8
LEAST, MOST = 0.1, 60.0  # an honest function falls below with probability 2e-7 (200 coins at 1/4, 64 at 1/2: exact
# binomial sums), above with 5e-10; one that takes a fixed share has 0 or nearly so, and is caught every time
NUMBER, CHOICE = "how many, from call to call", "which, from call to call"
ALL_KINDS = "all kinds"
AS_CHANCE_HAS_IT = {NUMBER: "as chance has it", CHOICE: "others each time"}


def series(rng: np.random.Generator, before: tuple[Any, ...], after: tuple[Any, ...] = (), **case: Any) -> Case:
    """The same call with eight generators, which stand between the other arguments."""
    seeds = rng.integers(1 << 31, size=CALLS)
    first, *others = [(*before, Rng(int(seed)), *after) for seed in seeds]
    return Case(first, AS_CHANCE_HAS_IT, series=tuple(others), pure=False, **case)


def over_calls(coins: Sequence[np.ndarray], p: float) -> dict[str, str]:
    """Facts about the coins of all calls.

    Args:
        coins: bool arrays of one shape, one for each call.
        p: with which probability each is True.
    """
    expected, variance = coins[0].size * p, coins[0].size * p * (1 - p)
    spread = sum((int(each.sum()) - expected) ** 2 for each in coins) / variance
    number = "too much the same" if spread < LEAST else "too different" if spread > MOST else "as chance has it"
    same = all(np.array_equal(each, coins[0]) for each in coins[1:])
    return {NUMBER: number, CHOICE: "the same each time" if same else "others each time"}


def kinds(seen: Sequence[int], of: int, least: int) -> str:
    """Whether nearly all of equally likely kinds occur: ``all kinds``, or how many."""
    number = len(set(seen))
    return ALL_KINDS if number >= least else f"only {number} of {of}"


# --------------------------------------------------------------------------------------- how often an honest one fails


def binomial(n: int, p: float) -> np.ndarray:
    """The probabilities of 0 to n successes."""
    counts = np.arange(n + 1)
    ways = math.lgamma(n + 1) - np.array([math.lgamma(k + 1) + math.lgamma(n - k + 1) for k in counts])
    return np.asarray(np.exp(ways + counts * math.log(p) + (n - counts) * math.log1p(-p)))


def outside(n: int, p: float, allowed: float) -> float:
    """The probability that a binomial count lies further than ``allowed`` from its expectation."""
    return float(binomial(n, p)[np.abs(np.arange(n + 1) - n * p) > allowed].sum())


def beyond(sigmas: float) -> float:
    """The probability that a normal variable lies further than so many deviations from its mean, on either side."""
    return math.erfc(sigmas / math.sqrt(2))


def over_calls_alarm(n: int, p: float) -> float:
    """The probability that n fair coins in each of the calls do not look ``as chance has it``."""
    variance = n * p * (1 - p)
    one = np.zeros(math.ceil(MOST * variance) + 1)  # of one call's squared deviation, up to what is allowed in all
    for count, probability in enumerate(binomial(n, p)):
        square = round((count - n * p) ** 2)
        if square < len(one):
            one[square] += probability
    sums = np.ones(1)
    for _ in range(CALLS):
        sums = np.convolve(sums, one)[: len(one)]
    spreads = np.arange(len(sums)) / variance
    same = float((binomial(1, p) ** CALLS).sum()) ** n
    return max(0.0, 1.0 - float(sums[(spreads >= LEAST) & (spreads <= MOST)].sum())) + same


def kinds_alarm(draws: int, of: int, least: int) -> float:
    """The probability that fair draws from equally likely kinds show fewer than ``least`` of them.

    >>> kinds_alarm(2, 4, 2)
    0.25
    """
    seen = np.arange(of + 1)
    number = (seen == 0).astype(float)  # the probabilities of how many have been seen
    for _ in range(draws):
        new = number * (of - seen) / of
        number = number * seen / of + np.append(0.0, new[:-1])
    return float(number[:least].sum())


def same_counts(draws: int, of: int) -> float:
    """The probability that two rows of fair draws from equally likely kinds show each kind equally often.

    >>> same_counts(1, 4)
    0.25
    """
    one = np.array([math.exp(-2 * math.lgamma(count + 1)) for count in range(draws + 1)])
    ways = np.ones(1)
    for _ in range(of):
        ways = np.convolve(ways, one)[: draws + 1]
    return float(math.exp(2 * math.lgamma(draws + 1) - 2 * draws * math.log(of)) * ways[draws])
