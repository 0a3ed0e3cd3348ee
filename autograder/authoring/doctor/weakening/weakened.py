"""A weakening of the grader: what it is, and whether somebody notices."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from autograder.course.checks import ExerciseChecks, seed

Instead = Callable[..., Any]
Cheat = Callable[[ExerciseChecks, Callable[..., Any]], Callable[..., Any]]
# Who notices: known implementations of an exercise as the doctor judges them, those that are trained, a cheat, or a
# small class whose notebooks are graded behind the walls.
Witnesses = Literal["bank", "training", "cheat", "class"]


@dataclass(frozen=True)
class Weakening:
    """One way in which the grader could be wrong.

    Args:
        targets: the functions that it replaces, as ``module:qualified.name``.
        instead: called in their place, with the function as it was, then with the arguments of the call.
        lets_pass: the kinds of failures, as ``Failure.kind``, that should not be seen any more: mutants that fail by
            nothing else are asked first.
        wrongs: whether correct implementations should lose points: they are asked first.
        cheat: makes a function that keeps full marks when the grader is so weak, from checks and the solution.
        witnesses: who is asked.
    """

    name: str
    what: str
    targets: tuple[str, ...]
    instead: Instead
    lets_pass: frozenset[str] = frozenset()
    wrongs: bool = False
    cheat: Cheat | None = None
    witnesses: Witnesses = "bank"


class Weakenings:
    """Collects weakenings, in the order in which they are written."""

    def __init__(self) -> None:
        self.all: list[Weakening] = []

    def weakens(
        self,
        *targets: str,
        lets_pass: Sequence[str] = (),
        wrongs: bool = False,
        cheat: Cheat | None = None,
        witnesses: Witnesses = "bank",
    ) -> Callable[[Instead], Instead]:
        """Register a weakening; its name is the function's, the first line of the docstring says what it does."""

        def register(instead: Instead) -> Instead:
            what = (inspect.getdoc(instead) or "").partition("\n")[0]
            known = "cheat" if cheat else witnesses
            one = Weakening(instead.__name__, what, targets, instead, frozenset(lets_pass), wrongs, cheat, known)
            self.all.append(one)
            return instead

        return register


def seed_of(spec: ExerciseChecks, submission: str) -> bytes:
    """The seed of an exercise's hidden cases for a submission, as the grader makes it."""
    return seed(b"the secret of the course", "an assignment", spec.exercise.name, submission.encode())
