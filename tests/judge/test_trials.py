"""Accuracy is measured by us: fresh data, permuted classes, work counted in steps, bounds that were measured."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from autograder.course.bounds import read_bounds
from autograder.course.checks import ExerciseChecks
from autograder.course.doubt import Bound
from autograder.course.trials import Bench, Images, Laboratory, Stopped, Trial
from autograder.judge.judging import judge
from autograder.judge.laboratory import open_laboratory
from autograder.judge.training import accuracy, fit, fresh
from coursekit.checking import Case, Exercise, Refused
from coursekit.models.networks import describe
from coursekit.observing import observe


def draw(kind, train, test, rng) -> Images:
    """Ten classes that a linear model separates: the brightest of ten pixels."""
    labels = rng.integers(0, 10, train + test)
    x = rng.normal(size=(train + test, 2, 5, 1)).astype(np.float32)
    x.reshape(-1, 10)[np.arange(len(labels)), labels] += 4.0
    return Images(x[:train], labels[:train], x[train:], labels[train:])


def linear(units: int = 10) -> keras.Model:
    return keras.Sequential([keras.Input((2, 5, 1)), layers.Flatten(), layers.Dense(units)])


def held_out_accuracy(bench: Bench) -> float:
    images = bench.data("grey", train=500, test=500)
    model = fresh(bench.value(Case(())), bench.rng)
    fit(model, images.x_train, images.y_train, steps=60, batch_size=50, learning_rate=0.05, rng=bench.rng)
    return accuracy(model, images.x_test, images.y_test)


SPEC = ExerciseChecks(
    Exercise("build", (Case(()),), ("a hint",)), (), Trial("learns", held_out_accuracy, "held-out accuracy")
)
LABORATORY = Laboratory(draw, {"build": Bound(0.8)})


def judged(function, laboratory: Laboratory | None = LABORATORY):
    return judge(SPEC, b"s", lambda case: observe(function, case.args), laboratory=laboratory)


def test_model_that_learns_passes_and_the_same_model_gets_the_same_grade():
    first, again = judged(linear), judged(linear)
    assert first == again and first.fraction == {"all": 1.0, "accuracy": 1.0}


def test_frozen_model_is_refused_and_a_weak_one_told_what_it_reached():
    def frozen():
        model = linear()
        model.trainable = False
        return model

    assert "no weights that can be trained" in judged(frozen).checks[-1].problem
    weak = judged(linear, Laboratory(draw, {"build": Bound(0.9999)})).checks[-1]
    assert not weak.passed and weak.problem.startswith("held-out accuracy 0.") and "at least 1.000" in weak.problem


def test_model_that_is_too_slow_to_train_is_refused_before_it_is_trained():
    def slow():
        x = inputs = keras.Input((2, 5, 1))
        for _ in range(30):
            x = layers.Conv2D(400, 5, padding="same", groups=1)(x) if x.shape[-1] == 1 else layers.ReLU()(x)
        x = layers.UpSampling2D((40, 20))(layers.Conv2D(8, 1)(x))
        x = layers.Conv2D(64, 15, padding="same")(x)
        return keras.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))

    assert "times what is allowed" in judged(slow).checks[-1].problem


def test_output_that_is_no_logits_for_ten_classes_is_refused():
    assert "expected logits (None, 10)" in judged(lambda: linear(3)).checks[-1].problem


def test_failing_call_and_dead_process_fail_the_trial():
    assert "raised ValueError" in judged(_raises).checks[-1].problem
    asked = []

    def dies(case):
        asked.append(case)
        if len(asked) > 1:
            raise Stopped("time limit of 10 s")
        return observe(linear, ())

    verdict = judge(SPEC, b"s", dies, laboratory=LABORATORY)
    assert verdict.fraction == {"all": 1.0, "accuracy": 0.0} and "time limit" in verdict.checks[-1].problem


def _raises():
    raise ValueError("no")


def test_missing_bound_is_our_fault_not_the_students():
    with pytest.raises(KeyError, match="for build on"):
        judged(linear, Laboratory(draw, {}))


def test_without_a_laboratory_trials_are_left_out():
    assert judged(linear, None).fraction == {"all": 1.0}


def test_value_must_meet_its_own_case():
    bench = Bench(LABORATORY, np.random.default_rng(0), lambda case: observe(lambda: np.zeros(3), ()))
    with pytest.raises(Refused, match="shape"):
        bench.value(Case((), np.zeros(4)))


def test_initial_weights_are_ours():
    model = linear()
    described = describe(model)
    first, second = (np.asarray(fresh(described, np.random.default_rng(s)).weights[0]) for s in (0, 1))
    assert not np.allclose(first, model.weights[0]) and not np.allclose(first, second)
    np.testing.assert_array_equal(first, np.asarray(fresh(described, np.random.default_rng(0)).weights[0]))


def test_images_of_the_course_are_fresh_and_their_classes_permuted():
    laboratory = open_laboratory({"grey": "synthetic-grey", "colour": "synthetic-colour"}, "a2_first_networks")
    bench = Bench(laboratory, np.random.default_rng(0), lambda case: observe(linear, ()))
    first, second = (bench.data("colour", train=40, test=20, size=16) for _ in range(2))
    assert first.x_train.shape == (40, 16, 16, 3) and first.x_train.dtype == np.float32
    assert first.x_test.shape == (20, 16, 16, 3) and set(first.y_train) <= set(range(10))
    assert not np.array_equal(first.x_train, second.x_train)


def test_bounds_are_read_for_the_datasets_in_use(tmp_path):
    (tmp_path / "a9").mkdir()
    (tmp_path / "a9" / "bounds.toml").write_text(
        "[x.synthetic-grey]\nat_least = 0.5\n[x.fashion-mnist]\nat_least = 0.6\n[y.any]\nat_least = 1.5\n"
    )
    assert read_bounds("a9", {"fashion-mnist", "cifar-10"}, tmp_path) == {"x": Bound(0.6), "y": Bound(1.5)}
    assert read_bounds("a8", {"fashion-mnist"}, tmp_path) == {}
