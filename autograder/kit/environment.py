"""Whether this computer has what a notebook needs, in sentences; ships to students as it is.

Nothing here imports Keras or TensorFlow, which takes seconds, and nothing raises: who can work is never stopped. A
Python that is too old for the rest can still run this, and says so.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from coursekit.kernel.cellwise import BAD, GOOD, OPEN, notebook_shell, show_report
from coursekit.kernel.patience import ROOM
from coursekit.standing import FACTS, MARKS

HERE = Path(__file__).parent
NAMES = {"keras": "Keras", "matplotlib": "Matplotlib", "numpy": "NumPy", "tensorflow": "TensorFlow"}
BUILDS = {"tensorflow": ("tensorflow", "tensorflow-cpu", "tensorflow-macos", "tensorflow-intel", "tf-nightly")}
GIB = 2**30
CGROUP_2 = ("memory.max", "memory.current", "inactive_file")  # of a group of processes: limit, use, what can be let go
CGROUP_1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
IN_A_BROWSER = sys.platform == "emscripten"  # where the page brings the packages, and none can be changed
SUMS = {
    GOOD: "This computer has what the notebook needs.",
    OPEN: "This computer will most likely do; some of it is not as tested.",
    BAD: "Something is missing, and cells will fail without it; what to do stands beside it.",
}
UNKNOWN = "What this notebook was tested with is not written beside it: coursekit/ is not as it was handed out."


def check_environment() -> None:
    """Say what this computer has of what the notebook needs, one sentence each, and what to do where it lacks."""
    text, mood = _asked(partial(describe, HERE / "assignment" / FACTS), (f"{MARKS[OPEN]} {UNKNOWN}", OPEN))
    if notebook_shell() is None:
        print(text)
    else:
        show_report(text, mood)


def describe(path: Path) -> tuple[str, str]:
    """What ``check_environment`` says, and its mood.

    Args:
        path: the facts of a release: the versions that it was tested with, by Python.
    """
    findings = list(_findings(json.loads(path.read_text(encoding="utf-8"))["tested"]))
    moods = [mood for mood, _ in findings]
    mood = BAD if BAD in moods else OPEN if OPEN in moods else GOOD
    lines = [f"{MARKS[found]} {sentence}" for found, sentence in findings]
    return "\n".join([f"{MARKS[mood]} {SUMS[mood]}", *lines]), mood


def _findings(tested: dict[str, Any]) -> Iterator[tuple[str, str]]:
    python = sys.version_info[:2]
    yield python_finding(python, tested["oldest"], tested["python"])
    versions = _versions(tested["versions"], python)
    for package, version in versions.items():
        yield package_finding(package, version, _asked(partial(installed, package), "?"), in_a_browser=IN_A_BROWSER)
    if "keras" in versions and _asked(partial(installed, "keras"), None):
        yield backend_finding(_asked(backend, "tensorflow"))
    free = _asked(free_memory, None)
    if free is not None:
        yield memory_finding(free)


def _asked(question: Callable[[], Any], otherwise: Any) -> Any:
    """The answer, or what stands for it where this computer gives none."""
    try:
        return question()
    except Exception:  # noqa: BLE001 - whatever is odd about a computer here, the notebook may well run on it
        return otherwise


def _versions(by_python: dict[str, dict[str, str]], python: tuple[int, int]) -> dict[str, str]:
    """The versions for this Python, or for the oldest one."""
    known = sorted(by_python, key=_numbers)
    return by_python[next((name for name in reversed(known) if _numbers(name) <= python), known[0])]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


# ------------------------------------------------------------------------------------------------------- the sentences


def python_finding(python: tuple[int, int], oldest: str, tested: str) -> tuple[str, str]:
    """Of Python itself.

    >>> python_finding((3, 11), "3.11", "3.11")[1]
    'Python 3.11, as tested.'
    """
    found = f"Python {python[0]}.{python[1]}"
    if python < _numbers(oldest):
        remedy = "Install a newer one from python.org, and begin again as README.md says"
        return BAD, f"{found} is too old: this needs {oldest} or newer. {remedy}."
    return (
        GOOD,
        f"{found}, as tested." if found == f"Python {tested}" else f"{found}. Your work is graded with {tested}.",
    )


def package_finding(package: str, tested: str, found: str | None, *, in_a_browser: bool = False) -> tuple[str, str]:
    """Of a package.

    Args:
        found: its version; None where it is not installed, "?" where it does not say.
        in_a_browser: whether the page that shows the notebook brought it.

    >>> package_finding("numpy", "2.4.6", None)[1]
    'NumPy is not installed: run %pip install numpy==2.4.6 and restart the kernel.'
    >>> package_finding("numpy", "2.4.6", "2.0.2", in_a_browser=True)[1]
    'NumPy 2.0.2 comes with this page. Your work is graded with 2.4.6.'
    """
    name, install = NAMES.get(package, package), f"run %pip install {package}=={tested} and restart the kernel"
    if in_a_browser:
        install = "work on your own computer"
    if found is None:
        return BAD, f"{name} is not installed: {install}."
    if found == tested:
        return GOOD, f"{name} {found}, as tested."
    if found == "?":
        return OPEN, f"{name} is here, but does not say its version; tested was {tested}."
    if found.split(".")[0] != tested.split(".")[0]:
        return BAD, f"{name} {found} is too far from {tested}: {install}."
    if in_a_browser:
        return OPEN, f"{name} {found} comes with this page. Your work is graded with {tested}."
    return OPEN, f"{name} {found} instead of {tested}. Most likely fine; to have the same, {install}."


def backend_finding(name: str) -> tuple[str, str]:
    """Of what Keras computes with."""
    if name == "tensorflow":
        return GOOD, "Keras computes with TensorFlow, as tested."
    remedy = 'import os; os.environ["KERAS_BACKEND"] = "tensorflow"'
    why = f"Keras is set to compute with {name}, and the notebook needs TensorFlow"
    return BAD, f"{why}: restart the kernel, and run this before everything else: {remedy}."


def memory_finding(free: int) -> tuple[str, str]:
    """Of the memory that is free, in bytes."""
    much = f"{free / GIB:.1f} GB of memory {'is' if f'{free / GIB:.1f}' == '1.0' else 'are'} free"
    if free >= ROOM:
        return GOOD, f"{much}."
    return OPEN, f"Only {much}: close other programs. `check` stops a function at {ROOM / GIB:g} GB, which is more."


# ---------------------------------------------------------------------------------------------------- what is looked at


def installed(package: str) -> str | None:
    """A package's version, without importing it; None where it is not there, "?" where it does not say."""
    for build in BUILDS.get(package, (package,)):
        try:
            return metadata.version(build)
        except metadata.PackageNotFoundError:
            continue
    return None if importlib.util.find_spec(package) is None else "?"


def backend() -> str:
    """What Keras computes with, or will when it is imported: as Keras itself finds out."""
    keras = sys.modules.get("keras")
    if keras is not None:
        return str(keras.backend.backend())
    if os.environ.get("KERAS_BACKEND"):
        return os.environ["KERAS_BACKEND"]
    home = os.environ.get("KERAS_HOME") or Path("~").expanduser() / ".keras"
    path = Path(home) / "keras.json"
    return (
        str(json.loads(path.read_text(encoding="utf-8")).get("backend", "tensorflow"))
        if path.exists()
        else "tensorflow"
    )


def free_memory() -> int:
    """Bytes of memory that programs can still have: the machine's, or a container's share where that is less."""
    import psutil  # noqa: PLC0415 - comes with Jupyter, but not into a browser

    return min([int(psutil.virtual_memory().available), *_asked(lambda: list(shares()), [])])


def shares(mine: Path = Path("/proc/self/cgroup"), groups: Path = Path("/sys/fs/cgroup")) -> Iterator[int]:
    """Bytes that are left of each limit on a group of processes that this one is in.

    Args:
        mine: where Linux says which groups these are.
        groups: where it shows them; in a container, its own group may stand at the top.
    """
    for line in mine.read_text(encoding="utf-8").splitlines():
        _, kinds, name = line.split(":", 2)
        top, files = (groups, CGROUP_2) if not kinds else (groups / "memory", CGROUP_1)
        if not kinds or "memory" in kinds.split(","):
            inner = top / name.lstrip("/")
            for folder in [inner, *inner.parents]:
                left = _left(folder, *files)
                if left is not None:
                    yield left
                if folder == top:
                    break


def _left(folder: Path, limit: str, used: str, cache: str) -> int | None:
    """What is left of a group's limit, files that Linux keeps in memory only for speed aside; None for no limit."""
    try:
        most, now = (int((folder / name).read_text(encoding="ascii")) for name in (limit, used))
        said = dict(line.split() for line in (folder / "memory.stat").read_text(encoding="ascii").splitlines())
    except (OSError, ValueError):  # no such group here, or "max"
        return None
    return max(most - now + int(said.get(cache, 0)), 0)
