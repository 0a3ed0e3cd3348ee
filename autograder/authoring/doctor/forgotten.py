"""What an author wrote and nothing uses: it proves nothing, and nobody would ever hear of it."""

from __future__ import annotations

import ast
import difflib
import importlib
from collections.abc import Iterator
from pathlib import Path

from autograder.course.bank import Bank
from autograder.course.content import load_content
from autograder.course.outline import outline


def forgotten(folder: str) -> list[str]:
    """Mutants, variants and hidden checks of an assignment that no list holds; one finding each."""
    kinds = [f"solutions.{folder}.{kind}" for kind in ("mutants", "variants")]
    banks = [bank for name in kinds for bank in importlib.import_module(name).BANKS]
    files = [path for name in kinds for path in _files(Path(str(importlib.import_module(name).__file__)))]
    return [*_exercises(folder, banks), *_functions(files, banks), *_checks(folder)]


def _files(module: Path) -> list[Path]:
    return sorted(module.parent.glob("*.py")) if module.name == "__init__.py" else [module]


def _exercises(folder: str, banks: list[Bank]) -> Iterator[str]:
    """A mutant or variant of an exercise that has no hidden checks: a misspelt name."""
    known = list(load_content(folder).specs)
    made = [(f"mutant {m.id}", m.exercise) for bank in banks for m in bank.mutants]
    made += [(f"variant {v.id}", v.exercise) for bank in banks for v in bank.variants]
    for what, exercise in made:
        if exercise not in known:
            close = difflib.get_close_matches(exercise, known, n=1)
            remedy = f"did you mean {close[0]!r}?" if close else "write its hidden checks, or drop it"
            yield f"{what}: expected an exercise with hidden checks, received {exercise!r}; {remedy}"


def _functions(files: list[Path], banks: list[Bank]) -> Iterator[str]:
    """A function that is in no bank and called by none: its decorator is missing, or nobody imports its module."""
    functions = [mutant.function for bank in banks for mutant in bank.mutants]
    functions += [variant.function for bank in banks for variant in bank.variants]
    registered = {(f.__code__.co_filename, f.__name__) for f in functions}
    for path in files:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name not in used and (str(path), node.name) not in registered:
                remedy = "write @mutant(...) or @variant(...) above it, and name its module's BANK in BANKS"
                yield f"{path.name}:{node.lineno}: {node.name} is in no bank, and nothing uses it; {remedy}"


def _checks(folder: str) -> Iterator[str]:
    """Hidden checks that are written, but not in ``CHECKS``."""
    for name in sorted(set(outline(folder)) - set(load_content(folder).specs)):
        yield f"{name}: its hidden checks are written, but CHECKS does not hold them; add them, or drop them"
