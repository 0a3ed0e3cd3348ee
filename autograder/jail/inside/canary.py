"""A function of ours that is known to meddle with its arguments.

Now and then the trusted side has it observed in a student's place. An observer who calls it innocent lies.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import random_sample

from autograder.jail.memory import disturb


def meddle(*args: Any, **kwargs: Any) -> Any:
    """Change every array and every network, draw from NumPy's global state, and return the arrays themselves."""
    random_sample()
    return [array for item in [*args, *kwargs.values()] for array in _meddled(item)]


def _meddled(item: Any) -> list[np.ndarray]:
    if isinstance(item, (tuple, list)):
        return [array for inner in item for array in _meddled(inner)]
    if isinstance(item, dict):
        return [array for inner in item.values() for array in _meddled(inner)]
    if isinstance(item, np.ndarray):
        disturb(item)
        return [item]
    for variable in getattr(item, "variables", [])[:1]:  # a network's
        variable.assign(variable + 1.0)
    return []
