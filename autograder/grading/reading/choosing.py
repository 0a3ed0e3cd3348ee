"""Find the notebooks in a submission's folder, read their bytes, and say which of them is graded, and why."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from autograder.grading.arriving import folders
from autograder.grading.arriving.folders import Refused
from autograder.grading.reading.submitted import UnreadableSubmission

MAX_NAMES = 200  # in one folder
MAX_READ = 6  # notebooks of one submission
MAX_TOLD = 5  # names in one sentence
SAID = {
    "same": "the same work was",
    "blank": "nothing had been done",
    "none": "nothing of this assignment that can be read was",
}
ARCHIVE = ".zip.ipynb"  # how `intake` ends an archive's name


@dataclass(frozen=True)
class Candidate:
    """A file that may be the one to grade.

    Args:
        name: what it is called, fit to be shown.
        expected: whether that is the name that was asked for.
        data: what it holds.
        problem: why it could not be read; "" for a file that could.
    """

    name: str
    expected: bool
    data: bytes = b""
    problem: str = ""


@dataclass(frozen=True)
class Choice:
    """Which candidate is graded.

    Args:
        index: its place in the list.
        notes: what a reader must know about the choice.
        doubtful: whether a person should look at it.
    """

    index: int
    notes: tuple[str, ...] = ()
    doubtful: bool = False


def find_notebooks(path: Path, max_mb: float) -> list[Candidate]:
    """Read what lies at ``path`` and the other notebooks beside it: the expected one first, then the newest.

    Raises:
        UnreadableSubmission: when there is no folder to look into.
    """
    with ExitStack() as stack:
        folder = _open_folder(path, stack)
        names = [name for name in folders.names(folder, MAX_NAMES) if _is_candidate(folder, name, path.name)]
        others = sorted((name for name in names if name != path.name), key=lambda name: (-_changed(folder, name), name))
        wanted = [path.name] if folders.kind(folder, path.name) or not others else []
        return [_read(folder, name, path.name, max_mb) for name in [*wanted, *others][:MAX_READ]]


def choose(candidates: Sequence[Candidate], work: Sequence[str | None], expected: str) -> Choice:
    """Choose among candidates by what they hold.

    Args:
        candidates: the expected one, if there is one, before all others.
        work: of each, what a student did in it, in whatever form: equal for equal work, "" for none, None for a file
            that cannot be read or belongs to another assignment.
        expected: the name that was asked for.
    """
    done = [number for number, found in enumerate(work) if found]
    index = next(iter([*done, *(n for n, found in enumerate(work) if found is not None)]), 0)
    chosen, notes = candidates[index], []
    if not chosen.expected and work[index] is not None:
        notes.append(f"the notebook was called `{chosen.name}`: it was graded as {expected}")
    others: dict[str, list[str]] = {}
    for number, found in enumerate(work):
        if number != index:
            others.setdefault(_kind(found, work[index]), []).append(candidates[number].name)
    if "other" in others:
        why = "has the name that was asked for" if chosen.expected else "was changed last"
        notes.append(f"there was other work in {_list(others['other'])}: `{chosen.name}` was graded because it {why}")
    for kind, said in SAID.items():
        if kind in others:
            notes.append(f"{said} in {_list(others[kind])}")
    return Choice(index, tuple(notes), "other" in others)


def _kind(work: str | None, chosen: str | None) -> str:
    """What another notebook is, beside the one that was chosen."""
    if work is None:
        return "none"
    return "same" if work == chosen else "other" if work else "blank"


def shown(name: str) -> str:
    """A name as it may stand in a sentence that others read, in markdown or in a log."""
    return "".join(c if c.isalnum() or c in " .()-+" else "_" for c in name)[:80]


def _open_folder(path: Path, stack: ExitStack) -> int:
    """Open ``STUDENT/ASSIGNMENT`` step by step; a lecturer's own link may lie above them, no student's below."""
    parent = os.open(path.parents[2], os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    stack.callback(os.close, parent)
    for name in path.parts[-3:-1]:
        found = folders.kind(parent, name)
        if found != "a folder":
            raise UnreadableSubmission(f"{path.name}: expected a notebook in a folder, received {found or 'none'}")
        parent = stack.enter_context(folders.opened(name, parent))
    return parent


def _is_candidate(folder: int, name: str, expected: str) -> bool:
    """Whether a name is the expected notebook's, or that of another file to look into."""
    if name == expected:
        return True
    is_notebook = name.endswith(".ipynb") and name.isprintable()
    return is_notebook and folders.kind(folder, name) == "a regular file"


def _changed(folder: int, name: str) -> int:
    return os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime_ns


def _list(names: list[str]) -> str:
    names = sorted(names)
    more = f" and {len(names) - MAX_TOLD} more" if len(names) > MAX_TOLD else ""
    return ", ".join(f"`{name}`" for name in names[:MAX_TOLD]) + more


def _read(folder: int, name: str, expected: str, max_mb: float) -> Candidate:
    label = shown(name.removesuffix(".ipynb") if name.endswith(ARCHIVE) else name)
    is_expected = name == expected
    try:
        return Candidate(label, is_expected, folders.read_file(folder, name, int(max_mb * 2**20)))
    except FileNotFoundError:
        problem = f"{label}: expected a notebook, received no file of that name"
    except folders.TooLarge as error:
        problem = f"{label}: expected at most {max_mb:g} MB, received {error}; clear large outputs and hand in again"
    except Refused as error:
        problem = f"{label}: expected a regular file, received {error}"
    except OSError as error:
        problem = f"{label}: expected a file that can be read, received {error.strerror}"
    return Candidate(label, is_expected, problem=problem)
