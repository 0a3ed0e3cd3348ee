"""A submitted file is read as data, whatever it is; what is no notebook is called so."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.submitted import UnreadableSubmission, read_submission


def write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


UNREADABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "received no file of that name"),
    "link": (lambda path: path.symlink_to("/etc/passwd"), "received a symbolic link"),
    "dangling_link": (lambda path: path.symlink_to("nowhere"), "received a symbolic link"),
    "folder": (lambda path: path.mkdir(), "received a folder, pipe or device"),
    "pipe": (lambda path: os.mkfifo(path), "received a folder, pipe or device"),
    "too_large": (lambda path: write(path, b" " * 1_100_000), "expected at most 1 MB"),
    "not_text": (lambda path: write(path, b'{"cells": "\xff"}'), "received byte 0xff at position 11"),
    "empty": (lambda path: write(path, b""), "expected a notebook in JSON"),
    "cut_off": (lambda path: write(path, b'{"cells": ['), "expected a notebook in JSON"),
    "deep": (lambda path: write(path, b"[" * 500_000), "nested too deep"),
    "long_number": (lambda path: write(path, b"1" * 10_000), "expected a notebook in JSON"),
    "other_json": (lambda path: write(path, b"[1, 2]"), "received other JSON"),
    "no_cells": (lambda path: write(path, b'{"cells": []}'), "received other JSON"),
    "cells_are_no_list": (lambda path: write(path, b'{"cells": {"0": 1}}'), "received other JSON"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_is_no_notebook_is_called_so(case, tmp_path):
    make, says = UNREADABLE[case]
    path = tmp_path / "a1.ipynb"
    make(path)
    with pytest.raises(UnreadableSubmission, match=says) as caught:
        read_submission(path, 1)
    assert str(caught.value).startswith("a1.ipynb: expected ")


def test_reading_leaves_no_file_open(tmp_path):
    (tmp_path / "folder").mkdir()
    before = len(os.listdir("/dev/fd"))
    for name in ("folder", "missing"):
        with pytest.raises(UnreadableSubmission):
            read_submission(tmp_path / name, 1)
    assert len(os.listdir("/dev/fd")) == before


def test_a_byte_order_mark_does_no_harm(tmp_path):
    path = tmp_path / "a1.ipynb"
    path.write_text('\ufeff{"cells": [{}]}', encoding="utf-8")
    assert read_submission(path, 1) == {"cells": [{}]}
