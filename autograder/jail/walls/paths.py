"""What a student's process may read: the interpreter, its packages, the system's libraries. An allowlist."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from autograder.jail.limits import JailUnavailable

PACKAGE_FOLDERS = ("site-packages", "dist-packages")
COURSE = Path(__file__).resolve().parents[3]

# Below a prefix; never the prefix itself, because people put a course into /usr/src or beside an environment's lib.
IN_PREFIX = ("bin", "lib", "lib64", "share", "etc/fonts", "pyvenv.cfg")
SYSTEM = (
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/ssl/openssl.cnf",
    "/lib",
    "/lib64",
    "/sys/devices/system/cpu/online",
    "/sys/devices/system/cpu/possible",
    "/sys/devices/system/cpu/present",
    "/sys/devices/system/node/online",
    "/usr/lib",
    "/usr/lib64",
    "/usr/share/fonts",
    "/usr/share/locale",
    "/usr/share/zoneinfo",
)
# TensorFlow aborts without /proc/self/cmdline. No counters of the whole machine: what one process makes them count,
# another can read.
OWN_PROC = (
    "/proc/cpuinfo",
    "/proc/filesystems",
    # one by one: beside them lie counters of the whole machine's network
    *(f"/proc/self/{name}" for name in ("cmdline", "environ", "fd", "limits", "maps", "stat", "statm", "status")),
    "/proc/sys/vm/overcommit_memory",
    "/proc/version",
)


def student_path(path: Iterable[str]) -> list[str]:
    """Those entries of ``sys.path`` that belong to the interpreter and its packages; never the course's own folder."""
    prefixes = [os.path.realpath(prefix) for prefix in _prefixes()]
    return [entry for entry in path if entry and _is_packages(os.path.realpath(entry), prefixes)]


@functools.cache
def readable() -> tuple[str, ...]:
    """Absolute paths that a student's process may read, each under its given and its resolved name; looked up once.

    Raises:
        JailUnavailable: when the course itself lies inside one of them.
    """
    paths = [os.path.join(prefix, part) for prefix in _prefixes() for part in IN_PREFIX]
    paths += [*student_path(sys.path), *SYSTEM]
    both = {os.path.abspath(path) for path in paths} | {os.path.realpath(path) for path in paths}
    around = [path for path in both if _inside(str(COURSE), path)]
    if around:
        raise JailUnavailable(
            f"the course's own code lies in {COURSE}, inside {min(around)}, which students' code may read; "
            "move it to a folder of its own and install it with `pip install -e .`"
        )
    return tuple(sorted(both))


def _prefixes() -> set[str]:
    return {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix}


def _is_packages(entry: str, prefixes: Iterable[str]) -> bool:
    if entry == str(COURSE):
        return False
    return Path(entry).name in PACKAGE_FOLDERS or any(_inside(entry, prefix) for prefix in prefixes)


def _inside(path: str, folder: str) -> bool:
    return os.path.commonpath((path, folder)) == folder
