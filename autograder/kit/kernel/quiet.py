"""Import TensorFlow without its greetings, which no log level silences: its C++ part writes them to the terminal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_greetings() -> Iterator[None]:
    """Let nothing reach stderr; for imports only, whose failures are exceptions and are not lost."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
