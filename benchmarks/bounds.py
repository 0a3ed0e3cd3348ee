"""Measure the bounds of the accuracy items: many seeds of the reference and of every correct variant.

    python benchmarks/bounds.py                       every item, on the course's data
    python benchmarks/bounds.py a2.build_mlp --seeds 20
    COURSE_DATA_DIR=... python benchmarks/bounds.py --grey fashion-mnist --colour cifar-10

Prints one TOML table for each item, ready for the assignment's ``bounds.toml``; ``--write`` puts them there. A bound
lies five standard deviations below the mean of all correct runs. The wrong implementations that the trial alone must
reject are measured beside them, so that the gap can be seen.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1")

from autograder.authoring.doctor.workers import one_task_each
from autograder.course.bounds import ANY, BOUNDS, SOLUTIONS
from autograder.course.checks import generator
from autograder.course.config import load_course
from autograder.course.content import load_content
from autograder.course.trials import Bench, Trial
from autograder.judge.laboratory import open_laboratory
from coursekit.checking import Refused
from coursekit.observing import observe

ROOT = Path(__file__).resolve().parents[1]
DEVIATIONS = 5.0


@dataclass(frozen=True)
class Run:
    """One training: of whom, for which item, with which seed."""

    folder: str
    exercise: str
    who: str
    seed: int
    data: tuple[tuple[str, str], ...]


def measure(run: Run) -> tuple[Run, float | str]:
    """What one training reaches, or why it could not be measured."""
    content = load_content(run.folder)
    trial = content.specs[run.exercise].trial
    assert trial is not None
    function = dict(implementations(run.folder, run.exercise))[run.who]
    rng = generator(f"calibration {run.who} {run.seed}".encode(), trial.name)
    laboratory = open_laboratory(dict(run.data), run.folder)
    bench = Bench(laboratory, rng, lambda case: observe(function, case.args, case.kwargs, case.errstate))
    try:
        return run, float(trial.measure(bench))
    except Refused as refusal:
        return run, str(refusal)


def implementations(folder: str, exercise: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The reference, every variant and every mutant of an exercise, by name."""
    content = load_content(folder)
    yield "reference", content.solutions[exercise]
    yield from ((v.id, v.function) for v in content.variants[exercise])
    yield from ((m.id, m.function) for m in content.mutants[exercise])


def table(exercise: str, trial: Trial, data: str, right: list[float], wrong: dict[str, list[float | str]]) -> str:
    """One table of bounds.toml."""
    mean, deviation = statistics.mean(right), statistics.stdev(right)
    lines = [
        f"[{exercise}.{data}]",
        f'unit = "{trial.unit}"',
        f"at_least = {mean - DEVIATIONS * deviation:.3f}",
        f"runs = {len(right)}",
        f"mean = {mean:.4f}",
        f"standard_deviation = {deviation:.4f}",
        f"lowest = {min(right):.4f}",
    ]
    best = {who: max((v for v in values if isinstance(v, float)), default=None) for who, values in wrong.items()}
    shown = [f'"{who}" = {value:.3f}' for who, value in best.items() if value is not None]
    return "\n".join([*lines, *([f"[{exercise}.{data}.wrong]", *shown] if shown else [])]) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    course = load_course(ROOT)
    parser.add_argument("items", nargs="*", help="e.g. a2.build_mlp; by default all")
    parser.add_argument("--seeds", type=int, default=10, help="of the reference")
    parser.add_argument("--variant-seeds", type=int, help="of each correct variant; by default as many")
    parser.add_argument("--wrong-seeds", type=int, default=3, help="of each mutant: it is far off, or others catch it")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--grey", default=course.data.grey)
    parser.add_argument("--colour", default=course.data.colour)
    parser.add_argument("--write", action="store_true", help="put the tables into the assignments' bounds.toml")
    arguments = parser.parse_args()
    data = (("grey", arguments.grey), ("colour", arguments.colour))
    trials: list[tuple[str, str, Trial]] = []
    runs: list[Run] = []
    for name, assignment in course.assignments.items():
        content = load_content(assignment.folder)
        for exercise, spec in content.specs.items():
            if spec.trial and (f"{name}.{exercise}" in arguments.items or not arguments.items):
                trials.append((assignment.folder, exercise, spec.trial))
                counts = {"reference": arguments.seeds}
                many = arguments.seeds if arguments.variant_seeds is None else arguments.variant_seeds
                counts |= {v.id: many for v in content.variants[exercise]}
                for who, _ in implementations(assignment.folder, exercise):
                    seeds = range(counts.get(who, arguments.wrong_seeds))
                    runs += [Run(assignment.folder, exercise, who, seed, data) for seed in seeds]
    results: dict[str, dict[str, list[float | str]]] = {}
    with one_task_each(arguments.jobs) as pool:
        for number, (run, value) in enumerate(pool.imap_unordered(measure, runs), 1):
            print(f"\r{number} of {len(runs)} trainings", end="", file=sys.stderr)
            results.setdefault(run.exercise, {}).setdefault(run.who, []).append(value)
    print(file=sys.stderr)
    for folder, exercise, trial in trials:
        content, measured = load_content(folder), results[exercise]
        correct = [
            v for who in ["reference", *(v.id for v in content.variants[exercise])] for v in measured.get(who, [])
        ]
        refused = [v for v in correct if isinstance(v, str)]
        if refused:
            print(f"{exercise}: a correct implementation cannot be measured: {refused[0]}", file=sys.stderr)
            return 1
        kind = dict(data)[trial.images] if trial.images else ANY
        wrong = {m.id: measured.get(m.id, []) for m in content.mutants[exercise]}
        text = table(exercise, trial, kind, [v for v in correct if isinstance(v, float)], wrong)
        print(text)
        if arguments.write:
            write(text, SOLUTIONS / folder / BOUNDS)
    return 0


def write(text: str, path: Path) -> None:
    """Put a table into bounds.toml, in place of the one with the same header and what is below it."""
    header = text.partition("]")[0]
    old = path.read_text(encoding="utf-8") if path.exists() else "# Bounds of accuracy items.\n"
    kept = re.sub(rf"^{re.escape(header)}(?:\.wrong)?\]\n(?:(?!\[).*\n?)*", "", old, flags=re.MULTILINE)
    path.write_text(kept.rstrip() + "\n\n" + text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
