"""A weakened grader is noticed by the bank; where it is not, or where nothing was weakened, that is a finding."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from autograder.authoring.doctor.examining import judge_known
from autograder.authoring.doctor.weakening.deciding import DECIDING
from autograder.authoring.doctor.weakening.noticing import Cheating, KnownOnes, Noticed, notice
from autograder.authoring.doctor.weakening.patching import found, replaced
from autograder.authoring.doctor.weakening.survey import survey
from autograder.authoring.doctor.weakening.weakened import Weakening, Weakenings
from autograder.authoring.doctor.weakening.weakenings import LIGHT, WEAKENINGS
from autograder.commands.main import main
from autograder.course.bank import Mutant, Variant
from autograder.course.checks import Check, ExerciseChecks
from autograder.course.content import Content
from autograder.judge.judging import answer, judge
from autograder.judge.verdict import CheckResult
from coursekit.checking import Case, Exercise, compare, judge_case
from coursekit.observing import Outcome

KNOWN = {one.name: one for one in WEAKENINGS}
MINE = Weakenings()


def doubles(x):
    return 2 * x


def adds_to_itself(x):
    return x + x


def in_float64(x):
    return 2 * x.astype(float)


def triples(x):
    return 3 * x


@MINE.weakens("coursekit.checking:_shared_failure", "coursekit.diagnosis:shape_hint")
def a_function_that_nobody_calls(original, *args):
    """Replaces something that judging needs, and something that it does not."""
    return original(*args)


@MINE.weakens("coursekit.checking:judge_case")
def a_judge_that_falls_over(original, *args):
    """Raises where a verdict is made."""
    raise RuntimeError("fallen over")


NEVER_CALLED, FALLEN_OVER = MINE.all


def content(*mutants: Callable) -> Content:
    """An exercise whose hidden cases are of two dtypes."""

    def cases(dtype) -> Callable:
        return lambda rng: [Case((x,), 2 * x) for x in rng.normal(size=(3, 2)).astype(dtype)]

    exercise = Exercise("doubles", (Case((np.ones(1),), np.full(1, 2.0)),), ("twice",))
    checks = (Check("values", cases("float64"), core=True), Check("dtype", cases("float32")))
    known = tuple(Mutant("doubles", function, f"hint of {function.__name__}") for function in mutants)
    specs = {"doubles": ExerciseChecks(exercise, checks)}
    return Content(specs, {"doubles": doubles}, {"doubles": known}, {"doubles": (Variant("doubles", adds_to_itself),)})


def seen(weakening: Weakening, whole: Content) -> Noticed:
    names = ["the solution", "variant doubles.adds_to_itself", *(f"mutant {m.id}" for m in whole.mutants["doubles"])]
    verdicts = judge_known(whole, "doubles", names).verdicts
    return notice(weakening, [KnownOnes(whole, "doubles", names, verdicts)])


# ------------------------------------------------------------------------------------------------------------- patching


def test_a_function_is_replaced_wherever_it_was_imported_to():
    case, right = Case((1.0,), 2.0), Outcome(2.0)
    with replaced(["coursekit.checking:judge_case"], lambda original, *args: "weak") as calls:
        assert judge_case(case, right) == "weak"  # imported here before anything was replaced
        assert judge.__globals__["judge_case"](case, right) == "weak"
    assert judge_case(case, right) is None and calls == {"coursekit.checking:judge_case": 2}


def test_a_default_argument_and_a_property_are_replaced_too():
    result = CheckResult("name", "all", 1.0, False, True, cases=3, failed=1)
    with replaced(["autograder.judge.verdict:CheckResult.passed"], lambda original, one: not original(one)):
        assert result.passed
    assert not result.passed
    with replaced(["coursekit.checking:answer"], lambda original, *args: original(*args)) as calls:
        judge(content().specs["doubles"], b"seed", lambda case: Outcome(doubles(*case.args)))
    assert calls["coursekit.checking:answer"] == 7 and judge.__defaults__[-2] is answer


def test_what_is_replaced_is_called_as_it_was_with_its_defaults():
    with replaced(["coursekit.checking:compare"], lambda original, *args, **named: original(*args, **named)):
        assert compare(1.0, 1.0) is None and compare(1.0, 2.0, path="[0]").nature.startswith("result[0]")


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("coursekit.checking:no_such_function", "nothing of this name"),
        ("coursekit.checking:FLOAT64", "received a Tolerance"),
    ],
)
def test_what_cannot_be_replaced_is_told(target, told):
    with pytest.raises(LookupError, match=told), replaced([target], lambda original: None):
        pass


def test_what_was_replaced_before_something_goes_wrong_is_put_back():
    with pytest.raises(LookupError), replaced(["coursekit.checking:compare", "coursekit.checking:no"], print):
        pass
    assert compare(1.0, 1.0) is None


# ------------------------------------------------------------------------------------------------------------- noticing


def test_a_weakening_is_noticed_by_the_mutant_that_passes():
    whole = content(in_float64, triples)
    blind = seen(KNOWN["dtypes_are_not_compared"], whole)
    assert blind.findings == [] and "mutant doubles.in_float64" in blind.by and "passes every hidden check" in blind.by
    assert "caught, and loses no point" in seen(KNOWN["everybody_gets_full_marks"], whole).by
    assert "is shown the hint of" in seen(KNOWN["hints_of_two_misconceptions_are_swapped"], whole).by


def test_a_grader_that_wrongs_the_right_is_noticed_by_them():
    assert "the solution loses points" in seen(KNOWN["hidden_checks_count_nothing"], content(triples)).by


def test_a_bank_without_the_mutant_notices_nothing():
    blind = seen(KNOWN["dtypes_are_not_compared"], content(triples))
    assert blind.by == "" and "dtypes_are_not_compared: nobody noticed" in blind.findings[0]


def test_a_weakening_that_is_never_reached_is_another_finding():
    (finding,) = seen(NEVER_CALLED, content(triples)).findings
    assert "never reached" in finding and "shape_hint" in finding and "_shared_failure" not in finding


def test_a_weakening_that_stops_the_grader_weakens_nothing():
    stopped = seen(FALLEN_OVER, content(triples))
    assert stopped.by == "" and "stops the grader" in stopped.findings[0] and "fallen over" in stopped.findings[0]


def test_what_was_wrong_before_is_not_taken_for_a_notice():
    """A bank that is not in order proves nothing: only what is new counts."""
    whole = content(triples, triples)
    names = ["the solution", "variant doubles.adds_to_itself", "mutant doubles.triples"]
    harmless = replace(NEVER_CALLED, targets=("coursekit.checking:_shared_failure",))
    verdicts = judge_known(whole, "doubles", names).verdicts
    witness = KnownOnes(whole, "doubles", names, verdicts)
    assert witness.before() == witness.testimony() != []  # nothing needs one of the checks
    assert notice(harmless, [witness]).by == ""


@pytest.mark.parametrize("one", [one for one in DECIDING.all if one.cheat], ids=lambda one: one.name)
def test_a_cheat_keeps_full_marks_only_when_the_grader_is_weak(one):
    cheating = Cheating(content(), "doubles", one.cheat)
    assert cheating.before() == []
    assert "doubles: full marks for who has" in notice(one, [cheating]).by
    assert cheating.before() == []


# ------------------------------------------------------------------------------------------------------------- the list


def test_every_weakening_says_what_it_does_and_replaces_what_is_there():
    assert len(WEAKENINGS) >= 40 and len({one.name for one in WEAKENINGS}) == len(WEAKENINGS)
    for one in WEAKENINGS:
        assert one.what.endswith(".") and one.targets, one.name
        assert all(callable(found(target)) for target in one.targets), one.name
    assert set(LIGHT) < set(WEAKENINGS)


@pytest.mark.long
def test_a_survey_asks_the_likeliest_first_in_a_process_of_its_own(course):
    asked = [KNOWN["dtypes_are_not_compared"], KNOWN["float64_tolerance_is_zero"], NEVER_CALLED]
    baseline, *rest = survey(course, [course.assignments["a1"]], asked, 1, "sigmoid_backward", networks=False)
    assert baseline.weakening == "nothing" and baseline.findings == []
    blind, strict, never = rest
    assert (blind.asked, strict.asked) == (1, 1)
    assert "sigmoid_backward.backward_in_float64" in blind.by and "the solution loses points" in strict.by
    assert "never reached" in never.findings[0]


@pytest.mark.long
def test_every_weakening_is_noticed(capsys):
    assert main(["doctor", "--mutate-grader", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["findings"] == [] and set(told["counts"]) == set(KNOWN) and all(told["counts"].values())
