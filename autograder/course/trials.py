"""Accuracy-threshold items: what a student's model or loop reaches in a training of ours, against a measured bound.

Work is counted in steps and examples, never in seconds. Data are drawn afresh for every submission and class numbers
are permuted, so that nothing memorised helps. Bounds are measured by `course calibrate`, which `bounds.py` reads; a run
that leaves it open whether an implementation is right is followed by others (`doubt.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import numpy as np

from autograder.course.doubt import FURTHER_RUNS, Bound, Doubt
from coursekit.checking import Case, Refused, answer, judge_case
from coursekit.observing import Outcome

Kind = Literal["grey", "colour"]


class Stopped(Exception):
    """The student's process is gone; the message names the limit or the way it ended."""


class Undecided(Exception):
    """All runs together leave it open whether an implementation is right: a person decides."""


@dataclass(frozen=True)
class Images:
    """Images to train on and images held out.

    Args:
        x_train, x_test: float32 (n, height, width, channels), intensities 0 to 255.
        y_train, y_test: int64 (n,), classes 0 to 9, numbered at random.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


class Source(Protocol):
    """Where images come from: ``draw(kind, train, test, rng)``."""

    def __call__(self, kind: Kind, train: int, test: int, rng: np.random.Generator) -> Images: ...


@dataclass(frozen=True)
class Laboratory:
    """What trials need beside the student: images, and the bounds that were measured on the same kind of images."""

    draw: Source
    bounds: Mapping[str, Bound]


@dataclass(frozen=True)
class Bench:
    """One trial's place of work.

    Args:
        laboratory: data and bounds.
        rng: seeded by submission and check.
        ask: calls the student's function; raises ``Stopped`` when the student's process is gone.
    """

    laboratory: Laboratory
    rng: np.random.Generator
    ask: Callable[[Case], Outcome]

    def data(self, kind: Kind, train: int = 2000, test: int = 1000, size: int | None = None) -> Images:
        """Draw images; ``size`` average-pools them to ``size`` by ``size`` pixels."""
        images = self.laboratory.draw(kind, train, test, self.rng)
        if size is None:
            return images
        return Images(_pool(images.x_train, size), images.y_train, _pool(images.x_test, size), images.y_test)

    def value(self, case: Case) -> Any:
        """What the student's function returns for a case, which may have expectations of its own.

        Raises:
            Refused: when the call fails or does not meet them.
        """
        outcome = answer(case, self.ask)
        failure = judge_case(case, outcome)
        if failure is not None:
            raise Refused(failure.nature)
        return outcome.value


@dataclass(frozen=True)
class Trial:
    """An accuracy to reach.

    Args:
        name: in words a student understands.
        measure: runs the training; returns what is compared with the bound, larger is better. Raises ``Refused`` for
            what cannot be trained.
        unit: what is measured, in words, e.g. ``held-out accuracy``.
        images: the kind of images it draws; None for an item that needs none.
        hint: for those whose function passes every other check.
        rejects: names of mutants that it must reject, other checks or not, beside those that are ``trained``.
    """

    name: str
    measure: Callable[[Bench], float]
    unit: str
    images: Kind | None = None
    hint: str = ""
    rejects: tuple[str, ...] = ()

    def problem(self, bench: Bench, exercise: str) -> str:
        """What is wrong, in a sentence; "" when the exercise's bound is reached.

        The seeds of further runs follow from that of the first: same submission, same seeds, same verdict.

        Raises:
            Stopped: in the first run.
            Undecided: when further runs, of a fixed number at most, do not decide.
        """
        bound = bench.laboratory.bounds.get(exercise)
        if bound is None:
            raise KeyError(f"no bound was measured for {exercise} on the course's data")
        spare = bench.rng.spawn(FURTHER_RUNS)  # before the first run draws: they do not depend on what it draws
        value = float(self.measure(bench))
        passes = value >= bound.at_least
        if bound.doubt is not None and bound.doubt.covers(value):
            passes = self._further(value, bound.doubt, [replace(bench, rng=rng) for rng in spare])
        return "" if passes else f"{self.unit} {value:.3f}; at least {bound.at_least:.3f} is expected"

    def _further(self, value: float, doubt: Doubt, benches: list[Bench]) -> bool:
        """Whether an implementation passes whose first run leaves it open."""
        values = [value]
        for bench in benches:
            try:
                values.append(float(self.measure(bench)))
            except Refused:
                values.append(-np.inf)
            except Stopped as stop:  # the first run went well: this may be for want of time that others do not need
                raise Undecided(f"{self._told(values)}; the next run stopped: {stop}") from None
            passes = doubt.passes(values)
            if passes is not None:
                return passes
        raise Undecided(f"{self._told(values)}; right ones reach {doubt.ends:.3f}, wrong ones {doubt.begins:.3f}")

    def _told(self, values: list[float]) -> str:
        return f"{self.unit} {', '.join(f'{value:.3f}' for value in values)} in {len(values)} runs"


def _pool(images: np.ndarray, size: int) -> np.ndarray:
    n, height, width, channels = images.shape
    blocks = images.reshape(n, size, height // size, size, width // size, channels)
    return blocks.mean(axis=(2, 4), dtype=np.float32)
