"""Attacks on many images at once: what the reference solutions of a6 do to one image at a time, in fewer calls.

The loss is the sum over the images, so that each gets the gradient that it has alone; who has arrived stays where he
is. A test compares both attacks with ``iterated_fgsm`` and ``targeted_attack``, image by image.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from autograder.course.experiments import Result, Work
from solutions.experiments.gradients import cross_entropy, image_gradient

Network = Callable[[Any], Any]  # images as the attacker changes them -> logits; both tensors
LAMBDA = 0.05  # the price of the change, HUJI APML exercise 1, 2.5
Sums = Callable[[Any, Any], Any]  # images, originals -> the change of each image, or its price, added up


def mean_change(images: Any, originals: Any) -> Any:
    """The mean absolute change of each image, added up over the images: what the homework's code computes."""
    return keras.ops.sum(keras.ops.mean(keras.ops.abs(images - originals), axis=(1, 2, 3)))


def sum_change(images: Any, originals: Any) -> Any:
    """The sum of absolute changes: what the homework's report says."""
    return keras.ops.sum(keras.ops.abs(images - originals))


def targeted(
    network: Network,
    images: np.ndarray,
    targets: np.ndarray,
    change: Sums,
    work: Work,
    *,
    rate: float,
    stop: float,
    max_steps: int,
    clipped: bool = True,
) -> Result:
    """Descend to a class of one's choice, for the price of ``LAMBDA`` times the change.

    Args:
        network: images in [0, 1] to logits.
        images: float32 (n, height, width, channels).
        targets: int (n,).
        rate: of the plain descent.
        stop: an image has arrived when its target is more likely than this.
        clipped: whether images stay in [0, 1]; the homework's did not.

    Returns:
        values: ``steps``, ``probability``, ``success``, a list each. arrays: ``images``.
    """

    def loss(x: Any, start: Any, labels: Any) -> Any:
        return keras.ops.sum(cross_entropy(labels, network(x))) + LAMBDA * change(x, start)

    gradient = image_gradient(loss)

    def step(x: np.ndarray) -> np.ndarray:
        moved = x - rate * gradient(x, images, targets)
        return np.clip(moved, 0.0, 1.0).astype("float32") if clipped else moved.astype("float32")

    def arrived(chances: np.ndarray) -> np.ndarray:
        return chances[np.arange(len(targets)), targets] > stop

    return _walk(network, images, step, arrived, max_steps, work)


def sign_walk(
    network: Network,
    images: np.ndarray,
    labels: np.ndarray,
    work: Work,
    *,
    eps: float,
    confidence: float,
    max_steps: int,
) -> Result:
    """Walk up the loss of the true class by steps of the same size in every pixel, until a wrong class is sure.

    Args:
        network: images in [0, 1] to logits.
        images: float32 (n, height, width, channels).
        labels: int (n,), the true classes.
        eps: of one step.
        confidence: of a wrong class, at which an image has arrived.

    Returns:
        As ``targeted``; ``probability`` is that of the most likely class, ``class``.
    """
    from solutions.a6_adversarial.solution import fgsm_step  # noqa: PLC0415 - it imports TensorFlow

    gradient = image_gradient(lambda x, true: keras.ops.sum(cross_entropy(true, network(x))))

    def step(x: np.ndarray) -> np.ndarray:
        return fgsm_step(x, gradient(x, labels), eps, 0.0, 1.0)

    def arrived(chances: np.ndarray) -> np.ndarray:
        return (chances.argmax(axis=1) != labels) & (chances.max(axis=1) >= confidence)

    return _walk(network, images, step, arrived, max_steps, work)


def chances_of(network: Network) -> Callable[[np.ndarray], np.ndarray]:
    """The softmax of a network, as a compiled function of images."""
    inputs = None

    def probabilities(images: np.ndarray) -> np.ndarray:
        nonlocal inputs
        if inputs is None:
            given = keras.Input(images.shape[1:])
            inputs = keras.Model(given, keras.layers.Softmax()(network(given)))
        return np.asarray(inputs.predict_on_batch(images))

    return probabilities


def _walk(
    network: Network,
    images: np.ndarray,
    step: Callable[[np.ndarray], np.ndarray],
    arrived: Callable[[np.ndarray], np.ndarray],
    max_steps: int,
    work: Work,
) -> Result:
    chances = chances_of(network)
    x, steps, begin = images.copy(), np.zeros(len(images), int), 0
    if (saved := work.saved()) is not None:
        x, steps, begin = saved.arrays["images"], saved.arrays["steps"], saved.values["step"]
    now = chances(x)
    done = arrived(now)
    for number in range(begin, max_steps):
        if done.all():
            break
        moved = step(x)
        x = np.where(done[:, None, None, None], x, moved)
        steps = steps + ~done
        now = chances(x)
        done = done | arrived(now)
        work.tell((number + 1) / max_steps)
        work.save(lambda: Result({"step": number + 1}, {"images": x, "steps": steps}))  # noqa: B023 - asked at once
    return Result(
        {
            "steps": steps.tolist(),
            "probability": now.max(axis=1).astype(float).tolist(),
            "class": now.argmax(axis=1).tolist(),
            "success": done.tolist(),
        },
        {"images": x},
    )
