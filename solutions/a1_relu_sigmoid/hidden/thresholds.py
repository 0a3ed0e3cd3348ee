"""Hidden cases of the thresholded activation and its gradients. Draws keep clear of the kink x = t, where no
derivative is defined.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from coursekit.checking import AnyFloat, Case

Threshold = float | np.ndarray


def off_kink(rng: np.random.Generator, shape: tuple[int, ...], t: Threshold) -> np.ndarray:
    """Draw float64 values on both sides of t, none closer to it than 0.05."""
    distance = rng.uniform(0.05, 2.0, shape) * rng.choice([-1.0, 1.0], shape)
    return np.asarray(t) + distance


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
