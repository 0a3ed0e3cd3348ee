"""Hidden cases of the residual and the fractal block: weights set by us, outputs compared with NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from assignments.a5_twenty_more_layers.checks import initial_weights, structure
from autograder.checking import Case
from autograder.hidden.a5_twenty_more_layers.weights import Weights, all_the_same, in_order, near, outputs
from autograder.hidden.forward import relu
from autograder.networks import Symbol

FELT = 0.5  # the size of biases that change an output


def images(rng: np.random.Generator, filters: int, count: int = 2) -> np.ndarray:
    """Images that are higher than wide, or wider than high."""
    height, width = (int(n) for n in rng.permutation([5, 8]))
    return rng.normal(size=(count, height, width, filters)).astype(np.float32)


def drawn(rng: np.random.Generator, biases: float = 0.0) -> Weights:
    return Weights(int(rng.integers(1 << 30)), biases, centre=0.4, spread=0.8)


def _all_facts(value: Any, model: Any) -> dict[str, Any]:
    found = structure(value, model)
    return {key: found[key] for key in ("convolutions", "trainable parameters")}


# ------------------------------------------------------------------------------------------------------------ residual


def residual(x: np.ndarray, weights: Weights, size: int) -> np.ndarray:
    """relu(x + conv(relu(conv(x)))), with the weights of places 0 and 1."""
    filters = x.shape[-1]
    inner = relu(weights.convolve(x.astype(float), 0, filters, size))
    return relu(x + weights.convolve(inner, 1, filters, size))


def residual_case(
    rng: np.random.Generator, filters: int, size: int | None, *, biases: float = 0.0, training: bool = False
) -> Case:
    x, weights = images(rng, filters), drawn(rng, biases)
    expected = residual(x, weights, size or 5).astype(np.float32)
    facts: dict[str, Any] = {"convolutions": 2}
    options: dict[str, Any] = {}
    if biases:
        kernels = (size or 5) ** 2 * filters * filters
        facts["trainable parameters"] = 2 * (kernels + filters)
        options["facts"] = _all_facts
    return Case(
        (Symbol(x.shape[1:]), filters, *((size,) if size else ())),
        {**facts, "output in training" if training else "output": expected},
        measure=outputs(x, weights, in_order, training=training, **options),
        tolerance=near(expected),
    )


def residual_values(rng: np.random.Generator) -> list[Case]:
    return [residual_case(rng, filters, 5) for filters in (3, 1)]


def residual_sizes(rng: np.random.Generator) -> list[Case]:
    return [residual_case(rng, 2, size) for size in (3, 1, None)]


def residual_biases(rng: np.random.Generator) -> list[Case]:
    return [residual_case(rng, 2, 5, biases=FELT)]


def residual_training(rng: np.random.Generator) -> list[Case]:
    return [residual_case(rng, 4, 5, training=True)]


def residual_initial(rng: np.random.Generator) -> list[Case]:
    return [
        Case((Symbol((7, 9, 16)), 16, 3), {"convolutions": 2, "initial kernels": "He"}, measure=initial_weights),
        Case((Symbol((5, 4, 12)), 12), {"convolutions": 2, "initial kernels": "He"}, measure=initial_weights),
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


def fractal_case(
    rng: np.random.Generator,
    filters: int,
    columns: int | None = None,
    size: int | None = None,
    *,
    biases: float = 0.0,
    training: bool = False,
) -> Case:
    x, weights = images(rng, filters), drawn(rng, biases)
    expected = fractal(x, weights, columns or 3, size or 5).astype(np.float32)
    made = 2 ** (columns or 3) - 1
    facts: dict[str, Any] = {"convolutions": made}
    options: dict[str, Any] = {}
    if biases:
        facts["trainable parameters"] = made * ((size or 5) ** 2 * filters * filters + filters)
        options["facts"] = _all_facts
    kwargs = {key: value for key, value in (("columns", columns), ("kernel_size", size)) if value}
    return Case(
        (Symbol(x.shape[1:]), filters),
        {**facts, "output in training" if training else "output": expected},
        kwargs=kwargs,
        measure=outputs(x, weights, all_the_same, training=training, **options),
        tolerance=near(expected),
    )


def fractal_values(rng: np.random.Generator) -> list[Case]:
    return [fractal_case(rng, filters, size=5) for filters in (3, 2)]


def fractal_columns(rng: np.random.Generator) -> list[Case]:
    return [fractal_case(rng, 2, columns, 5) for columns in (2, 4, 1)]


def fractal_sizes(rng: np.random.Generator) -> list[Case]:
    return [fractal_case(rng, 2, size=size) for size in (3, 1, None)]


def fractal_biases(rng: np.random.Generator) -> list[Case]:
    return [fractal_case(rng, 2, size=5, biases=FELT)]


def fractal_training(rng: np.random.Generator) -> list[Case]:
    return [fractal_case(rng, 4, size=5, training=True)]


def fractal_initial(rng: np.random.Generator) -> list[Case]:
    return [
        Case((Symbol((5, 4, 12)), 12), {"convolutions": 7, "initial kernels": "He"}, measure=initial_weights),
        Case(
            (Symbol((4, 5, 16)), 16),
            {"convolutions": 3, "initial kernels": "He"},
            kwargs={"columns": 2, "kernel_size": 3},
            measure=initial_weights,
        ),
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
