"""Tests of chance: what they cost the innocent is computed, whom they catch is counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from autograder.authoring.doctor.surveys.power import MOST_ALARMS, at_least, count_caught, findings_of
from autograder.course.bank import Mutant
from autograder.course.chance import ChanceTest
from autograder.course.checks import Check, ExerciseChecks
from autograder.course.content import Content, chances, load_content
from coursekit.checking import Case, Exercise


def doubles(x):
    return 2 * x


def forgets_the_sign(x):
    return 2 * abs(x)


def triples(x):
    return 3 * x


def content() -> Content:
    """An exercise whose one hidden case is negative with every second seed or so."""

    def cases(rng: np.random.Generator) -> list[Case]:
        x = rng.normal(size=1)
        return [Case((x,), 2 * x)]

    exercise = Exercise("doubles", (Case((np.ones(1),), np.full(1, 2.0)),), ("twice",))
    spec = ExerciseChecks(exercise, (Check("values", cases), Check("again", lambda rng: [])))
    mutants = tuple(Mutant("doubles", function, "hint") for function in (forgets_the_sign, triples))
    return Content({"doubles": spec}, {"doubles": doubles}, {"doubles": mutants}, {"doubles": ()})


def test_a_mutant_that_some_seeds_let_go_is_counted():
    caught, missed = count_caught(content(), "doubles", ["values"], 40)
    assert caught["values"]["doubles.triples"] == 40 and missed["doubles.triples"] == 0
    some = caught["values"]["doubles.forgets_the_sign"]
    assert 5 < some < 35 and missed["doubles.forgets_the_sign"] == 40 - some


def test_another_check_may_catch_what_the_test_lets_go():
    whole = content()
    negative = Check("again", lambda rng: [Case((np.full(1, -1.0),), np.full(1, -2.0))])
    spec = replace(whole.specs["doubles"], checks=(whole.specs["doubles"].checks[0], negative))
    caught, missed = count_caught(replace(whole, specs={"doubles": spec}), "doubles", ["values"], 20)
    assert caught["values"]["doubles.forgets_the_sign"] < 20 and set(missed.values()) == {0}


def test_too_many_alarms_and_a_mutant_let_go_are_findings():
    assert findings_of("f", MOST_ALARMS / 2, {"f.m": 0}) == []
    let_go, alarms = findings_of("f", 2e-6, {"f.m": 3, "f.n": 0})
    assert "f.m loses no point with 3 of the seeds" in let_go and "2.0e-06" in alarms and "widen" in alarms


def test_what_all_seeds_say():
    assert at_least(1) == pytest.approx(0.05) and at_least(3000) == pytest.approx(0.999, abs=1e-4)


@pytest.mark.parametrize("folder", ["a2_first_networks", "a3_augmentation", "a5_twenty_more_layers"])
def test_the_course_blames_an_honest_function_once_in_a_million_at_most(folder):
    alarms: dict[str, float] = {}
    specs = load_content(folder).specs
    for test in chances(folder):
        assert test.check in specs[test.exercise].hidden_names
        assert test.of_a_submission >= 0
        alarms[test.exercise] = alarms.get(test.exercise, 0.0) + test.of_a_submission
    assert alarms and max(alarms.values()) <= MOST_ALARMS, alarms


def test_cases_add_up():
    assert ChanceTest("f", "check", "what", lambda: 1e-8, cases=3).of_a_submission == pytest.approx(3e-8)
