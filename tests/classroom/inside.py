"""A student's process in this process, for tests of what is asked; `test_quizzing.py` asks real ones, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from allowed import some_limits

from autograder.classroom.quizzing.examining import Examination, Examinee
from autograder.course.checks import seed
from autograder.course.content import Content
from autograder.course.trials import Stopped
from autograder.judge.session import Outputs, Step
from coursekit.checking import Case
from coursekit.observing import Outcome, observe

PREAMBLE = "import numpy as np\n"


class Inside:
    """Runs cells and calls functions; a call of ``DIE`` ends it."""

    isolation, spent, slept = "none", 0.0, 0.0

    def __init__(self) -> None:
        self.names: dict[str, Any] = {}

    def run_cell(self, source: str, timeout: float, definitions: bool) -> Outputs:
        exec(source, self.names)
        return []

    def call(self, function: str, case: Case, timeout: float, staff: Mapping[str, Callable[..., Any]]) -> Outcome:
        outcome = observe(self.names[function], case.args, case.kwargs, case.errstate, repeat=case.advances)
        if outcome.error is not None and outcome.error.kind == "MemoryError":
            raise Stopped("memory limit")
        return outcome

    def memory_kib(self) -> int:
        return 0

    def close(self) -> None:
        pass


def examination(cells: Mapping[str, str]) -> Examination:
    """An examination of functions, by exercise, each in a cell of its own."""
    steps = [Step(0, "run", source=PREAMBLE)]
    for name, source in cells.items():
        steps += [Step(0, "run", source=source), Step(0, "judge", exercise=name)]
    return Examination(lambda spent: Examinee(Inside, some_limits(), {}, {}, {}, before=spent), steps)


def seeds(content: Content, submission: bytes = b"") -> dict[str, bytes]:
    """Seeds of hidden cases, as a submission has them."""
    return {name: seed(b"secret", "a1", name, submission) for name in content.specs}
