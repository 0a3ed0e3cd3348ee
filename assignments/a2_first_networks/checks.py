"""Public cases of a2: small enough to check with pencil and paper. Hidden cases only add seeds, sizes and edges."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from coursekit.backend import keras
from coursekit.checker import Checker
from coursekit.checking import AnyFloat, Case, Exercise, Refused, Tolerance
from coursekit.models.networks import borrow
from coursekit.observing import Misuse, Remote, Rng
from coursekit.probing import run, set_weights_by_order, weighted_layers

from ..shared.plot_curves import PLOT_CURVES

FLOAT32_SUMS = Tolerance(1e-3, 1e-4, "float32 sums through two layers")
ANY_PRECISION = Tolerance(1e-4, 1e-6, "a loop of sums, float32 included")
STRICT = {"divide": "raise", "invalid": "raise"}
FEW = 0.05  # shares of random values are told to the nearest 5 %: more than eight standard deviations of 20,000 draws

# ------------------------------------------------------------------------------------------ what results are reduced to


def as_floats(value):
    """A list or an array as an array of floats."""
    try:
        return np.asarray(value, float)
    except (TypeError, ValueError):
        raise Refused("returned something that is no sequence of numbers") from None


def standardized(value, constant: Sequence[int] = ()):
    """The four results; in a constant column any finite test value counts, and a std of 0, 1 or a tiny guard."""
    if not isinstance(value, (tuple, list)) or len(value) != 4:
        return value
    Xtr, Xte, mean, std = map(as_floats, value)
    if Xte.ndim == 2 and std.ndim == 1:
        for column in (c for c in constant if c < min(Xte.shape[1], len(std))):
            Xte[:, column] = np.where(np.isfinite(Xte[:, column]), 0.0, Xte[:, column])
            std[column] = 0.0 if abs(std[column]) <= 1e-8 or std[column] == 1 else std[column]
    return Xtr, Xte, mean, std


def fitted(value, scale: float = 1.0, losses: bool = True):
    """What a training found: w as (d,), b as a number, both divided by ``scale``, and the losses."""
    if not isinstance(value, (tuple, list)) or len(value) != 3:
        raise Refused("expected three results: w, b and losses")
    w, b, record = map(as_floats, value)
    if w.ndim == 2 and w.shape[1] == 1:
        w = w[:, 0]
    facts = {"w": w / scale, "b": b.reshape(()) / scale if b.size == 1 else b}
    if record.ndim == 2 and record.shape[1] == 1:
        record = record[:, 0]
    return facts | ({"losses": record} if losses else {})


def shares(values: np.ndarray, grid: float = FEW) -> str:
    """Which numbers occur, and how often: ``0 in 25 %, 4 in 75 %``; rare ones are left out."""
    numbers, counts = np.unique(np.round(values.astype(float), 2), return_counts=True)
    parts = np.round(counts / values.size / grid) * grid
    told = [f"{number:g} in {100 * part:.0f} %" for number, part in zip(numbers, parts) if part > 0]
    return ", ".join(told) or "no number that occurs often"


def dropped(value, x: np.ndarray):
    """What dropout did to ``x``: which numbers occur, whether elements are dropped one by one."""
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise Refused("expected two results: out and mask")
    out, mask = map(np.asarray, value)
    if out.shape != x.shape or mask.shape != x.shape:
        raise Refused(f"out has shape {out.shape}, mask has shape {mask.shape}; expected {x.shape} for both")
    facts: dict[str, Any] = {"dtypes of out and mask": f"{out.dtype}, {mask.dtype}"}
    facts["numbers in the mask"] = shares(mask)
    facts["out is x * mask"] = bool(np.allclose(out, x * mask, rtol=1e-4, atol=1e-6))
    for axis in range(x.ndim):
        slices = np.moveaxis(mask, axis, 0).reshape(x.shape[axis], -1)
        facts[f"different slices along axis {axis}"] = len({row.tobytes() for row in slices + 0.0})  # -0.0 is 0
    counts = (mask == 0).reshape(len(mask), -1).sum(axis=1)
    share = float(np.mean(mask == 0))
    facts["rows lose different numbers"] = bool(counts.var() > mask[0].size * share * (1 - share) / 4)
    return facts


def size(value):
    """The number of parameters and the shapes that go in and come out."""
    return _size(borrow(value))


def _size(model: keras.Model):
    return {
        "parameters": int(model.count_params()),
        "input shape": tuple(model.input_shape[1:]),
        "output shape": tuple(model.output_shape[1:]),
    }


def computed(value, weights, images):
    """The size of a network and its logits, at test time, with given weights."""
    model = borrow(value)
    _set(model, weights)
    return _size(model) | {"logits": run(model, images)}


def in_training(value, weights, images, grid: float = FEW):
    """Which logits occur for equal images, at test time and in training, with given weights."""
    model = borrow(value)
    found = {"parameters": int(model.count_params())}
    if not _set(model, weights):
        return found | {"logits at test time": "other weights than expected", "logits in training": "not tried"}
    return found | {
        "logits at test time": shares(run(model, images), grid),
        "logits in training": shares(run(model, images, training=True), grid),
    }


def _set(model, weights) -> bool:
    """Give a network these weights; where they do not fit, others that depend on its layers' order alone."""
    variables = [variable for layer in weighted_layers(model) for variable in layer.weights]
    if [tuple(variable.shape) for variable in variables] != [np.shape(weight) for weight in weights]:
        set_weights_by_order(model, 0)
        return False
    for variable, weight in zip(variables, weights):
        variable.assign(np.asarray(weight, np.float32))
    return True


def at_most(batch_size: int):
    """A model whose logits are the images themselves, and into which no more than ``batch_size`` of them fit."""

    def predict(images):
        if len(images) > batch_size:
            raise Misuse(f"{len(images)} images at once; at most {batch_size} fit")
        return images.reshape(len(images), images.shape[-1])

    return Remote(predict, "predict_logits")


# ------------------------------------------------------------------------------------------------------ known weights

TWO_THREE_TWO = (
    np.array([[1.0, -1.0, 0.0], [1.0, -1.0, 2.0]]),
    np.array([0.0, 0.0, -1.0]),
    np.array([[1.0, 2.0], [3.0, 4.0], [0.0, 1.0]]),
    np.array([-10.0, 0.5]),
)
# Every hidden unit is 1 + 1 = 2 for an image of ones, and its logit is 1 more: 3.
TWELVE_UNITS = (np.eye(12), np.ones(12), np.eye(12), np.ones(12))
# The first convolution adds up 3 x 3 pixels, the second takes 10 minus the middle one.
ONE_FILTER = (
    np.ones((3, 3, 1, 1)),
    np.zeros(1),
    np.pad(-np.ones((1, 1, 1, 1)), ((1, 1), (1, 1), (0, 0), (0, 0))),
    np.array([10.0]),
    np.array([[1.0, 2.0], [3.0, 4.0]]),
    np.array([0.0, -10.0]),
)
# For an image of ones: the first block gives 1, the second 3 - 1 = 2, the logits 2 + 1 = 3.
TWO_FILTERS = (
    np.pad(np.ones((1, 1, 1, 2)), ((1, 1), (1, 1), (0, 0), (0, 0))),
    np.zeros(2),
    np.pad(-np.eye(2)[None, None], ((1, 1), (1, 1), (0, 0), (0, 0))),
    np.full(2, 3.0),
    np.eye(12),
    np.ones(12),
)
THREES = np.full((200, 120), 3.0)

EXERCISES = (
    PLOT_CURVES,
    Exercise(
        "ema_smooth",
        cases=(
            Case(([2.0, 4.0], 0.5), np.array([2.0, 10 / 3]), measure=as_floats),
            Case((np.array([5.0, 5.0, 5.0]), 0.9), np.array([5.0, 5.0, 5.0]), measure=as_floats, label="a constant"),
            Case(([1, 2, 4], 0.0), np.array([1.0, 2.0, 4.0]), measure=as_floats, label="weight 0 smooths nothing"),
            Case(([0, 3, 0], 0.5), np.array([0.0, 2.0, 6 / 7]), measure=as_floats, label="integers"),
        ),
        hints=(
            "first the average that begins at 0: keep w of the old one, add 1 - w of the new value",
            "after one value the average is (1 - w) v, and should be v: what must it be divided by?",
            "after i values the weights add up to 1 - w ** i; collect average / (1 - w ** i) in a list",
        ),
    ),
    Exercise(
        "standardize_features",
        cases=(
            Case(
                (np.array([[0.0, 10.0], [2.0, 30.0]]), np.array([[3.0, 20.0], [1.0, 0.0], [5.0, 20.0]])),
                (
                    np.array([[-1.0, -1.0], [1.0, 1.0]]),
                    np.array([[2.0, 0.0], [0.0, -2.0], [4.0, 0.0]]),
                    np.array([1.0, 20.0]),
                    np.array([1.0, 10.0]),
                ),
                measure=standardized,
            ),
            Case(
                (np.array([[0.0], [0.0], [6.0], [6.0]]), np.array([[9.0]])),
                (np.array([[-1.0], [-1.0], [1.0], [1.0]]), np.array([[2.0]]), np.array([3.0]), np.array([3.0])),
                measure=standardized,
                label="one test row",
            ),
            Case(
                (np.array([[0.0, 5.0], [2.0, 5.0]]), np.array([[3.0, 5.0], [1.0, 6.0]])),
                (
                    np.array([[-1.0, 0.0], [1.0, 0.0]]),
                    np.array([[2.0, 0.0], [0.0, 0.0]]),
                    np.array([1.0, 5.0]),
                    np.array([1.0, 0.0]),
                ),
                measure=partial(standardized, constant=(1,)),
                errstate=STRICT,
                label="a constant column (any finite test value counts, and a std of 0 or 1)",
            ),
            Case(
                (np.array([[1, 0], [2, 4]]), np.array([[3, 1]])),
                (
                    np.array([[-1.0, -1.0], [1.0, 1.0]]),
                    np.array([[3.0, -0.5]]),
                    np.array([1.5, 2.0]),
                    np.array([0.5, 2.0]),
                ),
                measure=standardized,
                label="integers",
            ),
        ),
        hints=(
            "column by column: minus the mean, divided by the standard deviation, both over the rows",
            "fit on the training rows, apply to both: the test rows are never averaged",
            "mean and std with axis=0; replace a std of 0 by 1 before you divide",
        ),
        returns=("Xtr", "Xte", "mean", "std"),
    ),
    Exercise(
        "mse_loss",
        cases=(
            Case((np.array([1.0, 2.0]), np.array([2.0, 4.0])), (2.5, AnyFloat(np.array([1.0, 2.0])))),
            Case(
                (np.array([1.0, 2.0, 6.0]), np.array([[1.0], [2.0], [6.0]])),
                (0.0, AnyFloat(np.zeros((3, 1)))),
                label="a perfect prediction, as a column",
            ),
            Case(
                (np.array([[0.0], [0.0]]), np.array([1.0, -3.0])),
                (5.0, AnyFloat(np.array([1.0, -3.0]))),
                label="the targets as a column",
            ),
            Case(
                (np.array([1.0, 1.0, 1.0, 1.0]), np.array([3.0, 1.0, 1.0, 1.0]), -2.5),
                (1.0, AnyFloat(np.array([-2.5, 0.0, 0.0, 0.0]))),
                label="an upstream gradient",
            ),
            Case((np.array([1.0]), np.array([1.0, 2.0, 3.0])), raises="ValueError", label="1 against 3"),
        ),
        hints=(
            "compare element i with element i: make both flat before you subtract",
            "the loss is a mean of n squares; differentiate one of them with respect to its prediction",
            "dloss * 2 / n * residual, in the shape of y_pred; check the sizes first",
        ),
        returns=("loss", "dpred"),
    ),
    Exercise(
        "train_linear_regression",
        cases=(
            Case(
                (np.array([[1.0], [-1.0]]), np.array([3.0, 1.0]), 1, 0.1, 2, Rng(0)),
                {"w": np.array([0.2]), "b": np.array(0.4), "losses": np.array([5.0])},
                measure=fitted,
                tolerance=ANY_PRECISION,
                label="one step",
            ),
            Case(
                (
                    np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]),
                    np.array([[4.0], [0.0], [8.0], [4.0]]),
                    2,
                    0.5,
                    4,
                    Rng(0),
                ),
                {"w": np.array([1.5, 1.5]), "b": np.array(4.0), "losses": np.array([24.0, 5.0])},
                measure=fitted,
                tolerance=ANY_PRECISION,
                label="two steps, the targets as a column",
            ),
            Case(
                (np.ones((3, 1)), np.full(3, 4.0), 1, 0.125, 2, Rng(0)),
                {"w": np.array([1.5]), "b": np.array(1.5)},
                measure=partial(fitted, losses=False),
                tolerance=ANY_PRECISION,
                label="three equal samples: a batch of two, then a batch of one",
            ),
            Case(
                (np.eye(4), np.array([1.0, 2.0, 3.0, 4.0]), 1, 1e-9, 2, Rng(0)),
                {"w": np.array([1.0, 2.0, 3.0, 4.0]), "b": np.array(10.0), "losses": np.array([7.5])},
                measure=partial(fitted, scale=1e-9),
                tolerance=ANY_PRECISION,
                label="a tiny learning rate (w and b divided by it): each sample counts once",
            ),
            Case(
                (np.vander(np.arange(7.0) / 7, 3), np.arange(7.0) % 3, 3, 0.5, 2, Rng(0)),
                advances=True,
                label="the next call, with the same generator, goes another way",
            ),
        ),
        hints=(
            "two loops: epochs, and inside them slices of a fresh random order",
            "in a batch: residual, its loss, then both steps, with the batch's own length; make y flat first",
            "rng.permutation gives an order; a slice that reaches beyond its end is just shorter, as the last batch is",
        ),
        returns=("w", "b", "losses"),
    ),
    Exercise(
        "evaluate_batched",
        cases=(
            Case(
                (at_most(2), np.log([[1.0, 3.0], [3.0, 1.0], [1.0, 3.0]]), np.array([1, 1, 1]), 2),
                (float(2 * np.log(4 / 3) + np.log(4)) / 3, 2 / 3),
                tolerance=ANY_PRECISION,
                label="the logits are log 1 and log 3, so the probabilities are 1/4 and 3/4",
            ),
            Case(
                (at_most(5), np.zeros((3, 1, 1, 4)), np.array([0, 1, 2]), 5),
                (float(np.log(4)), 1 / 3),
                tolerance=ANY_PRECISION,
                label="four equal logits; the batch is larger than the set",
            ),
            Case(
                (at_most(1), np.array([[0.0, 1000.0], [1000.0, 0.0]]), np.array([1, 1]), 1),
                (500.0, 0.5),
                errstate={"invalid": "raise"},
                tolerance=ANY_PRECISION,
                label="large logits",
            ),
        ),
        hints=(
            "add up the losses and the correct answers of all samples; divide by len(X) once, at the end",
            "batch i is X[start : start + batch_size] with start = 0, batch_size, 2 * batch_size, ...",
            "log softmax(z) = z - m - log(sum(exp(z - m))), with m the largest logit of the row",
        ),
        returns=("mean_loss", "accuracy"),
    ),
    Exercise(
        "build_mlp",
        cases=(
            Case(
                (),
                {"parameters": 79_510, "input shape": (28, 28), "output shape": (10,)},
                measure=size,
                label="784 * 100 + 100 + 100 * 10 + 10",
            ),
            Case(
                ((1, 2), 3, 2),
                {
                    "parameters": 17,
                    "input shape": (1, 2),
                    "output shape": (2,),
                    "logits": np.array([[-7.0, 9.5], [-4.0, 8.5]], np.float32),
                },
                measure=partial(
                    computed, weights=TWO_THREE_TWO, images=np.array([[[1.0, 2.0]], [[-1.0, -1.0]]], np.float32)
                ),
                tolerance=FLOAT32_SUMS,
                label="with W1 = [[1 -1 0], [1 -1 2]], b1 = [0 0 -1], W2 = [[1 2], [3 4], [0 1]], b2 = [-10 0.5] "
                "on the images [1 2] and [-1 -1]",
            ),
            Case(
                ((3, 4), 12, 12, 0.25),
                {
                    "parameters": 312,
                    "logits at test time": "3 in 100 %",
                    "logits in training": "1 in 25 %, 3.67 in 75 %",
                },
                measure=partial(in_training, weights=TWELVE_UNITS, images=np.ones((2000, 3, 4), np.float32)),
                label="every hidden unit is 2, every logit is its unit + 1; a unit that survives becomes 2 / 0.75",
            ),
        ),
        hints=(
            "five parts in a row: Flatten, Dense, ReLU, Dropout when dropout > 0, Dense",
            "the first Dense has `hidden` units, the last has `num_classes` and no activation",
            "begin with keras.Input(input_shape), apply layer after layer, end with keras.Model(input, output)",
        ),
    ),
    Exercise(
        "build_convnet",
        cases=(
            Case(
                (),
                {"parameters": 13_630, "input shape": (28, 28, 1), "output shape": (10,)},
                measure=size,
                label="200 + 3,620 + 7 * 7 * 20 * 10 + 10",
            ),
            Case(
                ((4, 8, 1), 1, 2),
                {
                    "parameters": 26,
                    "input shape": (4, 8, 1),
                    "output shape": (2,),
                    "logits": np.array([[4.0, -4.0], [40.0, 50.0], [0.0, -10.0]], np.float32),
                },
                measure=partial(
                    computed,
                    weights=ONE_FILTER,
                    images=np.ones((3, 4, 8, 1), np.float32) * np.array([1, -1, 2], np.float32)[:, None, None, None],
                ),
                tolerance=FLOAT32_SUMS,
                label="images of 1, -1 and 2; the first convolution adds up 3 x 3 pixels, the second takes 10 minus "
                "the middle one, the dense layer has W = [[1 2], [3 4]] and b = [0 -10]",
            ),
            Case(
                ((8, 12, 1), 2, 12, 0.3),
                {
                    "parameters": 214,
                    "logits at test time": "3 in 100 %",
                    "logits in training": "1 in 30 %, 3.24 in 20 %, 5.29 in 50 %",
                },
                measure=partial(
                    in_training, weights=TWO_FILTERS, images=np.ones((3000, 8, 12, 1), np.float32), grid=0.1
                ),
                label="block 1 gives 1, or in training 0 or 1 / 0.7; block 2 takes the largest of four values of 3 - "
                "that; the logit is 1 more; shares to the nearest 10 %",
            ),
        ),
        hints=(
            "twice the same block: convolution with ReLU, max-pooling, dropout; then Flatten and Dense",
            "28 -> 14 -> 7: padding='same' keeps the size, the pooling halves it",
            "twice: Conv2D(filters, 3, padding='same', activation='relu'), MaxPooling2D(2), Dropout(dropout)",
        ),
    ),
    Exercise(
        "dropout_forward",
        cases=(
            Case(
                (np.array([[1.0, -2.0, 3.0]]), 0.5, Rng(0), False),
                (np.array([[1.0, -2.0, 3.0]]), np.ones((1, 3))),
                label="at test time: nothing happens",
            ),
            Case(
                (np.array([[1.0, -2.0, 3.0]], np.float32), 0.0, Rng(0)),
                (np.array([[1.0, -2.0, 3.0]], np.float32), np.ones((1, 3), np.float32)),
                label="rate 0: nothing happens",
            ),
            Case(
                (THREES, 0.25, Rng(0)),
                {
                    "dtypes of out and mask": "float64, float64",
                    "numbers in the mask": "0 in 25 %, 1.33 in 75 %",
                    "out is x * mask": True,
                    "different slices along axis 0": 200,
                    "different slices along axis 1": 120,
                    "rows lose different numbers": True,
                },
                measure=partial(dropped, x=THREES),
                advances=True,
                label="a quarter is dropped, the others are divided by 3/4 (shares to the nearest 5 %)",
            ),
        ),
        hints=(
            "first the mask: 0 with probability rate, otherwise what makes the mean of the mask 1",
            "draw one random number for every element; an element survives with probability 1 - rate",
            "where a random number is at least rate the mask is 1 / (1 - rate), in the dtype of x; at test time ones",
        ),
        returns=("out", "mask"),
    ),
)

check = Checker(EXERCISES, Path(__file__).with_name("misconceptions.json"))
