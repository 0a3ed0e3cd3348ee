"""A process that has imported TensorFlow and computed nothing: it measures each run in a process of its own.

``python -m autograder.authoring.calibrate.nursery`` reads a run as JSON from each line of its standard input and writes
what came of it in a line of its standard output. It ends with its input.
"""

from __future__ import annotations

import gc
import json
import os
import random
import sys
import time
import traceback
from typing import Any

import keras
import numpy as np

import coursekit.models.networks  # noqa: F401 - what every run needs, and takes seconds
from autograder.authoring.calibrate.items import Item, people, trial_of
from autograder.course.checks import generator
from autograder.course.content import load_content
from autograder.course.trials import Bench
from autograder.judge.laboratory import open_laboratory
from coursekit.checking import Refused
from coursekit.observing import observe


def measure(item: Item, who: str, seed: int, draws: int) -> dict[str, Any]:
    """One training.

    Returns:
        ``value``, null with ``refused`` for what could not be trained, and ``cpu``, in seconds.
    """
    content = load_content(item.folder)
    trial = trial_of(content, item.exercise)
    function = next(person.function for person in people(content, item.exercise) if person.id == who)
    keras.utils.set_random_seed(seed)  # of NumPy and Python, too
    if draws:
        keras.random.uniform((draws,))
        np.random.random(draws)
        random.getrandbits(draws)
    rng = generator(f"calibration {who} {seed}".encode(), trial.name)
    laboratory = open_laboratory(item.datasets, item.folder)
    bench = Bench(laboratory, rng, lambda case: observe(function, case.args, case.kwargs, case.errstate))
    started = time.process_time()
    try:
        result: dict[str, Any] = {"value": round(float(trial.measure(bench)), 4)}
        if not np.isfinite(result["value"]):
            result = {"value": None, "refused": f"reached {result['value']}"}
    except Refused as refusal:
        result = {"value": None, "refused": str(refusal)}
    return {**result, "cpu": round(time.process_time() - started, 2)}


def _answer(line: str) -> dict[str, Any]:
    asked = json.loads(line)
    try:
        return measure(Item(**asked["item"]), asked["who"], asked["seed"], asked["draws"])
    except Exception:  # noqa: BLE001 - told where somebody reads it
        return {"error": traceback.format_exc()}


def _in_a_child(line: str) -> bytes:
    """What a process of its own answers; what became of it when it does not."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        with open(write, "wb") as pipe:
            pipe.write(json.dumps(_answer(line)).encode())
        os._exit(0)
    os.close(write)
    with open(read, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    return answer or json.dumps({"error": f"the process ended with status {status}"}).encode()


def main() -> None:
    """Answer every line."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what a run prints is no answer
    gc.freeze()  # a million objects of TensorFlow, which no child looks through
    for line in sys.stdin:
        load_content(json.loads(line)["item"]["folder"])  # once, not in every child
        answers.write(_in_a_child(line) + b"\n")


if __name__ == "__main__":
    main()
