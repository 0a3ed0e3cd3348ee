"""Lend models to measure with: of one structure, the same object again and again; ships to students as it is.

Where models of one shape come again and again, building them is most of the work.
"""

from __future__ import annotations

from typing import Any

from coursekit.models.parts import Parts, essence, frozen
from coursekit.models.rebuilding import MAX_PARAMETERS, Builder, built, check_ran, refusing

_PARTS = Parts()
_LENT: dict[Any, tuple[Builder, Any]] = {}  # the last is the latest used
_LIMITS = {"models": 100, "parameters": MAX_PARAMETERS}  # all together no larger than the largest that is graded


def lend_at_most(*, models: int, parameters: int) -> None:
    """Keep so many models at hand, with so many parameters together, in this process; one is always kept."""
    _LIMITS.update(models=models, parameters=parameters)


def borrow(description: Any) -> Any:
    """The model that ``rebuild`` would make, for a moment: the next of the same structure is the same object.

    Weights are set as described each time; who borrows changes nothing but weights, and keeps nothing. Models share
    layers, which have numbers for names.

    Raises:
        Refused: as ``rebuild`` does.
    """
    with refusing(description):
        structure = _structure(description)
        known = _LENT.pop(structure, None)
        builder, model = known or built(description, None, None, _PARTS)
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
    """All of a description but weights, initial ones too, and names, to look up by."""
    operations = [
        {
            **operation,
            "name": None,
            "config": essence(operation["config"]),
            "weights": [weight.shape for weight in operation["weights"]],
        }
        for operation in description["operations"]
    ]
    return frozen({**description, "input": None, "ran": None, "operations": operations})
