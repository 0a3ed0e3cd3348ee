"""The student's process: runs cells and calls functions on request, inside its walls.

It holds no hidden case, no expected value and no score; what it says is validated on the other side.
"""

from __future__ import annotations

import builtins
import importlib
import os
import random
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from autograder.jail import wire
from autograder.jail.given import Lift
from autograder.jail.paths import student_path
from autograder.jail.shell import CellShell
from autograder.observing import CallError, Outcome, observe

WARM_CELL = "import matplotlib.pyplot as plt; plt.plot([0, 1]); print(1); 1 / 0"  # text, a figure, a traceback
SEED = 0  # a student's unseeded draws are the same in every grading


def warm() -> None:
    """Do in the server, once, what the first cell of every child would otherwise wait for."""
    shell = CellShell.create()
    shell.run(WARM_CELL, budget=1 << 20)
    shell.reset(new_session=True)
    sys.path_importer_cache.clear()  # each child would do it on pages that must be copied first


def main(sock: socket.socket) -> None:
    """Serve requests until the other side goes away."""
    _settle(Path.cwd())
    _Worker(sock, CellShell.instance()).serve()


def _settle(home: Path) -> None:
    """Make the working folder this process's home, and forget what the server knew of the world outside."""
    hidden = {name: str(home / f".{name.lower()}") for name in ("IPYTHONDIR", "KERAS_HOME", "MPLCONFIGDIR")}
    os.environ.update(hidden, HOME=str(home), TMPDIR=str(home), XDG_CACHE_HOME=str(home / ".cache"))
    for name in ("PYTHONPATH", "PYTHONUSERBASE", "XDG_RUNTIME_DIR"):
        os.environ.pop(name, None)
    tempfile.tempdir = None  # computed in the server, for another folder
    sys.path[:] = [str(home), *student_path(sys.path)]
    sys.argv = ["notebook"]
    sys.path_importer_cache.clear()  # it remembers the names of files outside
    importlib.invalidate_caches()
    random.seed(SEED)
    np.random.seed(SEED)
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(SEED)


class _Worker:
    def __init__(self, sock: socket.socket, shell: CellShell) -> None:
        self._sock, self._shell = sock, shell
        self._home = Path.cwd()
        self._serial = 0
        self._lease: object = None  # of the stand-ins of the call that is going on

    def serve(self) -> None:
        operations = {"cell": self._run_cell, "call": self._call, "file": self._write_file}
        while True:
            try:
                request = self._receive()
            except EOFError:
                return
            operations[request["op"]](request)

    def _receive(self) -> Any:
        self._serial, request = wire.recv_frame(self._sock)
        return request

    def _send(self, reply: Any) -> None:
        wire.send_frame(self._sock, (self._serial, reply))

    def _write_file(self, request: dict[str, Any]) -> None:
        name = PurePosixPath(request["name"])
        if name.is_absolute() or ".." in name.parts:
            raise ValueError(f"expected a file name below the working folder, received {str(name)!r}")
        path = self._home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(request["data"].tobytes())
        self._send({"written": request["name"]})

    def _run_cell(self, request: dict[str, Any]) -> None:
        self._send(self._shell.run(request["source"], request["budget"]))

    def _call(self, request: dict[str, Any]) -> None:
        self._shell.redirect()
        with self._stand_ins(request["staff"]) as lift:
            try:
                outcome = self._observe(request, lift)
            except BaseException as error:  # results whose own methods misbehave
                outcome = Outcome(error=CallError(type(error).__name__, str(error)[:500]))
        wire.send_encoded(self._sock, _encoded(self._serial, outcome))

    def _observe(self, request: dict[str, Any], lift: Lift) -> Outcome:
        name = request["function"]
        if name not in self._shell.user_ns:
            return Outcome(error=CallError("NameError", f"name '{name}' is not defined"))
        args = [lift.up(item, str(position)) for position, item in enumerate(request["args"])]
        kwargs = {key: lift.up(item, key) for key, item in request["kwargs"].items()}
        return observe(self._shell.user_ns[name], args, kwargs, request["errstate"])

    @contextmanager
    def _stand_ins(self, names: list[str]) -> Iterator[Lift]:
        """Let ``names`` in the notebook stand for the trusted side's own functions for a while."""
        namespace = self._shell.user_ns
        covered = {name: namespace[name] for name in names if name in namespace}
        lease = self._lease = object()
        lift = Lift(lambda name: self._stand_in(name, lease, lift))
        namespace.update({name: self._stand_in(name, lease, lift) for name in names})
        try:
            yield lift
        finally:
            self._lease = None
            for name in names:
                namespace.pop(name, None)
            namespace.update(covered)

    def _stand_in(self, name: str, lease: object, lift: Lift) -> Callable[..., Any]:
        def stand_in(*args: Any, **kwargs: Any) -> Any:
            if self._lease is not lease:
                raise RuntimeError(f"{name} was kept beyond the call it was lent for")
            touched: list[Any] = []
            lent = tuple(lift.lend(item, touched) for item in args)
            self._send({"staff": name, "args": lent, "kwargs": {k: lift.lend(v, touched) for k, v in kwargs.items()}})
            answer = self._receive()
            if "kind" in answer:
                raise _exception(answer["kind"], answer["message"])
            return lift.accept(answer, touched)

        stand_in.__name__ = stand_in.__qualname__ = name
        return stand_in


def _exception(kind: str, message: str) -> Exception:
    found = getattr(builtins, kind, None)
    usable = isinstance(found, type) and issubclass(found, Exception) and not issubclass(found, UnicodeError)
    return found(message) if usable else RuntimeError(f"{kind}: {message}")  # type: ignore[misc]


def _encoded(serial: int, outcome: Outcome) -> bytes:
    """An outcome as a frame; a value that cannot cross becomes the error that says so."""
    error = outcome.error
    tree = {
        "value": outcome.value,
        "error": None if error is None else (error.kind, error.message, error.line),
        "modified": tuple(outcome.modified),
        "shared": tuple(outcome.shared),
        "advanced": tuple(outcome.advanced),
    }
    try:
        return wire.encode((serial, tree))
    except wire.FrameTooLong:
        problem = ("ValueError", f"returned more than {wire.MAX_BYTES // wire.MIB - 1} MiB, which cannot be graded", "")
    except wire.WireError as refusal:
        problem = ("TypeError", f"returned {refusal}", "")
    return wire.encode((serial, tree | {"value": None, "error": problem}))
