"""Whether the committed measurements are those of today's code, and say what follows from their values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.authoring.calibrate.evidence import CalibrationError
from autograder.authoring.calibrate.items import Item
from autograder.authoring.calibrate.plot import description
from autograder.authoring.calibrate.record import Record, derived, parse, present_versions
from autograder.authoring.calibrate.sources import recipes
from autograder.course.bounds import CALIBRATION, calibration_file
from autograder.course.config import Calibration

SEEDS = 30  # of every correct implementation
SECONDS = 15.0  # of work, for one run on a quiet core
PROBABILITIES = ("correct_fails.", "wrong_passes.")
PRECISION = 2e-3  # of probabilities, which are told to three digits: another SciPy may round the third


def check_item(item: Item, policy: Calibration, root: Path) -> Iterator[str]:
    """What is wrong with the measurements of one item, one finding each.

    Args:
        root: the folder of solutions.
    """
    path = calibration_file(item.folder, item.exercise, item.data, root)
    where, again = f"{item.folder}/{CALIBRATION}/{path.name}", f"course calibrate --exercise {item.exercise}"
    if not path.exists():
        yield f"{item}: not yet calibrated; {again} --data {item.data}"
        return
    try:
        record, tables = parse(path.read_text(encoding="utf-8"))
        findings = [*_findings(item, policy, record, tables), *_plot(path, record)]
    except (ValueError, KeyError, TypeError) as error:
        findings = [f"expected what `course calibrate` writes, received {type(error).__name__}: {error}"]
    yield from (f"{where}: {finding}; {again}" for finding in findings)


def _findings(item: Item, policy: Calibration, record: Record, tables: Mapping[str, Any]) -> Iterator[str]:
    now, trial = recipes(item)
    if record.recipe != trial:
        yield "the trial, or what it trains with, has changed since it was measured"
    measured = {one.id: one for one in record.evidence.measured}
    correct = {id for id, (right, _) in now.items() if right}
    for id in sorted(now.keys() - measured.keys()):
        yield f"{id} was not measured"
    for id in sorted(measured.keys() - now.keys()):
        yield f"{id} was measured and is no more, or needs no rejecting"
    for id in sorted(now.keys() & measured.keys()):
        if measured[id].recipe != now[id][1] or measured[id].correct != now[id][0]:
            yield f"{id} has changed since it was measured"
    for id in sorted(correct & measured.keys()):
        if len(measured[id].values) < SEEDS:
            yield f"{id}: expected {SEEDS} seeds, received {len(measured[id].values)}"
    for name, version in present_versions().items():
        if name != "python" and _minor(record.versions.get(name, "")) != _minor(version):
            yield f"measured with {name} {record.versions.get(name)}, used with {version}"
    if record.cpu_seconds > SECONDS:
        yield f"one run takes {record.cpu_seconds:.0f} s of work; expected at most {SECONDS:.0f}"
    if record.evidence.policy != policy:
        yield "course.yaml has another policy than it was measured for"
    try:
        record.evidence.require()
    except CalibrationError as error:
        yield str(error)
        return
    for key, value in derived(record.evidence).items():
        yield from _differences(key, value, tables.get(key))


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]


def _differences(name: str, follows: Any, received: Any) -> Iterator[str]:
    """Where a file says other numbers than those that follow from its values."""
    if isinstance(follows, Mapping) and isinstance(received, Mapping):
        for key, value in follows.items():
            yield from _differences(f"{name}.{key}", value, received.get(key))
    elif isinstance(follows, list) and isinstance(received, list) and len(follows) == len(received):
        for place, (value, other) in enumerate(zip(follows, received)):
            where = value["id"] if isinstance(value, Mapping) else f"{name}[{place}]"
            yield from _differences(where, value, other)
    elif not _same(follows, received, loose=name.startswith(PROBABILITIES)):
        yield f"{name}: {follows} follows from its values, received {received}"


def _same(one: Any, other: Any, *, loose: bool) -> bool:
    if loose and isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=PRECISION, abs_tol=1e-12)
    return bool(one == other)


def _plot(path: Path, record: Record) -> Iterator[str]:
    """A plot that is missing, or was drawn from other values."""
    plot = path.with_suffix(".svg")
    if not plot.exists() or description(record) not in plot.read_text(encoding="utf-8"):
        yield f"expected {plot.name} beside it, drawn from the same values"


def stray_files(folders: Sequence[str], items: Sequence[Item], root: Path) -> Iterator[str]:
    """Measurements of what is no accuracy item."""
    known = {calibration_file(item.folder, item.exercise, item.data, root) for item in items}
    for folder in folders:
        for path in sorted((root / folder / CALIBRATION).glob("*")):
            if path.with_suffix(".toml") not in known:
                yield f"{folder}/{CALIBRATION}/{path.name}: expected measurements of an accuracy item; delete it"
