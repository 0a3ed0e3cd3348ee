"""Public cases of a5: blocks with kernels that anybody can follow by hand. Hidden cases only add seeds and sizes."""

from itertools import cycle
from pathlib import Path

import numpy as np

from coursekit.backend import keras
from coursekit.checker import Checker
from coursekit.checking import Case, Exercise, Tolerance
from coursekit.models.networks import Symbol, borrow
from coursekit.plain import is_kind
from coursekit.probing import pass_means, run

from ..shared.plot_curves import PLOT_CURVES

FLOAT32_DEPTH = Tolerance(1e-3, 1e-3, "float32 sums through up to thirty layers, of numbers up to a thousand")
SURE = 6.5  # standard errors: a correct initialiser is that far off once in 10 billion times


def convolutions(model: keras.Model):
    """The layers with a convolution kernel, in the order from input to output."""
    return [layer for layer in model.layers if len(getattr(getattr(layer, "kernel", None), "shape", ())) == 4]


def path_lengths(description):
    """Count the convolutions on the longest and on the shortest way from the input to the output."""
    lengths = {-1: (0, 0)}
    for number, call in enumerate(description["calls"]):
        before = [lengths[source] for source in _sources([call["args"], call["kwargs"]]) if source in lengths]
        step = int("Conv2D" in description["operations"][call["operation"]]["class"])
        if before:
            lengths[number] = (max(long for long, _ in before) + step, min(short for _, short in before) + step)
    return lengths[description["output"]["call"]]


def _sources(tree):
    """The calls whose results are used somewhere in a tree of arguments."""
    if is_kind(tree, "tensor"):
        return [tree["call"]]
    inner = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, (list, tuple)) else ()
    return [source for item in inner for source in _sources(item)]


def structure(value, model):
    """Facts about a network that are there to be counted."""
    longest, shortest = path_lengths(value)
    return {
        "convolutions": len(convolutions(model)),
        "longest path": longest,
        "shortest path": shortest,
        "trainable parameters": int(sum(np.prod(weight.shape) for weight in model.trainable_weights)),
    }


def multiply(model, scales, biases):
    """Let each convolution compute scale * image + bias: its kernel is 0 but for the tap at the centre.

    The numbers are used in the order from input to output, again from the beginning when they run out.
    """
    for layer, scale, bias in zip(convolutions(model), cycle(scales), cycle(biases)):
        kernel = np.zeros(layer.kernel.shape, np.float32)
        rows, columns, used, made = kernel.shape
        kernel[(rows - 1) // 2, (columns - 1) // 2] = scale * np.eye(used, made)
        layer.kernel.assign(kernel)
        if layer.bias is not None:
            layer.bias.assign(np.full(layer.bias.shape, bias, np.float32))


def multiplying(image, scales, biases):
    """A measure: the structure of a block, and what it makes of an image once its convolutions only multiply."""

    def measure(value):
        model = borrow(value)
        multiply(model, scales, biases)
        return {**structure(value, model), "output": run(model, np.asarray(image, np.float32)[None])[0]}

    return measure


def initial_weights(value):
    """A measure: whether all kernels were drawn as He's initialisers do."""
    model = borrow(value)
    kernels = [np.asarray(layer.kernel) for layer in convolutions(model)]
    verdicts = [*map(spread, kernels)] or ["no convolutions"]
    return {"initial kernels": next((verdict for verdict in verdicts if verdict != "He"), "He")}


def spread(kernel):
    """How a kernel's initial values lie beside those of He: around 0, with standard deviation sqrt(2 / fan-in)."""
    ratio = np.std(kernel) / np.sqrt(2 / np.prod(kernel.shape[:3]))
    error = max(0.12, SURE / np.sqrt(2 * kernel.size))
    if kernel.size < 400:  # too few numbers to tell
        return "He"
    if abs(np.mean(kernel)) > SURE * np.std(kernel) / np.sqrt(kernel.size):
        return "not around 0"
    return "He" if abs(ratio - 1) <= error else "smaller than He's" if ratio < 1 else "larger than He's"


def passing_means(value):
    """A measure: structure, and the logits of an image of ones when every convolution passes on the mean.

    All biases are 0 but the last, which is -2: a chain of convolutions gives 1 - 2 = -1.
    """
    model = borrow(value)
    sizes = [tuple(layer.kernel.shape[:2]) for layer in convolutions(model)]
    pass_means(model, last_bias=-2.0)
    ones = np.ones((1, *[extent or 8 for extent in model.input_shape[1:]]), np.float32)
    return {
        "input shape": model.input_shape[1:],
        "output shape": model.output_shape[1:],
        "5x5 convolutions": sizes.count((5, 5)),
        **structure(value, model),
        "logits of an image of ones": run(model, ones)[0],
    }


def in_words(value):
    """A measure for calls that must not return: what came back."""
    return "a model" if is_kind(value, "model") else "something else"


def deep(extra, longest, shortest, parameters, logit):
    """What ``passing_means`` finds in a deep network with ``extra`` convolutions beside the nine of the base."""
    return {
        "input shape": (32, 32, 3),
        "output shape": (10,),
        "5x5 convolutions": extra,
        "convolutions": extra + 9,
        "longest path": longest,
        "shortest path": shortest,
        "trainable parameters": parameters,
        "logits of an image of ones": np.full(10, logit, np.float32),
    }


def block(convolutions, longest, shortest, parameters, output):
    """What ``multiplying`` finds in a block."""
    return {
        "convolutions": convolutions,
        "longest path": longest,
        "shortest path": shortest,
        "trainable parameters": parameters,
        "output": np.array(output, np.float32),
    }


ROW = [[[3, 5], [-1, 1], [-4, 0]]]  # 1 x 3 pixels, 2 channels
HALVED = [[[96, 48], [-96, 192]]]  # 1 x 2 pixels, 2 channels
MIRRORED = [[[0], [8], [-3]]]  # 1 x 3 pixels, 1 channel

EXERCISES = (
    Exercise(
        "residual_block",
        cases=(
            Case(
                (Symbol((1, 3, 2)), 2),
                block(2, 2, 0, 204, [[[3, 5], [0, 1], [0, 0]]]),
                measure=multiplying(ROW, [0], [0]),
                label="all kernels 0: relu(x) is left",
            ),
            Case(
                (Symbol((1, 3, 2)), 2),
                block(2, 2, 0, 204, [[[2, 3], [0, 1], [0, 0.5]]]),
                measure=multiplying(ROW, [1, -0.5], [1, 1]),
                label="first convolution z + 1, second 1 - z/2",
            ),
            Case(
                (Symbol((1, 3, 2)), 2),
                block(2, 2, 0, 76, [[[2, 3], [0, 1], [0, 0.5]]]),
                kwargs={"kernel_size": 3},
                measure=multiplying(ROW, [1, -0.5], [1, 1]),
                label="3x3 kernels",
            ),
            Case(
                (Symbol((4, 6, 16)), 16),
                {"initial kernels": "He"},
                measure=initial_weights,
                label="the initial weights",
            ),
        ),
        hints=(
            "two ways lead from x to the sum: one through both convolutions, one through nothing at all",
            "where do the two ReLUs stand? one between the convolutions, one after the sum",
            "x itself is added to the output of the second convolution, which may be negative; then one last ReLU",
        ),
    ),
    Exercise(
        "fractal_stats",
        cases=(
            Case((1,), {"n_convs": 1, "longest": 1, "shortest": 1, "n_paths": 1}, label="one convolution"),
            Case((2,), {"n_convs": 3, "longest": 2, "shortest": 1, "n_paths": 2}, label="one beside two in a row"),
            Case((3,), {"n_convs": 7, "longest": 4, "shortest": 1, "n_paths": 5}, label="the block of the figure"),
            Case((0,), raises="ValueError", label="no columns"),
        ),
        hints=(
            "draw the block for two columns, then put that drawing in twice to get three",
            "two copies in a row: convolutions add up, lengths add up, and choices multiply",
            "the new column adds one convolution, one path of length 1, and nothing to the longest path",
        ),
    ),
    Exercise(
        "fractal_block",
        cases=(
            Case(
                (Symbol((1, 2, 2)), 2),
                block(7, 4, 1, 714, [[[25, 12.5], [0, 50]]]),
                measure=multiplying(HALVED, [0.5], [0]),
                label="every convolution halves",
            ),
            Case(
                (Symbol((1, 3, 1)), 1),
                block(7, 4, 1, 182, [[[4], [2], [5]]]),
                measure=multiplying(MIRRORED, [-1], [6]),
                label="every convolution computes 6 - z",
            ),
            Case(
                (Symbol((1, 2, 2)), 2),
                block(3, 2, 1, 114, [[[36, 18], [0, 72]]]),
                kwargs={"columns": 2, "kernel_size": 3},
                measure=multiplying(HALVED, [0.5], [0]),
                label="two columns of 3x3 kernels",
            ),
            Case(
                (Symbol((4, 6, 8)), 8),
                {"initial kernels": "He"},
                measure=initial_weights,
                label="the initial weights",
            ),
        ),
        hints=(
            "follow 96 through the figure with every convolution halving: columns of one, two and four convolutions",
            "every box is a convolution and a ReLU; where lines meet, take the mean of all that meet",
            "one column gives [conv(z)]; more give conv(z) and the columns of a smaller fractal, which start "
            "at the mean of another",
        ),
    ),
    Exercise(
        "build_deep",
        cases=(
            Case(
                ("plain",),
                deep(20, 29, 29, 167_178, -1),
                measure=passing_means,
                tolerance=FLOAT32_DEPTH,
                label="a chain",
            ),
            Case(
                ("residual",),
                deep(8, 17, 9, 90_186, 14),
                kwargs={"n_extra": 8},
                measure=passing_means,
                tolerance=FLOAT32_DEPTH,
                label="four blocks, each doubles: 16 - 2",
            ),
            Case(
                ("fractal",),
                deep(14, 17, 11, 128_682, -1),
                kwargs={"n_extra": 8},
                measure=passing_means,
                tolerance=FLOAT32_DEPTH,
                label="two blocks of seven convolutions",
            ),
            Case(("dense",), raises="ValueError", measure=in_words, label="an unknown kind"),
        ),
        hints=(
            "begin with the nine convolutions and two pools of table 2, without BatchNormalization",
            "the extra part stands after the first convolution and its ReLU, before anything is pooled",
            "n_extra counts convolutions on the longest way: a residual block has two, a block of three columns four",
        ),
    ),
    PLOT_CURVES,
)

check = Checker(EXERCISES, Path(__file__).with_name("misconceptions.json"))
