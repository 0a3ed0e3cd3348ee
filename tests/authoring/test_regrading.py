"""The bank is judged in other orders and by other numbers of workers, and any byte that differs is told."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.authoring.doctor.examining import Judged, Task, tasks
from autograder.authoring.doctor.surveys.regrading import differences, in_bytes, regrade, shuffled
from autograder.judge.verdict import Verdict


def test_every_function_is_judged_in_another_order(course):
    known = [Task(course, "a1", name, ("the solution", "mutant a", "mutant b", "variant c"), False) for name in "abcd"]
    orders = {
        tuple((task.exercise, task.functions) for task in shuffled(known, np.random.default_rng(i))) for i in range(9)
    }
    assert len(orders) == 9
    for order in orders:
        assert sorted(name for name, _ in order) == list("abcd")
        assert all(sorted(functions) == sorted(known[0].functions) for _, functions in order)


def test_verdict_that_differs_is_shown_where_it_differs(course):
    task = Task(course, "a1", "relu", ("the solution",), False)
    full, less = (in_bytes(task, Judged({"the solution": [Verdict("relu", "graded", {"all": f})]})) for f in (1.0, 0.5))
    assert list(differences(full, full, "round 2")) == []
    (finding,) = differences(full, less, "round 2")
    assert (
        finding.startswith("relu: the solution: round 2: expected")
        and '"all": 1.0' in finding
        and '"all": 0.5' in finding
    )
    (gone,) = differences(full, {}, "round 2")
    assert "received ...no verdict" in gone


@pytest.mark.long
def test_an_exercise_is_judged_the_same_by_one_and_by_two(course):
    a1 = course.assignments["a1"]
    (task,) = tasks(course, a1, "affine_backward", trials=False)
    seen = list(regrade(course, [a1], 2, "affine_backward"))
    assert [one.workers for one in seen] == [1, 2]
    assert [one.verdicts for one in seen] == [len(task.functions)] * 2
    assert not any(one.findings for one in seen)
