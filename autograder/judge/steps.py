"""Every function that is one small step from a given one: an operator, a constant, a keyword, a statement changed.

The steps are those of mutation testing (Jia and Harman, "An Analysis and Survey of the Development of Mutation
Testing", 2011, section II): what a slip of the pen or a half-understood formula makes of a right function.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

BECOMES = "  ->  "  # between the two halves of a step's words
NOTHING = "nothing"  # the second half, where a statement is left out

OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult, ast.Mod),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
}
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
WORDS = {
    "same": "valid",
    "valid": "same",
    "float32": "float64",
    "float64": "float32",
    "relu": "linear",
    "he_normal": "glorot_uniform",
    "he_uniform": "glorot_uniform",
}
EITHER_WAY = {"add", "multiply", "maximum", "minimum", "logical_and", "logical_or", "array_equal", "Add", "max", "min"}
DTYPES = {"float32": "float64", "float64": "float32"}


@dataclass(frozen=True)
class Step:
    """One small change of a function.

    Args:
        words: the statement before and after, ``BEFORE  ->  AFTER``; the same for every run.
        tree: the changed function.
        line: where the statement begins in the text that was parsed.
    """

    words: str
    tree: ast.FunctionDef
    line: int


def steps_of(function: ast.FunctionDef) -> list[Step]:
    """Every changed function that reads otherwise than the given one, each once, from top to bottom.

    Args:
        function: as ``bare`` leaves it.
    """
    known, found = {ast.dump(function)}, list[Step]()
    for words, line, changed in _changed(function):
        if (dumped := ast.dump(changed)) in known:
            continue
        known.add(dumped)
        found.append(Step(words, ast.fix_missing_locations(changed), line))
    return _told_apart(found)


def bare(function: ast.FunctionDef) -> ast.FunctionDef:
    """A copy without decorators, docstring and annotations, none of which a caller's values can reach."""
    tree = copy.deepcopy(function)
    tree.decorator_list = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
            if ast.get_docstring(node, clean=False) is not None and len(node.body) > 1:
                del node.body[0]
        elif isinstance(node, ast.arg):
            node.annotation = None
    return tree


def _told_apart(found: list[Step]) -> list[Step]:
    """The same words twice are numbered: two statements of a function may read alike."""
    counts: dict[str, int] = {}
    apart = []
    for step in found:
        counts[step.words] = count = counts.get(step.words, 0) + 1
        apart.append(step if count == 1 else replace(step, words=f"{step.words}  (no. {count})"))
    return apart


def _changed(original: ast.FunctionDef) -> Iterator[tuple[str, int, ast.FunctionDef]]:
    for number, statement in enumerate(_statements(original)):
        before, nodes = _head(statement), _own_nodes(statement)
        called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
        for place, node in enumerate(nodes):
            for change in _changes(node, called=id(node) in called):
                tree = copy.deepcopy(original)
                twin = _own_nodes(_statements(tree)[number])[place]
                _put(tree, twin, change(twin))
                yield f"{before}{BECOMES}{_head(_statements(tree)[number])}", statement.lineno, tree
        if number and _droppable(statement):
            tree = copy.deepcopy(original)
            _put(tree, _statements(tree)[number], ast.Pass())
            yield f"{before}{BECOMES}{NOTHING}", statement.lineno, tree


def _statements(tree: ast.AST) -> list[ast.stmt]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]


def _own_nodes(statement: ast.stmt) -> list[ast.AST]:
    """The nodes of a statement but not those of the statements in it, nor what it says in an exception."""
    found: list[ast.AST] = []
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop(0)
        found.append(node)
        inner = ast.iter_child_nodes(node)
        waiting += [one for one in inner if not isinstance(one, (ast.stmt, ast.JoinedStr, ast.ExceptHandler))]
    return [] if isinstance(statement, ast.Raise) else found


def _head(statement: ast.stmt) -> str:
    """A statement in one line, without the block below it."""
    shown = copy.copy(statement)
    for name in ("body", "orelse", "finalbody", "handlers"):
        if isinstance(getattr(shown, name, None), list):
            setattr(shown, name, [ast.Pass()] if name == "body" else [])
    text = ast.unparse(shown)
    return " ".join(text.removesuffix("\n    pass").split())


def _droppable(statement: ast.stmt) -> bool:
    return not isinstance(statement, (ast.Pass, ast.Return, ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom))


def _put(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    """Set ``new`` in the place of ``old``."""
    if old is new:
        return
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list):
                value[:] = [new if one is old else one for one in value]


# ------------------------------------------------------------------------------------------------------- single changes

Change = Callable[[Any], ast.AST]


def _changes(node: ast.AST, *, called: bool) -> Iterator[Change]:
    """Ways to change a node; each gets the node's twin in a copy of the tree and returns what stands there instead.

    Args:
        called: whether the node makes what is called next, as ``layers.ReLU()`` in ``layers.ReLU()(x)``.
    """
    if isinstance(node, (ast.BinOp, ast.AugAssign)):
        yield from (_with(op=other()) for other in OPERATORS.get(type(node.op), ()))
    elif isinstance(node, ast.Compare):
        yield from (_with(ops=[other(), *node.ops[1:]]) for other in COMPARISONS.get(type(node.ops[0]), ()))
    elif isinstance(node, ast.BoolOp):
        yield _with(op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    elif isinstance(node, ast.UnaryOp):
        yield lambda twin: twin.operand
    elif isinstance(node, (ast.If, ast.IfExp, ast.While)):
        if not isinstance(node.test, ast.Compare) or len(node.test.ops) > 1:  # one comparison is turned by itself
            yield _with(test=ast.UnaryOp(ast.Not(), node.test))
    elif isinstance(node, ast.Constant):
        yield from (_with(value=value) for value in _constants(node.value))
    elif isinstance(node, ast.Attribute):
        if node.attr in DTYPES:
            yield _with(attr=DTYPES[node.attr])
    elif isinstance(node, ast.Slice):
        yield from (_with(**{side: None}) for side in ("lower", "upper", "step") if getattr(node, side) is not None)
    elif isinstance(node, ast.Tuple):
        if len(node.elts) == 2 and isinstance(node.ctx, ast.Load):
            yield _with(elts=node.elts[::-1])
    elif isinstance(node, ast.Call):
        yield from _keywords_and_arguments(node)
        if not called:
            yield from _without_the_call(node)


def _constants(value: object) -> tuple[object, ...]:
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return (value + 1, value - 1)
    if isinstance(value, float):
        return (value * 2, value / 2) if value else (1.0,)
    return (WORDS[value],) if isinstance(value, str) and value in WORDS else ()


def _keywords_and_arguments(node: ast.Call) -> Iterator[Change]:
    """A call without one of its keywords, or with two arguments swapped."""
    for number in range(len(node.keywords)):
        yield _with(keywords=[*node.keywords[:number], *node.keywords[number + 1 :]])
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name not in EITHER_WAY and not any(isinstance(one, ast.Starred) for one in node.args):
        yield from (_with(args=_swapped(node.args, number)) for number in range(len(node.args) - 1))


def _without_the_call(node: ast.Call) -> Iterator[Change]:
    """What a call is given, in place of what it makes of it: the first argument, or the owner of a method."""
    if node.args and not isinstance(node.args[0], (ast.Starred, ast.GeneratorExp)):
        yield lambda twin: twin.args[0]
    if isinstance(node.func, ast.Attribute) and not _of_module(node.func.value):
        yield lambda twin: twin.func.value


def _of_module(value: ast.expr) -> bool:
    """Whether a call's owner is a module, by the names under which the course imports them."""
    while isinstance(value, ast.Attribute):
        value = value.value
    return isinstance(value, ast.Name) and value.id in ("np", "numpy", "tf", "keras", "layers", "plt", "ops", "math")


def _swapped(items: list[ast.expr], number: int) -> list[ast.expr]:
    return [*items[:number], items[number + 1], items[number], *items[number + 2 :]]


def _with(**fields: object) -> Change:
    """Sets fields of the twin."""

    def change(twin: ast.AST) -> ast.AST:
        for name, value in fields.items():
            setattr(twin, name, value)
        return twin

    return change
