"""Make a fresh model of stock Keras layers from a description; ships to students as it is.

A description may come from an enemy: every operation and every argument is checked against a list of what is known to
be harmless, sizes before any memory is taken for them, and Keras's own deserialiser is never used (its safe mode has
been bypassed: CVE-2025-1550, CVE-2025-8747, CVE-2025-9906).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from coursekit.checking import Refused
from coursekit.models.batches import batch_axis, flat
from coursekit.models.describing import configuration
from coursekit.models.stock import (
    ACTIVATIONS,
    CONSTANT_INITIALIZERS,
    INITIALIZERS,
    LAYERS,
    OPERATIONS,
    find_operation,
    new_parameters,
    work,
)
from coursekit.plain import KIND, identical, is_kind

if TYPE_CHECKING:
    from coursekit.models.parts import Parts

MAX_CALLS = 400
MAX_PARAMETERS = 5_000_000
MAX_WORK = 2_000_000_000  # multiplications for one image
MAX_EXTENT = 1 << 22  # values that one tensor may hold for one image
SAME = 1e-2  # of the largest output: the same float32 sums, on the same machine, through at most 400 operations
MAX_MOMENTUM = 0.9999  # beyond it, BatchNormalization's statistics hardly move
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,59}\Z")


def rebuild(
    description: Any,
    input_shape: tuple[int | None, ...] | None = None,
    *,
    rng: np.random.Generator | None = None,
) -> Any:
    """Make a fresh functional model from a description, of stock Keras layers only.

    Args:
        description: from ``describe``, or from an enemy.
        input_shape: other extents for the input, for models that allow it.
        rng: draws new initial weights with the model's own initialisers; by default the described weights are set.

    Returns:
        A functional ``keras.Model``; layers keep their names where those are well-formed, and ``work_per_image`` counts
        its multiplications.

    Raises:
        Refused: for what is no model, too large, or made of anything but stock layers; the message is for the student.
    """
    return built(description, input_shape, rng)[1]


def built(description: Any, input_shape: Any, rng: Any, parts: Parts | None = None) -> tuple[Builder, Any]:
    """As ``rebuild``, with the builder, which can set other weights."""
    with refusing(description):
        ran = description.pop("ran", None)
        builder = Builder(description, rng, parts=parts)
        model = builder.model(input_shape)
        own = rng is None and input_shape is None  # else: one with the described weights and extents
        if ran is not None:
            check_ran(ran, model if own else Builder(description, None).model(None))
    return builder, model


@contextmanager
def refusing(description: Any) -> Iterator[None]:
    """Whatever goes wrong with a description is a refusal of it."""
    if not is_kind(description, "model"):
        raise Refused(f"returned {_what(description)}; expected a Keras model")
    try:
        yield
    except Refused:
        raise
    except Exception as error:  # noqa: BLE001 - an enemy chooses what goes wrong here
        text = str(error).strip().split("\n")[0][:200]
        raise Refused(f"the model cannot be built again: {type(error).__name__}: {text}") from None


def check_ran(ran: dict[str, Any] | None, model: Any) -> None:
    """Compare with what the student's own model computed, where it was asked to; once for each description."""
    if ran is None:
        return
    if ran["problem"]:
        raise Refused(f"the model cannot be run: {ran['problem']}")
    ours, theirs = np.asarray(model(ran["images"])), ran["outputs"]
    if not isinstance(theirs, np.ndarray) or theirs.shape != ours.shape:
        found = f"of shape {theirs.shape}" if isinstance(theirs, np.ndarray) else "that are no array"
        raise Refused(f"the model computes outputs {found}, its layers say {ours.shape}")
    finite = np.isfinite(ours) & np.isfinite(theirs)
    size = max(float(np.abs(ours[finite]).max(initial=0.0)), 1e-6)
    if not np.allclose(theirs, ours, rtol=SAME, atol=SAME * size, equal_nan=True):
        raise Refused("the model computes something else than its layers say; use Keras's layers as they are")


def graft(description: Any, tensor: Any) -> Any:
    """Apply a described model to a symbolic tensor, with layers and initial weights of its own."""
    builder = Builder(description, np.random.default_rng(0), named=False, seeded=False)
    return builder.apply(tensor)


def _what(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return "None" if value is None else f"a {type(value).__name__}"


class Builder:
    """Makes one model, operation by operation, and refuses whatever is not known to be harmless.

    Args:
        rng: draws initial weights; None where the described ones are set.
        named: layers have the described names, where those are well-formed.
        seeded: initialisers are given seeds drawn from ``rng``.
        parts: layers that are there already, for a model with the described weights.
    """

    def __init__(
        self,
        description: Any,
        rng: np.random.Generator | None,
        *,
        named: bool = True,
        seeded: bool = True,
        parts: Parts | None = None,
    ) -> None:
        self._operations = description["operations"]
        self._calls = description["calls"]
        self._output = description["output"]
        self._shape, self._input = description["shape"], description["input"]
        _check_whole(description)
        self._rng, self._named, self._seeded, self._parts = rng, named, seeded, parts
        self._made: dict[int, Any] = {}
        self._used: set[str] = set()
        self._tensors: dict[tuple[int, int], Any] = {}
        self.parameters = self._work = 0
        self._batch_axes: dict[int, int] = {}  # of each tensor, by its id
        if len(self._calls) > MAX_CALLS or len(self._operations) > MAX_CALLS:
            raise Refused(f"a model of {len(self._calls)} operations; at most {MAX_CALLS} are graded")

    def model(self, input_shape: tuple[int | None, ...] | None) -> Any:
        shape = tuple(self._shape if input_shape is None else input_shape)
        if not 1 <= len(shape) <= 4 or not all(n is None or (type(n) is int and 1 <= n <= 1024) for n in shape):
            raise Refused(f"a model with inputs of shape {shape}; expected one image or vector, extents up to 1024")
        if np.prod([n or 1 for n in shape], dtype=float) > MAX_EXTENT:
            raise Refused(f"a model with inputs of shape {shape}, too large to grade")
        inputs = keras.Input(shape, dtype="float32", **({} if self._parts is not None else self._name(self._input)))
        model = keras.Model(inputs, self.apply(inputs))
        model.work_per_image = self._work
        self._check_trained()
        if self._rng is None:
            self.set_weights(self._operations)
        return model

    def apply(self, inputs: Any) -> Any:
        self._tensors[-1, 0] = inputs
        self._batch_axes[id(inputs)] = 0
        for number, call in enumerate(self._calls):
            self._call(number, call)
        output = self._tree(self._output)
        if not isinstance(output, keras.KerasTensor):
            raise Refused("a model without an output")
        if self._batch_axes[id(output)] != 0:
            raise Refused("a model whose outputs do not begin with the batch axis")
        return output

    def _call(self, number: int, call: Any) -> None:
        index = call["operation"]
        spec = self._operations[index]
        args = [self._tree(item) for item in call["args"]]
        kwargs = {key: self._tree(item) for key, item in call["kwargs"].items() if item is not None}
        unknown = set(kwargs) - ({"training"} if spec["kind"] == "layer" else set(OPERATIONS.get(spec["class"], ())))
        if unknown:
            raise Refused(f"{spec['class']} called with {sorted(unknown)[0]}, which cannot be graded")
        axis = self._follow_batch(spec, [*args, *kwargs.values()])
        self._measure(spec, args, first=index not in self._made)
        if index not in self._made:
            self._made[index] = self._find(spec, args)
        results = self._made[index](*args, **kwargs)
        for j, result in enumerate(results if isinstance(results, (list, tuple)) else [results]):
            if result.shape[axis] is not None:
                raise Refused(f"{spec['class']} along the batch axis: each image must be computed by itself")
            self._batch_axes[id(result)] = axis
            if np.prod([n or 1 for n in result.shape[1:]], dtype=float) > MAX_EXTENT:
                raise Refused(f"{spec['class']} makes a tensor of shape {result.shape}, too large to grade")
            self._tensors[number, j] = result

    def _follow_batch(self, spec: Any, args: list[Any]) -> int:
        """Where the batch axis of a call's result is; refuses what mixes the images of a batch."""
        axes = {self._batch_axes[id(item)] for item in flat(args) if isinstance(item, keras.KerasTensor)}
        axis = batch_axis(spec["class"], spec["config"], args, axes.pop()) if len(axes) == 1 else None
        if axis is None:
            raise Refused(f"{spec['class']} along the batch axis: each image must be computed by itself")
        return axis

    def _measure(self, spec: Any, args: list[Any], *, first: bool) -> None:
        """Count parameters and multiplications before Keras takes memory for them."""
        tensors = [item for item in args if isinstance(item, keras.KerasTensor)]
        if spec["kind"] != "layer" or not tensors:
            return
        shape = tuple(tensors[0].shape[1:])
        self.parameters += new_parameters(spec["class"], spec["config"], shape) if first else 0
        self._work += work(spec["class"], spec["config"], shape)
        if self.parameters > MAX_PARAMETERS:
            raise Refused(f"a model of more than {MAX_PARAMETERS:,} parameters, too large to grade")
        if self._work > MAX_WORK:
            raise Refused(f"a model with more than {MAX_WORK:,} multiplications for one image, too slow to grade")

    def _find(self, spec: Any, args: list[Any]) -> Any:
        if self._parts is None or spec["kind"] != "layer":
            return self._make(spec)
        return self._parts.layer(spec, args, self._made.values(), partial(self._make, spec))

    def _make(self, spec: Any) -> Any:
        kind, name = spec["kind"], spec["class"]
        if kind == "layer" and name in LAYERS:
            arguments = {key: _checked(spec["config"][key]) for key in LAYERS[name] if key in spec["config"]}
            layer = getattr(keras.layers, name)(**self._finished(name, arguments), **self._name(spec["name"]))
            layer.trainable = spec["trainable"] is True
            _check_options(name, spec["config"], layer, [*arguments])
            return layer
        if kind == "operation" and name in OPERATIONS:
            arguments = {key: _checked(spec["config"][key]) for key in OPERATIONS[name] if key in spec["config"]}
            operation = find_operation(name)(**arguments)
            operation.name = f"_operation_{len(self._made)}"  # an automatic name may be one of the described ones
            _check_options(name, spec["config"], operation, [])
            return operation
        raise Refused(_refusal(kind, name))

    def _finished(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        finished = {}
        for key, value in arguments.items():
            if key == "activation":
                if value is not None and (type(value) is not str or value not in ACTIVATIONS):
                    raise Refused(f"{name} with an activation that is not Keras's own; use one by name, such as 'relu'")
            elif key.endswith("_initializer"):
                value = self._initializer(value)
            elif key == "dtype":
                value = value.get("name") if isinstance(value, dict) else value
                if value not in ("float32", "float64"):
                    raise Refused(f"{name} computes in {value!r}; expected float32")
            elif isinstance(value, dict):
                raise Refused(f"{name} with an argument {key} that cannot be graded")
            finished[key] = value
        return finished

    def _initializer(self, value: Any) -> Any:
        if self._rng is None:
            return "zeros"  # the weights are set afterwards
        kind = value.get(KIND) if isinstance(value, dict) else None
        if kind not in INITIALIZERS:
            raise Refused(f"an initialiser {kind or value!r} that is not Keras's own; use one by name, 'he_normal'")
        arguments = {key: _checked(value[key]) for key in INITIALIZERS[kind] if key in value}
        if self._seeded and kind not in CONSTANT_INITIALIZERS:
            arguments["seed"] = int(self._rng.integers(1 << 31))
        return getattr(keras.initializers, kind)(**arguments)

    def _name(self, name: Any) -> dict[str, str]:
        if self._parts is not None:
            return {"name": self._parts.free_name()}
        if not self._named or type(name) is not str or not NAME.match(name) or name in self._used:
            return {}
        self._used.add(name)
        return {"name": name}

    def _tree(self, value: Any) -> Any:
        if is_kind(value, "tensor"):
            return self._tensors[value["call"], value["index"]]
        if isinstance(value, (list, tuple)):
            items = [self._tree(item) for item in value]
            return tuple(items) if isinstance(value, tuple) else items
        return _checked(value)

    def _check_trained(self) -> None:
        for index, operation in self._made.items():
            if len(getattr(operation, "trainable_weights", [])) != self._operations[index]["trained"]:
                name = self._operations[index]["class"]
                raise Refused(f"{name} with weights of which some are trained and some are not; set `trainable` alone")

    def set_weights(self, operations: Any) -> None:
        """Set the weights that operations of this structure are described with."""
        for index, operation in self._made.items():
            given = [w for w in operations[index]["weights"] if isinstance(w, np.ndarray)]
            own = list(getattr(operation, "weights", []))
            if [w.shape for w in given] != [tuple(v.shape) for v in own]:
                raise Refused(f"{operations[index]['class']} has weights of other shapes than its arguments say")
            for variable, weight in zip(own, given, strict=True):
                variable.assign(weight.astype(variable.dtype))


def _check_whole(description: Any) -> None:
    """What concerns the model as a whole, and what a fresh one would be without."""
    if description["dtype"] != "float32":
        raise Refused(f"a model whose input has dtype {str(description['dtype'])[:20]}; leave it float32")
    if description["batch"] is not None:
        raise Refused("a model for batches of one size only; give keras.Input the shape of one image, no batch size")
    for operation in description["operations"]:
        penalties = [key for key, value in operation["config"].items() if key.endswith("_regularizer") and value]
        if penalties:
            raise Refused(_option(operation["class"], penalties[0], operation["config"][penalties[0]]))
    if description["penalties"]:
        raise Refused("a model that adds a loss of its own (add_loss), which cannot be graded; leave it out")


def _check_options(name: str, described: Any, made: Any, graded: list[str]) -> None:
    """Refuse every option that the fresh layer does not share with the described one.

    Initialisers among ``graded`` are another matter, and so are names, seeds and what is a layer's own to train.
    """
    own = configuration(made)
    free = {"name", "trainable", "seed", "dtype"} if "dtype" in graded else {"name"}
    free |= {key for key in graded if key.endswith("_initializer")}
    for key in [*described, *own]:
        same = key in described and key in own and identical(_as_tuples(described[key]), _as_tuples(own[key]))
        if key not in free and not same:
            raise Refused(_option(name, key, described.get(key)))
    if not 0 <= own.get("momentum", 0.0) <= MAX_MOMENTUM:
        raise Refused(_option(name, "momentum", own["momentum"]))


def _as_tuples(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return tuple(_as_tuples(item) for item in value)
    return value


def _option(name: Any, key: Any, value: Any) -> str:
    shown = value.get(KIND, "...") if isinstance(value, dict) else value
    return f"{str(name)[:40]} with {str(key)[:40]}={str(shown)[:40]}, which cannot be graded; leave it out"


def _refusal(kind: str, name: str) -> str:
    if kind == "model":
        return "a model inside the model: put its layers into one functional model"
    if name == "Lambda":
        return "a Lambda layer: its Python code cannot be graded; use a layer or a function of keras.ops"
    if kind == "custom":
        return f"a layer of your own, {name[:40]}: use layers of Keras"
    return f"{name[:40]}, which this course does not use; use other layers of Keras"


def _checked(value: Any, depth: int = 0) -> Any:
    """A harmless argument: a number of ordinary size, a short word, or a few of them."""
    if value is None or type(value) in (bool, float):
        return value
    if type(value) is int and abs(value) <= 1 << 20:
        return value
    if type(value) is str and len(value) <= 40 and value.replace("_", "").isalnum():
        return value
    if isinstance(value, (tuple, list)) and len(value) <= 16 and depth < 3:
        return tuple(_checked(item, depth + 1) for item in value)
    if is_kind(value, "array") and isinstance(value.get("value"), np.ndarray) and value["value"].size <= 1 << 20:
        return value["value"]
    if isinstance(value, dict) and set(value) <= {KIND, *_PLAIN_CONFIG} and depth < 2:
        return value
    raise Refused(f"an argument {str(value)[:40]!r} that cannot be graded")


_PLAIN_CONFIG = {"name", *(key for keys in INITIALIZERS.values() for key in keys), "input_axes", "output_axes", "seed"}
