"""A notebook is worked on in a real browser, where Python comes with the page: ``make lite`` has built it."""

from __future__ import annotations

import functools
import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chromium
import nbformat
import pytest
from chromium import Tab
from nbformat.notebooknode import NotebookNode

from autograder.authoring.demo import cell_source
from autograder.course.content import Content

BUILT = Path(__file__).resolve().parents[1] / "build" / "site" / "lite"
NOTEBOOK = "a1_relu_sigmoid.ipynb"
PANEL = "window.jupyterapp.shell.currentWidget"
PATIENCE = 1200.0  # Python is unpacked and compiled, on a machine that may be very busy
STILL = "<style>*, *::before, *::after { animation: none !important }</style>"  # spinners are drawn by the processor

pytestmark = [
    pytest.mark.long,
    pytest.mark.browser,
    pytest.mark.skipif(chromium.find() is None, reason="no Chromium here: apt-get install chromium"),
    pytest.mark.skipif(not (BUILT / "files" / NOTEBOOK).is_file(), reason="JupyterLite is not built; run: make lite"),
]


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and says nothing."""

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """JupyterLite as it was built, on a web server; its page lets this test give commands, as menus do."""
    folder = tmp_path / "lite"
    shutil.copytree(BUILT, folder)
    config = json.loads((folder / "jupyter-lite.json").read_text())
    config["jupyter-config-data"]["exposeAppInBrowser"] = True
    (folder / "jupyter-lite.json").write_text(json.dumps(config))
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Page:
    """The notebook in its page."""

    def __init__(self, tab: Tab, address: str) -> None:
        self._tab = tab
        tab.open(f"{address}/notebooks/index.html?path={NOTEBOOK}")
        tab.until(f"window.jupyterapp && {PANEL} && {PANEL}.context && {PANEL}.context.isReady", PATIENCE)
        tab.evaluate(f"document.head.insertAdjacentHTML('beforeend', {json.dumps(STILL)})")
        tab.until(f"{self._kernel()} && {self._kernel()}.status === 'idle'", PATIENCE)

    @staticmethod
    def _kernel() -> str:
        return f"({PANEL}.sessionContext.session || {{}}).kernel"

    def place(self, name: str) -> int:
        """The place of a cell by its id."""
        ids: list[str] = self._tab.evaluate(f"{PANEL}.content.widgets.map(cell => cell.model.id)")
        return ids.index(name)

    def write(self, name: str, source: str) -> None:
        cell = f"{PANEL}.content.widgets[{self.place(name)}]"
        self._tab.evaluate(f"{cell}.model.sharedModel.setSource({json.dumps(source)}), 0")

    def run(self, *names: str) -> str:
        """Run cells, and give what the page then shows below the last of them."""
        for name in names:
            cell = f"{PANEL}.content.widgets[{self.place(name)}]"
            run = "window.jupyterapp.commands.execute('notebook:run-cell')"
            choose = f"{PANEL}.content.activeCellIndex = {self.place(name)}"
            self._tab.evaluate(f"{choose}, window.ran = false, {run}.then(() => {{ window.ran = true }}), 0")
            self._tab.until("window.ran", PATIENCE)
        self._tab.evaluate(f"{PANEL}.content.scrollToItem({self.place(names[-1])}), 0")
        self._tab.until(f"{cell}.outputArea.node.isConnected")
        return str(self._tab.evaluate(f"{cell}.outputArea.node.innerText")).strip()

    def pictures(self, name: str) -> int:
        """How many pictures stand below a cell."""
        output = f"{PANEL}.content.widgets[{self.place(name)}].outputArea.node"
        return int(self._tab.evaluate(f"{output}.querySelectorAll('img[src^=\"data:image/png\"]').length"))


def until_check(notebook: NotebookNode, name: str) -> list[str]:
    """The cells of code down to a check."""
    code = [cell.id for cell in notebook.cells if cell.cell_type == "code"]
    return code[: code.index(f"check-{name}") + 1]


def test_a_student_works_on_a_notebook_in_the_page(address, content: Content, tmp_path):
    notebook = nbformat.read(BUILT / "files" / NOTEBOOK, as_version=4)
    right = cell_source(content.solutions["threshold_relu"], "threshold_relu")
    with chromium.browser(tmp_path) as browser:
        tab = Tab(browser)
        page = Page(tab, address)
        names = until_check(notebook, "threshold_relu")
        said = [page.run(name) for name in names]
        assert said[1].startswith("– This computer will most likely do")
        assert "NumPy 2.0.2 comes with this page" in said[1] and "%pip" not in said[1]
        assert said[-1].startswith("– threshold_relu is not written yet")
        assert page.pictures("experiment-threshold_figure") == 1

        page.write(names[-2], right.replace("return ", "return 1 + "))
        wrong = page.run(*names[-2:])
        assert wrong.startswith("✗ threshold_relu: ") and "hint" in wrong

        page.write(names[-2], right)
        assert page.run(*names[-2:]).startswith("✓ threshold_relu: 5 of 5 public cases pass.")
        assert page.run(notebook.cells[-1].id).startswith("1 of 8 exercises passes its public cases")
        assert tab.named("Runtime.exceptionThrown") == []
        assert [url for url in tab.requests() if not url.startswith((address, "data:", "blob:"))] == []
