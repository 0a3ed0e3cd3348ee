"""What can be read from a cell's source without running it; it may be any text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

MAX_PARSED = 100_000  # characters of code that we parse; Python's parser takes much memory for hostile input
MAGIC = re.compile(r"^([ \t]*)[%!].*", re.MULTILINE)  # IPython's own lines are no Python


def parse(source: str) -> ast.Module | None:
    """The tree of a cell, magics left out; None for what Python cannot read, or not within bounds."""
    if len(source) > MAX_PARSED:
        return None
    for text in dict.fromkeys((source, MAGIC.sub(r"\1pass", source))):
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def bound(tree: ast.Module) -> frozenset[str]:
    """The names that the statements at the left margin give to something."""
    return frozenset(name for node in tree.body for name in _names(node))


def _names(node: ast.stmt) -> Iterable[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in aliases)
        case ast.Assign(targets=targets):
            yield from (part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
            yield name


def implements(source: str, name: str) -> bool:
    """Whether a cell gives this name to something that is no stub; of what cannot be parsed, whether it looks so."""
    tree = parse(source)
    if tree is None:
        return re.search(rf"^def {name}\b", source, re.MULTILINE) is not None
    return any(name in _names(node) and not is_stub(node) for node in tree.body)


def is_stub(node: ast.stmt) -> bool:
    """Whether a statement defines a function that does nothing but raise ``NotImplementedError``."""
    if not isinstance(node, ast.FunctionDef):
        return False
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    return any(map(raises_not_implemented, body)) and all(map(_is_idle, body))


def raises_not_implemented(node: ast.stmt) -> bool:
    """Whether a statement is ``raise NotImplementedError``, called or not."""
    if not isinstance(node, ast.Raise):
        return False
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def _is_idle(node: ast.stmt) -> bool:
    constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return constant or isinstance(node, ast.Pass) or raises_not_implemented(node)
