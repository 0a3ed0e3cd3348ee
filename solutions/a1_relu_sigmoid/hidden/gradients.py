"""Hidden cases of the sigmoid, forward and backward, and of the affine layer."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from coursekit.checking import AnyFloat, Case, Tolerance
from solutions.shared.hidden.magnitudes import TINY, Draw, intensities, large, normal, tiny

# COURSE contract: absolute, so that 0.5 * (1 + tanh(x / 2)) stays legal where the sigmoid is tiny.
SIGMOID_F64 = Tolerance(0.0, 1e-12, "float64, one rounding of each of about ten operations")
SIGMOID_F32 = Tolerance(0.0, 2e-6, "float32, one rounding of each of about ten operations")
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
    shapes: list[tuple[int, ...]] = [(6,), (70, 2), (3, 3), (2, 3, 2), ()]
    spread = [np.asarray(rng.uniform(-6.0, 6.0, shape)) for shape in shapes]
    small = [intensities(rng, (1, 4)), rng.uniform(0.1, 0.9, 5), tiny(rng, (3, 4))]
    far = [rng.uniform(1.1, 20.0, (3, 4)), rng.uniform(12.0, 30.0, 8) * rng.choice([-1.0, 1.0], 8)]
    return [sigmoid_case(x, pure=False) for x in [*spread, *small, *far]]


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
    shapes: list[tuple[int, ...]] = [(5,), (3, 4), (70, 2), (3, 3), (2, 2, 3), (1, 1)]
    draws = [(rng.normal(size=shape) * 3.0, rng.uniform(0.02, 0.98, shape)) for shape in shapes]
    draws += [(draw(rng, (4, 3)), rng.uniform(0.02, 0.98, (4, 3))) for draw in (tiny, large, intensities)]
    nearly_0 = rng.uniform(0.001, 0.009, (2, 3))
    draws += [(rng.normal(size=(2, 3)), nearly_0), (rng.normal(size=(2, 3)), 1.0 - nearly_0)]
    return [sigmoid_backward_case(dout, s, pure=False) for dout, s in draws]


def sigmoid_backward_saturated(rng: np.random.Generator) -> list[Case]:
    s = rng.permutation(np.array([0.0, 1.0, 0.0, 1.0, 0.5, 0.25])).reshape(2, 3)
    return [sigmoid_backward_case(rng.normal(size=s.shape), s, pure=False)]


def sigmoid_backward_arguments(rng: np.random.Generator) -> list[Case]:
    return [sigmoid_backward_case(rng.normal(size=(3, 4)), rng.uniform(0.1, 0.9, (3, 4)), fresh=True)]


def sigmoid_backward_dtypes(rng: np.random.Generator) -> list[Case]:
    dout, s = rng.normal(size=(3, 4)).astype(np.float32), rng.uniform(0.1, 0.9, (3, 4)).astype(np.float32)
    return [sigmoid_backward_case(dout, s, pure=False)]


def affine_case(
    rng: np.random.Generator, n: int, d: int, k: int, dtype: Any = np.float64, draw: Draw = normal, **flags: Any
) -> Case:
    x, w, b, dout = (draw(rng, shape).astype(dtype) for shape in [(n, d), (d, k), (k,), (n, k)])
    dx, dw, db = np.zeros((n, d)), np.zeros((d, k)), np.zeros(k)
    for i, j, o in itertools.product(range(n), range(d), range(k)):
        dx[i, j] += float(dout[i, o]) * float(w[j, o])
        dw[j, o] += float(x[i, j]) * float(dout[i, o])
    for i, o in itertools.product(range(n), range(k)):
        db[o] += float(dout[i, o])
    return Case((dout, (x, w, b)), (dx.astype(dtype), dw.astype(dtype), AnyFloat(db)), **flags)


def affine_values(rng: np.random.Generator) -> list[Case]:
    sizes = [(6, 3, 5), (4, 4, 4), (1, 3, 2), (5, 2, 2), (70, 3, 4), (3, 65, 2), (2, 2, 65)]
    return [
        *(affine_case(rng, *size, pure=False) for size in sizes),
        affine_case(rng, 4, 3, 2, draw=intensities, pure=False),
        affine_case(rng, 4, 3, 2, draw=tiny, tolerance=TINY, pure=False),
        # Of one sign: db may be float32, and no sum may be much smaller than what it adds up.
        affine_case(rng, 4, 3, 2, draw=lambda *of: np.abs(large(*of)), pure=False),
    ]


def affine_arguments(rng: np.random.Generator) -> list[Case]:
    return [affine_case(rng, 3, 2, 4, fresh=True)]


def affine_dtypes(rng: np.random.Generator) -> list[Case]:
    return [affine_case(rng, 3, 2, 4, dtype=np.float32, pure=False)]
