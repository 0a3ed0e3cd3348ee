"""Registers known-wrong and differently written correct implementations; `course doctor` proves what each must do."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Function = Callable[..., Any]


@dataclass(frozen=True)
class Mutant:
    """A known-wrong implementation: it must lose points, and whoever wrote it reads this hint.

    Args:
        id: as in the catalogue, e.g. ``A1.1-3``; ``x`` marks those added since, ``A1.1-x1``.
        exercise: the exercise it answers wrongly.
        hint: what the student reads: it points at the misconception, never at the solution.
        function: the implementation.
        trained: it computes what it should, and only a training tells: an accuracy item rejects it.
    """

    id: str
    exercise: str
    hint: str
    function: Function
    trained: bool = False

    @property
    def description(self) -> str:
        """The misconception in one sentence."""
        return _first_line(self.function)


@dataclass(frozen=True)
class Variant:
    """A correct but differently written implementation: it must keep full marks."""

    id: str
    exercise: str
    function: Function

    @property
    def description(self) -> str:
        """How it differs, in one sentence."""
        return _first_line(self.function)


def _first_line(function: Function) -> str:
    return (inspect.getdoc(function) or "").partition("\n")[0].rstrip(".")


class Bank:
    """Collects the mutants and variants of one assignment, in the order in which they are written."""

    def __init__(self) -> None:
        self.mutants: list[Mutant] = []
        self.variants: list[Variant] = []

    def mutant(self, id: str, *, of: str, hint: str, trained: bool = False) -> Callable[[Function], Function]:
        """Register a known-wrong implementation of the exercise ``of``."""

        def register(function: Function) -> Function:
            self.mutants.append(Mutant(id, of, hint, function, trained))
            return function

        return register

    def variant(self, id: str, *, of: str) -> Callable[[Function], Function]:
        """Register another correct implementation of the exercise ``of``."""

        def register(function: Function) -> Function:
            self.variants.append(Variant(id, of, function))
            return function

        return register
