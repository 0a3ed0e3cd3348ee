"""Lend models to measure with: of one structure, the same object again and again; ships to students as it is.

Where models of one shape come again and again, building them is most of the work.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from coursekit.models.rebuilding import MAX_PARAMETERS, Builder, built, check_ran, refusing

_LENT: dict[Any, tuple[Builder, Any]] = {}  # the last is the latest used
_LIMITS = {"models": 100, "parameters": MAX_PARAMETERS}  # all together no larger than the largest that is graded


def lend_at_most(*, models: int, parameters: int) -> None:
    """Keep so many models at hand, with so many parameters together, in this process; one is always kept."""
    _LIMITS.update(models=models, parameters=parameters)


def borrow(description: Any) -> Any:
    """The model that ``rebuild`` would make, for a moment: the next of the same structure is the same object.

    Weights are set as described each time; who borrows changes nothing but weights, and keeps nothing. Layers have
    numbers for names: TensorFlow prepares a variable once for each name.

    Raises:
        Refused: as ``rebuild`` does.
    """
    with refusing(description):
        structure = _structure(description)
        known = _LENT.pop(structure, None)
        builder, model = known or built(description, None, None, names="numbered")
        if known:
            builder.set_weights(description["operations"])
            check_ran(description.pop("ran", None), model)
    _LENT[structure] = builder, model
    while len(_LENT) > 1 and (len(_LENT) > _LIMITS["models"] or _parameters() > _LIMITS["parameters"]):
        del _LENT[next(iter(_LENT))]
    return model


def _parameters() -> int:
    return sum(builder.parameters for builder, _ in _LENT.values())


def _structure(description: Any) -> Any:
    """All of a description but weights and names, to look up by."""
    operations = [
        {
            **operation,
            "name": None,
            "config": {key: value for key, value in operation["config"].items() if key != "name"},
            "weights": [weight.shape for weight in operation["weights"]],
        }
        for operation in description["operations"]
    ]
    return _frozen({**description, "input": None, "ran": None, "operations": operations})


def _frozen(tree: Any) -> Any:
    if isinstance(tree, dict):
        return tuple((key, _frozen(item)) for key, item in sorted(tree.items()))
    if isinstance(tree, (tuple, list)):
        return type(tree).__name__, *map(_frozen, tree)
    if isinstance(tree, np.ndarray):
        return tree.dtype.str, tree.shape, tree.tobytes()
    return type(tree).__name__, tree  # 1, 1.0 and True are equal, and not the same argument
