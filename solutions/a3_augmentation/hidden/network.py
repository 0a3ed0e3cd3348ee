"""Hidden cases of the network of table 1: weights set by us, logits compared with NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from coursekit.checking import Case, Tolerance
from coursekit.models.networks import borrow
from coursekit.probing import kernel_weights, run, set_weights_by_order
from solutions.a3_augmentation import solution
from solutions.shared.hidden import forward

SUMS = Tolerance(1e-3, 1e-4, "float32 sums through five layers")


def reference(images: np.ndarray, weights: list[dict[str, np.ndarray]], *, training: bool) -> np.ndarray:
    """The logits of table 1, in NumPy; ``weights`` alternate between a layer and its normalisation."""

    def normalise(x: np.ndarray, norm: dict[str, np.ndarray]) -> np.ndarray:
        return forward.normalise_batch(x, norm["gamma"], norm["beta"]) if training else forward.normalise(x, **norm)

    x = images.astype(float)
    for number in range(3):
        x = forward.convolve(x, weights[2 * number]["kernel"], weights[2 * number]["bias"])
        x = forward.pool(forward.relu(normalise(x, weights[2 * number + 1])), 2, 2, np.mean, same=False)
    x = x.reshape(len(x), -1) @ weights[6]["kernel"] + weights[6]["bias"]
    x = forward.relu(normalise(x, weights[7]))
    return x @ weights[8]["kernel"] + weights[8]["bias"]


def values(rng: np.random.Generator) -> list[Case]:
    seed, images, weights = _drawn(rng, 10)

    def measure(value: Any) -> Any:
        model = borrow(value)
        set_weights_by_order(model, seed, biases=False)
        return {
            "numbers in all kernels": kernel_weights(model),
            "numbers that are not trained": sum(int(np.prod(w.shape)) for w in model.non_trainable_weights),
            "epsilons": sorted({float(layer.epsilon) for layer in model.layers if hasattr(layer, "epsilon")}),
            "logits": run(model, images),
            "logits in training": run(model, images, training=True),
        }

    expected = {
        "numbers in all kernels": 145_376,
        "numbers that are not trained": 384,
        "epsilons": [forward.EPSILON],
        "logits": reference(images, weights, training=False).astype(np.float32),
        "logits in training": reference(images, weights, training=True).astype(np.float32),
    }
    return [Case((), expected, measure=measure, tolerance=SUMS)]


def classes(rng: np.random.Generator) -> list[Case]:
    """The network is the same for other numbers of classes, and for a single one."""
    count = int(rng.choice([3, 7, 100]))
    return [_sized(rng, count, num_classes=count), _sized(rng, 1, 1)]


def _sized(rng: np.random.Generator, classes: int, *args: int, **kwargs: int) -> Case:
    """The logits for so many classes, of a network made with ``args`` and ``kwargs``."""
    seed, images, weights = _drawn(rng, classes)

    def measure(value: Any) -> Any:
        model = borrow(value)
        set_weights_by_order(model, seed, biases=False)
        return {"output shape": model.output_shape[1:], "logits": run(model, images)}

    logits = reference(images, weights, training=False).astype(np.float32)
    return Case(args, {"output shape": (classes,), "logits": logits}, kwargs, measure=measure, tolerance=SUMS)


def _drawn(rng: np.random.Generator, classes: int) -> tuple[int, np.ndarray, list[dict[str, np.ndarray]]]:
    """The seed of the weights, images, and the weights that a right network has then."""
    seed = int(rng.integers(1 << 30))
    images = rng.normal(size=(3, 32, 32, 3)).astype(np.float32)
    return seed, images, set_weights_by_order(solution.build_penn_net(classes), seed, biases=False)
