"""A class graded on Dask's workers: whoever is lost on the way, what comes of it is what one machine would have given.

Real schedulers, real workers, minutes: `make test-long` runs it. What it needs beyond the course it installs itself.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cluster import Cluster, cluster, python_with_dask
from damage import nbgrader
from killing import assert_the_same, class_of_every_kind

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[1]
STUDENTS = 24
TLS = "DASK_DISTRIBUTED__COMM__TLS__"


@pytest.fixture(scope="module")
def python() -> str:
    return python_with_dask()


@pytest.fixture(scope="module")
def a_class(course, classroom, tmp_path_factory, private_servers) -> Path:
    """Submissions of every kind but one, each with a line of its own, not graded yet."""
    root = tmp_path_factory.mktemp("scale") / "class"
    room = classroom.apart(root)
    class_of_every_kind(course, room, STUDENTS)
    return root


@pytest.fixture(scope="module")
def by_one_machine(a_class: Path) -> Path:
    root = Path(shutil.copytree(a_class, a_class.with_name("serial")))
    nbgrader(root, "autograde", "a1", "--SubmissionExporter.jobs=1")
    assert graded(root) == STUDENTS
    return root


@pytest.fixture
def root(a_class: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(a_class, tmp_path / "class"))


@pytest.fixture
def ours(python: str, root: Path) -> Callable[..., list[str]]:
    """The command that grades on workers."""

    def command(address: str, *options: str) -> list[str]:
        program = [python, "-m", "autograder.commands.main", "--course", str(ROOT)]
        return [*program, "grade", "a1", "--dask", address, *options]

    return command


def graded(root: Path) -> int:
    return len(list(root.glob("autograded/*/a1/verdicts.json")))


def wait_for(root: Path, number: int, grading: subprocess.Popen[bytes]) -> None:
    """Wait until so many are graded; the grading must not end before."""
    while graded(root) < number:
        assert grading.poll() is None, (root / "logs" / "autograde.log").read_text()[-3000:]
        time.sleep(0.02)


def run(command: list[str], root: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    return subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=900
    )


def log_of(root: Path) -> str:
    return (root / "logs" / "autograde.log").read_text()


def test_workers_of_this_machine_give_the_same_bytes(root, by_one_machine, ours):
    done = run(ours("local", "--jobs", "2"), root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert_the_same(root, by_one_machine)


def test_a_worker_the_scheduler_and_the_client_are_lost(root, by_one_machine, ours, python, tmp_path):
    with cluster(python, tmp_path, ["one", "two"]) as there:
        with subprocess.Popen(ours(there.address), cwd=root, stdout=subprocess.DEVNULL) as grading:
            wait_for(root, 3, grading)
            there.kill("one")
            there.start_worker("three", "--jobs", "1")
            wait_for(root, 8, grading)
            there.kill("scheduler")
            there.start_scheduler()
            wait_for(root, 13, grading)
            nbgraders = children_of(grading.pid)
            for victim in (*nbgraders, grading.pid):
                os.kill(victim, 9)
        assert graded(root) < STUDENTS
        done = run(ours(there.address), root)
        assert done.returncode == 0, done.stdout + done.stderr
    assert_the_same(root, by_one_machine)


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize(
    ("lost", "said"),
    [("scheduler", "no scheduler has answered for 4 s"), ("one", "no worker was there for 4 s")],
    ids=["no scheduler", "no worker"],
)
def test_nobody_left_to_ask_ends_the_run_and_decides_nothing(root, by_one_machine, python, tmp_path, lost, said):
    plain = [python, "-m", "nbgrader", "autograde", "a1", "--SubmissionExporter.patience=4"]
    with cluster(python, tmp_path, ["one"]) as there:
        command = [*plain, f"--SubmissionExporter.dask={there.address}"]
        with subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True) as grading:
            wait_for(root, 3, grading)
            there.kill(lost)
            _, log = grading.communicate()
        assert grading.returncode == 1
        assert f"stopped: {there.address}: {said}; run the same command again" in log
        assert graded(root) < STUDENTS
        again = run(command, root)
        assert again.returncode == 1 and "nothing was graded: --dask" in again.stderr
    done = run(plain, root)
    assert done.returncode == 0, done.stderr
    assert_the_same(root, by_one_machine)


def test_a_worker_with_another_course_is_refused_by_name(root, ours, python, tmp_path):
    other = tmp_path / "other"
    for name in ("assignments", "autograder", "datasets", "solutions"):
        shutil.copytree(ROOT / name, other / name, symlinks=True)
    shutil.copy(ROOT / "course.yaml", other)
    (other / "coursekit").symlink_to("autograder/kit")
    hidden = next((other / "solutions").glob("a1*/hidden*"))
    file = hidden if hidden.is_file() else next(hidden.glob("*.py"))
    file.write_text(file.read_text() + "\n# another course\n")
    with cluster(python, tmp_path, []) as there:
        there.start_worker("other", variables={"PYTHONPATH": str(other), "PYTHONSAFEPATH": "1"})
        done = run(ours(there.address), root)
    assert done.returncode == 1
    assert "judges otherwise than this machine: other files of the course or the grader" in log_of(root)
    assert not (root / "autograded").exists()


def test_nobody_to_ask_is_one_line(root, ours):
    done = run(ours("tcp://127.0.0.1:9"), root)
    assert done.returncode == 1
    assert "expected a Dask scheduler that answers" in log_of(root)
    assert "Traceback" not in done.stdout + done.stderr + log_of(root)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A key with its certificate, which everybody in the cluster has, as Dask's own variables name them."""
    folder = tmp_path_factory.mktemp("keys")
    key, certificate = folder / "key.pem", folder / "cert.pem"
    command = re.search(r"openssl req .*?(?= -keyout)", (ROOT / "docs/instructors/cluster.md").read_text())
    made = [*command[0].split(), "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(made, check=True, capture_output=True)
    variables = {f"{TLS}CA_FILE": str(certificate), "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "True"}
    for part in ("SCHEDULER", "WORKER", "CLIENT"):
        variables |= {f"{TLS}{part}__KEY": str(key), f"{TLS}{part}__CERT": str(certificate)}
    return variables


def test_over_tls_only_who_has_the_key_is_heard(root, by_one_machine, ours, python, certificates, tmp_path):
    with cluster(python, tmp_path, ["one", "two"], scheme="tls", variables=certificates) as there:
        stranger = run(ours(there.address), root)
        assert stranger.returncode == 1
        assert not (root / "autograded").exists()
        done = run(ours(there.address), root, **certificates)
        assert done.returncode == 0, done.stdout + done.stderr
    assert_the_same(root, by_one_machine)


@pytest.fixture
def two_machines(tmp_path: Path) -> Iterator[dict[str, list[str]]]:
    """A second network, joined to ours by one cable: who works there has no loopback device in common with us."""
    commands = [
        "ip netns add cc-far",
        "ip link add cc-near type veth peer name cc-there",
        "ip link set cc-there netns cc-far",
        "ip addr add 10.213.7.1/30 dev cc-near",
        "ip link set cc-near up",
        "ip netns exec cc-far ip addr add 10.213.7.2/30 dev cc-there",
        "ip netns exec cc-far ip link set cc-there up",
        "ip netns exec cc-far ip link set lo up",
    ]
    try:
        for command in commands:
            done = subprocess.run(command.split(), capture_output=True, text=True)
            if done.returncode:
                pytest.skip(f"no second network here: {command}: {done.stderr.strip()}")
        yield {"far": ["ip", "netns", "exec", "cc-far"]}
    except FileNotFoundError:
        pytest.skip("no second network here: the program ip is not installed")
    finally:
        for command in ("ip link del cc-near", "ip netns del cc-far"):
            subprocess.run(command.split(), capture_output=True, check=False)


def test_a_worker_on_another_machine(root, by_one_machine, ours, python, certificates, two_machines, tmp_path):
    far = tmp_path / "far"
    far.mkdir(mode=0o700)
    settings = {"scheme": "tls", "host": "10.213.7.1", "variables": certificates, "inside": two_machines}
    there: Cluster
    with cluster(python, tmp_path, [], **settings) as there:
        there.start_worker("far", "a1", "--jobs", "2", variables={"XDG_RUNTIME_DIR": str(far), "TMPDIR": str(far)})
        done = run(ours(there.address), root, **certificates)
        assert done.returncode == 0, done.stdout + done.stderr
    assert_the_same(root, by_one_machine)


def test_what_reaches_the_far_machine_without_a_key_is_warned_of(root, ours, python, two_machines, tmp_path):
    with cluster(python, tmp_path, [], host="10.213.7.1", inside=two_machines) as there:
        there.start_worker("far", "--jobs", "2")
        run(ours(there.address), root)
    assert "travel in the clear" in log_of(root)


def test_a_worker_ends_when_it_is_told_to(python, tmp_path):
    with cluster(python, tmp_path, ["one"]) as there:
        there.processes["one"].terminate()
        assert there.processes["one"].wait(60) == 0, there.log("one")


def test_a_worker_that_dask_starts_itself_is_prepared(root, by_one_machine, ours, python, tmp_path):
    with cluster(python, tmp_path, []) as there:
        preload = ["--no-nanny", "--nthreads", "2", "--preload", "autograder.grading.cluster.worker"]
        there.start("plain", ["-m", "distributed.cli.dask_worker", there.address, *preload], "Registered to")
        done = run(ours(there.address), root)
        assert done.returncode == 0, done.stdout + done.stderr
    assert_the_same(root, by_one_machine)


@pytest.mark.parametrize(
    ("program", "command", "status"),
    [
        ("autograder.commands.main", ["--course", str(ROOT), "grade", "a1", "--dask", "local"], 2),
        ("autograder.commands.main", ["--course", str(ROOT), "worker", "tcp://127.0.0.1:9"], 2),
        ("nbgrader", ["autograde", "a1", "--SubmissionExporter.dask=local"], 1),
    ],
)
def test_without_dask_one_line_says_what_to_install(root, program, command, status):
    hidden = (
        "import runpy, sys; sys.modules['distributed'] = None; runpy.run_module(sys.argv.pop(1), run_name='__main__')"
    )
    done = run([sys.executable, "-c", hidden, program, *command], root)
    assert done.returncode == status
    assert done.stderr.count("requirements-dask.lock") == 1 and "Traceback" not in done.stderr
    assert not (root / "autograded").exists()
