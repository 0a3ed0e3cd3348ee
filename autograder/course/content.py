"""Load what an assignment is made of: hidden checks, reference solutions, mutants and variants, by folder name."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from autograder.course.bank import Bank, Mutant, Variant
from autograder.course.chance import ChanceTest
from autograder.course.checks import ExerciseChecks
from autograder.course.config import CourseError
from autograder.course.experiments import Row
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
        specs = _specs(folder)
        solution = importlib.import_module(f"solutions.{folder}.solution")
        found = banks(folder)
    mutants = [mutant for bank in found for mutant in bank.mutants]
    variants = [variant for bank in found for variant in bank.variants]
    return Content(
        specs,
        {name: getattr(solution, name) for name in specs if hasattr(solution, name)},
        {name: tuple(m for m in mutants if m.exercise == name) for name in specs},
        {name: tuple(v for v in variants if v.exercise == name) for name in specs},
    )


def banks(folder: str) -> list[Bank]:
    """Every bank of an assignment: its modules are found, nobody has to list them."""
    found = [module.BANK for module in bank_modules(folder) if hasattr(module, "BANK")]
    return list(dict.fromkeys(found))  # a bank that assignments share may be imported twice


def bank_modules(folder: str) -> list[ModuleType]:
    """The modules made for mutants and variants, and the hidden checks that have theirs beside them."""
    beside = [module for module in _modules(f"solutions.{folder}.hidden") if hasattr(module, "BANK")]
    return [*_modules(f"solutions.{folder}.mutants"), *beside, *_modules(f"solutions.{folder}.variants")]


def chances(folder: str) -> list[ChanceTest]:
    """Every test of chance that the hidden checks of an assignment declare in ``CHANCES``."""
    return [test for module in _modules(f"solutions.{folder}.hidden") for test in getattr(module, "CHANCES", ())]


def experiments() -> list[Row]:
    """Every row of the homeworks' reports for which ``solutions/experiments/rows`` has a module, in their order."""
    with no_greetings():
        return [module.ROW for module in _modules("solutions.experiments.rows") if hasattr(module, "ROW")]


def _specs(folder: str) -> dict[str, ExerciseChecks]:
    """What ``hidden`` lists in ``CHECKS``, and every ``..._CHECKS`` of its modules."""
    package, *modules = _modules(f"solutions.{folder}.hidden")
    specs: dict[str, ExerciseChecks] = dict(package.CHECKS)
    for module in modules:
        for name, value in vars(module).items():
            if name.endswith("_CHECKS") and isinstance(value, ExerciseChecks):
                specs.setdefault(value.exercise.name, value)
    return specs


def _modules(name: str) -> Iterator[ModuleType]:
    """A module and, if it is a package, the modules in it, by name."""
    module = importlib.import_module(name)
    yield module
    for inner in pkgutil.iter_modules(getattr(module, "__path__", ())):
        yield importlib.import_module(f"{name}.{inner.name}")
