"""Operations that reach across the images of a batch; ships to students as it is.

A network computes each image by itself. What joins, cuts or turns the batch axis is another network for every batch
size, and one whose work nobody has counted. So the batch axis is followed through every operation.

    >>> image = type("Tensor", (), {"shape": (None, 5, 4, 3)})()
    >>> batch_axis("Concatenate", {"axis": -1}, [[image, image]], 0)
    0
    >>> batch_axis("Stack", {"axis": 0}, [[image, image]], 0)  # mean(stack(branches), axis=0) brings it back
    1
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

REDUCTIONS = frozenset(["Max", "Mean", "Sum"])
ALONG_AN_AXIS = frozenset(
    [
        *("BatchNormalization", "Concatenate", "GroupNormalization", "LayerNormalization", "LogSoftmax", "Softmax"),
        "Squeeze",
    ]
)


def batch_axis(name: str, config: Mapping[str, Any], args: Sequence[Any], axis: int) -> int | None:
    """Where the batch axis is after a call of a layer or an operation; None where its images are mixed.

    Args:
        name: its class.
        config: its arguments.
        args: what it is called with, symbolic tensors among it.
        axis: where the batch axis of those tensors is.
    """
    shape = next((tuple(item.shape) for item in flat(args) if hasattr(item, "shape")), ())
    if name == "Stack":
        place = _places(config.get("axis"), len(shape) + 1)
        return None if place is None else axis + (place[0] <= axis)
    if name in REDUCTIONS:
        places = _places(config.get("axis"), len(shape))
        if places is None or axis in places:
            return None
        return axis if config.get("keepdims") else axis - sum(place < axis for place in places)
    return None if axis != 0 or _mixes(name, config, shape) else 0


def _mixes(name: str, config: Mapping[str, Any], shape: tuple[Any, ...]) -> bool:
    """Whether an operation on tensors that begin with the batch axis treats it as anything but a row of images."""
    if name in ALONG_AN_AXIS and "axis" in config:
        places = _places(config["axis"], len(shape))
        return places is None or 0 in places
    if name == "Transpose":
        order = config.get("axes")
        return not order or order[0] != 0
    if name == "Reshape" and "newshape" in config:
        return not _keeps_images_whole(tuple(config["newshape"]), shape)
    if name == "Pad":
        width = config.get("pad_width")
        return not isinstance(width, (list, tuple)) or tuple(width[0]) != (0, 0)
    return name == "GetItem"


def _places(axis: Any, dimensions: int) -> list[int] | None:
    """Axes counted from the front; None for all of them, or for what are no axes."""
    axes = axis if isinstance(axis, (list, tuple)) else [axis]
    if not axes or not all(type(one) is int for one in axes):
        return None
    return [one % max(1, dimensions) for one in axes]


def _keeps_images_whole(target: tuple[Any, ...], shape: tuple[Any, ...]) -> bool:
    """``reshape(x, (-1, 12))`` is a row of images only where each of them has 12 values."""
    values, wanted = shape[1:], target[1:]
    if None in values or target[:1] not in ((-1,), (None,)) or not all(type(n) is int and n > 0 for n in wanted):
        return False
    return math.prod(values) == math.prod(wanted)


def flat(tree: Any) -> list[Any]:
    """The leaves of nested lists and tuples."""
    if isinstance(tree, (list, tuple)):
        return [leaf for item in tree for leaf in flat(item)]
    return [tree]
