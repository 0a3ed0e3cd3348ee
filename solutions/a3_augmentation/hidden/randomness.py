"""Hidden cases of the random functions: tests of counts on coded images, six standard deviations wide."""

from __future__ import annotations

from typing import Any

import numpy as np

from assignments.a3_augmentation.checks import (
    SIGMAS,
    as_batch,
    coded_images,
    expected_offsets,
    flip_facts,
    offset_facts,
)
from autograder.course.chance import ChanceTest
from coursekit.checking import Case
from coursekit.observing import Rng
from solutions.shared.hidden.chance import beyond, kinds_alarm, outside, over_calls, over_calls_alarm, series

COUNT = 3000


def _seed(rng: np.random.Generator) -> Rng:
    return Rng(int(rng.integers(1 << 31)))


def _any_kind_of_images(rng: np.random.Generator, n: int) -> list[np.ndarray]:
    """Images of the course's two sizes, large and negative numbers, and numbers close to 0, in all dtypes."""
    intensities = rng.uniform(0.0, 1.0, (n, 28, 28, 1)).astype(np.float32)
    intensities[:, ::3] = 0.0
    return [
        rng.integers(0, 256, (n, 32, 32, 3)).astype(np.uint8),
        intensities,
        rng.normal(0.0, 200.0, (n, 6, 5, 3)),
        rng.uniform(-0.009, 0.009, (n, 4, 7, 2)).astype(np.float32),
    ]


def _only(facts: Any, *names: str) -> Any:
    """A measure that keeps some of the facts."""

    def measure(value: Any) -> Any:
        found = facts(value)
        return {name: found[name] for name in names}

    return measure


# ---------------------------------------------------------------------------------------------------------------- flips


def flip_exact(rng: np.random.Generator) -> list[Case]:
    """p = 1 and p = 0 leave no choice, whether written as whole numbers or not."""
    cases = []
    for number, images in enumerate(_any_kind_of_images(rng, 5)):
        mirror = np.zeros_like(images)
        for j in range(images.shape[2]):
            mirror[:, :, j] = images[:, :, images.shape[2] - 1 - j]
        kind = int if number == 1 else float
        cases += [
            Case((images, _seed(rng), kind(1)), mirror, pure=False),
            Case((images, _seed(rng), kind(0)), images, pure=False),
        ]
    return cases


def flip_probability(rng: np.random.Generator) -> list[Case]:
    cases = []
    for p in (0.5, float(rng.uniform(0.1, 0.2)), float(rng.uniform(0.8, 0.9))):
        images = coded_images(COUNT, 2, 3)
        measure = _only(flip_facts(images, p), "mirrored")
        cases.append(Case((images, _seed(rng), p), {"mirrored": "as expected"}, measure=measure, pure=False))
    return cases


def flip_independence(rng: np.random.Generator) -> list[Case]:
    """Neighbours in the batch agree as often as independent coins do."""
    images = coded_images(COUNT, 2, 3)
    mirror = images[:, :, ::-1]

    def measure(value: Any) -> Any:
        coins = (as_batch(value, images) == mirror).reshape(COUNT, -1).all(axis=1)
        agree = float(np.mean(coins[1:] == coins[:-1]))
        near = abs(agree - 0.5) <= SIGMAS * 0.5 / np.sqrt(COUNT - 1)
        return {"neighbours": "independent" if near else "alike too often" if agree > 0.5 else "alike too rarely"}

    return [Case((images, _seed(rng)), {"neighbours": "independent"}, measure=measure, pure=False)]


def flip_over_calls(rng: np.random.Generator) -> list[Case]:
    """Neither half of every batch nor the same images of it, whatever generator comes."""
    images = coded_images(64, 2, 3)

    def measure(values: Any) -> dict[str, str]:
        batches = [as_batch(value, images) for value in values]
        return over_calls([(batch != images).reshape(len(images), -1).any(axis=1) for batch in batches], 0.5)

    return [series(rng, (images,), measure=measure)]


def flip_generator(rng: np.random.Generator) -> list[Case]:
    return [Case((coded_images(64, 2, 3), _seed(rng)), advances=True)]


def flip_empty(rng: np.random.Generator) -> list[Case]:
    images = np.zeros((0, 3, 4, 3), np.uint8)

    def measure(value: Any) -> Any:
        return {"shape": as_batch(value, images).shape}

    return [Case((images, _seed(rng)), {"shape": (0, 3, 4, 3)}, measure=measure)]


def flip_arguments(rng: np.random.Generator) -> list[Case]:
    """Both outcomes of the coins, so that neither way out hands the caller's own array back."""
    images = rng.integers(0, 256, (3, 2, 3, 3)).astype(np.uint8)
    return [Case((images, _seed(rng), p), fresh=True) for p in (0.0, 0.5, 1.0)]


# ---------------------------------------------------------------------------------------------------------------- crops


def _crop_case(rng: np.random.Generator, height: int, width: int, pad: int | None, *names: str) -> Case:
    """``pad``: None leaves it at its default, 4."""
    images = coded_images(COUNT, height, width)
    expected = {name: expected_offsets(pad or 4)[name] for name in names}
    measure = _only(offset_facts(images, pad or 4), *names)
    return Case((images, _seed(rng)), expected, kwargs={"pad": pad} if pad else {}, measure=measure, pure=False)


def crop_content(rng: np.random.Generator) -> list[Case]:
    names = ("crops of the zero-padded image", "any image moved")
    coded = [_crop_case(rng, 9, 10, 4, *names), _crop_case(rng, 7, 5, 2, *names), _crop_case(rng, 5, 5, 1, *names)]
    return coded + [_window_case(rng, images) for images in _any_kind_of_images(rng, 10)]


def _window_case(rng: np.random.Generator, images: np.ndarray) -> Case:
    """A few images of any kind: every window is tried. That none of ten is moved has probability 81**-10 = 1e-19."""
    height, width = images.shape[1:3]
    padded = np.pad(images, [(0, 0), (4, 4), (4, 4), (0, 0)])

    def measure(value: Any) -> Any:
        out = as_batch(value, images)
        found = np.zeros(len(out), bool)
        for dy, dx in np.ndindex(9, 9):
            found |= (out == padded[:, dy : dy + height, dx : dx + width]).reshape(len(out), -1).all(axis=1)
        return {
            "crops of the zero-padded image": "all of them" if found.all() else "not all of them",
            "any image moved": bool((out != images).any()),
            "dtype": str(out.dtype),
        }

    expected = {"crops of the zero-padded image": "all of them", "any image moved": True, "dtype": str(images.dtype)}
    return Case((images, _seed(rng)), expected, measure=measure, pure=False)


def crop_offsets(rng: np.random.Generator) -> list[Case]:
    names = ("row offsets", "column offsets")
    return [_crop_case(rng, 9, 11, None, *names), _crop_case(rng, 7, 5, 2, *names)]


def crop_over_calls(rng: np.random.Generator) -> list[Case]:
    """Offsets beyond the middle, four of nine in each direction: neither as many in every batch nor the same."""
    images = coded_images(81, 9, 9)

    def measure(values: Any) -> dict[str, str]:
        codes = np.stack([as_batch(value, images)[:, 4, 4, 0] for value in values]).astype(int) - 1
        places = codes % 81  # of the pixel that has come to the middle
        return over_calls([np.concatenate([place // 9 > 4, place % 9 > 4]) for place in places], 4 / 9)

    return [series(rng, (images,), measure=measure)]


def crop_independence(rng: np.random.Generator) -> list[Case]:
    return [_crop_case(rng, 9, 10, 4, "rows and columns", "neighbours in the batch")]


def crop_exact(rng: np.random.Generator) -> list[Case]:
    images = rng.integers(0, 256, (3, 4, 5, 3))
    return [Case((images.astype(d), _seed(rng)), images.astype(d), kwargs={"pad": 0}) for d in (np.uint8, np.float32)]


def crop_generator(rng: np.random.Generator) -> list[Case]:
    return [Case((coded_images(20, 9, 10), _seed(rng)), advances=True)]


def crop_arguments(rng: np.random.Generator) -> list[Case]:
    return [Case((coded_images(5, 9, 10), _seed(rng)), kwargs={"pad": pad}, fresh=True) for pad in (0, 4)]


# ---------------------------------------------------------------------------------------- how often an honest one fails


def _count_alarm(n: int, p: float) -> float:
    return outside(n, p, SIGMAS * np.sqrt(n * p * (1 - p)))


def _offsets_alarm() -> float:
    """Laurent and Massart 2000, lemma 1: chi-square of k degrees passes k + 2 sqrt(k x) + 2 x with probability exp(-x).

    Here 2 x is the square of six; two cases of two directions. That an end of the range never occurs is rarer by far.
    """
    return float(4 * np.exp(-(SIGMAS**2) / 2))


def _moves_alarm() -> float:
    """No image of 64 reaches an edge of the range of 9 x 9 windows, or fewer than 16 windows occur."""
    return (49 / 81) ** 64 + kinds_alarm(64, 81, 16)


CHANCES = (
    ChanceTest(
        "random_flip",
        "how many of 3000 coins fall",
        "the share of mirrored images",
        lambda: max(_count_alarm(COUNT, p) for p in (0.1, 0.15, 0.2, 0.5)),
        cases=3,
    ),
    ChanceTest(
        "random_flip",
        "coins of neighbours in the batch",
        "neighbours agree as often as not",
        lambda: _count_alarm(COUNT - 1, 0.5),
    ),
    ChanceTest(
        "random_flip",
        "how many coins fall, and which, in eight calls",
        "counts vary as binomial ones do, choices differ",
        lambda: over_calls_alarm(64, 0.5),
    ),
    ChanceTest(
        "random_flip",
        "draws from the generator it was given",
        "another call with the generator mirrors others",
        lambda: 0.5**64,
    ),
    ChanceTest(
        "random_pad_crop",
        "draws from the generator it was given",
        "another call with the generator takes other windows",
        lambda: 81.0**-20,
    ),
    ChanceTest(
        "random_pad_crop",
        "windows of its own padded image, each",
        "some image of ten or more is moved, by up to 4 pixels",
        lambda: 81.0**-10,
        cases=8,
    ),
    ChanceTest("random_pad_crop", "every offset equally often", "offsets are uniform", _offsets_alarm),
    ChanceTest(
        "random_pad_crop",
        "rows, columns and images independently",
        "no correlation, between rows and columns, of neighbours",
        lambda: beyond(SIGMAS),
        cases=3,
    ),
    ChanceTest(
        "random_pad_crop",
        "which offsets, and how often, in eight calls",
        "counts vary as binomial ones do, choices differ",
        lambda: over_calls_alarm(162, 4 / 9),
    ),
    ChanceTest(
        "augment_batch",
        "how many of 900 images are mirrored",
        "the share of mirrored images",
        lambda: _count_alarm(900, 0.5),
    ),
    ChanceTest(
        "augment_batch",
        "batches for training",
        "64 images reach the edge of their range, and are not all alike",
        _moves_alarm,
    ),
    ChanceTest(
        "augment_batch",
        "batches for training",
        "some of 64 images are mirrored, and some are not",
        lambda: 2 * 0.5**64,
    ),
    ChanceTest(
        "augment_batch",
        "batches for training",
        "some image of ten or more is moved, by up to 4 pixels",
        lambda: 81.0**-10,
        cases=3,
    ),
    ChanceTest(
        "augment_batch",
        "batches for training",
        "another call with the generator gives another batch",
        lambda: 0.5**64,
    ),
    ChanceTest(
        "augment_batch",
        "the flags",
        "64 images reach the edge of their range, and are not all alike",
        _moves_alarm,
    ),
    ChanceTest(
        "augment_batch",
        "the flags",
        "some of 64 images are mirrored, and some are not; another call mirrors others",
        lambda: 3 * 0.5**64,
    ),
)
