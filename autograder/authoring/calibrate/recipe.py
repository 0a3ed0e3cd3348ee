"""A hash of the code that a measurement rests on: what it reaches by name, comments and docstrings left out.

Files change for many reasons. A run is made again only when a function changes that it could have called: in the
assignment's solutions, in the judge's training, or in what draws images.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import inspect
import types
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

FOLLOWED = (
    "assignments",
    "solutions",
    "autograder.judge.laboratory",
    "autograder.judge.training",
    "coursekit.data.synthetic",  # files of real data are verified by their hashes
)
REGISTERS = ("mutant", "variant")  # decorators whose words change no number
Place = tuple[str, str]  # a module, and a name that it defines


def digest(*functions: Callable[..., Any], of: Sequence[object] = ()) -> str:
    """A hash of functions and of all of ours that they name.

    Args:
        of: what else the measurement rests on, e.g. versions.

    Returns:
        16 hexadecimal digits, the same on every machine and with every version of Python.
    """
    parts = [repr(one) for one in of]
    places: set[Place] = set()
    for function in functions:
        _add(function, parts, places)
    left = list(places)
    while left:
        found = set(_named(*left.pop())) - places
        places |= found
        left += found
    parts += [f"{module}.{name} {shape(node)}" for module, name in sorted(places) for node in _defined(module, name)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _add(function: Callable[..., Any], parts: list[str], places: set[Place]) -> None:
    """Where a function is defined, and what it was made with."""
    places.add((function.__module__, function.__qualname__.partition(".")[0]))
    for cell in getattr(function, "__closure__", None) or ():
        inside = cell.cell_contents
        if isinstance(inside, types.FunctionType):
            _add(inside, parts, places)
        else:
            parts.append(repr(inside))


def shape(node: Any) -> Any:
    """A syntax tree as nested tuples: without places, docstrings and registering decorators."""
    if isinstance(node, ast.AST):
        fields = {name: value for name, value in ast.iter_fields(node) if name not in ("ctx", "kind", "type_comment")}
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            fields["decorator_list"] = [d for d in node.decorator_list if _word(d) not in REGISTERS]
            fields["body"] = node.body[1:] if ast.get_docstring(node) is not None else node.body
        # Empty fields are left out: newer versions of Python have more of them.
        return type(node).__name__, *((name, shape(value)) for name, value in fields.items() if value not in (None, []))
    return tuple(map(shape, node)) if isinstance(node, list) else repr(node)


def _word(decorator: ast.expr) -> str:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return called.id if isinstance(called, ast.Name) else ""


@cache
def _statements(module: str) -> dict[str, list[ast.stmt]]:
    """What a module defines on its own, by name."""
    found: dict[str, list[ast.stmt]] = {}
    for node in ast.parse(_source(module)).body:
        names: list[str] = []
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)]
        for name in names:
            found.setdefault(name, []).append(node)
    return found


@cache
def _imports(module: str) -> dict[str, tuple[str, str]]:
    """What a module imports of ours, by the name that it has there: the module, and the name in it or ""."""
    found, file = {}, _file(module)
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(_source(module))):
        if isinstance(node, ast.ImportFrom):
            up = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*up, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                target = (inner, "") if _is_ours(inner) and _is_module(inner) else (base, alias.name)
                found[alias.asname or alias.name] = target
    return {name: target for name, target in found.items() if _is_ours(target[0])}


def _named(module: str, name: str) -> Iterator[Place]:
    """Every definition of ours that a definition names."""
    nodes = [n for statement in _statements(module).get(name, ()) for n in ast.walk(statement)]
    local = _bound(_statements(module).get(name, ()))
    if not nodes and name in _imports(module):  # handed on by a module that imports it
        yield _imports(module)[name]
    for node in nodes:
        if isinstance(node, ast.Name) and node.id not in local:
            if node.id in _statements(module):
                yield module, node.id
            elif node.id in _imports(module) and _imports(module)[node.id][1]:
                yield _imports(module)[node.id]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            of, inner = _imports(module).get(node.value.id, ("", "-"))
            if not inner:
                yield of, node.attr


def _bound(statements: Sequence[ast.stmt]) -> set[str]:
    """Names that a function binds itself: what the module calls so is something else."""
    nodes = [n for one in statements if isinstance(one, ast.FunctionDef) for n in ast.walk(one)]
    arguments = {n.arg for n in nodes if isinstance(n, ast.arg)}
    return arguments | {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _defined(module: str, name: str) -> list[ast.stmt]:
    return _statements(module).get(name, [])


def _is_ours(module: str) -> bool:
    return any(module == one or module.startswith(f"{one}.") for one in FOLLOWED)


@cache
def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # its parent is no package
        return False


def _file(module: str) -> Path:
    return Path(inspect.getfile(importlib.import_module(module)))


def _source(module: str) -> str:
    return _file(module).read_text(encoding="utf-8")
