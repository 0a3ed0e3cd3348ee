"""What a process hides is found at the request that hid it, however quiet it was before."""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from allowed import some_limits

from autograder.jail.watch import CLOCK_STEP, MAX_MAPPED, Watch

LIMITS = some_limits(memory_mb=1024, disk_mb=16)
FOUND = "disk limit of 16 MiB"


@pytest.fixture
def hide() -> Iterator[Callable[[Path, int], None]]:
    """Maps files of a folder that have no name any more."""
    kept = []

    def hidden(folder: Path, number: int) -> None:
        for _ in range(number):
            with (folder / "f").open("w+b", buffering=0) as file:
                os.unlink(file.name)
                file.write(bytes(4096))
                kept.append(mmap.mmap(file.fileno(), 4096))

    yield hidden
    for one in kept:
        one.close()


def at_rest(folder: Path) -> Watch:
    """The watch over this process, when nothing has changed for longer than a step of a file system's clock."""
    watch = Watch(os.getpid(), folder, LIMITS, disk=True)
    for _ in range(2):
        assert watch.problem(thorough=True) == ""
        time.sleep(2 * CLOCK_STEP)
    return watch


@pytest.mark.parametrize("place", ["", "inner"])
def test_files_that_are_mapped_and_have_no_name_are_found_after_the_request(place, tmp_path, hide):
    (tmp_path / "inner").mkdir()
    watch = at_rest(tmp_path)
    hide(tmp_path / place, MAX_MAPPED)
    assert watch.problem(thorough=True) == ""
    hide(tmp_path / place, 1)
    assert watch.problem(thorough=True) == FOUND


def test_whoever_looks_all_the_time_rests_on_no_clock(tmp_path, hide):
    hide(tmp_path, MAX_MAPPED + 1)
    watch = Watch(os.getpid(), tmp_path, LIMITS, disk=True)
    watch._changed = tmp_path.stat().st_ctime  # as if a look had found nothing since
    assert watch.problem() == FOUND
