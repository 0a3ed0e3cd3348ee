"""The trainings of the rows at each scale: rows that need the same training name the same unit, and it is done once.

``full`` has the homeworks' own sizes. ``laptop`` was chosen by the measured cost of a step (``cost``), so that all of
it fits into forty minutes on two cores. ``smoke`` shows that everything runs, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from autograder.course.experiments import Images, Scale, Unit
from solutions.experiments.training import Training, training


@dataclass(frozen=True)
class Sizes:
    """How large the experiments of a scale are.

    Args:
        grey_seeds: of HUJI 2.2 to 2.4; seeds of Penn's task 1, whose controls have one.
        grey, colour: images to train on and held out.
        mlp_steps, convnet_steps: of HUJI 2.2 to 2.4.
        table_steps: of Penn's task 1.
        conv: of Penn's 2.1: steps, side of the images, and the two widths that are compared.
        deep: of Penn's 2.2 to 2.4: steps, side, width, batch.
        measured_on: images for each point of a curve.
    """

    grey_seeds: int
    seeds: int
    grey: Images
    colour: Images
    mlp_steps: int
    convnet_steps: int
    hidden: int
    filters: int
    table_steps: int
    table_batch: int
    conv_steps: int
    conv_side: int
    conv_widths: tuple[int, int]
    conv_seeds: int
    deep_steps: int
    deep_side: int
    deep_width: int
    deep_batch: int
    deep_seeds: int
    measured_on: int
    measurements: int


SIZES: dict[Scale, Sizes] = {
    "smoke": Sizes(
        grey_seeds=2,
        seeds=2,
        grey=Images("grey", 300, 200),
        colour=Images("colour", 200, 200),
        mlp_steps=20,
        convnet_steps=8,
        hidden=20,
        filters=4,
        table_steps=4,
        table_batch=16,
        conv_steps=4,
        conv_side=16,
        conv_widths=(4, 6),
        conv_seeds=1,
        deep_steps=3,
        deep_side=8,
        deep_width=3,
        deep_batch=8,
        deep_seeds=1,
        measured_on=100,
        measurements=2,
    ),
    "laptop": Sizes(
        grey_seeds=5,
        seeds=3,
        grey=Images("grey", 1000, 4000),
        colour=Images("colour", 10000, 4000),
        mlp_steps=4000,
        convnet_steps=1500,
        hidden=100,
        filters=20,
        table_steps=340,
        table_batch=100,
        conv_steps=400,
        conv_side=16,
        conv_widths=(16, 24),
        conv_seeds=3,
        deep_steps=400,
        deep_side=8,
        deep_width=16,
        deep_batch=64,
        deep_seeds=3,
        measured_on=400,
        measurements=12,
    ),
    "full": Sizes(
        grey_seeds=3,
        seeds=3,
        grey=Images("grey", 60000, 10000),
        colour=Images("colour", 10000, 10000),
        mlp_steps=100_000,
        convnet_steps=100_000,
        hidden=100,
        filters=20,
        table_steps=2000,
        table_batch=100,
        conv_steps=2000,
        conv_side=32,
        conv_widths=(64, 96),
        conv_seeds=3,
        deep_steps=2000,
        deep_side=32,
        deep_width=96,
        deep_batch=100,
        deep_seeds=3,
        measured_on=2000,
        measurements=40,
    ),
}

TABLE_1: dict[str, tuple[str, tuple[str, ...]]] = {
    "1.1 raw": ("raw", ()),
    "1.2 normalised": ("standardised", ()),
    "1.3 + flip": ("standardised", ("flip",)),
    "1.4 + flip and crop": ("standardised", ("flip", "crop")),
}
CONTROLS: dict[str, tuple[str, tuple[str, ...]]] = {
    "control: upside down": ("standardised", ("upside down",)),
    "control: flip, one crop for the batch": ("standardised", ("flip", "one crop")),
    "control: upside down, one crop": ("standardised", ("upside down", "one crop")),
}
OTHER_WIDTH: dict[Scale, int] = {"smoke": 6, "laptop": 24, "full": 24}  # at full size 96 would take a processor hours
DEEP = {"2.3 plain + 20": "plain", "2.4 residual": "residual", "2.4 fractal": "fractal"}
INITIALISERS = {"He": "own", "Glorot": "glorot"}


def first_networks(scale: Scale, dropout: float) -> list[Unit]:
    """HUJI 2.2 to 2.4: the MLP and the ConvNet, with or without dropout."""
    sizes = SIZES[scale]
    with_dropout = f" with dropout {dropout}" if dropout else ""
    plan = {"MLP": (sizes.mlp_steps, sizes.hidden, 0.004), "ConvNet": (sizes.convnet_steps, sizes.filters, 0.036)}
    units = []
    for network, (steps, width, seconds) in plan.items():
        recipe = Training(
            *(network, steps, 64, width, 28, dropout),
            preparation="unit",
            with_replacement=True,
            measurements=sizes.measurements,
            measured_on=sizes.measured_on,
        )
        name = network + with_dropout
        units += [training(name, recipe, seed, sizes.grey, seconds) for seed in range(sizes.grey_seeds)]
    return units


def table_1(scale: Scale, names: Sequence[str], seeds: Sequence[int] | None = None) -> list[Unit]:
    """Penn's task 1: trainings by the names of ``TABLE_1`` and ``CONTROLS``."""
    sizes = SIZES[scale]
    units = []
    for name in names:
        preparation, augmentation = {**TABLE_1, **CONTROLS}[name]
        recipe = Training(
            *("table 1", sizes.table_steps, sizes.table_batch),
            preparation=preparation,
            augmentation=augmentation,
            last_rate=1e-4,
            measurements=min(20, sizes.measurements),
            measured_on=sizes.measured_on,
        )
        count = 1 if name in CONTROLS else sizes.seeds  # a control shows a direction, not a number
        units += [
            training(name, recipe, seed, sizes.colour, 0.242) for seed in (range(count) if seeds is None else seeds)
        ]
    return units


def all_conv(scale: Scale) -> list[Unit]:
    """Penn's 2.1: the all-convolutional network in two widths."""
    sizes = SIZES[scale]
    return [_all_conv(scale, width, seed) for width in sizes.conv_widths for seed in range(sizes.conv_seeds)]


def other_network(scale: Scale) -> Unit:
    """Of Penn's 3.2: an all-convolutional network that images which fool another one are shown to."""
    return _all_conv(scale, OTHER_WIDTH[scale], 0)


def _all_conv(scale: Scale, width: int, seed: int) -> Unit:
    sizes = SIZES[scale]
    recipe = _convolutional(scale, "all-conv", sizes.conv_steps, sizes.conv_side, width, sizes.table_batch)
    seconds = cost(width, sizes.conv_side, sizes.table_batch, deep=False)
    return training(f"2.1 all-conv, width {width}", recipe, seed, sizes.colour, seconds)


def deep(scale: Scale) -> list[Unit]:
    """Penn's 2.2 to 2.4: four networks of one width, three of them under both initialisers."""
    sizes = SIZES[scale]
    args = (sizes.deep_steps, sizes.deep_side, sizes.deep_width, sizes.deep_batch)
    units = []
    for name, network in {"2.1 all-conv, same width": "all-conv", **DEEP}.items():
        for label, initialiser in INITIALISERS.items():
            if network == "all-conv" and label != "He":
                continue
            recipe = replace(_convolutional(scale, network, *args), initialiser=initialiser, probed=True)
            seconds = cost(sizes.deep_width, sizes.deep_side, sizes.deep_batch, deep=network != "all-conv")
            seconds *= 1.6 if network == "fractal" else 1.0
            images = sizes.colour
            units += [training(f"{name}, {label}", recipe, seed, images, seconds) for seed in range(sizes.deep_seeds)]
    return units


def cost(width: int, side: int, batch: int, *, deep: bool) -> float:
    """Seconds of one step on one quiet core, from the multiplications of a step and the speed that was measured."""
    pixels = side * side
    base = (
        pixels * 9 * (3 * width + 2 * width * width)
        + pixels / 4 * 90 * width * width
        + pixels / 16 * 40 * width * width
    )
    extra = 20 * pixels * 25 * width * width if deep else 0
    speed = min(
        23e9, (0.95e9 if deep else 0.7e9) * width
    )  # multiplications a second: narrow convolutions leave the processor waiting
    return 3 * batch * (base + extra) / speed


def _convolutional(scale: Scale, network: str, steps: int, side: int, width: int, batch: int) -> Training:
    sizes = SIZES[scale]
    return Training(
        *(network, steps, batch, width, side),
        measurements=sizes.measurements,
        measured_on=sizes.measured_on,
    )
