"""a6: the float64 networks by which hidden walks are followed."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.course.checks import generator
from autograder.course.trials import Bench
from autograder.judge.laboratory import open_laboratory
from coursekit.checking import Case, judge_case, observe_case
from coursekit.observing import Outcome, observe
from solutions.a6_adversarial import solution
from solutions.a6_adversarial.hidden import CHECKS, attacks, nets, success, walks

SHAPE = (2, 3, 2)


@pytest.mark.parametrize("make", [nets.linear, nets.deep, nets.guarded])
def test_gradient_by_hand_agrees_with_differences(make):
    rng = np.random.default_rng(1)
    net = make(rng, SHAPE, 4)
    x, y, step = rng.uniform(0.2, 0.8, (2, *SHAPE)), [1, 3], 1e-6
    gradient = net.gradient(x, y)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += step
        down[index] -= step
        difference = (net.cross_entropy(up, y) - net.cross_entropy(down, y)).sum() / (2 * step)
        assert gradient[index] == pytest.approx(difference, rel=1e-4, abs=1e-7)


def test_both_halves_of_a_network_compute_the_same():
    rng = np.random.default_rng(2)
    for net in (nets.linear(rng, SHAPE, 4), nets.deep(rng, SHAPE, 3), nets.guarded(rng, SHAPE, 4, 0.5)):
        x = nets.image(rng, (5, *SHAPE))
        np.testing.assert_allclose(net.network.make({})(x), net.logits(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 5))])
def test_no_decision_of_a_hidden_walk_is_close(seed):
    """float32 must end where float64 ends, in as many steps."""
    for name in ("iterated_fgsm", "targeted_attack"):
        for check in CHECKS[name].checks:
            for case in check.cases(generator(b"close %d" % seed, check.name)):
                failure = judge_case(case, observe_case(getattr(solution, name), case))
                assert failure is None, (name, check.name, failure)


@pytest.mark.parametrize(("lead", "clear"), [(2.0, True), (9.0, True), (11.0, False), (17.0, False)])
def test_the_gradient_of_a_class_that_is_all_but_sure_is_no_clear_decision(lead, clear):
    """Every part of it is multiplied by 1 - p, which float32 rounds."""
    kernel = np.full((6, 2), 1e-3) * [1, 0]  # all pixels weigh the same: nothing else is close
    net, x = nets.Net(walks.SHAPE, ((kernel, np.array([lead, 0.0])),)), np.full((1, *walks.SHAPE), 0.5, np.float32)
    walk = attacks.fgsm_walk(net, x, 0, 0.01, 0.0, 1.0, max_iter=1)
    assert (walk.clear > walks.CLEAR) == clear


def test_a_descent_whose_steps_multiply_a_rounding_is_told_by_how_much():
    def step(x: np.ndarray) -> np.ndarray:
        return -3.0 * x  # down a parabola, in steps of four times the right length

    images = [np.array([1e-3, -2e-3])]
    for _ in range(5):
        images.append(step(images[-1]))
    assert walks.growth(images, step, 1.0) == pytest.approx(3.0**4, rel=1e-3)
    assert walks.growth(images[:2], step, 1.0) == pytest.approx(1.0, rel=1e-3)
    assert walks.growth(images[:1], step, 1.0) == 0.0


def test_no_descent_is_asked_that_multiplies_a_rounding():
    """With this seed one of them would: in float32 it ends as far away as four tenths of the tolerance."""
    seed, asked = b"sweep 42", next(c for c in CHECKS["targeted_attack"].checks if c.name.startswith("gives up"))
    for case in asked.cases(generator(seed, asked.name)):
        found = solution.targeted_attack(case.args[0].make({}), *case.args[1:], **case.kwargs)["x_adv"]
        np.testing.assert_allclose(found, case.expected["x_adv"], rtol=2e-5, atol=1e-6)


def test_walks_turn_and_outlast_the_first_wrong_class():
    """Else following the first gradient, or stopping at the first wrong class, would go unnoticed."""
    for case in attacks.fgsm_walks(np.random.default_rng(3)):
        start, y = case.args[1], case.args[2]
        short = solution.iterated_fgsm(case.args[0].make({}), *case.args[1:], confidence=0.0)
        assert short["steps"] < case.expected["steps"] and case.expected["pred"] != y
        assert np.abs(case.expected["x_adv"] - start).max() <= case.expected["steps"] * case.args[3] + 1e-6


@pytest.mark.parametrize(
    "trial", [success.ITERATED_FGSM, success.TARGETED_ATTACK], ids=["iterated_fgsm", "targeted_attack"]
)
def test_trial_believes_the_image_and_not_the_attack(trial):
    """An attack that returns its argument, and claims success, has none."""

    def boasts(model, x, *args, **options):
        return {"x_adv": x.copy(), "success": True}

    def ask(case: Case) -> Outcome:
        return observe(boasts, case.args, case.kwargs)

    laboratory = open_laboratory({"grey": "synthetic-grey", "colour": "synthetic-colour"}, "a6_adversarial")
    assert trial.measure(Bench(laboratory, np.random.default_rng(0), ask)) == 0.0
