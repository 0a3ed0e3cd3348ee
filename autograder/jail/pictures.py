"""What the first bytes of a picture promise: a small file can hold one that no browser survives."""

from __future__ import annotations

import struct

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"  # the signature, and the beginning of the header
JPEG = b"\xff\xd8\xff"
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # the markers of a JPEG's frames; those three are tables


def promised(data: bytes) -> tuple[str, int]:
    """The kind of a picture, ``image/png`` or ``image/jpeg``, and the number of its pixels; "" and 0 for all else."""
    if data.startswith(PNG) and len(data) >= len(PNG) + 8:
        width, height = struct.unpack_from(">II", data, len(PNG))
        return "image/png", int(width * height)
    place = 2 if data.startswith(JPEG) else len(data)
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker, size = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if marker in FRAMES:
            height, width = struct.unpack_from(">HH", data, place + 5)
            return "image/jpeg", int(width * height)
        place += 1 if marker == 0xFF else 2 + size
    return "", 0
