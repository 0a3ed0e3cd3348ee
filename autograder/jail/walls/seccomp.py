"""A seccomp filter: the kernel answers only the system calls that numerical Python needs.

The filter is an allowlist, written directly in the kernel's classic BPF. Threads yes, processes no; signals to
oneself only; no sockets except an anonymous pair, which asyncio needs.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Iterable
from typing import NamedTuple

from autograder.jail.walls import linux, syscalls

# ------------------------------------------------------------------------------------------------------ the machine


class Instruction(NamedTuple):
    """One instruction of classic BPF."""

    code: int
    true: int
    false: int
    value: int


LOAD, JUMP_EQUAL, JUMP_ANY_BIT, JUMP_AT_LEAST, AND, RETURN = 0x20, 0x15, 0x45, 0x35, 0x54, 0x06
KILL_PROCESS, ALLOW, ERRNO = 0x80000000, 0x7FFF0000, 0x00050000
NUMBER, ARCHITECTURE = 0, 4  # offsets in struct seccomp_data
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
X32 = 0x40000000  # x86_64's second set of numbers for the same calls
MAX_INSTRUCTIONS = 4096

# ----------------------------------------------------------------------------------------------------- what we allow

CLONE_THREAD, CLONE_FILES = 0x00010000, 0x00000400
CLOSE_RANGES = (0, 4)  # to close, and to close when a program starts; not: files that only one thread sees
CLONE_NEW_ANYTHING = 0x7E020080
AF_UNIX, SOCK_STREAM, SOCK_TYPE = 1, 1, 0xF
# TCGETS TIOCGWINSZ FIONREAD FIONBIO FIONCLEX FIOCLEX
IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
# dup, flags, close-on-exec dup, pipe size; no owners, leases, signals or notifications
FCNTLS = (0, 1, 2, 3, 4, 1030, 1032)
F_SETFL = 4
TAKE_LOCK = (6, 7, 37, 38)  # libraries lock their own files; nobody else has them, so it works without a lock
# How to treat one's own memory. Not: what to fetch, keep or drop of a file's pages, which others can feel.
MADVICE = (0, 1, 2, 4, 8, 10, 11, 14, 15, 16, 17, 18, 19)
FUTEX_PRIVATE, FUTEX_COMMAND, FUTEX_WAITS = 128, 0x7F, (0, 9)
OTHERS_CLOCKS, OWN_CLOCKS = 0x80000000, 0xFFFFFFF8  # a negative clock names a process; the last few name oneself
# what only reads, thread names, timer slack, transparent huge pages, names of mappings
PRCTLS = (2, 3, 15, 16, 21, 23, 27, 29, 30, 39, 41, 42, 0x53564D41)


def load(offset: int) -> Instruction:
    """Load a 32-bit word of the call's description."""
    return Instruction(LOAD, 0, 0, offset)


def argument(index: int) -> Instruction:
    """Load the low half of an argument; all that we look at are ints in the kernel."""
    return load(16 + 8 * index)


def give(value: int) -> Instruction:
    """End with a verdict."""
    return Instruction(RETURN, 0, 0, value)


def refuse(number: int) -> Instruction:
    """End with an error; 0 pretends success."""
    return give(ERRNO | number)


def when_equal(value: int, body: Iterable[Instruction]) -> list[Instruction]:
    """Run ``body``, which ends with a verdict, when the loaded word equals ``value``."""
    body = list(body)
    return [Instruction(JUMP_EQUAL, 0, len(body), value), *body]


def one_of(index: int, values: Iterable[int], otherwise: Instruction) -> list[Instruction]:
    """Allow when an argument is one of ``values``."""
    return [argument(index), *(step for value in values for step in when_equal(value, [give(ALLOW)])), otherwise]


def program(machine: str, pid: int) -> bytes:
    """The filter for a process.

    Args:
        machine: ``x86_64`` or ``aarch64``.
        pid: of the process itself, which alone it may signal.
    """
    denied = refuse(errno.EPERM)
    guards = _guards(pid, denied)
    steps = [load(ARCHITECTURE), Instruction(JUMP_EQUAL, 1, 0, ARCHITECTURES[machine]), give(KILL_PROCESS)]
    steps += [load(NUMBER)]
    if machine == "x86_64":
        steps += [Instruction(JUMP_AT_LEAST, 0, 1, X32), give(KILL_PROCESS)]
    for name, number in syscalls.guarded(machine).items():  # first: of the others the kernel keeps a map
        steps += when_equal(number, guards[name])
    for number in syscalls.allowed(machine).values():
        steps += when_equal(number, [give(ALLOW)])
    for number in syscalls.ignored(machine).values():
        steps += when_equal(number, [refuse(0)])
    steps += [Instruction(JUMP_AT_LEAST, 0, 1, syscalls.NEWEST), refuse(errno.ENOSYS), denied]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _guards(pid: int, denied: Instruction) -> dict[str, list[Instruction]]:
    """The second look at calls that are allowed for some arguments."""
    ourselves = (0, pid)
    scheduling = one_of(0, ourselves, refuse(0))  # libraries pin their own threads and abort on an error
    about_us = one_of(0, ourselves, refuse(errno.ESRCH))  # what a neighbour sets, we could read
    cached_only = one_of(5, (0,), refuse(errno.EOPNOTSUPP))  # a flag asks whether a page is in memory already
    return _between_processes(ourselves, denied) | {
        "preadv2": cached_only,
        "pwritev2": cached_only,
        "madvise": one_of(2, MADVICE, refuse(errno.EINVAL)),
        "sched_getaffinity": about_us,
        "sched_getattr": about_us,
        "sched_getparam": about_us,
        "sched_getscheduler": about_us,
        "sched_rr_get_interval": about_us,
        "getpgid": about_us,
        "getsid": about_us,
        "getpriority": one_of(1, ourselves, refuse(errno.ESRCH)),
        "clone": [
            argument(0),
            Instruction(JUMP_ANY_BIT, 0, 3, CLONE_THREAD),
            Instruction(JUMP_ANY_BIT, 0, 2, CLONE_FILES),  # whoever counts files looks at one thread's
            Instruction(JUMP_ANY_BIT, 1, 0, CLONE_NEW_ANYTHING),
            give(ALLOW),
            denied,
        ],
        "openat": _opening(2),
        "open": _opening(1),
        "close_range": one_of(2, CLOSE_RANGES, refuse(errno.EINVAL)),
        "clone3": [refuse(errno.ENOSYS)],  # its flags lie in memory, out of sight; the C library falls back to clone
        "socketpair": [
            argument(0),
            Instruction(JUMP_EQUAL, 0, 4, AF_UNIX),
            argument(1),
            Instruction(AND, 0, 0, SOCK_TYPE),
            Instruction(JUMP_EQUAL, 0, 1, SOCK_STREAM),
            give(ALLOW),
            denied,
        ],
        "ioctl": one_of(1, IOCTLS, refuse(errno.ENOTTY)),
        "fcntl": [
            argument(1),
            *(step for value in TAKE_LOCK for step in when_equal(value, [refuse(0)])),
            *when_equal(F_SETFL, _opening(2)),
            *one_of(1, FCNTLS, denied),
        ],
        "prctl": one_of(0, PRCTLS, denied),
        "kill": one_of(0, (pid,), denied),
        "tgkill": one_of(0, (pid,), denied),
        "sched_setaffinity": scheduling,
        "sched_setattr": scheduling,
        "sched_setparam": scheduling,
        "sched_setscheduler": scheduling,
    }


def _opening(flags: int) -> list[Instruction]:
    """Files are opened in every way but those that wait for the disk, which costs a process nothing."""
    waiting = os.O_DSYNC | os.O_SYNC | os.O_DIRECT
    return [argument(flags), Instruction(JUMP_ANY_BIT, 0, 1, waiting), refuse(errno.EINVAL), give(ALLOW)]


def _between_processes(ourselves: Iterable[int], denied: Instruction) -> dict[str, list[Instruction]]:
    """Calls through which two confined processes could tell each other something."""
    clock = [
        argument(0),
        Instruction(JUMP_AT_LEAST, 2, 0, OWN_CLOCKS),
        Instruction(JUMP_AT_LEAST, 0, 1, OTHERS_CLOCKS),
        refuse(errno.EINVAL),  # another's processor time
        give(ALLOW),
    ]
    futex = [
        argument(1),
        Instruction(JUMP_ANY_BIT, 0, 1, FUTEX_PRIVATE),
        give(ALLOW),
        Instruction(AND, 0, 0, FUTEX_COMMAND),
        # joining a thread waits so; to wake somebody in a file's page is a bell in the neighbour's house
        *(step for command in FUTEX_WAITS for step in when_equal(command, [give(ALLOW)])),
        refuse(errno.EINVAL),
    ]
    # Limits are only read: whoever lowers the number of processes finds out how many its user has.
    prlimit = [
        *(s for half in (0, 4) for s in (load(32 + half), Instruction(JUMP_EQUAL, 1, 0, 0), denied)),
        *one_of(0, ourselves, denied),
    ]
    clocks = ("clock_gettime", "clock_getres", "clock_nanosleep", "timer_create")
    return {**dict.fromkeys(clocks, clock), "futex": futex, "prlimit64": prlimit}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def install(machine: str, pid: int) -> None:
    """Put the filter over this thread and all that it will start, for ever.

    Raises:
        OSError: where the kernel has no seccomp filters.
    """
    code = ctypes.create_string_buffer(program(machine, pid))
    length = (len(code) - 1) // 8
    if length > MAX_INSTRUCTIONS:
        raise ValueError(f"a filter of {length} instructions; the kernel takes {MAX_INSTRUCTIONS}")
    whole = _Program(length, linux.address(code))
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1, what="refuse new privileges")
    linux.prctl(linux.PR_SET_SECCOMP, 2, ctypes.addressof(whole), what="seccomp filter")
