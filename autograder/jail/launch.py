"""Find the warm server of a role, or start it.

A server belongs to one user, one interpreter, one role and one version of the code in ``autograder/``: an edit makes
the next caller start a fresh server, and the stale one leaves by itself when nobody has used it for a while.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import select
import site
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from autograder.jail.limits import JailUnavailable

PACKAGE = Path(__file__).resolve().parents[1]  # autograder/
START_SECONDS = 900  # importing TensorFlow from a cold disk takes half a minute, on a busy machine many
SOCKET_PATH_MAX = 100  # the kernel's own limit is 108 bytes

# A server's children share its memory, so it starts from this list and never sees the caller's other variables.
INHERITED = ("LD_LIBRARY_PATH", "PYTHONPATH", "TMPDIR", "TZ", "XDG_RUNTIME_DIR")
ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES": "",
    "KERAS_BACKEND": "tensorflow",
    "LANG": "C.UTF-8",
    "MALLOC_ARENA_MAX": "2",  # 64 MiB of address space for each further one
    "MKL_NUM_THREADS": "1",
    "MPLBACKEND": "agg",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",  # no thread may exist before a fork
    "PATH": "/usr/bin:/bin",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
}


@dataclass(frozen=True)
class Role:
    """What a warm server is for.

    Args:
        name: appears in file names.
        entry: ``module:function``, called in each forked child with its socket; the module's ``warm()``, if it has
            one, runs once in the server before any fork.
        preload: modules imported before the first fork.
        walls: whether the children are confined.
    """

    name: str
    entry: str
    preload: tuple[str, ...]
    walls: bool


def connect(role: Role) -> socket.socket:
    """Connect to the warm server of ``role``, starting it first where there is none.

    Raises:
        JailUnavailable: when it does not start; the message ends with the last lines of its log.
    """
    path = None
    try:
        path = _socket_path(f"{role.name}-{_key(role)}.sock")
        existing = _connected(path)
        if existing is not None:
            return existing
        with _locked(path.with_suffix(".lock")):
            existing = _connected(path)  # another process may have started it while we waited
            if existing is None:
                _start(role, path)
                existing = _connected(path)
    except OSError as error:  # a full disk, a folder that nobody may write in
        where, remedy = error.filename or path, "free or mend it, or set TMPDIR and XDG_RUNTIME_DIR to other folders"
        raise JailUnavailable(f"{where}: {error.strerror}; {remedy}") from error
    if existing is None:
        raise JailUnavailable(f"the warm {role.name} server started and left again{_tail(path)}")
    return existing


def _socket_path(name: str) -> Path:
    """Where a server listens: in a private folder, the user's choice where its path is short enough for the kernel."""
    runtime, folders = os.environ.get("XDG_RUNTIME_DIR", ""), [_temporary_folder(), _temporary_folder("/tmp")]
    if runtime and os.access(runtime, os.W_OK | os.X_OK):  # after `su` it may still name the other user's
        folders.insert(0, Path(runtime, "convnet-course"))
    for folder in folders:
        if len(os.fsencode(folder / name)) <= SOCKET_PATH_MAX:
            return private_folder(folder) / name
    raise JailUnavailable(f"{folders[-1] / name}: too long for a socket")  # a name of ours: no folder can mend it


def _temporary_folder(place: str = "") -> Path:
    return Path(place or tempfile.gettempdir(), f"convnet-course-{os.getuid()}")


def private_folder(folder: Path) -> Path:
    """Make ``folder``, readable by nobody else, or check that it is so.

    Raises:
        JailUnavailable: when somebody else's folder is in its place.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise JailUnavailable(
            f"{folder}: expected a folder of yours with mode 0700, received mode {stat.S_IMODE(status.st_mode):o} of "
            f"user {status.st_uid}; remove it, or set XDG_RUNTIME_DIR to a folder of your own"
        )
    return folder


def _connected(path: Path) -> socket.socket | None:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        sock.connect(str(path))
    except (FileNotFoundError, ConnectionError):
        sock.close()
        return None
    return sock


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _start(role: Role, path: Path) -> None:
    ready, write = os.pipe()
    log = path.with_suffix(".log")
    command = [sys.executable, "-m", "autograder.jail.server", "--socket", str(path)]
    command += ["--scratch", str(private_folder(_temporary_folder()) / f"scratch-{path.stem}")]
    command += ["--entry", role.entry, "--preload", ",".join(role.preload), "--ready", str(write)]
    command += ["--walls"] if role.walls else []
    command += ["--idle", os.environ.get("COURSE_SERVER_IDLE", "120")]
    try:
        with log.open("wb") as output:
            subprocess.run(  # it forks at once and leaves the server behind
                command, cwd=PACKAGE.parent, env=_environment(path.parent), pass_fds=[write],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, check=False,
            )  # fmt: skip
    finally:
        os.close(write)
    try:
        if not _said_ready(ready):
            raise JailUnavailable(f"the warm {role.name} server does not start{_tail(path)}")
    finally:
        os.close(ready)


def _said_ready(descriptor: int) -> bool:
    """Whether the server wrote its word before it died (end of file) or the time was up."""
    end = time.monotonic() + START_SECONDS
    readable, _, _ = select.select([descriptor], [], [], max(0.0, end - time.monotonic()))
    return bool(readable) and os.read(descriptor, 16) == b"ready"


def _environment(folder: Path) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    own = {"HOME": str(folder), "KERAS_HOME": str(folder / "keras"), "MPLCONFIGDIR": str(folder / "matplotlib")}
    if site.ENABLE_USER_SITE:
        own["PYTHONUSERBASE"] = site.getuserbase()
    return ENVIRONMENT | inherited | own


def _tail(path: Path) -> str:
    lines = path.with_suffix(".log").read_text(errors="replace").strip().splitlines()[-15:]
    return "; the end of its log:\n" + "\n".join(lines) if lines else " and says nothing"


def _key(role: Role) -> str:
    words = [sys.prefix, sys.version, repr(role), repr(sorted(_environment(Path()).items())), code_hash()]
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:16]


@functools.cache
def code_hash() -> str:
    """A hash of the code in ``autograder/``, as it was when this process first asked."""
    digest = hashlib.sha256(str(PACKAGE).encode())
    for path in sorted(PACKAGE.rglob("*.py")):
        data = path.read_bytes()
        digest.update(f"{path.relative_to(PACKAGE)}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()
