"""What is left behind when a submission has been graded: nothing."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path


def assert_nothing_left(servers: Path) -> None:
    """No process forked from a warm server and no scratch folder outlives its submission; busy machines are slow."""
    end = time.monotonic() + 60
    while (left := [*forked_processes(servers), *servers.glob("*/scratch-*/*")]) and time.monotonic() < end:
        time.sleep(0.05)
    assert not left


def forked_processes(servers: Path) -> list[str]:
    """Children of our servers: they carry the server's own command line."""
    parents, lines = {}, {}
    for folder in (folder for folder in Path("/proc").iterdir() if folder.name.isdigit()):
        try:
            status = (folder / "status").read_text()
            lines[folder.name] = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        parents[folder.name] = status.split("PPid:")[1].split()[0]
    ours = [pid for pid, line in lines.items() if os.fsencode(servers) in line and b"jail.server" in line]
    return [pid for pid in ours if lines.get(parents[pid]) == lines[pid]]


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def orphans(module: bytes) -> list[Path]:
    """Processes of this interpreter that run a module of ours and whose parent has gone: other tests' have one."""
    left = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line, status = (folder / "cmdline").read_bytes(), (folder / "status").read_text()
        except OSError:
            continue
        if line.startswith(os.fsencode(sys.executable)) and module in line and "PPid:\t1\n" in status:
            left.append(folder)
    return left
