"""The steps of a function that is there to be called: each changed function, ready to be called in its place."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType
from typing import Any

from autograder.judge.steps import bare, steps_of

Function = Callable[..., Any]


@dataclass(frozen=True)
class Step:
    """One small change of a function.

    Args:
        words: the statement before and after, ``BEFORE  ->  AFTER``; the same for every run.
        code: of a module that defines the changed function.
    """

    words: str
    code: CodeType


def steps(function: Function) -> list[Step]:
    """Every changed function that reads otherwise than the given one, each once, from top to bottom."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    return [
        Step(step.words, compile(ast.Module([step.tree], []), f"<{function.__name__}: {step.words}>", "exec"))
        for step in steps_of(bare(tree))
    ]


def defined(step: Step, function: Function) -> Function:
    """The changed function, among the same names as the given one; what calls itself calls the changed one."""
    names = dict(function.__globals__)
    exec(step.code, names)
    changed: Function = names[function.__name__]
    return changed
