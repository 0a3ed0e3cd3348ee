"""The warm server: imports the heavy modules once and forks a child for every client that asks.

One client connection stands for one child. The client sends one request with one socket, the child's end of a
stream; it gets the child's pid, and later how the child ended. When the client goes away, for whatever reason, its
child is killed and the child's scratch folder removed. The server never reads what a child sends.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import itertools
import json
import os
import secrets
import selectors
import signal
import socket
import struct
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.jail import wire
from autograder.jail.limits import JailUnavailable, Limits
from autograder.jail.walls import atimes, linux, paths
from autograder.jail.walls import tiers as walls
from autograder.jail.watch import LOOK_SECONDS, Watch

REQUEST_BYTES = 4096
REMOVE = 'rm -rf -- "$0" || { chmod -R u+rwx -- "$0"; rm -rf -- "$0"; }'  # a student may have made 0300 folders


@dataclass
class Child:
    """A forked child, as the server knows it.

    Args:
        ended: its exit code once it has been reaped.
        reason: the limit for which the server has killed it; "" otherwise.
    """

    pid: int
    scratch: Path
    client: socket.socket
    watch: Watch
    ended: int | None = None
    reason: str = ""


class Server:
    """The event loop. Single-threaded: a fork copies only the thread that calls it."""

    def __init__(self, path: Path, scratch: Path, entry: Callable[[socket.socket], None], with_walls: bool) -> None:
        self._path, self._scratch, self._entry = path, scratch, entry
        self._with_walls, self._tier = with_walls, walls.probe().tier if with_walls else "none"
        self._children: dict[int, Child] = {}  # by pid
        self._removals: dict[int, Child] = {}  # by the pid of the process that removes the scratch folder
        self._clients: dict[socket.socket, Child | None] = {}
        self._numbers = itertools.count()
        self._next_look = self._next_settling = 0.0
        self._selector = selectors.DefaultSelector()
        self._alive, self._alive_end = os.pipe()  # children see the end of file when this process is gone
        if with_walls:
            with contextlib.suppress(JailUnavailable):  # each child says so itself
                paths.readable()  # and none has to look it up
        self._prepare_scratch()
        self._listen()
        self._handle_signals()

    def run(self, idle_seconds: float) -> None:
        """Serve until nobody has been connected for ``idle_seconds``, or the socket file is gone."""
        last = time.monotonic()
        while True:
            for key, _ in self._selector.select(LOOK_SECONDS if self._children else 1.0):
                key.data(key.fileobj)
            self._look()
            if self._clients or self._children or self._removals:
                last = time.monotonic()
            elif not self._own_socket():
                break
            elif time.monotonic() - last > idle_seconds:
                self._path.unlink()  # and look once more: whoever connected in this moment is still served

    def _look(self) -> None:
        """Kill whoever exceeds a limit. Nobody else watches all the time: a judge is busy with its own work."""
        if time.monotonic() < self._next_look:
            return
        for child in self._children.values():
            child.reason = child.reason or child.watch.problem()
            if child.reason:
                self._kill(child)
        self._next_look = time.monotonic() + LOOK_SECONDS

    # ------------------------------------------------------------------------------------------------------- setting up

    def _prepare_scratch(self) -> None:
        """Make our scratch folder and empty it of what killed servers left there."""
        self._scratch.mkdir(mode=0o700, exist_ok=True)
        for folder in self._scratch.iterdir():
            if not _is_server(folder.name.partition("-")[0]):
                _wait(_remove(folder))

    def _listen(self) -> None:
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._path.unlink(missing_ok=True)
        self._listener.bind(str(self._path))
        self._inode = self._path.stat().st_ino
        self._listener.listen(64)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def _own_socket(self) -> bool:
        return self._path.exists() and self._path.stat().st_ino == self._inode

    def _handle_signals(self) -> None:
        read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector.register(read, selectors.EVENT_READ, self._reap)

    # ---------------------------------------------------------------------------------------------------------- clients

    def _accept(self, listener: socket.socket) -> None:
        client, _ = listener.accept()
        _, uid, _ = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        if uid != os.getuid():
            client.close()
            return
        self._clients[client] = None
        self._selector.register(client, selectors.EVENT_READ, self._request)

    def _request(self, client: socket.socket) -> None:
        try:
            data, descriptors, _, _ = socket.recv_fds(client, REQUEST_BYTES, 1)
        except OSError:
            data, descriptors = b"", []
        child = self._clients[client]
        if data and descriptors and child is None:
            self._fork(client, json.loads(data), descriptors[0])
        elif data and child is not None:
            self._kill(child)  # the only other word a client has
        else:
            self._forget(client)
        for descriptor in descriptors:
            os.close(descriptor)

    def _forget(self, client: socket.socket) -> None:
        child = self._clients.pop(client)
        self._selector.unregister(client)
        client.close()
        if child is not None:
            self._kill(child)

    def _kill(self, child: Child) -> None:
        if child.ended is None:
            for kill in (os.kill, os.killpg):  # as pid 1 of its namespace or leader of its session, with all it started
                try:
                    kill(child.pid, signal.SIGKILL)
                except (ProcessLookupError, PermissionError):
                    continue  # it ended by itself, or leads no group yet

    def _reap(self, wakeup: int) -> None:
        while True:
            try:
                if not os.read(wakeup, 512):
                    break
            except BlockingIOError:
                break
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._children:
                child = self._children.pop(pid)
                self._kill(child)  # what is left of its group
                child.ended = os.waitstatus_to_exitcode(status)
                if _was_empty(child.scratch):
                    self._tell_end(child)
                else:
                    self._removals[_remove(child.scratch)] = child
            elif pid in self._removals:
                self._tell_end(self._removals.pop(pid))

    def _tell_end(self, child: Child) -> None:
        if child.client in self._clients:
            with contextlib.suppress(OSError):  # it left in this moment; its end of file comes next
                child.client.send(json.dumps({"ended": child.ended, "reason": child.reason}).encode())

    # ---------------------------------------------------------------------------------------------------------- forking

    def _fork(self, client: socket.socket, request: dict[str, Any], descriptor: int) -> None:
        tier, limits = request["tier"] or self._tier, Limits(**request["limits"])
        if tier == "landlock" and time.time() >= self._next_settling:
            self._next_settling = atimes.settle(paths.readable())  # the first walls mount everything read-only
        scratch = self._scratch / f"{os.getpid()}-{next(self._numbers)}-{secrets.token_hex(4)}"
        scratch.mkdir(mode=0o700)
        box: walls.Box | JailUnavailable
        try:
            if tier is None:
                raise JailUnavailable(walls.probe().explain())
            box = walls.Box(tier, scratch, limits)
            pid = box.fork()
        except OSError as error:
            box, pid = _refused(tier, error), os.fork()
        except JailUnavailable as error:
            box, pid = error, os.fork()  # a child is whom the client hears it from
        if pid == 0:
            self._child(descriptor, tier, box)
        watch = Watch(pid, scratch, limits, disk=tier != "namespaces", stranger=self._with_walls)
        child = self._clients[client] = self._children[pid] = Child(pid, scratch, client, watch)
        try:
            client.send(json.dumps({"pid": pid, "scratch": str(scratch)}).encode())
        except OSError:
            self._kill(child)

    def _child(self, descriptor: int, tier: str | None, box: walls.Box | JailUnavailable) -> None:
        """Everything that happens between the fork and the entry function. Never returns."""
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.setsid()
            _close_all_but({0, 1, 2, descriptor, self._alive})
            sock = socket.socket(fileno=descriptor)
        except BaseException:  # whatever it is, this process must not go on as a second server
            traceback.print_exc()
            os._exit(81)
        try:
            if isinstance(box, JailUnavailable):
                raise box
            if tier != "none":
                null = os.open(os.devnull, os.O_RDWR)
                os.dup2(null, 1)
                os.dup2(null, 2)
                os.close(null)
            try:
                self._die_with_server()
                box.close()
            except OSError as error:
                raise _refused(tier, error) from error
            gc.enable()
            wire.send_frame(sock, {"ready": tier})
            self._entry(sock)
        except JailUnavailable as error:
            _report(sock, str(error))
        except BaseException:  # told to the client, which decides
            _report(sock, traceback.format_exc())
        os._exit(0)

    def _die_with_server(self) -> None:
        linux.kill_me_with_my_parent()
        os.set_blocking(self._alive, False)
        try:
            os.read(self._alive, 1)
        except BlockingIOError:
            os.close(self._alive)
            return
        os._exit(82)  # the server died before we could ask to die with it


def _refused(tier: str | None, error: OSError) -> JailUnavailable:
    return JailUnavailable(f"the {tier} walls do not go up on this machine: {error}")


def _report(sock: socket.socket, message: str) -> None:
    try:
        wire.send_frame(sock, {"failed": message})
    except OSError:
        os._exit(83)  # nobody is left to be told


def _close_all_but(keep: set[int]) -> None:
    borders = sorted(keep)
    for low, high in itertools.pairwise([*borders, 1 << 20]):
        os.closerange(low + 1, high)


def _was_empty(folder: Path) -> bool:
    """Remove a folder in which nothing lies, as most children leave it: that needs no process of its own."""
    try:
        folder.rmdir()
    except OSError:
        return False
    return True


def _remove(folder: Path) -> int:
    return os.posix_spawn("/bin/sh", ["sh", "-c", REMOVE, str(folder)], {"PATH": "/usr/bin:/bin"})


def _wait(pid: int) -> None:
    os.waitpid(pid, 0)


# ------------------------------------------------------------------------------------------------------ command line


def _is_server(pid: str) -> bool:
    """Whether a living warm server has this process id: one that nobody has reaped yet has no command line."""
    try:
        return b"autograder.jail.server" in Path("/proc", pid, "cmdline").read_bytes()
    except OSError:
        return False


def main() -> None:
    """Import, fork into the background's life, and serve."""
    parser = argparse.ArgumentParser(description="Warm server of convnet-course; started on demand.")
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--scratch", type=Path, required=True)
    parser.add_argument("--entry", required=True, help="module:function")
    parser.add_argument("--preload", default="", help="modules, separated by commas")
    parser.add_argument("--walls", action="store_true", help="confine the children")
    parser.add_argument("--idle", type=float, default=120, help="seconds without a client before leaving")
    parser.add_argument("--ready", type=int, required=True, help="descriptor to write 'ready' to")
    options = parser.parse_args()
    if os.fork():
        os._exit(0)  # whoever started us has no child to wait for
    entry = _warm(options.entry, [name for name in options.preload.split(",") if name])
    server = Server(options.socket, options.scratch, entry, options.walls)
    os.write(options.ready, b"ready")
    os.close(options.ready)
    server.run(options.idle)


def _warm(entry: str, preload: list[str]) -> Callable[[socket.socket], None]:
    for name in preload:
        importlib.import_module(name)
    module_name, _, function = entry.partition(":")
    module = importlib.import_module(module_name)
    if hasattr(module, "warm"):
        module.warm()
    os.chdir("/")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is not meant for us
    tasks = Path("/proc/self/task")
    if tasks.exists() and len(list(tasks.iterdir())) > 1:
        raise RuntimeError("a preloaded module started a thread; forked children would lack it")
    gc.disable()  # a collection in the parent would copy its children's pages
    gc.collect()
    gc.freeze()
    linux.gather_memory()
    return getattr(module, function)


if __name__ == "__main__":
    main()
