"""The walls around a student's process, and the test whether they hold on this machine.

Tier ``namespaces``: own root folder, process list and network; Landlock, seccomp and resource limits on top of that.
Tier ``landlock``: Landlock, seccomp and resource limits, where namespaces are refused, as in most containers.
Tier ``none``: resource limits only, for the judge's own processes, or where a course says so in words.
"""

from __future__ import annotations

import contextlib
import functools
import math
import os
import platform
import resource
import shutil
import socket
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from autograder.jail.limits import JailUnavailable, Limits
from autograder.jail.walls import landlock, linux, namespaces, paths, seccomp, syscalls

TIERS = ("namespaces", "landlock", "none")
MIB = 1 << 20
STACK_BYTES = 8 * MIB
OPEN_FILES = 256
# Address space is cheap and libraries reserve plenty; what really counts, memory in use, is watched from outside.
SPARE_ADDRESSES_MB = 2048
SPARE_DATA_MB = 512
OPEN_SPARE_MB = 16_384  # TensorFlow crashes where memory is refused; a judge that takes too much is to be told so
SPARE_CPU_SECONDS = 10  # a second fence: the warm server counts too, and says why
OOM_SCORE = "500"  # when the machine itself runs out of memory, a student's process goes first


class Box:
    """Walls around a process: whoever has made the box forks it, and it puts them up itself."""

    def __init__(self, tier: str, scratch: Path, limits: Limits) -> None:
        self._tier, self._scratch, self._limits = tier, scratch, limits
        self._machine = platform.machine()
        self._user = os.geteuid(), os.getegid()  # in a new namespace nobody knows any more
        if tier not in TIERS:
            raise JailUnavailable(f"isolation: expected one of {', '.join(TIERS)}, received {tier!r}")
        if tier != "none" and not (linux.LINUX and self._machine in syscalls.MACHINES):
            raise JailUnavailable(_unsupported())

    def fork(self) -> int:
        """``os.fork``; in the first tier into namespaces of its own, where it is the first of its process list.

        Being first, it ignores deadly signals that it sends to itself; the kernel's own, and those from outside, work.

        Raises:
            OSError: where the kernel or its configuration refuses; nothing is forked then.
        """
        return linux.fork(namespaces.EVERYTHING) if self._tier == "namespaces" else os.fork()

    def close(self) -> None:
        """Put everything up; the working folder is the scratch folder then.

        Raises:
            OSError: naming the step that failed.
        """
        os.umask(0o077)
        if self._tier == "none":
            os.chdir(self._scratch)
            _limit_resources(self._limits, OPEN_SPARE_MB)
            return
        readable, scratch, devices = paths.readable(), str(self._scratch), list(namespaces.DEVICES)
        with contextlib.suppress(OSError):  # a courtesy to the machine, no wall
            Path("/proc/self/oom_score_adj").write_text(OOM_SCORE)
        if self._tier == "namespaces":
            namespaces.be_a_student(*self._user)
            scratch = namespaces.SCRATCH
            inside = [path for path in readable if not path.startswith("/proc")]
            namespaces.build_root(inside, self._scratch, self._limits.disk_mb, self._machine)
            readable = ("/",)
        else:
            readable = (*readable, *paths.OWN_PROC)
            for path in filter(os.path.exists, paths.OWN_PROC):
                os.open(path, os.O_PATH)  # kept open: a rule holds as long as the kernel remembers the file
        os.chdir(scratch)
        _limit_resources(self._limits)
        linux.drop_privileges(self._machine)
        if self._tier == "landlock" or landlock.version():
            landlock.restrict(readable, [scratch, *devices])
        seccomp.install(self._machine, os.getpid())


def _limit_resources(limits: Limits, spare_mb: int = 0) -> None:
    sizes = _sizes_mb()
    bounds = {
        resource.RLIMIT_CPU: math.ceil(limits.process_seconds) + SPARE_CPU_SECONDS,
        resource.RLIMIT_AS: (sizes["VmSize"] + limits.memory_mb + SPARE_ADDRESSES_MB + spare_mb) * MIB,
        resource.RLIMIT_DATA: (sizes["VmData"] + limits.memory_mb + SPARE_DATA_MB + spare_mb) * MIB,
        resource.RLIMIT_FSIZE: limits.disk_mb * MIB,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_STACK: STACK_BYTES,
        resource.RLIMIT_CORE: 0,
    }
    for kind, bound in bounds.items():
        _, hard = resource.getrlimit(kind)
        bound = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
        resource.setrlimit(kind, (bound, bound))


def _sizes_mb() -> dict[str, int]:
    """What the warm imports already occupy, in MiB."""
    if not linux.LINUX:
        return {"VmSize": 0, "VmData": 0}
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {name: int(fields[name].split()[0]) // 1024 for name in ("VmSize", "VmData")}


# ------------------------------------------------------------------------------------------------------------ probing


@dataclass(frozen=True)
class Feature:
    """A kernel feature, or a whole tier: whether it holds here, and how we know."""

    name: str
    holds: bool
    detail: str


@dataclass(frozen=True)
class WallsReport:
    """What this machine offers; every answer was found by trying it."""

    features: tuple[Feature, ...]

    @property
    def tier(self) -> str | None:
        """The strongest tier that holds; None when none does."""
        return next((f.name for f in self.features if f.name in TIERS and f.holds), None)

    @property
    def missing(self) -> tuple[Feature, ...]:
        """What does not hold."""
        return tuple(feature for feature in self.features if not feature.holds)

    def explain(self) -> str:
        """What is missing and how to go on."""
        reasons = "; ".join(f"{feature.name}: {feature.detail}" for feature in self.missing)
        return (
            f"no walls hold on this machine ({reasons}); use Linux 5.13 or later with Landlock enabled, "
            "or allow user namespaces, or write `isolation: none` in course.yaml and trust every submission"
        )


@functools.cache
def probe() -> WallsReport:
    """Try every feature and both tiers, each in a forked child."""
    if not (linux.LINUX and platform.machine() in syscalls.MACHINES):
        return WallsReport((Feature("system", False, _unsupported()),))
    version = landlock.version()
    filters = _attempt(lambda: seccomp.install(platform.machine(), os.getpid()))
    users = _attempt(lambda: None, lambda: linux.fork(namespaces.EVERYTHING))
    features = [
        Feature("Landlock", version > 0, f"version {version}" if version else "not in this kernel, or not enabled"),
        Feature("seccomp", not filters, filters or "filters work"),
        Feature("user namespaces", not users, users or "may be created"),
    ]
    for tier in TIERS[:2]:
        problem = _attempt_tier(tier)
        features.append(Feature(tier, not problem, problem or "holds"))
    return WallsReport(tuple(features))


def _attempt_tier(tier: str) -> str:
    scratch = Path(tempfile.mkdtemp(prefix="convnet-course-probe-"))
    try:
        box = Box(tier, scratch, Limits.of_task(seconds=60, memory_mb=256, disk_mb=16))
        return _attempt(lambda: _check_walls(box), box.fork)
    finally:
        shutil.rmtree(scratch)


def _check_walls(box: Box) -> None:
    """Put the walls up and try what they must refuse."""
    box.close()
    Path("file").write_text("the scratch folder is ours")
    for what, action in (
        ("read the course's code", lambda: Path(__file__).read_bytes()),
        ("read the list of users", lambda: Path("/etc/passwd").read_bytes()),
        ("start a process", os.fork),
        ("open a socket", socket.socket),
    ):
        try:
            action()
        except OSError:
            continue
        raise RuntimeError(f"the walls are up but a student could {what}")


def _attempt(action: Callable[[], None], fork: Callable[[], int] = os.fork) -> str:
    """Run ``action`` in a forked child; "" when it works, else what it says."""
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the caller may have threads; the child needs none of them
        guardian = os.fork()
    if guardian == 0:
        _guard(action, fork, write)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read().decode(errors="replace")
    os.waitpid(guardian, 0)
    return "" if said == "fine" else said or "the process that tried it died without a word"


def _guard(action: Callable[[], None], fork: Callable[[], int], write: int) -> None:
    """Run ``action`` in a child of this process, which has one thread, and write what it says. Never returns."""
    said, child = "fine", 0
    try:
        child = fork()
        if child == 0:
            action()
    except BaseException as error:  # a probe's failure is its answer
        said = str(error) or repr(error)
    if child == 0:
        os.write(write, said.encode())
    else:
        os.waitpid(child, 0)
    os._exit(0)


def _unsupported() -> str:
    machines = " or ".join(syscalls.MACHINES)
    return f"the walls need Linux on {machines}; this is {platform.system()} on {platform.machine()}"
