"""Processes for the doctor's tasks, and the silence while TensorFlow is imported."""

from __future__ import annotations

import os

import keras
import pytest

from autograder.authoring.doctor.workers import one_task_each
from coursekit.kernel.quiet import no_greetings


def total(n: int) -> float:
    """Convolve with TensorFlow's threads."""
    ones = keras.ops.ones((1, n, n, 1))
    return float(keras.ops.sum(keras.ops.conv(ones, keras.ops.ones((1, 1, 1, 1)))))


def pid(_: int) -> int:
    return os.getpid()


@pytest.mark.slow
def test_tasks_compute_although_their_parent_did_before():
    """A process forked from this one would wait for threads that it does not have."""
    assert total(2) == 4.0
    with one_task_each(2) as pool:
        assert pool.map_async(total, [1, 2, 3]).get(timeout=120) == [1.0, 4.0, 9.0]


@pytest.mark.slow
def test_each_task_has_a_process_of_its_own():
    with one_task_each(1) as pool:
        pids = pool.map_async(pid, range(3), chunksize=1).get(timeout=120)
    assert len({*pids, os.getpid()}) == 4


def test_nothing_reaches_the_terminal_during_an_import(capfd):
    with no_greetings():
        os.write(2, b"a greeting\n")
    os.write(2, b"a word of ours\n")
    assert capfd.readouterr().err == "a word of ours\n"


def test_an_error_during_an_import_is_not_lost(capfd):
    with pytest.raises(ImportError, match="no such"), no_greetings():
        raise ImportError("no such module")
    os.write(2, b"still here\n")
    assert capfd.readouterr().err == "still here\n"
