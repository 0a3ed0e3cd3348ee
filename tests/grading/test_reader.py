"""Reading happens elsewhere, within bounds; what does not fit is one student's alone."""

from __future__ import annotations

import json
import os
import signal

import pytest

from autograder.grading.reading import reader
from autograder.grading.reading.reader import ReaderFailed, read
from autograder.grading.reading.submitted import UnreadableSubmission
from autograder.jail import process
from autograder.jail.limits import Died, JailUnavailable, Starved
from autograder.jail.process import Process

pytestmark = pytest.mark.usefixtures("private_servers")


def flood(part: str, size: int) -> bytes:
    return f'{{"cells": [{",".join([part] * (size // (len(part) + 1)))}]}}'.encode()


def test_notebook_comes_back_repaired(classroom):
    release = classroom.release()
    notebook = classroom.notebook()
    del notebook.cells[-1]
    repaired = read(json.dumps(notebook).encode(), "a1.ipynb", release)
    assert [cell.id for cell in repaired.notebook.cells] == [cell.id for cell in release.cells]
    assert read(json.dumps(notebook).encode(), "a1.ipynb", release) == repaired


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(b"", "expected a notebook in JSON", id="empty"),
        pytest.param(b"[" * 900_000, "nested too deep", id="deep"),
        pytest.param(flood("{}", 20_000_000), "lists and objects", id="empty cells"),
        pytest.param(flood('{"":0}', 5_000_000), "cells", id="cells with one key"),
        pytest.param(flood("1.5", 20_000_000), "cells", id="numbers"),
        pytest.param(b'{"cells": [{"source": "' + b"\\u0001" * 4_000_000 + b'"}]}', "", id="one long cell"),
        pytest.param(flood('{"cell_type":"code","source":"def threshold_relu(): 0"}', 900_000), "", id="many stubs"),
        pytest.param(flood(json.dumps({"source": "x\n" * 9000}), 19_000_000), "", id="large cells"),
    ],
)
def test_flood_is_read_within_bounds_or_refused(data, says, classroom):
    release = classroom.release()
    if says:
        with pytest.raises(UnreadableSubmission, match=says):
            read(data, "a1.ipynb", release)
    else:
        assert len(json.dumps(read(data, "a1.ipynb", release).notebook)) < 10_000_000


@pytest.mark.parametrize("death", ["memory limit of 1024 MiB", "time limit of 30 s", "output limit"])
def test_reader_that_is_killed_makes_one_submission_unreadable(death, classroom, monkeypatch):
    def receive(*_, **__):
        raise Died(death)

    monkeypatch.setattr(Process, "receive", receive)
    with pytest.raises(UnreadableSubmission, match=r"cannot be read: (memory|time|output) limit"):
        read(b"{}", "a1.ipynb", classroom.release())


@pytest.mark.parametrize("times", [1, 2])
def test_reader_that_somebody_else_kills_is_asked_once_more(times, classroom, monkeypatch):
    forked = []

    def fork(*args):
        forked.append(process.fork(*args))
        if len(forked) <= times:
            os.kill(forked[-1].pid, signal.SIGKILL)
        return forked[-1]

    monkeypatch.setattr(reader, "fork", fork)
    data = json.dumps(classroom.notebook()).encode()
    if times == 1:
        assert read(data, "a1.ipynb", classroom.release()).recognised == 1
    else:
        with pytest.raises(UnreadableSubmission, match="SIGKILL"):
            read(data, "a1.ipynb", classroom.release())
    assert len(forked) == 2


def test_reader_that_had_no_time_or_no_walls_costs_nobody_a_point(classroom, monkeypatch):
    release = classroom.release()
    with pytest.raises(ReaderFailed, match="no-such-walls"):
        read(b"{}", "a1.ipynb", release, "no-such-walls")

    def starve(*_, **__):
        raise Starved("this machine is too busy to grade")

    with monkeypatch.context() as patch:
        patch.setattr(Process, "receive", starve)
        with pytest.raises(ReaderFailed, match="too busy"):
            read(b"{}", "a1.ipynb", release)

    def refuse(*_):
        raise JailUnavailable("no such kernel")

    monkeypatch.setattr(reader, "fork", refuse)
    with pytest.raises(ReaderFailed, match="no such kernel"):
        read(b"{}", "a1.ipynb", release)
