"""Operations that reach across the images of a batch; ships to students as it is.

A network computes each image by itself. What joins, cuts or turns the batch axis is another network for every batch
size, and one whose work nobody has counted. What changes the batch axis's own extent shows in the shape of the result;
here is what does not show there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

ALONG_AN_AXIS = frozenset(
    [
        *("BatchNormalization", "Concatenate", "GroupNormalization", "LayerNormalization", "LogSoftmax", "Max", "Mean"),
        *("Softmax", "Squeeze", "Stack", "Sum"),
    ]
)


def mixing(name: str, config: Mapping[str, Any], args: Sequence[Any]) -> bool:
    """Whether a call of a layer or an operation treats the batch as anything but a row of images.

    Args:
        name: its class.
        config: its arguments.
        args: what it is called with, symbolic tensors among it.
    """
    shape = next((tuple(item.shape) for item in _flat(args) if hasattr(item, "shape")), ())
    if name in ALONG_AN_AXIS and "axis" in config:
        axis = config["axis"]
        axes = axis if isinstance(axis, (list, tuple)) else [axis]
        return any(one is None or (type(one) is int and one % max(1, len(shape)) == 0) for one in axes)
    if name == "Transpose":
        order = config.get("axes")
        return not order or order[0] != 0
    if name == "Reshape" and "newshape" in config:
        return not _keeps_images_whole(tuple(config["newshape"]), shape)
    if name == "Pad":
        width = config.get("pad_width")
        return not isinstance(width, (list, tuple)) or tuple(width[0]) != (0, 0)
    return name == "GetItem"


def _keeps_images_whole(target: tuple[Any, ...], shape: tuple[Any, ...]) -> bool:
    """``reshape(x, (-1, 12))`` is a row of images only where each of them has 12 values."""
    values, wanted = shape[1:], target[1:]
    if None in values or target[:1] not in ((-1,), (None,)) or not all(type(n) is int and n > 0 for n in wanted):
        return False
    return math.prod(values) == math.prod(wanted)


def _flat(tree: Any) -> list[Any]:
    if isinstance(tree, (list, tuple)):
        return [leaf for item in tree for leaf in _flat(item)]
    return [tree]
