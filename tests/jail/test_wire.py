"""The wire carries plain values and six dtypes exactly, and refuses everything else before memory is taken for it."""

from __future__ import annotations

import json
import math
import pickle
import socket
import struct
import threading
import time
from decimal import Decimal

import numpy as np
import pytest

from autograder.jail.wire import (
    MAX_DEPTH,
    MAX_NODES,
    FrameTooLong,
    WireError,
    believe,
    decode,
    encode,
    encode_plain,
    recv_frame,
    send_encoded,
    send_frame,
)


def frame(header: object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return b"CNC1" + struct.pack("<I", len(text)) + text + data


def same(one: object, other: object) -> bool:
    if isinstance(one, np.ndarray):
        return isinstance(other, np.ndarray) and one.dtype == other.dtype and np.array_equal(one, other, equal_nan=True)
    if isinstance(one, (list, tuple)):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and math.isnan(one):
        return isinstance(other, float) and math.isnan(other)
    return type(one) is type(other) and one == other


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -(2**63),
        2**63 - 1,
        0.1,
        -0.0,
        math.inf,
        math.nan,
        "",
        "ünïcødé",
        "long" * 1000,
        [],
        (),
        {},
        [1, (2, [3.0, "x"]), {"k": (None,)}],
    ],
    ids=repr,
)
def test_plain_values_come_back_the_same(value):
    assert same(decode(encode(value)), value)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "bool", "uint8"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3, 4)], ids=str)
def test_arrays_come_back_with_shape_and_dtype(dtype, shape):
    array = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    back = decode(encode((array, array)))[1]
    assert back.shape == shape and same(back, array)


def test_array_that_is_strided_or_big_endian_arrives_in_order():
    array = np.arange(12, dtype=">f8").reshape(3, 4).T[::2]
    assert same(decode(encode(array)), array.astype("<f8"))


def test_arrays_that_arrive_can_be_written_to():
    back = decode(encode(np.zeros(3)))
    back[0] = 1
    assert back[0] == 1


def test_numpy_scalar_arrives_as_array_of_shape_zero():
    back = decode(encode(np.float32(0.5)))
    assert back.shape == () and back.dtype == np.float32


def test_lone_surrogates_do_not_reach_whoever_prints_them():
    assert decode(encode("a\ud800")) == "a?"


@pytest.mark.parametrize(
    "value",
    [2**63, 1j, b"bytes", {1, 2}, {1: 2}, object(), np.array([object()]), np.zeros(2, "f2"), np.array(["text"]), print],
    ids=lambda value: type(value).__name__,
)
def test_other_values_are_refused_by_the_writer(value):
    with pytest.raises(WireError):
        encode([value])


def test_tree_too_deep_or_too_large_is_refused_by_the_writer():
    deep: list = []
    for _ in range(MAX_DEPTH + 1):
        deep = [deep]
    for value in (deep, [0] * MAX_NODES):
        with pytest.raises(WireError):
            encode(value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"CNC1",
        b"XXXX" + bytes(10),
        pickle.dumps([1]),
        frame(None)[:-1],
        b"CNC1" + struct.pack("<I", 2**32 - 1) + b"null",
        frame(None, b"trailing"),
        frame(b"{not json"),
        frame(b'"\xff"'),
        frame(b"1.5"),
        frame(b"NaN"),
        frame(b"9" * 5000),
        frame(2**63),
        frame(b"[" * 100_000),
        frame([]),
        frame([1, 2]),
        frame({"l": []}),
        frame(["x"]),
        frame(["l"] * 30_000),
        frame(["f", "zzz"]),
        frame(["f", "0x1p999999"]),
        frame(["f", 1]),
        frame(["s", 5], b"abc"),
        frame(["s", -1]),
        frame(["s", 2], b"\xff\xfe"),
        frame(["s", True], b"a"),
        frame(b'"\\ud800"'),
        frame(["a"]),
        frame(["a", "|O", 1], bytes(8)),
        frame(["a", "<f8", 2], bytes(8)),
        frame(["a", "<f8", -1], bytes(8)),
        frame(["a", "<f8", 2**31]),
        frame(["a", "<f8", *[2**30] * 9, 0]),
        frame(["a", "<f8", *[1] * 40], bytes(8)),
        frame(["a", "<f8", 1.0], bytes(8)),
        frame(["a", "<f8", True], bytes(8)),
        frame(["a", "|b1", 1], b"\x07"),
        frame(["a", ["<f8"], 1], bytes(8)),
        frame(["d", ["k"]]),
        frame(["d", [1, 2]]),
        frame(["d", ["k", 1], ["k", 2]]),
    ],
    ids=lambda data: data[8:40].decode("latin1") or "empty",
)
def test_malformed_frame_is_refused_by_the_reader(data):
    with pytest.raises(WireError):
        decode(data)


def test_random_damage_never_raises_anything_else():
    good = encode({"a": np.arange(6.0), "b": [1, "x" * 300, (2.5, None)]})
    rng = np.random.default_rng(0)
    for _ in range(2000):
        bad = bytearray(good)
        for position in rng.integers(0, len(bad), 3):
            bad[position] = rng.integers(256)
        try:
            decode(bytes(bad))
        except WireError:
            continue


def test_frame_that_announces_too_much_is_refused_unread():
    one, other = socket.socketpair()
    with one, other:
        one.sendall(struct.pack("<I", 1 << 31))
        with pytest.raises(FrameTooLong):
            recv_frame(other, max_bytes=1000)


def test_trickling_bytes_do_not_outlast_the_deadline():
    one, other = socket.socketpair()
    stop = threading.Event()

    def trickle() -> None:
        one.sendall(struct.pack("<I", 10_000))
        while not stop.wait(0.01):
            one.sendall(b"x")

    thread = threading.Thread(target=trickle)
    thread.start()
    with one, other:
        with pytest.raises(TimeoutError):  # and not the whole frame, a minute and a half later
            recv_frame(other, deadline=time.monotonic() + 0.3)
        stop.set()
        thread.join()


def test_reader_that_does_not_read_ends_the_writer_at_its_deadline():
    one, other = socket.socketpair()
    with one, other, pytest.raises(TimeoutError):
        send_frame(one, np.zeros(1 << 20), time.monotonic() + 0.2)


def test_closed_socket_is_the_end_of_the_file():
    one, other = socket.socketpair()
    one.sendall(b"\0\0")
    one.close()
    with other, pytest.raises(EOFError):
        recv_frame(other)


# --------------------------------------------------------------------------------------- from those who are believed


PLAIN = (3, {"args": (1.5, [None, True], -0.0, math.inf), "ünïcødé": {"data": b"\0\xff"}})


def test_who_is_believed_sends_plain_values_faster():
    assert believe(encode_plain(PLAIN)) == PLAIN
    assert [type(item) for item in believe(encode_plain(PLAIN))[1]["args"]] == [float, list, float, float]
    one, other = socket.socketpair()
    with one, other:
        send_encoded(one, encode_plain(PLAIN))
        assert recv_frame(other, read=believe) == PLAIN
        send_frame(one, np.arange(3))  # the other kind, where there are arrays
        assert same(recv_frame(other, read=believe), np.arange(3))


def test_nobody_else_reads_such_a_frame():
    with pytest.raises(WireError, match="not a frame"):
        decode(encode_plain(PLAIN))


@pytest.mark.parametrize("value", [object(), print, [Decimal(1)]], ids=["an object", "a function", "a decimal"])
def test_what_is_not_plain_is_refused(value):
    with pytest.raises(WireError):
        encode_plain(value)


def test_a_frame_for_believers_has_its_limit_too(monkeypatch):
    monkeypatch.setattr("autograder.jail.wire.MAX_BYTES", 1000)
    with pytest.raises(FrameTooLong):
        encode_plain(b"x" * 1000)
