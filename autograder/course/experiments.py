"""The words in which a lecturer writes experiments: rows of a report, the work that each needs, and what comes out.

A *row* is a line of a published report that the course reproduces. Its *units of work* are trainings, attacks and
measurements; each is finished and saved by itself. Units of the same recipe and seed are one: rows share them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

import numpy as np

Scale = Literal["smoke", "laptop", "full"]
SCALES: tuple[Scale, ...] = ("smoke", "laptop", "full")


@dataclass(frozen=True, eq=False)
class Result:
    """What a unit of work found.

    Args:
        values: what JSON holds: numbers, texts, lists, dicts with texts as keys.
        arrays: images, weights and whatever else is too large for JSON.
    """

    values: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)


class Work(Protocol):
    """What a running unit has around it."""

    given: Sequence[Result]  # of the units that it needs, in their order

    def saved(self) -> Result | None:
        """What was saved last by a run of this unit that was killed; None at its beginning."""

    def save(self, state: Callable[[], Result]) -> None:
        """Save what is needed to go on from here; ``state`` is asked for only when the last time is some while ago."""

    def tell(self, share: float) -> None:
        """Say how much of the unit is done, from 0 to 1."""


Run = Callable[[Any, Any, int, Work], Result]


@dataclass(frozen=True)
class Images:
    """Which images a unit works on: ``grey`` or ``colour``, how many to train on and how many held out."""

    kind: Literal["grey", "colour"]
    train: int
    held_out: int


@dataclass(frozen=True)
class Unit:
    """One piece of work.

    Args:
        name: for people, e.g. ``flip and crop``; units of one name and several seeds are repetitions.
        run: called with the recipe, the data (None without ``images``), the seed and the work around it.
        recipe: a frozen dataclass of plain values: everything that decides what comes out, but for data and seed.
        images: what data it gets.
        needs: units whose results it gets.
        seconds: how long it takes on one quiet core, measured beforehand.
        steps: of training or attacking, for the plan.
    """

    name: str
    run: Run
    recipe: Any
    seed: int
    images: Images | None = None
    needs: tuple[Unit, ...] = ()
    seconds: float = 1.0
    steps: int = 0

    def facts(self) -> dict[str, Any]:
        """Everything that decides what comes out, as plain data."""
        return {
            "work": f"{self.run.__module__}.{self.run.__qualname__}",
            "recipe": {"kind": type(self.recipe).__qualname__, **asdict(self.recipe)},
            "seed": self.seed,
            "images": asdict(self.images) if self.images else None,
            "needs": [unit.facts() for unit in self.needs],
        }

    def key(self, surroundings: Mapping[str, str]) -> str:
        """A name for files: the same for the same work on the same data by the same backend."""
        facts = json.dumps([self.facts(), dict(surroundings)], sort_keys=True)
        words = "".join(letter if letter.isalnum() else "-" for letter in self.name.lower()).strip("-")
        return f"{words}-seed{self.seed}-{hashlib.sha256(facts.encode()).hexdigest()[:10]}"


Results = Mapping[str, Sequence[Result]]  # by the unit's name, one for each seed


@dataclass(frozen=True)
class Number:
    """One number beside that of the report.

    Args:
        name: what was measured.
        report: the report's own number, as it stands there; "" where it has none.
        value, low, high: ours and its 95 % interval, equal where nothing is left to chance.
        unit: ``%`` shows fractions in percent; otherwise it stands behind the number.
        by: how the interval was made.
    """

    name: str
    report: str
    value: float
    low: float
    high: float
    unit: str = ""
    by: str = ""


@dataclass(frozen=True)
class Claim:
    """A finding of the report, and whether ours agree; None where our run cannot tell.

    Args:
        at: the only scale that can show it, such as a number that took the homework's own sizes; None for any.
    """

    text: str
    holds: bool | None
    at: Scale | None = None


@dataclass(frozen=True)
class Summary:
    """What a row says: numbers, which findings hold, and a sentence on why the numbers differ from the report's."""

    numbers: tuple[Number, ...]
    claims: tuple[Claim, ...]
    sentence: str


@dataclass(frozen=True, eq=False)
class Figure:
    """A figure for a slide.

    Args:
        name: of its file.
        alt: what there is to see, for those who cannot.
        drawing: Matplotlib's.
    """

    name: str
    alt: str
    drawing: Any


@dataclass(frozen=True, eq=False)
class Row:
    """One row of the report.

    Args:
        name: what ``course reproduce NAME`` calls it.
        title: of its section.
        report: where the homework has it.
        units: the work at a scale.
        summarise, draw: from the results of all units, by name.
    """

    name: str
    title: str
    report: str
    units: Callable[[Scale], Sequence[Unit]]
    summarise: Callable[[Results], Summary]
    draw: Callable[[Results], Sequence[Figure]]
