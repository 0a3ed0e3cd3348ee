"""A judge that is lost costs its submission what it did itself, and nothing that others did to it."""

from __future__ import annotations

import pytest
from allowed import some_limits

from autograder.jail.limits import Died
from autograder.judge.process import JudgeJob
from autograder.judge.referee import JUDGES, Hearing, JudgeFailed
from autograder.judge.session import Step

KILLED = Died("killed by signal SIGKILL", killed=True)


def hearing() -> Hearing:
    steps = [Step(0, "run", "a = 1"), Step(1, "judge", exercise="double"), Step(2, "judge", exercise="triple")]
    return Hearing(JudgeJob("a1", steps, {}, some_limits(), "required", {}, {}))


def begins(heard: Hearing, number: int) -> None:
    heard.hear({"event": "begins", "number": number, "spent": [1.5, 0.0], "undefined": []})


def test_judges_that_are_killed_are_replaced_at_each_step():
    heard = hearing()
    for _ in range(JUDGES - 1):
        heard.judge_died(KILLED)  # before it had begun
    begins(heard, 0)
    heard.hear({"event": "ran", "outputs": [], "replay": {"cell": 0, "kind": "run", "source": "a = 1"}})
    for _ in range(JUDGES - 1):
        begins(heard, 1)
        heard.judge_died(KILLED)
    rest = heard.rest()
    assert (rest.first, rest.spent.whole, [step.source for step in rest.replay]) == (1, 1.5, ["a = 1"])
    assert not heard.graded.verdicts and not heard.done
    begins(heard, 1)
    heard.judge_died(KILLED)  # once too often: what is judged here may be what takes them away
    assert heard.graded.verdicts["double"].status == "needs manual grading" and not heard.done
    begins(heard, 2)
    heard.judge_died(KILLED)
    assert "triple" not in heard.graded.verdicts


@pytest.mark.parametrize("begun", [True, False])
def test_no_cell_is_lost_because_judges_are_killed(begun):
    heard = hearing()
    for _ in range(JUDGES - 1):
        heard.judge_died(KILLED)
    if begun:
        begins(heard, 0)
    with pytest.raises(JudgeFailed, match="SIGKILL"):
        heard.judge_died(KILLED)
    assert heard.graded.outputs == {}


def test_walls_are_known_by_whichever_judge_put_them_up():
    """The one that takes over has nothing more to run, or is lost in its turn."""
    heard = hearing()
    begins(heard, 0)
    heard.hear({"event": "ran", "outputs": [], "replay": None, "isolation": "landlock", "memory_kib": 7})
    heard.judge_died(KILLED)
    heard.hear({"event": "done", "isolation": "", "memory_kib": 0})
    assert (heard.graded.isolation, heard.graded.memory_kib, heard.done) == ("landlock", 7, True)


@pytest.mark.parametrize(("death", "score"), [(Died("time limit of 2 s", by_limit=True), 0.0), (Died("aborted"), None)])
def test_what_a_judge_does_by_itself_is_settled_at_once(death, score):
    heard = hearing()
    begins(heard, 0)
    heard.hear({"event": "ran", "outputs": [], "replay": None})
    begins(heard, 1)
    heard.judge_died(death)
    assert heard.graded.verdicts["double"].score({"all": 1.0}, 1.0) == score
