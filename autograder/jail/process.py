"""The trusted side's handle on a forked child: talk to it, watch what it uses, know how it ended, leave nothing."""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import socket
import stat
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from autograder.jail import launch, wire
from autograder.jail.limits import Died, JailUnavailable, Limits

Tier = Literal["namespaces", "landlock", "none"]

READY_SECONDS = 60.0  # a fork on a machine that is very busy
END_SECONDS = 30.0  # to kill a process and to remove what it wrote
SELF_CLOSED_SECONDS = 1.0
DISK_PAUSE = 0.25
MAX_THREADS = 256
MAX_FILES = 5_000
KIB = 1024
SERVER_GONE = "the warm server was killed; start again"
BLOCK = 512  # st_blocks counts in these, whatever the file system
MIB = 1 << 20


def fork(role: launch.Role, limits: Limits, tier: Tier | None = None) -> Process:
    """Fork a child from the warm server of ``role``.

    Raises:
        JailUnavailable: when there is no such server, or the child's walls do not go up.
    """
    control = launch.connect(role)
    mine, theirs = socket.socketpair()
    try:
        request = json.dumps({"limits": asdict(limits), "tier": tier}).encode()
        with theirs:
            socket.send_fds(control, [request], [theirs.fileno()])
        control.settimeout(READY_SECONDS)
        told = json.loads(control.recv(4096))
        ready = wire.recv_frame(mine, wire.MIB, time.monotonic() + READY_SECONDS)
    except (OSError, EOFError, ValueError) as error:
        control.close()
        mine.close()
        raise JailUnavailable(f"the warm {role.name} server did not fork: {error!r}; try again") from error
    process = Process(mine, control, told["pid"], ready.get("ready"), Path(told["scratch"]), limits)
    if "failed" in ready:
        process.close()
        raise JailUnavailable(ready["failed"])
    return process


class Process:
    """A forked child and the two sockets that lead to it: the stream it talks on, and the server's word about it."""

    def __init__(
        self, sock: socket.socket, control: socket.socket, pid: int, tier: Tier, scratch: Path, limits: Limits
    ) -> None:
        self.sock, self.pid, self.tier = sock, pid, tier
        self._control, self._scratch, self._limits = control, scratch, limits
        self._death: str | None = None
        self._baseline = _own_memory(pid)[0]
        self._next_disk = 0.0

    def send(self, tree: Any, deadline: float, timeout: float = math.nan) -> None:
        """Send a frame.

        Args:
            deadline: a ``time.monotonic()`` time.
            timeout: how long that was when it was set; for the message.

        Raises:
            Died: when the process is gone or does not listen.
            JailUnavailable: when the warm server is gone.
        """
        self._expect_alive()
        try:
            wire.send_frame(self.sock, tree, deadline)
        except TimeoutError:
            raise self.kill(_time_limit(timeout)) from None
        except OSError:
            raise self._ended() from None

    def receive(self, deadline: float, timeout: float = math.nan, max_bytes: int = wire.MAX_BYTES) -> Any:
        """Receive a frame, watching what the process uses in the meantime.

        Raises:
            Died: when the process ends, exceeds a limit or sends what is no frame; it is killed then.
            JailUnavailable: when the warm server is gone.
        """
        self._expect_alive()
        try:
            return wire.recv_frame(self.sock, max_bytes, deadline, self._watch)
        except TimeoutError:
            raise self.kill(_time_limit(timeout)) from None
        except EOFError:
            raise self._ended() from None
        except wire.FrameTooLong:
            raise self.kill("output limit") from None
        except wire.WireError:
            raise self.kill("malformed reply") from None

    def kill(self, reason: str) -> Died:
        """Kill the process, and return the exception that says why."""
        if self._death is None:
            self._death = reason
            self._say_kill()
            self._wait_for_end(END_SECONDS)
        return Died(self._death)

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
        if self._death == SERVER_GONE:
            raise JailUnavailable(SERVER_GONE)
        if self._death is not None:
            raise Died(self._death)

    def _ended(self) -> Died:
        """The stream is closed: find out why."""
        code = self._wait_for_end(SELF_CLOSED_SECONDS)
        if code is None:
            return self.kill("malformed reply")  # it closed its end and lives on
        self._death = describe_exit(code)
        return Died(self._death)

    def _say_kill(self) -> None:
        try:
            self._control.send(b"kill")
        except OSError:
            return  # the server is gone, and its children with it

    def _wait_for_end(self, seconds: float) -> int | None:
        """The exit code, once the server has reaped the process and removed its scratch folder; else None.

        Raises:
            JailUnavailable: when the server is gone. Its children went with it, through no fault of theirs.
        """
        self._control.settimeout(seconds)
        try:
            data = self._control.recv(4096)
        except TimeoutError:
            return None
        except OSError:
            data = b""
        if not data:
            self._death = SERVER_GONE
            raise JailUnavailable(SERVER_GONE)
        return int(json.loads(data)["ended"])

    # -------------------------------------------------------------------------------------------------------- watching

    def _watch(self) -> None:
        memory, threads = _own_memory(self.pid)
        if memory - self._baseline > self._limits.memory_mb * KIB:
            raise self.kill(f"memory limit of {self._limits.memory_mb} MiB")
        if threads > MAX_THREADS:
            raise self.kill(f"limit of {MAX_THREADS} threads")
        if self.tier == "landlock" and time.monotonic() >= self._next_disk:
            if not self._disk_is_fine():
                raise self.kill(f"disk limit of {self._limits.disk_mb} MiB")
            self._next_disk = time.monotonic() + DISK_PAUSE

    def _disk_is_fine(self) -> bool:
        """Whether the scratch folder and the process's unnamed files stay within the limit."""
        used = 0
        for number, status in enumerate(_file_statuses(self._scratch, self.pid)):
            used += status.st_blocks * BLOCK if status else 0
            if status is None or used > self._limits.disk_mb * MIB or number >= MAX_FILES:
                return False
        return True


def _file_statuses(folder: Path, pid: int) -> Iterator[os.stat_result | None]:
    """The files below ``folder`` and the deleted ones that the process holds open; None for what cannot be read.

    Names too long and folders without permission are no accidents: only someone hiding files makes them.
    """
    pending = [str(folder)]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISDIR(status.st_mode):
                        pending.append(entry.path)
                    yield status
        except FileNotFoundError:
            continue  # removed while we looked
        except OSError:
            yield None
    try:
        descriptors = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return  # it has just ended
    for number in descriptors:
        try:
            status = os.stat(f"/proc/{pid}/fd/{number}")
        except OSError:
            continue  # closed while we looked
        if status.st_nlink == 0 and stat.S_ISREG(status.st_mode):
            yield status


def _own_memory(pid: int) -> tuple[int, int]:
    """KiB of memory that no file backs, and the number of threads; zeros when the process is gone.

    Pages of libraries do not count: they are shared with everybody and appear as they are first touched.
    """
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0, 0
    fields = dict(line.split(":", 1) for line in text.splitlines())
    numbers = [int(fields.get(name, "0").split()[0]) for name in ("RssAnon", "RssShmem", "Threads")]
    return numbers[0] + numbers[1], numbers[2]


def describe_exit(code: int) -> str:
    """An exit code in words: ``exited with status 3``, ``killed by signal SIGSEGV``."""
    if code >= 0:
        return f"exited with status {code}"
    return f"killed by signal {signal.Signals(-code).name}" if -code in set(signal.Signals) else f"killed ({code})"


def _time_limit(timeout: float) -> str:
    return "time limit" if math.isnan(timeout) else f"time limit of {timeout:g} s"
