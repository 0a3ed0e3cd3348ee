"""What is known of one exercise of one submission, each fact found by running code; nothing is run before it is needed.

Calls that a question shows are made in processes that have never been asked a hidden case: a function that keeps what
it was asked has nothing to give away. Checks, with their hidden cases, are asked in others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from autograder.classroom.quizzing.examining import Examination, Examinee
from autograder.classroom.quizzing.inputs import Input, hidden_cases, inputs
from autograder.classroom.quizzing.own import Change, Own
from autograder.classroom.quizzing.question import OPTIONS
from autograder.classroom.quizzing.texts import result
from autograder.course.bank import Function, Mutant
from autograder.course.checks import ExerciseChecks, generator
from coursekit.checking import compare
from coursekit.diagnosis import SAME
from coursekit.observing import Outcome, observe

MOST_CHANGES = 20  # that are looked at
MOST_INPUTS = 12
MOST_JUDGED = 12  # changes that are judged by all checks
MOST_LIKE = 6  # of them, those that look right
LATE, AGAIN = b"late", b"again"  # beside a submission's own seed: what a late check cell is asked, and a second opinion

Outcomes = tuple[Outcome | None, ...]


@dataclass(frozen=True)
class Judged:
    """Changes of a right function.

    Args:
        right: those that pass every check, with several seeds.
        wrong: those that fail one, and the name of the first.
    """

    right: tuple[Change, ...] = ()
    wrong: tuple[tuple[Change, str], ...] = ()


class Paper:
    """One exercise of one submission.

    Args:
        own: the student's function.
        solution: our own, which says what calls are inside the contract.
        seed: of the submission's hidden cases.
    """

    def __init__(
        self,
        own: Own,
        spec: ExerciseChecks,
        solution: Function,
        mutants: Sequence[Mutant],
        examination: Examination,
        seed: bytes,
    ) -> None:
        self.own, self.spec = own, spec
        self._solution, self._mutants, self._examination, self._seed = solution, mutants, examination, seed
        order = self.generator("changes").permutation(len(own.changes))[:MOST_CHANGES]
        self.changes = tuple(own.changes[number] for number in order)

    @property
    def name(self) -> str:
        """The exercise."""
        return self.own.name

    def generator(self, purpose: str) -> np.random.Generator:
        """Chance for one purpose; the same for the same submission."""
        return generator(self._seed, f"quiz: {purpose}")

    @cached_property
    def inputs(self) -> tuple[Input, ...]:
        """The calls that may be shown."""
        hidden = hidden_cases(self.spec, [self._seed, self._second(LATE), self._second(AGAIN)])
        found = inputs(self.spec, self._solution, hidden, self.generator("inputs"))
        order = self.generator("order").permutation(len(found))[:MOST_INPUTS]
        return tuple(found[number] for number in order)

    @cached_property
    def outcomes(self) -> Outcomes:
        """What the student's function does on each input; empty where its text does not do the same."""
        if not self.inputs:
            return ()
        asked = self._asked("")
        return asked if _same(asked, self._asked(self.own.source)) else ()

    @cached_property
    def changed(self) -> dict[Change, Outcomes]:
        """What changed functions do on each input, one after the other in one process: to be confirmed."""
        if not self.outcomes:
            return {}
        with self._examination.sitting(self.name) as examinee:
            found = {}
            for change in self.changes:
                examinee.define(change.source)
                found[change] = _answers(examinee, self.name, self.inputs)
            return found

    @cached_property
    def known_wrong(self) -> dict[Mutant, Outcomes]:
        """What known-wrong implementations do on each input; ours, so they run here."""
        return {
            mutant: tuple(observe(mutant.function, one.case.args, one.case.kwargs) for one in self.inputs)
            for mutant in self._mutants
            if mutant.description and not mutant.trained
        }

    @cached_property
    def expected(self) -> Outcomes:
        """What our solution does on each input: to tell a wrong result from a right one, never to be shown as such."""
        return tuple(observe(self._solution, one.case.args, one.case.kwargs) for one in self.inputs)

    def confirmed(self, change: Change | None, places: Sequence[int], known: Outcomes) -> bool:
        """Whether a changed function, or the student's own, does the same on some inputs in a fresh process."""
        again = [*places, *reversed(places)]  # what keeps a count, or a memory, does something else the second time
        asked = self._asked(change.source if change else "", [self.inputs[place] for place in again])
        return _same(asked, tuple(known[place] for place in again))

    @cached_property
    def judged(self) -> Judged:
        """Which changes of a function that passes every check still do. Nothing where the function itself does not.

        An accuracy item is no part of this: whether a change would lose it, nobody knows without a training.
        """
        if self.spec.trial is not None or not (self._passes("") and self._passes(self.own.source)):
            return Judged()
        right: list[Change] = []
        wrong: list[tuple[Change, str]] = []
        like, other = self._sorted_out()
        for change in [*like[:MOST_LIKE], *other][:MOST_JUDGED]:
            if right and len(wrong) >= OPTIONS - 1:
                break
            if like and not right and change in other:
                break  # no change that looks right is: what the others are no longer matters
            failed = self._first_failed(change)
            if failed:
                wrong.append((change, failed))
            elif failed == "" and not right and self._passes(change.source, AGAIN):
                right.append(change)
        return Judged(tuple(right), tuple(wrong))

    def _sorted_out(self) -> tuple[list[Change], list[Change]]:
        """The changes that do as the student's function does on every input, and the others.

        Without those that took their process along: each would cost as much as a call may.
        """
        if not self.changed:
            return [], list(self.changes)
        alive = [change for change in self.changes if None not in self.changed[change]]
        like = [change for change in alive if _same(self.changed[change], self.outcomes)]
        return like, [change for change in alive if change not in like]

    def _first_failed(self, change: Change) -> str | None:
        """The first check that a change fails, in a fresh process; "" for none, None where that is not certain."""
        with self._examination.sitting(self.name, change.source) as examinee:
            verdict = examinee.verdict(self.spec, self._seed)
        if verdict.reason or verdict.status != "graded":
            return None
        return next((check.name for check in verdict.checks if check.failed), "" if verdict.full else None)

    def _passes(self, source: str, other: bytes = b"") -> bool:
        """Whether a function passes every check, in a fresh process."""
        with self._examination.sitting(self.name, source) as examinee:
            verdict = examinee.verdict(self.spec, self._second(other) if other else self._seed)
        return verdict.full and not verdict.reason

    def _second(self, other: bytes) -> bytes:
        """Another seed of this submission; for ``LATE`` the one that grading draws."""
        return hashlib.sha256(self._seed + other).digest()

    def _asked(self, source: str, some: Sequence[Input] | None = None) -> Outcomes:
        with self._examination.sitting(self.name, source) as examinee:
            return _answers(examinee, self.name, self.inputs if some is None else some)


def _answers(examinee: Examinee, name: str, some: Sequence[Input]) -> Outcomes:
    """What a function does on inputs; after the first that takes its process along, nothing more is asked."""
    found: list[Outcome | None] = []
    for one in some:
        found.append(examinee.outcome(name, one.case))
        if found[-1] is None:
            break
    return (*found, *[None] * (len(some) - len(found)))


def alike(one: Outcome | None, other: Outcome | None) -> bool:
    """Whether two calls gave the same, up to rounding; what is not known is like nothing."""
    if one is None or other is None:
        return False
    if one.error is not None or other.error is not None:
        return one.error is not None and other.error is not None and one.error.kind == other.error.kind
    return compare(one.value, other.value, SAME) is None and compare(other.value, one.value, SAME) is None


def apart(one: Outcome | None, other: Outcome | None) -> bool:
    """Whether a person can see that two calls gave different results."""
    texts = result(one), result(other)
    return None not in texts and texts[0] != texts[1] and not alike(one, other)


def _same(one: Outcomes, other: Outcomes) -> bool:
    return len(one) == len(other) and all(map(alike, one, other))
