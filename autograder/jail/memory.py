"""Memory that both sides of the walls hold: what a student's function does to its arguments is seen, not told.

The trusted side writes the arrays of a call into it. The student's process makes its arguments of that very memory, so
that whatever is written into them is written before our eyes; and when we write, a result made of it changes.
"""

from __future__ import annotations

import ctypes
import fcntl
import math
import mmap
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograder.jail.walls import linux
from autograder.jail.wire import DTYPES, MIB

SIZE = 32 * MIB
ALIGNMENT = 64
_HELLO = b"m"


def disturb(values: np.ndarray) -> None:
    """Change every value of an array in place, whatever it is."""
    if values.dtype == bool:
        values[...] = ~values
    else:
        raw = values.reshape(-1).view(np.uint8)  # no copy: the arrays here are contiguous
        raw ^= 0x15


class Placed:
    """One array of one call, in the shared memory."""

    def __init__(self, path: str, place: tuple[int, int], view: np.ndarray, original: np.ndarray) -> None:
        self.path, self.place = path, place
        self._view, self._original = view, original

    @property
    def changed(self) -> bool:
        """Whether it is no longer what it was, to the last bit."""
        return self._view.tobytes() != self._original.tobytes()

    @contextmanager
    def disturbed(self) -> Iterator[None]:
        """Hold something else in its place for a while."""
        now = self._view.copy()
        disturb(self._view)
        try:
            yield
        finally:
            self._view[...] = now


class Memory:
    """The trusted side's end. No size is believed of the other: the memory can be neither shrunk nor grown."""

    def __init__(self) -> None:
        self._file = os.memfd_create("arguments", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(self._file, SIZE)
        fcntl.fcntl(self._file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
        self._memory = mmap.mmap(self._file, SIZE)
        self._next = 0
        self.placed: list[Placed] = []

    def send(self, sock: socket.socket) -> None:
        """Give the other side its end, before anything else is said."""
        socket.send_fds(sock, [_HELLO], [self._file])

    def begin(self) -> None:
        """Forget the last call's arrays."""
        self.placed = []

    def place(self, array: np.ndarray, path: str) -> dict[str, Any] | None:
        """Put an array into the memory; None where it has no room. Returns what the other side finds it by.

        Each call takes other parts of the memory, until its end is reached: a student may have kept an argument.
        """
        dtype = array.dtype.newbyteorder("<").str
        if dtype not in DTYPES or not 0 < array.nbytes <= SIZE:
            return None
        start = self._next if self._next + array.nbytes <= SIZE else 0
        end = start + array.nbytes
        if any(start < placed.place[1] and placed.place[0] < end for placed in self.placed):
            return None
        view = _view(self._memory, start, dtype, array.shape)
        view[...] = array
        self.placed.append(Placed(path, (start, end), view, np.array(array)))
        self._next = -(-end // ALIGNMENT) * ALIGNMENT
        return {"start": start, "dtype": dtype, "shape": tuple(array.shape)}

    def close(self) -> None:
        """Let go of it. It is gone once the other side has let go of it, too."""
        os.close(self._file)


Mapped = ctypes.Array


def receive(sock: socket.socket) -> Mapped[ctypes.c_ubyte]:
    """The student's end. No descriptor stays open, so that it does not count as a file of the student's."""
    _, files, _, _ = socket.recv_fds(sock, len(_HELLO), 1)
    try:
        address = linux.map_shared(files[0], SIZE)
    finally:
        os.close(files[0])
    return (ctypes.c_ubyte * SIZE).from_address(address)


def array(memory: Mapped[ctypes.c_ubyte], where: dict[str, Any]) -> np.ndarray:
    """The array that ``Memory.place`` has put there: the memory itself, no copy."""
    return _view(memory, where["start"], where["dtype"], where["shape"])


def _view(memory: Any, start: int, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    return np.frombuffer(memory, DTYPES[dtype], math.prod(shape), start).reshape(shape)
