"""A session survives whatever a submission's cells do, and runs what Jupyter would run."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from allowed import some_limits
from heard import Heard
from test_judging import SPEC

from autograder.course.trials import Stopped
from autograder.jail.limits import Lost, Starved
from autograder.judge.session import MAX_LOSSES, Killed, Session, Step
from autograder.judge.verdict import Verdict
from coursekit.observing import CallError, Outcome, observe


class FakeStudent:
    """A student process in this process: a cell is Python source, ``die`` ends it."""

    isolation = "fake"
    spawned = 0
    silent = False  # about a function that is not there
    a_cell_costs = 0.0
    a_cell_sleeps = 0.0

    def __init__(self) -> None:
        FakeStudent.spawned += 1
        self.names: dict[str, object] = {}
        self.spent = self.slept = 0.0

    def run_cell(self, source, timeout, definitions):
        FakeStudent.ran.append((source, definitions))
        if not definitions:
            self.spent += self.a_cell_costs
            self.slept += self.a_cell_sleeps
        if "die" in source and not definitions:
            raise Stopped("exited with status 3")
        if "fail" in source:
            return [{"output_type": "error", "ename": "OSError", "evalue": "no file", "traceback": []}]
        try:
            exec(source.replace("die", "0"), self.names)
        except NameError as error:
            return [{"output_type": "error", "ename": "NameError", "evalue": str(error), "traceback": []}]
        return [{"output_type": "stream", "name": "stdout", "text": source}]

    def call(self, function, case, timeout, staff):
        if function not in self.names:
            if self.silent:
                raise RuntimeError("a fault of ours")
            return Outcome(error=CallError("NameError", f"name '{function}' is not defined"))
        covered = dict(self.names)
        self.names.update(staff)
        try:
            return observe(self.names[function], case.args)
        finally:
            self.names.clear()
            self.names.update(covered)

    def memory_kib(self):
        return 7

    def close(self):
        self.names.clear()


def session(**changes) -> Session:
    FakeStudent.spawned, FakeStudent.ran = 0, []
    settings = {"spawn": FakeStudent, "limits": some_limits(), "specs": {"double": SPEC}, "mutants": {"double": ()}}
    return Session(**(settings | {"seeds": {"double": b"s"}} | changes))


def run(number: int, source: str) -> Step:
    return Step(number, "run", source=source)


DOUBLE, JUDGE = "def double(x): return 2 * x", Step(9, "judge", exercise="double")


def test_dead_cell_is_quarantined_and_the_others_are_replayed():
    taken = session()
    heard = Heard(taken, [run(0, DOUBLE), run(1, "die"), JUDGE])
    assert FakeStudent.spawned == 2
    assert heard.verdicts["double"].fraction == {"all": 1.0}
    assert heard.outputs[1][0]["ename"] == "Stopped"
    assert (taken.isolation, taken.memory_kib) == ("fake", 7)


def test_exercise_is_judged_at_its_place():
    graded = Heard(session(), [run(0, DOUBLE), JUDGE, run(2, "def double(x): return x")])
    assert graded.verdicts["double"].fraction == {"all": 1.0}
    graded = Heard(session(), [run(0, "def double(x): return x"), JUDGE, run(2, DOUBLE)])
    assert graded.verdicts["double"].fraction == {"all": 0.0}


def test_fault_of_the_grader_leaves_the_score_to_a_human():
    class Silent(FakeStudent):
        silent = True

    verdict = Heard(session(spawn=Silent), [JUDGE]).verdicts["double"]
    assert verdict.status == "needs manual grading"
    assert "a fault of ours" in verdict.traceback
    assert verdict.score({"all": 4}, 4) is None
    assert "your instructor" in verdict.text(None, 4) and "fault" not in verdict.text(None, 4)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("def double(x): return x", "these checks reject 19 known-wrong implementations and accept 4 right ones"),
        (DOUBLE, ""),
        ("", ""),
        ("def double(x): raise NotImplementedError", ""),
    ],
)
def test_who_lost_something_reads_what_the_checks_have_proven(source, told):
    verdict = Heard(session(proven={"double": (19, 4)}), [run(0, source), JUDGE]).verdicts["double"]
    assert told in verdict.text(0.0, 4.0)
    assert ("proven" in verdict.text(0.0, 4.0)) == bool(told)
    assert Verdict.from_json(json.loads(json.dumps(verdict.to_json()))) == verdict


def test_exercise_without_hidden_checks_is_left_to_a_human():
    assert Heard(session(specs={}), [JUDGE]).verdicts["double"].status == "needs manual grading"


def test_work_of_the_whole_submission_is_bounded_and_its_deaths_count():
    class Slow(FakeStudent):
        a_cell_costs = 200.0

    steps = [run(0, DOUBLE), run(1, "die"), run(2, DOUBLE), JUDGE]
    heard = Heard(session(spawn=Slow, limits=some_limits(submission_seconds=300)), steps)
    assert "time limit of 300 s for the whole submission" in heard.outputs[2][0]["evalue"]
    assert heard.verdicts["double"].fraction == {"all": 0.0}


def test_judge_that_takes_over_replays_what_ran_and_goes_on_from_there():
    heard = Heard(session(history=[run(0, DOUBLE)]), [run(0, DOUBLE), run(1, "1 / 0"), JUDGE], first=2)
    assert heard.outputs == {} and heard.verdicts["double"].fraction == {"all": 1.0}


def test_starved_process_is_tried_again_and_never_judged():
    class Starving(FakeStudent):
        def call(self, function, case, timeout, staff):
            if FakeStudent.spawned < self.enough:
                raise Starved("too busy")
            return super().call(function, case, timeout, staff)

    Starving.enough = 2
    steps = [run(0, DOUBLE), JUDGE]
    assert Heard(session(spawn=Starving), steps).verdicts["double"].fraction == {"all": 1.0}
    Starving.enough = 99
    with pytest.raises(Starved):
        Heard(session(spawn=Starving), steps)


class Meddled(FakeStudent):
    """A student's process that somebody else kills, as often as ``kills`` says, where the word ``at`` comes."""

    kills, at, end = 0, "", Killed

    def run_cell(self, source, timeout, definitions):
        self._meddle(source)
        return super().run_cell(source, timeout, definitions)

    def call(self, function, case, timeout, staff):
        self._meddle(function)
        return super().call(function, case, timeout, staff)

    def _meddle(self, words):
        if self.at in words.split() and Meddled.kills:
            Meddled.kills -= 1
            raise self.end("killed by signal SIGKILL")


@pytest.mark.parametrize(("end", "times"), [(Killed, 1), (Lost, 1), (Lost, MAX_LOSSES)])
@pytest.mark.parametrize("at", ["double", "here", "first"])
def test_who_is_killed_once_from_outside_loses_nothing(at, end, times):
    """And with its server, however often that is."""
    Meddled.kills, Meddled.at, Meddled.end = times, at, end
    heard = Heard(session(spawn=Meddled), [run(0, "first = 1"), run(1, DOUBLE), run(2, "die; here = 1"), JUDGE])
    assert Meddled.kills == 0
    assert heard.verdicts["double"].fraction == {"all": 1.0}
    assert [[output["output_type"] for output in shown] for shown in heard.outputs.values()] == [["stream"]] * 2 + [
        ["error"]
    ]


def test_where_servers_do_not_live_nobody_is_judged():
    Meddled.kills, Meddled.at, Meddled.end = MAX_LOSSES + 1, "double", Lost
    with pytest.raises(Lost):
        Heard(session(spawn=Meddled), [run(0, DOUBLE), JUDGE])


def test_a_cell_in_whose_replay_somebody_else_kills_stays():
    class Replayed(Meddled):
        def _meddle(self, words):
            if "def" in words and FakeStudent.spawned == 2:
                super()._meddle(words)

    Meddled.kills, Meddled.at, Meddled.end = 1, "def", Killed
    heard = Heard(session(spawn=Replayed), [run(0, DOUBLE), run(1, "die"), JUDGE])
    assert Meddled.kills == 0 and FakeStudent.spawned == 3
    assert heard.verdicts["double"].fraction == {"all": 1.0}


def test_who_is_killed_twice_at_the_same_call_may_have_done_it():
    Meddled.kills, Meddled.at, Meddled.end = 2, "double", Killed
    verdict = Heard(session(spawn=Meddled), [run(0, DOUBLE), JUDGE]).verdicts["double"]
    assert verdict.fraction == {"all": 0.0} and verdict.reason == "killed by signal SIGKILL"


def test_judge_out_of_memory_earns_nothing_and_a_person_looks():
    class Huge(FakeStudent):
        def call(self, function, case, timeout, staff):
            raise MemoryError

    verdict = Heard(session(spawn=Huge), [run(0, DOUBLE), JUDGE]).verdicts["double"]
    assert (verdict.score({"all": 4}, 4), verdict.flagged) == (0.0, True)
    assert "memory limit of 2048 MiB, in the grader itself" in verdict.text(0.0, 4)


def test_history_that_dies_on_replay_does_not_go_on_for_ever():
    class Moody(FakeStudent):
        def run_cell(self, source, timeout, definitions):
            if self.spawned > 1 and "moody" in source:
                raise Stopped("killed by signal SIGKILL")
            return super().run_cell(source, timeout, definitions)

    graded = Heard(session(spawn=Moody), [run(0, "moody = 1"), run(1, DOUBLE), run(2, "die"), JUDGE])
    assert graded.verdicts["double"].fraction == {"all": 1.0}


# ----------------------------------------------------------------- what runs for nobody's points, and what is late


def own(number: int, source: str) -> Step:
    return Step(number, "run", source=source, own=True)


LATE = Step(9, "judge", exercise="double", late=True)


class Slow(FakeStudent):
    a_cell_costs = 20.0


def test_own_cells_have_their_own_time_and_their_definitions_count_beyond_it():
    """Ten own cells want 200 s; the submission's 30 s are all there for the exercise."""
    limits = some_limits(own_seconds=50, submission_seconds=30, cell_seconds=25)
    steps = [*(own(n, "0") for n in range(10)), own(10, DOUBLE), JUDGE]
    heard = Heard(session(spawn=Slow, limits=limits), steps)
    assert heard.verdicts["double"].fraction == {"all": 1.0} and not heard.verdicts["double"].flagged
    assert [definitions for _, definitions in FakeStudent.ran] == 3 * [False] + 8 * [True]
    assert heard.outputs[4][-1]["evalue"] == "time limit of 50 s for the cells that you added"


def test_whatever_is_lost_after_the_time_is_over_is_flagged():
    limits = some_limits(own_seconds=10)
    verdict = Heard(session(spawn=Slow, limits=limits), [own(0, "0"), own(1, "double = die"), JUDGE]).verdicts["double"]
    assert verdict.fraction == {"all": 0.0} and verdict.flagged
    limits = some_limits(submission_seconds=10)
    verdict = Heard(session(spawn=Slow, limits=limits), [run(0, DOUBLE), JUDGE]).verdicts["double"]
    assert verdict.fraction == {"all": 0.0} and verdict.flagged and "whole submission" in verdict.reason


def test_definitions_of_a_cell_that_died_count():
    heard = Heard(session(), [run(0, DOUBLE + "; die"), JUDGE])
    assert heard.verdicts["double"].fraction == {"all": 1.0}
    assert FakeStudent.ran == [(DOUBLE + "; die", False), (DOUBLE + "; die", True)]


@pytest.mark.parametrize(("sleeps", "again"), [(20.0, True), (4.0, False)])
def test_after_a_death_what_only_waited_is_replayed_by_its_definitions(sleeps, again):
    class Sleeper(Slow):
        a_cell_sleeps = sleeps

    Heard(session(spawn=Sleeper), [run(0, DOUBLE), run(1, "die"), JUDGE])
    assert FakeStudent.ran[2] == (DOUBLE, again)


def test_exercise_that_lacked_something_is_judged_again_at_the_end_with_other_cases():
    needs = "def double(x): return helper(x)"
    steps = [run(0, needs), JUDGE, run(1, "def helper(x): return 2 * x"), LATE]
    seen: list[float] = []
    spec = replace(SPEC, checks=tuple(replace(c, cases=_noting(c.cases, seen)) for c in SPEC.checks))
    verdict = Heard(session(specs={"double": spec}), steps).verdicts["double"]
    assert verdict.fraction == {"all": 1.0} and "once all your cells had run" in verdict.text(4.0, 4.0)
    Heard(session(specs={"double": spec}), [run(0, DOUBLE), JUDGE])
    assert len(seen) == len(set(seen)) == 4


def _noting(cases, seen):
    def drawn(rng):
        made = cases(rng)
        seen.append(float(made[0].args[0].sum()))
        return made

    return drawn


def test_cell_that_stopped_for_want_of_a_name_runs_again_at_the_end():
    steps = [own(0, "double = functools.partial(helper, 2)"), JUDGE, own(1, "import functools"), LATE]
    verdict = Heard(session(), steps).verdicts["double"]  # there is no helper
    assert verdict.fraction == {"all": 0.0} and verdict.flagged
    verdict = Heard(session(), [own(3, "def helper(a, x): return a * x"), *steps]).verdicts["double"]
    assert verdict.fraction == {"all": 1.0} and not verdict.flagged


@pytest.mark.parametrize(("elsewhere", "flagged"), [("def helper(x): return x", True), ("helped = 1", False)])
def test_name_that_is_missing_though_a_cell_defines_it_is_flagged(elsewhere, flagged):
    """What a moved or cut cell has left behind; a slip of the pen is defined nowhere."""
    steps = [run(0, "def double(x): return helper(x)"), JUDGE, own(1, elsewhere), LATE]
    verdict = Heard(session(), steps).verdicts["double"]
    assert (verdict.fraction, verdict.flagged) == ({"all": 0.0}, flagged)


@pytest.mark.parametrize("wrong", ["def double(x): return x", "def double(x): raise ValueError", DOUBLE])
def test_whatever_lacked_nothing_is_judged_once(wrong):
    heard = Heard(session(), [run(0, wrong), JUDGE, run(1, DOUBLE), LATE])
    assert heard.verdicts["double"].fraction == {"all": float(wrong == DOUBLE)}
    assert not heard.verdicts["double"].note


def test_what_stopped_the_cell_of_a_missing_function_is_told():
    verdict = Heard(session(), [run(0, f"fail\n{DOUBLE}"), run(1, "fail"), JUDGE]).verdicts["double"]
    assert "name 'double' is not defined: its cell stopped at OSError: no file" in verdict.text(0.0, 4.0)
    assert "mend that error first" in verdict.hint
    assert "stopped at" not in Heard(session(), [run(1, "fail"), JUDGE]).verdicts["double"].text(0.0, 4.0)


# ------------------------------------------------------------------------------------------------------- stand-ins


def thrice(x, factor=2):
    return factor * x


@pytest.mark.parametrize(
    ("helper", "call", "note"),
    [
        pytest.param("def thrice(x): return 0 * x", "thrice(x)", "", id="contract"),
        pytest.param("def thrice(x, *, up=1): return 2 * x", "thrice(x, up=0)", "own", id="extra parameter"),
        pytest.param("def thrice(value): return 2 * value", "thrice(value=x)", "own", id="renamed parameter"),
        pytest.param("def thrice(x): return 2 * x\nthrice.calls = 2", "x * thrice.calls", "own", id="attribute"),
        pytest.param("def thrice(x): return x, x", "sum(thrice(x))", "own", id="another result"),
    ],
)
def test_own_version_of_an_earlier_exercise_serves_where_ours_knows_nothing_of_the_call(helper, call, note):
    spec = replace(SPEC, staff=(thrice,))
    steps = [run(0, helper), run(1, f"def double(x): return {call}"), JUDGE]
    verdict = Heard(session(specs={"double": spec}), steps).verdicts["double"]
    assert verdict.fraction == {"all": 1.0}
    assert ("judged with your own thrice" in verdict.text(4.0, 4.0)) == bool(note)


def test_wrong_call_of_a_wrong_function_earns_nothing():
    spec = replace(SPEC, staff=(thrice,))
    steps = [run(0, "def thrice(x, y=0): return 3 * x"), run(1, "def double(x): return thrice(x, y=1)"), JUDGE]
    assert Heard(session(specs={"double": spec}), steps).verdicts["double"].fraction == {"all": 0.0}
