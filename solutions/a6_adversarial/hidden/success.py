"""Accuracy items of a6: the student's attacks on a network that we train on the course's images.

What counts is the image that comes back, never what the attack says of it: our own copy of the network classifies it,
and range and distance are measured on the pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.course.trials import Bench, Trial
from autograder.judge.training import fit, logits
from coursekit.checking import Case, Refused
from coursekit.models.networks import Network

SIZE = 14  # pixels: 28 by 28, pooled
SLACK = 1e-5  # roundings of float32 at the ends of the range
IMAGES = 20


def _victim(bench: Bench) -> tuple[Any, np.ndarray, np.ndarray]:
    """A trained network for intensities in [0, 1], and held-out images that it classifies correctly, with classes."""
    import keras  # noqa: PLC0415 - only a trial needs it
    from keras import layers  # noqa: PLC0415

    data = bench.data("grey", train=1500, test=300, size=SIZE)
    keras.utils.set_random_seed(int(bench.rng.integers(1 << 31)))
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 1)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.25),
            layers.Dense(10),
        ]
    )
    fit(model, data.x_train / 255, data.y_train, steps=400, batch_size=50, learning_rate=3e-3, rng=bench.rng)
    x = (data.x_test / 255).astype(np.float32)
    right = np.flatnonzero(logits(model, x).argmax(axis=1) == data.y_test)
    return model, x[right[:IMAGES]], data.y_test[right[:IMAGES]]


def _adversarial(bench: Bench, case: Case, shape: tuple[int, ...]) -> np.ndarray:
    """The image that the student's attack returns."""
    result = bench.value(case)
    image = result.get("x_adv") if isinstance(result, dict) else None
    if not isinstance(image, np.ndarray) or image.shape != shape or image.dtype.kind != "f":
        raise Refused(f"the attack must return a dict with a floating-point image x_adv of shape {shape}")
    return image


def _inside(image: np.ndarray) -> bool:
    return bool(np.all((image >= -SLACK) & (image <= 1 + SLACK)))  # False for nan


def _probabilities(model: Any, image: np.ndarray) -> np.ndarray:
    z = logits(model, image.astype(np.float32))[0].astype(float)
    e = np.exp(z - z.max())
    return e / e.sum()


def _rate(bench: Bench, attack: Callable[[Network, np.ndarray, int], tuple[Case, Callable[..., bool]]]) -> float:
    """The fraction of images on which an attack reaches its goal."""
    model, images, classes = _victim(bench)
    network = Network.of(model, "a trained network")
    reached = 0
    for image, y in zip(images, classes):
        x = image[None]
        case, goal = attack(network, x, int(y))
        found = _adversarial(bench, case, x.shape)
        reached += _inside(found) and goal(found, _probabilities(model, found))
    return reached / max(len(images), 1)


def fgsm_success(bench: Bench) -> float:
    """Untargeted: a wrong class with 70 %, no pixel changed by more than 0.5."""

    def attack(network: Network, x: np.ndarray, y: int) -> tuple[Case, Callable[..., bool]]:
        def goal(found: np.ndarray, p: np.ndarray) -> bool:
            return bool(p.argmax() != y and p.max() > 0.69 and np.max(np.abs(found - x)) <= 0.5)

        rule = {"confidence": 0.7, "max_iter": 30}
        return Case((network, x, y, 0.02, 0.0, 1.0), kwargs=rule), goal

    return _rate(bench, attack)


def targeted_success(bench: Bench) -> float:
    """Targeted: a drawn class with 80 %, the pixels changed by no more than 0.15 on average."""

    def attack(network: Network, x: np.ndarray, y: int) -> tuple[Case, Callable[..., bool]]:
        target = int((y + bench.rng.integers(1, 10)) % 10)

        def goal(found: np.ndarray, p: np.ndarray) -> bool:
            return bool(p[target] > 0.79 and np.mean(np.abs(found - x)) <= 0.15)

        rule = {"lr": 0.05, "stop": 0.8, "max_iter": 60}
        return Case((network, x, target), kwargs=rule), goal

    return _rate(bench, attack)


ITERATED_FGSM = Trial(
    "success on a trained network",
    fgsm_success,
    "fraction of images on which the attack succeeds",
    "grey",
    rejects=(
        "descends",
        "noise_of_the_same_size",
        "predicted_class",
        "fixed_number_of_steps",
        "returns_the_perturbation",
    ),
)
TARGETED_ATTACK = Trial(
    "success on a trained network",
    targeted_success,
    "fraction of images on which the attack succeeds",
    "grey",
    rejects=(
        "ascends",
        "fixed_rate",
        "always_one_step_from_the_original",
        "returns_the_perturbation",
    ),
)
