"""The largest error of a right answer and the smallest of a wrong one, for each case of one exercise.

Right are the solution and every variant, also where their arguments come in another way. At a tenth of the tolerance or
less an answer is right up to rounding, whoever gave it: a mutant that is right at a case says nothing there. Beyond
that it is wrong in value, noticed or not, and should be wrong by ten times the tolerance: nothing lies in between. A
mutant that is told otherwise (it raises, its shape or dtype is wrong, a number is not finite) has no error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from autograder.authoring.doctor.examining import SOLUTION
from autograder.authoring.doctor.fingerprint import fingerprint
from autograder.authoring.doctor.surveys.errors import Error, largest_error
from autograder.authoring.doctor.surveys.readings import READINGS, read_otherwise
from autograder.authoring.doctor.surveys.sweep import Steady, drawn_cases, measured_once
from autograder.course.content import Content
from coursekit.checking import Case, answer, judge_case
from coursekit.observing import Outcome
from coursekit.plain import leaves

FACTOR = 10  # between a right error and the tolerance, and between the tolerance and a wrong one


@dataclass(frozen=True)
class Place:
    """An error, whose it is, and when."""

    error: Error
    who: str
    when: str

    def __str__(self) -> str:
        error = self.error
        return f"{error.size:.1e} of {error.allowed:.1e} ({error.tolerance.reason}): {self.who}, {self.when}"


@dataclass
class Margin:
    """What is known of one case, over all seeds.

    Args:
        right: the largest error of a right answer, as a share of its tolerance.
        wrong: by the mutant's id, the smallest error of an answer that is wrong in value.
        near: those of them within ten times the tolerance where, with the same seed, no other case of the check
            rejects the mutant clearly: one case is enough to fail a check.
    """

    right: Place | None = None
    wrong: dict[str, Place] = field(default_factory=dict)
    near: dict[str, Place] = field(default_factory=dict)

    def add_right(self, place: Place) -> None:
        """Take in one more right answer."""
        if self.right is None or place.error.share > self.right.error.share:
            self.right = place

    def add_wrong(self, place: Place, *, alone: bool = False) -> None:
        """Take in one more answer of a mutant; ``alone``, where no other case of its check rejects it clearly."""
        for places in (self.wrong, self.near) if alone and place.error.share < FACTOR else (self.wrong,):
            known = places.get(place.who)
            if known is None or place.error.share < known.error.share:
                places[place.who] = place

    @property
    def nearest_wrong(self) -> Place | None:
        """The smallest error of all mutants that are wrong in value."""
        return min(self.wrong.values(), key=lambda place: place.error.share, default=None)

    def lines(self) -> Iterator[str]:
        """Both errors with their factors, for a table."""
        if self.right:
            share = self.right.error.share
            yield f"right {_factor(1 / share if share else math.inf)} below  {self.right}"
        if wrong := self.nearest_wrong:
            yield f"wrong {_factor(wrong.error.share)} above  {wrong}"

    def in_short(self) -> dict[str, dict[str, object]]:
        """Both errors, for machines."""
        places = {"right": self.right, "wrong": self.nearest_wrong}
        return {
            side: {"error": place.error.size, "allowed": place.error.allowed, "who": place.who, "when": place.when}
            for side, place in places.items()
            if place
        }


@dataclass
class Margins:
    """What is known of one exercise: by check and place of the case.

    Args:
        losses: one sentence for each case that a right answer fails.
    """

    cases: dict[str, Margin] = field(default_factory=dict)
    losses: list[str] = field(default_factory=list)

    def of(self, case: str) -> Margin:
        """That of one case."""
        return self.cases.setdefault(case, Margin())

    def add(self, other: Margins) -> None:
        """Take in what was measured elsewhere."""
        self.losses += other.losses
        for name, margin in other.cases.items():
            if margin.right:
                self.of(name).add_right(margin.right)
            for place in margin.wrong.values():
                self.of(name).add_wrong(place)
            for place in margin.near.values():
                self.of(name).add_wrong(place, alone=True)


def measure_right(
    content: Content, exercise: str, seeds: Sequence[int], where: str = "", *, ways: bool = True
) -> Margins:
    """Ask every correct implementation.

    Args:
        where: the surroundings, in words.
        ways: also with its arrays in other ways.
    """
    right = {SOLUTION: content.solutions[exercise]}
    right |= {f"variant {variant.id}": variant.function for variant in content.variants[exercise]}
    people: dict[tuple[str, str], Callable[[Case], Outcome]] = {}
    for who, function in right.items():
        people[who, ""] = Steady(function)
        for words, reading in READINGS.items() if ways else ():
            people[who, words] = Steady(read_otherwise(function, reading))
    margins = Margins()
    for seed, name, case in _questions(content, exercise, seeds):
        for (who, way), steady in people.items():
            if way and not _has_arrays(case):
                continue
            outcome = answer(case, steady)
            error, failure = largest_error(case, outcome), judge_case(case, outcome)
            when = ", ".join(word for word in (f"seed {seed}", way, where) if word)
            if error is not None:
                margins.of(name).add_right(Place(error, who, when))
            if failure is not None and (error is not None or not way):
                margins.losses.append(f"{name}: {who}, {when}: {failure.nature}")
            if error is None and failure is None and (who, way) == (SOLUTION, ""):
                break  # no tolerance has a say in this case
    return margins


def measure_wrong(content: Content, exercise: str, seeds: Sequence[int], right: Margins) -> Margins:
    """Ask every mutant that does not need a training.

    Args:
        right: a mutant that errs no more than these is right at a case.
    """
    people = {mutant.id: Steady(mutant.function) for mutant in content.mutants[exercise] if not mutant.trained}
    margins, known = Margins(), dict[tuple[str, Hashable], _Answer]()
    decided = {check_of(name) for name, margin in right.cases.items() if margin.right}
    for seed in seeds:
        cases = [
            (name, case, measured_once(case))
            for name, case in drawn_cases(content.specs[exercise], seed)
            if check_of(name) in decided
        ]
        for who, steady in people.items():
            answers = dict[str, _Answer]()
            for name, case, question in cases:
                key = (who, fingerprint(case))
                if key not in known:
                    known[key] = _answered(question, steady)
                answers[name] = known[key]
            _note(margins, right, who, f"seed {seed}", answers)
    return margins


@dataclass(frozen=True)
class _Answer:
    """Of a mutant: its error, where a tolerance decides; whether it is clearly wrong."""

    error: Error | None
    clear: bool


def _answered(case: Case, steady: Steady) -> _Answer:
    outcome = answer(case, steady)
    error = largest_error(case, outcome)
    told_otherwise = error is None and judge_case(case, outcome) is not None
    return _Answer(error, told_otherwise or (error is not None and error.share >= FACTOR))


def _note(margins: Margins, right: Margins, who: str, when: str, answers: dict[str, _Answer]) -> None:
    """Take in what a mutant answers with one seed."""
    clear = {check_of(name) for name, one in answers.items() if one.clear}
    for name, one in answers.items():
        known = right.cases.get(name, Margin()).right
        if known and one.error and one.error.share > max(1 / FACTOR, known.error.share):
            margins.of(name).add_wrong(Place(one.error, who, when), alone=check_of(name) not in clear)


def check_of(case: str) -> str:
    """The check of a case that is named by check and place.

    >>> check_of("'values', case 3")
    "'values'"
    """
    return case.rpartition(", case ")[0]


def _questions(content: Content, exercise: str, seeds: Sequence[int]) -> Iterator[tuple[int, str, Case]]:
    asked: set[Hashable] = set()
    for seed in seeds:
        for name, case in drawn_cases(content.specs[exercise], seed):
            question = fingerprint(case)
            if question not in asked and not case.raises:
                asked.add(question)
                yield seed, name, measured_once(case)


def _factor(times: float) -> str:
    return f"{times:8.1f} x" if times < 1e5 else f"{times:8.0e} x"


def _has_arrays(case: Case) -> bool:
    return any(isinstance(leaf, np.ndarray) for _, leaf in leaves([*case.args, *case.kwargs.values()]))
