"""The attacked images that Penn's 3.1 shows and 3.2 carries over to other networks: one unit of work for both rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from autograder.course.experiments import Result, Scale, Unit, Work
from solutions.experiments.attacking import sign_walk
from solutions.experiments.preparing import prepare
from solutions.experiments.recipes import other_network, table_1
from solutions.experiments.training import Training, predict, trained

NAME = "sign images"
SOURCE, RETRAINED, OTHER = "the attacked network", "the same, trained again", "the all-conv network"
CHUNK = 100  # images attacked at once


@dataclass(frozen=True)
class Fooling:
    """Iterated sign images for the first ``images`` held-out images that the source has right.

    Args:
        source, other: trainings of the attacked network (twice, with two seeds) and of the other one.
        images: to attack.
        eps, confidence, max_steps: see ``sign_walk``; intensities from 0 to 1.
    """

    source: Training
    other: Training
    images: int
    eps: float
    confidence: float
    max_steps: int


SIZES: dict[Scale, tuple[int, int, float]] = {
    "smoke": (40, 3, 0.02),
    "laptop": (2000, 60, 0.004),  # a network after 340 steps is sure of nothing: it takes more to make it so
    "full": (5000, 100, 0.00075),  # the homework's .003, in units of an image's deviation, which is about a quarter
}  # images, most steps, eps


def fooling(scale: Scale) -> list[Unit]:
    """The attack, after the trainings that it needs."""
    images, most, eps = SIZES[scale]
    sources = table_1(scale, ["1.4 + flip and crop"], seeds=(0, 1))
    other = other_network(scale)
    needs = (*sources, other)
    recipe = Fooling(sources[0].recipe, other.recipe, images, eps, 0.99, most)
    seconds = 10 + images * most * 0.0017
    return [*needs, Unit(NAME, run, recipe, 0, sources[0].images, needs, seconds=seconds, steps=most)]


def run(recipe: Fooling, data: Any, seed: int, work: Work) -> Result:
    """Attack, then ask three networks about clean, noisy and attacked images; all of them take raw images.

    Returns:
        values: what ``sign_walk`` finds for each image, and its ``label``. arrays: the images that 3.1 shows,
        ``clean``, ``noisy``, ``attacked``; ``predictions`` (sets, networks, images) of all.
    """
    source, again = (trained(recipe.source, result, number) for number, result in enumerate(work.given[:2]))
    other = trained(recipe.other, work.given[2], 0)

    def network(images: Any) -> Any:
        mean = keras.ops.mean(images, axis=(1, 2, 3), keepdims=True)
        deviation = keras.ops.std(images, axis=(1, 2, 3), keepdims=True)
        return source((images - mean) / keras.ops.maximum(deviation, 1e-6), training=False)

    side = recipe.source.side
    right = predict(source, prepare(data.x_test, "standardised", side)).argmax(axis=1) == data.y_test
    chosen = np.flatnonzero(right)[: recipe.images]
    clean, labels = prepare(data.x_test[chosen], "unit", side), data.y_test[chosen]
    found, attacked = _attack(network, clean, labels, recipe, work)
    signs = np.random.default_rng([seed, 31]).choice([-1.0, 1.0], clean.shape)
    noisy = np.clip(clean + signs * np.abs(attacked - clean), 0, 1).astype("float32")  # L∞ and L1 of the attack's
    predictors = [(source, recipe.source), (again, recipe.source), (other, recipe.other)]
    predictions = [[_classes(*one, images) for one in predictors] for images in (clean, noisy, attacked)]
    shown = twenty(labels, found["success"])
    return Result(
        {**found, "label": labels.tolist(), "classes": list(data.classes), "shown": shown},
        {
            "clean": clean[shown],
            "noisy": noisy[shown],
            "attacked": attacked[shown],
            "predictions": np.array(predictions, np.int8),
        },
    )


def twenty(labels: np.ndarray, success: list[bool]) -> list[int]:
    """Two images of each class, those that an attack fooled first; fewer where there are no more."""
    places = [sorted(np.flatnonzero(labels == k).tolist(), key=lambda i: not success[i])[:2] for k in range(10)]
    return [int(i) for two in places for i in two]


def _attack(
    network: Any, clean: np.ndarray, labels: np.ndarray, recipe: Fooling, work: Work
) -> tuple[dict[str, Any], np.ndarray]:
    """``sign_walk`` on a hundred images at a time, each hundred saved when it is done."""
    found: dict[str, Any] = {"steps": [], "probability": [], "class": [], "success": []}
    attacked = np.empty_like(clean)
    begin = 0
    if (saved := work.saved()) is not None:
        found, begin = dict(saved.values["found"]), saved.values["begin"]
        attacked[:begin] = saved.arrays["attacked"]
    for start in range(begin, len(clean), CHUNK):
        part = slice(start, start + CHUNK)
        walked = sign_walk(
            *(network, clean[part], labels[part], _Quiet()),
            eps=recipe.eps,
            confidence=recipe.confidence,
            max_steps=recipe.max_steps,
        )
        attacked[part] = walked.arrays["images"]
        found = {name: [*values, *walked.values[name]] for name, values in found.items()}
        end = min(start + CHUNK, len(clean))
        work.tell(end / len(clean))
        work.save(lambda: Result({"found": found, "begin": end}, {"attacked": attacked[:end]}))  # noqa: B023
    return found, attacked


class _Quiet:
    """The work of a hundred images, too short to be saved."""

    given: Sequence[Result] = ()

    def saved(self) -> Result | None:
        return None

    def save(self, state: Any) -> None:
        pass

    def tell(self, share: float) -> None:
        pass


def _classes(model: Any, recipe: Training, images: np.ndarray) -> np.ndarray:
    """What a network makes of images in [0, 1], with its own preparation."""
    return predict(model, prepare(255 * images, recipe.preparation, recipe.side)).argmax(axis=1)
