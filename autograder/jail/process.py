"""The trusted side's handle on a forked child: talk to it, watch what it uses, know how it ended, leave nothing."""

from __future__ import annotations

import contextlib
import json
import select
import signal
import socket
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from autograder.jail import launch, wire
from autograder.jail.limits import Died, JailUnavailable, Limits, Lost, Starved
from autograder.jail.meter import Allowance
from autograder.jail.watch import Watch

Tier = Literal["namespaces", "landlock", "none"]

READY_SECONDS = 600.0  # wall clock, as all of these: a fork takes milliseconds, on a machine that is very busy seconds
END_SECONDS = 300.0  # to kill a process and to remove what it wrote
ATTEMPTS = 2
HANG_UP_SECONDS = 1.0  # of work, for a process that has closed its end, to come to its own
KILL_WORD = b"kill"
SERVER_GONE = "the warm server was killed; start again"


def fork(role: launch.Role, limits: Limits, tier: Tier | None = None) -> Process:
    """Fork a child from the warm server of ``role``.

    Raises:
        JailUnavailable: when there is no such server, or the child's walls do not go up.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _fork_once(role, limits, tier)
        except (OSError, EOFError, ValueError) as error:
            if attempt == ATTEMPTS:
                raise JailUnavailable(f"the warm {role.name} server did not fork: {error!r}; try again") from error
    raise AssertionError("unreachable")


def _fork_once(role: launch.Role, limits: Limits, tier: Tier | None) -> Process:
    control = launch.connect(role)
    mine, theirs = socket.socketpair()
    try:
        request = json.dumps({"limits": asdict(limits), "tier": tier}).encode()
        with theirs:
            socket.send_fds(control, [request], [theirs.fileno()])
        control.settimeout(READY_SECONDS)
        told = json.loads(control.recv(4096))
        ready = wire.recv_frame(mine, wire.MIB, time.monotonic() + READY_SECONDS)
    except (OSError, EOFError, ValueError):
        control.close()
        mine.close()
        raise
    process = Process(mine, control, told["pid"], ready.get("ready"), Path(told["scratch"]), limits, role.walls)
    if "failed" in ready:
        process.close()
        raise JailUnavailable(ready["failed"])
    return process


class Process:
    """A forked child and the two sockets that lead to it: the stream it talks on, and the server's word about it."""

    def __init__(
        self,
        sock: socket.socket,
        control: socket.socket,
        pid: int,
        tier: Tier,
        scratch: Path,
        limits: Limits,
        stranger: bool,
    ) -> None:
        self.sock, self.pid, self.tier = sock, pid, tier
        self._control, self._scratch = control, scratch
        self._watch = Watch(pid, scratch, limits, disk=tier != "namespaces", stranger=stranger)
        self._death: Died | None = None
        self._server_gone = False

    def send(self, tree: Any, allowance: Allowance, *, plain: bool = False) -> None:
        """Send a frame, at the other side's cost.

        Args:
            plain: whether there is no array in it, as ``wire.encode_plain`` asks.

        Raises:
            Died: when the process is gone or does not listen.
            Lost, Starved: when the warm server is gone, or the machine too busy.
        """
        self._expect_alive()
        try:
            data = wire.encode_plain(tree) if plain else wire.encode(tree)
            wire.send_encoded(self.sock, data, watch=lambda: self._look(allowance))
        except OSError:
            raise self._ended() from None

    def receive(self, allowance: Allowance, max_bytes: int = wire.MAX_BYTES) -> Any:
        """Receive a frame, at the other side's cost.

        Raises:
            Died: when the process ends, exceeds a limit or sends what is no frame; it is killed then.
            Lost, Starved: when the warm server is gone, or the machine too busy.
        """
        self._expect_alive()
        try:
            frame = wire.recv_frame(self.sock, max_bytes, watch=lambda: self._look(allowance))
        except EOFError:
            raise self._ended() from None
        except wire.FrameTooLong:
            raise self.kill("output limit", by_limit=True) from None
        except wire.WireError:
            raise self.kill("malformed reply") from None
        # Our looks may have been too rare, on a busy machine; and what a request leaves behind is that request's debt.
        self._expect_within(allowance)
        problem = self._watch.problem(thorough=True)
        if problem:
            raise self.kill(problem, by_limit=True)
        return frame

    def kill(self, reason: str, by_limit: bool = False) -> Died:
        """Kill the process, and return the exception that says why."""
        if self._death is None:
            self._death = Died(reason, by_limit)
            self._say_kill()
            self._wait_for_end(END_SECONDS)
        return self._death

    def _look(self, allowance: Allowance) -> None:
        """End a process that has used up its allowance; what has an answer for us already does not sleep."""
        if not select.select([self.sock], [], [], 0)[0]:
            allowance.look()
        self._expect_within(allowance)
        if allowance.starved:
            self.kill("the machine was too busy")
            raise Starved("this machine is too busy to grade; try again when it has less to do")

    def _expect_within(self, allowance: Allowance) -> None:
        if allowance.left <= 0:
            raise self.kill(f"time limit of {allowance.seconds:g} s", by_limit=True)

    def close(self) -> None:
        """End the process, if it is still there, and wait until its scratch folder is gone too."""
        with contextlib.suppress(JailUnavailable):  # the server is gone; there is nothing to end
            self.kill("closed")
        self._control.close()
        self.sock.close()

    def memory_pss(self) -> int:
        """KiB of proportional memory; 0 when the process is gone."""
        if self._death is not None:
            return 0
        try:
            text = Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        except OSError:
            return 0
        return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)

    # ------------------------------------------------------------------------------------------------------- the end

    def _expect_alive(self) -> None:
        if self._server_gone:
            raise Lost(SERVER_GONE)
        if self._death is not None:
            raise self._death

    def _ended(self) -> Died:
        """The stream is closed: find out why. A process that has only closed its end is given a moment to end."""
        moment, patience = Allowance(self.pid, HANG_UP_SECONDS), time.monotonic() + END_SECONDS
        while moment.left > 0 and time.monotonic() < patience:
            told = self._wait_for_end(wire.PAUSE)
            if told is not None:
                reason, killed = told["reason"], told["ended"] == -signal.SIGKILL
                self._death = Died(reason or describe_exit(told["ended"]), bool(reason), killed and not reason)
                return self._death
            moment.look()
        return self.kill("malformed reply")

    def _say_kill(self) -> None:
        try:
            self._control.send(KILL_WORD)
        except OSError:
            return  # the server is gone, and its children with it

    def _wait_for_end(self, seconds: float) -> dict[str, Any] | None:
        """The exit code and the exceeded limit, once the process is reaped and its scratch folder removed; else None.

        Raises:
            Lost: when the server is gone. Its children went with it, through no fault of theirs.
        """
        self._control.settimeout(seconds)
        try:
            data = self._control.recv(4096)
        except TimeoutError:
            return None
        except OSError:
            data = b""
        if not data:
            self._server_gone = True
            raise Lost(SERVER_GONE)
        told: dict[str, Any] = json.loads(data)
        return told


def describe_exit(code: int) -> str:
    """An exit code in words: ``exited with status 3``, ``killed by signal SIGSEGV``."""
    if code >= 0:
        return f"exited with status {code}"
    return f"killed by signal {signal.Signals(-code).name}" if -code in set(signal.Signals) else f"killed ({code})"
