"""The students' own arithmetic: what a submission's functions and trainings cost without any grader around them.

    .venv/bin/python benchmarks/arithmetic.py a1 [--seeds 5]

Each function is called, here in one process and behind no walls, on the very cases that a judge would draw; only the
calls themselves are counted, and for accuracy items the trainings and the evaluations. Nothing of that can be saved by
a better grader: it is the floor on which the benchmarks stand. The last line is JSON.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

# TensorFlow takes seconds to import, and only the process that measures needs it.
# ruff: noqa: PLC0415

CALLS, TRAININGS = "calls", "trainings"


class Meter:
    """Adds up the processor time of what is called through it."""

    def __init__(self) -> None:
        self.seconds = {CALLS: 0.0, TRAININGS: 0.0}
        self._running = False

    def metered(self, function: Callable[..., Any], kind: str) -> Callable[..., Any]:
        """The function, whose time counts; once where one of them calls another."""

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if self._running:
                return function(*args, **kwargs)
            self._running, start = True, time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds[kind] += time.process_time() - start
                self._running = False

        return call


def arithmetic(name: str, seeds: int) -> dict[str, float]:
    """Seconds of processor time of one submission, on average over seeds: its calls and its trainings."""
    from measuring import ROOT

    from autograder.course.checks import generator
    from autograder.course.config import load_course
    from autograder.course.content import load_content
    from autograder.course.trials import Bench
    from autograder.judge import training
    from autograder.judge.laboratory import open_laboratory
    from autograder.judge.naming import number_layers_anew
    from coursekit.checking import observe_case

    course = load_course(ROOT)
    folder, meter = course.find(name).folder, Meter()
    for work in (training.fit, training.accuracy, training.logits):
        _replace(work, meter.metered(work, TRAININGS))
    content, laboratory = load_content(folder), open_laboratory(course.data.model_dump(), folder)
    for number in range(-1, seeds):  # the first time warms up
        if number == 0:
            meter.seconds = dict.fromkeys(meter.seconds, 0.0)
        for exercise, spec in content.specs.items():
            seed = hashlib.sha256(f"{exercise} {number}".encode()).digest()
            function = meter.metered(content.solutions[exercise], CALLS)
            for check in spec.all_checks:
                for case in check.cases(generator(seed, check.name)):
                    number_layers_anew()
                    observe_case(function, case)
            if spec.trial is not None:
                bench = Bench(laboratory, generator(seed, spec.trial.name), functools.partial(_asked, function))
                spec.trial.problem(bench, exercise)
    return {kind: spent / seeds for kind, spent in meter.seconds.items()}


def _asked(function: Callable[..., Any], case: Any) -> Any:
    from coursekit.observing import observe

    return observe(function, case.args, case.kwargs, case.errstate, repeat=case.advances)


def _replace(function: Callable[..., Any], by: Callable[..., Any]) -> None:
    """Put another function in a function's place, under whatever name modules have imported it."""
    for module in list(sys.modules.values()):
        for name, value in list(vars(module).items()) if hasattr(module, "__dict__") else ():
            if value is function:
                setattr(module, name, by)


def arithmetic_apart(name: str, seeds: int = 5) -> dict[str, float]:
    """The same, found out by a process of its own, with one thread, as where it is graded."""
    command = [sys.executable, __file__, name, "--seeds", str(seeds)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return dict(json.loads(said.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("assignment")
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    from autograder.jail.launch import ENVIRONMENT

    wanted = {name: value for name, value in ENVIRONMENT.items() if name != "PATH"}
    if not os.environ.items() >= wanted.items():  # one thread, as where it is graded
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **wanted})
    logging.disable()
    print(json.dumps(arithmetic(arguments.assignment, arguments.seeds)))


if __name__ == "__main__":
    main()
