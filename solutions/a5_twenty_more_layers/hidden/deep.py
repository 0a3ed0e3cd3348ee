"""Hidden cases of the deep networks: weights set by us, logits compared with NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from assignments.a5_twenty_more_layers.checks import convolutions, in_words, spread
from autograder.course.chance import ChanceTest
from coursekit.checking import Case
from coursekit.models.networks import borrow
from coursekit.probing import run
from solutions.a5_twenty_more_layers.hidden.blocks import fractal
from solutions.a5_twenty_more_layers.hidden.weights import SAME, Weights, give, in_training, kernel_alarm, near
from solutions.shared.hidden import forward
from solutions.shared.hidden.forward import relu

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


def case(rng: np.random.Generator, kind: str, width: int = 3, **given: int) -> Case:
    """A network's structure and its logits, also in training where depth and number of classes are the default ones."""
    extra, classes = given.get("n_extra", 20), given.get("num_classes", 10)
    x = rng.normal(size=(2, 32, 32, 3)).astype(np.float32)
    weights = Weights(int(rng.integers(1 << 30)), biases=0.1, centre=0.5, spread=0.5)
    expected = logits(kind, x, weights, width, extra, classes).astype(np.float32)

    def measure(value: Any) -> dict[str, Any]:
        model = borrow(value)
        found = structure(model)
        give(model, weights, _places)
        found |= {"logits": run(model, x)}
        return found if given else found | {"in training": in_training(model, x, found["logits"])}

    return Case(
        (kind, width),
        expected_structure(kind, width, extra, classes)
        | {"logits": expected}
        | ({} if given else {"in training": SAME}),
        given,
        measure=measure,
        tolerance=near(expected),
    )


def structure(model: Any) -> dict[str, Any]:
    """What can be counted in a network."""
    sizes = [tuple(layer.kernel.shape[:2]) for layer in convolutions(model)]
    return {
        "input shape": model.input_shape[1:],
        "output shape": model.output_shape[1:],
        "5x5 convolutions": sizes.count((5, 5)),
        "other convolutions": len(sizes) - sizes.count((5, 5)),
        "trainable parameters": int(sum(np.prod(weight.shape) for weight in model.trainable_weights)),
    }


def expected_structure(kind: str, width: int, extra: int, classes: int) -> dict[str, Any]:
    """The same facts of a correct network."""
    made = extra // 4 * 7 if kind == "fractal" else extra
    base = 9 * (3 + 2 * width + 2 * width + 3 * 4 * width) * width + 4 * width**2 + 2 * width * classes  # kernels
    base += 3 * width + 5 * 2 * width + classes  # biases
    return {
        "input shape": (32, 32, 3),
        "output shape": (classes,),
        "5x5 convolutions": made,
        "other convolutions": 9,
        "trainable parameters": made * (25 * width**2 + width) + base,
    }


def plain(rng: np.random.Generator) -> list[Case]:
    return [case(rng, "plain")]


def residual(rng: np.random.Generator) -> list[Case]:
    return [case(rng, "residual")]


def fractals(rng: np.random.Generator) -> list[Case]:
    return [case(rng, "fractal")]


def sizes(rng: np.random.Generator) -> list[Case]:
    """Other depths and numbers of classes; the plain network is run, for its logits, the others are counted through."""

    def measure(value: Any) -> dict[str, Any]:
        return structure(borrow(value))

    depths, classes = rng.permutation([4, 8, 12]), rng.permutation([3, 7, 12])
    given = [{"n_extra": int(extra), "num_classes": int(count)} for extra, count in zip(depths, classes, strict=True)]
    counted = [
        Case((kind, 2), expected_structure(kind, 2, *more.values()), kwargs=more, measure=measure)
        for kind, more in zip(("residual", "fractal"), given[1:], strict=True)
    ]
    return [case(rng, "plain", 2, **given[0]), case(rng, "plain", 1, n_extra=0, num_classes=1), *counted]


def unknown(rng: np.random.Generator) -> list[Case]:
    """After a kind that is known: to refuse everything is no merit."""

    def measure(value: Any) -> dict[str, Any]:
        return {"output shape": borrow(value).output_shape}

    known = Case((str(rng.choice(KINDS)), 2, 4), {"output shape": (None, 10)}, measure=measure)
    names = ("resnet", "", str(rng.choice(["plain20", "fractals"])))
    return [known, *(Case((name,), raises="ValueError", measure=in_words) for name in names)]


def initial(rng: np.random.Generator) -> list[Case]:
    """He's scale before every ReLU; the last convolution has none after it and may be drawn otherwise."""

    def measure(value: Any) -> dict[str, str]:
        kernels = [np.asarray(layer.kernel) for layer in convolutions(borrow(value))]
        verdicts = [*map(spread, kernels[:-1])] or ["no convolutions"]
        return {"initial kernels": next((verdict for verdict in verdicts if verdict != "He"), "He")}

    return [Case((kind, 16, 4), {"initial kernels": "He"}, measure=measure) for kind in KINDS]


# ---------------------------------------------------------------------------------------- how often an honest one fails


CHANCES = (
    ChanceTest("build_deep", "initial weights on He's scale", "each kernel's mean and spread", kernel_alarm, cases=80),
)
