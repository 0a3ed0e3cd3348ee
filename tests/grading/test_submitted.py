"""A submitted file is read as data, whatever it is; what is no notebook is called so."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.grading.reading.choosing import Candidate, Choice, choose, find_notebooks
from autograder.grading.reading.submitted import MAX_CELLS, MAX_PARTS, PLACEHOLDER, UnreadableSubmission, parse_notebook


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
    (found,) = find_notebooks(path, 1)
    if found.problem:
        raise UnreadableSubmission(found.problem)
    return parse_notebook(found.data, found.name)


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


def test_expected_name_comes_first_then_the_newest(path):
    for number, name in enumerate(["b.ipynb", "c (1)*.ipynb", "a1.ipynb", "a.ipynb"]):
        path.with_name(name).write_text("{}")
        os.utime(path.with_name(name), (number, number))
    found = find_notebooks(path, 1)
    assert [candidate.name for candidate in found] == ["a1.ipynb", "a.ipynb", "c (1)_.ipynb", "b.ipynb"]
    assert [candidate.expected for candidate in found] == [True, False, False, False]


EXPECTED, OTHER, THIRD = Candidate("a1.ipynb", True), Candidate("b.ipynb", False), Candidate("c.ipynb", False)
NAMED, NEWEST = "was graded because it has the name that was asked for", "was graded because it was changed last"
NOTHING = "nothing of this assignment that can be read was"
CALLED = "the notebook was called `b.ipynb`: it was graded as a1.ipynb"


@pytest.mark.parametrize(
    ("candidates", "work", "choice"),
    [
        pytest.param([EXPECTED], ["x"], Choice(0), id="alone"),
        pytest.param([EXPECTED], [None], Choice(0), id="alone and unreadable"),
        pytest.param([OTHER], ["x"], Choice(0, (CALLED,)), id="another name"),
        pytest.param(
            [EXPECTED, OTHER],
            ["", "x"],
            Choice(1, (CALLED, "nothing had been done in `a1.ipynb`")),
            id="blank original",
        ),
        pytest.param([EXPECTED, OTHER], ["", ""], Choice(0, ("the same work was in `b.ipynb`",)), id="both blank"),
        pytest.param(
            [EXPECTED, OTHER], [None, ""], Choice(1, (CALLED, f"{NOTHING} in `a1.ipynb`")), id="only readable"
        ),
        pytest.param([EXPECTED, OTHER], ["x", "x"], Choice(0, ("the same work was in `b.ipynb`",)), id="same work"),
        pytest.param(
            [EXPECTED, OTHER],
            ["x", "y"],
            Choice(0, (f"there was other work in `b.ipynb`: `a1.ipynb` {NAMED}",), True),
            id="other work",
        ),
        pytest.param(
            [OTHER, THIRD],
            ["x", "y"],
            Choice(0, (CALLED, f"there was other work in `c.ipynb`: `b.ipynb` {NEWEST}"), True),
            id="two of other names",
        ),
    ],
)  # fmt: skip
def test_what_holds_work_is_graded_and_a_person_looks_where_two_differ(candidates, work, choice):
    assert choose(candidates, work, "a1.ipynb") == choice
