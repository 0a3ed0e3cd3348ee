"""What a student's process reads leaves no trace that the next one could see."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from allowed import some_limits

from autograder.jail.client import spawn
from autograder.jail.walls import atimes


def test_reading_a_file_tells_nobody_that_it_was_read(tmp_path):
    """What was read lately would be one bit for the next submission, file by file."""
    if os.statvfs(tmp_path).f_flag & atimes.NO_ATIME:
        pytest.skip("this file system notes no reading")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "empty").touch()
    (inner / "file").write_text("text")
    (inner / "link").symlink_to("file")
    for path in (inner / "empty", inner / "file", inner):
        os.utime(path, (0, 0))
    atimes.settle([str(tmp_path)])
    everything = [inner, *inner.iterdir()]
    before = [path.lstat().st_atime_ns for path in everything]
    for path in everything:
        assert os.listdir(path) if path.is_dir() else path.read_text() is not None
    assert [path.lstat().st_atime_ns for path in everything] == before


def test_students_reading_is_not_noted(tier):
    file = Path(os.__file__).with_name("this.py")
    with spawn(some_limits(), tier) as student:
        before = file.stat().st_atime_ns
        assert "Zen" not in str(student.run_cell(f"len(open({str(file)!r}).read())", 10).outputs[0]["data"])
    assert file.stat().st_atime_ns == before
