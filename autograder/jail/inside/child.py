"""The student's process: runs cells and calls functions on request, inside its walls.

What serves the requests is a private copy of ``worker``, made before any code of a student runs.
"""

from __future__ import annotations

import gc
import importlib
import os
import random
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from autograder.jail.inside.entering import enter
from autograder.jail.inside.frozen import Freezer
from autograder.jail.inside.shell import CellShell
from autograder.jail.walls.paths import student_path
from coursekit.drawing import plotting  # noqa: F401 - they register how networks and figures are settled
from coursekit.models import networks  # noqa: F401 - they register how networks and figures are settled
from coursekit.plain import settle

WARM_CELL = "import matplotlib.pyplot as plt; plt.plot([0, 1]); print(1); 1 / 0"  # text, a figure, a traceback
SEED = 0  # a student's unseeded draws are the same in every grading
KIT = "coursekit"
OBSERVERS = (
    *("autograder", "coursekit.models.networks", "coursekit.drawing.plotting"),
    *("autograder.jail.inside.weights", "autograder.jail.inside.worker"),
)

_frozen: list[Callable[..., Iterator[tuple[Any, ...]]]] = []  # for the child to take out
_packages: list[Any] = []  # of the kit; to look through all modules, a child would have to copy the page of each


def warm() -> None:
    """Do in the server, once, what the first cell of every child would otherwise wait for."""
    freezer = Freezer()
    copies = [freezer.load(name) for name in OBSERVERS]
    freezer.load("coursekit.drawing.figures").stock()
    _frozen.append(copies[-1].calls)
    shell = CellShell.create()
    shell.run(WARM_CELL, budget=1 << 20)
    shell.reset(new_session=True)
    modules = [module for name, module in sys.modules.items() if name.partition(".")[0] == KIT]
    _packages[:] = [module for module in modules if hasattr(module, "__path__")]
    sys.path_importer_cache.clear()  # each child would do it on pages that must be copied first


def main(sock: socket.socket) -> None:
    """Serve requests until the other side goes away."""
    _settle(Path.cwd())
    calls = [_frozen.pop()(sock, CellShell.instance(), settle)]
    gc.freeze()  # what a student's code may list as objects begins here
    enter(calls)


def _module(finder: Any) -> str:
    return str(getattr(finder, "__module__", ""))


def _settle(home: Path) -> None:
    """Make the working folder this process's home, and forget what the server knew of the world outside."""
    hidden = {name: str(home / f".{name.lower()}") for name in ("IPYTHONDIR", "KERAS_HOME", "MPLCONFIGDIR")}
    os.environ.update(hidden, HOME=str(home), TMPDIR=str(home), XDG_CACHE_HOME=str(home / ".cache"))
    for name in ("PYTHONPATH", "PYTHONUSERBASE", "XDG_RUNTIME_DIR"):
        os.environ.pop(name, None)
    tempfile.tempdir = None  # computed in the server, for another folder
    sys.path[:] = [str(home), *student_path(sys.path)]
    # what `pip install --editable` left: it knows where the course lies, and looks there in spite of the path
    sys.meta_path[:] = [finder for finder in sys.meta_path if not _module(finder).startswith("__editable__")]
    for package in _packages:  # the rest of what ships lies beside the notebook
        package.__path__[:] = [str(home.joinpath(*package.__name__.split(".")))]
    sys.argv = ["notebook"]
    sys.path_importer_cache.clear()  # it remembers the names of files outside
    importlib.invalidate_caches()
    random.seed(SEED)
    np.random.seed(SEED)
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(SEED)
