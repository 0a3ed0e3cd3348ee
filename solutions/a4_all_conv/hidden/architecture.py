"""Hidden cases of the all-convolutional net: weights set by us, outputs compared with NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from assignments.a4_all_conv.checks import FLOAT32_SUMS
from autograder.course.trials import Bench, Trial
from autograder.judge.training import accuracy, fit, fresh
from coursekit.checking import Case
from coursekit.models.networks import borrow
from coursekit.probing import kernel_weights, run, set_weights_by_order
from solutions.shared.hidden import forward

Layers = list[dict[str, np.ndarray]]
SIZES = (3, 3, 3, 3, 3, 3, 3, 1, 1)


def reference_layers(width: int, classes: int, channels: int, seed: int, *, normalised: bool) -> Layers:
    """The weights that ``set_weights_by_order`` would set in a correct network, without building one."""
    filters = [*[width] * 3, *[2 * width] * 5, classes]
    found: Layers = []
    for number, (size, made, used) in enumerate(zip(SIZES, filters, [channels, *filters])):
        last = number == 8
        found.append(_drawn(seed, len(found), (size, size, used, made), made, bias=last or not normalised))
        if normalised and not last:
            found.append(_drawn_normalisation(seed, len(found), made))
    return found


def _drawn(seed: int, place: int, shape: tuple[int, ...], count: int, *, bias: bool) -> dict[str, np.ndarray]:
    rng = np.random.default_rng([seed, place])
    kernel = rng.normal(0.0, np.sqrt(2.0 / np.prod(shape[:-1])), shape).astype(np.float32)
    drawn = rng.normal(0.0, 0.3, count).astype(np.float32)
    return {"kernel": kernel, "bias": drawn if bias else np.zeros_like(drawn)}


def _drawn_normalisation(seed: int, place: int, count: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng([seed, place])
    gamma, beta = rng.uniform(0.5, 1.5, count), rng.normal(0.0, 0.3, count)
    mean, variance = rng.normal(0.0, 0.3, count), rng.uniform(0.5, 1.5, count)
    return {"gamma": gamma, "beta": beta, "mean": mean, "variance": variance}


def reference(images: np.ndarray, layers: Layers, *, training: bool = False) -> np.ndarray:
    """The logits of table 2, in NumPy."""
    x, place = images.astype(float), 0
    for number in range(9):
        x = forward.convolve(x, layers[place]["kernel"], layers[place]["bias"])
        place += 1
        if place < len(layers) and "gamma" in layers[place]:
            weights = layers[place]
            place += 1
            x = (
                forward.normalise_batch(x, weights["gamma"], weights["beta"])
                if training
                else forward.normalise(x, **weights)
            )
        x = forward.relu(x) if number < 8 else x
        if number in (2, 5):
            x = forward.pool(x, 3, 2, np.max, same=True)
    return x.mean(axis=(1, 2))


def outputs(seed: int, images: np.ndarray, *, normalised: bool) -> Callable[[Any], Any]:
    """A measure: the student's network, with weights of ours, on images of ours."""

    def measure(value: Any) -> Any:
        model = borrow(value)
        set_weights_by_order(model, seed, biases=not normalised)
        facts = {"numbers in all kernels": kernel_weights(model), "logits": run(model, images)}
        if normalised:
            facts["logits in training"] = run(model, images, training=True)
        return facts

    return measure


WIDTH, CLASSES, SHAPE = 96, 10, (32, 32, 3)  # the defaults, of the paper


def case(rng: np.random.Generator, *, normalised: bool, **given: Any) -> Case:
    """``given``: what the call names; the other parameters keep their defaults."""
    width, classes, shape = (
        given.get("width", WIDTH),
        given.get("num_classes", CLASSES),
        given.get("input_shape", SHAPE),
    )
    images = rng.normal(size=(3, *shape)).astype(np.float32)
    seed = int(rng.integers(1 << 30))
    layers = reference_layers(width, classes, shape[-1], seed, normalised=normalised)
    expected = {
        "numbers in all kernels": int(sum(weights["kernel"].size for weights in layers if "kernel" in weights)),
        "logits": reference(images, layers).astype(np.float32),
    }
    if normalised:
        expected["logits in training"] = reference(images, layers, training=True).astype(np.float32)
    measure = outputs(seed, images, normalised=normalised)
    return Case((), expected, kwargs=given, measure=measure, tolerance=FLOAT32_SUMS)


def plain(rng: np.random.Generator) -> list[Case]:
    height, width = (int(n) for n in rng.permutation([10, 13]))
    return [
        case(rng, width=3, batch_norm=False, normalised=False),
        case(rng, width=2, num_classes=7, batch_norm=False, input_shape=(height, width, 1), normalised=False),
        case(rng, width=1, num_classes=1, batch_norm=False, input_shape=(6, 5, 2), normalised=False),
    ]


def normalised(rng: np.random.Generator) -> list[Case]:
    return [case(rng, width=2, num_classes=6, batch_norm=True, input_shape=(12, 9, 3), normalised=True)]


def defaults(rng: np.random.Generator) -> list[Case]:
    """The defaults are the paper's: 96 channels, ten classes, with BatchNormalization; run on small images only."""

    def measure(value: Any) -> Any:
        model = borrow(value)
        fixed = sum(int(np.prod(weight.shape)) for weight in model.non_trainable_weights)
        shapes = {"input shape": model.input_shape[1:], "output shape": model.output_shape[1:]}
        return {"numbers in all kernels": kernel_weights(model), "numbers that are not trained": fixed, **shapes}

    expected = {
        "numbers in all kernels": 1_368_480,
        "numbers that are not trained": 2 * (3 * WIDTH + 5 * 2 * WIDTH),
        "input shape": SHAPE,
        "output shape": (CLASSES,),
    }
    return [Case((), expected, measure=measure), case(rng, input_shape=(6, 5, 3), normalised=True)]


# ------------------------------------------------------------------------------------------------------------ learning


def held_out_accuracy(bench: Bench) -> float:
    """Train a narrow network for a few steps; one that is frozen, or whose weights begin at zero, stays far below."""
    images = bench.data("colour", train=1500, test=1500, size=16)
    model = fresh(bench.value(Case((8,), kwargs={"input_shape": (16, 16, 3)})), bench.rng)
    x_train, x_test = images.x_train / 127.5 - 1.0, images.x_test / 127.5 - 1.0
    fit(model, x_train, images.y_train, steps=240, batch_size=50, learning_rate=2e-3, rng=bench.rng)
    return accuracy(model, x_test, images.y_test)


LEARNS = Trial(
    "accuracy of a short training",
    held_out_accuracy,
    "held-out accuracy after 240 steps",
    images="colour",
    hint="the shapes are right, yet the network does not learn: look for a missing ReLU or a layer that is frozen",
    rejects=("frozen",),
)
