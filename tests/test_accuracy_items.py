"""The accuracy items separate right from wrong, on the synthetic default and on the official data."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from autograder.course.bounds import BOUNDS, read_bounds
from autograder.course.checks import ExerciseChecks, generator
from autograder.course.config import load_course
from autograder.course.content import load_content
from autograder.course.trials import Bench, Trial
from autograder.judge.laboratory import open_laboratory
from coursekit.checking import Refused
from coursekit.observing import observe

ROOT = Path(__file__).resolve().parents[1]
DATA = {
    "synthetic": {"grey": "synthetic-grey", "colour": "synthetic-colour"},
    "official": {"grey": "fashion-mnist", "colour": "cifar-10"},
}
NO_DATA = pytest.mark.skipif("COURSE_DATA_DIR" not in os.environ, reason="COURSE_DATA_DIR names no official data")
KINDS = [
    pytest.param("synthetic", marks=pytest.mark.slow),
    pytest.param("official", marks=[pytest.mark.real_data, NO_DATA]),
]


def trials() -> list[tuple[str, ExerciseChecks, Trial]]:
    return [
        (assignment.folder, spec, spec.trial)
        for assignment in load_course(ROOT).assignments.values()
        for spec in load_content(assignment.folder).specs.values()
        if spec.trial is not None
    ]


def trial_id(value: object) -> str:
    return value.exercise.name if isinstance(value, ExerciseChecks) else ""


def measured(data: dict[str, str], folder: str, spec: ExerciseChecks, trial: Trial, function, seed: int = 0) -> float:
    rng = generator(f"accuracy {seed}".encode(), spec.exercise.name)
    ask = lambda case: observe(function, case.args, case.kwargs, case.errstate)  # noqa: E731
    try:
        return float(trial.measure(Bench(open_laboratory(data, folder), rng, ask)))
    except Refused:
        return -np.inf


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("folder", "spec", "trial"), trials(), ids=trial_id)
def test_reference_reaches_the_bound_and_a_useless_function_does_not(folder, spec, trial, kind):
    bounds = read_bounds(folder, set(DATA[kind].values()))
    assert spec.exercise.name in bounds, f"{BOUNDS} of {folder} has no bound for {spec.exercise.name} on {kind} data"
    reference = load_content(folder).solutions[spec.exercise.name]
    bound = bounds[spec.exercise.name]
    assert measured(DATA[kind], folder, spec, trial, reference) >= bound.at_least
    assert measured(DATA[kind], folder, spec, trial, useless(reference)) < bound.at_least


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("folder", "spec", "trial"), trials(), ids=trial_id)
def test_what_only_a_training_tells_stays_below_the_bound(folder, spec, trial, kind):
    """The quick doctor trains nothing: it leaves these mutants out."""
    bound = read_bounds(folder, set(DATA[kind].values()))[spec.exercise.name]
    for mutant in load_content(folder).mutants[spec.exercise.name]:
        if mutant.trained:
            assert measured(DATA[kind], folder, spec, trial, mutant.function) < bound.at_least, mutant.id


def useless(reference):
    """Has the right form and teaches nothing: images are zeros, weights cannot be trained, attacks change nothing."""

    def function(*args, **kwargs):
        value = reference(*args, **kwargs)
        if hasattr(value, "trainable"):
            value.trainable = False
            return value
        if isinstance(value, dict) and "x_adv" in value:
            return {**value, "x_adv": np.asarray(args[1])}
        if isinstance(value, tuple):
            return tuple(np.zeros_like(part) for part in value)
        return np.zeros_like(value)

    return function
