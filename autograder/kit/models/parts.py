"""Layers that lent models share: a layer is made once for its place, not once for each model; ships as it is.

To make a layer's variables is most of the work of building a network again. Whoever borrows a model has it for a moment
and with the weights that were described for it, so two lent models may stand on the same layers.
"""

from __future__ import annotations

import itertools
import weakref
from collections import defaultdict
from collections.abc import Callable, Collection
from typing import Any

import numpy as np


class Parts:
    """Built layers by what they are; they live as long as a model that has them."""

    def __init__(self) -> None:
        self._known: defaultdict[Any, list[weakref.ref[Any]]] = defaultdict(list)
        self._named: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()

    def layer(self, spec: Any, args: Any, taken: Collection[Any], make: Callable[[], Any]) -> Any:
        """A layer of this description for arguments of these shapes, made where there is none.

        Args:
            taken: those that stand at other places of the same model.
        """
        known = self._known[_likeness(spec, args)]
        known[:] = [reference for reference in known if reference() is not None]
        used = {id(layer) for layer in taken}
        living = (reference() for reference in known)
        layer = next((one for one in living if one is not None and id(one) not in used), None)
        if layer is None:
            layer = make()
            known.append(weakref.ref(layer))
            self._named[layer.name] = layer
        else:  # models that are made already keep graphs of their own
            layer._inbound_nodes.clear()
            layer._outbound_nodes.clear()
        return layer

    def free_name(self) -> str:
        """A name that no living layer has; the lowest, because TensorFlow prepares a variable once for each name."""
        return next(name for name in map("layer_{}".format, itertools.count()) if name not in self._named)


def _likeness(spec: Any, args: Any) -> Any:
    """What two layers must have in common for one to stand for the other."""
    return frozen([spec["class"], spec["trainable"], essence(spec["config"]), _shapes(args)])


def essence(config: Any) -> dict[str, Any]:
    """A layer's arguments but those that do not matter once its weights are set."""
    return {key: value for key, value in config.items() if key != "name" and not key.endswith("_initializer")}


def _shapes(args: Any) -> Any:
    if isinstance(args, (list, tuple)):
        return [_shapes(item) for item in args]
    return tuple(args.shape) if hasattr(args, "shape") else args


def frozen(tree: Any) -> Any:
    """Plain data as a key; 1, 1.0 and True are equal, and not the same argument."""
    if isinstance(tree, dict):
        return tuple((key, frozen(item)) for key, item in sorted(tree.items()))
    if isinstance(tree, (tuple, list)):
        return type(tree).__name__, *map(frozen, tree)
    if isinstance(tree, np.ndarray):
        return tree.dtype.str, tree.shape, tree.tobytes()
    return type(tree).__name__, tree
