"""Hidden cases of folding thresholds into the biases of dense layers, networks and convolutions."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from coursekit.checking import Case
from solutions.a1_relu_sigmoid.hidden.thresholds import Threshold
from solutions.shared.hidden.magnitudes import Draw, intensities, large, normal, tiny

Layer = tuple[np.ndarray, np.ndarray]


def fold_dense_loop(b1: np.ndarray, t: Threshold, w2: np.ndarray, b2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    shift = np.broadcast_to(np.asarray(t, float), b1.shape)
    b1_new = np.array([b - s for b, s in zip(b1, shift, strict=True)], dtype=b1.dtype)
    m, k = w2.shape
    b2_new = [float(b2[j]) + math.fsum(float(shift[i]) * float(w2[i, j]) for i in range(m)) for j in range(k)]
    return b1_new, np.array(b2_new, dtype=b2.dtype)


def dense_case(
    rng: np.random.Generator, m: int, k: int, t: Any, dtype: Any = np.float64, draw: Draw = normal, **flags: Any
) -> Case:
    b1, w2, b2 = (draw(rng, shape).astype(dtype) for shape in [(m,), (m, k), (k,)])
    return Case((b1, t, w2, b2), fold_dense_loop(b1, t, w2, b2), **flags)


def dense_values(rng: np.random.Generator) -> list[Case]:
    """Thresholds may be whole numbers; layers may be wide, their numbers tiny, large or in [0, 1]."""
    sizes = [(3, 5), (5, 2), (4, 4), (1, 3), (4, 1)]
    thresholds = [(size, float(rng.uniform(0.3, 1.0)) * sign) for size in sizes[:4] for sign in (1, -1)]
    scalars = [dense_case(rng, *size, t, pure=False) for size, t in [*thresholds, ((4, 1), 1), ((2, 65), -2)]]
    vectors = [dense_case(rng, m, k, rng.normal(size=m), pure=False) for m, k in [*sizes[:4], (65, 2)]]
    large_thresholds = rng.permutation([2.0, 110.0, 250.0])
    return [
        *scalars,
        *vectors,
        dense_case(rng, 4, 3, tiny(rng, (4,)), draw=tiny, pure=False),
        dense_case(rng, 3, 4, large_thresholds, draw=large, pure=False),
        dense_case(rng, 4, 2, rng.normal(size=4), draw=intensities, pure=False),
    ]


def dense_arguments(rng: np.random.Generator) -> list[Case]:
    return [dense_case(rng, 3, 2, t, fresh=True) for t in (0.5, 0.0)]


def dense_dtypes(rng: np.random.Generator) -> list[Case]:
    thresholds = [np.float64(0.5), np.full(3, 0.5), 0.5, np.full(3, 0.5, np.float32)]
    return [dense_case(rng, 3, 2, t, np.float32, pure=False) for t in thresholds]


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
    rng: np.random.Generator,
    widths: Sequence[int],
    *,
    last: bool,
    vector: bool,
    dtype: Any = np.float64,
    draw: Draw = normal,
    **flags: Any,
) -> Case:
    """A network of the given widths; ``last`` thresholds the output too, ``vector`` gives each unit its own."""
    layers = [(draw(rng, (m, k)).astype(dtype), draw(rng, (k,)).astype(dtype)) for m, k in itertools.pairwise(widths)]
    hidden = widths[1:] if last else widths[1:-1]
    thresholds = [draw(rng, (k,)).astype(dtype) if vector else float(rng.uniform(0.3, 1.0)) for k in hidden]
    share = tuple(f"[{i}][0]" for i in range(len(layers)))
    return Case((layers, thresholds), fold_network_loop(layers, thresholds), may_share=share, **flags)


def network_hidden(rng: np.random.Generator) -> list[Case]:
    """Layers may be wide or of one unit, their numbers tiny, large or in [0, 1]."""
    widths = [(3, 5, 2), (4, 4, 4, 4, 4), (2, 6, 3, 5, 4), (1, 1, 1), (2, 65, 3)]
    cases = [network_case(rng, w, last=False, vector=v, pure=False) for w in widths for v in (False, True)]
    draws = (tiny, large, intensities)
    return cases + [network_case(rng, (3, 2, 4), last=False, vector=True, draw=draw, pure=False) for draw in draws]


def network_output(rng: np.random.Generator) -> list[Case]:
    widths = [(3, 4), (3, 5, 2), (4, 4, 4)]
    return [network_case(rng, w, last=True, vector=v, pure=False) for w in widths for v in (False, True)]


def network_single(rng: np.random.Generator) -> list[Case]:
    return [network_case(rng, (4, 3), last=False, vector=False, fresh=True)]


def network_arguments(rng: np.random.Generator) -> list[Case]:
    return [network_case(rng, (3, 5, 2), last=False, vector=v, fresh=True) for v in (False, True)]


def network_dtypes(rng: np.random.Generator) -> list[Case]:
    return [network_case(rng, (3, 5, 2), last=False, vector=v, dtype=np.float32, pure=False) for v in (False, True)]


def conv_map_loop(t: np.ndarray, w: np.ndarray, hw: tuple[int, int], stride: int) -> np.ndarray:
    """Cross-correlate a constant image of value t with w under 'same' zero padding, tap by tap."""
    (height, width), (kh, kw, ci, co) = hw, w.shape
    rows, columns = -(-height // stride), -(-width // stride)
    top = max((rows - 1) * stride + kh - height, 0) // 2
    left = max((columns - 1) * stride + kw - width, 0) // 2
    out, taps = np.zeros((rows, columns, co)), t[:, None] * w.astype(float)
    for row, column, i, j in itertools.product(range(rows), range(columns), range(kh), range(kw)):
        y, x = row * stride + i - top, column * stride + j - left
        if 0 <= y < height and 0 <= x < width:
            for c in range(ci):
                out[row, column] += taps[i, j, c]
    return out


def conv_case(
    rng: np.random.Generator,
    kernel: tuple[int, int, int, int],
    t: Any,
    hw: tuple[int, int] | None = None,
    strides: int = 1,
    dtype: Any = np.float64,
    draw: Draw = normal,
    **flags: Any,
) -> Case:
    """With ``hw`` a 'same' convolution on an input of that size, without it a 'valid' one."""
    kh, kw, ci, co = kernel
    b1, w2, b2 = (draw(rng, shape).astype(dtype) for shape in [(ci,), kernel, (co,)])
    shift = np.broadcast_to(np.asarray(t, float), (ci,))
    if hw is None:
        correction, taps = np.zeros(co), shift[:, None] * w2.astype(float)
        for i, j, c in itertools.product(range(kh), range(kw), range(ci)):
            correction += taps[i, j, c]
        kwargs: dict[str, Any] = {"padding": "valid", "strides": strides}
    else:
        correction = conv_map_loop(shift, w2, hw, strides)
        kwargs = {"padding": "same", "input_hw": hw, "strides": strides}
    expected = ((b1 - shift).astype(dtype), (b2 + correction).astype(dtype))
    return Case((b1, t, w2, b2), expected, kwargs=kwargs, **flags)


def conv_valid(rng: np.random.Generator) -> list[Case]:
    """Kernels of any size, 28 and 32 among them; the taps, biases and thresholds may be tiny, large or in [0, 1]."""
    scalars = [((3, 3, 2, 4), 1, 0.6), ((3, 3, 3, 3), 2, 1), ((2, 5, 4, 1), 1, 0.6), ((1, 28, 28, 1), 1, -0.6)]
    cases = [conv_case(rng, kernel, t, strides=s, pure=False) for kernel, s, t in scalars]
    for kernel in [(3, 3, 2, 4), (1, 32, 32, 2), (2, 5, 4, 1), (65, 1, 3, 2), (1, 1, 65, 66)]:
        cases.append(conv_case(rng, kernel, rng.normal(size=kernel[2]), pure=False))
    return [*cases, *conv_magnitudes(rng, None)]


def conv_magnitudes(rng: np.random.Generator, hw: tuple[int, int] | None) -> list[Case]:
    thresholds = [(tiny, tiny(rng, (2,))), (large, large(rng, (2,))), (intensities, rng.permutation([0.0, 0.7]))]
    return [conv_case(rng, (2, 3, 2, 3), t, hw, draw=draw, pure=False) for draw, t in thresholds]


def conv_same(rng: np.random.Generator) -> list[Case]:
    scalars = [((3, 3, 2, 4), (7, 6), 0.6), ((3, 3, 3, 3), (5, 5), -1), ((5, 3, 2, 1), (4, 9), 0.6)]
    cases = [conv_case(rng, kernel, t, hw, pure=False) for kernel, hw, t in scalars]
    for kernel, hw in [((3, 3, 2, 4), (7, 6)), ((3, 3, 3, 3), (5, 5)), ((1, 1, 3, 2), (3, 4)), ((1, 1, 2, 3), (1, 1))]:
        cases.append(conv_case(rng, kernel, rng.normal(size=kernel[2]), hw, pure=False))
    return [*cases, *conv_magnitudes(rng, (2, 3))]


def conv_same_uneven(rng: np.random.Generator) -> list[Case]:
    """Even kernels and strides of 2 and 3: the padding is not the same on both sides, or a stride skips pixels."""
    shapes = [
        ((1, 1, 2, 3), (4, 6), 2),
        ((2, 2, 2, 3), (5, 6), 1),
        ((3, 3, 2, 3), (6, 7), 2),
        ((4, 2, 3, 2), (7, 8), 2),
        ((3, 2, 1, 2), (8, 7), 3),
    ]
    return [conv_case(rng, kernel, rng.normal(size=kernel[2]), hw, s, pure=False) for kernel, hw, s in shapes]


def conv_arguments(rng: np.random.Generator) -> list[Case]:
    return [conv_case(rng, (3, 3, 2, 2), t, hw, fresh=True) for t in (0.5, 0.0) for hw in (None, (4, 3))]


def conv_dtypes(rng: np.random.Generator) -> list[Case]:
    thresholds = (np.float64(0.5), np.full(2, 0.5), np.full(2, 0.5, np.float32))
    return [
        conv_case(rng, (3, 3, 2, 2), t, hw, dtype=np.float32, pure=False) for t in thresholds for hw in (None, (4, 3))
    ]
