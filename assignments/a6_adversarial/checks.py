"""Public cases of a6: small enough to check with pencil and paper. Hidden cases only add seeds, sizes and edges."""

from pathlib import Path
from typing import Any

import numpy as np

from coursekit.backend import keras
from coursekit.checker import Checker
from coursekit.checking import FLOAT32, AnyFloat, Case, Exercise
from coursekit.models.networks import Network
from coursekit.observing import Remote

from ..shared.plot_curves import PLOT_CURVES

layers = keras.layers


def row(*pixels: float) -> np.ndarray:
    """A float32 image of one row and one channel, as a batch of one."""
    return np.array(pixels, np.float32).reshape(1, 1, -1, 1)


def _pixels(columns: int) -> keras.Model:
    """A network without weights: the logits are the pixels of a row."""
    return keras.Sequential([keras.Input((1, columns, 1)), layers.Flatten()])


def _dense(kernel: list[list[float]], bias: list[float]) -> keras.Model:
    """Logits = pixels @ kernel + bias."""
    dense = layers.Dense(len(bias))
    model = keras.Sequential([keras.Input((1, len(kernel), 1)), layers.Flatten(), dense])
    dense.set_weights([np.array(kernel, np.float32), np.array(bias, np.float32)])
    return model


def _guarded(dropout: float = 0.0) -> keras.Model:
    """As it is deployed, logits = 2 (pixels - 1): batch normalisation knows mean 1 and variance 1/4."""
    norm = layers.BatchNormalization(center=False, scale=False)
    model = keras.Sequential([keras.Input((1, 2, 1)), norm, layers.Dropout(dropout), layers.Flatten()])
    norm.set_weights([np.array([1.0]), np.array([0.25 - 1e-3])])  # Keras adds 1e-3 to the variance
    return model


TWO = Network(lambda: _pixels(2), "logits = the 2 pixels")
FOUR = Network(lambda: _pixels(4), "logits = the 4 pixels")
DENSE = Network(lambda: _dense([[2, 0], [0, 1], [1, 1]], [0, 0]), "logits = x @ [[2, 0], [0, 1], [1, 1]]")
TURNING = Network(lambda: _dense([[0, 1, -2], [0, 0, 6]], [1, 0, -0.9]), "x @ [[0, 1, -2], [0, 0, 6]] + [1, 0, -0.9]")
NORMED = Network(_guarded, "batch normalisation, then logits = 2 (x - 1)")
DROPPED = Network(lambda: _guarded(0.5), "batch normalisation, dropout 0.5, then logits = 2 (x - 1)")

LOG3 = float(np.log(3.0))  # the logits (log 3, 0) have the softmax (3/4, 1/4)
LOG4 = float(np.log(4.0))


def sigmoid(difference: float) -> float:
    """The softmax of two logits is the sigmoid of their difference."""
    return float(1 / (1 + np.exp(-difference)))


def with_plain_loss(result: Any) -> Any:
    """(loss, grad) with the loss in float64: a Python float, a NumPy number and a tensor are as good."""
    loss = result[0] if isinstance(result, (tuple, list)) and len(result) == 2 else None
    if isinstance(loss, float) or (isinstance(loss, np.ndarray) and loss.shape == () and loss.dtype.kind == "f"):
        return np.asarray(loss, np.float64), result[1]
    return result


def _penalised(*args: Any, loss: float, grad: np.ndarray, label: str) -> Case:
    return Case(args, (np.float64(loss), grad), tolerance=FLOAT32, measure=with_plain_loss, label=label)


def with_plain_success(result: Any) -> Any:
    """An attack's result in which `success` is a Python bool: NumPy's kind of truth is as good."""
    success = result.get("success") if isinstance(result, dict) else None
    if isinstance(success, np.ndarray) and success.dtype == bool and success.shape == ():
        return {**result, "success": bool(success)}
    return result


def _attack(
    model: Network, x: np.ndarray, y: int, eps: float, expected: dict[str, Any], label: str, **options: Any
) -> Case:
    """A case of `iterated_fgsm` in the range that `options` give, [0, 1] without; at most 9 steps."""
    lo, hi = options.pop("lo", 0.0), options.pop("hi", 1.0)
    options = {"max_iter": 9, **options}
    args = (model, x, y, eps, lo, hi)
    return Case(args, expected, options, FLOAT32, measure=with_plain_success, label=label)


def _targeted(
    model: Network, x0: np.ndarray, target: int, expected: dict[str, Any], label: str, **options: Any
) -> Case:
    """A case of `targeted_attack`; at most 9 steps, so that a wrong attack ends soon."""
    options = {"max_iter": 9, **options}
    return Case((model, x0, target), expected, options, FLOAT32, measure=with_plain_success, label=label)


def _one_and_two(images: np.ndarray) -> np.ndarray:
    """Logits = the two pixels."""
    return images.reshape(len(images), 2)


def _two_and_one(images: np.ndarray) -> np.ndarray:
    """Logits = the two pixels, in the other order."""
    return images.reshape(len(images), 2)[:, ::-1]


def _bright(images: np.ndarray) -> np.ndarray:
    """Class 1 for images whose mean is above 100, class 0 for the others: it expects intensities up to 255."""
    mean = images.reshape(len(images), -1).mean(axis=1)
    return np.stack([0 * mean, mean - 100], axis=1)


PIXELS = Remote(_one_and_two, "class_of_the_larger_pixel")
SWAPPED = Remote(_two_and_one, "class_of_the_smaller_pixel")
BRIGHT = Remote(_bright, "is_brighter_than_100")
A = np.array([[200.0, 50], [40, 30], [60, 90]], np.float32).reshape(3, 1, 2, 1)
B = np.array([[10.0, 20], [220, 10]], np.float32).reshape(2, 1, 2, 1)

EXERCISES = (
    Exercise(
        "input_gradient",
        cases=(
            Case((TWO, row(LOG3, 0), np.array([0])), row(-0.25, 0.25), label="softmax (3/4, 1/4) minus (1, 0)"),
            Case((DENSE, row(0, 0, 0), np.array([0])), row(-1, 0.5, 0), label="through the weights of a layer"),
            Case(
                (TWO, np.concatenate([row(LOG3, 0), row(LOG3, 0)]), np.array([0, 1])),
                np.concatenate([row(-0.25, 0.25), row(0.75, -0.75)]),
                label="in a batch, each image has the gradient that it has alone",
            ),
            Case((TWO, row(0, 200), np.array([0])), row(-1, 1), label="the network is sure, and wrong"),
            Case(
                (NORMED, row(1 + LOG3 / 2, 1), np.array([0])),
                row(-0.5, 0.5),
                label="the network as it is deployed, and nothing in it changes",
            ),
            Case((DROPPED, row(1 + LOG3 / 2, 1), np.array([0])), row(-0.5, 0.5), label="and no dropout"),
        ),
        hints=(
            "the gradient with respect to the image: which tensor does the tape have to watch?",
            "sum the cross-entropy of the logits with y over the batch; then differentiate with respect to x",
            "call the network with training=False, and let TensorFlow take the softmax and the logarithm in one go",
        ),
    ),
    Exercise(
        "fgsm_step",
        cases=(
            Case(
                (row(0.2, 0.5, 0.8), row(-3, 1e-6, 2), 0.1, 0.0, 1.0),
                row(0.1, 0.6, 0.9),
                label="every pixel by eps, whatever the size of its gradient",
            ),
            Case(
                (row(0.05, 0.95, 0.05, 0.95), row(-1, 1, 1, -1), 0.1, 0.0, 1.0),
                row(0, 1, 0.15, 0.85),
                label="at the ends of [0, 1]",
            ),
            Case((row(0.5, 0.5), row(0, 1), 0.1, 0.0, 1.0), row(0.5, 0.6), label="a gradient of exactly 0"),
            Case((row(10, 200, 250), row(-1, 1, 1), 20.0, 0.0, 255.0), row(0, 220, 255), label="intensities to 255"),
            Case(
                (
                    np.array([0.5, -1.5, -0.5, 2.5]).reshape(1, 1, 2, 2),
                    np.array([1.0, -1.0, -1.0, 1.0]).reshape(1, 1, 2, 2),
                    1.0,
                    np.array([-1.0, -2.0]),
                    np.array([1.0, 3.0]),
                ),
                np.array([1.0, -2.0, -1.0, 3.0]).reshape(1, 1, 2, 2),
                fresh=True,
                label="standardised images: bounds for each channel",
            ),
            Case(
                (row(0.25, 0.75), row(1, -1), np.float64(0.5), np.zeros(1), np.ones(1)),
                row(0.75, 0.25),
                label="float32 stays float32",
            ),
        ),
        hints=(
            "three things in a row: the sign of the gradient, a step of eps, the range of an image",
            "untargeted: the loss of the true class shall grow; afterwards each pixel is cut off at lo and hi",
            "np.sign, np.clip, and astype at the end; np.clip broadcasts bounds along the last axis",
        ),
    ),
    Exercise(
        "iterated_fgsm",
        cases=(
            _attack(
                TWO,
                row(0.8, 0.1),
                0,
                0.3,
                {"x_adv": row(0.2, 0.7), "pred": 1, "confidence": sigmoid(0.5), "steps": 2, "success": True},
                label="one step to a tie-break, a second one to be sure",
                confidence=0.6,
            ),
            _attack(
                TWO,
                row(0, 2 * LOG3),
                0,
                0.3,
                {"x_adv": row(0, 2 * LOG3), "pred": 1, "confidence": 0.9, "steps": 0, "success": True},
                label="wrong and sure before the first step",
                confidence=0.8,
                hi=3.0,
            ),
            _attack(
                TWO,
                row(0, 2 * LOG3),
                1,
                0.25,
                {
                    "x_adv": row(0.25, 2 * LOG3 - 0.25),
                    "pred": 1,
                    "confidence": sigmoid(2 * LOG3 - 0.5),
                    "steps": 1,
                    "success": False,
                },
                label="sure, but of the true class; one step is allowed",
                confidence=0.8,
                max_iter=1,
                hi=3.0,
            ),
            _attack(
                TURNING,
                row(0, 0),
                0,
                0.5,
                {"x_adv": row(0, 1), "pred": 2, "confidence": 0.97783, "steps": 2, "success": True},
                label="the first pixel goes up, then down again",
                confidence=0.95,
            ),
            _attack(
                TWO,
                row(0.3, 0.1),
                0,
                0.2,
                {"x_adv": row(0, 0.5), "pred": 1, "confidence": sigmoid(0.5), "steps": 2, "success": True},
                label="the first pixel reaches 0 and stays there",
                confidence=0.6,
            ),
        ),
        hints=(
            "look before each step: has a wrong class the confidence that was asked for?",
            "at the top of the loop: softmax of the current image, then stop or step; gradient at the current image",
            "everything that you return belongs to the image that you return: look again after the last step",
        ),
    ),
    Exercise(
        "targeted_l1",
        cases=(
            _penalised(
                *(TWO, row(LOG3, 0), row(LOG3, 0), 1),
                loss=LOG4,
                grad=row(0.75, -0.75),
                label="at the original: -log(1/4), and no pull",
            ),
            _penalised(
                *(TWO, row(0, 0), row(0.5, -1.5), 1, 0.1),
                loss=LOG4 / 2 + 0.1,
                grad=row(0.45, -0.45),
                label="log 2, and the mean distance (0.5 + 1.5) / 2",
            ),
            _penalised(
                *(FOUR, row(0, 0, 0, 0), row(1, -1, 0, 2), 2, 4.0),
                loss=LOG4 + 4.0,
                grad=row(-0.75, 1.25, -0.75, -0.75),
                label="a strong pull of 4/4 for each pixel; none where x is x0",
            ),
            _penalised(
                *(TWO, row(200, 0), row(200, 0), 1, 0.0),
                loss=200.0,
                grad=row(1, -1),
                label="the network is sure of another class",
            ),
            _penalised(
                *(NORMED, row(1 + LOG3 / 2, 1), row(1 + LOG3 / 2, 1), 1),
                loss=LOG4,
                grad=row(1.5, -1.5),
                label="the network as it is deployed, and nothing in it changes",
            ),
        ),
        hints=(
            "two terms: how far the target is from winning, and how far the image is from the original",
            "cross-entropy of the logits with the target, plus lam times the mean of |x - x0|; both on one tape",
            "by hand the second term's gradient is lam * sign(x - x0) / (number of pixels): 0 where x equals x0",
        ),
        returns=("loss", "grad"),
    ),
    Exercise(
        "targeted_attack",
        cases=(
            _targeted(
                TWO,
                row(0, 0),
                0,
                {"x_adv": row(0.5, -0.5), "prob": sigmoid(1), "steps": 1, "success": True},
                label="p = 1/2, one step along (1/2, -1/2)",
                lr=1.0,
                stop=0.7,
                lo=-1.0,
            ),
            _targeted(
                TWO,
                row(0.9, 0.1),
                0,
                {"x_adv": row(1, 0), "prob": sigmoid(1), "steps": 1, "success": True},
                label="both pixels reach the ends of [0, 1]",
                lr=1.0,
                stop=0.7,
            ),
            _targeted(
                TWO,
                row(LOG3, 0),
                0,
                {"x_adv": row(LOG3, 0), "prob": 0.75, "steps": 0, "success": True},
                label="already there",
                stop=0.7,
                hi=2.0,
            ),
            _targeted(
                TWO,
                row(LOG3, 0),
                1,
                {"x_adv": row(LOG3 - 0.15, 0.15), "prob": sigmoid(0.3 - LOG3), "steps": 1, "success": False},
                label="another class is sure; one step is allowed",
                lr=0.2,
                stop=0.7,
                max_iter=1,
                hi=2.0,
            ),
            _targeted(
                TWO,
                row(0, 0),
                0,
                {"x_adv": row(0.568941, -0.568941), "prob": 0.757304, "steps": 2, "success": False},
                label="the second step: 1/(1 + e) down the loss, 0.4/2 back to the original",
                lam=0.4,
                lr=1.0,
                stop=0.9,
                max_iter=2,
                lo=-1.0,
            ),
        ),
        hints=(
            "the loop of the untargeted attack with another step and another stopping rule",
            "down the gradient of targeted_l1, times lr; cut off at lo and hi; the distance is always from x0",
            "before each step: p(target) > stop, or max_iter steps made? what you return belongs to the returned image",
        ),
    ),
    Exercise(
        "transfer_matrix",
        cases=(
            Case(
                ([A], [PIXELS, SWAPPED], np.array([0, 0, 0])),
                AnyFloat(np.array([[2 / 3, 1 / 3]])),
                label="one set, two predictors: [200 50] and [40 30] are class 0 for the first, [60 90] is not",
            ),
            Case(
                ([A, B], [PIXELS, BRIGHT], [np.array([1, 0, 0]), np.array([1, 1])]),
                AnyFloat(np.array([[1 / 3, 1.0], [0.5, 0.5]])),
                label="labels for each set; the second predictor expects intensities up to 255",
            ),
            Case(
                ([A[:2], B], [PIXELS, SWAPPED], np.array([0, 1])),
                AnyFloat(np.array([[0.5, 0.5], [0.0, 1.0]])),
                label="rows are sets, columns are predictors",
            ),
            Case(([A], [PIXELS], np.array([0])), raises="ValueError", label="three images and one label"),
        ),
        hints=(
            "two loops: over the sets, and over the predictors",
            "row i, column j: the fraction of set i that predictor j classifies as the true labels say",
            "hand the images over as they are, take the argmax over classes, compare with labels; check lengths first",
        ),
    ),
    PLOT_CURVES,
)

check = Checker(EXERCISES, Path(__file__).with_name("misconceptions.json"))
