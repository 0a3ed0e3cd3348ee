"""A grade is right: deciding is pure, weighing is fair, and a fault of ours is never a student's zero."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from autograder.course.checks import Check, ExerciseChecks, generator, seed
from autograder.course.trials import Stopped
from autograder.judge.judging import judge
from autograder.judge.verdict import Verdict, needs_manual, worn_out
from coursekit.checking import Case, Exercise
from coursekit.observing import CallError, Outcome, observe


def draw(rng: np.random.Generator, dtype=np.float64) -> list[Case]:
    x = rng.normal(size=3).astype(dtype)
    return [Case((x,), 2 * x, pure=False)]


SPEC = ExerciseChecks(
    Exercise("double", (Case((np.array([1.0]),), np.array([2.0])),), ("gentle", "explicit")),
    (Check("values", draw, share=2, core=True), Check("float32", lambda rng: draw(rng, np.float32))),
)


class Mutant:
    id, hint, function = "M1", "you squared it", staticmethod(lambda x: x * x)


def ask(function):
    return lambda case: observe(function, case.args, case.kwargs, case.errstate)


@pytest.mark.parametrize(
    ("function", "fraction"),
    [(lambda x: 2 * x, 1.0), (lambda x: (2 * x).astype(float), 0.75), (lambda x: x, 0.0), (lambda x: x * 0 + 2.0, 0.0)],
)
def test_shares_count_only_when_the_core_holds(function, fraction):
    assert judge(SPEC, b"s", ask(function)).fraction == {"all": fraction}


def test_hint_is_the_misconceptions_own_or_the_last_of_the_ladder():
    assert judge(SPEC, b"s", ask(lambda x: x * x), [Mutant()]).hint == "you squared it"
    assert judge(SPEC, b"s", ask(lambda x: x * x), [Mutant()]).misconception == "M1"
    assert judge(SPEC, b"s", ask(lambda x: x + 1), [Mutant()]).hint == "explicit"
    assert judge(SPEC, b"s", ask(lambda x: 2 * x), [Mutant()]).hint == ""


def memory(rng: np.random.Generator) -> list[Case]:
    x = rng.normal(size=3)
    return [Case((x,), 2 * x, fresh=True)]


MEMORY = ExerciseChecks(
    Exercise("double", (Case((np.array([1.0]),), np.array([2.0])),), ("gentle", "explicit")),
    (Check("values", draw, share=2, core=True), Check("returns new memory", memory)),
)


def doubles_in_place(x):
    x *= 2
    return x


@pytest.mark.parametrize(
    ("function", "memory"),
    [
        (lambda x: x + 1, "open      returns new memory (first mend: values)"),  # about memory nothing is known
        (lambda x: x[:2], "open      returns new memory (first mend: values)"),
        (doubles_in_place, "FAIL      returns new memory (1 of 1 cases fail)"),
        (lambda x: 2 * x, "pass      returns new memory (1 cases)"),
    ],
)
def test_failure_of_one_check_is_not_charged_to_another(function, memory):
    verdict = judge(MEMORY, b"s", ask(function))
    assert memory in verdict.text(1.0, 4.0)


def double(x):
    return twice(x)  # noqa: F821 - what a student may write


def nothing_there(case: Case) -> Outcome:
    return Outcome(error=CallError("NameError", "name 'double' is not defined"))


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        (ask(double), "compare its spelling"),
        (nothing_there, "no cell up to its check defines double"),
        (lambda case: observe(_not_written, case.args), "begin with the first public case"),
        (
            lambda case: Outcome(error=CallError("TypeError", "double() takes 0 positional arguments but 1 was given")),
            "keep the first line of the stub",
        ),
        (ask(doubles_in_place), "compute into a new array"),
    ],
)
def test_hints_about_code_come_before_the_mathematics(asked, hint):
    class Raises:
        id, hint = "M2", "a hint about the mathematics"

        @staticmethod
        def function(x):
            raise TypeError("unsupported")

    verdict = judge(MEMORY, b"s", asked, [Raises()])
    assert hint in verdict.hint and verdict.misconception == ""


def test_hints_fit_the_page():
    verdict = Verdict("double", "graded", {"all": 0.0}, hint=" ".join(["a long hint"] * 20))
    lines = verdict.text(0.0, 4.0).splitlines()
    assert len(lines) == 4 and lines[1].startswith("  hint      a long") and max(map(len, lines)) <= 96


def test_death_fails_what_was_not_asked_and_keeps_what_was():
    def dies_at_float32(case: Case) -> Outcome:
        if case.args[0].dtype == np.float32:
            raise Stopped("time limit of 10 s")
        return observe(lambda x: 2 * x, case.args)

    verdict = judge(SPEC, b"s", dies_at_float32)
    assert verdict.fraction == {"all": 0.75}
    assert verdict.reason == "time limit of 10 s"
    assert [check.passed for check in verdict.checks] == [True, True, False]


def test_stub_is_asked_once():
    asked = []

    def stub(case: Case) -> Outcome:
        asked.append(case)
        return observe(_not_written, case.args)

    verdict = judge(SPEC, b"s", stub)
    assert len(asked) == 1
    assert verdict.fraction == {"all": 0.0} and "not written yet" in verdict.reason


def _not_written(x):
    raise NotImplementedError


def test_seeds_are_secret_repeatable_and_depend_on_everything():
    base = seed(b"secret", "a1", "double", b"code")
    assert base == seed(b"secret", "a1", "double", b"code")
    others = [("S", "a1", "double", b"code"), ("secret", "a2", "double", b"code"), ("secret", "a1", "x", b"code")]
    assert base not in [seed(s.encode(), a, e, c) for s, a, e, c in [*others, ("secret", "a1", "double", b"other")]]
    assert generator(base, "values").integers(1 << 60) != generator(base, "float32").integers(1 << 60)


def test_deleting_one_check_leaves_the_cases_of_the_others():
    less = ExerciseChecks(SPEC.exercise, SPEC.checks[1:])
    cases = {c.name: c.cases(generator(b"s", c.name))[0].args[0] for c in SPEC.checks}
    np.testing.assert_array_equal(less.checks[0].cases(generator(b"s", "float32"))[0].args[0], cases["float32"])


def test_feedback_of_a_hidden_case_shows_shapes_and_no_values():
    text = judge(SPEC, b"s", ask(lambda x: x)).text(0.0, 4.0)
    hidden = text.split("values (1 of 1 cases fail)")[1].split("float32")[0]
    assert "double(float64 (3,))" in hidden
    assert "." not in hidden.replace("3 of 3", "").split("\n")[1]


def test_verdict_survives_json_byte_by_byte():
    verdict = judge(SPEC, b"s", ask(lambda x: x + 1))
    text = json.dumps(verdict.to_json(), sort_keys=True)
    assert json.dumps(Verdict.from_json(json.loads(text)).to_json(), sort_keys=True) == text


def test_parts_are_weighed_as_the_course_says():
    verdict = Verdict("conv", "graded", {"valid": 1.0, "same": 0.5})
    assert verdict.score({"valid": 6, "same": 8}, 14) == 10.0
    assert verdict.score({"valid": 6, "same": 8}, 7) == 5.0  # the gradebook's maximum counts


def test_what_wears_out_the_grader_earns_nothing_in_any_part():
    verdict = worn_out("conv", "memory limit of 2048 MiB")
    assert verdict.score({"valid": 6, "same": 8}, 14) == 0.0
    assert verdict.score({"all": 14}, 14) == 0.0
    assert verdict.flagged and not verdict.full
    undecided = replace(needs_manual("conv", "the grader itself failed"), flagged=True)
    assert undecided.score({"valid": 6, "same": 8}, 14) is None  # a fault of ours is never a zero
