"""Weakenings of how networks and figures are read: `kit/models/`, `kit/probing.py`, `kit/drawing/`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.authoring.doctor.weakening.weakened import Weakenings
from coursekit.plain import KIND, is_kind

NETWORKS, FIGURES = Weakenings(), Weakenings()
DESCRIBING, REBUILDING = "coursekit.models.describing", "coursekit.models.rebuilding"
LENDING = "coursekit.models.lending"
MODELS, PROBING, DRAWING = "coursekit.models.networks", "coursekit.probing", "coursekit.drawing.figures"
FACTS = ("property", "refused", "shape", "value")
Config = dict[str, Any]
Reads = Callable[[Any], Config]


# ------------------------------------------------------------------------------------------------------ what is written


def _without(config: Config, *names: str) -> Config:
    return {name: value for name, value in config.items() if name not in names}


@NETWORKS.weakens(f"{DESCRIBING}:configuration", lets_pass=FACTS, wrongs=True)
def activations_are_not_read(original: Reads, operation: Any) -> Config:
    """Every layer counts as linear."""
    return _without(original(operation), "activation")


@NETWORKS.weakens(f"{DESCRIBING}:configuration", lets_pass=FACTS, wrongs=True)
def padding_is_not_read(original: Reads, operation: Any) -> Config:
    """Every convolution and every pooling counts as one without padding."""
    return _without(original(operation), "padding")


@NETWORKS.weakens(f"{DESCRIBING}:configuration", lets_pass=FACTS, wrongs=True)
def all_padding_is_the_same(original: Reads, operation: Any) -> Config:
    """Every convolution and every pooling counts as one that keeps the extent."""
    config = original(operation)
    return config | ({"padding": "same"} if "padding" in config else {})


@NETWORKS.weakens(f"{DESCRIBING}:configuration", lets_pass=FACTS, wrongs=True)
def strides_are_not_read(original: Reads, operation: Any) -> Config:
    """Every layer counts as one that moves by one pixel."""
    config = original(operation)
    return config | ({"strides": (1, 1)} if "strides" in config else {})


@NETWORKS.weakens(f"{DESCRIBING}:configuration", lets_pass=FACTS, wrongs=True)
def all_dropout_rates_are_one_half(original: Reads, operation: Any) -> Config:
    """Whatever rate a Dropout layer has, it counts as one of 0.5."""
    config = original(operation)
    return config | ({"rate": 0.5} if "rate" in config else {})


@NETWORKS.weakens(f"{DESCRIBING}:_operation", lets_pass=FACTS)
def frozen_layers_count_as_trained(original: Reads, operation: Any) -> Config:
    """A layer that is not trained counts as one that is."""
    written = original(operation)
    return written | {"trainable": True, "trained": sum(w.ndim > 0 for w in written["weights"])}


@NETWORKS.weakens(f"{DESCRIBING}:_operation", lets_pass=FACTS, wrongs=True)
def biases_are_not_read(original: Reads, operation: Any) -> Config:
    """Every bias counts as zero."""
    written = original(operation)
    dense = "kernel_initializer" in written["config"] and written["config"].get("use_bias")
    weights = [w if w.ndim > 1 else np.zeros_like(w) for w in written["weights"]] if dense else written["weights"]
    return written | {"weights": weights}


@NETWORKS.weakens(f"{DESCRIBING}:_operation", lets_pass=FACTS, wrongs=True)
def initial_weights_are_not_read(original: Reads, operation: Any) -> Config:
    """Whatever a kernel was drawn with, it counts as one of zeros."""
    written = original(operation)
    return written | {"weights": [np.zeros_like(weight) for weight in written["weights"]]}


# ------------------------------------------------------------------------------------------------------ what is rebuilt


@NETWORKS.weakens(f"{REBUILDING}:Builder._make", lets_pass=FACTS, wrongs=True)
def shortcuts_are_left_out(original: Callable[..., Any], builder: Any, spec: Any) -> Any:
    """Where two branches are added, the first alone counts."""
    if spec["class"] != "Add":
        return original(builder, spec)
    return lambda first, *others: first[0] if isinstance(first, (list, tuple)) else first


@NETWORKS.weakens(f"{REBUILDING}:Builder._make", lets_pass=FACTS, wrongs=True)
def normalisation_is_left_out(original: Callable[..., Any], builder: Any, spec: Any) -> Any:
    """BatchNormalization counts as nothing."""
    layer = original(builder, spec)
    if spec["class"] == "BatchNormalization":
        layer.call = lambda inputs, **named: inputs
    return layer


@NETWORKS.weakens(f"{LENDING}:_structure", lets_pass=FACTS, wrongs=True)
def networks_of_one_shape_are_one(original: Callable[[Any], Any], description: Any) -> Any:
    """Two networks whose weights have the same shapes are taken for one, whatever their layers do."""
    shapes = [tuple(weight.shape for weight in one["weights"]) for one in description["operations"]]
    return tuple(description["shape"]), len(description["calls"]), tuple(shapes)


@NETWORKS.weakens(f"{REBUILDING}:_check_options", lets_pass=FACTS)
def options_of_layers_are_not_looked_at(original: Callable[..., None], *args: Any) -> None:
    """A layer with options that the course does not grade counts as one without."""


# ----------------------------------------------------------------------------------------------------- what is measured


@NETWORKS.weakens(f"{PROBING}:run", lets_pass=FACTS, wrongs=True)
def networks_never_train(
    original: Callable[..., np.ndarray], model: Any, images: np.ndarray, *, training: bool | None = None
) -> np.ndarray:
    """What a network does in training is measured as it infers."""
    return original(model, images)


@NETWORKS.weakens(f"{PROBING}:outputs_are", lets_pass=FACTS)
def probabilities_count_as_logits(original: Callable[[np.ndarray], str], outputs: np.ndarray) -> str:
    """A softmax at the end is not told from logits."""
    return "logits"


@NETWORKS.weakens(f"{MODELS}:own_layers", lets_pass=FACTS)
def any_layer_of_the_name_is_the_networks_own(original: Callable[..., Any], network: Any) -> Callable[[Any], Any]:
    """A layer that came back is known by its name alone."""

    def measure(value: Any) -> Any:
        if isinstance(value, (tuple, list)):
            return tuple(measure(item) for item in value)
        return {KIND: "layer", "name": value["name"]} if is_kind(value, "layer") else value

    return measure


@NETWORKS.weakens(f"{MODELS}:Network.state", lets_pass=("modified",))
def networks_may_be_changed(original: Callable[..., Any], network: Any, thing: Any) -> Any:
    """A function may change the weights of a network that it was given, or freeze its layers."""


@NETWORKS.weakens(f"{MODELS}:Network.state", lets_pass=("modified",))
def layers_may_be_frozen(original: Callable[..., Any], network: Any, thing: Any) -> Any:
    """A function may freeze layers of a network that it was given."""
    return original(network, thing)[0]


# -------------------------------------------------------------------------------------------------------------- figures


@FIGURES.weakens(f"{DRAWING}:_covers", lets_pass=FACTS)
def curves_without_ink_count(original: Callable[..., bool], drawn: Any, extent: Any) -> bool:
    """A curve that nobody can see, or only half of it, counts as drawn."""
    return True


@FIGURES.weakens(f"{DRAWING}:_drawn", lets_pass=FACTS)
def words_without_ink_count(original: Callable[..., bool], place: Any, change: np.ndarray) -> bool:
    """Labels and legends that nobody can see count as drawn."""
    return True


@FIGURES.weakens(f"{DRAWING}:_lines", lets_pass=FACTS)
def one_curve_stands_for_all(original: Callable[[Any], list[Any]], axes: Any) -> list[Any]:
    """Every curve of a panel counts as the first one."""
    lines = original(axes)
    return lines[:1] * len(lines)
