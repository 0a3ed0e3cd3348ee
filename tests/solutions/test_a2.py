"""a2: what the hidden references foretell."""

from __future__ import annotations

import numpy as np
import pytest

from assignments.a2_first_networks.checks import at_most, shares
from coursekit.checking import judge_case, observe_case
from coursekit.observing import make
from solutions.a2_first_networks import solution
from solutions.a2_first_networks.hidden import networks, orders, regression


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5])
def test_shares_after_two_dropouts_are_those_of_many_drawings(rate):
    """Drawn without any network: block 1 gives 0 or 1 / keep, block 2 the largest of four values of 3 - that."""
    rng, keep = np.random.default_rng(0), 1 - rate
    first = (rng.random((200_000, 4)) < keep) / keep
    drawn = 1 + (3 - first).max(axis=1) * (rng.random(200_000) < keep) / keep
    foretold = {round(n, 2): round(part, 1) for n, part in networks._two_dropouts(rate).items()}
    text = ", ".join(f"{n:g} in {100 * part:.0f} %" for n, part in sorted(foretold.items()) if part)
    assert shares(drawn, grid=0.1) == text


def test_shares_leave_rare_numbers_out():
    assert shares(np.array([1.0] * 30 + [2.0] * 69 + [7.0])) == "1 in 30 %, 2 in 70 %"
    assert shares(np.arange(1000.0)) == "no number that occurs often"


def test_gradient_descent_by_single_numbers_agrees_with_the_reference():
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(5, 2)), rng.normal(size=5)
    w, b, losses = regression.descend(X, y, [list(range(5))] * 3, 0.1)
    expected = solution.train_linear_regression(X, y, 3, 0.1, 5, rng)
    for mine, other in zip((w, b, losses), expected, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-10)


def test_one_epoch_of_a_fixed_order_shows_who_is_alone():
    """The mutant that never shuffles leaves the ninth of nine samples alone in every epoch."""
    case = orders.always_alone(np.random.default_rng(2))
    (name,) = case.expected
    alone = np.array([0.5] * 8 + [2.0]) * 60 * 1e-9
    assert case.measure((alone, 0.0, np.ones(60))) == {name: True}
    assert case.measure((np.full(9, 2 / 3) * 60 * 1e-9, 0.0, np.ones(60))) == {name: False}


def loop(order):
    """Our own loop with an order that a function of the generator and of the epoch's number makes."""

    def train(X, y, epochs, learning_rate, batch_size, rng):
        class Orders:
            epoch = -1

            def permutation(self, n):
                self.epoch += 1
                return np.asarray(order(rng, n, self.epoch))

        return solution.train_linear_regression(X, y, epochs, learning_rate, batch_size, Orders())

    return train


@pytest.mark.parametrize(
    ("order", "told"),
    [
        (lambda rng, n, epoch: rng.permutation(n), ("all kinds", "all kinds")),
        (lambda rng, n, epoch: np.argsort(rng.random(n)), ("all kinds", "all kinds")),
        (lambda rng, n, epoch: np.roll(range(n), rng.integers(n)), ("only 4 of 24", "only 4 of 24")),
        (lambda rng, n, epoch: np.arange(n)[:: rng.choice([-1, 1])], ("only 2 of 24", "only 2 of 24")),
        (lambda rng, n, epoch: np.arange(n), ("only 1 of 24", "only 1 of 24")),
    ],
    ids=["permutation", "argsort", "rotation", "reversal", "none"],
)
def test_orders_of_many_epochs_are_told(order, told):
    case = orders.over_calls(np.random.default_rng(4))
    outcome = observe_case(loop(order), case)
    assert tuple(outcome.value.values()) == told
    assert (judge_case(case, outcome) is None) == (told == ("all kinds", "all kinds"))


def test_orders_of_steps_that_no_order_explains_are_refused():
    case = orders.over_calls(np.random.default_rng(4))
    outcome = observe_case(lambda X, y, *_: (np.ones(2), 0.5, [1.0, 1.0]), case)
    assert outcome.error.kind == "Refused" and "no order of the samples" in outcome.error.message


def test_model_of_a_case_refuses_a_batch_that_does_not_fit():
    predict = make(at_most(2))
    assert predict(np.ones((2, 1, 1, 3))).shape == (2, 3)
    with pytest.raises(ValueError, match="3 images at once; at most 2 fit"):
        predict(np.ones((3, 3)))
