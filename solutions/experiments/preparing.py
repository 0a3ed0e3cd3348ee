"""How images are prepared and augmented: as the homeworks did, and the two mistakes that a control repeats."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from solutions.a3_augmentation.solution import random_flip, random_pad_crop, standardize_images

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]
PAD = 4


def prepare(images: np.ndarray, preparation: str, side: int) -> np.ndarray:
    """Bytes to what a network takes: float32, smaller by averaging where ``side`` says so.

    Args:
        images: uint8 (n, height, width, channels).
        preparation: ``unit`` for [0, 1], ``raw`` for [-1, 1], ``standardised`` for each image's own mean 0 and
            deviation 1.
        side: of what comes out; a divisor of the images' own.
    """
    n, height, _, channels = images.shape
    x = images.astype("float32")
    if side != height:
        x = x.reshape(n, side, height // side, side, height // side, channels).mean(axis=(2, 4))
    if preparation == "standardised":
        return standardize_images(x)
    return {"unit": x / 255, "raw": x / 127.5 - 1}[preparation]


def upside_down(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The mistake of another student of that course: half of the images are turned upside down, not mirrored."""
    turned = images.copy()
    chosen = rng.random(len(images)) < 0.5
    turned[chosen] = images[chosen][:, ::-1]
    return turned


def one_crop(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The other mistake: one window for the whole batch."""
    height, width = images.shape[1:3]
    padded = np.pad(images, [(0, 0), (PAD, PAD), (PAD, PAD), (0, 0)])
    y, x = rng.integers(0, 2 * PAD + 1, size=2)
    return padded[:, y : y + height, x : x + width]


CHANGES: Mapping[str, Change] = {
    "flip": random_flip,
    "crop": lambda images, rng: random_pad_crop(images, rng, PAD),
    "upside down": upside_down,
    "one crop": one_crop,
}


def augment(images: np.ndarray, names: tuple[str, ...], rng: np.random.Generator) -> np.ndarray:
    """Change a batch of prepared images; they are standardised already, so that padding is each image's mean."""
    for name in names:
        images = CHANGES[name](images, rng)
    return images
