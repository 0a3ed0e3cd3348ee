"""The page of what the grader's bounds and tolerances rest on, from files that are committed with the solutions."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from typing import Any

from autograder.course.bounds import CALIBRATION, read_measurements
from autograder.course.config import Assignment, Course

BEGINNING = """# What bounds and tolerances rest on

What was measured, as it is committed beside the solutions. [Accuracy items](instructors/set-up.md#accuracy-items)
says what a bound is for.
"""
RARE = 1e-9  # below it no rate is believed to the digit
CALIBRATED = "## Bounds measured by `course calibrate`\n"
PROVISIONAL = """## Provisional bounds

From fewer runs, and without error rates: these items wait for `course calibrate`.

| | exercise | data | bound | runs | mean | standard deviation | lowest | of what |
|---|---|---|---|---|---|---|---|---|
"""
TOLERANCES = """## Tolerances with a reason

Of every other tolerance, right answers use a tenth at most, and wrong ones lie ten times beyond it:
`course doctor --tolerances` measures that.

| | exercise | check | why |
|---|---|---|---|
"""


def calibration(course: Course) -> tuple[str, dict[str, str]]:
    """The page, and the pictures that it shows: their places in the site by their sources."""
    calibrated, provisional, pictures = [], [], {}
    for assignment in course.assignments.values():
        for item, data, record in _records(assignment):
            if "implementation" not in record:
                provisional.append(_row(assignment, item, data, record))
                continue
            picture = f"{item}.{data}.svg"
            pictures[f"solutions/{assignment.folder}/{CALIBRATION}/{picture}"] = f"calibration/{picture}"
            calibrated.append(_section(assignment, item, data, record, f"calibration/{picture}"))
    reasons = [row for assignment in course.assignments.values() for row in _reasons(course, assignment)]
    parts = [BEGINNING, CALIBRATED, *(calibrated or ["None is measured yet.\n"])]
    parts += [PROVISIONAL + "".join(provisional)] if provisional else []
    parts += [TOLERANCES + "".join(reasons)] if reasons else []
    return "\n".join(parts), pictures


def _records(assignment: Assignment) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Item, data and what its file says."""
    for item, found in sorted(read_measurements(assignment.folder).items()):
        for data, record in sorted(found.items()):
            yield item, data, record


def _row(assignment: Assignment, item: str, data: str, record: dict[str, Any]) -> str:
    numbers = [record[name] for name in ("at_least", "runs", "mean", "standard_deviation", "lowest")]
    return f"| {assignment.name} | `{item}` | {data} | {' | '.join(f'{n:g}' for n in numbers)} | {record['unit']} |\n"


def _section(assignment: Assignment, item: str, data: str, record: dict[str, Any], picture: str) -> str:
    images = "no images" if data == "any" else data
    rows = "".join(
        f"| `{one['id'].rpartition('.')[2]}` | {'right' if one['correct'] else 'wrong'} | {one['runs']} "
        f"| {_reached(one)} |\n"
        for one in record["implementation"]
    )
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    fails, passes = (_once(record[name]["predicted"]) for name in ("correct_fails", "wrong_passes"))
    may_fail, may_pass = (_once(record["policy"][name]) for name in ("correct_fails", "wrong_passes"))
    return f"""### {assignment.name}: `{item}`, {images}

The bound is **{record["at_least"]:g}** {record["unit"]}. Expected error rates: a right implementation fails once in
{fails} runs, a wrong one passes once in {passes}; at most once in {may_fail} and once in {may_pass} is asked for.

![Every run of each implementation of {item}, the right ones apart from the wrong ones, and the bound]({picture})

| implementation | right or wrong | runs | mean | standard deviation | lowest | highest |
|---|---|---|---|---|---|---|
{rows}
Surroundings, in turn: {", ".join(record["surroundings"])}. Measured with {versions}.
"""


def _reached(one: dict[str, Any]) -> str:
    """Mean, deviation, lowest and highest of the runs; what was refused before it was trained reached nothing."""
    if "mean" not in one:
        return "refused | | |"
    values = [value for value in one["values"] if math.isfinite(value)]
    return f"{one['mean']:g} | {one['deviation']:g} | {min(values):g} | {max(values):g}"


def _once(rate: float) -> str:
    return f"{float(f'{1 / rate:.2g}'):,.0f}" if rate > RARE else f"more than {1 / RARE:,.0f}"


def _reasons(course: Course, assignment: Assignment) -> Iterator[str]:
    path = course.root / "solutions" / assignment.folder / "tolerances.toml"
    if path.is_file():
        for exercise, rows in tomllib.loads(path.read_text(encoding="utf-8")).items():
            for row in rows:
                yield f"| {assignment.name} | `{exercise}` | {row['check']} | {' '.join(row['why'].split())} |\n"
