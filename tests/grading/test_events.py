"""What happens in a grading arrives as it was told, whole or not at all, and a grading outlives whoever listened."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from autograder.grading.arriving.handed_in import HandedIn
from autograder.grading.grade import Grader, Result, Submission
from autograder.grading.running.events import (
    KINDS,
    Begun,
    Died,
    Event,
    Finished,
    Judged,
    NotGraded,
    Repaired,
    Teller,
    Written,
    from_json,
    heard,
    to_json,
)
from autograder.grading.running.judged import note, noted
from autograder.grading.running.told import told
from autograder.judge.verdict import Verdict

EVENTS: tuple[Event, ...] = (
    Begun("a1", 3, 1),
    Repaired("ada", "a cell was moved\nand “quoted”"),
    Died("ada", "relu", "time limit of 10 s"),
    Judged("ada", 3.5, 4.0, 1.25, {"relu": 1.0}, ("relu",), "namespaces", before=True),
    Written("ada"),
    NotGraded("bo", "its folder cannot be read"),
    Finished("stopped: as you asked"),
)


def test_every_kind_of_event_comes_back_from_plain_values():
    assert {type(event) for event in EVENTS} == set(KINDS.values())
    for event in EVENTS:
        assert from_json(json.loads(json.dumps(to_json(event)))) == event
        assert next(iter(to_json(event))) == "event"


def test_events_come_through_a_pipe_from_many_threads_and_half_a_line_is_none():
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)  # as it comes from who started us
    teller = Teller(writing)
    assert not os.get_inheritable(writing)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(teller.tell, [EVENTS] * 20))
    os.write(writing, b'{"event": "wri')  # killed in the middle of it
    os.close(writing)
    with os.fdopen(reading) as lines:
        assert list(heard(lines)) == list(EVENTS) * 20
    assert not teller.alone


def test_who_tells_hears_that_nobody_listens_any_more():
    reading, writing = os.pipe()
    teller = Teller(writing)
    os.close(reading)
    teller.tell(EVENTS)
    assert teller.alone
    os.close(writing)
    nobody = Teller(None)
    nobody.tell(EVENTS)
    assert not nobody.alone


def test_what_was_last_told_of_each_is_kept_and_half_a_line_costs_no_other(tmp_path):
    first, last = Judged("ada", 1.0, 4.0, 2.5, {"relu": 2.0}, (), "landlock"), EVENTS[3]
    assert noted(tmp_path, "a1") == {}
    note(tmp_path, "a1", first)
    note(tmp_path, "a1", replace(first, student="bo"))
    with (tmp_path / "logs" / "judged-a1.jsonl").open("a") as file:
        file.write('\n{"event": "judged", "student": "cy')  # killed in the middle of it
    note(tmp_path, "a1", last)
    assert noted(tmp_path, "a1") == {"ada": last, "bo": replace(first, student="bo")}
    assert noted(tmp_path, "a2") == {}


@pytest.fixture(scope="module")
def grader(course, classroom) -> Grader:
    return Grader(course, classroom.assignment, classroom.root)


def verdicts(grader: Grader, **changed: Verdict) -> dict[str, Verdict]:
    full = {
        name: Verdict(name, "graded", dict.fromkeys(grader.assignment.parts(name), 1.0))
        for name in grader.assignment.exercises
    }
    return full | changed


def test_a_submission_is_told_with_its_repairs_its_ends_and_its_score(grader):
    lost = dict.fromkeys(grader.assignment.parts("threshold_relu"), 0.0)
    found = verdicts(
        grader,
        threshold_relu=Verdict("threshold_relu", "graded", lost, reason="time limit of 10 s"),
        sigmoid_forward=Verdict("sigmoid_forward", "needs manual grading", {}, reason="the grader failed"),
        sigmoid_backward=Verdict("sigmoid_backward", "graded", {"all": 0.0}, reason="not written yet: replace it"),
    )
    worth = {name: grader.assignment.points(name) for name in found}
    lost_points = sum(worth[name] for name in ("threshold_relu", "sigmoid_forward", "sigmoid_backward"))
    submission = Submission(None, ("a cell was moved",))
    result = Result({}, found, "landlock", seconds=2.0, timings={"threshold_relu": 1.5})
    *first, last = told("ada", grader, submission, result, before=False)
    assert first == [Repaired("ada", "a cell was moved"), Died("ada", "threshold_relu", "time limit of 10 s")]
    score, of = sum(worth.values()) - lost_points, sum(worth.values())
    assert last == Judged("ada", score, of, 2.0, {"threshold_relu": 1.5}, ("sigmoid_forward",), "landlock")


def test_what_could_not_be_read_is_told_and_no_exercise_of_it_died(grader):
    name = "threshold_relu"
    found = {name: Verdict(name, "needs manual grading", {}, reason="not read", traceback="Traceback\nOSError: gone")}
    submission = Submission(None, (), fault="Traceback\nOSError: gone", handed_in=HandedIn())
    first, last = told("bo", grader, submission, Result({}, found, "nothing was run"), before=False)
    assert first == NotGraded("bo", "OSError: gone")
    assert last.score == 0.0 and set(last.flags) == set(grader.assignment.exercises)
    broken = Submission(None, (), unreadable="no notebook")
    found = {name: Verdict(name, "graded", {"all": 0.0}, reason="unreadable submission: no notebook")}
    assert [type(event) for event in told("cy", grader, broken, Result({}, found, ""), before=True)] == [Judged]
