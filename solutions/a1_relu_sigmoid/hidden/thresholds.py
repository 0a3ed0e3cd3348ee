"""Hidden cases of the thresholded activation and its gradients. Draws keep clear of the kink x = t, where no
derivative is defined.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from coursekit.checking import AnyFloat, Case
from solutions.shared.hidden.magnitudes import TINY, intensities

Threshold = float | np.ndarray


def off_kink(rng: np.random.Generator, shape: tuple[int, ...], t: Threshold, scale: float = 1.0) -> np.ndarray:
    """Draw float64 values on both sides of t, none closer to it than 0.05 or further than 2, times ``scale``."""
    distance = rng.uniform(0.05, 2.0, shape) * rng.choice([-1.0, 1.0], shape)
    return np.asarray(t) + scale * distance


def tiny(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """An input and its thresholds, all below 0.01."""
    t = rng.uniform(-0.003, 0.003, shape[-1])
    return off_kink(rng, shape, t, 0.003), t


def large(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """An input and its thresholds, all over 100; the thresholds differ much."""
    t = rng.permutation(np.linspace(210.0, 250.0, shape[-1])) + rng.uniform(0.0, 5.0, shape[-1])
    return off_kink(rng, shape, t, 50.0), t


def threshold_loop(x: np.ndarray, t: Threshold) -> np.ndarray:
    limits = np.broadcast_to(np.asarray(t, float), x.shape)
    flat = [max(limit, value) for value, limit in zip(x.ravel().tolist(), limits.ravel().tolist(), strict=True)]
    return np.array(flat).reshape(x.shape)


def relu_case(x: np.ndarray, t: Any, **flags: Any) -> Case:
    return Case((x, t), threshold_loop(x.astype(float), t).astype(x.dtype), **flags)


def relu_values(rng: np.random.Generator) -> list[Case]:
    """Every shape that images and features come in; a threshold may be a whole number."""
    positive, negative = float(rng.uniform(0.2, 2.0)), float(-rng.uniform(0.2, 2.0))
    scalars = [((3, 5), 0.7), ((5, 3), 1), ((2, 28, 28, 1), negative), ((1, 32, 32, 3), positive), ((3, 5), -0.9)]
    cases = [relu_case(off_kink(rng, shape, t), t, pure=False) for shape, t in scalars]
    for shape in [(4, 4), (70, 3), (2, 65), (4, 1), (3, 3, 3, 3), (2, 3, 4, 5)]:
        t = rng.uniform(-1.0, 1.0, shape[-1])
        cases.append(relu_case(off_kink(rng, shape, t), t, pure=False))
    return [*cases, *(relu_case(x, t, pure=False) for x, t in relu_magnitudes(rng))]


def relu_magnitudes(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    x = intensities(rng, (4, 3))
    x[0] = 0.0
    return [tiny(rng, (2, 5)), large(rng, (2, 5)), (x, np.array([-0.5, 0.5, 0.0]))]


def relu_dtypes(rng: np.random.Generator) -> list[Case]:
    x = off_kink(rng, (3, 4), 0.3).astype(np.float32)
    thresholds = [np.float64(0.3), np.full(4, 0.3), 0.3, np.full(4, 0.3, np.float32)]
    return [relu_case(x, t, pure=False) for t in thresholds]


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
    """Upstream gradients are about 1, so that a sum over many pixels is no small difference of large numbers."""
    draws: list[tuple[tuple[int, ...], Threshold]] = [((7, 4), 0.3), ((4, 4), 0.3), ((2, 28, 28, 1), -1)]
    draws.append(((3, 3, 3, 3), 0.3))
    for shape in [(70, 4), (4, 4), (2, 65), (5, 1), (1, 32, 32, 3), (3, 3, 3, 3), (2, 4, 3, 5)]:
        draws.append((shape, rng.uniform(-1.0, 1.0, shape[-1])))
    cases = [backward_case(rng.normal(1.0, 1.0, shape), off_kink(rng, shape, t), t, pure=False) for shape, t in draws]
    return [*cases, *backward_magnitudes(rng)]


def backward_magnitudes(rng: np.random.Generator) -> list[Case]:
    """Upstream gradients of one sign, so that no sum is much smaller than what it adds up."""
    halves = np.array([0.5, 0.0, 0.5])
    return [
        backward_case(rng.uniform(0.001, 0.009, (7, 4)), *tiny(rng, (7, 4)), tolerance=TINY, pure=False),
        backward_case(rng.uniform(101.0, 250.0, (3, 5)), *large(rng, (3, 5)), pure=False),
        backward_case(rng.normal(size=(6, 3)), intensities(rng, (6, 3)), halves, pure=False),
    ]


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
    return [
        backward_case(dout, x, t, pure=False) for t in (np.float64(0.3), np.full(3, 0.3), np.full(3, 0.3, np.float32))
    ]
