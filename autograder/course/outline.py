"""Which hidden checks there are and which parts they serve, read from their source: importing them takes seconds.

Only what is written plainly is understood: ``ExerciseChecks(PUBLIC["name"], (Check("...", cases, part="..."), ...),
trial=...)`` with names and parts as they stand. A test compares this with what is imported.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.course.config import ACCURACY, WHOLE

ROOT = Path(__file__).parents[2]
SOLUTIONS = ROOT / "solutions"
OURS = ("assignments.", "autograder.", "solutions.")
CHECK_FIELDS = ("name", "cases", "share", "part")  # what a Check may be given by position


@dataclass(frozen=True)
class Outline:
    """The hidden checks of one exercise.

    Args:
        parts: the parts of its points that some check serves, in order.
        trial: whether there is an accuracy to reach, whose bound is in ``bounds.toml``.
    """

    parts: tuple[str, ...]
    trial: bool


def outline(folder: str) -> dict[str, Outline]:
    """The hidden checks of an assignment by exercise.

    Raises:
        OSError: when there are none.
        ValueError: when something is not written plainly; the message names file and line.
    """
    package = SOLUTIONS / folder / "hidden" / "__init__.py"
    found = dict(_Module(package).outlines())
    for path in sorted(set(package.parent.glob("*.py")) - {package}):
        found |= dict(_Module(path).outlines())
    return found


class _Module:
    """A module's syntax tree, and where the names in it come from."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tree = ast.parse(path.read_text(encoding="utf-8"))
        self._imports = {
            alias.asname or alias.name: (node.module, alias.name)
            for node in self._tree.body
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(OURS)
            for alias in node.names
        }

    def outlines(self) -> Iterator[tuple[str, Outline]]:
        """What this module says, and what it takes over from the modules whose ``..._CHECKS`` it imports."""
        for name, (module, _) in self._imports.items():
            if name.endswith("_CHECKS"):
                yield from _Module(_file(module)).outlines()
        for call in self._calls("ExerciseChecks"):
            checks = call.args[1] if len(call.args) > 1 else call
            made = [check for check in getattr(checks, "elts", [checks]) if self._is_check(check)]
            parts = dict.fromkeys(self._text(_arguments(check).get("part"), WHOLE) for check in made)
            trial = any(keyword.arg == "trial" for keyword in call.keywords)
            yield self._text(call.args[0]), Outline((*parts, *([ACCURACY] if trial else [])), trial)

    def _is_check(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Check":
            return True
        line = getattr(node, "lineno", 0)
        raise ValueError(f"{self._path.name}:{line}: expected Check(...), received {ast.unparse(node)[:60]!r}")

    def _calls(self, function: str) -> Iterator[ast.Call]:
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function:
                yield node

    def _text(self, node: ast.AST | None, default: str = "") -> str:
        """A name that is written down: as text, as a key, or as the first argument of what a variable was made by."""
        match node:
            case None:
                return default
            case ast.Constant(value=str(text)):
                return text
            case ast.Subscript(slice=ast.Constant(value=str(text))):
                return text
            case ast.Name(id=name):
                return self._made(name)
        line = getattr(node, "lineno", 0)
        raise ValueError(f"{self._path.name}:{line}: expected a name in quotes, received {ast.unparse(node)!r}")

    def _made(self, name: str) -> str:
        """The first argument of ``NAME = Something("first", ...)``, here or where the name is imported from."""
        if name in self._imports:
            module, original = self._imports[name]
            return _Module(_file(module))._made(original)
        for node in self._tree.body:
            targets = node.targets if isinstance(node, ast.Assign) else []
            if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                made = node.value if isinstance(node, ast.Assign) else None
                if isinstance(made, ast.Call) and made.args:
                    return self._text(made.args[0])
        raise ValueError(f"{self._path.name}: expected {name} to be made here")


def _arguments(check: ast.Call) -> Mapping[str, ast.expr]:
    given: dict[str, ast.expr] = dict(zip(CHECK_FIELDS, check.args))
    return given | {keyword.arg: keyword.value for keyword in check.keywords if keyword.arg}


def _file(module: str | None) -> Path:
    """The source of one of our modules."""
    place = ROOT.joinpath(*str(module).split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
