"""Every known implementation is judged, each is asked once, and a mutant is recognised by what it does again."""

from __future__ import annotations

from collections import Counter
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest

from autograder.authoring.doctor.examining import (
    TRAINED_TOGETHER,
    SeededJudge,
    functions,
    judge_known,
    tasks,
    two_of_one_id,
)
from autograder.course.bank import Bank
from autograder.course.checks import Check, ExerciseChecks
from autograder.course.content import load_content
from coursekit.checking import Case, Exercise

RIGHT = np.array([1.0, 2.0])


def exercise() -> ExerciseChecks:
    drawn = Check("drawn", lambda rng: [Case((x,), 2 * x) for x in rng.normal(size=(3, 2))])
    return ExerciseChecks(Exercise("double", (Case((RIGHT,), 2 * RIGHT),), hints=("twice",)), (drawn,))


def mutant(name, function):
    return SimpleNamespace(id=name, hint=f"hint of {name}", function=function, trained=False)


@pytest.mark.parametrize("trials", [False, True])
def test_tasks_together_hold_every_function_once(course, trials):
    for assignment in course.assignments.values():
        content = load_content(assignment.folder)
        for name in assignment.exercises:
            shared = tasks(course, assignment, name, trials=trials)
            held = [function for task in shared for function in task.functions]
            left_out = {f"mutant {m.id}" for m in content.mutants[name] if m.trained and not trials}
            assert sorted(held) == sorted(set(functions(content, name)) - left_out)


def test_trainings_are_shared_out(course):
    shared = tasks(course, course.assignments["a4"], "build_all_conv", trials=True)
    assert len(shared) > 1 and max(len(task.functions) for task in shared) <= TRAINED_TOGETHER


def test_ids_of_all_mutants_and_variants_are_unique(course):
    for assignment in course.assignments.values():
        content = load_content(assignment.folder)
        for name in assignment.exercises:
            assert two_of_one_id([*content.mutants[name], *content.variants[name]]) == []


def test_two_functions_of_one_id_are_told_with_both_places():
    bank = Bank()
    bank.variant(of="double")(exercise)
    bank.mutant(of="double", hint="twice")(mutant)
    assert two_of_one_id([*bank.mutants, *bank.variants]) == []
    bank.variant(of="halve")(exercise)
    bank.mutant(of="double", hint="twice")(exercise)
    (finding,) = two_of_one_id([*bank.mutants, *bank.variants])
    line = exercise.__code__.co_firstlineno
    place = f"test_examining.py:{line}"
    assert finding == (
        f"double.exercise: expected one function of this id, received those at {place} and {place}; rename one"
    )


def test_each_function_is_asked_once_for_each_case_but_for_the_judged_one():
    asked = Counter()

    def counted(name, function):
        def call(x):
            asked[name] += 1
            return function(x)

        return mutant(name, call)

    known = [counted("triples", lambda x: 3 * x), counted("adds", lambda x: x + 1), counted("halves", lambda x: x / 2)]
    bench = SeededJudge(exercise(), known, None)
    for one in known:
        (verdict,) = bench.verdicts(one.function)
        assert verdict.misconception == one.id
    # four cases, and once more on the first that fails, to see that it does the same again
    assert asked == {one.id: 4 + 1 for one in known}


def test_mutant_that_does_something_else_each_time_is_not_recognised():
    number = count(1)
    random = mutant("random", lambda x: x + next(number))
    (verdict,) = SeededJudge(exercise(), [random], None).verdicts(random.function)
    assert verdict.misconception == "" and verdict.fraction == {"all": 0.0}


def test_mutants_that_agree_on_the_first_failing_case_are_told_apart_by_the_others():
    negative = mutant("wrong below zero", lambda x: np.where(x < 0, x, 3 * x))
    always = mutant("always wrong", lambda x: 3 * x)
    bench = SeededJudge(exercise(), [always, negative], None)
    for one in (always, negative):
        (verdict,) = bench.verdicts(one.function)
        assert verdict.misconception == one.id


def test_cases_of_a_seed_are_drawn_once():
    drawn = Counter()

    def cases(rng):
        drawn["times"] += 1
        return [Case((RIGHT,), 2 * RIGHT)]

    spec = ExerciseChecks(exercise().exercise, (Check("drawn", cases),))
    bench = SeededJudge(spec, [], None)
    for _ in range(3):
        bench.verdicts(lambda x: 2 * x)
    assert drawn["times"] == 1


def in_two_checks() -> ExerciseChecks:
    drawn = [Check(name, lambda rng: [Case((x,), 2 * x) for x in rng.normal(size=(3, 2))]) for name in ("a", "b", "c")]
    return ExerciseChecks(Exercise("double", (Case((RIGHT,), 2 * RIGHT),), hints=("twice",)), tuple(drawn))


def counted(function, calls):
    def double(x):
        calls[function] += 1
        return function(x)

    return double


def judged_briefly(spec, *functions):
    """What is said of mutants, and how often each is asked, briefly and in full."""
    said = {}
    for briefly in (True, False):
        calls: Counter[object] = Counter()
        known = [mutant(function.__name__, counted(function, calls)) for function in functions]
        content = SimpleNamespace(
            specs={"double": spec}, mutants={"double": known}, variants={"double": []}, solutions={"double": None}
        )
        names = [f"mutant {one.id}" for one in known]
        said[briefly] = judge_known(content, "double", names, briefly=briefly).verdicts, calls
    return said[True], said[False]


def test_a_mutant_is_asked_until_all_is_said_of_it():
    def always(x):
        return 3 * x

    def others(x):
        return 2 * x if x is RIGHT else 5 * x

    (brief, few), (full, many) = judged_briefly(in_two_checks(), always, others)
    assert few[always] < many[always] and few[others] < many[others]
    for name, (verdict,) in brief.items():
        assert verdict.misconception == full[name][0].misconception == name.removeprefix("mutant ")
        failing = {check.name for check in verdict.checks if check.failed}
        assert len(failing & {"a", "b", "c"}) == 2 and not verdict.full


def test_a_mutant_that_one_check_alone_catches_is_asked_everything():
    def small(x):
        return 2 * x if np.abs(x).max() < 10 else x

    spec = in_two_checks()
    large = Check("large", lambda rng: [Case((x,), 2 * x) for x in 100 + rng.normal(size=(2, 2))])
    spec = ExerciseChecks(spec.exercise, (*spec.checks, large))
    (brief, _), _ = judged_briefly(spec, small)
    (verdict,) = brief["mutant small"]
    assert [check.name for check in verdict.checks if not check.passed] == ["large"]


def test_a_mutant_that_is_taken_for_another_is_asked_everything():
    def wrong(x):
        return 3 * x

    def wrong_at_first(x):
        return 3 * x if x is RIGHT or np.abs(x).max() < 10 else x

    spec = in_two_checks()
    large = Check("large", lambda rng: [Case((x,), 2 * x) for x in 100 + rng.normal(size=(2, 2))])
    spec = ExerciseChecks(spec.exercise, (*spec.checks, large))
    (brief, _), (full, _) = judged_briefly(spec, wrong, wrong_at_first)
    assert brief["mutant wrong_at_first"] == full["mutant wrong_at_first"]
    assert brief["mutant wrong_at_first"][0].misconception == "wrong_at_first"
