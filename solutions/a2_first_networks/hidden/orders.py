"""Hidden cases of the regression: the orders in which an epoch takes the samples, and whether chance makes them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from assignments.a2_first_networks.checks import ANY_PRECISION, fitted
from autograder.course.chance import ChanceTest
from coursekit.checking import Case, Refused
from coursekit.observing import Rng
from solutions.shared.hidden.chance import ALL_KINDS, binomial, kinds, kinds_alarm, same_counts

ALONE, EPOCHS = 9, 60  # samples, one of which is left for the last batch of each epoch
ORDERS = list(itertools.permutations(range(4)))
CALLS, RATE = 32, 0.2  # each call has two epochs, one sample a batch
APART = 1e-3  # between what two ways lead to: no tolerance takes one for the other
OCCUR, FOLLOW = "orders of four samples that occur", "ways from one epoch's order to the next"
LEAST_ORDERS, LEAST_WAYS = 15, 9  # of 24 that are equally likely, in 64 epochs, and in 32 pairs of them


def fresh_orders(rng: np.random.Generator) -> list[Case]:
    return [always_alone(rng), over_calls(rng)]


def always_alone(rng: np.random.Generator) -> Case:
    """One sample is left for the last batch of each epoch; in 60 epochs it must not always be the same one."""
    n, epochs, rate = ALONE, EPOCHS, 1e-9

    def measure(value: Any) -> dict[str, bool]:
        facts = fitted(value, scale=rate)
        w = facts["w"]
        # 1/4 for each of four, and 1 for whoever is alone: a sample that is always alone gets 2 * epochs
        return {"some sample is always in the last batch": bool(w.shape == (n,) and w.max() > 2 * epochs * 0.9)}

    args = (np.eye(n), np.ones(n), epochs, rate, 4, Rng(int(rng.integers(1 << 30))))
    return Case(args, {"some sample is always in the last batch": False}, measure=measure, advances=True)


def over_calls(rng: np.random.Generator) -> Case:
    """Steps from single samples tell their order. Nearly all orders must occur, and none may follow from the last."""
    X, y, ends = _told_apart(rng)
    before, seeds = (X, y, 2, RATE, 1), rng.integers(1 << 31, size=CALLS)
    first, *others = [(*before, Rng(int(seed))) for seed in seeds]
    measure = partial(_orders_of, ends=ends)
    return Case(first, {OCCUR: ALL_KINDS, FOLLOW: ALL_KINDS}, series=tuple(others), measure=measure, pure=False)


def _told_apart(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Four samples, their targets, and w and b after each of 24 x 24 ways through two epochs, all well apart."""
    while True:
        X, y = rng.normal(0.5, 1.0, (4, 2)), rng.normal(1.0, 2.0, 4)
        ends = _ends(X, y)
        gaps = np.abs(ends[:, None] - ends).max(axis=2) + np.eye(len(ends))
        if gaps.min() > APART and np.abs(ends).max() < 10:
            return X, y, ends


def _ends(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Where single steps lead: float (576, 3), all pairs of orders at once."""
    ways = np.array([one + other for one, other in itertools.product(ORDERS, ORDERS)])
    inputs = np.column_stack([X, np.ones(len(X))])
    found = np.zeros((len(ways), inputs.shape[1]))
    for sample in ways.T:
        residual = np.einsum("ij,ij->i", inputs[sample], found) - y[sample]
        found -= RATE * 2 * residual[:, None] * inputs[sample]
    return found


def _orders_of(values: Sequence[Any], ends: np.ndarray) -> dict[str, str]:
    """Facts about the two orders of each call.

    Raises:
        Refused: when no order explains a call's w and b.
    """
    orders, ways = list[int](), list[int]()
    for value in values:
        facts = fitted(value)
        found = np.r_[np.ravel(facts["w"]), np.ravel(facts["b"])]
        errors = np.abs(ends - found).max(axis=1) if found.shape == ends.shape[1:] else np.full(len(ends), np.inf)
        nearest = int(errors.argmin())
        if not errors[nearest] <= ANY_PRECISION.atol + ANY_PRECISION.rtol * np.abs(ends[nearest]).max():
            raise Refused("with batch_size=1, no order of the samples leads to the w and b of two epochs")
        first, second = divmod(nearest, len(ORDERS))
        orders += [first, second]
        ways.append(ORDERS.index(tuple(ORDERS[first].index(sample) for sample in ORDERS[second])))
    return {
        OCCUR: kinds(orders, len(ORDERS), LEAST_ORDERS),
        FOLLOW: kinds(ways, len(ORDERS), LEAST_WAYS),
    }


# ---------------------------------------------------------------------------------------- how often an honest one fails


def _always_alarm() -> float:
    """With a sample alone in k epochs, its weight is 2 k + (60 - k) / 2, more than 108 for k over 52."""
    return float(ALONE * binomial(EPOCHS, 1 / ALONE)[53:].sum())


CHECK = "a fresh random order in every epoch"
CHANCES = (
    ChanceTest("train_linear_regression", CHECK, "no sample is always alone", _always_alarm),
    ChanceTest(
        "train_linear_regression",
        CHECK,
        "another call with the generator takes other orders",
        lambda: same_counts(EPOCHS, ALONE),
    ),
    ChanceTest(
        "train_linear_regression",
        CHECK,
        "all orders are equally likely",
        lambda: kinds_alarm(2 * CALLS, len(ORDERS), LEAST_ORDERS),
    ),
    ChanceTest(
        "train_linear_regression",
        CHECK,
        "an order does not follow from the last",
        lambda: kinds_alarm(CALLS, len(ORDERS), LEAST_WAYS),
    ),
)
