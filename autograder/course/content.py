"""Load what an assignment is made of: hidden checks, reference solutions, mutants and variants, by folder name."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from autograder.course.bank import Mutant, Variant
from autograder.course.checks import ExerciseChecks
from autograder.course.config import CourseError
from coursekit.kernel.quiet import no_greetings


@dataclass(frozen=True)
class Content:
    """Everything about one assignment that never ships, by exercise."""

    specs: Mapping[str, ExerciseChecks]
    solutions: Mapping[str, Callable[..., Any]]
    mutants: Mapping[str, tuple[Mutant, ...]]
    variants: Mapping[str, tuple[Variant, ...]]


def load_content(folder: str) -> Content:
    """Import an assignment's trusted modules.

    Raises:
        ModuleNotFoundError: naming the module that is missing.
        CourseError: when a module is no Python.
    """
    try:
        return _imported(folder)
    except SyntaxError as error:
        where = f"{error.filename}:{error.lineno}"
        found = f"received {(error.text or '').strip()!r}: {error.msg}"
        raise CourseError([f"{where}: expected Python, {found}; mend this line"]) from None


def _imported(folder: str) -> Content:
    with no_greetings():
        specs: dict[str, ExerciseChecks] = importlib.import_module(f"solutions.{folder}.hidden").CHECKS
        solution = importlib.import_module(f"solutions.{folder}.solution")
        mutants = [m for bank in importlib.import_module(f"solutions.{folder}.mutants").BANKS for m in bank.mutants]
        variants = [v for bank in importlib.import_module(f"solutions.{folder}.variants").BANKS for v in bank.variants]
    return Content(
        specs,
        {name: getattr(solution, name) for name in specs if hasattr(solution, name)},
        {name: tuple(m for m in mutants if m.exercise == name) for name in specs},
        {name: tuple(v for v in variants if v.exercise == name) for name in specs},
    )
