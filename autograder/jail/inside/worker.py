"""What a student's process is asked, and what it answers.

It runs as a private copy (``frozen``), and every call of the student's code is yielded to ``entering``: while that code
runs, nothing here lies on its stack. It holds no hidden case, no expected value and no score.
"""

from __future__ import annotations

import builtins
import os
import socket
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autograder.jail import memory, wire
from autograder.jail.given import Unpacker
from autograder.jail.inside import canary
from autograder.jail.inside.entering import Answer, drive, opaque
from coursekit.models.describing import runnable
from coursekit.observing import CallError, Outcome, describe_error, observation
from coursekit.plain import plain

Steps = Generator[Any, Answer, Any]


class Worker:
    """Serves one trusted side.

    Args:
        sock: where requests come from.
        shell: IPython's shell, in which the notebook lives.
        settle: ``plain.settle`` of the copy that the student can see: it runs their classes' code.
    """

    def __init__(self, sock: socket.socket, shell: Any, settle: Callable[[Any], Any]) -> None:
        self._sock, self._shell, self._settle = sock, shell, settle
        self._memory = memory.receive(sock)
        self._home = Path.cwd()
        self._serial = 0
        self._lease: object = None  # of the stand-ins of the call that is going on
        self._result: tuple[Any, Any] = (None, None)  # of the last call: as it is, and settled

    def steps(self) -> Steps:
        """Serve requests until the other side goes away."""
        operations = {
            "files": self._write_files,
            "cell": self._run_cell,
            "call": self._call,
            "again": self._again,
            "run": self._run,
        }
        while True:
            try:
                request = self._receive()
            except EOFError:
                return
            yield from operations[request["op"]](request)

    def _receive(self) -> Any:
        self._serial, request = wire.recv_frame(self._sock, read=wire.believe)
        return request

    def _send(self, reply: Any) -> None:
        wire.send_frame(self._sock, (self._serial, reply))

    def _write_files(self, request: dict[str, Any]) -> Steps:
        folders = set[str]()  # a release has a hundred files in ten of them
        for name, data in request["files"].items():
            folder, _, last = name.rpartition("/")
            if not last or ".." in name.split("/") or name.startswith("/"):
                raise ValueError(f"expected a file name below the working folder, received {name!r}")
            if folder not in folders:
                os.makedirs(f"{self._home}/{folder}", exist_ok=True)
                folders.add(folder)
            with open(f"{self._home}/{name}", "wb", buffering=0) as file:
                file.write(data)
        self._send({"written": len(request["files"])})
        yield from ()

    def _run_cell(self, request: dict[str, Any]) -> Steps:
        outputs, error = yield self._shell.run, [request["source"], request["budget"], request["definitions"]], {}
        if error is not None:
            raise error
        self._send(outputs)

    def _call(self, request: dict[str, Any]) -> Steps:
        self._shell.redirect()
        self._result = (None, None)
        with self._stand_ins(request["staff"]) as unpacker:
            try:
                outcome = yield from self._observation(request, unpacker)
            except BaseException as error:  # what a student's code has left behind
                outcome = Outcome(error=describe_error(error))
        wire.send_encoded(self._sock, _encoded(self._serial, outcome))

    def _observation(self, request: dict[str, Any], unpacker: Unpacker) -> Generator[Any, Answer, Outcome]:
        name = request["function"]
        function = canary.meddle if request["canary"] else self._shell.user_ns.get(name)
        if function is None:
            return Outcome(error=CallError("NameError", f"name '{name}' is not defined"))
        args = [unpacker.unpack(item, str(position)) for position, item in enumerate(request["args"])]
        kwargs = {key: unpacker.unpack(item, key) for key, item in request["kwargs"].items()}
        errstate = request["errstate"] or {}
        return (
            yield from observation(
                function,
                args,
                kwargs,
                errstate,
                self._settle,
                repeat=request["repeat"],
                random=request["canary"],  # it draws from NumPy's own state, and must be seen to
                keep=self._keep,
            )
        )

    def _keep(self, result: Any, settled: Any) -> None:
        self._result = (result, settled)

    def _again(self, request: dict[str, Any]) -> Steps:
        """The last result once more, as it is now."""
        try:
            outcome = Outcome(plain(self._result[1]))
        except BaseException as error:
            outcome = Outcome(error=describe_error(error))
        wire.send_encoded(self._sock, _encoded(self._serial, outcome))
        yield from ()

    def _run(self, request: dict[str, Any]) -> Steps:
        """What the model that the last call returned makes of images."""
        model, error = yield runnable, [self._result[0]], {}
        result = None
        if error is None:
            result, error = yield model, [request["images"]], {}
        if error is None:
            result, error = yield self._settle, [result], {}
        outcome = Outcome(error=describe_error(error)) if error is not None else Outcome(plain(result))
        wire.send_encoded(self._sock, _encoded(self._serial, outcome))

    # ------------------------------------------------------------------------------------------------ functions of ours

    @contextmanager
    def _stand_ins(self, names: list[str]) -> Iterator[Unpacker]:
        """Let ``names`` in the notebook stand for the trusted side's own functions for a while."""
        namespace = self._shell.user_ns
        covered = {name: namespace[name] for name in names if name in namespace}
        lease = self._lease = object()
        unpacker = Unpacker(lambda name: self._stand_in(name, lease, unpacker), self._memory)
        namespace.update({name: self._stand_in(name, lease, unpacker) for name in names})
        try:
            yield unpacker
        finally:
            self._lease = None
            for name in names:
                namespace.pop(name, None)
            namespace.update(covered)

    def _stand_in(self, name: str, lease: object, unpacker: Unpacker) -> Callable[..., Any]:
        settle = self._settle

        def call(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Answer:
            if self._lease is not lease:
                return None, RuntimeError(f"{name} was kept beyond the call it was lent for")
            try:
                touched: list[Any] = []
                lent = tuple(unpacker.hand_over(settle(item), touched) for item in args)
                named = {key: unpacker.hand_over(settle(item), touched) for key, item in kwargs.items()}
                self._send({"staff": name, "args": lent, "kwargs": named})
                answer = self._receive()
                if "kind" in answer:
                    return None, _exception(answer["kind"], answer["message"])
                return unpacker.accept(answer, touched), None
            except BaseException as error:
                return None, error.with_traceback(None)

        return opaque(call, name)


def _exception(kind: str, message: str) -> Exception:
    found = getattr(builtins, kind, None)
    usable = isinstance(found, type) and issubclass(found, Exception) and not issubclass(found, UnicodeError)
    return found(message) if usable else RuntimeError(f"{kind}: {message}")  # type: ignore[misc]


def _encoded(serial: int, outcome: Outcome) -> bytes:
    """An outcome as a frame; a value that cannot cross becomes the error that says so."""
    told = (outcome.modified, outcome.shared, outcome.advanced, outcome.names)
    words = tuple([tuple(names) for names in told])
    error = None if outcome.error is None else (outcome.error.kind, outcome.error.message, outcome.error.line)
    try:
        return wire.encode((serial, (outcome.value, error, outcome.second, *words)))
    except wire.FrameTooLong:
        problem = ("ValueError", f"returned more than {wire.MAX_BYTES // wire.MIB - 1} MiB, which cannot be graded", "")
    except wire.WireError as refusal:
        problem = ("TypeError", f"returned {refusal}", "")
    return wire.encode((serial, (None, problem, None, *words)))


def calls(sock: socket.socket, shell: Any, settle: Callable[[Any], Any]) -> Iterator[tuple[Any, ...]]:
    """Everything that a process is asked to call, for ``entering.enter``."""
    return drive(Worker(sock, shell, settle).steps())
