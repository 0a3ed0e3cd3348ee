"""Every known implementation is judged, each is asked once, and a mutant is recognised by what it does again."""

from __future__ import annotations

from collections import Counter
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest

from autograder.authoring.doctor.examining import TRAINED_TOGETHER, SeededJudge, functions, tasks, two_of_one_id
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
