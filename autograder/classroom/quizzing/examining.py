"""Ask a student's function, and changed ones in its place, in fresh processes behind the walls: the road of grading."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from autograder.course.checks import ExerciseChecks
from autograder.course.trials import Stopped
from autograder.judge.judging import judge
from autograder.judge.session import NOTHING, Session, Spent, Step
from autograder.judge.verdict import Verdict
from coursekit.checking import Case
from coursekit.observing import Outcome


class Examinee(Session):
    """A session in which our own cells follow the student's, and every question is put to the student's own names."""

    def attend(self, steps: Sequence[Step]) -> None:
        """Run cells; whatever they do to their process, the others are run."""
        for step in steps:
            self._run(step)

    def define(self, source: str) -> None:
        """Run a cell of ours, which puts a changed function in the place of the student's."""
        self._run(Step(-1, "run", source=source))

    def outcome(self, name: str, case: Case) -> Outcome | None:
        """What the function of this name does; None where it took its process along, or there is no time left."""
        try:
            return self._ask(name, case, staff={})
        except Stopped:
            return None

    def verdict(self, spec: ExerciseChecks, seed: bytes) -> Verdict:
        """What the checks say of the exercise's function; a trial is not among them."""
        return judge(spec, seed, partial(self._ask, spec.exercise.name, staff={}))

    def leave(self) -> Spent:
        """End the process; what the submission has used up so far."""
        self._close()
        return self.spent


class Examination:
    """Asks one submission as often as needed, in a fresh process each time; all together have one submission's time.

    Args:
        enter: opens a session that has used up so much.
        steps: of the submission, as it is graded.
    """

    def __init__(self, enter: Callable[[Spent], Examinee], steps: Sequence[Step]) -> None:
        self._enter, self._steps = enter, [step for step in steps if not step.late]
        self._spent = NOTHING

    @property
    def exercises(self) -> list[str]:
        """The exercises, in the order of their check cells."""
        return [step.exercise for step in self._steps if step.kind == "judge"]

    def cells(self, exercise: str) -> list[Step]:
        """The student's cells before the check cell of an exercise."""
        place = next(n for n, step in enumerate(self._steps) if step.exercise == exercise)
        return [step for step in self._steps[:place] if step.kind == "run"]

    @contextmanager
    def sitting(self, exercise: str, source: str = "") -> Iterator[Examinee]:
        """A fresh process in which the student's cells have run, and then a changed function was defined, if any."""
        examinee = self._enter(self._spent)
        try:
            examinee.attend(self.cells(exercise))
            if source:
                examinee.define(source)
            yield examinee
        finally:
            self._spent = examinee.leave()
