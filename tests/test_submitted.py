"""A submitted file is read as data, whatever it is; what is no notebook is called so."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.choosing import choose_notebook
from autograder.submitted import MAX_CELLS, MAX_PARTS, PLACEHOLDER, UnreadableSubmission, parse_notebook


def write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


UNREADABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "received no file of that name"),
    "link": (lambda path: path.symlink_to("/etc/passwd"), "received a symbolic link"),
    "dangling_link": (lambda path: path.symlink_to("nowhere"), "received a symbolic link"),
    "folder": (lambda path: path.mkdir(), "received a folder"),
    "pipe": (lambda path: os.mkfifo(path), "received a pipe"),
    "too_large": (lambda path: write(path, b" " * 1_100_000), "expected at most 1 MB"),
    "not_text": (lambda path: write(path, b'{"cells": "\xff"}'), "received byte 0xff at position 11"),
    "empty": (lambda path: write(path, b""), "expected a notebook in JSON"),
    "cut_off": (lambda path: write(path, b'{"cells": ['), "expected a notebook in JSON"),
    "deep": (lambda path: write(path, b"[" * 500_000), "nested too deep"),
    "long_number": (lambda path: write(path, b"1" * 10_000), "expected a notebook in JSON"),
    "other_json": (lambda path: write(path, b"[1, 2]"), "received other JSON"),
    "no_cells": (lambda path: write(path, b'{"cells": []}'), "received other JSON"),
    "hard_link": (lambda path: os.link(__file__, path), "received a file with 2 names"),
    "too_many_cells": (lambda path: write(path, b'{"cells": [' + b"1," * MAX_CELLS + b"1]}"), "at most 20000 cells"),
    "too_many_parts": (lambda path: write(path, b"[" * (MAX_PARTS + 1)), "at most 1000000 lists and objects"),
    "set_aside": (lambda path: write(path, json.dumps({PLACEHOLDER: "a pipe"}).encode()), "received a pipe"),
    "cells_are_no_list": (lambda path: write(path, b'{"cells": {"0": 1}}'), "received other JSON"),
}


def read(path: Path) -> dict[str, Any]:
    chosen = choose_notebook(path, 1)
    return parse_notebook(chosen.data, chosen.name)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "submitted" / "ada" / "a1"
    folder.mkdir(parents=True)
    return folder / "a1.ipynb"


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_is_no_notebook_is_called_so(case, path):
    make, says = UNREADABLE[case]
    make(path)
    with pytest.raises(UnreadableSubmission, match=says) as caught:
        read(path)
    assert str(caught.value).startswith("a1.ipynb: expected ")


def test_reading_leaves_no_file_open(path):
    (path.parent / "folder").mkdir()
    before = len(os.listdir("/dev/fd"))
    for name in ("folder", "missing"):
        with pytest.raises(UnreadableSubmission):
            read(path.with_name(name))
    assert len(os.listdir("/dev/fd")) == before


def test_a_byte_order_mark_does_no_harm(path):
    path.write_text('\ufeff{"cells": [{}]}', encoding="utf-8")
    assert read(path) == {"cells": [{}]}


@pytest.mark.parametrize("linked", ["ada", "a1"])
def test_folder_that_is_a_link_is_not_entered(linked, path):
    path.write_text('{"cells": [{}]}')
    place = {"ada": path.parents[1], "a1": path.parent}[linked]
    place.rename(path.parents[2] / "elsewhere")
    place.symlink_to(path.parents[2] / "elsewhere")
    with pytest.raises(UnreadableSubmission, match="received a symbolic link"):
        read(path)


def test_notebook_of_another_name_is_found_and_told(path):
    path.with_name("a1 (1)*.ipynb").write_text('{"cells": [{}]}')
    chosen = choose_notebook(path, 1)
    assert chosen.notes == ("the notebook was called `a1 (1)_.ipynb`: it was graded as a1.ipynb",)
    assert not chosen.doubtful


def test_of_several_other_names_the_newest_is_read_and_a_person_looks(path):
    for number, name in enumerate(["b.ipynb", "c.ipynb", "a.ipynb"]):
        path.with_name(name).write_text(f'{{"cells": [{{"id": "{name}"}}]}}')
        os.utime(path.with_name(name), (number, number))
    chosen = choose_notebook(path, 1)
    assert chosen.name == "a.ipynb" and chosen.doubtful


def test_expected_name_wins_and_the_others_are_told(path):
    for name in ("a1.ipynb", "other.ipynb"):
        path.with_name(name).write_text(f'{{"cells": [{{"id": "{name}"}}]}}')
    chosen = choose_notebook(path, 1)
    assert chosen.name == "a1.ipynb" and not chosen.doubtful
    assert chosen.notes == ("other notebooks were handed in, too, and not read: `other.ipynb`",)
