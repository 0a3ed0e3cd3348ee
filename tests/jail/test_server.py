"""The warm server starts once, on demand, and whatever dies, nothing is left behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from allowed import some_limits

from autograder.jail import launch, process
from autograder.jail.client import spawn
from autograder.jail.launch import Role
from autograder.jail.limits import JailUnavailable
from autograder.jail.meter import Allowance
from autograder.jail.walls import linux, paths

ENTRY = """
import os, time
from autograder.jail import wire

def main(sock):
    while True:
        request = wire.recv_frame(sock)
        if request == "sleep":
            time.sleep(1000)
        if request == "where":
            import assignments
            wire.send_frame(sock, (os.getcwd(), os.getpid(), os.listdir("/proc/self/fd")))
        else:
            wire.send_frame(sock, request)
"""


@pytest.fixture
def role(tmp_path, monkeypatch) -> Iterator[Role]:
    """A server of our own that imports next to nothing, in folders of our own."""
    short = tempfile.mkdtemp(prefix="cc-", dir="/tmp")  # the path of a socket must be short
    (tmp_path / "tiny_entry.py").write_text(ENTRY)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", short)
    monkeypatch.setenv("TMPDIR", short)
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("COURSE_SERVER_IDLE", "1")
    yield Role("tiny", "tiny_entry:main", (), walls=False)
    monkeypatch.undo()
    shutil.rmtree(short, ignore_errors=True)


def server_of(connection: socket.socket) -> int:
    pid, _, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return pid


def ask(child: process.Process, request: object) -> object:
    child.send(request, Allowance(child.pid, 60))
    return child.receive(Allowance(child.pid, 60))


def eventually(condition: Callable[[], bool], seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def is_gone(pid: int) -> bool:
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


# -------------------------------------------------------------------------------------------------------- starting


def test_child_answers_in_its_own_folder_and_can_import_the_course(role):
    child = process.fork(role, some_limits())
    folder, pid, descriptors = ask(child, "where")
    assert pid == child.pid and Path(folder).is_dir() and not os.listdir(folder)
    assert len(descriptors) <= 5  # 0, 1, 2, its socket, the listing itself: nothing of the server's
    child.close()
    assert is_gone(pid) and not Path(folder).exists()


def test_many_callers_at_once_start_one_server(role):
    connections = []
    threads = [threading.Thread(target=lambda: connections.append(launch.connect(role))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({server_of(connection) for connection in connections}) == 1
    for connection in connections:
        connection.close()


def test_changed_code_gets_a_fresh_server(role, monkeypatch):
    with launch.connect(role) as one, launch.connect(role) as again:
        assert server_of(one) == server_of(again)
        monkeypatch.setattr(launch, "code_hash", lambda: "another version")
        with launch.connect(role) as other:
            assert server_of(one) != server_of(other)


def test_server_that_does_not_start_says_why(role):
    broken = Role("broken", "no_such_module:main", (), walls=False)
    with pytest.raises(JailUnavailable, match=r"(?s)broken server does not start.*No module named 'no_such_module'"):
        launch.connect(broken)


def test_preload_that_starts_a_thread_is_refused(role, tmp_path):
    (tmp_path / "threaded.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(5,), daemon=True).start()"
    )
    with pytest.raises(JailUnavailable, match="started a thread"):
        launch.connect(Role("threaded", role.entry, ("threaded",), walls=False))


def test_warm_runs_once_before_any_fork(role, tmp_path):
    source = "state = []\ndef warm(): state.append(1)\n" + ENTRY.replace('"sleep":', '"state":').replace(
        "time.sleep(1000)", "request = state"
    )
    (tmp_path / "warm_entry.py").write_text(source)
    for _ in range(2):
        child = process.fork(Role("warm", "warm_entry:main", (), walls=False), some_limits())
        assert ask(child, "state") == [1]
        child.close()


def test_memory_of_our_own_is_offered_for_large_pages_and_stays_what_it_was(monkeypatch):
    """Whether the kernel takes it depends on what else fills the memory: `benchmarks/stages.py` shows that."""
    asked, kernel, values = [], linux._libc, np.arange(6 * linux.LARGE_PAGE // 8)

    class Asked:
        def madvise(self, place, size, advice):
            asked.append((place.value, size.value, advice))
            return kernel.madvise(place, size, advice)

    monkeypatch.setattr(linux, "_libc", Asked())
    linux.gather_memory()
    assert (values == np.arange(len(values))).all()
    assert {(place % linux.LARGE_PAGE, size, advice) for place, size, advice in asked} == {(0, linux.LARGE_PAGE, 25)}
    first, last = values.ctypes.data, values.ctypes.data + values.nbytes - linux.LARGE_PAGE
    assert sum(first <= place <= last for place, _, _ in asked) >= 5  # all that lies inside between borders


def test_folder_that_others_may_read_is_refused(role, tmp_path):
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    with pytest.raises(JailUnavailable, match="expected a folder of yours with mode 0700, received mode 755"):
        launch.private_folder(folder)


def test_unknown_tier_is_refused(role):
    with pytest.raises(JailUnavailable, match="expected one of namespaces, landlock, none, received 'paper'"):
        process.fork(role, some_limits(), tier="paper")


# ---------------------------------------------------------------------------------------------------------- the ends


def test_idle_server_leaves_by_itself(role):
    child = process.fork(role, some_limits())
    with launch.connect(role) as connection:
        pid = server_of(connection)
    time.sleep(1.5)
    assert not is_gone(pid)  # somebody is connected
    child.close()
    assert eventually(lambda: is_gone(pid))
    assert not list(launch._socket_path("any").parent.glob("*.sock"))


def test_killed_server_takes_its_children_along_and_a_new_one_cleans_up(role):
    child = process.fork(role, some_limits())
    folder, pid, _ = ask(child, "where")
    with launch.connect(role) as connection:
        os.kill(server_of(connection), signal.SIGKILL)
    assert eventually(lambda: is_gone(pid))
    for _ in range(2):  # no fault of the child's: it must not be told as a death
        with pytest.raises(JailUnavailable, match="the warm server was killed"):
            ask(child, "where")
    child.close()
    other = process.fork(role, some_limits())
    assert ask(other, "hello") == "hello"
    assert eventually(lambda: not Path(folder).exists())
    other.close()


def test_children_that_end_leave_no_descriptors_in_the_server(role):
    with launch.connect(role) as connection:
        descriptors = Path(f"/proc/{server_of(connection)}/fd")
        process.fork(role, some_limits()).close()
        before = len(list(descriptors.iterdir()))
        for _ in range(20):
            process.fork(role, some_limits()).close()
        # At most: the server may not have noticed the end of the first child when we counted.
        assert eventually(lambda: len(list(descriptors.iterdir())) <= before)


def test_child_is_limited_in_memory(role):
    child = process.fork(role, some_limits(memory_mb=64))
    limits = Path(f"/proc/{child.pid}/limits").read_text()
    assert "unlimited" not in next(line for line in limits.splitlines() if line.startswith("Max address space"))
    child.close()


def test_closing_a_student_leaves_nothing(tier):
    student = spawn(some_limits(), tier, files={"f": b"x"})
    folder = student._process._scratch
    source = (
        "import os; os.makedirs('a/b/c'); open('a/b/f', 'w').write('x'); os.mkdir('odd', 0o300); os.mkdir('odd/er')"
    )
    died = student.run_cell(source, 10).died
    hidden = tier == "landlock" and os.getuid() != 0  # only root looks into such a folder, and who hides files is ended
    assert died == (f"disk limit of {some_limits().disk_mb} MiB" if hidden else None)
    student.close()
    assert is_gone(student.pid) and not folder.exists()


def test_deeply_nested_folders_are_removed_too(tier):
    student = spawn(some_limits(), tier)
    folder = student._process._scratch
    student.run_cell("import os\nfor _ in range(3000):\n    os.mkdir('d'); os.chdir('d')", 20)
    student.close()
    assert not folder.exists()


def test_killed_client_leaves_nothing(tier):
    source = f"""
from autograder.jail.client import spawn
from autograder.jail.limits import Limits
student = spawn({some_limits()!r}, {tier!r})
student.run_cell("open('f', 'w').write('x')", 10)
print(student.pid, student._process._scratch, flush=True)
student.run_cell("while True: pass", 100)
"""
    command = [sys.executable, "-c", source]
    with subprocess.Popen(command, cwd=paths.COURSE, stdout=subprocess.PIPE, text=True) as client:
        pid, folder = client.stdout.readline().split()
        assert not is_gone(int(pid)) and Path(folder).exists()
        client.kill()
    assert eventually(lambda: is_gone(int(pid)) and not Path(folder).exists())


def test_a_temporary_folder_with_a_long_path_is_no_obstacle(role, monkeypatch, tmp_path):
    long = tmp_path / ("long" * 30)
    long.mkdir()
    monkeypatch.setenv("TMPDIR", str(long))
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr(tempfile, "tempdir", None)
    with launch.connect(role) as connection:
        where = connection.getpeername()
    assert where.startswith(f"/tmp/convnet-course-{os.getuid()}/")


def test_a_place_that_cannot_be_written_is_named_with_a_remedy(role):
    Path(os.environ["XDG_RUNTIME_DIR"], "convnet-course").touch()
    with pytest.raises(JailUnavailable, match=r"convnet-course: File exists; free or mend it, or set TMPDIR"):
        launch.connect(role)
