"""What of Keras a described model may be made of: layers, operations, initialisers, and what they cost.

Ships to students as it is. An allowlist: whatever is not here is refused by name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

_CONV = ("filters", "kernel_size", "strides", "padding", "dilation_rate", "groups", "activation", "use_bias")
_WEIGHTS = ("kernel_initializer", "bias_initializer")
_NORM = ("beta_initializer", "gamma_initializer")
_POOL = ("pool_size", "strides", "padding")

LAYERS: dict[str, tuple[str, ...]] = {
    name: (*arguments, "dtype")
    for name, arguments in {
        "Activation": ("activation",),
        "Add": (),
        "Average": (),
        "AveragePooling2D": _POOL,
        "BatchNormalization": ("axis", "momentum", "epsilon", "center", "scale", *_NORM, "moving_mean_initializer",
                               "moving_variance_initializer"),
        "CenterCrop": ("height", "width"),
        "Concatenate": ("axis",),
        "Conv2D": (*_CONV, *_WEIGHTS),
        "Cropping2D": ("cropping",),
        "Dense": ("units", "activation", "use_bias", *_WEIGHTS),
        "DepthwiseConv2D": ("kernel_size", "strides", "padding", "depth_multiplier", "activation", "use_bias",
                            "depthwise_initializer", "bias_initializer"),
        "Dropout": ("rate",),
        "ELU": ("alpha",),
        "Flatten": (),
        "GaussianNoise": ("stddev",),
        "GlobalAveragePooling2D": ("keepdims",),
        "GlobalMaxPooling2D": ("keepdims",),
        "GroupNormalization": ("groups", "axis", "epsilon", "center", "scale", *_NORM),
        "Identity": (),
        "LayerNormalization": ("axis", "epsilon", "center", "scale", *_NORM),
        "LeakyReLU": ("negative_slope",),
        "MaxPooling2D": _POOL,
        "Maximum": (),
        "Minimum": (),
        "Multiply": (),
        "Permute": ("dims",),
        "PReLU": ("shared_axes", "alpha_initializer"),
        "ReLU": ("max_value", "negative_slope", "threshold"),
        "Rescaling": ("scale", "offset"),
        "Reshape": ("target_shape",),
        "SeparableConv2D": ("filters", "kernel_size", "strides", "padding", "depth_multiplier", "activation",
                            "use_bias", "depthwise_initializer", "pointwise_initializer", "bias_initializer"),
        "Softmax": ("axis",),
        "SpatialDropout2D": ("rate",),
        "Subtract": (),
        "UpSampling2D": ("size", "interpolation"),
        "ZeroPadding2D": ("padding",),
    }.items()
}  # fmt: skip

# Operations of keras.ops and of operators between symbolic tensors, with their arguments beside the tensors.
OPERATIONS: dict[str, tuple[str, ...]] = {
    "Abs": (),
    "Absolute": (),
    "Add": (),
    "Average": ("axis",),
    "AveragePool": ("pool_size", "strides", "padding", "data_format"),
    "BroadcastTo": ("shape",),
    "Cast": ("dtype",),
    "Clip": ("x_min", "x_max"),
    "Concatenate": ("axis",),
    "Divide": (),
    "Elu": ("alpha",),
    "Exp": (),
    "ExpandDims": ("axis",),
    "Gelu": ("approximate",),
    "GetItem": (),
    "Identity": (),
    "LeakyRelu": ("negative_slope",),
    "Log": (),
    "LogSoftmax": ("axis",),
    "Max": ("axis", "keepdims", "initial"),
    "MaxPool": ("pool_size", "strides", "padding", "data_format"),
    "Maximum": (),
    "Mean": ("axis", "keepdims"),
    "Minimum": (),
    "Multiply": (),
    "Negative": (),
    "Pad": ("pad_width", "mode"),
    "Relu": (),
    "Reshape": ("newshape",),
    "Sigmoid": (),
    "Silu": (),
    "Softmax": ("axis",),
    "Softplus": (),
    "Sqrt": (),
    "Square": (),
    "Squeeze": ("axis",),
    "Stack": ("axis",),
    "Subtract": (),
    "Sum": ("axis", "keepdims"),
    "Tanh": (),
    "Transpose": ("axes",),
    "TrueDivide": (),
}

ACTIVATIONS = frozenset(
    [
        *("elu", "exponential", "gelu", "hard_sigmoid", "hard_silu", "leaky_relu", "linear", "log_softmax", "relu"),
        *("relu6", "selu", "sigmoid", "silu", "softmax", "softplus", "softsign", "swish", "tanh"),
    ]
)

INITIALIZERS: dict[str, tuple[str, ...]] = {
    "Constant": ("value",),
    "GlorotNormal": (),
    "GlorotUniform": (),
    "HeNormal": (),
    "HeUniform": (),
    "Identity": ("gain",),
    "LecunNormal": (),
    "LecunUniform": (),
    "Ones": (),
    "Orthogonal": ("gain",),
    "RandomNormal": ("mean", "stddev"),
    "RandomUniform": ("minval", "maxval"),
    "TruncatedNormal": ("mean", "stddev"),
    "VarianceScaling": ("scale", "mode", "distribution"),
    "Zeros": (),
}


CONSTANT_INITIALIZERS = frozenset(["Constant", "Identity", "Ones", "Zeros"])  # they take no seed


def operation_classes() -> list[Any]:
    """Keras's own classes of operations, those of ``OPERATIONS`` among them."""
    from keras.src.ops import core, image, linalg, math, nn, numpy  # noqa: PLC0415 - the lists above serve without Keras
    from keras.src.ops.operation import Operation  # noqa: PLC0415

    modules = (numpy, nn, core, math, image, linalg)
    found = [item for module in modules for item in vars(module).values() if isinstance(item, type)]
    return [kind for kind in found if issubclass(kind, Operation)]


def find_operation(name: str) -> Any:
    """The class of an operation in ``OPERATIONS``."""
    return next(kind for kind in operation_classes() if kind.__name__ == name)


def new_parameters(name: str, config: Mapping[str, Any], shape: tuple[int | None, ...]) -> int:
    """An upper bound of the number of weights that a layer makes for inputs of this shape, batch not counted."""
    channels = shape[-1] or 1 if shape else 1
    kernel = _area(config.get("kernel_size", 1))
    filters = _size(config.get("filters", 1))
    many = _size(config.get("depth_multiplier", 1))
    if name == "Conv2D":
        return kernel * channels * filters + filters
    if name == "Dense":
        units = _size(config.get("units", 1))
        return channels * units + units
    if name == "DepthwiseConv2D":
        return (kernel + 1) * channels * many
    if name == "SeparableConv2D":
        return kernel * channels * many + (channels * many + 1) * filters
    if name in ("LayerNormalization", "PReLU"):
        return 2 * math.prod(n or 1 for n in shape)
    return 4 * channels if name.endswith("Normalization") else 0


def work(name: str, config: Mapping[str, Any], shape: tuple[int | None, ...]) -> int:
    """An upper bound of the multiplications of one call on one image."""
    positions = math.prod(n or 1 for n in shape[:-1])
    if name in ("Conv2D", "Dense", "DepthwiseConv2D", "SeparableConv2D"):
        strides = 1 if config.get("padding") == "valid" else _area(config.get("strides", 1))
        return new_parameters(name, config, shape) * max(1, positions // strides)
    return math.prod(n or 1 for n in shape)


def _area(value: Any) -> int:
    if isinstance(value, (tuple, list)):
        return math.prod(_size(item) for item in value[:3])
    return _size(value) ** 2


def _size(value: Any) -> int:
    """A size to count with; what is no reasonable size counts as one that is surely refused."""
    return value if type(value) is int and 0 <= value <= 1 << 16 else 1 << 40
