"""Hidden cases of the two networks: weights set by us, outputs compared with NumPy; then a training."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from assignments.a2_first_networks.checks import FLOAT32_SUMS, TWELVE_UNITS, TWO_FILTERS, computed, in_training
from autograder.course.chance import ChanceTest
from autograder.course.trials import Bench, Trial
from autograder.judge.training import accuracy, fit, fresh
from coursekit.checking import Case, Refused
from coursekit.probing import run
from solutions.shared.hidden import forward
from solutions.shared.hidden.chance import outside

Weights = list[np.ndarray]
MLP_DEFAULTS = (28, 28), 100, 10  # of the stubs: the images' shape, the hidden units or filters, the classes
CONVNET_DEFAULTS = (28, 28, 1), 20, 10
HINT = "the function is right but it does not learn: look at the initial weights, and at what is trainable"


def _drawn(rng: np.random.Generator, *shapes: tuple[int, ...]) -> Weights:
    """A kernel and a bias for each shape."""
    weights = []
    for shape in shapes:
        weights.append(rng.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape).astype(np.float32))
        weights.append(rng.normal(0, 0.3, shape[-1:]).astype(np.float32))
    return weights


def _dense(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    return np.einsum("nd,dk->nk", x.astype(float), kernel.astype(float)) + bias


def _case(args: tuple, shape: tuple, classes: int, weights: Weights, images: np.ndarray, logits: np.ndarray) -> Case:
    """``args`` is what the builder is called with; whatever they leave out keeps its default."""
    expected = {
        "parameters": sum(weight.size for weight in weights),
        "input shape": shape,
        "output shape": (classes,),
        "logits": logits.astype(np.float32),
    }
    return Case(args, expected, measure=partial(computed, weights=weights, images=images), tolerance=FLOAT32_SUMS)


# ----------------------------------------------------------------------------------------------------------- build_mlp


def mlp_case(rng: np.random.Generator, args: tuple) -> Case:
    shape, hidden, classes = (*args, *MLP_DEFAULTS[len(args) :])[:3]
    weights = _drawn(rng, (int(np.prod(shape)), hidden), (hidden, classes))
    images = rng.normal(size=(5, *shape)).astype(np.float32)
    h = forward.relu(_dense(images.reshape(5, -1), *weights[:2]))
    return _case(args, shape, classes, weights, images, _dense(h, *weights[2:]))


def mlp_function(rng: np.random.Generator) -> list[Case]:
    return [mlp_case(rng, args) for args in [((3, 5), 7, 4), ((4, 3, 2), 5, 1, 0.4), ((6,), 1, 3), ()]]


def mlp_dropout(rng: np.random.Generator) -> list[Case]:
    """Without a rate, and with one of 0 as a whole number, nothing is dropped."""
    rates: list[tuple[float, ...]] = [(), (0,), (float(rng.choice([0.2, 0.35, 0.4])),), (0.6,)]
    return [_dropout_case((3, 4), rate, TWELVE_UNITS, 2000, _one_dropout(*rate)) for rate in rates]


def _one_dropout(rate: float = 0.0) -> dict[float, float]:
    """Hidden units of 2, dropped with the rate; each logit is its unit + 1."""
    return {1.0: rate, 2.0 / (1.0 - rate) + 1.0: 1.0 - rate} if rate else {3.0: 1.0}


def _dropout_case(
    shape: tuple[int, ...],
    rate: tuple[float, ...],
    weights: Any,
    count: int,
    occurs: dict[float, float],
    grid: float = 0.05,
) -> Case:
    """``rate`` holds the rate, or nothing where the builder's default counts."""
    units = 12 if len(shape) == 2 else 2
    shares = {number: round(part / grid) * grid for number, part in sorted(occurs.items())}
    text = ", ".join(f"{round(n, 2):g} in {100 * part:.0f} %" for n, part in shares.items() if part)
    expected = {
        "parameters": sum(weight.size for weight in weights),
        "logits at test time": "3 in 100 %",
        "logits in training": text,
    }
    images = np.ones((count, *shape), np.float32)
    measure = partial(in_training, weights=weights, images=images, grid=grid)
    return Case((shape, units, 12, *rate), expected, measure=measure)


# ------------------------------------------------------------------------------------------------------- build_convnet


def convnet_case(rng: np.random.Generator, args: tuple, count: int = 4) -> Case:
    shape, filters, classes = (*args, *CONVNET_DEFAULTS[len(args) :])[:3]
    features = shape[0] // 4 * (shape[1] // 4) * filters
    kernels = [(3, 3, shape[2], filters), (3, 3, filters, filters), (features, classes)]
    weights = _drawn(rng, *kernels)
    images = x = rng.normal(size=(count, *shape)).astype(np.float32)
    for block in (0, 2):
        x = forward.pool(forward.relu(forward.convolve(x, *weights[block : block + 2])), 2, 2, np.max, same=False)
    return _case(args, shape, classes, weights, images, _dense(x.reshape(count, -1), *weights[4:]))


def convnet_function(rng: np.random.Generator) -> list[Case]:
    named = [convnet_case(rng, args) for args in [((8, 12, 1), 3, 4), ((12, 4, 2), 4, 1, 0.4)]]
    return [*named, convnet_case(rng, (), count=2)]


def convnet_dropout(rng: np.random.Generator) -> list[Case]:
    """Without a rate, and with one of 0 as a whole number, nothing is dropped."""
    rates: list[tuple[float, ...]] = [(), (0,), (float(rng.choice([0.1, 0.3])),), (0.5,)]
    return [_dropout_case((8, 12, 1), rate, TWO_FILTERS, 3000, _two_dropouts(*rate), grid=0.1) for rate in rates]


def _two_dropouts(rate: float = 0.0) -> dict[float, float]:
    """After block 1: 0 or s = 1 / (1 - rate). Block 2: the largest of four values of 3 or 3 - s, dropped again."""
    s = 1.0 / (1.0 - rate)
    all_kept = (1.0 - rate) ** 4
    occurs = {1.0 + s * (3.0 - s): (1.0 - rate) * all_kept, 1.0 + s * 3.0: (1.0 - rate) * (1.0 - all_kept)}
    return {1.0: rate, **occurs} if rate else {3.0: 1.0}


# ------------------------------------------------------------------------------------------------------------ training


def _standardized(images: np.ndarray) -> np.ndarray:
    """Every image with mean 0 and standard deviation 1."""
    axes = (1, 2, 3)
    return (images - images.mean(axes, keepdims=True)) / images.std(axes, keepdims=True)


def learns(*args: Any, train: int, steps: int, learning_rate: float) -> Callable[[Bench], float]:
    """Held-out accuracy of a network with dropout and its own initial weights, on images of 14 x 14 pixels.

    Args:
        args: what the builder is called with, the images' shape first.
    """

    def measure(bench: Bench) -> float:
        images = bench.data("grey", train=train, test=4000, size=14)
        x, x_test = (_standardized(part).reshape(-1, *args[0]) for part in (images.x_train, images.x_test))
        model = fresh(bench.value(Case(args, kwargs={"dropout": 0.25})), bench.rng)
        fit(model, x, images.y_train, steps=steps, batch_size=64, learning_rate=learning_rate, rng=bench.rng)
        _check_outputs(run(model, x_test[:50]), run(model, x_test[:50]))
        return accuracy(model, x_test, images.y_test)

    return measure


def _check_outputs(once: np.ndarray, again: np.ndarray) -> None:
    """Mistakes that training forgives: they show in the outputs, hardly in the accuracy."""
    if not np.allclose(once, again, rtol=1e-3, atol=1e-4):
        raise Refused("two calls of the trained model disagree: dropout must stop at test time")
    if once.min() >= 0 and np.allclose(once.sum(axis=1), 1, atol=1e-3):
        raise Refused("the trained model returns probabilities; expected logits, which the loss turns into them")


MLP_LEARNS = Trial(
    "learns when we train it",
    # Of a hundred hidden units, frozen ones do nearly as well as trained ones.
    learns((14, 14), 16, train=3000, steps=1500, learning_rate=2e-3),
    "held-out accuracy",
    images="grey",
    hint=HINT,
    rejects=("softmax_output", "dropout_always_on"),
)
CONVNET_LEARNS = Trial(
    "learns when we train it",
    learns((14, 14, 1), train=2000, steps=800, learning_rate=3e-3),
    "held-out accuracy",
    images="grey",
    hint=HINT,
    rejects=("softmax_output", "dropout_always_on"),
)


# ---------------------------------------------------------------------------------------- how often an honest one fails


def _mlp_alarm() -> float:
    """Shares of 2,000 x 12 units are told to the nearest 5 %; the two rates at which they vary most."""
    return 2 * outside(24000, 0.4, 600)


def _convnet_alarm() -> float:
    """Shares of 3,000 x 12 units are told to the nearest 10 %, and are not in the middle between two of them."""
    return sum(
        outside(36000, part, 36000 * (0.05 - abs(part - round(part / 0.1) * 0.1)))
        for rate in (0.1, 0.3, 0.5)
        for part in _two_dropouts(rate).values()
    )


CHANCES = (
    ChanceTest("build_mlp", "drops hidden units, in training alone", "the shares of what units give", _mlp_alarm),
    ChanceTest(
        "build_convnet", "drops after each pooling, in training alone", "the shares of what units give", _convnet_alarm
    ),
)
