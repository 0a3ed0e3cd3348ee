"""What the judge asks: checks, each a family of cases drawn from a generator and worth a share of a part; trials."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from autograder.course.config import ACCURACY, WHOLE
from autograder.course.trials import Trial
from coursekit.checking import Case, Exercise

PUBLIC = "public cases"  # begins the names of the checks that ask them


@dataclass(frozen=True)
class Check:
    """One aspect of an exercise.

    Args:
        name: the aspect, in words a student understands.
        cases: draws the cases; expected values come from a reference computed by another route.
        share: its weight among the checks of its part.
        part: which part of the exercise's points it belongs to (``course.yaml``).
        core: when it fails, nothing else in its part earns points: right dtypes of wrong values are worth nothing.
        hidden: False for the public cases, which students have seen.
    """

    name: str
    cases: Callable[[np.random.Generator], Sequence[Case]]
    share: float = 1.0
    part: str = WHOLE
    core: bool = False
    hidden: bool = True

    def drawn(self, seed: bytes) -> Check:
        """The same check with the cases of one seed, drawn once."""
        cases = tuple(self.cases(generator(seed, self.name)))
        return replace(self, cases=lambda rng: cases)


@dataclass(frozen=True)
class ExerciseChecks:
    """Every check of one exercise, the public cases among them.

    Args:
        exercise: the public half; its ``returns`` and ``hints`` serve the hidden half too.
        checks: hidden checks.
        trial: an accuracy to reach in a training of ours, which serves the part ``accuracy``.
        staff: the course's own versions of the earlier exercises that a solution may call.
        seeds: how many seeds `course doctor` tries; 1 where a case builds a network and draws its weights alone.
    """

    exercise: Exercise
    checks: tuple[Check, ...]
    trial: Trial | None = None
    staff: tuple[Callable[..., Any], ...] = ()
    seeds: int = 3

    @property
    def builds_networks(self) -> bool:
        """Whether judging one function takes a second rather than a hundredth of it."""
        return self.seeds == 1

    @property
    def all_checks(self) -> tuple[Check, ...]:
        """The public cases first, one check for each part, then the hidden checks; not the trial."""
        return (*(self._public(part) for part in dict.fromkeys(map(self._part, self.exercise.cases))), *self.checks)

    @property
    def parts(self) -> set[str]:
        """The parts of the exercise's points that something serves."""
        return {check.part for check in self.all_checks} | ({ACCURACY} if self.trial else set())

    @property
    def hidden_names(self) -> tuple[str, ...]:
        """The names of all that is hidden, the trial's last."""
        return (*(check.name for check in self.checks), *([self.trial.name] if self.trial else []))

    def drawn(self, seed: bytes) -> ExerciseChecks:
        """The same checks with the cases of one seed, drawn once: for judging many functions by them."""
        return replace(self, checks=tuple(check.drawn(seed) for check in self.checks))

    def _part(self, case: Case) -> str:
        """The part of a public case: its own, or the one that all checks serve."""
        parts = {check.part for check in self.checks}
        if not case.part and len(parts) > 1:
            expected = f"expected Case(..., part=...) for each public case, one of {', '.join(sorted(parts))}"
            raise ValueError(f"{self.exercise.name}: {expected}; received none")
        return case.part or next(iter(parts), WHOLE)

    def _public(self, part: str) -> Check:
        cases = tuple(case for case in self.exercise.cases if self._part(case) == part)
        name = PUBLIC if part == WHOLE else f"{PUBLIC}, {part}"
        return Check(name, lambda rng: cases, part=part, hidden=False)

    @cached_property
    def count(self) -> int:
        """The number of hidden cases, the same for every seed; a trial is one."""
        drawn = (check.cases(generator(b"count", check.name)) for check in self.checks)
        return sum(map(len, drawn)) + (self.trial is not None)


def is_public(check: str) -> bool:
    """Whether a check of this name asks public cases.

    >>> is_public("public cases, values"), is_public("values")
    (True, False)
    """
    return check.partition(", ")[0] == PUBLIC


def seed(secret: bytes, assignment: str, exercise: str, submission: bytes) -> bytes:
    """The seed of one submission's hidden cases: nobody without the secret can know it, and it never changes."""
    message = b"\0".join([assignment.encode(), exercise.encode(), hashlib.sha256(submission).digest()])
    return hmac.new(secret, message, hashlib.sha256).digest()


def generator(seed: bytes, check: str) -> np.random.Generator:
    """A generator for one check, independent of every other check of the exercise."""
    digest = hashlib.sha256(seed + b"\0" + check.encode()).digest()
    return np.random.default_rng(np.frombuffer(digest, "<u4"))
