"""Hidden checks of a1: thresholds, sigmoids, backward passes.

Every reference here is a plain loop in float64, so that it shares no idea with the vectorised solutions. Draws keep
clear of the kink x = t, where no derivative is defined.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from assignments.a1_relu_sigmoid.checks import EXERCISES
from autograder.checking import AnyFloat, Case, Exercise, Tolerance
from autograder.judge.checks import Check, ExerciseChecks

PUBLIC: dict[str, Exercise] = {exercise.name: exercise for exercise in EXERCISES}

Threshold = float | np.ndarray
Layer = tuple[np.ndarray, np.ndarray]


def off_kink(rng: np.random.Generator, shape: tuple[int, ...], t: Threshold) -> np.ndarray:
    """Draw float64 values on both sides of t, none closer to it than 0.05."""
    distance = rng.uniform(0.05, 2.0, shape) * rng.choice([-1.0, 1.0], shape)
    return np.asarray(t) + distance


# ------------------------------------------------------------------------------------------------- threshold_relu


def threshold_loop(x: np.ndarray, t: Threshold) -> np.ndarray:
    limits = np.broadcast_to(np.asarray(t, float), x.shape)
    flat = [max(limit, value) for value, limit in zip(x.ravel().tolist(), limits.ravel().tolist(), strict=True)]
    return np.array(flat).reshape(x.shape)


def relu_case(x: np.ndarray, t: Any, **flags: Any) -> Case:
    return Case((x, t), threshold_loop(x.astype(float), t).astype(x.dtype), **flags)


def relu_values(rng: np.random.Generator) -> list[Case]:
    scalars = [0.7, -0.9, float(rng.uniform(0.2, 2.0)), float(-rng.uniform(0.2, 2.0))]
    cases = [relu_case(off_kink(rng, (3, 5), t), t, pure=False) for t in scalars]
    for shape in [(4, 4), (2, 5), (3, 3, 3, 3), (2, 3, 4, 5)]:
        t = rng.uniform(-1.0, 1.0, shape[-1])
        cases.append(relu_case(off_kink(rng, shape, t), t, pure=False))
    return cases


def relu_dtypes(rng: np.random.Generator) -> list[Case]:
    x = off_kink(rng, (3, 4), 0.3).astype(np.float32)
    return [
        relu_case(x, np.float64(0.3), pure=False),
        relu_case(x, np.full(4, 0.3), pure=False),
        relu_case(x, 0.3, pure=False),
    ]


def relu_new_memory(rng: np.random.Generator) -> list[Case]:
    x = off_kink(rng, (3, 4), 0.3)
    return [relu_case(x, 0.3, fresh=True), relu_case(np.abs(x) + 1.0, -2.0, fresh=True)]


# ---------------------------------------------------------------------------------------- threshold_relu_backward


def relu_backward_loop(dout: np.ndarray, x: np.ndarray, t: Threshold) -> tuple[np.ndarray, np.ndarray]:
    limits = np.broadcast_to(np.asarray(t, float), x.shape)
    dx, dt = np.zeros(x.shape), np.zeros(np.shape(t))
    for index in itertools.product(*map(range, x.shape)):
        if x[index] > limits[index]:
            dx[index] = dout[index]
        else:
            dt[index[-1:] if dt.ndim else ()] += dout[index]
    return dx, dt


def backward_case(dout: np.ndarray, x: np.ndarray, t: Threshold, **flags: Any) -> Case:
    dx, dt = relu_backward_loop(dout, x, t)
    return Case((dout, x, t), (dx.astype(x.dtype), AnyFloat(dt)), **flags)


def backward_values(rng: np.random.Generator) -> list[Case]:
    cases = []
    for shape in [(7, 4), (4, 4), (3, 3, 3, 3), (2, 4, 3, 5)]:
        thresholds: list[Threshold] = [0.3, rng.uniform(-1.0, 1.0, shape[-1])]
        for t in thresholds:
            cases.append(backward_case(rng.normal(size=shape), off_kink(rng, shape, t), t, pure=False))
    return cases


def backward_infinite(rng: np.random.Generator) -> list[Case]:
    x = off_kink(rng, (4, 3), 0.3)
    x[1, 2] = -1.0
    dout = rng.normal(size=x.shape)
    dout[1, 2] = np.inf
    return [backward_case(dout, x, 0.3, pure=False)]


def backward_arguments(rng: np.random.Generator) -> list[Case]:
    x = off_kink(rng, (5, 3), 0.3)
    return [
        backward_case(rng.normal(size=x.shape), x, 0.3, fresh=True),
        backward_case(rng.normal(size=x.shape), np.abs(x) + 1.0, 0.3, fresh=True),
    ]


def backward_dtypes(rng: np.random.Generator) -> list[Case]:
    x = off_kink(rng, (5, 3), 0.3).astype(np.float32)
    dout = rng.normal(size=x.shape).astype(np.float32)
    return [backward_case(dout, x, t, pure=False) for t in (np.float64(0.3), np.full(3, 0.3))]


# ------------------------------------------------------------------------------------- fold_threshold_dense, network


def fold_dense_loop(b1: np.ndarray, t: Threshold, w2: np.ndarray, b2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    shift = np.broadcast_to(np.asarray(t, float), b1.shape)
    b1_new = np.array([b - s for b, s in zip(b1, shift, strict=True)], dtype=b1.dtype)
    m, k = w2.shape
    b2_new = [float(b2[j]) + math.fsum(float(shift[i]) * float(w2[i, j]) for i in range(m)) for j in range(k)]
    return b1_new, np.array(b2_new, dtype=b2.dtype)


def dense_case(rng: np.random.Generator, m: int, k: int, t: Any, dtype: Any = np.float64, **flags: Any) -> Case:
    b1, w2, b2 = (rng.normal(size=shape).astype(dtype) for shape in [(m,), (m, k), (k,)])
    return Case((b1, t, w2, b2), fold_dense_loop(b1, t, w2, b2), **flags)


def dense_values(rng: np.random.Generator) -> list[Case]:
    sizes = [(3, 5), (5, 2), (4, 4), (1, 3), (4, 1)]
    thresholds = [(size, float(rng.uniform(0.3, 1.0)) * sign) for size in sizes for sign in (1, -1)]
    scalars = [dense_case(rng, *size, t, pure=False) for size, t in thresholds]
    return scalars + [dense_case(rng, m, k, rng.normal(size=m), pure=False) for m, k in sizes]


def dense_arguments(rng: np.random.Generator) -> list[Case]:
    return [dense_case(rng, 3, 2, t, fresh=True) for t in (0.5, 0.0)]


def dense_dtypes(rng: np.random.Generator) -> list[Case]:
    return [dense_case(rng, 3, 2, t, np.float32, pure=False) for t in (np.float64(0.5), np.full(3, 0.5), 0.5)]


def fold_network_loop(layers: Sequence[Layer], thresholds: Sequence[Threshold]) -> tuple[list[Layer], np.ndarray]:
    biases = [b.astype(float) for _, b in layers]
    shift = np.zeros(layers[-1][1].shape)
    for i, t in enumerate(thresholds):
        here = np.broadcast_to(np.asarray(t, float), biases[i].shape)
        biases[i] = biases[i] - here
        if i + 1 < len(layers):
            w = layers[i + 1][0]
            biases[i + 1] = np.array(
                [b + math.fsum(here[r] * w[r, c] for r in range(len(here))) for c, b in enumerate(biases[i + 1])]
            )
        else:
            shift = here
    folded = [(w, b.astype(old.dtype)) for (w, old), b in zip(layers, biases, strict=True)]
    return folded, np.array(shift, dtype=layers[-1][1].dtype)


def network_case(
    rng: np.random.Generator, widths: Sequence[int], *, last: bool, vector: bool, dtype: Any = np.float64, **flags: Any
) -> Case:
    """A network of the given widths; ``last`` thresholds the output too, ``vector`` gives each unit its own."""
    layers = [
        (rng.normal(size=(m, k)).astype(dtype), rng.normal(size=k).astype(dtype)) for m, k in itertools.pairwise(widths)
    ]
    hidden = widths[1:] if last else widths[1:-1]
    thresholds = [rng.normal(size=k).astype(dtype) if vector else float(rng.uniform(0.3, 1.0)) for k in hidden]
    share = tuple(f"[{i}][0]" for i in range(len(layers)))
    return Case((layers, thresholds), fold_network_loop(layers, thresholds), may_share=share, **flags)


def network_hidden(rng: np.random.Generator) -> list[Case]:
    widths = [(3, 5, 2), (4, 4, 4, 4, 4), (2, 6, 3, 5, 4), (3, 3, 3, 3)]
    return [network_case(rng, w, last=False, vector=v, pure=False) for w in widths for v in (False, True)]


def network_output(rng: np.random.Generator) -> list[Case]:
    widths = [(3, 4), (3, 5, 2), (4, 4, 4)]
    return [network_case(rng, w, last=True, vector=v, pure=False) for w in widths for v in (False, True)]


def network_single(rng: np.random.Generator) -> list[Case]:
    return [network_case(rng, (4, 3), last=False, vector=False, fresh=True)]


def network_arguments(rng: np.random.Generator) -> list[Case]:
    return [network_case(rng, (3, 5, 2), last=False, vector=v, fresh=True) for v in (False, True)]


def network_dtypes(rng: np.random.Generator) -> list[Case]:
    return [network_case(rng, (3, 5, 2), last=False, vector=v, dtype=np.float32, pure=False) for v in (False, True)]


# ------------------------------------------------------------------------------------------- fold_threshold_conv


def conv_map_loop(t: np.ndarray, w: np.ndarray, hw: tuple[int, int], stride: int) -> np.ndarray:
    """Cross-correlate a constant image of value t with w under 'same' zero padding, tap by tap."""
    (height, width), (kh, kw, ci, co) = hw, w.shape
    rows, columns = -(-height // stride), -(-width // stride)
    top = max((rows - 1) * stride + kh - height, 0) // 2
    left = max((columns - 1) * stride + kw - width, 0) // 2
    out = np.zeros((rows, columns, co))
    for row, column, i, j in itertools.product(range(rows), range(columns), range(kh), range(kw)):
        y, x = row * stride + i - top, column * stride + j - left
        if 0 <= y < height and 0 <= x < width:
            for c in range(ci):
                out[row, column] += t[c] * w[i, j, c].astype(float)
    return out


def conv_case(
    rng: np.random.Generator,
    kernel: tuple[int, int, int, int],
    t: Any,
    hw: tuple[int, int] | None = None,
    strides: int = 1,
    dtype: Any = np.float64,
    **flags: Any,
) -> Case:
    """With ``hw`` a 'same' convolution on an input of that size, without it a 'valid' one."""
    kh, kw, ci, co = kernel
    b1, w2, b2 = (rng.normal(size=shape).astype(dtype) for shape in [(ci,), kernel, (co,)])
    shift = np.broadcast_to(np.asarray(t, float), (ci,))
    if hw is None:
        correction = np.zeros(co)
        for i, j, c in itertools.product(range(kh), range(kw), range(ci)):
            correction += shift[c] * w2[i, j, c].astype(float)
        kwargs: dict[str, Any] = {"padding": "valid", "strides": strides}
    else:
        correction = conv_map_loop(shift, w2, hw, strides)
        kwargs = {"padding": "same", "input_hw": hw, "strides": strides}
    expected = ((b1 - shift).astype(dtype), (b2 + correction).astype(dtype))
    return Case((b1, t, w2, b2), expected, kwargs=kwargs, **flags)


def conv_valid(rng: np.random.Generator) -> list[Case]:
    kernels = [(3, 3, 2, 4), (3, 3, 3, 3), (2, 5, 4, 1), (1, 1, 3, 2)]
    return [
        conv_case(rng, kernel, t, strides=s, pure=False)
        for kernel, s in zip(kernels, (1, 2, 1, 1), strict=True)
        for t in (0.6, rng.normal(size=kernel[2]))
    ]


def conv_same(rng: np.random.Generator) -> list[Case]:
    kernels = [(3, 3, 2, 4), (3, 3, 3, 3), (5, 3, 2, 1), (1, 1, 3, 2)]
    return [
        conv_case(rng, kernel, t, hw, pure=False)
        for kernel, hw in zip(kernels, [(7, 6), (5, 5), (4, 9), (3, 4)], strict=True)
        for t in (0.6, rng.normal(size=kernel[2]))
    ]


def conv_same_uneven(rng: np.random.Generator) -> list[Case]:
    """Even kernels and strides of 2 and 3: the padding is not the same on both sides."""
    shapes = [
        ((2, 2, 2, 3), (5, 6), 1),
        ((3, 3, 2, 3), (6, 7), 2),
        ((4, 2, 3, 2), (7, 8), 2),
        ((3, 2, 1, 2), (8, 7), 3),
    ]
    return [conv_case(rng, kernel, rng.normal(size=kernel[2]), hw, s, pure=False) for kernel, hw, s in shapes]


def conv_arguments(rng: np.random.Generator) -> list[Case]:
    return [conv_case(rng, (3, 3, 2, 2), t, hw, fresh=True) for t in (0.5, 0.0) for hw in (None, (4, 3))]


def conv_dtypes(rng: np.random.Generator) -> list[Case]:
    thresholds = (np.float64(0.5), np.full(2, 0.5))
    return [
        conv_case(rng, (3, 3, 2, 2), t, hw, dtype=np.float32, pure=False) for t in thresholds for hw in (None, (4, 3))
    ]


# ----------------------------------------------------------------------------------------------- sigmoid, affine

# COURSE contract: absolute, so that 0.5 * (1 + tanh(x / 2)) stays legal where the sigmoid is tiny.
SIGMOID_F64 = Tolerance(0.0, 1e-12, "one rounding of each of about ten operations")
SIGMOID_F32 = Tolerance(0.0, 1e-6, "one rounding of each of about ten operations")
STRICT = {"over": "raise", "invalid": "raise", "divide": "raise"}  # underflow to 0 is right


def sigmoid_scalar(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))


def in_unit_interval(value: Any) -> str | None:
    low, high = float(np.min(value[0])), float(np.max(value[0]))
    return None if low >= 0.0 and high <= 1.0 else f"the sigmoid lies in [0, 1]; yours reaches [{low:g}, {high:g}]"


def sigmoid_case(x: np.ndarray, *, any_dtype: bool = False, **flags: Any) -> Case:
    s = np.array([sigmoid_scalar(float(v)) for v in x.ravel()]).reshape(x.shape).astype(x.dtype)
    tolerance = SIGMOID_F64 if x.dtype == np.float64 else SIGMOID_F32
    expected = AnyFloat(s) if any_dtype else s
    return Case((x,), (expected, expected), tolerance=tolerance, verify=in_unit_interval, **flags)


def sigmoid_values(rng: np.random.Generator) -> list[Case]:
    shapes: list[tuple[int, ...]] = [(6,), (3, 4), (2, 3, 2), ()]
    spread = [sigmoid_case(np.asarray(rng.uniform(-6.0, 6.0, shape)), pure=False) for shape in shapes]
    return [*spread, sigmoid_case(rng.uniform(12.0, 30.0, 8) * rng.choice([-1.0, 1.0], 8), pure=False)]


def sigmoid_extremes(rng: np.random.Generator) -> list[Case]:
    far = np.array([0.0, 100.0, -100.0, 800.0, -800.0, 1e4, -1e4, np.inf, -np.inf])
    # The second kind of case lets exp overflow quietly: a formula that then divides inf by inf is told apart.
    kinds = [(dtype, errstate) for dtype in (np.float64, np.float32) for errstate in (STRICT, {"invalid": "raise"})]
    return [
        sigmoid_case(rng.permutation(far).astype(dtype), any_dtype=True, errstate=state, pure=False)
        for dtype, state in kinds
    ]


def sigmoid_dtypes(rng: np.random.Generator) -> list[Case]:
    return [sigmoid_case(np.asarray(rng.normal(size=shape), np.float32), pure=False) for shape in [(5,), (2, 3)]]


def sigmoid_arguments(rng: np.random.Generator) -> list[Case]:
    return [sigmoid_case(rng.normal(size=(4, 3)), fresh=True)]


def sigmoid_backward_case(dout: np.ndarray, s: np.ndarray, **flags: Any) -> Case:
    flat = [d * (v - v * v) for d, v in zip(dout.ravel().tolist(), s.ravel().tolist(), strict=True)]
    return Case((dout, s), np.array(flat).reshape(s.shape).astype(s.dtype), **flags)


def sigmoid_backward_values(rng: np.random.Generator) -> list[Case]:
    shapes: list[tuple[int, ...]] = [(5,), (3, 4), (2, 2, 3), (1, 1)]
    draws = [(rng.normal(size=shape) * 3.0, rng.uniform(0.02, 0.98, shape)) for shape in shapes]
    return [sigmoid_backward_case(dout, s, pure=False) for dout, s in draws]


def sigmoid_backward_saturated(rng: np.random.Generator) -> list[Case]:
    s = rng.permutation(np.array([0.0, 1.0, 0.0, 1.0, 0.5, 0.25])).reshape(2, 3)
    return [sigmoid_backward_case(rng.normal(size=s.shape), s, pure=False)]


def sigmoid_backward_arguments(rng: np.random.Generator) -> list[Case]:
    return [sigmoid_backward_case(rng.normal(size=(3, 4)), rng.uniform(0.1, 0.9, (3, 4)), fresh=True)]


def sigmoid_backward_dtypes(rng: np.random.Generator) -> list[Case]:
    dout, s = rng.normal(size=(3, 4)).astype(np.float32), rng.uniform(0.1, 0.9, (3, 4)).astype(np.float32)
    return [sigmoid_backward_case(dout, s, pure=False)]


def affine_case(rng: np.random.Generator, n: int, d: int, k: int, dtype: Any = np.float64, **flags: Any) -> Case:
    x, w, b, dout = (rng.normal(size=shape).astype(dtype) for shape in [(n, d), (d, k), (k,), (n, k)])
    dx, dw, db = np.zeros((n, d)), np.zeros((d, k)), np.zeros(k)
    for i, j, o in itertools.product(range(n), range(d), range(k)):
        dx[i, j] += float(dout[i, o]) * float(w[j, o])
        dw[j, o] += float(x[i, j]) * float(dout[i, o])
    for i, o in itertools.product(range(n), range(k)):
        db[o] += float(dout[i, o])
    return Case((dout, (x, w, b)), (dx.astype(dtype), dw.astype(dtype), AnyFloat(db)), **flags)


def affine_values(rng: np.random.Generator) -> list[Case]:
    return [affine_case(rng, *size, pure=False) for size in [(6, 3, 5), (4, 4, 4), (1, 3, 2), (5, 2, 2), (3, 3, 4)]]


def affine_arguments(rng: np.random.Generator) -> list[Case]:
    return [affine_case(rng, 3, 2, 4, fresh=True)]


def affine_dtypes(rng: np.random.Generator) -> list[Case]:
    return [affine_case(rng, 3, 2, 4, dtype=np.float32, pure=False)]


# --------------------------------------------------------------------------------------------------------- the table


def _conv_part(case: Case) -> str:
    return str(case.kwargs["padding"])


CHECKS: dict[str, ExerciseChecks] = {
    spec.exercise.name: spec
    for spec in [
        ExerciseChecks(
            PUBLIC["threshold_relu"],
            (
                Check("values, scalar and per-channel thresholds", relu_values, share=4, core=True),
                Check("keeps the dtype of x", relu_dtypes),
                Check("returns new memory, leaves x alone", relu_new_memory),
            ),
        ),
        ExerciseChecks(
            PUBLIC["threshold_relu_backward"],
            (
                Check("gradients for x and t", backward_values, share=4, core=True),
                Check("clamped entries give exactly 0", backward_infinite),
                Check("keeps the dtype of x", backward_dtypes),
                Check("returns new memory, leaves dout and x alone", backward_arguments),
            ),
        ),
        ExerciseChecks(
            PUBLIC["fold_threshold_dense"],
            (
                Check("biases, scalar and per-unit thresholds", dense_values, share=4, core=True),
                Check("keeps the dtype of the biases", dense_dtypes),
                Check("returns new arrays, leaves the old network alone", dense_arguments),
            ),
        ),
        ExerciseChecks(
            PUBLIC["fold_threshold_network"],
            (
                Check("hidden layers of deep networks", network_hidden, share=4, core=True),
                Check("a thresholded output layer", network_output, share=2),
                Check("a single linear layer, copied", network_single),
                Check("keeps the dtype of the biases", network_dtypes),
                Check("leaves the old network alone", network_arguments),
            ),
        ),
        ExerciseChecks(
            PUBLIC["fold_threshold_conv"],
            (
                Check("'valid' convolutions", conv_valid, share=4, part="valid", core=True),
                Check("keeps the dtype of the biases", conv_dtypes, part="valid"),
                Check("'same' convolutions, border included", conv_same, share=4, part="same", core=True),
                Check("'same' with even kernels and strides", conv_same_uneven, share=2, part="same"),
                Check("leaves its arguments alone", conv_arguments, part="same"),
            ),
            public_part=_conv_part,
        ),
        ExerciseChecks(
            PUBLIC["sigmoid_forward"],
            (
                Check("values and cache", sigmoid_values, share=3, core=True),
                Check("far from 0, without overflow", sigmoid_extremes, share=2),
                Check("keeps the dtype of x", sigmoid_dtypes),
                Check("returns new memory, leaves x alone", sigmoid_arguments),
            ),
        ),
        ExerciseChecks(
            PUBLIC["sigmoid_backward"],
            (
                Check("the formula, for any shape", sigmoid_backward_values, share=4, core=True),
                Check("saturated units give exactly 0", sigmoid_backward_saturated),
                Check("keeps the dtype of the cache", sigmoid_backward_dtypes),
                Check("leaves dout and the cache alone", sigmoid_backward_arguments),
            ),
        ),
        ExerciseChecks(
            PUBLIC["affine_backward"],
            (
                Check("all three gradients", affine_values, share=4, core=True),
                Check("keeps the dtype", affine_dtypes),
                Check("returns new arrays, leaves the cache alone", affine_arguments),
            ),
        ),
    ]
}
