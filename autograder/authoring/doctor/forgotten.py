"""What an author wrote and nothing uses: it proves nothing, and nobody would ever hear of it."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator
from pathlib import Path

from autograder.course.bank import Bank
from autograder.course.content import bank_modules, banks, load_content
from autograder.course.outline import outline


def forgotten(folder: str) -> list[str]:
    """Mutants, variants and hidden checks of an assignment that nothing uses; one finding each."""
    found = banks(folder)
    files = [Path(str(module.__file__)) for module in bank_modules(folder)]
    return [*_exercises(folder, found), *_functions(files, found), *_checks(folder)]


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
    """A function that is in no bank and called by none: its decorator is missing, or its module has no ``BANK``."""
    functions = [mutant.function for bank in banks for mutant in bank.mutants]
    functions += [variant.function for bank in banks for variant in bank.variants]
    registered = {(f.__code__.co_filename, f.__name__) for f in functions}
    for path in files:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name not in used and (str(path), node.name) not in registered:
                remedy = "write @mutant(...) or @variant(...) above it, made by a Bank that the module calls BANK"
                yield f"{path.name}:{node.lineno}: {node.name} is in no bank, and nothing uses it; {remedy}"


def _checks(folder: str) -> Iterator[str]:
    """Hidden checks that are written, but not in ``CHECKS``."""
    for name in sorted(set(outline(folder)) - set(load_content(folder).specs)):
        yield f"{name}: its hidden checks are written, but CHECKS does not hold them; add them, or drop them"
