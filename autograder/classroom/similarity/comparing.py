"""Compare submissions with each other: who shares what nobody was given, and few others wrote."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from autograder.classroom.similarity.winnowing import Fingerprint, fingerprints

LEAST = 0.3  # of the smaller one's fingerprints, for a pair to be shown
FEW = 8  # fingerprints: whoever wrote less is not alike by having little
COMMON = 0.25  # of the class: what more than so many wrote is the usual way to write it,
COMMON_LEAST = 5  # if they are more than so many

Mark = tuple[str, int]  # exercise and hash: the same line for another purpose is another thing


@dataclass(frozen=True)
class Work:
    """One submission.

    Args:
        student: whose.
        pieces: the student's code by exercise.
        year: "" for this class, or what the lecturer calls an earlier one.
    """

    student: str
    pieces: Mapping[str, str]
    year: str = ""

    @property
    def label(self) -> str:
        """The student, and where from."""
        return f"{self.student} ({self.year})" if self.year else self.student


@dataclass(frozen=True)
class Passage:
    """An exercise in which two submissions are alike: both texts, and the lines of each that the other has, too."""

    exercise: str
    texts: tuple[str, str]
    lines: tuple[frozenset[int], frozenset[int]]


@dataclass(frozen=True)
class Pair:
    """Two submissions that are alike.

    Args:
        share: of the fingerprints of the smaller one, those that the other has, too.
        shared: how many those are.
    """

    works: tuple[Work, Work]
    share: float
    shared: int
    passages: tuple[Passage, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        students = [{"student": work.student, "year": work.year} for work in self.works]
        exercises = [passage.exercise for passage in self.passages]
        return {"students": students, "share": round(self.share, 4), "shared": self.shared, "exercises": exercises}


Prints = dict[Mark, list[Fingerprint]]


def alike(works: Sequence[Work], released: Mapping[str, str], least: float = LEAST) -> list[Pair]:
    """The pairs that are alike, the most alike first; two of earlier years are nobody's business.

    Args:
        works: this class's and those of earlier years.
        released: the code that everybody was given, by exercise.
        least: the smallest share of a pair.
    """
    given = set(_prints(released))
    found = [{mark: where for mark, where in _prints(work.pieces).items() if mark not in given} for work in works]
    owners: dict[Mark, list[int]] = defaultdict(list)
    for number, prints in enumerate(found):
        for mark in prints:
            owners[mark].append(number)
    this_class = sum(not work.year for work in works)
    most = max(COMMON_LEAST, COMMON * this_class)
    common = {mark for mark, who in owners.items() if sum(not works[number].year for number in who) > most}
    sizes = [sum(mark not in common for mark in prints) for prints in found]
    shared = Counter(pair for mark, who in owners.items() if mark not in common for pair in combinations(who, 2))
    pairs = []
    for (one, other), count in shared.items():
        share = count / max(FEW, min(sizes[one], sizes[other]))
        if share >= least and not (works[one].year and works[other].year):
            marks = (found[one].keys() & found[other].keys()) - common
            pairs.append(_pair((works[one], works[other]), (found[one], found[other]), marks, share))
    return sorted(pairs, key=lambda pair: (-pair.share, -pair.shared, [work.label for work in pair.works]))


def _prints(pieces: Mapping[str, str]) -> Prints:
    found: Prints = defaultdict(list)
    for exercise, source in pieces.items():
        for fingerprint in fingerprints(source):
            found[exercise, fingerprint.mark].append(fingerprint)
    return dict(found)


def _pair(works: tuple[Work, Work], prints: tuple[Prints, Prints], marks: set[Mark], share: float) -> Pair:
    exercises = sorted({exercise for exercise, _ in marks})
    passages = []
    for exercise in exercises:
        one, other = (
            frozenset(
                line
                for mark in marks
                if mark[0] == exercise
                for where in mine[mark]
                for line in range(where.first, where.last + 1)
            )
            for mine in prints
        )
        texts = works[0].pieces[exercise], works[1].pieces[exercise]
        passages.append(Passage(exercise, texts, (one, other)))
    return Pair(works, share, len(marks), tuple(passages))
