"""Hidden cases of the deep networks: weights set by us, logits compared with NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from assignments.a5_twenty_more_layers.checks import convolutions, spread
from autograder.checking import Case
from autograder.hidden import forward
from autograder.hidden.a5_twenty_more_layers.blocks import fractal
from autograder.hidden.a5_twenty_more_layers.weights import Weights, give, near
from autograder.hidden.forward import relu
from autograder.networks import rebuild
from autograder.probing import run

KINDS = ("plain", "residual", "fractal")
EXTRA = 99  # the place of all 5x5 kernels: they share their weights, so that their order does not matter


def logits(kind: str, x: np.ndarray, weights: Weights, width: int, extra: int, classes: int) -> np.ndarray:
    """The whole network in NumPy."""
    x = relu(weights.convolve(x.astype(float), 0, width, 3))
    if kind == "plain":
        for _ in range(extra):
            x = relu(weights.convolve(x, EXTRA, width, 5))
    elif kind == "residual":
        for _ in range(extra // 2):
            inner = relu(weights.convolve(x, EXTRA, width, 5))
            x = relu(x + weights.convolve(inner, EXTRA, width, 5))
    else:
        for _ in range(extra // 4):
            x = fractal(x, weights, 3, 5, EXTRA)
    for place in range(1, 9):
        if place in (3, 6):
            x = forward.pool(x, 3, 2, np.max, same=True)
        filters, size = (classes, 1) if place == 8 else (width if place < 3 else 2 * width, 1 if place == 7 else 3)
        x = weights.convolve(x, place, filters, size)
        x = relu(x) if place < 8 else x
    return x.mean(axis=(1, 2))


def _places(shapes: list[tuple[int, ...]]) -> list[int]:
    """The nine convolutions of the base in order; every 5x5 kernel is one of the extra ones."""
    found, base = [], 0
    for shape in shapes:
        found.append(EXTRA if shape[0] == 5 else base)
        base += shape[0] != 5
    return found


def case(rng: np.random.Generator, kind: str, width: int, extra: int | None = None, classes: int | None = None) -> Case:
    """A network, with ``extra`` and ``classes`` left to their defaults when they are None."""
    x = rng.normal(size=(2, 32, 32, 3)).astype(np.float32)
    weights = Weights(int(rng.integers(1 << 30)), biases=0.1, centre=0.5, spread=0.5)
    expected = logits(kind, x, weights, width, extra or 20, classes or 10).astype(np.float32)
    made = (extra or 20) // 4 * 7 if kind == "fractal" else extra or 20

    def measure(value: Any) -> dict[str, Any]:
        model = rebuild(value)
        sizes = [tuple(layer.kernel.shape[:2]) for layer in convolutions(model)]
        give(model, weights, _places)
        return {
            "input shape": model.input_shape[1:],
            "5x5 convolutions": sizes.count((5, 5)),
            "other convolutions": len(sizes) - sizes.count((5, 5)),
            "trainable parameters": int(sum(np.prod(weight.shape) for weight in model.trainable_weights)),
            "logits": run(model, x),
            "logits in training": run(model, x, training=True),
        }

    facts = {
        "input shape": (32, 32, 3),
        "5x5 convolutions": made,
        "other convolutions": 9,
        "trainable parameters": made * (25 * width**2 + width) + _base_parameters(width, classes or 10),
    }
    kwargs = {key: value for key, value in (("n_extra", extra), ("num_classes", classes)) if value}
    return Case(
        (kind, width),
        {**facts, "logits": expected, "logits in training": expected},
        kwargs=kwargs,
        measure=measure,
        tolerance=near(expected),
    )


def _base_parameters(width: int, classes: int) -> int:
    """Kernels and biases of the nine convolutions: 3x3 but for the last two."""
    kernels = 9 * (3 + 2 * width + 2 * width + 3 * 4 * width) * width + 4 * width**2 + 2 * width * classes
    return kernels + 3 * width + 5 * 2 * width + classes


def plain(rng: np.random.Generator) -> list[Case]:
    return [case(rng, "plain", 3)]


def residual(rng: np.random.Generator) -> list[Case]:
    return [case(rng, "residual", 3)]


def fractals(rng: np.random.Generator) -> list[Case]:
    return [case(rng, "fractal", 3)]


def sizes(rng: np.random.Generator) -> list[Case]:
    """Other depths and numbers of classes."""
    depths = rng.permutation([4, 8, 12])
    return [
        case(rng, kind, 2, int(extra), int(classes))
        for kind, extra, classes in zip(KINDS, depths, rng.permutation([3, 7, 12]), strict=True)
    ]


def unknown(rng: np.random.Generator) -> list[Case]:
    return [Case((kind,), raises="ValueError") for kind in ("resnet", "", str(rng.choice(["plain20", "fractals"])))]


def initial(rng: np.random.Generator) -> list[Case]:
    """He's scale before every ReLU; the last convolution has none after it and may be drawn otherwise."""

    def measure(value: Any) -> dict[str, str]:
        kernels = [np.asarray(layer.kernel) for layer in convolutions(rebuild(value))]
        verdicts = [verdict for verdict in map(spread, kernels[:-1]) if verdict != "He"]
        return {"initial kernels": verdicts[0] if verdicts else "He"}

    return [Case((kind, 16, 4), {"initial kernels": "He"}, measure=measure) for kind in KINDS]
