"""Has a submission judged, and goes on with a fresh judge where one was worn out: its exercise pays, no other does.

This side never runs a student's code and never parses what a student's process says: it hears plain JSON from judges,
keeps every verdict as it comes, and counts what a judge works on one exercise.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from autograder.jail import client
from autograder.jail.launch import connect
from autograder.jail.limits import Died, JailUnavailable, Lost
from autograder.jail.meter import Allowance
from autograder.jail.process import Process, fork
from autograder.judge.process import JudgeJob, judge_role, told
from autograder.judge.session import NOTHING, Outputs, Spent, Step, stopped_output
from autograder.judge.verdict import Verdict, needs_manual, worn_out

JUDGES = 3  # at one step, where they are killed from outside: a student's code hardly reaches a judge
OUTPUT_CELLS = 16  # a notebook keeps the outputs of so many cells that print as much as one may; honest ones print less
TOO_MUCH = "[not kept: the cells before this one have printed more than a notebook may hold]\n"


class JudgeFailed(RuntimeError):
    """The judge could not do its work: no walls on this machine, or a fault of the grader. Nobody is given a zero."""


class JudgesGone(RuntimeError):
    """No judge can be reached any more, whoever's work it is: the grading has to end, and goes on another time."""


@dataclass
class Graded:
    """What came of a submission.

    Args:
        outputs: nbformat outputs of each cell that ran, by cell index.
        verdicts: by exercise, in the order of the check cells.
        isolation: the walls that were in force.
        memory_kib: the most memory that the student's process was seen to have.
        seconds: that each exercise took to judge.
    """

    outputs: dict[int, Outputs] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    isolation: str = ""
    memory_kib: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; cells' numbers become strings, as JSON has them."""
        outputs = {str(cell): shown for cell, shown in self.outputs.items()}
        return {**vars(self), "outputs": outputs, "verdicts": [v.to_json() for v in self.verdicts.values()]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Graded:
        """Invert ``to_json``."""
        outputs = {int(cell): shown for cell, shown in data["outputs"].items()}
        verdicts = [Verdict.from_json(verdict) for verdict in data["verdicts"]]
        return cls(**{**data, "outputs": outputs, "verdicts": {verdict.exercise: verdict for verdict in verdicts}})


Judges = Callable[[JudgeJob], tuple[Graded, float]]  # what ``run_job`` is, and whatever else has a job done


def run_job(job: JudgeJob) -> tuple[Graded, float]:
    """Have judges grade a submission; returns what came of it and the seconds it took.

    Raises:
        JudgeFailed: when judges cannot run here, or fail; the message is for the instructor.
    """
    started = time.monotonic()
    hearing = Hearing(job)
    try:
        connect(client.STUDENT).close()  # started from here, it is nobody's child and lives on between submissions
        while not hearing.done:
            _hear_one_judge(hearing)
    except JailUnavailable as error:
        raise JudgeFailed(str(error)) from error
    return hearing.graded, time.monotonic() - started


def _hear_one_judge(hearing: Hearing) -> None:
    """Fork a judge and listen until it is done, or gone."""
    job, limits = hearing.job, hearing.job.limits
    everything = limits.submission_seconds + limits.judge_seconds * (len(job.steps) + 1)
    own = replace(limits, memory_mb=limits.judge_memory_mb, submission_seconds=everything)
    process = fork(judge_role(job.folder), own)
    try:
        process.send(told(hearing.rest()), _judge_allowance(process, job), plain=True)
        while not hearing.done:
            heard = process.receive(_judge_allowance(process, job))
            for said in json.loads(heard["said"]):
                hearing.hear(said)
    except Died as death:
        hearing.judge_died(death)
    except Lost as gone:
        hearing.judge_died(Died(str(gone), killed=True))
    finally:
        process.close()


def _judge_allowance(process: Process, job: JudgeJob) -> Allowance:
    """What a judge may work on one exercise. It may wait for the student's process, which has limits of its own."""
    return Allowance(process.pid, job.limits.judge_seconds, sleep_counts=False)


class Hearing:
    """What judges have said of one submission so far."""

    def __init__(self, job: JudgeJob) -> None:
        self.job = job
        self.graded = Graded()
        self.done = False
        self._next = 0  # the first step that has no result yet
        self._begun = False  # whether a judge is at it
        self._killed = (0, 0)  # a step, and how many judges were killed from outside at it
        self._replay: list[Step] = []
        self._undefined: list[str] = []
        self._spent = NOTHING
        self._room = OUTPUT_CELLS * job.limits.output_kb * 1024

    def rest(self) -> JudgeJob:
        """What is left for another judge."""
        return replace(self.job, first=self._next, replay=self._replay, undefined=self._undefined, spent=self._spent)

    def hear(self, said: Mapping[str, Any]) -> None:
        """Take in what a judge says.

        Raises:
            JudgeFailed: when it says that it cannot go on.
        """
        self.graded.isolation = said.get("isolation") or self.graded.isolation  # another judge may run nothing more
        self.graded.memory_kib = max(said.get("memory_kib", 0), self.graded.memory_kib)
        match said["event"]:
            case "begins":
                self._begun, self._spent, self._undefined = True, Spent(*said["spent"]), said["undefined"]
            case "ran":
                self._ran(said["outputs"], Step(**said["replay"]) if said["replay"] else None)
            case "passed over":
                self._step()
            case "judged":
                self._judged(Verdict.from_json(said["verdict"]), said["seconds"])
            case "done":
                self.done = True
            case "failed":
                raise JudgeFailed(said["message"])

    def judge_died(self, death: Died) -> None:
        """Settle the step at which a judge was lost; what it was worn out with has cost the submission that time.

        Those that were killed from outside are replaced, so many at each step: another takes it from its beginning.

        Raises:
            JudgeFailed: when it was lost before it had begun, or too often where a cell would have to pay for it.
        """
        if death.killed:
            at, times = self._killed
            self._killed = (self._next, times + 1 if at == self._next else 1)
            if self._killed[1] < JUDGES:
                self._begun = False
                return
        if not self._begun or (death.killed and self.job.steps[self._next].kind == "run"):
            raise JudgeFailed(f"the judge died: {death}") from death
        step = self.job.steps[self._next]
        if death.by_limit:
            self._spent = self._spent._replace(whole=self._spent.whole + self.job.limits.judge_seconds)
        if step.kind == "run":
            self._ran([stopped_output(f"{death}, in the grader itself")], replay=None)
        elif death.by_limit:
            self._judged(worn_out(step.exercise, str(death)), 0.0)
        else:
            self._judged(needs_manual(step.exercise, "the grader itself failed here", f"the judge died: {death}"), 0.0)
        self.done = self._next == len(self.job.steps)

    def _step(self) -> Step:
        """The step that is settled now."""
        self._begun = False
        self._next += 1
        return self.job.steps[self._next - 1]

    def _ran(self, outputs: Outputs, replay: Step | None) -> None:
        if replay:
            self._replay.append(replay)
        step = self._step()
        if step.definitions:  # an experiment: what it shows was handed in
            return
        self._room -= len(json.dumps(outputs, ensure_ascii=False).encode())
        if self._room < 0:
            outputs = [{"output_type": "stream", "name": "stderr", "text": TOO_MUCH}]
        self.graded.outputs[step.cell] = outputs

    def _judged(self, verdict: Verdict, seconds: float) -> None:
        step = self._step()
        known = self.graded.verdicts.get(step.exercise)
        if known is not None and verdict.total <= known.total:
            verdict = replace(known, flagged=known.flagged or verdict.flagged)
        self.graded.verdicts[step.exercise] = verdict.shortened()
        self.graded.seconds[step.exercise] = self.graded.seconds.get(step.exercise, 0.0) + seconds
