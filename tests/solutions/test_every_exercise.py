"""Every exercise of the course: the example of its docstring, and its public cases, with the reference."""

from __future__ import annotations

import doctest
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from autograder.course.config import load_course
from autograder.course.content import load_content
from autograder.course.script import Script, read_script, stub_function
from coursekit.checking import judge_case, observe_case

ROOT = Path(__file__).resolve().parents[2]
EXERCISES = [(a.folder, name) for a in load_course(ROOT).assignments.values() for name in a.exercises]
NAMES = {"np": np, "keras": keras, "layers": layers, "tf": tf, "plt": plt}


@cache
def _script(folder: str) -> Script:
    return read_script(ROOT / "assignments" / folder / "notebook.py")


def _solutions(folder: str) -> dict[str, Callable[..., Any]]:
    return dict(load_content(folder).solutions)


@pytest.mark.parametrize(("folder", "name"), EXERCISES)
def test_example_of_a_docstring_holds_for_the_reference(folder, name):
    text = stub_function(_script(folder), name).__doc__ or ""
    test = doctest.DocTestParser().get_doctest(text, {**NAMES, **_solutions(folder)}, name, None, None)
    assert test.examples
    assert doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test).failed == 0
    plt.close("all")


@pytest.mark.parametrize(("folder", "name"), EXERCISES)
def test_public_literals_agree_with_the_reference(folder, name):
    exercise = load_content(folder).specs[name].exercise
    for case in exercise.cases:
        failure = judge_case(case, observe_case(_solutions(folder)[name], case), exercise.returns)
        assert failure is None, (case.label, failure)
