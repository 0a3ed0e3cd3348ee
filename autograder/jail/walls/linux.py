"""The few calls to the Linux kernel that Python's standard library lacks."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import signal
import struct
import sys

LINUX = sys.platform.startswith("linux")

_libc = ctypes.CDLL(None, use_errno=True)
_held = ctypes.PyDLL(None, use_errno=True)  # the same library; other threads of the interpreter wait meanwhile
if LINUX:
    _libc.syscall.restype = _held.syscall.restype = ctypes.c_long

PR_SET_PDEATHSIG = 1
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
PR_GET_TID_ADDRESS = 40
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4

LARGE_PAGE = 2 << 20
_MADV_COLLAPSE = 25

_CLONE3 = 435
_CLONE_CHILD_CLEARTID, _CLONE_CHILD_SETTID = 0x00200000, 0x01000000

_CAPSET = {"x86_64": 126, "aarch64": 91}
_CAPABILITY_VERSION_3 = 0x20080522
_LAST_CAPABILITY = 63


def syscall(number: int, *arguments: int | bytes | None, what: str) -> int:
    """Make a system call by number; those above 423 are the same on every machine.

    Raises:
        OSError: with the kernel's error and ``what``.
    """
    converted = [ctypes.c_long(item) if isinstance(item, int) else item for item in arguments]
    return check(_libc.syscall(ctypes.c_long(number), *converted), what)


def map_shared(file: int, size: int) -> int:
    """Map a file's memory, to be read and written; returns its address. Python's own ``mmap`` keeps a descriptor.

    Raises:
        OSError: with the kernel's error.
    """
    _libc.mmap.restype = ctypes.c_void_p
    protection = mmap.PROT_READ | mmap.PROT_WRITE
    address = _libc.mmap(None, ctypes.c_size_t(size), protection, mmap.MAP_SHARED, file, ctypes.c_long(0))
    if address is None or address == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "mmap")
    return int(address)


def gather_memory() -> None:
    """Move this process's own memory into pages of 2 MiB where the kernel (Linux 6.1) will: a courtesy, no promise.

    A fork copies one entry for each page, and an end takes each back. What a child writes to is split again, for it.
    """
    with contextlib.suppress(OSError), open("/proc/self/maps", encoding="ascii", errors="replace") as file:
        for line in file.read().splitlines():
            borders, access, _, _, _, *name = line.split(maxsplit=5)
            if access == "rw-p" and name in ([], ["[heap]"]):
                start, end = (int(border, 16) for border in borders.split("-"))
                for place in range(-(-start // LARGE_PAGE) * LARGE_PAGE, end - LARGE_PAGE + 1, LARGE_PAGE):
                    _libc.madvise(ctypes.c_void_p(place), ctypes.c_size_t(LARGE_PAGE), _MADV_COLLAPSE)


def prctl(option: int, *arguments: int, what: str) -> None:
    """Call ``prctl``.

    Raises:
        OSError: with the kernel's error and ``what``.
    """
    check(_libc.prctl(option, *(ctypes.c_ulong(item) for item in (*arguments, 0, 0, 0, 0)[:4])), what)


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """Mount a file system, or change how one is mounted.

    Raises:
        OSError: with the kernel's error and what was to be mounted.
    """
    what = f"mount {kind or source} on {target}"
    words = [word.encode() if word else None for word in (source, target, kind)]
    check(_libc.mount(*words, ctypes.c_ulong(flags), options.encode() or None), what)


def unmount_detached(target: str) -> None:
    """Unmount a tree; it disappears for this process at once."""
    mnt_detach = 2
    check(_libc.umount2(target.encode(), mnt_detach), f"unmount {target}")


def fork(namespaces: int) -> int:
    """``os.fork`` into new namespaces, of a process with one thread: neither Python nor the C library offers it.

    To leave for new namespaces and fork then would take two forks, as a process list begins with who is born in it.
    Python documents its hooks for this, and the C library's own fork has the kernel write the child's id, too.

    Raises:
        OSError: where the kernel or its configuration refuses; nothing is forked then.
    """
    place = ctypes.c_uint64()  # where the C library keeps this thread's id; 0 where the kernel does not tell
    told = _libc.prctl(PR_GET_TID_ADDRESS, ctypes.byref(place)) == 0 and place.value
    flags = namespaces | (_CLONE_CHILD_SETTID | _CLONE_CHILD_CLEARTID if told else 0)
    arguments = struct.pack("=8Q", flags, 0, place.value, 0, signal.SIGCHLD, 0, 0, 0)
    _held.PyOS_BeforeFork()
    pid = _held.syscall(ctypes.c_long(_CLONE3), arguments, ctypes.c_long(len(arguments)))
    if pid == 0:
        _held.PyOS_AfterFork_Child()
        return 0
    number = ctypes.get_errno()
    _held.PyOS_AfterFork_Parent()
    if pid < 0:
        raise OSError(number, f"create user, mount, pid, network and ipc namespaces: {os.strerror(number)}")
    return int(pid)


def check(result: int, what: str) -> int:
    """Turn a negative result into an ``OSError`` that says what failed."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def address(buffer: ctypes.Array[ctypes.c_char]) -> int:
    """The address of a buffer, to be put into a structure."""
    return ctypes.addressof(buffer)


def kill_me_with_my_parent() -> None:
    """Let the kernel kill this process as soon as its parent ends."""
    if LINUX:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL, what="die with the parent")


def drop_privileges(machine: str) -> None:
    """Give up every capability, for good: even a process of root's is then an ordinary one.

    Raises:
        OSError: when the kernel refuses.
    """
    if os.geteuid() == 0:
        _empty_bounding_set()
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, what="clear the ambient capabilities")
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    syscall(_CAPSET[machine], header, bytes(24), what="drop all capabilities")
    prctl(PR_SET_NO_NEW_PRIVS, 1, what="refuse new privileges")


def _empty_bounding_set() -> None:
    for capability in range(_LAST_CAPABILITY + 1):
        try:
            prctl(PR_CAPBSET_DROP, capability, what="drop a capability")
        except OSError:
            break  # beyond the last one that this kernel knows, or already without the right to drop
