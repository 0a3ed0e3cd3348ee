"""Copies of our own modules that a student's code cannot find by looking for them, made before any of it runs.

A module imported here is not in ``sys.modules``, and what it imports are copies too: of our modules again such private
ones, of all others a snapshot of their names. Whoever replaces ``np.asarray``, ``isinstance`` or ``plain.plain`` later
replaces it for themselves. This is one layer of several: the trusted side relies on what it sees itself first.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

OURS = ("autograder", "coursekit")


class Freezer:
    """An import system of its own, for private copies that know each other."""

    def __init__(self) -> None:
        self._modules: dict[str, ModuleType] = {}
        self._builtins = {**vars(builtins), "__import__": self._import}

    def load(self, name: str) -> ModuleType:
        """The private copy of one of our modules, or the snapshot of another's."""
        if name not in self._modules:
            original = importlib.import_module(name)  # of ours, too: dataclasses look for it
            ours = name.partition(".")[0] in OURS
            self._modules[name] = module = ModuleType(name)
            if ours:
                self._execute(module)
            else:
                vars(module).update(vars(original))
        return self._modules[name]

    def _execute(self, module: ModuleType) -> None:
        spec = importlib.util.find_spec(module.__name__)
        if spec is None or spec.loader is None:
            raise ImportError(f"no module named {module.__name__}")
        vars(module).update(__builtins__=self._builtins, __file__=spec.origin, __package__=spec.parent, __spec__=spec)
        code = spec.loader.get_code(module.__name__)  # type: ignore[attr-defined]
        exec(code, vars(module))

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = None,
        level: int = 0,
    ) -> ModuleType:
        """What an ``import`` statement calls."""
        if level:
            raise ImportError("modules that are frozen name what they import in full")
        if not fromlist:
            return self._package(name)
        module = self.load(name)
        for item in fromlist:
            if not hasattr(module, item):
                setattr(module, item, self.load(f"{name}.{item}"))
        return module

    def _package(self, name: str) -> ModuleType:
        """What ``import a.b`` binds: ``a``, in which ``b`` is found."""
        top, *inner = name.split(".")
        module = found = self.load(top)
        for part in inner:
            child = self.load(f"{found.__name__}.{part}")
            setattr(found, part, child)
            found = child
        return module
