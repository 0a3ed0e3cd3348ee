"""Landlock: an unprivileged process forbids itself every file that is not on a list."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from enum import IntFlag

from autograder.jail.walls import linux

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
RULE_PATH_BENEATH = 1
GET_VERSION = 1


class Access(IntFlag):
    """What may be done with a file; the kernel's own bits."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    REMOVE_DIR = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_CHAR = 1 << 6
    MAKE_DIR = 1 << 7
    MAKE_REG = 1 << 8
    MAKE_SOCK = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK = 1 << 11
    MAKE_SYM = 1 << 12
    REFER = 1 << 13  # since version 2: rename between folders
    TRUNCATE = 1 << 14  # since version 3
    IOCTL_DEV = 1 << 15  # since version 5


FIRST_VERSION = Access((1 << 13) - 1)
SINCE = {2: Access.REFER, 3: Access.TRUNCATE, 5: Access.IOCTL_DEV}
ALL_TCP = 3  # since version 4: bind and connect
ALL_SCOPES = 3  # since version 6: abstract sockets and signals of other processes

READ = Access.READ_FILE | Access.READ_DIR | Access.EXECUTE  # to map a library is to execute it
# No links, pipes, sockets or devices: scratch folders hold plain files.
WRITE = (
    READ
    | Access.WRITE_FILE
    | Access.REMOVE_DIR
    | Access.REMOVE_FILE
    | Access.MAKE_DIR
    | Access.MAKE_REG
    | Access.REFER
    | Access.TRUNCATE
)
ON_FILES = Access.EXECUTE | Access.WRITE_FILE | Access.READ_FILE | Access.TRUNCATE | Access.IOCTL_DEV


def version() -> int:
    """The kernel's Landlock version; 0 where there is none."""
    if not linux.LINUX:
        return 0
    try:
        return linux.syscall(CREATE_RULESET, None, 0, GET_VERSION, what="Landlock")
    except OSError:
        return 0


def restrict(readable: Iterable[str], writable: Iterable[str]) -> None:
    """Allow this process to read below ``readable`` and to write below ``writable``, and nothing else, for ever.

    Paths that do not exist are skipped. Metadata is not covered: a seccomp filter must forbid changing it.

    Raises:
        OSError: where the kernel has no Landlock.
    """
    known = version()
    handled = FIRST_VERSION
    for since, access in SINCE.items():
        handled |= access if known >= since else Access(0)
    attributes = struct.pack("=QQQ", handled, ALL_TCP if known >= 4 else 0, ALL_SCOPES if known >= 6 else 0)
    size = 24 if known >= 6 else 16 if known >= 4 else 8
    ruleset = linux.syscall(CREATE_RULESET, attributes[:size], size, 0, what="Landlock ruleset")
    try:
        for access, paths in ((READ, readable), (WRITE, writable)):
            for path in paths:
                _allow(ruleset, path, access & handled)
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1, what="refuse new privileges")
        linux.syscall(RESTRICT_SELF, ruleset, 0, what="Landlock")
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, access: Access) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not os.path.isdir(path):
            access &= ON_FILES
        rule = struct.pack("=Qi", access, descriptor)
        linux.syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, rule, 0, what=f"Landlock rule for {path}")
    finally:
        os.close(descriptor)
