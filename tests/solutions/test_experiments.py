"""The experiments' own parts: gradients on this backend, attacks on many images, killed trainings, intervals."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest

from autograder.course.experiments import Result
from solutions.a4_all_conv.solution import gradient_magnitude
from solutions.a6_adversarial.solution import input_gradient, iterated_fgsm, targeted_attack
from solutions.experiments import attacking, gradients, intervals, networks, preparing
from solutions.experiments.rows import huji_1_1_folding, huji_1_2_sigmoid, huji_2_1_regression, penn_3_2_transfer
from solutions.experiments.training import Training, train, trained

ON_TENSORFLOW = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the reference uses TensorFlow's tape"
)
RNG = np.random.default_rng


class Stopped(Exception):
    pass


class Kept:
    """Work that keeps its states here; a run is 'killed' after so many of them."""

    def __init__(self, kill_after: int | None = None, state: Result | None = None) -> None:
        self.given: list[Result] = []
        self.state, self.left = state, kill_after

    def saved(self) -> Result | None:
        return self.state

    def save(self, state: Callable[[], Result]) -> None:
        self.state = state()
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                raise Stopped

    def tell(self, share: float) -> None:
        pass


@pytest.fixture(scope="module")
def network() -> Any:
    return networks.build("ConvNet", 3, 12, 0.25, "own", 0)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return RNG(0).random((5, 12, 12, 1)).astype("float32")


LABELS = np.array([0, 3, 1, 9, 3])

# ----------------------------------------------------------------------------------------------------------- gradients


def test_an_images_gradient_is_what_small_steps_measure(network, images):
    def loss(x: Any, labels: Any) -> Any:
        return keras.ops.sum(gradients.cross_entropy(labels, network(x, training=False)))

    found = gradients.image_gradient(loss)(images, LABELS)
    pixel, step = (2, 5, 4, 0), 1e-2
    up, down = images.copy(), images.copy()
    up[pixel] += step
    down[pixel] -= step
    measured = float(loss(up, LABELS) - loss(down, LABELS)) / (2 * step)
    assert found.shape == images.shape
    assert found[pixel] == pytest.approx(measured, rel=0.05, abs=1e-3)


@ON_TENSORFLOW
def test_gradients_are_those_of_the_reference_solutions(network, images):
    def loss(x: Any, labels: Any) -> Any:
        return keras.ops.sum(gradients.cross_entropy(labels, network(x, training=False)))

    np.testing.assert_allclose(
        gradients.image_gradient(loss)(images, LABELS), input_gradient(network, images, LABELS), rtol=1e-4, atol=1e-6
    )
    model = networks.build("all-conv", 3, 16, 0.0, "own", 0)  # its batch normalisation must stay as it was
    x, before = RNG(1).random((6, 16, 16, 3)).astype("float32"), model.get_weights()
    layers = networks.first_and_last(model)
    found = gradients.kernel_gradients(model, layers)(x, np.arange(6))
    for gradient, layer in zip(found, layers, strict=True):
        assert np.abs(gradient).max() == pytest.approx(gradient_magnitude(model, x, np.arange(6), layer), rel=1e-3)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend_passes_these_tests(backend):
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed: pip install --require-hashes -r requirements-jax.lock brings jax")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__, "-m", "not slow"]
    done = subprocess.run(command, env={**os.environ, "KERAS_BACKEND": backend}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]


# ------------------------------------------------------------------------------------------------------------- attacks


@ON_TENSORFLOW
def test_attacks_on_many_images_are_the_references_on_each(network, images):
    def logits(x: Any) -> Any:
        return network(x, training=False)

    labels = network.predict(images, verbose=0).argmax(axis=1)
    options = {"eps": 0.05, "confidence": 0.2, "max_steps": 12}
    many = attacking.sign_walk(logits, images, labels, Kept(), **options)
    targets = (labels + 1) % 10
    down = attacking.targeted(
        *(logits, images, targets, attacking.mean_change, Kept()), rate=0.5, stop=0.2, max_steps=12
    )
    assert len(set(many.values["steps"])) > 1, "the images arrive at different times, or this test shows little"
    for i in range(len(images)):
        one = iterated_fgsm(network, images[[i]], labels[i], 0.05, 0.0, 1.0, confidence=0.2, max_iter=12)
        assert (many.values["steps"][i], many.values["success"][i]) == (one["steps"], one["success"])
        np.testing.assert_allclose(many.arrays["images"][[i]], one["x_adv"], atol=1e-5)
        one = targeted_attack(network, images[[i]], targets[i], lr=0.5, stop=0.2, max_iter=12)
        assert (down.values["steps"][i], down.values["success"][i]) == (one["steps"], one["success"])
        np.testing.assert_allclose(down.arrays["images"][[i]], one["x_adv"], atol=1e-4)


def test_an_attack_that_was_killed_ends_where_an_undisturbed_one_ends(network, images):
    def logits(x: Any) -> Any:
        return network(x, training=False)

    def walk(work: Kept) -> Result:
        targets = np.array([1, 2, 3, 4, 5])
        return attacking.targeted(
            *(logits, images, targets, attacking.sum_change, work), rate=0.05, stop=0.15, max_steps=8
        )

    undisturbed, killed = walk(Kept()), Kept(kill_after=3)
    with pytest.raises(Stopped):
        walk(killed)
    resumed = walk(Kept(state=killed.state))
    assert resumed.values == undisturbed.values
    np.testing.assert_array_equal(resumed.arrays["images"], undisturbed.arrays["images"])


# ----------------------------------------------------------------------------------------------------------- trainings

RECIPE = Training(
    *("ConvNet", 7, 6, 3, 12, 0.25),
    preparation="unit",
    augmentation=("flip", "crop"),
    last_rate=1e-4,
    measurements=4,
    measured_on=20,
    probed=True,
)


@pytest.fixture(scope="module")
def data() -> SimpleNamespace:
    rng = RNG(3)
    x, x_test = (rng.integers(0, 256, (n, 12, 12, 1)).astype("uint8") for n in (40, 30))
    return SimpleNamespace(x_train=x, y_train=rng.integers(0, 10, 40), x_test=x_test, y_test=rng.integers(0, 10, 30))


@pytest.mark.parametrize("replacement", [False, True], ids=["passes", "with replacement"])
def test_a_training_that_was_killed_gives_the_numbers_of_an_undisturbed_one(data, replacement):
    recipe = replace(RECIPE, with_replacement=replacement)
    undisturbed, killed = train(recipe, data, 5, Kept()), Kept(kill_after=4)
    with pytest.raises(Stopped):
        train(recipe, data, 5, killed)
    resumed = train(recipe, data, 5, Kept(state=killed.state))
    assert resumed.values == undisturbed.values
    for name, array in undisturbed.arrays.items():
        np.testing.assert_array_equal(array, resumed.arrays[name], err_msg=name)
    curves = undisturbed.values["curves"]
    assert curves["step"] == [0, 1, 2, 3, 4, 5, 6, 7] and len(set(curves["train loss"])) > 4
    assert undisturbed.values["gradients"]["step"][0] == 0 and min(undisturbed.values["gradients"]["first"]) > 0


def test_the_network_that_a_training_left_says_what_it_said(data):
    result = train(RECIPE, data, 5, Kept())
    model = trained(RECIPE, result, 5)
    logits = model.predict(preparing.prepare(data.x_test, "unit", 12), verbose=0)
    np.testing.assert_array_equal(logits.argmax(axis=1) == data.y_test, result.arrays["right"].astype(bool))
    assert result.values["test"]["accuracy"] == pytest.approx(result.arrays["right"].mean())


def test_glorot_draws_every_kernel_again_and_small_images_fit():
    he, glorot = (networks.build("fractal", 3, 8, 0.0, which, 0) for which in ("own", "glorot"))
    assert he.input_shape == (None, 8, 8, 3)
    kernels = [(a.kernel, b.kernel) for a, b in zip(he.layers, glorot.layers) if hasattr(a, "kernel")]
    assert len(kernels) > 35
    bounds = [float(keras.ops.max(keras.ops.abs(g))) <= np.sqrt(6 / sum(_fans(g.shape))) + 1e-6 for _, g in kernels]
    assert all(bounds) and not any(np.array_equal(np.asarray(h), np.asarray(g)) for h, g in kernels)


def _fans(shape: tuple[int, ...]) -> tuple[int, int]:
    field = int(np.prod(shape[:-2]))
    return field * shape[-2], field * shape[-1]


def test_transfer_counts_every_attacked_image_and_those_that_convinced_the_source():
    clean, noise = [[3, 5, 7], [3, 5, 1], [0, 5, 7]], [[3, 5, 7], [3, 1, 1], [0, 5, 7]]
    attacked = [[0, 1, 2], [3, 1, 2], [0, 1, 7]]
    predictions = np.array([clean, noise, attacked])
    values = {"success": [True, False, True], "label": [3, 5, 7]}
    summary = penn_3_2_transfer.summarise({"sign images": [Result(values, {"predictions": predictions})]})
    found = {number.name: (round(number.value, 3), number.by) for number in summary.numbers}
    assert len(found) == 18
    assert found["clean, the same, trained again"] == (0.667, "3 images")
    assert found["attacked, the attacked network"] == (0.0, "3 images")
    assert found["attacked, the same, trained again, of those that made the source 99 % sure"] == (0.5, "2 images")
    assert np.allclose(penn_3_2_transfer.matrix(Result(values, {"predictions": predictions}))[2], [0, 1 / 3, 1 / 3])


def test_controls_make_the_mistake_that_they_are_named_for():
    x = RNG(0).random((400, 6, 4, 1))
    turned = preparing.upside_down(x, RNG(1))
    upside = [np.array_equal(a, b[::-1]) for a, b in zip(turned, x)]
    same = [np.array_equal(a, b) for a, b in zip(turned, x)]
    assert 140 < sum(upside) < 260 and sum(upside) + sum(same) == 400
    grid = np.broadcast_to(np.arange(24.0).reshape(6, 4, 1) + 1, (50, 6, 4, 1))
    cropped = preparing.one_crop(grid, RNG(2))
    assert (cropped == cropped[0]).all() and len(
        {preparing.one_crop(grid, RNG(s))[0].tobytes() for s in range(30)}
    ) > 15


def test_smaller_images_are_means_of_squares():
    x = RNG(0).integers(0, 256, (2, 4, 4, 3)).astype("uint8")
    small = preparing.prepare(x, "unit", 2)
    assert small[1, 1, 0, 2] == pytest.approx(x[1, 2:4, 0:2, 2].mean() / 255)
    assert preparing.prepare(x, "raw", 4)[0, 0, 0, 0] == pytest.approx(x[0, 0, 0, 0] / 127.5 - 1)


# ----------------------------------------------------------------------------------------------------------- intervals


def test_intervals_are_those_of_the_tables():
    assert intervals.wilson(15, 100) == pytest.approx((0.0931, 0.2328), abs=2e-4)  # Wilson 1927, z = 1.96
    assert intervals.over_seeds([1.0, 2.0, 3.0]) == pytest.approx((2 - 4.303 / 3**0.5, 2 + 4.303 / 3**0.5))
    assert intervals.over_seeds([4.0]) == (4.0, 4.0)


def test_intervals_hold_the_truth_about_95_times_in_100():
    rng, held = RNG(0), 0
    for _ in range(400):
        truths = np.clip(rng.normal(0.6, 0.06, 3), 0, 1)  # three seeds of a training that reaches 60 % on average
        _, low, high = intervals.accuracy([rng.random(500) < p for p in truths])
        held += low <= 0.6 <= high
    assert held >= 370


def test_a_pair_is_compared_image_by_image():
    right = RNG(0).random((2, 1000)) < 0.5
    better = right | (RNG(1).random((2, 1000)) < 0.05)
    first, second = ([Result({}, {"right": flags}) for flags in both] for both in (right, better))
    assert intervals.difference(list(right), list(better))[0] == pytest.approx((better ^ right).mean())
    assert intervals.more(first[:1], second[:1]) is True
    assert intervals.more(second[:1], first[:1]) is False
    assert intervals.more(first, first) is None


# ---------------------------------------------------------------------------------------------------------------- rows


def test_the_broadcast_bug_is_what_the_homeworks_loop_does():
    x, y = RNG(0).normal(size=(40, 3)), RNG(1).normal(size=40)
    w, b, losses = huji_2_1_regression.with_the_bug(x, y, 1, 0.01, 40, RNG(2))
    order = RNG(2).permutation(40)
    x, y = x[order], y[order]
    pairs = [[y[j] for j in range(40)] for _ in range(40)]
    assert losses[0] == pytest.approx(np.mean(np.square(pairs)))
    gradient = np.array([2 / 40 * sum(0 - y[j] for j in range(40)) for _ in range(40)])  # of each prediction, from 0
    np.testing.assert_allclose(np.ravel(w), -0.01 * x.T @ gradient)
    assert b == pytest.approx(-0.01 * gradient.sum())


def test_folding_is_right_in_both_precisions_on_every_backend():
    recipe = huji_1_1_folding.RECIPES["smoke"]
    found = [huji_1_1_folding.run(recipe, None, seed, Kept()) for seed in (0, 1)]
    summary = huji_1_1_folding.summarise({"folding": found})
    assert [claim.holds for claim in summary.claims] == [True, True]
    double = {number.name: number.value for number in summary.numbers if number.name.endswith("float64")}
    assert len(double) == 4 and sum(value < 1e-13 for value in double.values()) == 3


def test_operations_are_counted_while_the_solution_runs():
    counts = huji_1_2_sigmoid.operations()
    assert counts["with the cache"] == {"multiplication": 2, "addition": 1}
    assert counts["without"] == {"multiplication": 2, "addition": 2, "division": 1, "exponential": 1}
