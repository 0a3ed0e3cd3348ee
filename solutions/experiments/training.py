"""One training, from its recipe to its curves; it goes on where it was killed, with the same numbers.

Every random number of a step follows from the seed and the step's own number, and dropout's generators are saved with
the weights and the optimiser's state: a training that was interrupted gives what an undisturbed one gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from autograder.course.experiments import Images, Result, Unit, Work
from solutions.a2_first_networks.solution import evaluate_batched
from solutions.experiments.gradients import copied, kernel_gradients
from solutions.experiments.networks import build, first_and_last
from solutions.experiments.preparing import augment, prepare

PROBED_AT = (0, 20, 100)  # steps at which the course's table shows the gradient; and at the last
PROBED_ON = 100  # images for one measurement of a gradient
ENDS_ON = 2000  # training images that are classified at the end, without augmentation


@dataclass(frozen=True)
class Training:
    """Everything that decides a training, but for data and seed.

    Args:
        network, width, side, dropout, initialiser: see ``networks.build``.
        preparation, augmentation: see ``preparing``.
        steps, batch: how many steps of how many images.
        rate, last_rate: Adam's learning rate; it falls geometrically in twenty stages where the last one is another.
        with_replacement: batches of random images, in place of passes through the training set.
        measurements: how many times the curves are measured.
        measured_on: how many training and how many held-out images the curves are measured on.
        probed: whether the gradient of the first and the last convolution is measured, too.
    """

    network: str
    steps: int
    batch: int
    width: int = 0
    side: int = 32
    dropout: float = 0.0
    initialiser: str = "own"
    preparation: str = "standardised"
    augmentation: tuple[str, ...] = ()
    rate: float = 1e-3
    last_rate: float = 1e-3
    with_replacement: bool = False
    measurements: int = 20
    measured_on: int = 1000
    probed: bool = False


def training(name: str, recipe: Training, seed: int, images: Images, seconds_per_step: float) -> Unit:
    """The unit of work of a training."""
    begin = 16 if recipe.probed else 4  # Keras compiles two functions of a deep network
    classified = 2 * recipe.measurements * recipe.measured_on + images.held_out + ENDS_ON
    forward = classified / (3 * recipe.batch)  # in steps: two thirds of a step are its way back
    probes = recipe.probed * recipe.measurements * PROBED_ON / recipe.batch
    seconds = begin + (recipe.steps + forward + probes) * seconds_per_step
    return Unit(name, train, recipe, seed, images, seconds=seconds, steps=recipe.steps)


def train(recipe: Training, data: Any, seed: int, work: Work) -> Result:
    """Train, measuring now and then, and classify all held-out images at the end.

    Returns:
        values: ``curves``, lists by name, with ``step`` among them; ``gradients`` likewise where the recipe asks for
        them; ``train`` and ``test``, loss and accuracy at the end. arrays: ``right``, which held-out images were
        classified rightly, and the weights, ``weight 0`` and so on.
    """
    model = build(recipe.network, recipe.width, recipe.side, recipe.dropout, recipe.initialiser, seed)
    model.compile(keras.optimizers.Adam(recipe.rate), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.optimizer.build(model.trainable_variables)
    x, x_test = (prepare(images, recipe.preparation, recipe.side) for images in (data.x_train, data.x_test))
    y, y_test = data.y_train, data.y_test
    few = recipe.measured_on
    sets = {"train": (x[:few], y[:few]), "test": (x_test[:few], y_test[:few])}
    probe = kernel_gradients(model, first_and_last(model)) if recipe.probed else None
    curves: dict[str, list[float]] = {"step": []}
    gradients: dict[str, list[float]] = {"step": []}
    saved, begin = work.saved(), 0
    if saved is not None:
        begin, curves, gradients = (saved.values[name] for name in ("step", "curves", "gradients"))
        _put(saved, model)
    stage = max(1, recipe.steps // 20)
    every = max(1, recipe.steps // recipe.measurements)
    for step in range(begin, recipe.steps + 1):
        last = step == recipe.steps
        if step > begin or saved is None:
            if step % every == 0 or last:
                _measure(curves, step, model, sets)
            if probe and (step % every == 0 or step in PROBED_AT or last):
                found = probe(x[:PROBED_ON], y[:PROBED_ON])
                _add(gradients, step=step, **{n: float(np.abs(g).max()) for n, g in zip(("first", "last"), found)})
            work.save(lambda: _state(model, step=step, curves=curves, gradients=gradients))  # noqa: B023 - asked at once
        if last:
            break
        if step % stage == 0 and recipe.last_rate != recipe.rate:
            share = min(19, step // stage) / 19
            model.optimizer.learning_rate = recipe.rate * (recipe.last_rate / recipe.rate) ** share
        images, labels = _batch(recipe, x, y, seed, step)
        model.train_on_batch(images, labels)
        work.tell((step + 1) / recipe.steps)
    known = dict(zip(("loss", "accuracy"), evaluate(model, x[:ENDS_ON], y[:ENDS_ON])))
    return _finished(model, curves, gradients, known, x_test, y_test)


def evaluate(model: Any, images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Mean loss and accuracy of a network on prepared images, dropout off."""
    loss, accuracy = evaluate_batched(lambda batch: model.predict_on_batch(batch), images, labels, 500)
    return float(loss), float(accuracy)


def trained(recipe: Training, result: Result, seed: int) -> Any:
    """The network that a finished training left."""
    model = build(recipe.network, recipe.width, recipe.side, recipe.dropout, recipe.initialiser, seed)
    model.set_weights([result.arrays[f"weight {i}"] for i in range(len(model.weights))])
    return model


def predict(model: Any, images: np.ndarray) -> np.ndarray:
    """Logits of prepared images: float32 (n, 10)."""
    starts = range(0, len(images), 500)
    return np.concatenate([np.asarray(model.predict_on_batch(images[i : i + 500])) for i in starts])


def _finished(
    model: Any,
    curves: dict[str, list[float]],
    gradients: dict[str, list[float]],
    known: dict[str, float],
    x: np.ndarray,
    y: np.ndarray,
) -> Result:
    logits = predict(model, x)
    right = logits.argmax(axis=1) == y
    loss, accuracy = evaluate_batched(lambda indices: logits[indices], np.arange(len(y)), y, 500)
    values = {
        "curves": curves,
        "gradients": gradients,
        "train": known,
        "test": {"loss": float(loss), "accuracy": float(accuracy)},
        "parameters": int(model.count_params()),
    }
    weights = {f"weight {i}": copied(weight) for i, weight in enumerate(model.weights)}
    return Result(values, {"right": right.astype(np.uint8), **weights})


def _measure(curves: dict[str, list[float]], step: int, model: Any, sets: dict[str, Any]) -> None:
    found = {name: evaluate(model, *images) for name, images in sets.items()}
    losses = {f"{name} loss": loss for name, (loss, _) in found.items()}
    _add(curves, step=step, **losses, **{f"{name} accuracy": accuracy for name, (_, accuracy) in found.items()})


def _add(curves: dict[str, list[float]], **values: float) -> None:
    for name, value in values.items():
        curves.setdefault(name, []).append(value)


def _batch(recipe: Training, x: np.ndarray, y: np.ndarray, seed: int, step: int) -> tuple[np.ndarray, np.ndarray]:
    """The images of one step, augmented: they follow from seed and step alone."""
    rng = np.random.default_rng([seed, 1, step])
    if recipe.with_replacement:
        chosen = rng.integers(0, len(x), recipe.batch)
    else:
        each = max(1, len(x) // recipe.batch)  # steps of one pass
        order = np.random.default_rng([seed, 2, step // each]).permutation(len(x))
        chosen = order[step % each * recipe.batch :][: recipe.batch]
    return augment(x[chosen], recipe.augmentation, rng), y[chosen]


def _variables(model: Any) -> Sequence[Any]:
    return [*model.variables, *model.optimizer.variables]


def _state(model: Any, **values: Any) -> Result:
    return Result(values, {f"variable {i}": copied(v) for i, v in enumerate(_variables(model))})


def _put(saved: Result, model: Any) -> None:
    for i, variable in enumerate(_variables(model)):
        variable.assign(saved.arrays[f"variable {i}"])
