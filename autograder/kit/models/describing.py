"""Write a Keras model down as plain data: its operations with their arguments and weights, and what connects them.

Ships to students as it is. Nothing here is trusted: it runs beside the code that made the model.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from coursekit.models.stock import ACTIVATIONS, operation_classes
from coursekit.plain import KIND, Describer, NoResult

# Keras's own classes, and how each says its arguments, looked up before any code of a student runs: a class of their
# own may carry any name, and a layer of theirs may say anything of itself.
_LAYERS: dict[Any, Any] = {k: k.get_config for k in vars(keras.layers).values() if hasattr(k, "get_config")}
_OPERATIONS: dict[Any, Any] = {kind: kind.get_config for kind in operation_classes()}
_DESCRIBED = (keras.Model, keras.KerasTensor, keras.layers.Layer)


def fits(kind: type) -> bool:
    """Whether a class is one of Keras's models, layers or symbolic tensors, or made from one."""
    return issubclass(kind, _DESCRIBED)


def settle(value: Any) -> Any:
    """Trace a subclassed model, by running its own code on a symbolic input; anything else stays as it is."""
    own = issubclass(type(value), keras.Model) and not isinstance(value, keras.Sequential)
    return _functional(value) if own and not hasattr(value, "_nodes_by_depth") else value


def runnable(value: Any) -> Any:
    """What computes a model's outputs when it is called: the model itself, or the one that a symbolic tensor ends."""
    return value if issubclass(type(value), keras.Model) else _functional(value)


def describe(model: Any) -> dict[str, Any]:
    """Write a model down as plain data.

    Args:
        model: a functional or Sequential model, or a subclassed one whose ``call`` works on symbolic inputs; a
            KerasTensor, which stands for the model from its one input to it; or a layer.

    Returns:
        ``{"@": "model", "shape", "batch", "dtype", "input", "operations": [{"kind", "name", "class", "config",
        "trainable", "trained", "weights"}], "calls": [{"operation", "args", "kwargs"}], "output", "penalties"}``;
        tensors are ``{"@": "tensor", "call", "index"}``, the input is call -1; ``trained`` counts the weights that are
        trained. Of a layer: ``{"@": "layer", "name", "weights"}``.

    Raises:
        NoResult: for a model that cannot be written down; the message is for the student.
    """
    if not issubclass(type(model), (keras.Model, keras.KerasTensor)):
        return {KIND: "layer", "name": str(model.name), "weights": [np.asarray(weight) for weight in model.weights]}
    graph = _functional(model)
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        count = f"{len(graph.inputs)} inputs and {len(graph.outputs)} outputs"
        raise NoResult(f"returned a model with {count}; expected one of each")
    writer = _Writer(graph)
    return {
        KIND: "model",
        "shape": tuple(graph.inputs[0].shape[1:]),
        "batch": graph.inputs[0].shape[0],
        "dtype": str(graph.inputs[0].dtype),
        "penalties": len(graph.losses),
        "input": str(graph.inputs[0]._keras_history.operation.name),
        "operations": writer.operations,
        "calls": writer.calls,
        "output": writer.tree(graph.outputs[0]),
    }


def _functional(model: Any) -> Any:
    if isinstance(model, keras.KerasTensor):
        return keras.Model(_source(model), model)
    if isinstance(model, keras.Sequential):
        if not model.built or model.inputs is None:
            raise NoResult("returned a Sequential model that is not built; begin it with keras.Input(shape)")
        return model._functional
    if hasattr(model, "_nodes_by_depth"):
        return model
    shape = getattr(model, "_build_shapes_dict", None) or {}
    shapes = list(shape.values()) if isinstance(shape, dict) else []
    if not model.built or len(shapes) != 1:
        raise NoResult("returned a subclassed model that is not built; call it once, or return a functional model")
    inputs = keras.Input(tuple(shapes[0])[1:])
    try:
        return keras.Model(inputs, model.call(inputs))
    except Exception as error:  # noqa: BLE001 - the model's own code may raise anything
        problem = f"{type(error).__name__}: {error}"[:200]
        raise NoResult(f"returned a subclassed model that cannot be traced: {problem}") from None


def _source(tensor: Any) -> Any:
    """The one input that a symbolic tensor was computed from."""
    seen: dict[int, Any] = {}
    stack: list[Any] = [tensor]
    inputs: list[Any] = []
    while stack:
        node = stack.pop()._keras_history.operation._inbound_nodes
        for one in node:
            if id(one) in seen:
                continue
            seen[id(one)] = one
            if one.is_input:
                inputs += [t for t in one.output_tensors if all(t is not known for known in inputs)]
            stack += one.input_tensors
    if len(inputs) != 1:
        raise NoResult(f"returned a tensor that depends on {len(inputs)} inputs; expected the one it was given")
    return inputs[0]


class _Writer:
    """Writes the nodes of a functional model in an order in which each comes after what it needs."""

    def __init__(self, graph: Any) -> None:
        self.operations: list[dict[str, Any]] = []
        self.calls: list[dict[str, Any]] = []
        self._numbers: dict[int, int] = {}
        self._tensors = {id(graph.inputs[0]): (-1, 0)}
        for depth in sorted(graph._nodes_by_depth, reverse=True):
            for node in graph._nodes_by_depth[depth]:
                if not node.is_input:
                    self._node(node)

    def _node(self, node: Any) -> None:
        number = self._operation(node.operation)
        call = {
            "operation": number,
            "args": [self.tree(item) for item in node.arguments.args],
            "kwargs": {str(key): self.tree(item) for key, item in node.arguments.kwargs.items()},
        }
        self._tensors |= {id(tensor): (len(self.calls), j) for j, tensor in enumerate(node.output_tensors)}
        self.calls.append(call)

    def _operation(self, operation: Any) -> int:
        if id(operation) not in self._numbers:
            self._numbers[id(operation)] = len(self.operations)
            self.operations.append(_operation(operation))
        return self._numbers[id(operation)]

    def tree(self, value: Any) -> Any:
        if isinstance(value, keras.KerasTensor):
            call, index = self._tensors[id(value)]
            return {KIND: "tensor", "call": call, "index": index}
        if isinstance(value, (list, tuple)):
            items = [self.tree(item) for item in value]
            return tuple(items) if isinstance(value, tuple) else items
        return _argument(value)


def _operation(operation: Any) -> dict[str, Any]:
    layer, kind = isinstance(operation, keras.layers.Layer), type(operation)
    stock = kind in _LAYERS or kind in _OPERATIONS
    nested = issubclass(kind, keras.Model)
    return {
        "kind": "model" if nested else ("layer" if layer else "operation") if stock else "custom",
        "class": kind.__name__,
        "name": str(operation.name),
        "trainable": bool(operation.trainable) if layer else True,
        "trained": len(operation.trainable_weights) if layer else 0,
        "config": configuration(operation),
        "weights": [np.asarray(weight) for weight in operation.weights] if layer and stock else [],
    }


def configuration(operation: Any) -> dict[str, Any]:
    """The arguments of a stock layer or operation, as plain data; none for any other."""
    says = _LAYERS.get(type(operation)) or _OPERATIONS.get(type(operation))
    try:
        config = says(operation) if says else {}
        config |= _activation(operation, config)
    except Exception:  # noqa: BLE001 - a stock operation that cannot say its arguments: rebuilding it will fail
        config = {}
    return {str(key): _argument(item) for key, item in config.items()}


def _activation(operation: Any, config: dict[str, Any]) -> dict[str, str]:
    """``tf.nn.relu`` is Keras's own ``relu`` under another name."""
    function = getattr(operation, "activation", None)
    if isinstance(config.get("activation"), (str, type(None))) or not callable(function):
        return {}
    name, module = getattr(function, "__name__", ""), getattr(function, "__module__", "") or ""
    known = name in ACTIVATIONS and module.startswith(("tensorflow.", "keras."))
    return {"activation": name} if known else {}


def _argument(value: Any) -> Any:
    """A plain argument; of an object of Keras its class and its own plain arguments."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, (list, tuple)):
        return tuple(_argument(item) for item in value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (np.ndarray, keras.Variable)) or hasattr(value, "__array__"):
        array = np.asarray(value)
        return array.item() if array.ndim == 0 else {KIND: "array", "value": array}
    if isinstance(value, dict):
        if "class_name" in value:
            inner = value.get("config")
            config = inner if isinstance(inner, dict) else {}
            return {KIND: str(value["class_name"]), **{str(k): _argument(v) for k, v in config.items()}}
        return {str(key): _argument(item) for key, item in value.items()}
    return {KIND: type(value).__name__}


MODELS = Describer(fits, describe, settle)
