"""Hidden cases of smoothing, evaluating in batches, and dropout."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from assignments.a2_first_networks.checks import ANY_PRECISION, as_floats, at_most, dropped
from autograder.course.chance import ChanceTest
from coursekit.checking import Case
from coursekit.observing import Remote, Rng
from solutions.shared.hidden.chance import outside, over_calls, over_calls_alarm, series
from solutions.shared.hidden.magnitudes import TINY, Draw, intensities, large, normal, tiny

# ---------------------------------------------------------------------------------------------------------- ema_smooth


def smooth_case(values: Any, weight: float, **flags: Any) -> Case:
    expected = []
    for i in range(len(values)):
        weights = [weight ** (i - j) for j in range(i + 1)]
        expected.append(math.fsum(w * float(v) for w, v in zip(weights, values)) / math.fsum(weights))
    return Case((values, weight), np.array(expected), measure=as_floats, **flags)


def smooth_values(rng: np.random.Generator) -> list[Case]:
    drawn = float(rng.uniform(0.2, 0.7))
    floats = [smooth_case(rng.normal(1.0, 1.0, n), w, pure=False) for n, w in [(9, drawn), (70, 0.9), (1, 0.5)]]
    integers = [int(value) for value in rng.integers(-9, 10, 8)]
    lists = [([float(v) for v in rng.normal(size=5)], 0.6), (integers, 0.8)]
    # Weight 0 gives the values themselves, also when somebody writes 0 and not 0.0.
    arrays = [(rng.normal(size=4), 0.0), (rng.normal(size=4), 0), (rng.normal(1.0, 1.0, 9).astype(np.float32), drawn)]
    magnitudes = [(draw(rng, (8,)), drawn) for draw in (large, intensities)]
    return [
        *(smooth_case(values, weight, pure=False) for values, weight in [*lists, *arrays, *magnitudes]),
        smooth_case(tiny(rng, (8,)), drawn, tolerance=TINY, pure=False),
        *floats,
    ]


def smooth_arguments(rng: np.random.Generator) -> list[Case]:
    return [smooth_case(rng.normal(size=7), 0.5, fresh=True)]


# ---------------------------------------------------------------------------------------------------- evaluate_batched


def evaluation_case(
    logits: np.ndarray, labels: np.ndarray, batch_size: int, limit: int, images: np.ndarray | None = None, **flags: Any
) -> Case:
    """The images hold their own logits, or begin with them; more than ``limit`` at once do not fit into the model."""
    losses, right = [], 0
    flat = logits.reshape(len(logits), -1)
    for row, label in zip(flat, labels, strict=True):
        largest = max(map(float, row))
        losses.append(largest + math.log(math.fsum(math.exp(float(z) - largest) for z in row)) - float(row[label]))
        right += int(float(row[label]) == largest)
    expected = (math.fsum(losses) / len(labels), right / len(labels))
    if images is None:
        args: tuple[Any, ...] = (at_most(limit), logits, labels, batch_size)
    else:
        args = (first_pixels(flat.shape[1], limit), images, labels, batch_size)
    return Case(args, expected, tolerance=ANY_PRECISION, **flags)


def first_pixels(classes: int, limit: int) -> Remote:
    """A model that takes 10 times the first pixels for logits."""
    limited = at_most(limit).function
    return Remote(lambda images: limited(10 * images.reshape(len(images), -1)[:, :classes]), "predict_logits")


def labels_of(rng: np.random.Generator, logits: np.ndarray) -> np.ndarray:
    """The later images are classified worse, so that it shows when they are not seen, or weighed otherwise."""
    n, classes = len(logits), logits.shape[-1]
    best = logits.reshape(n, classes).argmax(axis=1)
    return (best + np.where(np.arange(n) < n // 2, 0, rng.integers(1, classes, n))) % classes


def evaluation_values(rng: np.random.Generator) -> list[Case]:
    cases = []
    for n, classes, batch_size in [(23, 5, 5), (11, 4, 4), (6, 3, 20), (8, 3, 4), (5, 10, 1)]:
        logits = rng.normal(0, 2, (n, 1, 1, classes)).astype(np.float32)
        cases.append(evaluation_case(logits, labels_of(rng, logits), batch_size, n))
    return [*cases, *evaluation_images(rng), *evaluation_magnitudes(rng)]


def evaluation_images(rng: np.random.Generator) -> list[Case]:
    """Images of the course's sizes, and of any other, with intensities in [0, 1]."""
    cases = []
    for shape, batch_size in [((5, 28, 28, 1), 2), ((4, 32, 32, 3), 3), ((3, 4, 6, 2), 2), ((1, 6, 4, 3), 8)]:
        images = rng.uniform(0.01, 1.0, shape).astype(np.float32)
        logits = 10 * images.reshape(len(images), -1)[:, :4]
        cases.append(evaluation_case(logits, labels_of(rng, logits), batch_size, shape[0], images))
    return cases


def evaluation_magnitudes(rng: np.random.Generator) -> list[Case]:
    """Many samples, and logits so small that all classes are nearly equal."""
    cases = []
    for draw, shape, batch_size in [(normal, (70, 3), 32), (tiny, (9, 4), 4), (intensities, (2, 5), 2)]:
        logits = draw(rng, shape)
        cases.append(evaluation_case(logits, labels_of(rng, logits), batch_size, shape[0]))
    return cases


def evaluation_large(rng: np.random.Generator) -> list[Case]:
    cases = []
    for scale, dtype in [(1e5, np.float64), (2e3, np.float32), (1e4, np.float32)]:
        logits = (scale * rng.uniform(-1, 1, (8, 1, 1, 4))).astype(dtype)
        cases.append(evaluation_case(logits, rng.integers(0, 4, 8), 4, 8, errstate={"invalid": "raise"}, pure=False))
    return cases


def evaluation_limit(rng: np.random.Generator) -> list[Case]:
    logits = rng.normal(0, 2, (12, 1, 2)).astype(np.float32)
    return [evaluation_case(logits, rng.integers(0, 2, 12), size, size, pure=False) for size in (4, 3)]


# ----------------------------------------------------------------------------------------------------- dropout_forward


VALUES = ("numbers in the mask", "out is x * mask")
DTYPES = ("dtypes of out and mask",)
SEPARATE = ("different slices", "rows lose")


def dropout_case(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    rate: float,
    told: tuple[str, ...],
    dtype: Any = np.float64,
    draw: Draw = normal,
) -> Case:
    """``told`` selects facts by how their names begin."""
    x = draw(rng, shape).astype(dtype)
    share = round(rate / 0.05) * 5
    facts: dict[str, Any] = {
        "dtypes of out and mask": f"{x.dtype}, {x.dtype}",
        "numbers in the mask": f"0 in {share} %, {round(1 / (1 - rate), 2):g} in {100 - share} %",
        "out is x * mask": True,
        **{f"different slices along axis {axis}": shape[axis] for axis in range(len(shape))},
        "rows lose different numbers": True,
    }

    def select(facts: dict[str, Any]) -> dict[str, Any]:
        return {name: fact for name, fact in facts.items() if name.startswith(told)}

    args = (x, rate, Rng(int(rng.integers(1 << 30))))
    return Case(args, select(facts), measure=lambda value: select(dropped(value, x)), pure=False)


def dropout_mask(rng: np.random.Generator) -> list[Case]:
    """At least 20,000 elements each, so that shares are sure; among them images of the course's sizes."""
    return [
        dropout_case(rng, (150, 180), 0.2, VALUES),
        dropout_case(rng, (26, 28, 28, 1), 0.4, VALUES, draw=intensities),
        dropout_case(rng, (7, 32, 32, 3), 0.75, VALUES, np.float32),
        dropout_case(rng, (145, 145), 0.6, VALUES, draw=large),
        dropout_case(rng, (12, 13, 14, 11), 0.3, VALUES, draw=tiny),
    ]


def dropout_separate(rng: np.random.Generator) -> list[Case]:
    """Twelve images are too few to compare how many elements each of them loses."""
    return [dropout_case(rng, (150, 180), 0.35, SEPARATE), dropout_case(rng, (12, 13, 14, 11), 0.35, SEPARATE[:1])]


def dropout_over_calls(rng: np.random.Generator) -> list[Case]:
    """Neither a fixed share of the elements nor the same ones, whatever generator comes."""
    x, rate = rng.normal(size=(8, 25)), 0.25

    def measure(values: Any) -> dict[str, str]:
        for value in values:
            dropped(value, x)  # refuses what is no dropout of x
        return over_calls([np.asarray(mask) == 0 for _, mask in values], rate)

    return [series(rng, (x, rate), measure=measure)]


def dropout_dtype(rng: np.random.Generator) -> list[Case]:
    return [dropout_case(rng, (150, 180), 0.25, DTYPES, dtype) for dtype in (np.float32, np.float64)]


def dropout_off(rng: np.random.Generator) -> list[Case]:
    x = rng.normal(size=(4, 3, 5))
    cases = [(x, 0.4, Rng(3), False), (x, 0.0, Rng(4), True), (x, 0.0, Rng(5), False), (x, 0, Rng(6), True)]
    return [Case(args, (x, np.ones_like(x)), pure=False) for args in cases]


def dropout_generator(rng: np.random.Generator) -> list[Case]:
    x = rng.normal(size=(6, 5))
    return [Case((x, 0.5, Rng(int(rng.integers(1 << 30)))), advances=True)]


# ---------------------------------------------------------------------------------------- how often an honest one fails


def _shares_alarm() -> float:
    """Shares are told to the nearest 5 %: all five cases of ``dropout_mask`` together."""
    tossed = [(27000, 0.2), (20384, 0.4), (21504, 0.75), (21025, 0.6), (24024, 0.3)]
    return sum(outside(n, rate, 0.025 * n) for n, rate in tossed)


def _alike_alarm() -> float:
    """Two rows or two columns of the matrix of 150 x 180 have lost the same elements; those of four axes are longer."""
    equal = 0.35**2 + 0.65**2  # for one element
    return math.comb(150, 2) * equal**180 + math.comb(180, 2) * equal**150 + 4 * math.comb(14, 2) * equal**1716


def _rows_alarm() -> float:
    """150 rows lose numbers whose variance is below a quarter of what it should be.

    Laurent and Massart 2000, lemma 1: a chi-square of k degrees falls below k - 2 sqrt(k x) with probability exp(-x).
    """
    degrees = 149
    return math.exp(-degrees * (0.75 / 2) ** 2)


CHANCES = (
    ChanceTest("dropout_forward", "what the mask holds, and out = x * mask", "the share of zeros", _shares_alarm),
    ChanceTest("dropout_forward", "a decision of its own for every element", "slices differ", _alike_alarm),
    ChanceTest(
        "dropout_forward", "a decision of its own for every element", "rows lose different numbers", _rows_alarm
    ),
    ChanceTest(
        "dropout_forward",
        "how many elements fall, and which, in eight calls",
        "counts vary as binomial ones do, choices differ",
        lambda: over_calls_alarm(200, 0.25),
    ),
    ChanceTest(
        "dropout_forward",
        "draws from the generator given, leaves x alone",
        "another call with the generator drops others",
        lambda: 0.5**30,
    ),
)
