"""Find the notebook in a submission's folder, and read its bytes."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from autograder import folders
from autograder.folders import Refused
from autograder.submitted import UnreadableSubmission

MAX_NAMES = 200  # in one folder
MAX_TOLD = 5  # names in one sentence


@dataclass(frozen=True)
class Chosen:
    """The file that is graded.

    Args:
        name: what it is called, fit to be shown.
        notes: what a reader must know about the choice.
        doubtful: whether a person should look at it.
    """

    name: str
    data: bytes
    notes: tuple[str, ...] = ()
    doubtful: bool = False


def choose_notebook(path: Path, max_mb: float) -> Chosen:
    """Read the notebook at ``path``, or where it was given another name, the one that lies there instead.

    Raises:
        UnreadableSubmission: when there is none, or it is no regular file, or too large.
    """
    with ExitStack() as stack:
        folder = _open_folder(path, stack)
        found = [name for name in folders.names(folder, MAX_NAMES) if _is_other_notebook(folder, name, path.name)]
        if folders.kind(folder, path.name) or not found:
            told = f"other notebooks were handed in, too, and not read: {_list(found)}"
            return Chosen(path.name, _read(folder, path.name, max_mb), (told,) if found else ())
        name = max(found, key=lambda name: (_changed(folder, name), name))
        told = f"the notebook was called {_list([name])}: it was graded as {path.name}"
        if len(found) > 1:
            told += f"; there were {len(found)}, and this is the one that was changed last"
        return Chosen(shown(name), _read(folder, name, max_mb), (told,), doubtful=len(found) > 1)


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


def _is_other_notebook(folder: int, name: str, expected: str) -> bool:
    is_notebook = name.endswith(".ipynb") and name != expected and name.isprintable()
    return is_notebook and folders.kind(folder, name) == "a regular file"


def _changed(folder: int, name: str) -> int:
    return os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime_ns


def _list(names: list[str]) -> str:
    more = f" and {len(names) - MAX_TOLD} more" if len(names) > MAX_TOLD else ""
    return ", ".join(f"`{shown(name)}`" for name in names[:MAX_TOLD]) + more


def _read(folder: int, name: str, max_mb: float) -> bytes:
    try:
        return folders.read_file(folder, name, int(max_mb * 2**20))
    except FileNotFoundError:
        raise UnreadableSubmission(f"{shown(name)}: expected a notebook, received no file of that name") from None
    except folders.TooLarge as error:
        raise UnreadableSubmission(
            f"{shown(name)}: expected at most {max_mb:g} MB, received {error}; clear large outputs and hand in again"
        ) from None
    except Refused as error:
        raise UnreadableSubmission(f"{shown(name)}: expected a regular file, received {error}") from None
    except OSError as error:
        raise UnreadableSubmission(
            f"{shown(name)}: expected a file that can be read, received {error.strerror}"
        ) from None
