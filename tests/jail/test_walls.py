"""Everything that a student's process must not be able to do, tried from inside, in every tier."""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from allowed import some_limits

from autograder.jail.client import Student, spawn
from autograder.jail.walls import paths, syscalls
from autograder.jail.walls import tiers as walls

# What the probes use. Each probe is the body of a function; to return is to have broken out, to raise is to be stopped.
PREPARE = """
import asyncio, ctypes, ctypes.util, fcntl, mmap, os, resource, shutil, signal, socket, struct, subprocess, sys, time
import numpy as np
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long

def call(x86_64, aarch64, *arguments):
    number = {x86_64} if os.uname().machine == 'x86_64' else aarch64
    result = libc.syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result

def prctl(option, *arguments):
    if libc.prctl(option, *[ctypes.c_ulong(a) for a in arguments], *[ctypes.c_ulong(0)] * (4 - len(arguments))) < 0:
        raise OSError(ctypes.get_errno(), 'prctl')

HOME = os.getcwd()
SHARED = os.__file__

def shared_map():
    return mmap.mmap(os.open(SHARED, os.O_RDONLY), 4096, prot=mmap.PROT_READ, flags=mmap.MAP_SHARED)

def attempt(source):
    scope = dict(globals())
    exec('def probe():\\n' + '\\n'.join('    ' + line for line in source.splitlines()), scope)
    try:
        return 'broke out: ' + repr(scope['probe']())[:100]
    except (OSError, MemoryError):
        return 'stopped'
    except ValueError as error:
        return 'stopped' if 'not allowed to raise' in str(error) else repr(error)
    finally:
        os.chdir(HOME)
""".replace("{x86_64}", "x86_64")

PROBES = {
    # --- files outside
    "read a file": "return open(SECRET).read()",
    "read a file by descriptor path": "return os.read(os.open(f'/proc/self/fd/{os.open(SECRET, os.O_PATH)}', 0), 9)",
    "write a file": "open(SECRET, 'w')",
    "append to a file": "open(SECRET, 'a')",
    "truncate a file": "os.truncate(SECRET, 0)",
    "list a folder": "return os.listdir(FOLDER)",
    "make a file": "open(FOLDER + '/new', 'w')",
    "make a folder": "os.mkdir(FOLDER + '/new')",
    "remove a file": "os.unlink(SECRET)",
    "rename a file away": "os.rename(SECRET, FOLDER + '/other')",
    "rename a file into the scratch folder": "os.rename(SECRET, 'stolen')",
    "link a file": "os.link(SECRET, 'stolen')",
    "link a file by symbol": "os.symlink(SECRET, 'stolen'); return open('stolen').read()",
    "set an attribute": "os.setxattr(SECRET, 'user.x', b'1')",
    "watch a folder": "return call(254, 27, call(294, 26, 0), FOLDER.encode(), ctypes.c_uint(0x100))",
    "map a file": "return mmap.mmap(os.open(SECRET, os.O_RDONLY), 4, prot=mmap.PROT_READ)[:]",
    "enter a folder and read": "os.chdir(FOLDER); return open('secret').read()",
    "read the users of the machine": "return open('/etc/passwd').read()",
    "read the kernel's log": "return open('/dev/kmsg').read(1)",
    "list the folder above": "return os.listdir(os.path.dirname(FOLDER))",
    "read the course's code": "return open(COURSE + '/autograder/jail/walls.py').read()",
    "list the course's code": "return os.listdir(COURSE + '/autograder')",
    "import the hidden checks": (
        "try:\n    import solutions.a1_relu_sigmoid.hidden\nexcept ImportError:\n    raise OSError from None"
    ),
    "import the solutions": "try:\n    import solutions\nexcept ImportError:\n    raise OSError from None",
    "write into the packages": "open(os.path.dirname(sys.modules['numpy'].__file__) + '/x', 'w')",
    "write into the standard library": "open(os.path.dirname(os.__file__) + '/x', 'w')",
    "write to the root folder": "open('/x', 'w')",
    "write to /dev/shm": "open('/dev/shm/x', 'w')",
    "make a named pipe": "os.mkfifo('pipe')",
    "make a device": "os.mknod('device', 0o60600, os.makedev(1, 1))",
    # --- other processes
    "signal the grader": "os.kill(GRADER, 0)",
    "kill the grader": "os.kill(GRADER, signal.SIGCONT)",
    "signal a neighbour": "os.kill(NEIGHBOUR, 0)",
    "signal the parent": "os.kill(os.getppid(), 0)",
    "signal the process group": "os.kill(0, 0)",
    "signal everybody": "os.kill(-1, 0) if os.getpid() != 1 else os.kill(2, 0)",
    "signal a thread of the grader": "call(200, 130, GRADER, 0)",
    "queue a signal to the grader": "call(129, 138, GRADER, 18, ctypes.create_string_buffer(128))",
    "signal by descriptor": "call(434, 434, GRADER, 0)",
    "own a socket's signals": "fcntl.fcntl(socket.socketpair()[0], fcntl.F_SETOWN, GRADER)",
    "read the grader's environment": "return open(f'/proc/{GRADER}/environ', 'rb').read(9)",
    "read the grader's command line": "return open(f'/proc/{GRADER}/cmdline', 'rb').read(9)",
    "read the grader's memory": "return open(f'/proc/{GRADER}/mem', 'rb')",
    "read the neighbour's memory map": "return open(f'/proc/{NEIGHBOUR}/maps').read(9)",
    "follow the grader's folder": "return os.readlink(f'/proc/{GRADER}/cwd')",
    "list the grader's root": "return os.listdir(f'/proc/{GRADER}/root')",
    "list the processes": (
        "others = [n for n in os.listdir('/proc') if n.isdigit() and int(n) != os.getpid()]\n"
        "if not others: raise OSError\nreturn others"
    ),
    "trace the grader": "call(101, 117, 16, GRADER, 0, 0)",
    "read another process": "call(310, 270, GRADER, 0, 0, 0, 0, 0)",
    "write another process": "call(311, 271, GRADER, 0, 0, 0, 0, 0)",
    "change the grader's limits": "resource.prlimit(GRADER, resource.RLIMIT_NOFILE, (9, 9))",
    "slow the grader down": "os.setpriority(os.PRIO_PROCESS, GRADER, 19)",
    # --- new processes, new privileges
    "fork": "os._exit(0) if os.fork() == 0 else None",
    "spawn": "os.posix_spawn('/bin/true', ['true'], {})",
    "run a program": "subprocess.run(['/bin/true'])",
    "become a program": "os.execv('/bin/true', ['true'])",
    "become a program by descriptor": "call(322, 281, 0, b'/bin/true', 0, 0, 0)",
    "clone a process": "call(56, 220, 17, 0, 0, 0, 0)",
    "a thread with files of its own": "call(56, 220, 0x10900, 0, 0, 0, 0)",
    "files that one thread alone sees": "call(436, 436, 900, 900, 2)",
    "a file in a message": "socket.send_fds(socket.socketpair()[0], [b'x'], [0])",
    "wait for the disk": "try: os.fsync(9999)\nexcept OSError: return 'it would have waited'\nraise OSError",
    "open a file that waits for the disk": "os.open('f', os.O_CREAT | os.O_WRONLY | os.O_SYNC)",
    "make a file wait for the disk": (
        "fcntl.fcntl(os.open('f', os.O_CREAT | os.O_WRONLY), fcntl.F_SETFL, os.O_DIRECT)"
    ),
    "clone by structure": "call(435, 435, ctypes.create_string_buffer(88), 88)",
    "become root": "os.setuid(0 if os.getuid() else 1)",
    "raise the priority": "os.nice(-5)",
    "raise the limit of memory": "resource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
    "raise the limit of files": "resource.setrlimit(resource.RLIMIT_NOFILE, (99999, 99999))",
    "outlive the server": "prctl(1, 0)",
    "hide from the watch": "prctl(4, 0)",
    "new user namespace": "call(272, 97, 0x10000000)",
    "enter a namespace": "call(308, 268, os.open('/proc/self', os.O_PATH), 0)",
    "mount": "call(165, 40, b'x', b'.', b'tmpfs', 0, 0)",
    "unmount": "call(166, 39, b'/proc', 2)",
    "change the root": "os.chroot('.')",
    # --- the kernel's dark corners
    "io_uring": "call(425, 425, 4, ctypes.create_string_buffer(120))",
    "bpf": "call(321, 280, 0, ctypes.create_string_buffer(120), 120)",
    "perf events": "call(298, 241, ctypes.create_string_buffer(112), 0, -1, -1, 0)",
    "userfaultfd": "call(323, 282, 0)",
    "keys": "call(250, 219, 0, -3, 1)",
    "add a key": "call(248, 217, b'user', b'x', b'y', 1, -3)",
    "anonymous files": "os.memfd_create('x')",
    "shared memory": "call(29, 194, 0, 4096, 0o1777)",
    "message queues": "call(68, 186, 0, 0o1777)",
    "load a module": "call(175, 105, 0, 0, b'')",
    "kernel log": "call(103, 116, 3, ctypes.create_string_buffer(100), 100)",
    "system calls of tomorrow": "call(500, 500)",
    "push keys into the terminal": "fcntl.ioctl(0, 0x5412, b'x')",
    "host name": "socket.sethostname('x')",
    # --- network
    "connect to the grader": "socket.create_connection(('127.0.0.1', PORT), 2)",
    "connect outwards": "socket.create_connection(('192.0.2.1', 80), 1)",
    "listen": "s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()",
    "send a datagram": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
    "resolve a name": "return socket.getaddrinfo('example.com', 80)",
    "connect to a socket file": "s = socket.socket(socket.AF_UNIX); s.connect(FOLDER + '/socket')",
    "connect to an abstract socket": "s = socket.socket(socket.AF_UNIX); s.connect('\\0' + ABSTRACT)",
    "datagram pair": "socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendto(b'x', FOLDER + '/socket')",
    "netlink": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "virtual machine sockets": "socket.socket(40, socket.SOCK_STREAM)",
    "packets": "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    # --- what one confined process could tell another: what it has read, what it holds, what it makes the machine count
    "ask whether a page is cached": "os.preadv(os.open(SHARED, os.O_RDONLY), [bytearray(1)], 0, os.RWF_NOWAIT)",
    "write only what does not wait": "os.pwritev(os.open('f', os.O_WRONLY | os.O_CREAT), [b'x'], 0, os.RWF_NOWAIT)",
    "ask which pages are in memory": (
        "m = mmap.mmap(os.open(SHARED, os.O_RDONLY), 4096, prot=mmap.PROT_READ, flags=mmap.MAP_PRIVATE)\n"
        "call(27, 232, ctypes.c_void_p(np.frombuffer(m, np.uint8).ctypes.data), 4096, ctypes.create_string_buffer(8))"
    ),
    "ask for a file's pages": (
        "call(451, 451, os.open(SHARED, os.O_RDONLY), b'0' * 16, ctypes.create_string_buffer(40), 0)"
    ),
    "fetch a file's pages": "shared_map().madvise(mmap.MADV_WILLNEED)",
    "fetch a file's pages at once": "shared_map().madvise(22)",
    "drop a file's pages": "shared_map().madvise(21)",
    "make a file's pages cold": "shared_map().madvise(20)",
    "share equal pages": "mmap.mmap(-1, 4096).madvise(12)",
    "splice a file": "os.splice(os.open(SHARED, os.O_RDONLY), os.pipe()[1], 1, offset_src=0)",
    "ask who locks a file": "fcntl.fcntl(os.open(SHARED, os.O_RDONLY), fcntl.F_GETLK, bytes(32))",
    "ask who locks an open file": "fcntl.fcntl(os.open(SHARED, os.O_RDONLY), 36, bytes(32))",
    "lease a file": "fcntl.fcntl(os.open(SHARED, os.O_RDONLY), 1024, fcntl.F_RDLCK)",
    "wake who waits in a shared page": (
        "call(202, 98, ctypes.c_void_p(np.frombuffer(shared_map(), np.uint8).ctypes.data), 1, 1)"
    ),
    "wake by the newer call": "call(454, 454, ctypes.create_string_buffer(8), 1, 1, 2)",
    "free blocks of a disk": "return os.statvfs(SHARED)",
    "free blocks of the scratch folder": "return os.fstatvfs(os.open('.', os.O_RDONLY))",
    "free memory of the machine": "if libc.sysinfo(ctypes.create_string_buffer(256)) < 0: raise OSError",
    "the neighbour's processor time": "return time.clock_gettime((~NEIGHBOUR << 3) | 2)",
    "the resolution of the neighbour's clock": "return time.clock_getres((~NEIGHBOUR << 3) | 2)",
    "a timer on the neighbour's clock": ("call(222, 107, (~NEIGHBOUR << 3) | 2, None, ctypes.create_string_buffer(8))"),
    "the neighbour's processors": "return os.sched_getaffinity(NEIGHBOUR)",
    "the neighbour's scheduling": "return os.sched_getscheduler(NEIGHBOUR)",
    "the neighbour's group": "return os.getpgid(NEIGHBOUR)",
    "the neighbour's session": "return os.getsid(NEIGHBOUR)",
    "the neighbour's priority": "return os.getpriority(os.PRIO_PROCESS, NEIGHBOUR)",
    "count the user's processes": "resource.setrlimit(resource.RLIMIT_NPROC, (5, 5))",
    "count the user's signals": "resource.prlimit(0, resource.RLIMIT_SIGPENDING, (5, 5))",
    "a terminal": "return os.openpty()",
    **{
        f"read /proc/{name}": f"return open('/proc/{name}').read()"
        for name in (
            *("meminfo", "stat", "loadavg", "uptime", "vmstat", "diskstats", "interrupts", "softirqs", "locks"),
            *("schedstat", "buddyinfo", "zoneinfo", "slabinfo", "pressure/cpu", "sys/fs/file-nr", "sys/fs/inode-nr"),
            *(
                "sys/fs/dentry-state",
                "sys/kernel/random/entropy_avail",
                "sysvipc/shm",
                "timer_list",
            ),
        )
    },
    **{
        f"network counters in {place}": (
            f"text = open('/proc/{place}/net/dev').read()\n"
            "if text.count(':') < 2: raise OSError  # nothing but one's own loopback\nreturn text"
        )
        for place in ("", "self", "thread-self", "self/task/' + str(os.getpid()) + '")
    },
    "memory of a node": "return open('/sys/devices/system/node/node0/meminfo').read()",
    "idle time of a processor": "return os.listdir('/sys/devices/system/cpu/cpu0')",
    # --- resources
    "a file beyond the disk limit": "f = open('big', 'wb'); f.truncate(1 << 40)",
    "memory beyond the limit": "return len(bytearray(16 << 30))",
    "shared memory beyond the limit": "return mmap.mmap(-1, 16 << 30)",
    "endless descriptors": (
        "opened = []\ntry:\n    while len(opened) < 2000: opened.append(os.open('/dev/null', 0))\n"
        "finally:\n    for n in opened: os.close(n)"
    ),
}


@dataclass(frozen=True)
class Victims:
    """What the probes aim at: this very process, a neighbour, and things that this user owns."""

    folder: Path
    names: str
    neighbour: Student
    prisoner: Student


@pytest.fixture(scope="module", params=["namespaces", "landlock"])
def victims(request, tmp_path_factory) -> Iterator[Victims]:
    feature = next(f for f in walls.probe().features if f.name == request.param)
    if not feature.holds:
        pytest.skip(f"no {feature.name} walls on this machine: {feature.detail}")
    folder = tmp_path_factory.mktemp("victims")
    (folder / "secret").write_text("top secret")
    abstract = f"convnet-course-test-{os.getpid()}"
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as hidden:
        hidden.bind("\0" + abstract)
        hidden.listen()
        limits = some_limits(memory_mb=256, disk_mb=16)
        with spawn(limits, request.param) as neighbour, spawn(limits, request.param) as prisoner:
            names = (
                f"FOLDER, SECRET, COURSE = {str(folder)!r}, {str(folder / 'secret')!r}, {str(paths.COURSE)!r}\n"
                f"GRADER, NEIGHBOUR, PORT = {os.getpid()}, {neighbour.pid}, {tcp.getsockname()[1]}\n"
                f"ABSTRACT = {abstract!r}"
            )
            result = prisoner.run_cell(f"{names}\n{PREPARE}", 20)
            assert result.died is None and not result.outputs, result
            yield Victims(folder, names, neighbour, prisoner)


@pytest.mark.parametrize("probe", PROBES)
def test_walls_stop(victims, probe):
    outcome = victims.prisoner.call("attempt", (PROBES[probe],), timeout=20)
    assert outcome.error is None, outcome.error
    assert outcome.value == "stopped"


def test_victims_are_untouched_and_the_prisoner_still_works(victims):
    assert {path.name: path.read_text() for path in victims.folder.iterdir()} == {"secret": "top secret"}
    for student in (victims.neighbour, victims.prisoner):
        assert student.run_cell("1 + 1", 10).outputs[0]["data"]["text/plain"] == "2"


def test_changing_metadata_succeeds_without_effect(victims):
    before = (victims.folder / "secret").stat()
    source = "import os, shutil; os.chmod(SECRET, 0); os.utime(SECRET, (1, 1)); os.chown(SECRET, 1, 1)"
    victims.prisoner.run_cell(f"try:\n    {source}\nexcept FileNotFoundError: pass", 10)
    after = (victims.folder / "secret").stat()
    assert (after.st_mode, after.st_mtime, after.st_uid) == (before.st_mode, before.st_mtime, before.st_uid)
    copied = "import os, shutil; os.chdir(os.environ['HOME']); open('c1', 'w').write('x')\n"
    copied += "shutil.copy2('c1', 'c2'); shutil.copystat('c1', 'c2')"
    assert victims.prisoner.run_cell(copied, 10).outputs == ()


@pytest.mark.parametrize("lock", ["fcntl.flock(f, {})", "fcntl.lockf(f, {})"])
def test_lock_on_a_shared_file_works_and_tells_the_neighbour_nothing(victims, lock):
    source = "import fcntl, os; f = open(os.__file__); " + lock.format("fcntl.LOCK_SH | fcntl.LOCK_NB")
    assert victims.neighbour.run_cell(source, 10).outputs == ()
    assert victims.prisoner.run_cell(source.replace("LOCK_SH", "LOCK_EX"), 10).outputs == ()


def test_advice_about_a_shared_file_changes_nothing_that_others_feel(victims):
    source = "import os; f = os.open(os.__file__, os.O_RDONLY); os.posix_fadvise(f, 0, 0, os.POSIX_FADV_DONTNEED)"
    assert victims.prisoner.run_cell(source, 10).outputs == ()
    assert "fadvise64" in syscalls.ignored(platform.machine()) and "readahead" in syscalls.ignored(platform.machine())


def test_environment_holds_no_secrets(tier, monkeypatch):
    monkeypatch.setenv("COURSE_TEST_TOKEN", "hunter2")
    with spawn(some_limits(), tier) as student:
        source = "import os; 'hunter2' in str(os.environ) + open('/proc/self/environ').read()"
        assert student.run_cell(source, 10).outputs[0]["data"]["text/plain"] == "False"


@pytest.mark.parametrize(
    "source",
    [
        "import threading; t = threading.Thread(target=print); t.start(); t.join()",
        "import asyncio; asyncio.new_event_loop().run_until_complete(asyncio.sleep(0))",
        "import tempfile; tempfile.TemporaryFile().write(b'x'); tempfile.mkdtemp()",
        "import numpy.random, numpy.fft, numpy.ma, numpy.polynomial, sqlite3, zoneinfo, unittest.mock, csv, html",
        "import os; os.makedirs('a/b'); open('a/b/c', 'w').write('x'); os.rename('a/b/c', 'a/d'); os.remove('a/d')",
        "import time, signal; signal.setitimer(signal.ITIMER_REAL, 9); time.sleep(0.01)",
        "import os, resource, platform, getpass; os.cpu_count(); resource.getrusage(0); platform.platform()",
        "import concurrent.futures as c; list(c.ThreadPoolExecutor(4).map(abs, range(9)))",
        "import os; os.kill(os.getpid(), 0)",
        "import os; os.preadv(os.open(os.__file__, os.O_RDONLY), [bytearray(9)], 0); os.sched_getaffinity(0)",
        "import time; time.process_time(), time.thread_time(), time.clock_getres(time.CLOCK_PROCESS_CPUTIME_ID)",
        "import mmap; m = mmap.mmap(-1, 8192); m.madvise(mmap.MADV_DONTNEED); m.madvise(mmap.MADV_HUGEPAGE)",
        "import fcntl; f = open('own', 'w'); fcntl.lockf(f, fcntl.LOCK_EX); fcntl.flock(f, fcntl.LOCK_EX)",
        "import matplotlib.pyplot as plt; plt.title('$x^2$'); plt.plot([1]); plt.savefig('figure.png'); plt.close()",
    ],
)
def test_honest_code_is_not_hindered(victims, source):
    student = victims.neighbour
    result = student.run_cell(source + ";", 60)
    assert result.died is None
    assert not [o for o in result.outputs if o["output_type"] == "error"], result.outputs
