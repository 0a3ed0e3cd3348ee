"""Tiny datasets in the official layouts, and a server that offers them, hangs up early, or sends something else."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import io
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from coursekit.data.loaders import Archive, Dataset, File

CLASSES = tuple("abcdefghij")


def colour_batch(seed: int) -> bytes:
    """Four images of 2 x 3 pixels in CIFAR-10's layout."""
    rng = np.random.default_rng(seed)
    return b"".join(bytes([label]) + rng.bytes(18) for label in rng.integers(0, 10, 4))


def idx(array: np.ndarray) -> bytes:
    lengths = b"".join(n.to_bytes(4, "big") for n in array.shape)
    return gzip.compress(bytes([0, 0, 8, array.ndim]) + lengths + array.astype(np.uint8).tobytes(), mtime=0)


def file_of(name: str, content: bytes, images: int, **more) -> File:
    return File(name, images, len(content), hashlib.sha256(content).hexdigest(), **more)


def entry(
    name: str, contents: dict[str, bytes], shape: tuple[int, int, int], archive: Archive | None = None
) -> Dataset:
    layout = "cifar" if shape[2] == 3 else "idx"
    optional = {"official.bin"}
    files = {n: file_of(n, c, 4, optional=n in optional) for n, c in contents.items()}
    names = [n for n in contents if n not in optional]
    half = len(names) // 2
    splits = {
        "train": tuple(names[:half]),
        "test": tuple(names[half:]),
        "official_test": tuple(optional & set(contents)),
    }
    facts = {"title": name, "dtype": "uint8", "classes": CLASSES, "licence": "ours", "citation": "-", "homepage": "-"}
    return Dataset(
        name, shape=shape, folder=f"{name}-folder", format=layout, files=files, splits=splits, archive=archive, **facts
    )


COLOUR = {"one.bin": colour_batch(1), "two.bin": colour_batch(2), "official.bin": colour_batch(3)}
GREY = {
    "train-images.gz": idx(np.arange(32).reshape(4, 2, 4)),
    "train-labels.gz": idx(np.array([3, 1, 4, 1])),
    "test-images.gz": idx(np.arange(32)[::-1].reshape(4, 2, 4)),
    "test-labels.gz": idx(np.array([5, 9, 2, 6])),
}
TINY_COLOUR = entry("tiny-colour", COLOUR, (2, 3, 3))
TINY_GREY = entry("tiny-grey", GREY, (2, 4, 1))
MANIFEST = {dataset.name: dataset for dataset in (TINY_COLOUR, TINY_GREY)}


def write_tiny(root: Path) -> None:
    """Write both datasets as a mirror holds them."""
    for dataset, contents in ((TINY_COLOUR, COLOUR), (TINY_GREY, GREY)):
        (root / dataset.folder).mkdir(parents=True)
        for name, content in contents.items():
            (root / dataset.folder / name).write_bytes(content)


def flip_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


class Source(http.server.ThreadingHTTPServer):
    """Serves files, with Range; it can be told to hang up early or to ignore Range."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.hang_up_after: int | None = None
        self.knows_range = True
        self.asked: list[str | None] = []

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        source: Source = self.server  # type: ignore[assignment]
        content, asked = source.files.get(self.path[1:]), self.headers["Range"]
        source.asked.append(asked)
        if content is None:
            return self.send_error(404)
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and source.knows_range else 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start : source.hang_up_after])

    def log_message(self, *_: object) -> None:
        pass


def served(source: Source, dataset: Dataset, contents: dict[str, bytes]) -> Dataset:
    """The dataset with its files at the source."""
    source.files |= contents
    return replace(dataset, files={n: replace(f, url=source.url(n)) for n, f in dataset.files.items()})


def archived(source: Source, members: dict[str, bytes]) -> Dataset:
    """The colour dataset, packed in an archive at the source."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    packed = source.files["tiny.tar.gz"] = buffer.getvalue()
    archive_entry = Archive(source.url("tiny.tar.gz"), len(packed), hashlib.sha256(packed).hexdigest())
    return entry("tiny-colour", COLOUR, (2, 3, 3), archive_entry)
