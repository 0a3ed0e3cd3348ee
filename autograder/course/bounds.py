"""Read the bounds of accuracy items, and the measurements that they rest on.

`course calibrate` writes one file for each item and dataset, ``solutions/FOLDER/calibration/ITEM.DATA.toml``. What it
has not measured yet has a provisional bound in ``solutions/FOLDER/bounds.toml``, without error rates.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from autograder.course.doubt import Bound

SOLUTIONS = Path(__file__).resolve().parents[2] / "solutions"
ANY = "any"  # in place of a dataset, for items that need no images
BOUNDS = "bounds.toml"  # beside an assignment's solutions
CALIBRATION = "calibration"  # a folder there


def read_bounds(folder: str, data: Collection[str], root: Path = SOLUTIONS) -> dict[str, Bound]:
    """The bounds of an assignment's items, for the datasets that a course uses.

    Returns:
        The bounds by item; of an assignment for which none was measured, none.
    """
    return {
        item: Bound.of(measured)
        for item, datasets in read_measurements(folder, root).items()
        for name, measured in datasets.items()
        if name == ANY or name in data
    }


def read_measurements(folder: str, root: Path = SOLUTIONS) -> dict[str, dict[str, dict[str, Any]]]:
    """What was measured for an assignment, by item and dataset; ``any`` for items that need no images."""
    measured = read_provisional(folder, root)
    for path in sorted((root / folder / CALIBRATION).glob("*.toml")):
        item, _, data = path.stem.partition(".")
        measured.setdefault(item, {})[data] = tomllib.loads(path.read_text(encoding="utf-8"))
    return measured


def read_provisional(folder: str, root: Path = SOLUTIONS) -> dict[str, dict[str, dict[str, Any]]]:
    """What ``bounds.toml`` of an assignment says, by item and dataset: a table ``[build_mlp.synthetic-grey]`` each."""
    try:
        with (root / folder / BOUNDS).open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        return {}


def calibration_file(folder: str, item: str, data: str, root: Path = SOLUTIONS) -> Path:
    """Where the measurements of one item on one dataset are."""
    return root / folder / CALIBRATION / f"{item}.{data}.toml"
