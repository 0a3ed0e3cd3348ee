"""Results that are kept in ``build/kept`` by the content of everything they rest on, so that nothing is proven twice.

A key holds the assignment's own files and those of the assignments that they name, every module of the machine,
course.yaml, and the versions of Python and of all installed packages. Whatever changes there, the result is made again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.grading.versions import versions

SOURCES = ("assignments", "solutions")  # each with a folder for each assignment
MACHINE = ("autograder", "datasets")
READ = (".py", ".toml", ".md", ".yaml")


class Keeper:
    """Keeps results of one assignment.

    Args:
        root: the course's folder.
        folder: the assignment's.
    """

    def __init__(self, root: Path, folder: str) -> None:
        self._place = root / "build" / "kept"
        self._folder, self._fingerprint = folder, fingerprint(root, folder)

    def get(self, name: str) -> Any:
        """The result kept under this name, a JSON value; None when there is none for the present content."""
        try:
            kept = json.loads(self._path(name).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):  # ValueError: half of a file, after a crash
            return None
        return kept["result"] if kept["fingerprint"] == self._fingerprint else None

    def put(self, name: str, result: Any) -> None:
        """Keep a result in place of the one before."""
        self._place.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"fingerprint": self._fingerprint, "result": result})
        self._path(name).write_text(text, encoding="utf-8")

    def _path(self, name: str) -> Path:
        return self._place / f"{self._folder}.{name}.json"


def fingerprint(root: Path, folder: str) -> str:
    """A hash of all that an assignment's results rest on."""
    digest = hashlib.sha256(versions().encode())
    for path in sorted(_files(root, folder)):
        digest.update(f"\0{path.relative_to(root)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _files(root: Path, folder: str) -> Iterator[Path]:
    yield root / "course.yaml"
    own = _with_named(root, folder)
    for place in (*MACHINE, "assignments", "solutions"):
        for path in (root / place).rglob("*"):
            of = next((part for part in path.relative_to(root).parts if part in _assignments(root)), None)
            if path.suffix in READ and path.is_file() and (of is None or of in own):
                yield path


def _with_named(root: Path, folder: str) -> set[str]:
    """The assignment's folder and those of other assignments that its files name, and theirs."""
    others, found, left = _assignments(root), set[str](), {folder}
    while left:
        found |= left
        files = [p for one in left for s in SOURCES for p in (root / s / one).rglob("*.py")]
        words = {word for path in files for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}
        left = (words & others) - found
    return found


def _assignments(root: Path) -> set[str]:
    return {path.name for path in (root / "assignments").iterdir() if path.is_dir() and not path.name.startswith("_")}
