"""Calibrate items: make the runs that are missing, choose bounds, write what is committed."""

from __future__ import annotations

import re
import statistics
from dataclasses import dataclass
from pathlib import Path

from autograder.authoring.calibrate.evidence import Evidence, Measured
from autograder.authoring.calibrate.items import Item, trial_of
from autograder.authoring.calibrate.plot import draw
from autograder.authoring.calibrate.recipe import digest
from autograder.authoring.calibrate.record import Record, present_versions, render
from autograder.authoring.calibrate.runs import Ledger, Run
from autograder.authoring.calibrate.sources import recipes
from autograder.course.bounds import BOUNDS, calibration_file, read_provisional
from autograder.course.config import Calibration
from autograder.course.content import load_content


@dataclass(frozen=True)
class Plan:
    """The runs of one item, by implementation and seed."""

    item: Item
    recipe: str
    people: dict[str, tuple[bool, str]]
    runs: tuple[Run, ...]


def plan(item: Item, seeds: int) -> Plan:
    """Every implementation with every seed, ordered by surroundings: those that share them begin in one process."""
    known, trial = recipes(item)
    versions = [(name, *version.split(".")[:2]) for name, version in present_versions().items() if name != "python"]
    runs = [
        Run(item, digest(of=[trial, recipe, *versions]), who, seed)
        for seed in range(seeds)
        for who, (_, recipe) in known.items()
    ]
    return Plan(item, trial, known, tuple(sorted(runs, key=lambda run: run.surroundings.name)))


def conclude(plan: Plan, ledger: Ledger, policy: Calibration, root: Path) -> Record:
    """Choose an item's bound from its runs, and write its file and its plot.

    Args:
        root: the folder of solutions.

    Raises:
        CalibrationError: when no bound meets the policy; nothing is written.
    """
    item = plan.item
    results = {(run.who, run.seed): ledger.results[run.key] for run in plan.runs}
    measured = tuple(
        Measured(who, right, recipe, tuple(r.value for (one, _), r in sorted(results.items()) if one == who))
        for who, (right, recipe) in plan.people.items()
    )
    evidence = Evidence(trial_of(load_content(item.folder), item.exercise).unit, policy, measured)
    evidence.require()
    cpu = statistics.median(r.cpu for (who, _), r in results.items() if plan.people[who][0])
    record = Record(plan.recipe, present_versions(), round(cpu, 1), evidence)
    path = calibration_file(item.folder, item.exercise, item.data, root)
    path.parent.mkdir(exist_ok=True)
    path.write_text(render(item, record), encoding="utf-8")
    path.with_suffix(".svg").write_text(draw(item, record), encoding="utf-8")
    _drop_provisional(item, root)
    return record


def _drop_provisional(item: Item, root: Path) -> None:
    """One fact has one home: take an item's table out of ``bounds.toml``, and the file away with its last table."""
    path = root / item.folder / BOUNDS
    if not path.exists():
        return
    table = rf"^\[{re.escape(item.exercise)}\.{re.escape(item.data)}(?:\.wrong)?\]\n(?:(?!\[).*\n?)*"
    kept = re.sub(table, "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    path.write_text(kept.rstrip() + "\n", encoding="utf-8")
    if not read_provisional(item.folder, root):
        path.unlink()
