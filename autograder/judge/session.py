"""Take one submission from its first cell to its last verdict, whatever its code does to the process it runs in."""

from __future__ import annotations

import hashlib
import re
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal, NamedTuple, Protocol, TypeVar

from autograder.course.checks import ExerciseChecks
from autograder.course.trials import Laboratory, Stopped
from autograder.jail.limits import Limits, Lost, Starved
from autograder.judge.judging import KnownWrong, is_missing, judge
from autograder.judge.verdict import Verdict, needs_manual, worn_out
from coursekit.checking import Case
from coursekit.diagnosis import undefined
from coursekit.observing import Outcome

Outputs = list[dict[str, Any]]
T = TypeVar("T")
OUT_OF_MEMORY = "ResourceExhaustedError"  # TensorFlow's, known by name: this module does without TensorFlow
UNDEFINED = ("NameError", "NotImplementedError")  # what a call meets where a cell further below is still missing
WAIT_SECONDS = 1.0  # a cell that sleeps longer than this, and half of its time, is not worth a second night
MAX_ERROR = 200
MAX_LOSSES = 5  # of one submission's processes, with their server
MISSING = re.compile(r"name '(\w+)' is not defined")
UNREADABLE = ("SyntaxError", "IndentationError", "TabError")
LATE = "judged once all your cells had run: at its check cell something was not defined yet"


@dataclass(frozen=True)
class Step:
    """One code cell: ``run`` the student's source, or ``judge`` the exercise whose check cell this is.

    Args:
        own: whether it runs for nobody's points: a cell that the student added.
        definitions: run the definitions and imports in it alone.
        late: judge once more, now that every cell has run, where something was not defined yet at its place.
    """

    cell: int
    kind: Literal["run", "judge"]
    source: str = ""
    exercise: str = ""
    own: bool = False
    definitions: bool = False
    late: bool = False


class Spent(NamedTuple):
    """Seconds of work: of everything, and of what ran for nobody's points."""

    whole: float = 0.0
    own: float = 0.0


NOTHING = Spent()


class Killed(Stopped):
    """The student's process was killed, not by us: once, that is nobody's fault; twice, its code may have done it."""


class Student(Protocol):
    """A student process, seen from the trusted side. ``Stopped`` is raised when it is gone.

    ``spent`` is its work so far, in seconds; ``slept`` the part of it in which it only waited.
    """

    @property
    def isolation(self) -> str: ...
    @property
    def spent(self) -> float: ...
    @property
    def slept(self) -> float: ...
    def run_cell(self, source: str, timeout: float, definitions: bool) -> Outputs: ...
    def call(self, function: str, case: Case, timeout: float, staff: Mapping[str, Callable[..., Any]]) -> Outcome: ...
    def memory_kib(self) -> int: ...
    def close(self) -> None: ...


class Listener(Protocol):
    """Hears of everything as it happens. ``number`` is a step's place in the plan.

    Of a cell that ran, ``replay`` is what a fresh process is to run of it; None for nothing.
    """

    def begins(self, number: int, spent: Spent, undefined: Sequence[str]) -> None: ...
    def ran(self, number: int, outputs: Outputs, replay: Step | None) -> None: ...
    def judged(self, number: int, verdict: Verdict, seconds: float) -> None: ...
    def passed_over(self, number: int) -> None: ...


@dataclass
class Session:
    """Runs cells and judges exercises in order, in one student process and, after a death, in a fresh one.

    The call that killed the process is not tried again, and of the cell that did only definitions and imports are; the
    other cells are replayed before the next step, those that only waited by their definitions, too. Who was starved by
    a busy machine, or killed from outside, is tried again once, in a fresh process.

    Args:
        history: cells that ran in an earlier session, to be replayed before anything else.
        undefined: exercises for which something was not defined at their place, in an earlier session.
        before: what the submission had used then.
        proven: for each exercise the numbers of known-wrong and of known-right implementations that `course doctor`
            judges.
    """

    spawn: Callable[[], Student]
    limits: Limits
    specs: Mapping[str, ExerciseChecks]
    mutants: Mapping[str, Sequence[KnownWrong]]
    seeds: Mapping[str, bytes]
    laboratory: Laboratory | None = None
    history: list[Step] = field(default_factory=list)
    undefined: set[str] = field(default_factory=set)
    before: Spent = NOTHING
    proven: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic
    isolation: str = ""
    memory_kib: int = 0
    _student: Student | None = None
    _sources: list[str] = field(default_factory=list)  # of the cells that Python could read
    _wanted: dict[str, set[str]] = field(default_factory=dict)  # names that were not there, by exercise
    _rested: bool = False  # whether cells that stopped for want of a name have run again
    _losses: int = 0  # processes that were lost with their server
    _spared: list[Step] = field(default_factory=list)  # cells in whose replay a process was killed from outside, once
    _errors: list[tuple[Step, str]] = field(default_factory=list)  # the cells that stopped, and how

    @property
    def spent(self) -> Spent:
        """What the submission has used, all its processes together."""
        return self.before._replace(whole=self.before.whole + (self._student.spent if self._student else 0.0))

    def grade(self, steps: Sequence[Step], listener: Listener, first: int = 0) -> None:
        """Take every step in order, from the one with number ``first``."""
        try:
            for number, step in enumerate(steps[first:], first):
                listener.begins(number, self.spent, sorted(self.undefined))
                if step.kind == "run":
                    listener.ran(number, *self._run(step))
                elif step.late and step.exercise not in self.undefined:
                    listener.passed_over(number)
                else:
                    started = self.clock()
                    verdict = self._judge(step)
                    listener.judged(number, verdict, self.clock() - started)
        finally:
            self._close()

    # ----------------------------------------------------------------------------------------------------------- cells

    def _run(self, step: Step) -> tuple[Outputs, Step | None]:
        """What a cell shows, and what of it is to be replayed later."""
        short = self._affordable(step)
        try:
            outputs, waited = self._twice(lambda: self._cell(short))
        except Stopped as stop:
            self._close()
            replay = _shortened(step) if not short.definitions else None
            own_are_over = short.own and self.spent.own >= self.limits.own_seconds
            outputs = [stopped_output(self.limits.own_cells if own_are_over else str(self._named(stop)))]
        else:
            replay = _shortened(step) if waited else short
            outputs += [cut_short_output(self.limits.own_cells)] if short is not step else []
        errors = _last_error(outputs)
        self._errors += [(short, text) for text in errors]
        self._sources += [step.source] if not any(text.startswith(UNREADABLE) for text in errors) else []
        self.history += [replay] if replay else []
        return outputs, replay

    def _run_once_more(self) -> None:
        """Run cells again that stopped for want of a name: by now it may be there."""
        waiting, self._errors = self._errors, []
        for step, text in waiting:
            if text.startswith("NameError") and not self._rested:
                self._run(step)
            else:
                self._errors.append((step, text))
        self._rested = True

    def _affordable(self, step: Step) -> Step:
        """What of a cell may still run: its definitions alone, where the student's own cells have had their time."""
        if not step.own or self.spent.own < self.limits.own_seconds:
            return step
        return _shortened(step)

    def _cell(self, step: Step) -> tuple[Outputs, bool]:
        """Run a cell; what it shows, and whether it did little else than wait."""
        student, timeout = self._alive(), self._time(self.limits.cell_seconds, own=step.own)
        spent, slept = student.spent, student.slept
        try:
            outputs = student.run_cell(step.source, timeout, step.definitions)
        finally:
            used = student.spent - spent
            self.before = self.before._replace(own=self.before.own + used * step.own)
        return outputs, student.slept - slept > max(WAIT_SECONDS, used / 2)

    def _alive(self) -> Student:
        while self._student is None:
            self._student = self.spawn()
            self.isolation = self._student.isolation
            self._replay()
        return self._student

    def _replay(self) -> None:
        for step in tuple(self.history):
            try:
                self._cell(self._affordable(step))
            except Stopped as stop:
                if isinstance(stop, Killed) and step not in self._spared:
                    self._spared.append(step)
                else:
                    self.history.remove(step)
                self._close()
                return

    # -------------------------------------------------------------------------------------------------------- exercises

    def _judge(self, step: Step) -> Verdict:
        exercise = step.exercise
        spec = self.specs.get(exercise)
        if spec is None:
            return needs_manual(exercise, "the course has no hidden checks for this exercise")
        try:
            if step.late:
                self._run_once_more()
            verdict = self._judged(spec, step.late)
        except (Lost, Starved):
            raise
        except Exception as error:  # noqa: BLE001 - a fault of ours, of whatever kind, must not become a student's zero
            self._close()
            if isinstance(error, MemoryError) or type(error).__name__ == OUT_OF_MEMORY:
                return worn_out(exercise, f"memory limit of {self.limits.judge_memory_mb} MiB")
            return needs_manual(exercise, "the grader itself failed here", traceback.format_exc())
        if verdict.full:
            self.undefined.discard(exercise)
            return verdict
        cut_short = self.spent.own >= self.limits.own_seconds  # some cells were; what they lacked may be missing here
        out_of_time = cut_short or verdict.reason == self.limits.whole_submission
        flagged = out_of_time or (step.late and self._is_there(exercise))
        proven = None if verdict.reason else self.proven.get(exercise)  # nothing to doubt where nothing was judged
        return replace(verdict, flagged=flagged, proven=proven)

    def _is_there(self, exercise: str) -> bool:
        """Whether some cell defines a name that the exercise did not find: cells may have been moved or cut."""
        return any(binds(source, name) for source in self._sources for name in self._wanted.get(exercise, ()))

    def _judged(self, spec: ExerciseChecks, late: bool) -> Verdict:
        """The verdict on an exercise: with our versions of earlier ones, or with the student's own where that is more.

        Their own serve calls that ours know nothing of: another parameter, an attribute, a version for this exercise.
        """
        name, lent = spec.exercise.name, {function.__name__: function for function in spec.staff}
        own = partial(self._ask, name, staff={})
        # Another seed: what the cases of the first judging have told is of no use in the second.
        seed = hashlib.sha256(self.seeds[name] + b"late").digest() if late else self.seeds[name]
        verdict = judge(spec, seed, partial(self._ask, name, staff=lent), self.mutants[name], self.laboratory)
        if lent and any(check.failed for check in verdict.checks):
            tried = judge(spec, seed, own)  # without trials, which take long
            if len(_passed(tried)) > len(_passed(verdict) & {check.name for check in tried.checks}):
                tried = judge(spec, seed, own, self.mutants[name], self.laboratory)
                note = f"judged with your own {' and '.join(lent)}"
                verdict = replace(tried, note=note) if tried.total > verdict.total else verdict
        return replace(verdict, note=LATE) if late else verdict

    def _ask(self, name: str, case: Case, staff: Mapping[str, Callable[..., Any]]) -> Outcome:
        try:
            outcome = self._twice(lambda: self._alive().call(name, case, self._time(self.limits.call_seconds), staff))
        except Stopped as stop:
            self._close()
            raise self._named(stop) from None
        if outcome.error is not None and outcome.error.kind in UNDEFINED:
            self.undefined.add(name)
            self._wanted.setdefault(name, set()).update(MISSING.findall(outcome.error.message))
        cause = next((text for step, text in reversed(self._errors) if binds(step.source, name)), "")
        return replace(outcome, error=undefined(name, cause)) if cause and is_missing(outcome) else outcome

    # ------------------------------------------------------------------------------------------------------- processes

    def _twice(self, action: Callable[[], T]) -> T:
        """Do something in the student's process, once more in a fresh one when others were in its way."""
        try:
            return action()
        except Lost:  # no student's code can do that
            self._close()
            self._losses += 1
            if self._losses > MAX_LOSSES:
                raise
            return self._twice(action)
        except (Killed, Starved):
            self._close()
            return action()

    def _time(self, limit: float, *, own: bool = False) -> float:
        whole, used = self.spent
        left = self.limits.own_seconds - used if own else self.limits.submission_seconds - (whole - used)
        if left <= 0:
            raise Stopped(self.limits.whole_submission)
        return min(limit, left)

    def _named(self, stop: Stopped) -> Stopped:
        """The limit of the whole submission, where a call had less than its own left."""
        whole, own = self.spent
        return Stopped(self.limits.whole_submission) if whole - own >= self.limits.submission_seconds else stop

    def _close(self) -> None:
        if self._student is not None:
            self.memory_kib = max(self.memory_kib, self._student.memory_kib())
            self.before, student, self._student = self.spent, self._student, None
            student.close()


def binds(source: str, name: str) -> bool:
    """Whether a cell looks as if it gave this name to something; a hint rests on it, no verdict."""
    defined, assigned = rf"^\s*(?:async\s+def|def|class)\s+{name}\b", rf"^{name}\s*(?::[^=\n]*)?=(?!=)"
    return re.search(f"{defined}|{assigned}", source, re.MULTILINE) is not None


def _passed(verdict: Verdict) -> set[str]:
    return {check.name for check in verdict.checks if check.passed}


def _shortened(step: Step) -> Step:
    """The definitions and imports of a cell, which are everybody's."""
    return replace(step, definitions=True, own=False)


def _last_error(outputs: Outputs) -> list[str]:
    """What stopped a cell, in words, if anything did."""
    errors = [output for output in outputs if output["output_type"] == "error"]
    return [f"{error['ename']}: {error['evalue']}"[:MAX_ERROR] for error in errors[-1:]]


def stopped_output(reason: str) -> dict[str, Any]:
    """An nbformat error output for a cell whose process was stopped."""
    message = f"Stopped: {reason}. Only the definitions and imports of this cell were kept; the other cells were run."
    return {"output_type": "error", "ename": "Stopped", "evalue": reason, "traceback": [message]}


def cut_short_output(limit: str) -> dict[str, Any]:
    """An nbformat error output for a cell of which only the definitions were run."""
    message = f"Stopped: {limit}. Only the definitions and imports of this cell were run."
    return {"output_type": "error", "ename": "Stopped", "evalue": limit, "traceback": [message]}
