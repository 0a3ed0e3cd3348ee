"""a3: examples of the docstrings, public and hidden cases, and the statistics against the reference."""

from __future__ import annotations

import doctest
import math
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from assignments.a3_augmentation.checks import (
    EXERCISES,
    SIGMAS,
    coded_images,
    expected_offsets,
    flip_facts,
    offset_facts,
)
from autograder.checking import judge_case, observe_case
from autograder.hidden.a3_augmentation import CHECKS
from autograder.judge.checks import generator
from autograder.script import read_script, stub_function
from solutions.a3_augmentation import solution

NOTEBOOK = Path(__file__).resolve().parents[2] / "assignments" / "a3_augmentation" / "notebook.py"
OWN = [exercise for exercise in EXERCISES if exercise.name != "plot_curves"]


@pytest.mark.parametrize("name", [exercise.name for exercise in OWN])
def test_example_of_a_docstring_holds_for_the_reference(name):
    names = {"np": np, "keras": keras, "layers": layers, **vars(solution)}
    text = stub_function(read_script(NOTEBOOK), name).__doc__
    test = doctest.DocTestParser().get_doctest(text, names, name, None, None)
    assert test.examples
    assert doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test).failed == 0


@pytest.mark.parametrize("exercise", OWN, ids=lambda exercise: exercise.name)
def test_public_literals_agree_with_the_reference(exercise):
    for case in exercise.cases:
        failure = judge_case(case, observe_case(getattr(solution, exercise.name), case))
        assert failure is None, (case.label, failure)


@pytest.mark.parametrize("name", [exercise.name for exercise in OWN])
def test_hidden_cases_agree_with_the_reference(name):
    for check in CHECKS[name].checks:
        for case in check.cases(generator(b"test_a3", check.name)) if check.trial is None else ():
            failure = judge_case(case, observe_case(getattr(solution, name), case))
            assert failure is None, (check.name, failure)


def test_counts_of_honest_coins_raise_no_alarm():
    images = coded_images(1000, 1, 2)
    for seed in range(200):
        facts = flip_facts(images, 0.3)(solution.random_flip(images, np.random.default_rng(seed), 0.3))
        assert facts["mirrored"] == "as expected"


def test_honest_offsets_raise_no_alarm():
    images = coded_images(500, 5, 6)
    for seed in range(40):
        cropped = solution.random_pad_crop(images, np.random.default_rng(seed), 2)
        assert offset_facts(images, 2)(cropped) == expected_offsets(2)


@pytest.mark.parametrize("pad", [1, 2, 4])
def test_bound_of_the_chi_square_is_exceeded_less_than_once_in_1e9(pad):
    degrees = 2 * pad
    half = (degrees + SIGMAS * math.sqrt(2 * degrees) + SIGMAS**2) / 2
    beyond = math.exp(-half) * sum(half**j / math.factorial(j) for j in range(pad))  # for an even number of degrees
    assert beyond < 1e-9


def test_parameters_of_the_network_are_those_of_the_docstring():
    model = solution.build_penn_net()
    assert model.count_params() == 146_346
    assert sum(int(np.prod(w.shape)) for w in model.non_trainable_weights) == 384
