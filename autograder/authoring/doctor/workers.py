"""Processes that each do one task, on all cores, started from a process in which TensorFlow has never run.

A fork copies TensorFlow's locks but not its threads, so that a process forked after the first tensor was made may wait
for ever. The fork server imports TensorFlow, once, and computes nothing.
"""

from __future__ import annotations

import os
from contextlib import chdir
from functools import cache
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from multiprocessing.forkserver import ensure_running
from multiprocessing.pool import Pool
from pathlib import Path


@cache
def fork_server(*, networks: bool = True) -> ForkServerContext:
    """Where processes begin.

    Args:
        networks: whether they need Keras, whose import takes seconds.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload([f"{__package__}.{'preloaded' if networks else 'examining'}"])
    with chdir(Path(__file__).parents[3]):  # where the server looks first for what it imports
        ensure_running()
    return context


def one_task_each(jobs: int | None = None, *, networks: bool = True) -> Pool:
    """Open a pool of ``jobs`` processes, by default one for each core; each is replaced after one task."""
    return fork_server(networks=networks).Pool(jobs or cores(), maxtasksperchild=1)


def cores() -> int:
    """How many processes may run at the same time."""
    return os.cpu_count() or 1
