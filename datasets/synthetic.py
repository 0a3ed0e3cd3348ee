"""Draw labelled images of ten shapes: the course's default data, seeded and without any download.

The ten classes come in five pairs, each the other turned upside down. A mirror image keeps its class, a vertical flip
changes it. Position, size, slant, thickness, brightness, contrast and colour say nothing about the class.

    >>> images, labels = draw("grey", 4, np.random.default_rng(0))
    >>> images.shape, images.dtype, labels.dtype
    ((4, 28, 28, 1), dtype('uint8'), dtype('int64'))
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

Kind = Literal["grey", "colour"]
Field = np.ndarray  # float32 (n, size, size), one value for each pixel

CLASSES = ("cup", "arch", "tent", "funnel", "tee", "stand", "mushroom", "anchor", "house", "plumb")
SHAPES = {"grey": (28, 1), "colour": (32, 3)}
CHUNK = 500  # images drawn at once: their fields stay in the processor's cache


def draw(kind: Kind, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw images and their classes.

    Args:
        kind: ``grey`` for 28 x 28 x 1, ``colour`` for 32 x 32 x 3.
        n: how many.
        rng: the only source of randomness; the same state draws the same images.

    Returns:
        images: uint8 (n, height, width, channels).
        labels: int64 (n,), indices into ``CLASSES``.

    Raises:
        ValueError: for another kind.
    """
    if kind not in SHAPES:
        raise ValueError(f"kind: expected 'grey' or 'colour', received {kind!r}")
    size, channels = SHAPES[kind]
    labels = rng.integers(0, len(CLASSES), n)
    images = np.empty((n, size, size, channels), np.uint8)
    for start in range(0, n, CHUNK):
        part = slice(start, min(start + CHUNK, n))
        images[part] = _paint(labels[part], size, channels, rng)
    return images, labels


def _paint(labels: np.ndarray, size: int, channels: int, rng: np.random.Generator) -> np.ndarray:
    """Shapes in one colour on a background of another, with clutter and noise."""
    n = len(labels)
    shape = np.clip(0.5 - _silhouettes(labels, size, rng), 0.0, 1.0)  # an edge one pixel wide
    clutter = 0.5 * _clutter(n, size, rng)
    ink, paper = _colours(n, channels, rng)
    shade = _smooth(n, size, rng)[..., None]
    image = paper + 0.16 * shade
    image += clutter[..., None] * (_other(n, channels, rng) - image)
    image += shape[..., None] * (ink + 0.08 * shade[:, ::-1] - image)
    image += rng.normal(0.0, 1.0, image.shape).astype(np.float32) * rng.uniform(0.01, 0.05, (n, 1, 1, 1))
    return (255.0 * np.clip(image, 0.0, 1.0)).round().astype(np.uint8)


# ------------------------------------------------------------------------------------------------------------- shapes


def _silhouettes(labels: np.ndarray, size: int, rng: np.random.Generator) -> Field:
    """The signed distance to each image's shape, in pixels, negative inside."""
    n = len(labels)
    u, v, scale = _coordinates(n, size, rng)
    thick = _each(rng.uniform(0.16, 0.30, n))
    wide = _each(rng.uniform(0.65, 0.95, n))
    lean = _each(rng.uniform(-0.35, 0.35, n)) * thick  # one side heavier than the other
    distance = np.empty_like(u)
    for pair, outline in enumerate(OUTLINES):
        for turned in (0, 1):
            mine = np.flatnonzero(labels == 2 * pair + turned)
            if len(mine):
                upright = -v[mine] if turned else v[mine]
                distance[mine] = outline(u[mine], upright, thick[mine], wide[mine], lean[mine])
    return distance * scale


def _coordinates(n: int, size: int, rng: np.random.Generator) -> tuple[Field, Field, Field]:
    """Each pixel in the shape's own coordinates (right, up; the shape spans about [-1, 1]), and pixels per unit."""
    scale = rng.uniform(0.28, 0.38, n) * size
    x0, y0 = rng.uniform(-0.13, 0.13, (2, n)) * size
    angle = np.deg2rad(rng.uniform(-15.0, 15.0, n))
    shear = rng.uniform(-0.2, 0.2, n)
    axis = np.arange(size, dtype=np.float32) - (size - 1) / 2
    x = (axis[None, None, :] - _each(x0)) / _each(scale)
    y = -(axis[None, :, None] - _each(y0)) / _each(scale)
    u = _each(np.cos(angle)) * x + _each(np.sin(angle)) * y
    v = -_each(np.sin(angle)) * x + _each(np.cos(angle)) * y
    return u + _each(shear) * v, v, np.broadcast_to(_each(scale), u.shape)


def _cup(u: Field, v: Field, thick: Field, wide: Field, lean: Field) -> Field:
    left = _box(u + wide - thick - lean, v - 0.1, thick, 0.8 + 0 * v)
    right = _box(u - wide + thick - lean, v - 0.1, thick, 0.8 + 0 * v)
    floor = _box(u, v + 0.9 - thick, wide, thick)
    return np.minimum(np.minimum(left, right), floor)


def _tent(u: Field, v: Field, thick: Field, wide: Field, lean: Field) -> Field:
    side = (np.abs(u - lean * (1 - v)) - wide * (0.85 - v) / 1.7) * 0.85
    return np.maximum(side, -0.85 - v)


def _tee(u: Field, v: Field, thick: Field, wide: Field, lean: Field) -> Field:
    bar = _box(u, v - 0.9 + thick, wide, thick)
    stem = _box(u - lean, v, thick, 0.9 + 0 * v)
    return np.minimum(bar, stem)


def _mushroom(u: Field, v: Field, thick: Field, wide: Field, lean: Field) -> Field:
    cap = np.maximum(np.hypot(u, v - 0.05) - wide, 0.05 - v)
    stem = _box(u - lean, v + 0.4, thick, 0.5 + 0 * v)
    return np.minimum(cap, stem)


def _house(u: Field, v: Field, thick: Field, wide: Field, lean: Field) -> Field:
    walls = _box(u, v + 0.4, 0.62 * wide, 0.5 + 0 * v)
    roof = np.maximum((np.abs(u - lean) - wide * (0.9 - v) / 0.9) * 0.7, -v)
    return np.minimum(walls, roof)


OUTLINES: tuple[Callable[..., Field], ...] = (_cup, _tent, _tee, _mushroom, _house)


def _box(u: Field, v: Field, half_width: Field, half_height: Field) -> Field:
    return np.maximum(np.abs(u) - half_width, np.abs(v) - half_height)


# ------------------------------------------------------------------------------------------------ light, colour, clutter


def _colours(n: int, channels: int, rng: np.random.Generator) -> tuple[Field, ...]:
    """Ink and paper, float32 (n, 1, 1, channels): the ink is brighter in 85 of 100 images, by more or less."""
    middle = rng.uniform(0.25, 0.75, n)
    contrast = rng.uniform(0.2, 0.5, n) * np.where(rng.random(n) < 0.15, -1.0, 1.0)
    tint = rng.normal(0.0, 0.13, (2, n, channels)) if channels > 1 else np.zeros((2, n, 1))
    ink, paper = (middle + sign * contrast / 2 for sign in (1, -1))
    return tuple((level[:, None] + tints)[:, None, None].astype(np.float32) for level, tints in zip((ink, paper), tint))


def _other(n: int, channels: int, rng: np.random.Generator) -> Field:
    return rng.uniform(0.1, 0.9, (n, 1, 1, channels)).astype(np.float32)


def _smooth(n: int, size: int, rng: np.random.Generator) -> Field:
    """A slowly varying field of unit size: random waves across the image."""
    axis = np.linspace(-1.0, 1.0, size, dtype=np.float32)
    field = np.zeros((n, size, size), np.float32)
    for _ in range(2):
        kx, ky = rng.normal(0.0, 1.6, (2, n))
        phase = rng.uniform(0.0, 2 * np.pi, n)
        field += np.sin(_each(kx) * axis[None, None, :] + _each(ky) * axis[None, :, None] + _each(phase))
    return field / 2


def _clutter(n: int, size: int, rng: np.random.Generator) -> Field:
    """Two short strokes somewhere."""
    axis = np.arange(size, dtype=np.float32)
    cover = np.zeros((n, size, size), np.float32)
    for _ in range(2):
        x0, y0 = rng.uniform(0, size, (2, n))
        angle = rng.uniform(0, np.pi, n)
        x, y = axis[None, None, :] - _each(x0), axis[None, :, None] - _each(y0)
        along = np.abs(_each(np.cos(angle)) * x + _each(np.sin(angle)) * y)
        across = np.abs(_each(np.cos(angle)) * y - _each(np.sin(angle)) * x)
        stroke = np.maximum(along - _each(rng.uniform(2.0, 5.0, n)), across - 0.8)
        cover = np.maximum(cover, np.clip(0.5 - stroke, 0.0, 1.0))
    return cover


def _each(values: np.ndarray) -> Field:
    """One number for each image, to combine with fields."""
    return values.astype(np.float32)[:, None, None]
