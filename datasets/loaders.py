"""Load the course's images: verified byte for byte, or refused with a remedy; never something else instead.

Files are looked for in the folder that the environment variable ``COURSE_DATA_DIR`` names (a read-only mirror, say),
then in this user's cache. Both hold one folder for each dataset, e.g. ``fashion-mnist/train-images-idx3-ubyte.gz``.
NumPy and the standard library are all that is needed; students get this module as it is.
"""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from coursekit.data import synthetic

MANIFEST = Path(__file__).with_name("manifest.toml")
COURSE_DATA = "course_data.json"  # beside a student's notebook: which dataset is grey, which is colour
KINDS = {"grey": (28, 28, 1), "colour": (32, 32, 3)}
FOLDER_VARIABLE = "COURSE_DATA_DIR"
SYNTHETIC = {"synthetic-grey": "grey", "synthetic-colour": "colour"}
SPLITS = {"train": (4000, 20171), "test": (2000, 20192)}  # of the synthetic sets: images by default, and the seed
BLOCK = 500  # synthetic images drawn from one generator, so that a smaller set is the beginning of a larger one
IDX_UBYTE = 8  # the type code of unsigned bytes in IDX files


class DatasetError(Exception):
    """Data that cannot be used: which, what was expected, what was received, and the remedy."""


@dataclass(frozen=True, eq=False)
class Data:
    """Images for training and for evaluation.

    Attributes:
        name: of the dataset.
        classes: the ten classes' names, in the order of the labels.
        x_train, x_test: uint8 (n, height, width, channels).
        y_train, y_test: int64 (n,), from 0 to 9.
    """

    name: str
    classes: tuple[str, ...]
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


@dataclass(frozen=True)
class File:
    """One file of an official release."""

    name: str
    images: int
    size: int
    sha256: str
    url: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Archive:
    """What a release is packed in; its folder is that of the dataset."""

    url: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Dataset:
    """An entry of ``manifest.toml``."""

    name: str
    title: str
    shape: tuple[int, int, int]
    dtype: str
    classes: tuple[str, ...]
    licence: str
    citation: str
    homepage: str
    folder: str = ""
    format: str = ""
    files: Mapping[str, File] = field(default_factory=dict)
    splits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    archive: Archive | None = None


def read_manifest(path: Path = MANIFEST) -> dict[str, Dataset]:
    """Every dataset that the course knows, by name."""
    return {name: _dataset(name, dict(entry)) for name, entry in tomllib.loads(path.read_text("utf-8")).items()}


def _dataset(name: str, entry: dict[str, Any]) -> Dataset:
    splits = {str(split): tuple(entry.pop(split)) for split in ("train", "test", "official_test") if split in entry}
    files = {file["name"]: File(**file) for file in entry.pop("files", [])}
    archive = Archive(**entry.pop("archive")) if "archive" in entry else None
    classes = tuple(entry.pop("classes", synthetic.CLASSES))
    shape = tuple(entry.pop("shape"))
    return Dataset(name=name, classes=classes, shape=shape, files=files, splits=splits, archive=archive, **entry)


def load(name: str, train: int | None = None, test: int | None = None, *, official_test: bool = False) -> Data:
    """Load a dataset.

    Args:
        name: ``synthetic-grey``, ``synthetic-colour``, ``fashion-mnist`` or ``cifar-10``.
        train: how many training images, the first ones; by default all (4,000 of a synthetic set, which has no end).
        test: how many held-out images, likewise (by default 2,000 of a synthetic set).
        official_test: of CIFAR-10, hold out the official test batch instead of training batch 5.

    Returns:
        The data. CIFAR-10 is the course's subset: training batch 1, and training batch 5 as held-out images.

    Raises:
        DatasetError: when the name is unknown, a file is missing or not the official one, or there are fewer images.

    Example:
        >>> data = load("synthetic-grey", train=3, test=2)
        >>> data.x_train.shape, data.y_test.shape, data.classes[0]
        ((3, 28, 28, 1), (2,), 'cup')
    """
    return load_entry(find_dataset(name), train, test, official_test=official_test)


def find_dataset(name: str, manifest: Mapping[str, Dataset] | None = None) -> Dataset:
    """The entry of that name.

    Raises:
        DatasetError: when there is none.
    """
    known = read_manifest() if manifest is None else manifest
    if name not in known:
        raise DatasetError(f"dataset: expected one of {', '.join(sorted(known))}; received {name!r}")
    return known[name]


def load_entry(
    dataset: Dataset, train: int | None = None, test: int | None = None, *, official_test: bool = False
) -> Data:
    """Load what a manifest's entry describes; see ``load``."""
    if official_test and "official_test" not in dataset.splits:
        raise DatasetError(f"{dataset.name}: official_test: has no further test set; leave the argument away")
    held_out = "official_test" if official_test else "test"
    x_train, y_train = _split(dataset, "train", train)
    x_test, y_test = _split(dataset, held_out, test)
    return Data(dataset.name, dataset.classes, x_train, y_train, x_test, y_test)


def course_data(kind: str, train: int | None = None, test: int | None = None) -> Data:
    """Load the data that this course uses.

    Args:
        kind: ``grey`` (28 x 28 x 1) or ``colour`` (32 x 32 x 3).
        train: how many training images; by default all.
        test: how many held-out images; by default all.

    Returns:
        The dataset that ``course_data.json`` names, beside this package or in the working folder; a synthetic one
        where there is no such file.

    Raises:
        DatasetError: when that file or the dataset's files cannot be used.
    """
    if kind not in KINDS:
        raise DatasetError(f"kind: expected 'grey' or 'colour', received {kind!r}")
    folders = (Path(__file__).resolve().parent.parent, Path.cwd())
    found = next((folder / COURSE_DATA for folder in folders if (folder / COURSE_DATA).is_file()), None)
    return load(f"synthetic-{kind}" if found is None else _chosen(found, kind), train, test)


def _chosen(path: Path, kind: str) -> str:
    """The dataset that a ``course_data.json`` names for one kind."""
    remedy = 'write e.g. {"grey": "synthetic-grey", "colour": "synthetic-colour"}'
    try:
        choice = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise DatasetError(f"{path}: expected JSON, received something else ({error}); {remedy}") from None
    name = choice.get(kind) if isinstance(choice, dict) else None
    fitting = [name for name, dataset in read_manifest().items() if dataset.shape == KINDS[kind]]
    if name not in fitting:
        raise DatasetError(f"{path}: {kind}: expected one of {', '.join(fitting)}; received {name!r}; {remedy}")
    return str(name)


# --------------------------------------------------------------------------------------------------- where files are


def cache_folder() -> Path:
    """Where fetched files are kept, one folder for each dataset."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "convnet-course"


def data_folders() -> list[Path]:
    """Where files are looked for, in this order.

    Raises:
        DatasetError: when ``COURSE_DATA_DIR`` names something that is not a folder.
    """
    mirror = os.environ.get(FOLDER_VARIABLE)
    if mirror and not Path(mirror).is_dir():
        raise DatasetError(f"{FOLDER_VARIABLE}: expected a folder, received {mirror!r}; correct it, or unset it")
    return [Path(mirror), cache_folder()] if mirror else [cache_folder()]


def read_verified(dataset: Dataset, file: File) -> bytes:
    """A file's content, which is exactly the official one.

    Raises:
        DatasetError: when it is missing, or differs.
    """
    folders = [root / dataset.folder for root in data_folders()]
    path = next((folder / file.name for folder in folders if (folder / file.name).is_file()), None)
    if path is None:
        places = " and in ".join(map(str, folders))
        raise DatasetError(f"{dataset.name}: {file.name} is missing: looked in {places}; {remedy(dataset)}")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror}); {remedy(dataset)}") from None
    if (difference := compare(file, len(content), lambda: hashlib.sha256(content).hexdigest())) is not None:
        raise DatasetError(f"{path}: {difference}; delete it, then {remedy(dataset)}")
    return content


def compare(file: File, size: int, digest: Callable[[], str]) -> str | None:
    """What was expected of a file and what was received, in words; None when it is the official one.

    Args:
        file: the official one.
        size: of what was received, in bytes.
        digest: gives the SHA-256 of what was received; asked for only when the size is right.
    """
    if size != file.size:
        kind = "is truncated" if size < file.size else "is too long"
        return f"{kind}: expected {file.size:,} bytes, received {size:,}"
    if (received := digest()) != file.sha256:
        return f"is damaged: expected SHA-256 {file.sha256}, received {received}"
    return None


def remedy(dataset: Dataset) -> str:
    """What helps when files are missing or damaged."""
    command = f"`course data fetch {dataset.name}` (students: `python -m coursekit.data.fetching {dataset.name}`)"
    return f"run {command}, or let {FOLDER_VARIABLE} name a folder that holds {dataset.folder}/ with the official files"


# -------------------------------------------------------------------------------------------------- what files hold


def _split(dataset: Dataset, split: str, count: int | None) -> tuple[np.ndarray, np.ndarray]:
    argument = "train" if split == "train" else "test"
    if count is not None and count < 0:
        raise DatasetError(f"{argument}: expected a number of images, received {count}")
    if dataset.name in SYNTHETIC:
        return _drawn(SYNTHETIC[dataset.name], split, count)
    files = [dataset.files[name] for name in dataset.splits[split]]
    contents = [read_verified(dataset, file) for file in files]
    parse = {"cifar": parse_cifar, "idx": parse_idx_pair}[dataset.format]
    images, labels = parse(contents, files[0].images, dataset.shape)
    if count is not None and count > len(images):
        raise DatasetError(f"{argument}: expected at most {len(images):,} of {dataset.name}, received {count:,}")
    return images[:count], labels[:count]


def _drawn(kind: str, split: str, count: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Synthetic images, always the same ones."""
    default, seed = SPLITS[split]
    wanted = default if count is None else count
    blocks = [synthetic.draw(kind, BLOCK, np.random.default_rng([seed, i])) for i in range(-(-wanted // BLOCK) or 1)]
    images, labels = (np.concatenate(parts)[:wanted] for parts in zip(*blocks, strict=True))
    return images, labels


def parse_cifar(contents: list[bytes], images: int, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """CIFAR-10's binary version: for each image a label byte, then its red, green and blue plane, row by row."""
    height, width, channels = shape
    record = 1 + height * width * channels
    if len(contents) != 1 or len(contents[0]) != images * record:
        raise DatasetError(f"CIFAR batch: expected {images * record:,} bytes, received {sum(map(len, contents)):,}")
    records = np.frombuffer(contents[0], np.uint8).reshape(images, record)
    planes = records[:, 1:].reshape(images, channels, height, width)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), _labels(records[:, 0])


def parse_idx_pair(contents: list[bytes], images: int, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """A gzipped IDX file of grey images, and one of labels."""
    packed_images, packed_labels = contents
    return parse_idx(packed_images, (images, *shape[:2]))[..., None], _labels(parse_idx(packed_labels, (images,)))


def parse_idx(packed: bytes, shape: tuple[int, ...]) -> np.ndarray:
    """A gzipped IDX file: two zeros, the type, the number of axes, the lengths (four bytes, big end first), data."""
    header = bytes([0, 0, IDX_UBYTE, len(shape)]) + b"".join(length.to_bytes(4, "big") for length in shape)
    expected = len(header) + int(np.prod(shape))
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)  # 16: gzip
    try:
        plain = unpacker.decompress(packed, expected + 1)  # never unpack more than was announced
    except zlib.error as error:
        raise DatasetError(f"IDX file: expected gzip, received something else ({error})") from None
    if len(plain) != expected or not plain.startswith(header):
        raise DatasetError(f"IDX file: expected unsigned bytes of shape {shape}, received another header or length")
    return np.frombuffer(plain, np.uint8, offset=len(header)).reshape(shape).copy()


def _labels(labels: np.ndarray) -> np.ndarray:
    if labels.size and labels.max() > 9:
        raise DatasetError(f"labels: expected 0 to 9, received {labels.max()}")
    return labels.astype(np.int64)
