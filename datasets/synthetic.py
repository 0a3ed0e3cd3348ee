"""Draw labelled images of ten shapes: the course's default data, seeded and without any download.

The ten classes come in five pairs, each the other turned upside down. A mirror image keeps its class, a vertical flip
changes it. Position, size, slant, thickness, brightness, contrast and colour say nothing about the class.

    >>> images, labels = draw("grey", 4, np.random.default_rng(0))
    >>> images.shape, images.dtype, labels.dtype
    ((4, 28, 28, 1), dtype('uint8'), dtype('int64'))
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Field = np.ndarray  # float32 (n, height, width): one value for each pixel, or (n, 1, 1): one for each image

# class 2k + 1 is class 2k upside down
CLASSES = ("cup", "arch", "tent", "funnel", "table", "stamp", "umbrella", "boat", "flag", "boot")
SHAPES = {"grey": (28, 1), "colour": (32, 3)}
CHUNK = 250  # images drawn at once: their fields stay in the processor's cache


def draw(kind: str, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
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
    clutter = 0.4 * _clutter(n, size, rng)
    ink, paper = _colours(n, channels, rng)
    shade = _smooth(n, size, rng)[..., None]
    image = paper + 0.16 * shade
    image += clutter[..., None] * (rng.uniform(0.1, 0.9, (n, 1, 1, channels)).astype(np.float32) - image)
    image += shape[..., None] * (ink + 0.08 * shade[:, ::-1] - image)
    image += _each(rng.uniform(0.01, 0.05, n))[..., None] * rng.standard_normal(image.shape, np.float32)
    return (255.0 * np.clip(image, 0.0, 1.0)).round().astype(np.uint8)


# ------------------------------------------------------------------------------------------------------------- shapes


def _silhouettes(labels: np.ndarray, size: int, rng: np.random.Generator) -> Field:
    """The signed distance to each image's shape, in pixels, negative inside."""
    n = len(labels)
    u, v, scale = _coordinates(n, size, rng)
    thick, wide, skew = (_each(rng.uniform(low, high, n)) for low, high in ((0.16, 0.30), (0.65, 0.95), (-1.0, 1.0)))
    distance = np.empty_like(u)
    for label in range(len(CLASSES)):
        mine = np.flatnonzero(labels == label)
        upright = v[mine] if label % 2 == 0 else -v[mine]
        distance[mine] = OUTLINES[label // 2](u[mine], upright, thick[mine], wide[mine], skew[mine])
    return distance * scale


def _coordinates(n: int, size: int, rng: np.random.Generator) -> tuple[Field, Field, Field]:
    """Each pixel in its shape's own coordinates (right, up; the shape spans about [-1, 1]), and pixels per unit."""
    scale = _each(rng.uniform(0.27, 0.38, n) * size)
    x0, y0 = rng.uniform(-0.14, 0.14, (2, n)) * size
    angle = np.deg2rad(rng.uniform(-15.0, 15.0, n))
    shear = _each(rng.uniform(-0.2, 0.2, n))
    axis = np.arange(size, dtype=np.float32) - (size - 1) / 2
    x = (axis[None, None, :] - _each(x0)) / scale
    y = (_each(y0) - axis[None, :, None]) / scale
    cosine, sine = _each(np.cos(angle)), _each(np.sin(angle))
    v = cosine * y - sine * x
    return cosine * x + sine * y + shear * v, v, scale


# An outline takes the pixels' coordinates u (right) and v (up), and of each image the strokes' half thickness, the half
# width, and a skew from -1 to 1 that tells the left side from the right one. It returns a signed distance.


def _cup(u: Field, v: Field, thick: Field, wide: Field, skew: Field) -> Field:
    """A round bottom and two arms, one of them longer."""
    middle = wide - 0.9  # the height at which the bottom ends; the arms begin a little below, for there is no seam
    start = middle - 0.15
    outline = np.maximum(np.abs(np.hypot(u, v - middle) - (wide - thick)) - thick, v - middle)
    for side in (-1.0, 1.0):
        top = 0.9 - 0.5 * np.maximum(side * skew, 0.0)
        arm = _box(u - side * (wide - thick), v - (top + start) / 2, thick, (top - start) / 2)
        outline = np.minimum(outline, arm)
    return outline


def _tent(u: Field, v: Field, thick: Field, wide: Field, skew: Field) -> Field:
    """A filled triangle, its top off the middle."""
    risen = (v + 0.85) / 1.7  # 0 on the ground, 1 at the top
    sides = np.abs(u - 0.5 * skew * wide * risen) - wide * (1.0 - risen)
    return np.maximum(0.85 * sides, -0.85 - v)


def _table(u: Field, v: Field, thick: Field, wide: Field, skew: Field) -> Field:
    """A board on one leg."""
    board = _box(u, v - 0.9 + thick, wide, thick)
    leg = _box(u - 0.3 * skew * wide, v, thick, 0.9)
    return np.minimum(board, leg)


def _umbrella(u: Field, v: Field, thick: Field, wide: Field, skew: Field) -> Field:
    """Half a disc on a thin stick with a handle to one side."""
    rim = 0.9 - wide
    cap = np.maximum(np.hypot(u, v - rim) - wide, rim - v)
    stick = _box(u, v + (0.7 - rim) / 2, 0.5 * thick, (rim + 1.1) / 2)
    handle = _box(u - 0.25 * np.sign(skew), v + 0.9 - 0.5 * thick, 0.3, 0.5 * thick)
    return np.minimum(cap, np.minimum(stick, handle))


def _flag(u: Field, v: Field, thick: Field, wide: Field, skew: Field) -> Field:
    """A cloth to one side of a pole's upper end."""
    pole = _box(u + np.sign(skew) * (wide - 0.7 * thick), v, 0.7 * thick, 0.9)
    cloth = _box(u, v - 0.9 + 1.7 * thick, wide, 1.7 * thick)
    return np.minimum(pole, cloth)


OUTLINES: tuple[Callable[[Field, Field, Field, Field, Field], Field], ...] = (_cup, _tent, _table, _umbrella, _flag)


def _box(u: Field, v: Field, half_width: Field | float, half_height: Field | float) -> Field:
    return np.maximum(np.abs(u) - half_width, np.abs(v) - half_height)


# ---------------------------------------------------------------------------------------------- light, colour, clutter


def _colours(n: int, channels: int, rng: np.random.Generator) -> tuple[Field, Field]:
    """Ink and paper, float32 (n, 1, 1, channels): the ink is brighter in 85 of 100 images, by more or less."""
    middle = rng.uniform(0.28, 0.72, (n, 1))
    contrast = rng.uniform(0.25, 0.55, (n, 1)) * np.where(rng.random((n, 1)) < 0.15, -1.0, 1.0)
    tint = rng.normal(0.0, 0.13 if channels > 1 else 0.0, (2, n, channels))
    levels = np.stack([middle + contrast / 2, middle - contrast / 2]) + tint
    ink, paper = levels[:, :, None, None].astype(np.float32)
    return ink, paper


def _smooth(n: int, size: int, rng: np.random.Generator) -> Field:
    """A slowly varying field, from -1 to 1: two waves across the image."""
    axis = np.linspace(-1.0, 1.0, size, dtype=np.float32)
    field = np.zeros((n, size, size), np.float32)
    for _ in range(2):
        kx, ky = rng.normal(0.0, 1.6, (2, n))
        phase = rng.uniform(0.0, 2 * np.pi, n)
        field += np.sin(_each(kx) * axis[None, None, :] + _each(ky) * axis[None, :, None] + _each(phase))
    return field / 2


def _clutter(n: int, size: int, rng: np.random.Generator) -> Field:
    """How much of each pixel two short strokes cover, anywhere."""
    axis = np.arange(size, dtype=np.float32)
    cover = np.zeros((n, size, size), np.float32)
    for _ in range(2):
        x0, y0 = rng.uniform(0, size, (2, n))
        angle = rng.uniform(0, np.pi, n)
        cosine, sine = _each(np.cos(angle)), _each(np.sin(angle))
        x, y = axis[None, None, :] - _each(x0), axis[None, :, None] - _each(y0)
        stroke = _box(cosine * x + sine * y, cosine * y - sine * x, _each(rng.uniform(2.0, 5.0, n)), 0.8)
        cover = np.maximum(cover, np.clip(0.5 - stroke, 0.0, 1.0))
    return cover


def _each(values: np.ndarray) -> Field:
    """One number for each image, to combine with fields."""
    return values.astype(np.float32)[:, None, None]
