"""The trusted side of a student's process: run cells, call functions, survive whatever comes back.

with spawn(limits, files={"checks.py": source}) as student:
    result = student.run_cell("def double(x):\\n    return 2 * x", timeout=10)
    outcome = student.call("double", (np.arange(3.0),), timeout=10)
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograder.jail import wire, witness
from autograder.jail.given import CallArguments, Packer
from autograder.jail.inside import outputs
from autograder.jail.launch import Role
from autograder.jail.limits import Died, JailUnavailable, Limits
from autograder.jail.memory import Memory
from autograder.jail.meter import Allowance, TooMuchWork, at_most, cpu_seconds
from autograder.jail.process import Process, Tier, fork
from autograder.jail.watch import own_memory
from coursekit.observing import CallError, Misuse, Outcome

__all__ = ["CellResult", "Died", "JailUnavailable", "Limits", "Student", "spawn"]

STUDENT = Role(
    name="student",
    entry="autograder.jail.inside.child:main",
    preload=(
        *("numpy", "numpy.random", "numpy.testing", "tensorflow", "keras", "matplotlib.pyplot", "unittest.mock"),
        *(
            "coursekit.models.networks",
            "coursekit.drawing.plotting",
        ),  # what results are described with; the walls hide our files
    ),
    walls=True,
)
FILE_SECONDS = 20.0  # for what involves no student code: copying files in
PORTION_BYTES, PORTION_FILES = 8 * wire.MIB, 100  # of them in one frame
MAX_NUMBER = 4096  # in their arguments: a layer of more filters, and TensorFlow waits ten seconds for memory, asleep
MAX_ANSWERS = 20_000  # calls of our functions during one call of the student's
REPLY_BYTES = 64 * wire.MIB
MAX_WORD = 100
_WORDS = ("modified", "shared", "advanced", "names")
OVERHEAD_BYTES = wire.MIB  # what the form of a reply may add to its outputs


@dataclass(frozen=True)
class CellResult:
    """What a cell printed, displayed and raised, as nbformat outputs; ``died`` says why its process is gone.

    Args:
        killed: whether somebody else killed it, as ``Died`` says.
    """

    outputs: tuple[dict[str, Any], ...]
    died: str | None = None
    killed: bool = False


class Student:
    """A student's process. Everything it says is measured and validated before anyone else sees it."""

    def __init__(self, process: Process, limits: Limits) -> None:
        self._process, self._limits = process, limits
        self._serial = 0
        self._cpu = self._idle = 0.0
        self._allowance = Allowance(process.pid, 0.0)
        self._memory = Memory()
        self._memory.send(process.sock)
        self._tried: set[str] = set()  # functions in whose place the canary was observed

    @property
    def tier(self) -> Tier:
        """The walls in force: ``namespaces``, ``landlock`` or ``none``."""
        return self._process.tier

    @property
    def pid(self) -> int:
        """The process id, as this side of the walls sees it."""
        return self._process.pid

    @property
    def spent(self) -> float:
        """Seconds of work so far: its processor time, what it slept away, and what we did at its request."""
        self._cpu = cpu_seconds(self.pid) or self._cpu
        return self._cpu + self.slept

    @property
    def slept(self) -> float:
        """Seconds that it slept away, or that we worked at its request."""
        return self._idle + self._allowance.idle

    def put_files(self, files: Mapping[str, bytes]) -> None:
        """Write files into the student's working folder; names are relative, with ``/`` for folders.

        Raises:
            Died: when the process is gone, or its disk limit is too small for the files.
        """
        for some in _in_portions(files):
            request = {"op": "files", "files": some}
            reply = self._ask(request, self._allow(FILE_SECONDS), OVERHEAD_BYTES, plain=True)
            if reply != {"written": len(some)}:
                raise self._process.kill("malformed reply")

    def run_cell(self, source: str, timeout: float, *, definitions: bool = False) -> CellResult:
        """Run one cell as a notebook would, for ``timeout`` seconds of work. An exception in it is an ordinary output.

        Args:
            definitions: run its definitions and imports alone.

        Raises:
            Starved: when the machine was too busy for it; the process is gone then.
        """
        budget = self._limits.output_kb * 1024
        request = {"op": "cell", "source": source, "budget": budget, "definitions": definitions}
        try:
            reply = self._ask(request, self._allow(timeout), 2 * budget + OVERHEAD_BYTES)
            try:
                return CellResult(outputs.checked_outputs(reply, budget))
            except wire.WireError:
                raise self._process.kill("malformed reply") from None
        except Died as death:
            return CellResult((), str(death), death.killed)

    def call(
        self,
        function: str,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        errstate: Mapping[str, str] | None = None,
        timeout: float,
        staff: Mapping[str, Callable[..., Any]] | None = None,
        pure: bool = False,
        fresh: bool = False,
        repeat: bool = False,
    ) -> Outcome:
        """Call a function of the student by name and report what it did; what it prints is dropped.

        Args:
            args, kwargs: plain values, arrays and given objects; each call gets its own copies.
            errstate: ``np.errstate`` settings during the call.
            timeout: seconds of work, that of our own functions in ``staff`` included.
            staff: names in the student's notebook that stand for these functions of ours during the call. They run
                here, on arguments that the student's process chose.
            pure, fresh: whether it matters that arguments are changed, that the result shares memory with them.
            repeat: call twice on the same objects, to see whether a generator among them was drawn from.

        Raises:
            Died: when the process did not survive the call.
            Starved: when the machine was too busy for it; the process is gone then.
        """
        kwargs = kwargs or {}
        call = _Call(self, function, args, kwargs, dict(errstate or {}), dict(staff or {}), self._allow(timeout))
        told = pure and witness.has_network([*args, *kwargs.values()])
        sings = None
        if told and secrets.randbits(1):  # nobody knows which of the two calls is theirs before it is made
            sings = witness.canary_sings(call.make(canary=True), self._memory, args, kwargs, call.ask)
        outcome = witness.with_facts(
            call.make(repeat=repeat), self._memory, call.ask, fresh=fresh, repeat=repeat and not call.misuse
        )
        images = witness.probe(outcome.value)
        if images is not None:
            ran = call.ask({"op": "run", "images": images})
            problem = f"{ran.error.kind}: {ran.error.message[:200]}" if ran.error else ""
            outcome.value["ran"] = {"images": images, "outputs": ran.value, "problem": problem}
        if call.misuse and outcome.error is None:
            outcome = replace(outcome, value=None, error=CallError("ValueError", call.misuse[0][:500]))
        if outcome.error is None and sings is None and (told or ((pure or fresh) and function not in self._tried)):
            self._tried.add(function)
            canary = call.make(canary=True)
            sings = witness.canary_sings(canary, self._memory, args, kwargs, call.ask)
        return witness.tampered(outcome) if sings is False and outcome.error is None else outcome

    def memory_kib(self) -> int:
        """KiB of memory that no file backs, what the warm server had before included; 0 when the process is gone."""
        return own_memory(self.pid)[0]

    def memory_pss(self) -> int:
        """KiB of memory, pages shared with the warm server counted by their share; 0 when the process is gone.

        To count them takes as long as forking does.
        """
        return self._process.memory_pss()

    def close(self) -> None:
        """End the process and wait until it and its scratch folder are gone."""
        self._process.close()
        self._memory.close()

    def __enter__(self) -> Student:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _allow(self, seconds: float) -> Allowance:
        """What the next request may cost; what the last one cost is kept in mind."""
        self._idle += self._allowance.idle
        self._allowance = Allowance(self.pid, seconds)
        return self._allowance

    def _ask(self, request: Any, allowance: Allowance, max_bytes: int, *, plain: bool = False) -> Any:
        """Send a request and return the reply's body, both carrying the same serial number."""
        self._serial += 1
        self._process.send((self._serial, request), allowance, plain=plain)
        reply = self._process.receive(allowance, max_bytes)
        if type(reply) is not tuple or len(reply) != 2 or type(reply[0]) is not int or reply[0] != self._serial:
            raise self._process.kill("malformed reply")
        return reply[1]


class _Call:
    """One call, and the further requests that it leads to, all within its time."""

    def __init__(
        self,
        student: Student,
        function: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        errstate: Mapping[str, str],
        staff: Mapping[str, Callable[..., Any]],
        allowance: Allowance,
    ) -> None:
        self.misuse: list[str] = []  # of functions of ours: known here, whatever the student's code makes of it
        self._student, self._function, self._args, self._kwargs = student, function, args, kwargs
        self._errstate, self._staff, self._allowance = errstate, staff, allowance
        self._arguments = CallArguments(dict(enumerate(args)) | dict(kwargs))
        self._answers = 0

    def make(self, *, repeat: bool = False, canary: bool = False) -> Outcome:
        """Have the function called, or the canary in its place."""
        functions, memory = dict(self._staff), self._student._memory
        memory.begin()
        packer = Packer(functions, memory)
        lowered = [
            packer.pack(item, f"{number}{witness.SEPARATOR}")
            for number, item in enumerate([*self._args, *self._kwargs.values()])
        ]
        request = {
            "op": "call",
            "function": self._function,
            "args": tuple(lowered[: len(self._args)]),
            "kwargs": dict(zip(self._kwargs, lowered[len(self._args) :])),
            "errstate": dict(self._errstate) or None,
            "staff": list(self._staff),
            "repeat": repeat,
            "canary": canary,
        }
        reply = self._ask(request, plain=packer.plain)
        while type(reply) is dict and set(reply) == {"staff", "args", "kwargs"}:
            self._answers += 1
            if self._answers > MAX_ANSWERS:
                limit = f"limit of {MAX_ANSWERS} calls of the course's own functions"
                raise self._student._process.kill(limit, by_limit=True)
            start = time.process_time()
            try:
                answer = self._answer(functions, reply)
                try:
                    reply = self._ask(answer)
                except wire.WireError:  # of ours: what arrives and is none ends the process
                    reply = self._ask({"kind": "ValueError", "message": "this returns more than one frame may carry"})
            finally:
                self._allowance.charge(time.process_time() - start)  # who asks, pays
        return self._read(reply)

    def ask(self, request: dict[str, Any]) -> Outcome:
        """Ask something else about the call."""
        return self._read(self._ask(request))

    def _ask(self, request: Any, *, plain: bool = False) -> Any:
        return self._student._ask(request, self._allowance, REPLY_BYTES, plain=plain)

    def _read(self, reply: Any) -> Outcome:
        try:
            return _outcome(reply)
        except wire.WireError:
            raise self._student._process.kill("malformed reply") from None

    def _answer(self, functions: Mapping[str, Callable[..., Any]], request: dict[str, Any]) -> dict[str, Any]:
        """Call a function of ours for the student, for as long as the student's allowance lasts."""
        name, args, kwargs = request["staff"], request["args"], request["kwargs"]
        if type(name) is not str or name not in functions or type(args) is not tuple or type(kwargs) is not dict:
            raise self._student._process.kill("malformed reply")
        if not _modest((args, kwargs)):
            return {"kind": "ValueError", "message": f"{name} takes no whole number beyond {MAX_NUMBER} here"}
        try:
            with at_most(self._allowance.left):
                return self._arguments.call(functions[name], args, kwargs)
        except TooMuchWork:
            limit = f"time limit of {self._allowance.seconds:g} s"
            raise self._student._process.kill(limit, by_limit=True) from None
        except Misuse as misuse:
            self.misuse.append(str(misuse))
            return {"kind": "ValueError", "message": str(misuse)[:500]}
        except Exception as error:  # our function on the student's arguments: the student's to see
            return {"kind": type(error).__name__, "message": str(error)[:500]}


def spawn(limits: Limits, tier: Tier | None = None, files: Mapping[str, bytes] | None = None) -> Student:
    """Fork a student's process from the warm server.

    Args:
        limits: what it may use.
        tier: the walls to put up; by default the best that hold on this machine. ``none`` only on explicit demand.
        files: put into its scratch folder, where its code runs.

    Raises:
        Died: when it does not live until its files are there.
        JailUnavailable: when the walls do not hold here, or the warm server does not start.
    """
    student = Student(fork(STUDENT, limits, tier), limits)
    try:
        student.put_files(files or {})
    except BaseException:
        student.close()
        raise
    return student


def _in_portions(files: Mapping[str, bytes]) -> Iterator[dict[str, bytes]]:
    """Files, so many at a time as one frame may hold; a large one travels alone."""
    portion: dict[str, bytes] = {}
    for name, data in files.items():
        full = len(portion) == PORTION_FILES or sum(map(len, portion.values())) + len(data) > PORTION_BYTES
        if portion and full:
            yield portion
            portion = {}
        portion[name] = data
    if portion:
        yield portion


def _modest(value: Any) -> bool:
    """Whether no whole number in an argument is so large that a layer of that size would wear us out."""
    if isinstance(value, dict):
        return all(map(_modest, value.values()))
    if isinstance(value, (tuple, list)):
        return all(map(_modest, value))
    return type(value) is not int or abs(value) <= MAX_NUMBER


def _outcome(reply: Any) -> Outcome:
    """Build an outcome from a reply that may hold anything a frame can carry."""
    if type(reply) is not tuple or len(reply) != 3 + len(_WORDS):
        raise wire.WireError("not an outcome")
    value, error, second, *told = reply
    if error is not None:
        if not _strings(error) or len(error) != 3:
            raise wire.WireError("not an error")
        kind, message, line = error
        error = CallError(kind[:100], message[:500], line[:200])
    if not all(map(_strings, told)):
        raise wire.WireError("not names of arguments")
    words = [tuple([word[:MAX_WORD] for word in names]) for names in told]
    return Outcome(value, error, second=second, **dict(zip(_WORDS, words, strict=True)))


def _strings(value: Any) -> bool:
    return type(value) is tuple and all(type(item) is str for item in value)
