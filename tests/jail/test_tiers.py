"""Which walls hold on a machine, how a process gets behind them, and what a machine without any is told."""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from allowed import some_limits

from autograder.jail.limits import JailUnavailable
from autograder.jail.walls import landlock, paths, seccomp, syscalls
from autograder.jail.walls import tiers as walls


def test_probe_names_the_strongest_tier_that_holds():
    report = walls.probe()
    holding = [f.name for f in report.features if f.holds and f.name in walls.TIERS]
    assert report.tier == (holding[0] if holding else None)


PATIENCE = 60  # seconds: a child without a whole interpreter waits for ever

FORKING = """
import os, sys, threading, time
from autograder.jail.walls import linux, namespaces

told = []
os.register_at_fork(before=lambda: told.append("before"), after_in_parent=lambda: told.append("parent"))
os.register_at_fork(after_in_child=lambda: told.append("child"))
try:
    child = linux.fork(namespaces.EVERYTHING)
except OSError:
    print("refused", told)
    sys.exit()
if child == 0:
    born = threading.Thread(target=told.append, args=["thread"])
    born.start()
    born.join()
    own = time.pthread_getcpuclockid(threading.get_ident())  # which the C library makes of the thread's id
    known = ~own >> 3 == threading.get_native_id() and time.clock_gettime(own) > 0
    print(told, os.getpid(), known, flush=True)
    os._exit(0)
print(os.waitpid(child, 0)[1], told)
"""


def test_fork_into_namespaces_is_a_whole_fork_to_python_and_to_the_c_library():
    command = [sys.executable, "-c", FORKING]
    forking = subprocess.Popen(command, cwd=paths.COURSE, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        told, _ = forking.communicate(timeout=PATIENCE)
    finally:
        with contextlib.suppress(ProcessLookupError):  # it has ended, as it should
            os.killpg(forking.pid, signal.SIGKILL)  # with its child, which holds the pipe
    holds = next(feature.holds for feature in walls.probe().features if feature.name == "user namespaces")
    here = ["['before', 'child', 'thread'] 1 True", "0 ['before', 'parent']"]
    assert told.splitlines() == (here if holds else ["refused ['before', 'parent']"])


REFUSED = """
import os
from pathlib import Path
from autograder.jail.walls import linux, namespaces, tiers

user = os.geteuid(), os.getegid()
child = linux.fork(namespaces.CLONE_NEWUSER)
if child:
    os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
namespaces.be_a_student(*user)
Path("/proc/sys/user/max_user_namespaces").write_text("0")  # in this one, and whatever is made in it
print(tiers.probe().tier)

from autograder.jail import client
from autograder.jail.limits import JailUnavailable

try:
    client.spawn(tiers.Limits.of_task(seconds=60, memory_mb=512, disk_mb=16), "namespaces")
except JailUnavailable as refusal:
    print(refusal)
"""


@pytest.mark.skipif(walls.probe().tier != "namespaces", reason="namespaces are refused here to begin with")
def test_namespaces_that_are_refused_leave_the_other_walls_and_say_so():
    with tempfile.TemporaryDirectory() as folder:  # short enough for a socket
        surroundings = {**os.environ, "XDG_RUNTIME_DIR": folder, "TMPDIR": folder, "COURSE_SERVER_IDLE": "1"}
        command = [sys.executable, "-c", REFUSED]
        done = subprocess.run(command, cwd=paths.COURSE, env=surroundings, check=True, capture_output=True, text=True)
    tier, refusal = done.stdout.splitlines()
    assert tier == ("landlock" if landlock.version() else "None")
    assert refusal.startswith("the namespaces walls do not go up on this machine: [Errno 28]")


def test_report_without_a_tier_says_what_is_missing_and_what_to_do():
    report = walls.WallsReport((walls.Feature("Landlock", False, "not in this kernel"),))
    assert report.tier is None
    assert "Landlock: not in this kernel" in report.explain() and "isolation: none" in report.explain()


def test_machine_without_a_table_of_system_calls_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(JailUnavailable, match="x86_64 or aarch64"):
        walls.Box("landlock", tmp_path, some_limits())


def test_course_inside_a_readable_folder_is_refused(monkeypatch):
    monkeypatch.setattr(paths, "COURSE", Path(os.__file__).parent / "site-packages")
    paths.readable.cache_clear()
    with pytest.raises(JailUnavailable, match="pip install -e"):
        paths.readable()


def test_course_is_not_on_the_students_path():
    path = [str(paths.COURSE), "", os.path.dirname(os.__file__)]
    assert paths.student_path(path) == path[2:]


@pytest.mark.parametrize("machine", syscalls.MACHINES)
def test_tables_of_system_calls_do_not_contradict_each_other(machine):
    tables = [syscalls.allowed(machine), syscalls.guarded(machine), syscalls.ignored(machine)]
    numbers = [number for table in tables for number in table.values()]
    assert len(numbers) == len(set(numbers)) and max(numbers) < syscalls.NEWEST
    assert set(syscalls.guarded(machine)) <= set(seccomp._guards(1, seccomp.refuse(1)))
    assert set(syscalls.guarded("x86_64")) == set(seccomp._guards(1, seccomp.refuse(1)))


@pytest.mark.parametrize("machine", syscalls.MACHINES)
def test_every_jump_of_the_filter_lands_inside_it(machine):
    import struct

    steps = list(struct.iter_unpack("=HBBI", seccomp.program(machine, 4711)))
    jumps = (seccomp.JUMP_EQUAL, seccomp.JUMP_ANY_BIT, seccomp.JUMP_AT_LEAST)
    for place, (code, true, false, _) in enumerate(steps):
        assert code not in jumps or place + 1 + max(true, false) < len(steps)
    assert steps[-1][0] == seccomp.RETURN and len(steps) < seccomp.MAX_INSTRUCTIONS


def test_landlock_version_is_a_number_with_or_without_landlock():
    assert landlock.version() >= 0
