"""A PostgreSQL server of a test's own, as Debian packages it: in a folder, on a Unix socket, without a port."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WAIT = 60.0  # seconds for a server to answer, on a machine that is very busy
STAFF = "staff"  # the server's only user, whom it asks for no password


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, if there are some; Debian puts them on nobody's PATH."""
    found = shutil.which("initdb")
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return Path(found).resolve().parent if found else versions[-1].parent if versions else None


def missing() -> str:
    """What there is not, and how to get it; "" where a server can be used."""
    if programs() is None:
        return "no PostgreSQL here: apt-get install postgresql"
    if importlib.util.find_spec("psycopg") is None:
        return "no psycopg here: pip install --require-hashes -r requirements-postgres.lock"
    return ""


def _as_nobody_special() -> dict[str, Any]:
    """PostgreSQL refuses to run for root."""
    if os.geteuid():
        return {}
    names = {user.pw_name for user in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


class Server:
    """One server, not running yet.

    Args:
        folder: everything of it lies there; with a short path, for a socket's has 108 bytes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        found = programs()
        assert found is not None
        self._programs, self._who = found, _as_nobody_special()
        if self._who:
            os.chown(folder, self._who["user"], self._who["group"])
            folder.chmod(0o755)  # the socket is for everybody, the data below it is not
        self._run("initdb", "--pgdata=data", "--auth=trust", f"--username={STAFF}", "--encoding=UTF8", "--no-sync")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = ["listen_addresses=", f"unix_socket_directories={self.folder}", "fsync=off"]
        command = [self._programs / "postgres", "-D", "data", *(word for text in settings for word in ("-c", text))]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, **self._who)
        end = time.monotonic() + WAIT
        while self._run("pg_isready", f"--host={self.folder}", "--quiet", check=False):
            assert self._process.poll() is None and time.monotonic() < end, (self.folder / "log").read_text()
            time.sleep(0.05)

    def crash(self) -> None:
        """Have it go away without a word to those who are connected."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()

    def database(self, name: str, like: str = "template0") -> str:
        """Make a database, and return its address as a lecturer writes it.

        Args:
            like: the one that it is a copy of.
        """
        self._run("createdb", f"--host={self.folder}", f"--username={STAFF}", f"--template={like}", name)
        return self.url(name)

    def url(self, name: str) -> str:
        """The address of a database, whether there is one."""
        return f"postgresql://{STAFF}@/{name}?host={self.folder}"

    def _run(self, program: str, *arguments: str, check: bool = True) -> int:
        command = [str(self._programs / program), *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, **self._who)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.returncode


@contextmanager
def serving() -> Iterator[Server]:
    """A server that runs, in a folder of its own; both are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    server = Server(folder)
    server.start()
    try:
        yield server
    finally:
        server.crash()
        shutil.rmtree(folder)
