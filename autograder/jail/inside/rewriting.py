"""What becomes of a cell's statements before they run here: the few places where Jupyter at home would do better.

A stub does not take the place of a function that is there already. A module that this machine lacks stops no cell: its
name raises the error where it is used. And of a cell that is not to run, the definitions and imports still count.

This runs in the student's process, beside their code: nobody but they can lose by changing it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

from autograder.jail.sources import is_stub

TIMED = ("capture", "prun", "time", "timeit")  # cell magics that run the cell as Python
ABSENT = "_course_absent"  # the shell's method that an import that fails is told to
PLAIN = (ast.Constant, ast.Name, ast.Attribute, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.UnaryOp, ast.BinOp)
INNER = (*PLAIN, ast.expr_context, ast.operator, ast.unaryop)  # what a plain value may consist of
MAKERS = ("default_rng", "namedtuple", "partial", "vectorize")  # calls that only make something, and cost nothing


class Rewriter(ast.NodeTransformer):
    """Rewrites the statements at the left margin of a cell, in IPython's list of such transformers.

    Args:
        parse: turns the text of a cell, magics and all, into a tree.
    """

    definitions_only = False

    def __init__(self, parse: Callable[[str], ast.Module]) -> None:
        self._parse = parse

    def visit(self, node: ast.AST) -> ast.AST:
        """Rewrite a module; IPython gives nothing else, and says for what is new where it stands."""
        if isinstance(node, ast.Module):
            body = self._defining(node.body) if self.definitions_only else node.body
            node.body = [made for statement in body for made in self._statements(statement)]
        return node

    def _defining(self, body: list[ast.stmt]) -> list[ast.stmt]:
        return [kept for statement in body for kept in self._unwrapped(statement) if defines(kept)]

    def _unwrapped(self, statement: ast.stmt) -> list[ast.stmt]:
        """The statements under a magic like ``%%time``."""
        match statement:
            case ast.Expr(
                ast.Call(
                    func=ast.Attribute(attr="run_cell_magic"),
                    args=[ast.Constant(value=name), _, ast.Constant(value=str(text))],
                )
            ) if name in TIMED:
                try:
                    return self._parse(text).body
                except (SyntaxError, ValueError, RecursionError, MemoryError):
                    return []
        return [statement]

    @staticmethod
    def _statements(node: ast.stmt) -> list[ast.stmt]:
        match node:
            case ast.FunctionDef() if is_stub(node):
                test = ast.parse(f"{node.name!r} not in globals()", mode="eval").body
                return [ast.copy_location(ast.If(test, [node], []), node)]
            case ast.Import(names=names):
                return [_tried(node, ast.Import([alias]), alias) for alias in names]
            case ast.ImportFrom(module=module, names=names, level=level) if module != "__future__":
                return [_tried(node, ast.ImportFrom(module, [alias], level), alias) for alias in names]
        return [node]


def _tried(node: ast.stmt, one: ast.stmt, alias: ast.alias) -> ast.stmt:
    """The import of one name, which tells the shell when it fails."""
    name = alias.asname or alias.name.partition(".")[0]
    told = ast.parse(f"get_ipython().{ABSENT}({name!r})").body
    handler = ast.ExceptHandler(ast.Name("ImportError", ast.Load()), None, told)
    return ast.copy_location(ast.Try([ast.copy_location(one, node)], [handler], [], []), node)


def defines(node: ast.stmt) -> bool:
    """Whether a statement only gives names to what costs nothing: functions, classes, modules, plain values."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Import() | ast.ImportFrom():
            return True
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
            return _is_plain(value)
        case ast.If(test=test):
            return all(isinstance(part, (*INNER, ast.Compare, ast.cmpop)) for part in ast.walk(test)) and all(
                map(defines, _inner(node))
            )
        case ast.Try():
            return all(map(defines, _inner(node)))
        case ast.Pass():
            return True
    return False


def _is_plain(value: ast.expr) -> bool:
    match value:
        case ast.Lambda():
            return True
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args, keywords=keywords):
            return name in MAKERS and all(map(_is_plain, [*args, *(keyword.value for keyword in keywords)]))
    return all(isinstance(part, INNER) for part in ast.walk(value))


def _inner(node: ast.stmt) -> Iterator[ast.stmt]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        elif isinstance(child, ast.ExceptHandler):
            yield from child.body


class Absent:
    """Stands for a module, or a name in one, that is not here; whoever uses it meets the error of the import."""

    def __init__(self, error: ImportError) -> None:
        self.__dict__["_error"] = type(error), str(error)

    def _raise(self, *_: Any, **__: Any) -> Any:
        kind, message = self.__dict__["_error"]
        raise kind(message)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)  # Python itself asks for these
        return self._raise()

    __call__ = __iter__ = __getitem__ = __enter__ = __bool__ = __array__ = _raise
    __add__ = __sub__ = __mul__ = __truediv__ = __pow__ = __matmul__ = _raise
    __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rpow__ = __rmatmul__ = _raise
