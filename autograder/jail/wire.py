"""The closed format in which the trusted and the untrusted side talk: trees of plain values, and arrays of six dtypes.

A frame is a JSON tree followed by the raw bytes that the tree announces. Nothing in it can name code: no pickle, no
object arrays, no NumPy file headers. Every size is checked before memory is taken for it, so that a hostile frame
costs its reader no more than the frame's own length.

    >>> decode(encode({"scores": (1, 2.5, None)}))
    {'scores': (1, 2.5, None)}
    >>> decode(encode(np.zeros((2, 3), np.float32))).shape
    (2, 3)

What the trusted side sends may also travel as Python's own ``marshal``, in a tenth of the time: whoever is confined
believes those who confined it. Nobody else reads such a frame.

    >>> believe(encode_plain({"source": b"x = 1"}))
    {'source': b'x = 1'}
"""

from __future__ import annotations

import json
import marshal
import math
import random
import socket
import struct
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

MAGIC, BELIEVED = b"CNC1", b"CNB1"
MIB = 1 << 20
MAX_BYTES = 64 * MIB  # a frame, unless its reader expects less
MAX_HEADER = MIB  # JSON can blow up about 25 times when parsed
MAX_NODES = 20_000
MAX_DEPTH = 24
MAX_DIMENSIONS = 16
SHORT = 200  # longer strings travel as raw bytes, beside the arrays
PLAIN = SHORT // 3  # an ASCII string of this length stays short whatever is escaped in it: six characters for one
PAUSE = 0.05  # seconds between two looks at the process that we wait for

DTYPES = {name: np.dtype(name) for name in ("<f4", "<f8", "<i4", "<i8", "|b1", "|u1")}

MARSHAL = 4  # the same in every Python that we know

_PREFIX = struct.Struct("<I")
_CHANCE = random.SystemRandom()  # the kernel's: a fork inherits nothing of it


class WireError(ValueError):
    """Bytes that are no frame, or a value that no frame can carry."""


class FrameTooLong(WireError):
    """A frame longer than its reader accepts."""


# ----------------------------------------------------------------------------------------------------- trees to bytes


def encode(tree: Any, max_bytes: int = MAX_BYTES) -> bytes:
    """Write a tree of None, bool, int, float, str, arrays, tuples, lists and dicts with string keys.

    Raises:
        FrameTooLong: when arrays and strings exceed ``max_bytes``; found out before they are copied.
        WireError: for any other value, an integer beyond 64 bits or a tree that is too deep or too large.
    """
    writer = _Writer(max_bytes - MAX_HEADER - len(MAGIC) - _PREFIX.size)
    header = json.dumps(writer.node(tree, 0), separators=(",", ":")).encode()
    if len(header) > MAX_HEADER:
        raise WireError(f"a tree of {len(header)} bytes without its arrays; at most {MAX_HEADER}")
    return b"".join([MAGIC, _PREFIX.pack(len(header)), header, *writer.parts])


def encode_plain(tree: Any) -> bytes:
    """Write a frame for those alone who believe us: a tree without arrays, in which there may be bytes.

    Raises:
        FrameTooLong: when it is longer than any frame may be.
        WireError: for anything that is neither None, bool, int, float, str, bytes, tuple, list nor dict.
    """
    try:
        data = marshal.dumps(tree, MARSHAL)
    except ValueError as error:
        raise WireError(str(error)) from None
    if len(data) > MAX_BYTES - len(BELIEVED):
        raise FrameTooLong("more bytes than one frame may carry")
    return BELIEVED + data


class _Writer:
    def __init__(self, max_bytes: int) -> None:
        self.parts: list[bytes] = []
        self._nodes = 0
        self._left = max_bytes

    def node(self, value: Any, depth: int) -> Any:
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise WireError(f"a value nested deeper than {MAX_DEPTH} or with more than {MAX_NODES} parts")
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is int:
            if not -(1 << 63) <= value < 1 << 63:
                raise WireError("an integer beyond 64 bits")
            return value
        if kind is float:
            return ["f", value.hex()]
        if kind is str:
            return self._string(value)
        if isinstance(value, (np.ndarray, np.generic)):
            return self._array(np.asarray(value))
        if kind in (list, tuple):
            return ["l" if kind is list else "t", *[self.node(item, depth + 1) for item in value]]
        if kind is dict:
            if not all([type(key) is str for key in value]):
                raise WireError("a dict with keys other than strings")
            return ["d", *[[self._string(key), self.node(item, depth + 1)] for key, item in value.items()]]
        raise WireError(f"a value of type {kind.__name__}")

    def _string(self, value: str) -> Any:
        if len(value) <= PLAIN and value.isascii():
            return value
        data = value.encode("utf-8", "replace")  # lone surrogates would break whoever prints them
        if len(data) <= SHORT and len(json.dumps(text := data.decode())) <= 2 * SHORT:  # escapes are six times as long
            return text
        self._spend(len(data))
        self.parts.append(data)
        return ["s", len(data)]

    def _array(self, array: np.ndarray) -> Any:
        name = array.dtype.newbyteorder("<").str
        if name not in DTYPES or array.ndim > MAX_DIMENSIONS:
            raise WireError(f"an array of dtype {array.dtype} with {array.ndim} dimensions")
        self._spend(array.nbytes)
        self.parts.append(array.astype(DTYPES[name], copy=False).tobytes())
        return ["a", name, *array.shape]

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise FrameTooLong("more bytes than one frame may carry")


# ----------------------------------------------------------------------------------------------------- bytes to trees


def decode(data: bytes) -> Any:
    """Read a frame written by ``encode``. The bytes may come from an enemy.

    Returns:
        The tree. Its arrays are writable copies; a NumPy scalar comes back as an array of shape ().

    Raises:
        WireError: for anything that ``encode`` would not have written.
    """
    start = len(MAGIC) + _PREFIX.size
    if len(data) < start or data[: len(MAGIC)] != MAGIC:
        raise WireError("not a frame")
    (length,) = _PREFIX.unpack_from(data, len(MAGIC))
    if length > min(MAX_HEADER, len(data) - start):
        raise WireError("a header beyond the frame")
    try:
        tree = json.loads(
            data[start : start + length].decode("utf-8"),
            parse_float=_refuse,
            parse_constant=_refuse,
            parse_int=_integer,
        )
    except (ValueError, RecursionError) as error:
        raise WireError(f"a header that is no JSON of ours: {type(error).__name__}") from None
    reader = _Reader(data, start + length)
    value = reader.node(tree, 0)
    if reader.offset != len(data):
        raise WireError("bytes after the end")
    return value


def believe(data: bytes) -> Any:
    """Read a frame of either kind, from a sender whom this process trusts."""
    return marshal.loads(memoryview(data)[len(BELIEVED) :]) if data.startswith(BELIEVED) else decode(data)


def _refuse(text: str) -> Any:
    raise WireError(f"a bare number {text[:20]}")


def _integer(text: str) -> int:
    if len(text) > 20:
        raise WireError("an integer beyond 64 bits")
    return int(text)


class _Reader:
    def __init__(self, data: bytes, offset: int) -> None:
        self._data = data
        self.offset = offset
        self._nodes = 0

    def node(self, node: Any, depth: int) -> Any:
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise WireError("too deep or too many parts")
        if node is None or type(node) is bool:
            return node
        if type(node) is int:
            if not -(1 << 63) <= node < 1 << 63:
                raise WireError("an integer beyond 64 bits")
            return node
        if type(node) is str:
            return node if node.isascii() else _text(node.encode("utf-8", "surrogatepass"))
        if type(node) is not list or not node or type(node[0]) is not str:
            raise WireError("a node without a tag")
        tag, *rest = node
        if tag == "f":
            return self._float(rest)
        if tag == "s":
            return self._string(rest)
        if tag == "a":
            return self._array(rest)
        if tag in ("l", "t"):
            items = [self.node(item, depth + 1) for item in rest]
            return items if tag == "l" else tuple(items)
        if tag == "d":
            return self._dict(rest, depth)
        raise WireError(f"an unknown tag {tag[:20]!r}")

    def _take(self, size: int) -> bytes:
        if not 0 <= size <= len(self._data) - self.offset:
            raise WireError("a size beyond the frame")
        start, self.offset = self.offset, self.offset + size
        return self._data[start : self.offset]

    @staticmethod
    def _float(rest: list[Any]) -> float:
        if len(rest) != 1 or type(rest[0]) is not str or len(rest[0]) > 40:
            raise WireError("a malformed float")
        try:
            return float.fromhex(rest[0])
        except (ValueError, OverflowError):
            raise WireError("a malformed float") from None

    def _string(self, rest: list[Any]) -> str:
        if len(rest) != 1 or type(rest[0]) is not int:
            raise WireError("a malformed string")
        return _text(self._take(rest[0]))

    def _array(self, rest: list[Any]) -> np.ndarray:
        name, *shape = rest or [None]
        if type(name) is not str or name not in DTYPES or len(shape) > MAX_DIMENSIONS:
            raise WireError("an array of a dtype that does not cross")
        if not all(type(extent) is int and 0 <= extent < 1 << 31 for extent in shape):
            raise WireError("a malformed shape")
        dtype = DTYPES[name]
        data = self._take(math.prod(shape) * dtype.itemsize)
        if name == "|b1" and data.translate(None, b"\0\1"):
            raise WireError("a bool that is neither 0 nor 1")
        try:
            return np.frombuffer(data, dtype).reshape(shape).copy()
        except ValueError:  # extents whose product overflows beside a zero
            raise WireError("a malformed shape") from None

    def _dict(self, rest: list[Any], depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for pair in rest:
            if type(pair) is not list or len(pair) != 2:
                raise WireError("a malformed dict")
            key = self.node(pair[0], depth + 1)
            if type(key) is not str or key in result:
                raise WireError("a malformed dict")
            result[key] = self.node(pair[1], depth + 1)
        return result


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise WireError("a string that is not UTF-8") from None


# ------------------------------------------------------------------------------------------------- frames on a socket


def send_frame(
    sock: socket.socket, tree: Any, deadline: float = math.inf, watch: Callable[[], None] | None = None
) -> None:
    """Send one frame. ``deadline`` is a ``time.monotonic()`` time; ``watch`` as in ``recv_frame``.

    Raises:
        TimeoutError: when the other side does not read in time.
        OSError: when the other side is gone.
    """
    send_encoded(sock, encode(tree), deadline, watch)


def send_encoded(
    sock: socket.socket, data: bytes, deadline: float = math.inf, watch: Callable[[], None] | None = None
) -> None:
    """Send what ``encode`` returned, as ``send_frame`` does."""
    waiting = _Waiting(sock, deadline, watch)
    rest = memoryview(_PREFIX.pack(len(data)) + data)
    while rest:
        rest = rest[waiting.patiently(partial(sock.send, rest[:MIB])) or 0 :]


def recv_frame(
    sock: socket.socket,
    max_bytes: int = MAX_BYTES,
    deadline: float = math.inf,
    watch: Callable[[], None] | None = None,
    read: Callable[[bytes], Any] = decode,
) -> Any:
    """Receive one frame.

    Args:
        max_bytes: a longer frame is refused before it is read.
        deadline: a ``time.monotonic()`` time.
        watch: called about every ``PAUSE`` seconds of waiting; may raise to end it.
        read: ``believe`` where the other side is trusted.

    Raises:
        TimeoutError: at the deadline, also when single bytes keep trickling in.
        EOFError: when the other side is gone.
        FrameTooLong, WireError: when what came is no frame that we take.
    """
    receiver = _Receiver(sock, deadline, watch)
    (length,) = _PREFIX.unpack(receiver.exactly(_PREFIX.size))
    if length > max_bytes:
        raise FrameTooLong(f"a frame of {length} bytes; at most {max_bytes}")
    return read(receiver.exactly(length))


class _Receiver:
    def __init__(self, sock: socket.socket, deadline: float, watch: Callable[[], None] | None) -> None:
        self._sock, self._waiting = sock, _Waiting(sock, deadline, watch)

    def exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            wanted = min(size - len(data), MIB)
            try:
                part = self._waiting.patiently(partial(self._sock.recv, wanted))
            except ConnectionError:
                raise EOFError("the other side is gone") from None
            if part == b"":
                raise EOFError("the other side is gone")
            data += part or b""
        return bytes(data)


class _Waiting:
    """Waits for a socket, with a look at the process behind it from time to time."""

    def __init__(self, sock: socket.socket, deadline: float, watch: Callable[[], None] | None) -> None:
        self._sock, self._deadline, self._watch = sock, deadline, watch
        self._look = time.monotonic() + _pause()

    def patiently(self, action: Callable[[], Any]) -> Any:
        """Do something with the socket; None when it was not ready in time for the next look."""
        self._sock.settimeout(_left(min(self._deadline, self._look) if self._watch else self._deadline))
        try:
            done = action()
        except TimeoutError:
            done = None
        now = time.monotonic()
        if self._watch and now >= self._look:
            self._look = now + _pause()
            self._watch()
        if now >= self._deadline:
            raise TimeoutError
        return done


def _pause() -> float:
    """Irregular, and ``PAUSE`` on average: nobody can be awake just for our looks."""
    return PAUSE * _CHANCE.uniform(0.5, 1.5)


def _left(deadline: float) -> float | None:
    # never 0: that would make the socket non-blocking
    return None if deadline == math.inf else max(1e-3, deadline - time.monotonic())
