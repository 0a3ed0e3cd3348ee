"""Hidden cases of the residual and the fractal block: weights set by us, outputs compared with NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from assignments.a5_twenty_more_layers.checks import convolutions, initial_weights, structure
from autograder.course.chance import ChanceTest
from coursekit.checking import Case
from coursekit.models.networks import Symbol, borrow
from solutions.a5_twenty_more_layers.hidden.weights import (
    SAME,
    Weights,
    all_the_same,
    give,
    in_order,
    in_training,
    kernel_alarm,
    near,
    outputs,
)
from solutions.shared.hidden.forward import relu


def images(rng: np.random.Generator, filters: int) -> np.ndarray:
    """Two images that are higher than wide, or wider than high."""
    height, width = (int(n) for n in rng.permutation([5, 8]))
    return rng.normal(size=(2, height, width, filters)).astype(np.float32)


def drawn(rng: np.random.Generator) -> Weights:
    return Weights(int(rng.integers(1 << 30)), centre=0.4, spread=0.8)


def kernel_sizes(value: Any) -> dict[str, list[str]]:
    """A measure: the size of every kernel, in words."""
    shapes = [layer.kernel.shape for layer in convolutions(borrow(value))]
    return {"kernels": [f"{rows} x {columns}" for rows, columns, _, _ in shapes]}


def different_sizes(value: Any) -> dict[str, list[str]]:
    """A measure: the sizes that kernels have, each once; how many kernels there are is for other checks to say."""
    return {"kernels": sorted(set(kernel_sizes(value)["kernels"]))}


def trainable(value: Any) -> dict[str, int]:
    """A measure: how many numbers can be trained."""
    return {"trainable parameters": structure(value, borrow(value))["trainable parameters"]}


def training(shape: tuple[int, ...], seed: int) -> Callable[[Any], dict[str, str]]:
    """A measure: whether the block does the same in training, with weights and images of ours."""

    def measure(value: Any) -> dict[str, str]:
        model = borrow(value)
        give(model, Weights(seed), all_the_same)
        return {"in training": in_training(model, np.random.default_rng(seed).normal(size=(8, *shape)))}

    return measure


# ------------------------------------------------------------------------------------------------------------ residual


def residual(x: np.ndarray, weights: Weights, size: int) -> np.ndarray:
    """relu(x + conv(relu(conv(x)))), with the weights of places 0 and 1."""
    filters = x.shape[-1]
    inner = relu(weights.convolve(x.astype(float), 0, filters, size))
    return relu(x + weights.convolve(inner, 1, filters, size))


def residual_values(rng: np.random.Generator) -> list[Case]:
    cases = []
    for filters in (3, 1):
        x, weights = images(rng, filters), drawn(rng)
        expected = residual(x, weights, 5).astype(np.float32)
        facts = {"convolutions": 2, "output": expected}
        args, measure = (Symbol(x.shape[1:]), filters, 5), outputs(x, weights, in_order)
        cases.append(Case(args, facts, measure=measure, tolerance=near(expected)))
    return cases


def residual_sizes(rng: np.random.Generator) -> list[Case]:
    arguments = [((3,), {}), ((), {"kernel_size": 1}), ((), {})]
    return [
        Case((Symbol((6, 7, 2)), 2, *more), {"kernels": 2 * [f"{size} x {size}"]}, kwargs=kwargs, measure=kernel_sizes)
        for (more, kwargs), size in zip(arguments, (3, 1, 5), strict=True)
    ]


def residual_trainable(rng: np.random.Generator) -> list[Case]:
    filters = int(rng.integers(2, 6))
    expected = {"trainable parameters": 2 * (25 * filters + 1) * filters}
    return [Case((Symbol((4, 6, filters)), filters), expected, measure=trainable)]


def residual_training(rng: np.random.Generator) -> list[Case]:
    seed = int(rng.integers(1 << 30))
    return [Case((Symbol((6, 5, 4)), 4), {"in training": SAME}, measure=training((6, 5, 4), seed))]


def residual_initial(rng: np.random.Generator) -> list[Case]:
    return [
        Case((Symbol((7, 9, 16)), 16, 3), {"initial kernels": "He"}, measure=initial_weights),
        Case((Symbol((5, 4, 12)), 12), {"initial kernels": "He"}, measure=initial_weights),
    ]


# ------------------------------------------------------------------------------------------------------------- fractal


def fractal(x: np.ndarray, weights: Weights, columns: int, size: int, place: int = 0) -> np.ndarray:
    """The block by its depths: column k ends a convolution at every multiple of its own length, and all that end meet.

    Column 0 is one convolution as long as the block, column k has convolutions of length depth / 2 ** k.
    """
    depth = 2 ** (columns - 1)
    begun = [x.astype(float)] * columns
    meeting: list[np.ndarray] = []
    for now in range(1, depth + 1):
        ending = [k for k in range(columns) if now % (depth // 2**k) == 0]
        meeting = [relu(weights.convolve(begun[k], place, x.shape[-1], size)) for k in ending]
        for k in ending:
            begun[k] = sum(meeting, start=np.zeros(1)) / len(meeting)
    return begun[0]


def fractal_case(rng: np.random.Generator, filters: int, **columns: int) -> Case:
    x, weights = images(rng, filters), drawn(rng)
    count = columns.get("columns", 3)
    expected = fractal(x, weights, count, 5).astype(np.float32)
    return Case(
        (Symbol(x.shape[1:]), filters),
        {"convolutions": 2**count - 1, "output": expected},
        kwargs=columns,
        measure=outputs(x, weights, all_the_same),
        tolerance=near(expected),
    )


def fractal_values(rng: np.random.Generator) -> list[Case]:
    return [fractal_case(rng, filters) for filters in (3, 2)]


def fractal_columns(rng: np.random.Generator) -> list[Case]:
    return [fractal_case(rng, 2, columns=columns) for columns in (2, 4, 1)]


def fractal_sizes(rng: np.random.Generator) -> list[Case]:
    arguments = [((2, 3), {}), ((), {"kernel_size": 1}), ((), {})]
    return [
        Case((Symbol((6, 7, 2)), 2, *more), {"kernels": [size]}, kwargs=kwargs, measure=different_sizes)
        for (more, kwargs), size in zip(arguments, ("3 x 3", "1 x 1", "5 x 5"), strict=True)
    ]


def fractal_trainable(rng: np.random.Generator) -> list[Case]:
    filters = int(rng.integers(2, 6))
    expected = {"trainable parameters": 7 * (25 * filters + 1) * filters}
    return [Case((Symbol((4, 6, filters)), filters), expected, measure=trainable)]


def fractal_training(rng: np.random.Generator) -> list[Case]:
    seed = int(rng.integers(1 << 30))
    return [Case((Symbol((6, 5, 4)), 4), {"in training": SAME}, measure=training((6, 5, 4), seed))]


def fractal_initial(rng: np.random.Generator) -> list[Case]:
    return [
        Case((Symbol((5, 4, 12)), 12), {"initial kernels": "He"}, measure=initial_weights),
        Case((Symbol((4, 5, 16)), 16, 3, 3), {"initial kernels": "He"}, measure=initial_weights),
    ]


# --------------------------------------------------------------------------------------------------------------- counts


def stats(columns: int) -> dict[str, int]:
    """Counted on the ways through the block themselves, each written as its number of convolutions."""
    ways = [1]
    for _ in range(columns - 1):
        ways = [1, *(first + second for first in ways for second in ways)]
    return {"n_convs": int("1" * columns, 2), "longest": max(ways), "shortest": min(ways), "n_paths": len(ways)}


def whole(value: Any) -> str | None:
    """Counts are integers, of any kind."""
    wrong = [name for name, count in value.items() if np.asarray(count).dtype.kind not in "iu"]
    return f"{wrong[0]} is no integer; counts are whole numbers" if wrong else None


def stats_values(rng: np.random.Generator) -> list[Case]:
    return [Case((int(columns),), stats(int(columns))) for columns in rng.permutation(np.arange(1, 6))]


def stats_whole(rng: np.random.Generator) -> list[Case]:
    return [Case((columns,), stats(columns), verify=whole) for columns in (4, 5)]


def stats_refused(rng: np.random.Generator) -> list[Case]:
    return [Case((columns,), raises="ValueError") for columns in (0, -1, -int(rng.integers(2, 9)))]


# ---------------------------------------------------------------------------------------- how often an honest one fails


CHANCES = (
    ChanceTest(
        "residual_block", "initial weights on He's scale", "each kernel's mean and spread", kernel_alarm, cases=4
    ),
    ChanceTest(
        "fractal_block", "initial weights on He's scale", "each kernel's mean and spread", kernel_alarm, cases=7
    ),
)
