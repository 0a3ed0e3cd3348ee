"""HUJI 2.5, figure 7: descent to a class of one's choice; the price as a mean, as in the code, or as a sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.course.experiments import Claim, Figure, Number, Result, Results, Row, Scale, Summary, Unit, Work
from solutions.experiments.attacking import mean_change, sum_change, targeted
from solutions.experiments.drawing import new, picture
from solutions.experiments.intervals import wilson
from solutions.experiments.preparing import prepare
from solutions.experiments.recipes import first_networks
from solutions.experiments.training import Training, predict, trained

CHANGES = {"mean": mean_change, "sum": sum_change}
TRIPTYCHS = 3


@dataclass(frozen=True)
class Targeted:
    """The homework's attack on ``images`` training images, each to a wrong class drawn at random."""

    training: Training
    price: str
    images: int
    rate: float
    stop: float
    max_steps: int


ATTACKS: dict[Scale, tuple[int, float, int]] = {  # images, rate, most steps
    "smoke": (6, 0.5, 6),
    "laptop": (20, 0.001, 6000),
    "full": (20, 0.001, 10_000),
}


def units(scale: Scale) -> list[Unit]:
    count, rate, most = ATTACKS[scale]
    name = "ConvNet with dropout 0.25"
    source = next(unit for unit in first_networks(scale, 0.25) if unit.name == name)
    attacks = [
        Unit(
            f"targeted, {price} of the change",
            run,
            Targeted(source.recipe, price, count, rate, 0.95, most),
            0,
            source.images,
            (source,),
            seconds=5 + 0.016 * most,
            steps=most,
        )
        for price in CHANGES
    ]
    return [source, *attacks]


def run(recipe: Targeted, data: Any, seed: int, work: Work) -> Result:
    model = trained(recipe.training, work.given[0], seed)
    x, y = prepare(data.x_train, "unit", 28), data.y_train
    right = np.flatnonzero(predict(model, x[:1000]).argmax(axis=1) == y[:1000])
    rng = np.random.default_rng([seed, 25])
    chosen = rng.choice(right if len(right) >= recipe.images else len(x), recipe.images, replace=False)
    targets = (y[chosen] + rng.integers(1, 10, len(chosen))) % 10
    before = _chances(predict(model, x[chosen]))[np.arange(len(chosen)), y[chosen]]
    found = targeted(
        *(lambda images: model(images, training=False), x[chosen], targets, CHANGES[recipe.price], work),
        rate=recipe.rate,
        stop=recipe.stop,
        max_steps=recipe.max_steps,
    )
    names = {"from": [data.classes[k] for k in y[chosen]], "to": [data.classes[k] for k in targets]}
    return Result({**found.values, **names, "before": before.tolist()}, {"before": x[chosen], **found.arrays})


def _chances(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def summarise(results: Results) -> Summary:
    numbers: list[Number] = []
    rates = {}
    for price in CHANGES:
        (result,) = results[f"targeted, {price} of the change"]
        success = np.array(result.values["success"])
        rates[price] = int(success.sum()), len(success)
        low, high = wilson(*rates[price])
        report = "3 shown, all reach .95" if price == "mean" else ""
        by = f"{rates[price][0]} of {rates[price][1]} images, Wilson"
        numbers.append(
            Number(f"success, {price} of |x - x₀|", report, rates[price][0] / len(success), low, high, "%", by)
        )
        steps = np.array(result.values["steps"])[success]
        if len(steps):
            low, high = np.quantile(steps, (0.025, 0.975))
            by = "of those that arrived; the range holds 95 % of them"
            numbers.append(
                Number(f"median steps, {price}", "at most 10,000", float(np.median(steps)), low, high, "", by)
            )
    hits, n = rates["mean"]
    return Summary(
        tuple(numbers),
        (
            Claim("with the mean at least 19 of 20 attacks reach the target", hits >= 0.95 * n),
            Claim("with the sum fewer do", rates["sum"][0] < hits),
        ),
        "The report writes 'ℓ1-norm', its code takes the mean: with 784 pixels the sum is 784 times as dear, and "
        "the walk stalls. Ours stays within [0, 1]; the homework's image could leave it.",
    )


def draw(results: Results) -> Sequence[Figure]:
    (result,) = results["targeted, mean of the change"]
    values, before, after = result.values, result.arrays["before"], result.arrays["images"]
    arrived = [i for i, success in enumerate(values["success"]) if success] or list(range(len(before)))
    figure, grid = new("Down the loss to a class of our choice", TRIPTYCHS, 3, (8.0, 8.0))
    for axes, i in zip(grid, (arrived * TRIPTYCHS)[:TRIPTYCHS]):
        change = after[i] - before[i]
        picture(axes[0], before[i], f"{values['from'][i]}, p = {values['before'][i]:.3f}")
        reached = f"{values['to'][i]}, p = {values['probability'][i]:.3f}"
        picture(axes[1], after[i], reached if values["success"][i] else f"{values['to'][i]}: not reached")
        drawn = picture(axes[2], change, f"L∞ {np.abs(change).max():.2f}, mean {np.abs(change).mean():.4f}", 0.5)
    figure.colorbar(drawn, ax=list(grid.flat), shrink=0.5, label="change of intensity", extend="both")
    alt = "Three rows: an image, what the attack made of it, and the difference, white where nothing changed."
    return [Figure("targeted", alt, figure)]


ROW = Row("targeted", "Targeted attack", "HUJI APML exercise 1, 2.5 and figure 7", units, summarise, draw)
