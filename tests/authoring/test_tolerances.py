"""Tolerances leave ten times on both sides, or there is a written reason."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from autograder.authoring.doctor.surveys import tolerances
from autograder.authoring.doctor.surveys.errors import largest_error
from autograder.authoring.doctor.surveys.margins import Margins, measure_right, measure_wrong
from autograder.authoring.doctor.surveys.readings import READINGS, read_otherwise, rounded_anew
from autograder.authoring.doctor.surveys.reasons import Reason, reasons
from autograder.authoring.doctor.surveys.surroundings import SURROUNDINGS, measure_elsewhere
from autograder.authoring.doctor.surveys.tolerances import Tolerances, judged
from autograder.commands.main import main
from autograder.course.bank import Mutant, Variant
from autograder.course.checks import Check, ExerciseChecks
from autograder.course.config import CourseError
from autograder.course.content import Content
from coursekit.checking import Case, Exercise, Tolerance
from coursekit.observing import Outcome

PLACE = Path("solutions/a1/tolerances.toml")


def doubles(x):
    return 2 * x


def rough(x):
    """Right, but for a rounding."""
    return 2 * x + 1e-7


def near(x):
    """Wrong by little."""
    return 2 * x + 1e-3


def far(x):
    return 3 * x


def gives_up(x):
    raise ValueError


def gives_nan(x):
    return x * np.nan


def content(atol: float, *more: Check, mutants=(near, far, gives_up, gives_nan)) -> Content:
    """An exercise whose one hidden case has this tolerance."""

    def cases(rng: np.random.Generator) -> list[Case]:
        x = rng.uniform(1.0, 2.0, size=3)
        return [Case((x,), 2 * x, tolerance=Tolerance(0.0, atol, "on purpose"))]

    spec = ExerciseChecks(Exercise("double", (), ("twice",)), (Check("values", cases), *more))
    wrong = tuple(Mutant("double", function, "hint") for function in mutants)
    return Content({"double": spec}, {"double": doubles}, {"double": wrong}, {"double": (Variant("double", rough),)})


def measured(one: Content) -> Margins:
    margins = measure_right(one, "double", range(3))
    margins.add(measure_wrong(one, "double", range(3), margins))
    return margins


def findings(one: Content, *rows: Reason, stale: bool = True) -> list[str]:
    return judged("double", measured(one), rows, PLACE, stale=stale).findings


def test_ten_times_on_both_sides_is_no_finding():
    assert findings(content(1e-5)) == []


def test_a_tolerance_that_is_too_tight_is_a_finding():
    (finding,) = findings(content(3e-7))
    assert "variant double.rough" in finding and "1.0e-07, allowed are 3.0e-07" in finding and str(PLACE) in finding


def test_a_tolerance_that_a_right_answer_misses_is_a_loss():
    assert any("variant double.rough" in found and "3 of 3 values differ" in found for found in findings(content(1e-8)))


@pytest.mark.parametrize("atol", [3e-4, 3e-3])  # the case rejects the mutant narrowly, or lets it go narrowly
def test_a_tolerance_that_is_too_loose_is_a_finding(atol):
    (finding,) = findings(content(atol))
    assert "double.near" in finding and "errs by 1.0e-03" in finding


def test_a_mutant_that_another_case_of_the_check_rejects_clearly_is_none():
    def sharp(rng: np.random.Generator) -> list[Case]:
        return [Case((np.ones(2),), np.full(2, 2.0), tolerance=Tolerance(0.0, atol, "sharp")) for atol in (3e-4, 1e-5)]

    assert findings(content(1e-5, Check("sharp", sharp))) == []
    margins = measured(content(1e-5, Check("sharp", sharp)))
    assert margins.cases["'sharp', case 1"].nearest_wrong.who == "double.near"  # but it stands in the table


def test_another_check_does_not_help():
    def loose(rng: np.random.Generator) -> list[Case]:
        return [Case((np.ones(2),), np.full(2, 2.0), tolerance=Tolerance(0.0, 3e-4, "loose"))]

    (finding,) = findings(content(1e-5, Check("loose", loose)))
    assert "'loose', case 1" in finding


def test_what_is_no_number_has_no_error():
    margins = measured(content(1e-5))
    assert {id for margin in margins.cases.values() for id in margin.wrong} == {"double.near", "double.far"}


def test_a_mutant_that_is_right_up_to_rounding_says_nothing():
    assert findings(content(1e-1, mutants=(near, far))) == []


def test_a_reason_silences_a_finding():
    assert findings(content(3e-4), Reason(check="values", mutants=("double.near",), why="so")) == []
    assert findings(content(3e-7), Reason(check="values", why="so")) == []


def test_a_reason_for_one_side_does_not_serve_the_other():
    assert len(findings(content(3e-4), Reason(check="values", why="so"), stale=False)) == 1
    assert len(findings(content(3e-7), Reason(check="values", mutants=("double.near",), why="so"), stale=False)) == 1


def test_a_stale_reason_is_a_finding_unless_there_are_few_seeds():
    rows = Reason(check="values", mutants=("double.near",), why="so"), Reason(check="values", why="so")
    mutant, right = findings(content(1e-5), *rows)
    assert "double.near at 'values'" in mutant and "right answers at 'values'" in right and "drop it" in right
    assert findings(content(1e-5), *rows, stale=False) == []


def test_reasons_are_read_and_nonsense_is_told(tmp_path):
    path = tmp_path / "tolerances.toml"
    assert reasons(path) == {}
    path.write_text('[[double]]\ncheck = "values"\nwhy = "so"\n')
    assert reasons(path) == {"double": [Reason(check="values", why="so")]}
    path.write_text('[[double]]\ncheck = "values"\n')
    with pytest.raises(CourseError, match="rows of check, mutants and why"):
        reasons(path)


def test_a_leaf_that_must_be_exact_decides_before_any_tolerance():
    case = Case((), (np.array([1.0]), 3))
    assert largest_error(case, Outcome((np.array([1.5]), 4))) is None
    assert largest_error(case, Outcome((np.array([1.5]), 3))).size == 0.5


@pytest.mark.parametrize("name", READINGS)
def test_readings_change_the_memory_or_the_last_digits_alone(name):
    x = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    seen = []
    read_otherwise(lambda a, b: seen.append((a, b)), READINGS[name])(x, [x])
    for got in (seen[0][0], seen[0][1][0]):
        assert got.dtype == x.dtype and np.allclose(got, x, rtol=1e-5, atol=0)
        assert got.strides != x.strides or not np.array_equal(got, x)


def test_rounding_keeps_ties_and_numbers_of_few_digits():
    x = np.array([0.1, 0.1, 0.0, 3.0, -0.5, np.inf], np.float32)
    found = rounded_anew(x)
    assert found[0] == found[1] != x[0] and np.array_equal(found[2:], x[2:])


def test_an_order_of_summation_that_matters_is_seen():
    """A sum that cancels, in float32: its error shows when the terms come in another order."""
    x = np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32) * 1e3

    def cases(rng: np.random.Generator) -> list[Case]:
        return [Case((x,), np.float32(x.sum(dtype=float)), tolerance=Tolerance(0.0, 1e-3, "too tight"))]

    spec = ExerciseChecks(Exercise("add", (), ("sum",)), (Check("values", cases),))
    one = Content({"add": spec}, {"add": lambda x: x.sum()}, {"add": ()}, {"add": ()})
    place = measure_right(one, "add", [0]).cases["'values', case 1"].right
    assert place.error.share > 1 and any(name in place.when for name in READINGS)


@pytest.mark.long
def test_other_surroundings_measure_the_same_cases():
    (margins,) = measure_elsewhere("an older processor", [("a1_relu_sigmoid", "sigmoid_backward", [0])], 1)
    here = "an older processor"
    assert margins.losses == [] and margins.cases
    assert all(margin.right.when.endswith(here) for margin in margins.cases.values())
    assert set(SURROUNDINGS[here]) > {"OMP_NUM_THREADS", "NPY_DISABLE_CPU_FEATURES"}


def test_surveys_are_asked_for_together(monkeypatch, capsys, course):
    seen = Tolerances(measured(content(1e-5)).cases, ["double: too tight"])
    monkeypatch.setattr(tolerances, "survey_tolerances", lambda root, chosen, *_, **__: [(chosen[0], "double", seen)])
    monkeypatch.setattr("autograder.authoring.doctor.surveys.power.measure_power", lambda *_, **__: [])
    monkeypatch.chdir(course.root)
    assert main(["doctor", "a1", "--power", "--tolerances", "--json"]) == 1
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert told["power"]["findings"] == [] and told["tolerances"]["findings"] == ["double: too tight"]
    assert told["tolerances"]["counts"]["double"]["'values', case 1"]["wrong"]["who"] == "double.near"
    assert "FINDING double: too tight" in err and "on purpose" in err
    seen.findings.clear()
    assert main(["doctor", "a1", "--power", "--tolerances"]) == 0
