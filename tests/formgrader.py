"""A plain Jupyter server with nbgrader's formgrader, and what staff get from it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TOKEN = "a-token-of-the-test"
WAIT = 120.0  # seconds for a server to answer, on a machine that others keep busy


@contextmanager
def serving(root: Path, home: Path) -> Iterator[str]:
    """A `jupyter lab` in nbgrader's root, of a person whose settings are in ``home``; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    environment |= {"HOME": str(home), "XDG_DATA_HOME": str(home), "XDG_CONFIG_HOME": str(home)}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"]
    log = home / "log"
    with (
        log.open("wb") as file,
        subprocess.Popen(
            [*command, f"--IdentityProvider.token={TOKEN}"], cwd=root, env=environment, stdout=file, stderr=file
        ) as process,
    ):
        address = f"http://127.0.0.1:{port}"
        end = time.monotonic() + WAIT
        try:
            while not _answers(address):
                assert process.poll() is None and time.monotonic() < end, log.read_text()
                time.sleep(0.1)
            yield address
        finally:
            process.terminate()


def _answers(address: str) -> bool:
    try:
        return get(f"{address}/api/status")[0] == 200
    except urllib.error.URLError:
        return False


def get(url: str) -> tuple[int, dict[str, str], bytes]:
    """Ask the server as staff would: status, headers, body."""
    request = urllib.request.Request(url, headers={"Authorization": f"token {TOKEN}"})
    try:
        with urllib.request.urlopen(request, timeout=WAIT) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()
