"""Registers known-wrong and differently written correct implementations; `course doctor` proves what each must do."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Function = Callable[..., Any]


@dataclass(frozen=True)
class Implementation:
    """One way to write an exercise.

    Args:
        exercise: the exercise that it answers.
        function: the implementation.
    """

    exercise: str
    function: Function

    @property
    def id(self) -> str:
        """Its one name everywhere, e.g. ``threshold_relu.subtracts_t``."""
        return f"{self.exercise}.{self.function.__name__}"

    @property
    def place(self) -> str:
        """Where it is written, ``FILE:LINE``, for messages to its author."""
        code = self.function.__code__
        return f"{Path(code.co_filename).name}:{code.co_firstlineno}"


@dataclass(frozen=True)
class Mutant(Implementation):
    """A known-wrong implementation: it must lose points, and whoever wrote it reads this hint.

    Args:
        hint: what the student reads: it points at the misconception, never at the solution.
        trained: it computes what it should, and only a training tells: an accuracy item rejects it.
    """

    hint: str
    trained: bool = False

    @property
    def description(self) -> str:
        """The misconception in one sentence."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0].rstrip(".")


@dataclass(frozen=True)
class Variant(Implementation):
    """A correct but differently written implementation: it must keep full marks."""


class Bank:
    """Collects the mutants and variants of one assignment, in the order in which they are written."""

    def __init__(self) -> None:
        self.mutants: list[Mutant] = []
        self.variants: list[Variant] = []

    def mutant(self, *, of: str, hint: str, trained: bool = False) -> Callable[[Function], Function]:
        """Register a known-wrong implementation of the exercise ``of``."""

        def register(function: Function) -> Function:
            self.mutants.append(Mutant(of, function, hint, trained))
            return function

        return register

    def variant(self, *, of: str) -> Callable[[Function], Function]:
        """Register another correct implementation of the exercise ``of``."""

        def register(function: Function) -> Function:
            self.variants.append(Variant(of, function))
            return function

        return register
