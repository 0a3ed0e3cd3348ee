"""The committed file of one item on one dataset: what was measured, with every value, and what follows from it."""

from __future__ import annotations

import hashlib
import json
import platform
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from autograder.authoring.calibrate.evidence import Evidence, Measured
from autograder.authoring.calibrate.items import Item
from autograder.authoring.calibrate.surroundings import ALL
from autograder.course.config import Calibration

PACKAGES = ("keras", "tensorflow", "numpy")
HEADER = "# Measured by `course calibrate`, which checks every number here against the values below: nothing to edit.\n"
QUANTILES = (0.0, 0.05, 0.5, 0.95, 1.0)


@dataclass(frozen=True)
class Record:
    """What a file says.

    Args:
        recipe: a hash of the trial.
        versions: of what was measured with.
        cpu_seconds: of one run, the median.
        evidence: everything else; the numbers of the file follow from it.
    """

    recipe: str
    versions: Mapping[str, str]
    cpu_seconds: float
    evidence: Evidence

    @property
    def fingerprint(self) -> str:
        """A hash of all values: the plot names it, so that both are known to belong together."""
        values = [(one.id, one.values) for one in self.evidence.measured]
        return hashlib.sha256(repr(values).encode()).hexdigest()[:16]


def present_versions() -> dict[str, str]:
    """Of Python and of the packages that trainings run on."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def derived(evidence: Evidence) -> dict[str, Any]:
    """The numbers that follow from the values, as the file has them."""
    bound = evidence.bound
    tables: dict[str, Any] = {"at_least": round(bound.at_least, 4)}
    if bound.doubt is not None:
        models = {name: vars(getattr(bound.doubt, name)) for name in ("correct", "wrong")}
        tables["doubt"] = {"begins": round(bound.doubt.begins, 4), **models}
    sides = {"correct_fails": evidence.correct, "wrong_passes": evidence.wrong}
    for name, rates in evidence.rates.items():
        side = sides[name]
        told = {rate: float(f"{value:.3g}") for rate, value in rates.items()}
        tables[name] = {"nearest": side.nearest, "normality": float(f"{side.normality:.3g}"), **told}
    tables["implementation"] = [_described(evidence, one) for one in evidence.measured]
    return tables


def _described(evidence: Evidence, one: Measured) -> dict[str, Any]:
    side = evidence.correct if one.correct else evidence.wrong
    table: dict[str, Any] = {"id": one.id, "correct": one.correct, "recipe": one.recipe, "runs": len(one.values)}
    if len(one.trained) < len(one.values):
        table["refused"] = len(one.values) - len(one.trained)
    if one.id in side.fits:
        fit = side.fits[one.id]
        table |= {"mean": round(side.sign * fit.mean, 4), "deviation": round(fit.deviation, 5)}
        table |= {"limit": round(side.limits[one.id], 4)}
        table |= {"quantiles": [round(float(q), 4) for q in np.quantile(one.trained, QUANTILES)]}
    return table


def render(item: Item, record: Record) -> str:
    """The file's text."""
    tables = derived(record.evidence)
    head = {
        "item": item.exercise,
        "data": item.data,
        "unit": record.evidence.unit,
        "at_least": tables.pop("at_least"),
        "recipe": record.recipe,
        "cpu_seconds": record.cpu_seconds,
        "surroundings": [one.name for one in ALL],  # of seeds 0, 1, 2, ..., in turn
    }
    policy = {name: getattr(record.evidence.policy, name) for name in ("correct_fails", "wrong_passes")}
    implementations = tables.pop("implementation")
    lines = [HEADER, *_table(head), "", "[policy]", *_table(policy), "", "[versions]", *_table(record.versions)]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *_table(table)]
    for table, one in zip(implementations, record.evidence.measured, strict=True):
        values = f"values = [{', '.join(_value(value) for value in one.values)}]"
        lines += ["", "[[implementation]]", *_table(table), values]
    return "\n".join(lines) + "\n"


def _table(table: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in table.items()]


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{ {', '.join(_table(value))} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value)  # TOML knows inf, and exponents
    return json.dumps(value, ensure_ascii=False)


def parse(text: str) -> tuple[Record, dict[str, Any]]:
    """What a file says: its record, and all its tables.

    Raises:
        ValueError, KeyError, TypeError: for a file that was not written by ``render``.
    """
    tables = tomllib.loads(text)
    measured = tuple(
        Measured(one["id"], one["correct"], one["recipe"], tuple(float(value) for value in one["values"]))
        for one in tables["implementation"]
    )
    evidence = Evidence(tables["unit"], Calibration(**tables["policy"]), measured)
    return Record(tables["recipe"], tables["versions"], tables["cpu_seconds"], evidence), tables
