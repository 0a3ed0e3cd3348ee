"""Read the bounds of accuracy items, and the measurements that they rest on."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

SOLUTIONS = Path(__file__).resolve().parents[2] / "solutions"
ANY = "any"  # in place of a dataset, for items that need no images
BOUNDS = "bounds.toml"  # beside an assignment's solutions


def read_bounds(folder: str, data: Collection[str], root: Path = SOLUTIONS) -> dict[str, float]:
    """The bounds of an assignment's items, for the datasets that a course uses.

    ``bounds.toml`` has a table for each item and dataset, ``[build_mlp.synthetic-grey]``, with ``at_least`` and the
    measurements that it rests on; ``any`` in place of the dataset for items that need no images.

    Returns:
        The bounds by item; of an assignment without such a file, none.
    """
    return {
        item: float(measured["at_least"])
        for item, datasets in read_measurements(folder, root).items()
        for name, measured in datasets.items()
        if name == ANY or name in data
    }


def read_measurements(folder: str, root: Path = SOLUTIONS) -> dict[str, dict[str, dict[str, Any]]]:
    """What ``bounds.toml`` of an assignment says, by item and dataset."""
    try:
        with (root / folder / BOUNDS).open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        return {}
