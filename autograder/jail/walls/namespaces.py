"""Namespaces: a process with its own root folder, process list, network and users.

Nothing of the machine is there except what is mounted on purpose, read-only. No privileges are needed: the process
becomes root of a new user namespace for the time it takes to build its root, and gives that up afterwards.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from pathlib import Path

from autograder.jail.walls import linux

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
EVERYTHING = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 1 << 14, 1 << 18
OPEN_TREE, MOVE_MOUNT, MOUNT_SETATTR = 428, 429, 442
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
OPEN_TREE_CLONE, MOVE_MOUNT_F_EMPTY_PATH = 1, 4
AT_FDCWD, AT_EMPTY_PATH, AT_RECURSIVE = -100, 0x1000, 0x8000
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV = 1, 2, 4

STUDENT_ID = 1000
SCRATCH = "/scratch"
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
MAX_FILES = 5_000


def be_a_student(user: int, group: int) -> None:
    """Give this process, forked into ``EVERYTHING`` that is new, a name there for who it is outside.

    Raises:
        OSError: where the kernel or its configuration refuses.
    """
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{STUDENT_ID} {user} 1"),
        ("gid_map", f"{STUDENT_ID} {group} 1"),
    ):
        Path("/proc/self", name).write_text(text)


def build_root(readable: Iterable[str], base: Path, disk_mb: int, machine: str) -> None:
    """Exchange the root folder for one with ``readable``, a process list, harmless devices and an empty scratch folder.

    Args:
        readable: absolute paths of files and folders; each is found under the same name, read-only.
        base: an empty folder to build in; nothing is written to it.
        disk_mb: MiB of the scratch folder, which lives in memory.

    Raises:
        OSError: naming the step that failed.
    """
    linux.mount("none", "/", "", MS_REC | MS_PRIVATE)
    # taken before anything is mounted: what we mount may hide them
    read_only = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV
    trees = [(path, _take(path, read_only)) for path in outermost(readable)]
    trees += [(path, _take(path, MOUNT_ATTR_NOSUID)) for path in DEVICES]
    linux.mount("tmpfs", str(base), "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,nr_inodes=2000,mode=755")
    for path, tree in trees:
        _place(tree, base / path.lstrip("/"))
    proc, scratch = base / "proc", base / SCRATCH.lstrip("/")
    proc.mkdir()
    linux.mount("proc", str(proc), "proc", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "subset=pid")
    scratch.mkdir()
    options = f"size={disk_mb}m,nr_inodes={MAX_FILES},mode=700"
    linux.mount("tmpfs", str(scratch), "tmpfs", MS_NOSUID | MS_NODEV, options)
    os.chdir(base)
    linux.syscall(PIVOT_ROOT[machine], b".", b".", what="change the root folder")
    linux.unmount_detached(".")  # the old root lies on top of the new one until then
    os.chdir("/")
    _set_attributes(AT_FDCWD, b"/", 0, MOUNT_ATTR_RDONLY)


def outermost(paths: Iterable[str]) -> list[str]:
    """The existing ``paths`` that do not lie inside another one.

    >>> outermost(["/proc/self", "/proc", "/does/not/exist"])
    ['/proc']
    """
    kept: dict[str, str] = {}  # with what begins all names inside
    for path in sorted(set(paths)):
        if os.path.exists(path) and not path.startswith(tuple(kept.values())):
            kept[path] = f"{path.rstrip('/')}/"
    return list(kept)


def _take(path: str, attributes: int) -> tuple[int, bool]:
    """A detached copy of the tree at ``path``, and whether it is a folder."""
    flags = OPEN_TREE_CLONE | os.O_CLOEXEC | AT_RECURSIVE
    tree = linux.syscall(OPEN_TREE, AT_FDCWD, os.fsencode(path), flags, what=f"take {path}")
    _set_attributes(tree, b"", AT_EMPTY_PATH | AT_RECURSIVE, attributes)
    return tree, os.path.isdir(path)


def _place(tree: tuple[int, bool], target: Path) -> None:
    descriptor, is_folder = tree
    if is_folder:
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    linux.syscall(
        MOVE_MOUNT, descriptor, b"", AT_FDCWD, os.fsencode(target), MOVE_MOUNT_F_EMPTY_PATH, what=f"place {target}"
    )
    os.close(descriptor)


def _set_attributes(descriptor: int, path: bytes, flags: int, attributes: int) -> None:
    structure = struct.pack("=QQQQ", attributes, 0, 0, 0)
    linux.syscall(MOUNT_SETATTR, descriptor, path, flags, structure, len(structure), what="make a mount read-only")
