"""Take one submission from its first cell to its last verdict, whatever its code does to the process it runs in."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from autograder.checking import Case
from autograder.jail.limits import Limits
from autograder.judge.checks import ExerciseChecks
from autograder.judge.judging import KnownWrong, Stopped, judge
from autograder.judge.trials import Laboratory
from autograder.judge.verdict import Verdict, needs_manual
from autograder.observing import Outcome

Outputs = list[dict[str, Any]]


@dataclass(frozen=True)
class Step:
    """One code cell: ``run`` the student's source, or ``judge`` the exercise whose check cell this is."""

    cell: int
    kind: Literal["run", "judge"]
    source: str = ""
    exercise: str = ""


@dataclass(frozen=True)
class Graded:
    """What came of a submission.

    Args:
        outputs: nbformat outputs of each cell that ran, by cell index.
        verdicts: by exercise, in the order of the check cells.
        isolation: the walls that were in force.
        memory_kib: the largest proportional set size seen of the student's process.
        seconds: that each exercise took to judge.
    """

    outputs: Mapping[int, Outputs]
    verdicts: Mapping[str, Verdict]
    isolation: str
    memory_kib: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)


class Student(Protocol):
    """A student process, seen from the trusted side. ``Stopped`` is raised when it is gone."""

    @property
    def isolation(self) -> str: ...
    def run_cell(self, source: str, timeout: float) -> Outputs: ...
    def call(self, function: str, case: Case, timeout: float, staff: Mapping[str, Callable[..., Any]]) -> Outcome: ...
    def memory_kib(self) -> int: ...
    def close(self) -> None: ...


@dataclass
class Session:
    """Runs cells and judges exercises in order, in one student process and, after a death, in a fresh one.

    The cell or call that killed the process is not tried again; the other cells are replayed before the next step.
    """

    spawn: Callable[[], Student]
    limits: Limits
    specs: Mapping[str, ExerciseChecks]
    mutants: Mapping[str, Sequence[KnownWrong]]
    seeds: Mapping[str, bytes]
    laboratory: Laboratory | None = None
    clock: Callable[[], float] = time.monotonic
    _student: Student | None = None
    _history: list[Step] = field(default_factory=list)
    _memory: int = 0
    _isolation: str = ""

    def grade(self, steps: Sequence[Step]) -> Graded:
        """Take every step in order."""
        self._deadline = self.clock() + self.limits.submission_seconds
        outputs: dict[int, Outputs] = {}
        verdicts: dict[str, Verdict] = {}
        seconds: dict[str, float] = {}
        try:
            for step in steps:
                if step.kind == "run":
                    outputs[step.cell] = self._run(step)
                else:
                    started = self.clock()
                    verdicts[step.exercise] = self._judge(step.exercise)
                    seconds[step.exercise] = self.clock() - started
        finally:
            self._close()
        return Graded(outputs, verdicts, self._isolation, self._memory, seconds)

    def _run(self, step: Step) -> Outputs:
        try:
            outputs = self._alive().run_cell(step.source, self._time(self.limits.cell_seconds))
        except Stopped as stop:
            self._close()
            return [stopped_output(str(stop))]
        self._history.append(step)
        return outputs

    def _judge(self, exercise: str) -> Verdict:
        spec = self.specs.get(exercise)
        if spec is None:
            return needs_manual(exercise, "the course has no hidden checks for this exercise")
        try:
            seed, mutants = self.seeds[exercise], self.mutants[exercise]
            return judge(spec, seed, lambda case: self._ask(spec, case), mutants, self.laboratory)
        except Exception:  # noqa: BLE001 - a fault of ours, of whatever kind, must not become a student's zero
            self._close()
            return needs_manual(exercise, "the grader itself failed here", traceback.format_exc())

    def _ask(self, spec: ExerciseChecks, case: Case) -> Outcome:
        try:
            return self._alive().call(spec.exercise.name, case, self._time(self.limits.call_seconds), dict(spec.staff))
        except Stopped:
            self._close()
            raise

    def _alive(self) -> Student:
        while self._student is None:
            self._student = self.spawn()
            self._isolation = self._student.isolation
            self._replay(self._student)
        return self._student

    def _replay(self, student: Student) -> None:
        for step in tuple(self._history):
            timeout = self._time(self.limits.cell_seconds)
            try:
                student.run_cell(step.source, timeout)
            except Stopped:
                self._history.remove(step)
                self._close()
                return

    def _time(self, limit: float) -> float:
        left = self._deadline - self.clock()
        if left <= 0:
            raise Stopped(f"time limit of {self.limits.submission_seconds:g} s for the whole submission")
        return min(limit, left)

    def _close(self) -> None:
        if self._student is not None:
            self._memory = max(self._memory, self._student.memory_kib())
            self._student.close()
            self._student = None


def stopped_output(reason: str) -> dict[str, Any]:
    """An nbformat error output for a cell whose process was stopped."""
    message = f"Stopped: {reason}. The other cells were run without this one."
    return {"output_type": "error", "ename": "Stopped", "evalue": reason, "traceback": [message]}
