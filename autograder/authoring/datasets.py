"""What `course data` does: list, fetch and verify datasets, and draw their contact sheets."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from coursekit.data.fetching import fetch, verify
from coursekit.data.loaders import (
    Data,
    Dataset,
    DatasetError,
    cache_folder,
    data_folders,
    find_dataset,
    load_entry,
    read_manifest,
)

DONE, FINDINGS = 0, 1
SAMPLES = 7  # images of each class on a contact sheet
ZOOM = 2
GAP = 4


def list_datasets(manifest: Mapping[str, Dataset] | None = None) -> int:
    """Print every dataset with its size, licence and where it lies."""
    known = read_manifest() if manifest is None else manifest
    for dataset in known.values():
        height, width, channels = dataset.shape
        print(f"{dataset.name:<17} {height} x {width} x {channels}  {len(dataset.classes)} classes  {_place(dataset)}")
        print(f"{'':<17} {dataset.title}; licence: {dataset.licence}")
    return DONE


def fetch_dataset(name: str, into: Path | None = None, manifest: Mapping[str, Dataset] | None = None) -> int:
    """Fetch what is missing of a dataset, into this user's cache by default."""
    dataset, target = find_dataset(name, manifest), into or cache_folder()
    new = fetch(dataset, target)
    print(f"{name}: {len(new)} of {len(dataset.files)} files fetched; all are right in {target / dataset.folder}")
    return DONE


def verify_datasets(names: Sequence[str] = (), manifest: Mapping[str, Dataset] | None = None) -> int:
    """Compare files with the manifest: of the named datasets, or of all that are there."""
    known = read_manifest() if manifest is None else manifest
    chosen = [find_dataset(name, known) for name in names] or [entry for entry in known.values() if entry.files]
    count = 0
    for dataset in chosen:
        roots = [root for root in data_folders() if any((root / dataset.folder).glob("*"))]
        if not dataset.files:
            print(f"{dataset.name}: drawn by the course itself; there is no file to verify")
        elif not roots and not names:
            print(f"{dataset.name}: not fetched")
        else:
            count += sum(_told(dataset, root) for root in roots or data_folders()[:1])
    return FINDINGS if count else DONE


def draw_card(name: str, into: Path, manifest: Mapping[str, Dataset] | None = None) -> int:
    """Print what is known of a dataset, and write its contact sheet ``into/NAME.png``."""
    dataset = find_dataset(name, manifest)
    data = load_entry(dataset)
    path = into / f"{name}.png"
    try:
        into.mkdir(parents=True, exist_ok=True)
        save_sheet(data, path)
    except OSError as error:
        raise DatasetError(f"{error.filename}: expected a place to write to, received: {error.strerror}") from None
    balance = np.bincount(data.y_train, minlength=len(data.classes))
    rows = {
        "images": f"{len(data.x_train):,} to train on, {len(data.x_test):,} held out",
        "classes": ", ".join(data.classes),
        "in each class": f"{balance.min():,} to {balance.max():,} of the training images",
        "licence": dataset.licence,
        "cite": dataset.citation,
        "home": dataset.homepage,
    }
    print(f"{dataset.title} ({name})")
    for key, text in rows.items():
        print(textwrap.fill(f"{key + ':':<15}{text}", 100, initial_indent="  ", subsequent_indent=" " * 17))
    print(f"contact sheet: {path}")
    return DONE


def save_sheet(data: Data, path: Path) -> None:
    """Write a contact sheet: a column for each class, with its name on top."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - only a contact sheet needs it
    from matplotlib.figure import Figure  # noqa: PLC0415

    sheet = contact_sheet(data)
    (height, width), top = sheet.shape[:2], 22
    figure = Figure(figsize=(width / 100, (height + top) / 100), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    figure.figimage(sheet, 0, 0, origin="upper")
    column = (width - GAP) / len(data.classes)
    for number, name in enumerate(data.classes):
        centre = (GAP + (number + 0.5) * column - GAP / 2) / width
        figure.text(centre, 1 - top / 2 / (height + top), name, ha="center", va="center", fontsize=6.5)
    figure.savefig(path, metadata={"Software": None}, pil_kwargs={"optimize": True})


def contact_sheet(data: Data) -> np.ndarray:
    """The first training images of each class, uint8 (height, width, 3), on white."""
    columns = [data.x_train[data.y_train == label][:SAMPLES] for label in range(len(data.classes))]
    height, width = (ZOOM * side for side in data.x_train.shape[1:3])
    sheet = np.full((SAMPLES * (height + GAP), len(columns) * (width + GAP) + GAP, 3), 255, np.uint8)
    for column, images in enumerate(columns):
        for row, image in enumerate(images):
            y, x = row * (height + GAP), GAP + column * (width + GAP)
            large = np.broadcast_to(image, (*image.shape[:2], 3)).repeat(ZOOM, 0).repeat(ZOOM, 1)
            sheet[y : y + height, x : x + width] = large // 8 * 8 + 4  # fewer levels: a smaller file
    return sheet


def _place(dataset: Dataset) -> str:
    if not dataset.files:
        return "drawn on demand"
    needed = {file.name: file.size for file in dataset.files.values() if not file.optional}
    for root in data_folders():
        sizes = {p.name: p.stat().st_size for p in (root / dataset.folder).glob("*") if p.is_file()}
        if needed.items() <= sizes.items():
            return f"in {root / dataset.folder}"
    return f"not fetched: course data fetch {dataset.name}"


def _told(dataset: Dataset, root: Path) -> int:
    """Say what is wrong with a dataset's files in one place; how many findings there are."""
    findings = verify(dataset, root)
    if not findings:
        print(f"{dataset.name}: every file in {root / dataset.folder} is the official one")
    for finding in findings:
        print(f"{dataset.name}: {finding}")
    return len(findings)
