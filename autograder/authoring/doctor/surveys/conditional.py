"""Functions that are right except under one condition: `course doctor --conditional`.

For each case, the solution's answer is spoilt. A case that notices would catch every function that is wrong under a
condition which the case meets, so that one more answer for each case tells of all conditions at once. A condition that
no case both meets and notices is a finding, unless ``design.md`` says that it lies outside the exercise's contract.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from autograder.authoring.doctor.examining import each_once
from autograder.authoring.doctor.surveys.conditions import conditions, expected_of
from autograder.authoring.doctor.workers import one_task_each
from autograder.course.checks import ExerciseChecks, generator
from autograder.course.config import Assignment
from autograder.course.content import load_content
from autograder.judge.naming import number_layers_anew
from coursekit.checking import Case, answer, judge_case
from coursekit.observing import observe

SEEDS = (b"conditional 0", b"conditional 1")  # what is met with one of them alone is met by chance
CALLS = {"every second call": 2, "every third call": 3}
SECTION = "## Outside the contract"
ROW = re.compile(r"^\| `(?P<exercise>\w+)` \| (?P<conditions>`[^|]+`) \| (?P<why>[^|]*\S[^|]*) \|$")


def survey(spec: ExerciseChecks, solution: Callable[..., Any]) -> tuple[set[str], set[str]]:
    """The conditions to expect of an exercise, and those under which a wrong answer is noticed with every seed."""
    met, noticed = set(CALLS), list[set[str]]()
    for seed in SEEDS[: 1 if spec.seeds == 1 else None]:
        found, mine = _met_and_noticed(spec, solution, seed)
        met |= found
        noticed.append(mine)
    parameters = inspect.signature(solution).parameters.values()
    defaults = {parameter.name for parameter in parameters if parameter.default is not inspect.Parameter.empty}
    return expected_of(met, defaults), set.intersection(*noticed)


def _met_and_noticed(spec: ExerciseChecks, solution: Callable[..., Any], seed: bytes) -> tuple[set[str], set[str]]:
    """The same for one seed.

    A case that must raise notices who returns something. That tells of a condition only where the function always has
    to raise: an unknown word, a negative number of columns.
    """
    met: dict[bool, set[str]] = {False: set(), True: set()}  # by whether the case must raise
    noticed: dict[bool, set[str]] = {False: set(), True: set()}
    calls = 0
    for check in spec.all_checks:
        for case in check.cases(generator(seed, check.name)):
            raises, found = bool(case.raises), _met(solution, case)
            met[raises] |= found
            if (found - noticed[raises] or calls < max(CALLS.values())) and _notices(case, solution):
                noticed[raises] |= found
                calls += 1
    counted = {words for words, least in CALLS.items() if calls >= least}
    return met[False] | met[True], noticed[False] | (noticed[True] - met[False]) | counted


def _met(solution: Callable[..., Any], case: Case) -> set[str]:
    bound = inspect.signature(solution).bind(*case.args, **case.kwargs)
    given = frozenset(bound.arguments)
    bound.apply_defaults()
    return set(conditions(bound.arguments, given, frozenset(case.kwargs)))


def _notices(case: Case, solution: Callable[..., Any]) -> bool:
    """Whether a spoilt answer fails the case; where the solution raises, a function that returns nothing."""
    number_layers_anew()

    def wrong(*args: Any, **kwargs: Any) -> Any:
        try:
            return spoilt(solution(*args, **kwargs))
        except Exception:  # noqa: BLE001 - whatever is refused, the wrong function takes it
            return None

    outcome = answer(case, lambda one: observe(wrong, one.args, one.kwargs, one.errstate))
    return judge_case(case, outcome) is not None


def spoilt(value: Any) -> Any:
    """A wrong answer of the same form; None for what has no such form."""
    if isinstance(value, np.ndarray):
        if value.size == 0:
            return value[None]
        return (value * 1.25 + 0.25).astype(value.dtype) if value.dtype.kind == "f" else ~value
    if isinstance(value, (bool, np.bool_)):
        return not value
    if isinstance(value, (int, float, np.number)):
        return value * 1.25 + 0.25
    if isinstance(value, (list, tuple)):
        return type(value)(spoilt(item) for item in value)
    if isinstance(value, dict):
        return {key: spoilt(item) for key, item in value.items()}
    return _spoilt_network(value) if is_network(value) else None


def is_network(value: Any) -> bool:
    """Whether a value is a Keras model."""
    return hasattr(value, "layers") and hasattr(value, "inputs")


def _spoilt_network(model: Any) -> Any:
    keras = sys.modules["keras"]  # whoever built the network has imported it
    return keras.Model(model.inputs, keras.layers.Rescaling(1.25, 0.25)(model.outputs[0]))


# ------------------------------------------------------------------------------------------------ outside the contract


def outside(design: Path) -> dict[str, list[str]]:
    """The conditions that ``design.md`` leaves out, as patterns, by exercise."""
    text = design.read_text(encoding="utf-8") if design.is_file() else ""
    found: dict[str, list[str]] = {}
    for line in text.partition(SECTION)[2].partition("\n## ")[0].splitlines():
        if row := ROW.match(line):
            found.setdefault(row["exercise"], []).extend(re.findall("`([^`]+)`", row["conditions"]))
    return found


@dataclass
class Surveyed:
    """What a survey of one exercise found.

    Args:
        counts: ``expected`` conditions, ``noticed`` by a case, and ``left out`` by ``design.md``.
    """

    counts: Mapping[str, int]
    findings: list[str]

    def __str__(self) -> str:
        expected, noticed, left_out = self.counts.values()
        return f"{expected:3} conditions, {noticed:3} noticed, {left_out:3} outside the contract"


def examine_conditions(
    root: Path,
    assignments: Sequence[Assignment],
    jobs: int | None = None,
    exercise: str | None = None,
    *,
    networks: bool = True,
) -> Iterator[tuple[Assignment, str, Surveyed]]:
    """Survey exercises on all cores.

    Args:
        root: the folder of course.yaml.
        exercise: this one alone.
        networks: also exercises that build networks, which take long.

    Yields:
        Assignment, exercise and what was found, in order; an exercise that several assignments use comes once.
    """
    exercises = each_once(assignments, exercise, networks=networks)
    tasks = [(root, assignment.folder, name) for assignment, name in exercises]
    with one_task_each(jobs) as pool:
        results = pool.imap(_examined, tasks)
        for assignment, name in exercises:
            yield assignment, name, next(results)


def _examined(task: tuple[Path, str, str]) -> Surveyed:
    root, folder, name = task
    content, design = load_content(folder), f"assignments/{folder}/design.md"
    expected, noticed = survey(content.specs[name], content.solutions[name])
    missing, patterns = expected - noticed, outside(root / design).get(name, [])
    left_out = {words for words in missing if any(fnmatchcase(words, pattern) for pattern in patterns)}
    findings = [
        f"{name}: wrong for {words!r} alone, a function keeps full marks; add a case, or a row to {design}"
        for words in sorted(missing - left_out)
    ]
    findings += [
        f"{name}: {design} leaves out {pattern!r}, which hides nothing now; drop it"
        for pattern in patterns
        if not any(fnmatchcase(words, pattern) for words in missing)
    ]
    counts = {"expected": len(expected), "noticed": len(noticed & expected), "left out": len(left_out)}
    return Surveyed(counts, findings)
