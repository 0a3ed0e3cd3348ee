"""One grading of an assignment at a time, and nobody is kept away by one that has ended."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from autograder.course.config import CourseError
from autograder.grading.running.holding import hold

HOLDER = """
import sys
from pathlib import Path
from autograder.grading.running.holding import hold
hold(Path(sys.argv[1]), "a1")
print("held", flush=True)
sys.stdin.read()
"""


def test_who_comes_second_hears_who_is_there(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(CourseError, match=rf"a1 is being graded by process {holder.pid} on .* since .*; wait"):
            hold(tmp_path, "a1")
        hold(tmp_path, "a2")()
        holder.kill()
        holder.wait()
    hold(tmp_path, "a1")()


def test_letting_go_lets_others_in_and_twice_is_once(tmp_path):
    let_go = hold(tmp_path, "a1")
    with pytest.raises(CourseError, match=f"process {os.getpid()}"):
        hold(tmp_path, "a1")
    let_go()
    again = hold(tmp_path, "a1")
    let_go()
    with pytest.raises(CourseError):
        hold(tmp_path, "a1")
    again()


def test_a_holder_that_has_not_said_anything_yet_is_another_process(tmp_path):
    let_go = hold(tmp_path, "a1")
    os.truncate(tmp_path / ".grading-a1", 0)
    with pytest.raises(CourseError, match="by another process; wait"):
        hold(tmp_path, "a1")
    let_go()
