"""Take one submission from its first cell to its last verdict, whatever its code does to the process it runs in."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar

from autograder.checking import Case
from autograder.jail.limits import Limits, Starved
from autograder.judge.checks import ExerciseChecks
from autograder.judge.judging import KnownWrong, Stopped, judge
from autograder.judge.trials import Laboratory
from autograder.judge.verdict import Verdict, needs_manual, worn_out
from autograder.observing import Outcome

Outputs = list[dict[str, Any]]
T = TypeVar("T")
OUT_OF_MEMORY = "ResourceExhaustedError"  # TensorFlow's, known by name: this module does without TensorFlow


@dataclass(frozen=True)
class Step:
    """One code cell: ``run`` the student's source, or ``judge`` the exercise whose check cell this is."""

    cell: int
    kind: Literal["run", "judge"]
    source: str = ""
    exercise: str = ""


class Student(Protocol):
    """A student process, seen from the trusted side. ``Stopped`` is raised when it is gone.

    ``spent`` is its work so far, in seconds.
    """

    @property
    def isolation(self) -> str: ...
    @property
    def spent(self) -> float: ...
    def run_cell(self, source: str, timeout: float) -> Outputs: ...
    def call(self, function: str, case: Case, timeout: float, staff: Mapping[str, Callable[..., Any]]) -> Outcome: ...
    def memory_kib(self) -> int: ...
    def close(self) -> None: ...


class Listener(Protocol):
    """Hears of everything as it happens. ``number`` is a step's place in the plan."""

    def begins(self, number: int, spent: float) -> None: ...
    def ran(self, number: int, outputs: Outputs, replay: bool) -> None: ...
    def judged(self, number: int, verdict: Verdict, seconds: float) -> None: ...


@dataclass
class Session:
    """Runs cells and judges exercises in order, in one student process and, after a death, in a fresh one.

    The cell or call that killed the process is not tried again; the other cells are replayed before the next step.
    Who was starved by a busy machine is tried again once, in a fresh process.

    Args:
        history: cells that ran in an earlier session, to be replayed before anything else.
        spent_before: seconds of work that the submission had used then.
    """

    spawn: Callable[[], Student]
    limits: Limits
    specs: Mapping[str, ExerciseChecks]
    mutants: Mapping[str, Sequence[KnownWrong]]
    seeds: Mapping[str, bytes]
    laboratory: Laboratory | None = None
    history: list[Step] = field(default_factory=list)
    spent_before: float = 0.0
    clock: Callable[[], float] = time.monotonic
    isolation: str = ""
    memory_kib: int = 0
    _student: Student | None = None

    @property
    def spent(self) -> float:
        """Seconds of work that the submission has used, all its processes together."""
        return self.spent_before + (self._student.spent if self._student is not None else 0.0)

    def grade(self, steps: Sequence[Step], listener: Listener, first: int = 0) -> None:
        """Take every step in order, from the one with number ``first``."""
        try:
            for number, step in enumerate(steps[first:], first):
                listener.begins(number, self.spent)
                if step.kind == "run":
                    outputs, replay = self._run(step)
                    listener.ran(number, outputs, replay)
                else:
                    started = self.clock()
                    verdict = self._judge(step.exercise)
                    listener.judged(number, verdict, self.clock() - started)
        finally:
            self._close()

    def _run(self, step: Step) -> tuple[Outputs, bool]:
        """What a cell shows, and whether it is to be replayed later."""
        try:
            outputs = self._twice(lambda: self._alive().run_cell(step.source, self._time(self.limits.cell_seconds)))
        except Stopped as stop:
            self._close()
            return [stopped_output(str(self._named(stop)))], False
        self.history.append(step)
        return outputs, True

    def _judge(self, exercise: str) -> Verdict:
        spec = self.specs.get(exercise)
        if spec is None:
            return needs_manual(exercise, "the course has no hidden checks for this exercise")
        try:
            seed, mutants = self.seeds[exercise], self.mutants[exercise]
            return judge(spec, seed, lambda case: self._ask(spec, case), mutants, self.laboratory)
        except Starved:
            raise
        except Exception as error:  # noqa: BLE001 - a fault of ours, of whatever kind, must not become a student's zero
            self._close()
            if isinstance(error, MemoryError) or type(error).__name__ == OUT_OF_MEMORY:
                return worn_out(exercise, f"memory limit of {self.limits.judge_memory_mb} MiB")
            return needs_manual(exercise, "the grader itself failed here", traceback.format_exc())

    def _ask(self, spec: ExerciseChecks, case: Case) -> Outcome:
        name, staff = spec.exercise.name, dict(spec.staff)
        try:
            return self._twice(lambda: self._alive().call(name, case, self._time(self.limits.call_seconds), staff))
        except Stopped as stop:
            self._close()
            raise self._named(stop) from None

    def _twice(self, action: Callable[[], T]) -> T:
        """Do something in the student's process, once more in a fresh one when the machine was too busy for it."""
        try:
            return action()
        except Starved:
            self._close()
            return action()

    def _alive(self) -> Student:
        while self._student is None:
            self._student = self.spawn()
            self.isolation = self._student.isolation
            self._replay(self._student)
        return self._student

    def _replay(self, student: Student) -> None:
        for step in tuple(self.history):
            timeout = self._time(self.limits.cell_seconds)
            try:
                student.run_cell(step.source, timeout)
            except Stopped:
                self.history.remove(step)
                self._close()
                return

    def _time(self, limit: float) -> float:
        left = self.limits.submission_seconds - self.spent
        if left <= 0:
            raise Stopped(self.limits.whole_submission)
        return min(limit, left)

    def _named(self, stop: Stopped) -> Stopped:
        """The limit of the whole submission, where a call had less than its own left."""
        return Stopped(self.limits.whole_submission) if self.spent >= self.limits.submission_seconds else stop

    def _close(self) -> None:
        if self._student is not None:
            self.memory_kib = max(self.memory_kib, self._student.memory_kib())
            self.spent_before, student, self._student = self.spent, self._student, None
            student.close()


def stopped_output(reason: str) -> dict[str, Any]:
    """An nbformat error output for a cell whose process was stopped."""
    message = f"Stopped: {reason}. The other cells were run without this one."
    return {"output_type": "error", "ename": "Stopped", "evalue": reason, "traceback": [message]}
