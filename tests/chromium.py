"""A headless Chromium, driven through its DevTools protocol: what it loads, runs and shows is seen from outside."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websocket import WebSocket, WebSocketTimeoutException, create_connection

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
WAIT = 60.0  # on a machine that is very busy
OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--remote-debugging-port=0",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--window-size=1200,2000", "--remote-allow-origins=*",
)  # fmt: skip


def find() -> str | None:
    """The path of a Chromium on this machine, if there is one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Tab:
    """One page, and everything that happened in it."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket, self._number, self._session = socket, 0, ""
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call("Runtime.addBinding", name="pwned")  # a script that runs calls it
        self._session, session = "", self._session
        self.call("Target.setDiscoverTargets", discover=True)
        self._session = session
        self.events.clear()

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Ask the browser for something, and wait for its answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        self._socket.send(json.dumps(message | ({"sessionId": self._session} if self._session else {})))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self.events.append(answer)

    def listen(self, seconds: float) -> None:
        """Collect what happens in the meantime."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                self.events.append(json.loads(self._socket.recv()))
            except WebSocketTimeoutException:
                break
        self._socket.settimeout(WAIT)

    def named(self, method: str) -> list[dict[str, Any]]:
        """The events of one kind, oldest first."""
        return [event["params"] for event in self.events if event.get("method") == method]

    def requests(self) -> list[str]:
        """The address of everything that the page asked for."""
        return [event["request"]["url"] for event in self.named("Network.requestWillBeSent")]

    def open(self, url: str) -> None:
        """Go to a page and wait until it has loaded."""
        self.call("Page.navigate", url=url)
        self.until("document.readyState == 'complete' && location.href != 'about:blank'")

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page; the page's own policy does not hold for it."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, expression: str, patience: float = WAIT) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + patience
        while not self.evaluate(f"Boolean({expression})"):
            assert time.monotonic() < end, f"never came true: {expression}"
            self.listen(0.05)

    def click(self, x: float, y: float) -> None:
        """Press and release the mouse at a place of the window."""
        place = {"x": x, "y": y, "button": "left", "clickCount": 1}
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, **place)

    def type_into(self, selector: str, text: str) -> None:
        """Put the cursor into an input field and type; without a click, for pages that scroll by themselves."""
        self.evaluate(f"document.querySelector({json.dumps(selector)}).focus()")
        self.call("Input.insertText", text=text)

    def screenshot(self, path: Path) -> None:
        """Write a picture of the whole page."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))


@contextmanager
def browser(folder: Path) -> Iterator[WebSocket]:
    """A browser of its own, with a fresh profile in ``folder``; it is gone afterwards."""
    program = find()
    assert program is not None
    environment = {**os.environ, "HOME": str(folder)}
    command = [program, *OPTIONS, f"--user-data-dir={folder / 'profile'}", "about:blank"]
    port = folder / "profile" / "DevToolsActivePort"
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            end = time.monotonic() + WAIT
            while not (port.exists() and len(lines := port.read_text().splitlines()) == 2):
                assert process.poll() is None and time.monotonic() < end, f"{program} does not start"
                time.sleep(0.05)
            socket = create_connection(f"ws://127.0.0.1:{lines[0]}{lines[1]}", timeout=WAIT, suppress_origin=True)
            yield socket
            socket.close()
        finally:
            process.terminate()
            process.wait()
