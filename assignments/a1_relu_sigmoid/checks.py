"""Public cases of a1: small enough to check with pencil and paper. Hidden cases only add seeds, sizes and edges."""

from pathlib import Path

import numpy as np

from coursekit.checker import Checker
from coursekit.checking import AnyFloat, Case, Exercise

ARANGE_KERNEL = np.arange(9.0).reshape(3, 3, 1, 1)  # taps 0 to 8, row by row
UNEVEN_KERNEL = np.array([[0.0, 1, 2], [3, 4, 5], [6, 7, 17]])[..., None, None]  # sum 45, mean 5, centre 4

EXERCISES = (
    Exercise(
        "threshold_relu",
        cases=(
            Case((np.array([[-3.0, -1.0], [0.5, 2.0]]), 0.7), np.array([[0.7, 0.7], [0.7, 2.0]])),
            Case(
                (np.array([[-3.0, 0.5, 2.0], [1.0, -2.0, -1.0]]), np.array([0.0, 1.0, -1.5])),
                np.array([[0.0, 1.0, 2.0], [1.0, 1.0, -1.0]]),
                label="one threshold per channel",
            ),
            Case((np.array([[-3.0, -0.5, 0.25]]), -0.9), np.array([[-0.9, -0.5, 0.25]]), label="a negative threshold"),
            Case(
                (np.array([[-1.0, 2.0]], np.float32), np.float64(0.5)),
                np.array([[0.5, 2.0]], np.float32),
                label="float32 stays float32",
            ),
            Case((np.array([[3.0, 4.0]]), 0.5), np.array([[3.0, 4.0]]), fresh=True, label="nothing is clamped"),
        ),
        hints=(
            "read the name aloud: the maximum of a threshold and the input, element by element",
            "try x = [-1, 0, 1] with t = 0.5 by hand: no result may be below 0.5",
            "np.maximum broadcasts t along the last axis; give t the dtype of x before you compare",
        ),
    ),
    Exercise(
        "threshold_relu_backward",
        cases=(
            Case(
                (np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[-1.0, 0.2], [0.9, 5.0]]), 0.5),
                (np.array([[0.0, 0.0], [3.0, 4.0]]), AnyFloat(3.0)),
            ),
            Case(
                (
                    np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]),
                    np.array([[0.0, 2.0, 9.0], [5.0, 0.5, 8.0]]),
                    np.array([1.0, 1.0, 1.0]),
                ),
                (np.array([[0.0, 2.0, 3.0], [10.0, 0.0, 30.0]]), AnyFloat(np.array([1.0, 20.0, 0.0]))),
                label="one threshold per channel",
            ),
            Case(
                (np.arange(8.0).reshape(1, 2, 2, 2), np.zeros((1, 2, 2, 2)), np.array([-1.0, 1.0])),
                (np.array([0.0, 0, 2, 0, 4, 0, 6, 0]).reshape(1, 2, 2, 2), AnyFloat(np.array([0.0, 16.0]))),
                label="images: t was broadcast over batch, rows and columns",
            ),
            Case(
                (np.array([[np.inf, 1.0]]), np.array([[-1.0, 1.0]]), 0.0),
                (np.array([[0.0, 1.0]]), AnyFloat(np.inf)),
                label="an infinite upstream gradient",
            ),
        ),
        hints=(
            "each entry takes one of two branches: which of x and t does the output depend on there?",
            "where x > t, dout flows into x; where x < t, it flows into t",
            "t is shared: add up dout over every entry that used it, so that dt gets the shape of t",
        ),
        returns=("dx", "dt"),
    ),
    Exercise(
        "fold_threshold_dense",
        cases=(
            Case(
                (np.array([1.0, 2.0]), 0.5, np.array([[1.0, 10.0], [2.0, 20.0]]), np.array([0.0, 100.0])),
                (np.array([0.5, 1.5]), np.array([1.5, 115.0])),
            ),
            Case(
                (np.zeros(2), np.array([1.0, -1.0]), np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]), np.zeros(3)),
                (np.array([-1.0, 1.0]), np.array([-9.0, -18.0, -27.0])),
                label="one threshold per unit, a layer that is not square",
            ),
            Case(
                (np.zeros(3), np.array([1.0, 0.0, 0.0]), np.arange(9.0).reshape(3, 3), np.zeros(3)),
                (np.array([-1.0, 0.0, 0.0]), np.array([0.0, 1.0, 2.0])),
                label="a square layer: only values can tell rows from columns",
            ),
            Case(
                (np.zeros(2, np.float32), np.float64(0.5), np.ones((2, 1), np.float32), np.zeros(1, np.float32)),
                (np.full(2, -0.5, np.float32), np.ones(1, np.float32)),
                label="float32 stays float32",
            ),
            Case(
                (np.array([1.0]), 0.0, np.array([[2.0]]), np.array([3.0])),
                (np.array([1.0]), np.array([3.0])),
                fresh=True,
                label="t = 0 changes nothing, in new arrays",
            ),
        ),
        hints=(
            "start from max(t, z) = t + max(0, z - t) and collect what is constant",
            "the inner -t belongs to b1; the outer +t is an input of the next layer",
            "a constant input t of the next layer contributes t @ W2 to its bias; for a scalar, one t per unit",
        ),
        returns=("b1_new", "b2_new"),
    ),
    Exercise(
        "fold_threshold_network",
        cases=(
            Case(
                ([(np.eye(2), np.zeros(2)), (np.array([[1.0], [2.0]]), np.array([10.0]))], [0.5]),
                ([(np.eye(2), np.array([-0.5, -0.5])), (np.array([[1.0], [2.0]]), np.array([11.5]))], np.zeros(1)),
                label="one hidden layer",
            ),
            Case(
                (
                    [
                        (np.eye(2), np.zeros(2)),
                        (np.array([[0.0, 1.0], [2.0, 3.0]]), np.zeros(2)),
                        (np.ones((2, 1)), np.zeros(1)),
                    ],
                    [np.array([1.0, 2.0]), np.array([10.0, 20.0])],
                ),
                (
                    [
                        (np.eye(2), np.array([-1.0, -2.0])),
                        (np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([-6.0, -13.0])),
                        (np.ones((2, 1)), np.array([30.0])),
                    ],
                    np.zeros(1),
                ),
                label="a middle layer receives a shift and gives one",
            ),
            Case(
                ([(np.array([[2.0, 3.0]]), np.array([1.0, 1.0]))], [0.25]),
                ([(np.array([[2.0, 3.0]]), np.array([0.75, 0.75]))], np.array([0.25, 0.25])),
                label="the output is thresholded, too",
            ),
            Case(
                ([(np.array([[2.0, 3.0]]), np.array([1.0, 1.0]))], []),
                ([(np.array([[2.0, 3.0]]), np.array([1.0, 1.0]))], np.zeros(2)),
                fresh=True,
                may_share=("[0][0]",),
                label="one linear layer",
            ),
        ),
        hints=(
            "it is the two-layer fold, repeated: every threshold touches its own bias and the next one",
            "a middle layer gets + shift of the layer before @ W, and - its own threshold",
            "after the last layer nothing can absorb a threshold: that is out_shift; zeros for a linear output",
        ),
        returns=("new_layers", "out_shift"),
    ),
    Exercise(
        "fold_threshold_conv",
        cases=(
            Case(
                (np.zeros(1), 0.5, UNEVEN_KERNEL, np.array([1.0])),
                (np.array([-0.5]), np.array([23.5])),
                kwargs={"padding": "valid"},
                part="valid",
            ),
            Case(
                (np.zeros(2), np.array([1.0, 10.0]), np.array([1.0, 2, 3, 4]).reshape(1, 1, 2, 2), np.zeros(2)),
                (np.array([-1.0, -10.0]), np.array([31.0, 42.0])),
                kwargs={"padding": "valid"},
                part="valid",
                label="one threshold per channel",
            ),
            Case(
                (np.zeros(1), 1.0, ARANGE_KERNEL, np.zeros(1)),
                (np.array([-1.0]), np.array([[24.0, 33, 20], [12, 15, 8]])[..., None]),
                kwargs={"padding": "same", "input_hw": (2, 3)},
                part="same",
                label="a 2 x 3 image: every output pixel is at the border",
            ),
            Case(
                (np.zeros(1), 1.0, np.arange(1.0, 5.0).reshape(2, 2, 1, 1), np.zeros(1)),
                (np.array([-1.0]), np.array([[10.0, 4.0], [3.0, 1.0]])[..., None]),
                kwargs={"padding": "same", "input_hw": (3, 3), "strides": 2},
                part="same",
                label="an even kernel and stride 2: one row of padding, at the bottom",
            ),
        ),
        hints=(
            "first 'valid': every tap of the kernel sees an activation that is t too low",
            "'same': at the border some taps fall on padding, which is 0 in both networks and needs no correction",
            "the map is what W2 makes of an image that is t everywhere: convolve that image with 'same' padding",
            "pad_total = max((Ho - 1) s + kh - H, 0), of which pad_total // 2 rows are at the top",
        ),
        returns=("b1_new", "b2_new"),
    ),
    Exercise(
        "sigmoid_forward",
        cases=(
            Case(
                (np.array([0.0, np.log(3.0), -np.log(3.0)]),),
                (np.array([0.5, 0.75, 0.25]), np.array([0.5, 0.75, 0.25])),
                label="1 / (1 + 1/3) = 3/4",
            ),
            Case(
                (np.array([-1e4, -100.0, 100.0, 1e4], np.float32),),
                (np.array([0.0, 0.0, 1.0, 1.0], np.float32), np.array([0.0, 0.0, 1.0, 1.0], np.float32)),
                errstate={"over": "raise", "invalid": "raise", "divide": "raise"},
                label="far out, without overflow",
            ),
            Case(
                (np.array([-800.0, 800.0]),),
                (np.array([0.0, 1.0]), np.array([0.0, 1.0])),
                errstate={"invalid": "raise"},
                label="far out, no inf / inf",
            ),
            Case((np.array(0.0),), (np.array(0.5), np.array(0.5)), label="a single number"),
        ),
        hints=(
            "1 / (1 + exp(-x)) is right on paper; what is exp(800) in float64?",
            "exp of a number that is never positive cannot overflow: exp(-|x|)",
            "for x < 0 multiply numerator and denominator by exp(x); the cache is the output s",
        ),
        returns=("s", "cache"),
    ),
    Exercise(
        "sigmoid_backward",
        cases=(
            Case((np.array([1.0, 2.0]), np.array([0.5, 0.25])), np.array([0.25, 0.375])),
            Case((np.array([[1.0, -4.0]]), np.array([[0.25, 0.5]])), np.array([[0.1875, -1.0]])),
            Case((np.array([7.0, -7.0]), np.array([0.0, 1.0])), np.array([0.0, 0.0]), label="saturated units"),
            Case(
                (np.array([2.0], np.float32), np.array([0.5], np.float32)),
                np.array([0.5], np.float32),
                fresh=True,
                label="float32 stays float32",
            ),
        ),
        hints=(
            "the derivative of the sigmoid can be written with the sigmoid alone",
            "differentiate 1 / (1 + exp(-x)) and recognise s and 1 - s in what you get",
            "three factors: what flows in, s, and 1 - s",
        ),
    ),
    Exercise(
        "affine_backward",
        cases=(
            Case(
                (np.array([[1.0, 10.0]]), (np.array([[2.0, 3.0]]), np.array([[1.0, 2.0], [3.0, 4.0]]), np.zeros(2))),
                (np.array([[21.0, 43.0]]), np.array([[2.0, 20.0], [3.0, 30.0]]), AnyFloat(np.array([1.0, 10.0]))),
                label="one row",
            ),
            Case(
                (
                    np.array([[1.0], [2.0]]),
                    (np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 3.0]]), np.array([[1.0], [2.0], [3.0]]), np.zeros(1)),
                ),
                (np.array([[1.0, 2, 3], [2, 4, 6]]), np.array([[1.0], [2.0], [8.0]]), AnyFloat(np.array([3.0]))),
                label="a batch of two",
            ),
            Case(
                (
                    np.array([[1.0, 2.0], [3.0, 4.0]]),
                    (np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([[1.0, 0.0], [2.0, 1.0]]), np.zeros(2)),
                ),
                (np.array([[1.0, 4], [3, 10]]), np.array([[1.0, 2.0], [4.0, 6.0]]), AnyFloat(np.array([4.0, 6.0]))),
                label="everything square: only values can tell",
            ),
        ),
        hints=(
            "write y = x W + b for one entry of y, and ask which y an entry of x, W or b reaches",
            "shapes decide the order: dx is (N, D), dW is (D, K), db is (K,)",
            "everything that was shared by the rows is summed over the rows; the 1/N lives in the loss",
        ),
        returns=("dx", "dW", "db"),
    ),
)

check = Checker(EXERCISES, Path(__file__).with_name("misconceptions.json"))
