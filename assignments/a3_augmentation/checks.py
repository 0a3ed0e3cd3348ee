"""Public cases of a3: small enough for pencil and paper, or for counting. Hidden cases only add seeds, sizes and edges.

A random function is judged by what a large batch of coded images shows: every pixel says which image and which place it
comes from. Each count is compared with its expectation within six standard deviations.
"""

from pathlib import Path

import numpy as np

from coursekit.backend import keras
from coursekit.checker import Checker
from coursekit.checking import AnyFloat, Case, Exercise, Refused, Tolerance
from coursekit.models.networks import borrow
from coursekit.observing import Rng
from coursekit.probing import convolutions, kernel_weights, outputs_are, run

from ..shared.plot_curves import PLOT_CURVES

layers = keras.layers

STANDARDISED = Tolerance(1e-3, 1e-4, "float32 sums over one image in any order")
NO_WARNINGS = {"divide": "raise", "invalid": "raise"}  # 0/0 is an error here, not a warning
SIGMAS = 6.0  # a false alarm in 1e9 tests


def coded_images(n, height, width):
    """float32 (n, height, width, 1): every value names its image, row and column; none is 0."""
    return (1.0 + np.arange(n * height * width, dtype=np.float32)).reshape(n, height, width, 1)


def as_batch(value, images):
    """The result as images of the same shape, or a refusal."""
    array = np.asarray(value) if isinstance(value, np.ndarray) else None
    if array is None:
        raise Refused(f"returned {type(value).__name__}; expected an array of images")
    if array.shape != images.shape:
        raise Refused(f"returned images of shape {array.shape}, expected {images.shape}")
    if array.dtype.kind not in "biuf" or not np.isfinite(array).all():
        raise Refused("returned images with values that are not finite real numbers")
    return array


def bucket(count, total, p):
    """Whether a count fits a binomial distribution."""
    spread = SIGMAS * np.sqrt(total * p * (1 - p))
    return "as expected" if abs(count - total * p) <= spread else "too often" if count > total * p else "too rarely"


def flip_facts(images, p):
    """A measure: what happened to each image of a batch, and how often."""

    views = {
        "itself": images,
        "mirrored": images[:, :, ::-1],
        "upside down": images[:, ::-1],
        "turned by half": images[:, ::-1, ::-1],
        "colours reversed": images[..., ::-1],
    }

    def measure(value):
        out = as_batch(value, images)
        same = {name: (out == view).reshape(len(out), -1).all(axis=1) for name, view in views.items()}
        found = np.select(list(same.values()), list(same), default="another image")
        mirrored = found == "mirrored"
        if mirrored.all() or not mirrored.any():
            share = "all or none of the batch"
        else:
            share = bucket(int(mirrored.sum()), len(out), p)
        return {"each image is": sorted(map(str, set(found))), "mirrored": share, "dtype": str(out.dtype)}

    return measure


def offset_facts(images, pad):
    """A measure: whether each output is a crop of its own zero-padded image, and what the offsets look like."""
    n, height, width, _ = images.shape
    middle = (height // 2, width // 2)

    def measure(value):
        out = as_batch(value, images)
        code = out[:, middle[0], middle[1], 0].astype(float) - 1
        image, place = np.divmod(code, height * width)
        rows, columns = np.divmod(place, width)
        dy, dx = (rows - middle[0] + pad).astype(int), (columns - middle[1] + pad).astype(int)
        padded = np.pad(images, [(0, 0), (pad, pad), (pad, pad), (0, 0)])
        good = [
            image[i] == i
            and 0 <= dy[i] <= 2 * pad
            and 0 <= dx[i] <= 2 * pad
            and np.array_equal(out[i], padded[i, dy[i] : dy[i] + height, dx[i] : dx[i] + width])
            for i in range(n)
        ]
        return {
            "crops of the zero-padded image": f"{'all' if all(good) else 'some' if any(good) else 'none'} of them",
            "any image moved": bool((dy != pad).any() or (dx != pad).any()),
            "row offsets": _range(dy, pad),
            "column offsets": _range(dx, pad),
            "rows and columns": "independent" if _independent(dy, dx) else "not independent",
            "neighbours in the batch": (
                "independent" if _independent(dy[1:], dy[:-1]) and _independent(dx[1:], dx[:-1]) else "not independent"
            ),
        }

    return measure


def _range(offsets, pad):
    """The offsets that occur, and whether all occur equally often (chi-square, six standard deviations)."""
    low, high = int(offsets.min()), int(offsets.max())
    if (low, high) != (0, 2 * pad):
        return f"{low} to {high}"
    counts = np.bincount(offsets, minlength=2 * pad + 1)
    expected = len(offsets) / (2 * pad + 1)
    chi_square = float(((counts - expected) ** 2 / expected).sum())
    uneven = chi_square > 2 * pad + SIGMAS * np.sqrt(4 * pad) + SIGMAS**2
    return f"{low} to {high}, {'unequally often' if uneven else 'equally often'}"


def _independent(one, other):
    """No correlation beyond six standard deviations; a constant is not independent of anything."""
    one, other = one - one.mean(), other - other.mean()
    scale = np.sqrt((one**2).sum() * (other**2).sum())
    return bool(scale > 0 and abs((one * other).sum()) / scale < SIGMAS / np.sqrt(len(one)))


def expected_offsets(pad):
    every = f"0 to {2 * pad}, equally often"
    return {
        "crops of the zero-padded image": "all of them",
        "any image moved": True,
        "row offsets": every,
        "column offsets": every,
        "rows and columns": "independent",
        "neighbours in the batch": "independent",
    }


def standardised(images):
    """Each image with mean 0 and standard deviation 1, in float64 and one image at a time."""
    result = np.zeros(images.shape)
    for i, image in enumerate(images.astype(float)):
        deviation = np.sqrt(np.mean((image - image.mean()) ** 2))
        result[i] = (image - image.mean()) / deviation if deviation > 0 else 0.0
    return result


def pipeline_facts(images, pad=4):
    """A measure: what each image of a batch became, and by how much it was moved."""
    n, height, width, _ = images.shape
    plain = standardised(images)
    views = {"itself": plain, "mirrored": plain[:, :, ::-1], "upside down": plain[:, ::-1]}
    frame = [(0, 0), (pad, pad), (pad, pad), (0, 0)]
    padded = {name: np.pad(view, frame) for name, view in views.items()}
    offsets = [(dy, dx) for dy in range(2 * pad + 1) for dx in range(2 * pad + 1)]

    def measure(value):
        out = as_batch(value, images)
        became, moved = np.full(n, "another image"), np.full((n, 2), pad)
        for name, view in padded.items():
            for dy, dx in offsets:
                near = np.abs(out - view[:, dy : dy + height, dx : dx + width]) < 1e-3
                here = near.reshape(n, -1).all(axis=1)
                became[here], moved[here] = name, (dy, dx)
        shifted = np.any(moved != pad, axis=1)
        return {
            "standardised images are": sorted(map(str, set(became))),
            "moved": _moves(moved - pad),
            "border": "0" if all(np.any(out[i] == 0.0) for i in np.flatnonzero(shifted)) else "not 0",
            "dtype": str(out.dtype),
        }

    return measure


def _moves(moves):
    """How far images were moved; 64 windows of 81 are hardly ever fewer than 16 different ones, or none at the edge."""
    if not moves.any():
        return "not at all"
    alike = len(np.unique(moves, axis=0)) < len(moves) / 4
    return f"by up to {np.abs(moves).max()} pixels, {'many alike' if alike else 'each by itself'}"


def expected_pipeline(flipped, cropped):
    return {
        "standardised images are": ["itself", "mirrored"] if flipped else ["itself"],
        "moved": "by up to 4 pixels, each by itself" if cropped else "not at all",
        "border": "0",
        "dtype": "float32",
    }


def pipeline_case(images, seed, training, label="", **flags):
    """A batch of uneven images of which flips and crops can be told apart."""
    flip, crop = (training and flags.get(name, True) for name in ("flip", "crop"))
    args = (images, Rng(seed), training)
    return Case(
        args,
        expected_pipeline(flip, crop),
        kwargs=flags,
        measure=pipeline_facts(images),
        advances=flip or crop,
        label=label,
    )


def uneven_images(n, height, width, seed=0):
    """uint8 images without any symmetry."""
    return np.random.default_rng(seed).integers(0, 256, (n, height, width, 3)).astype(np.uint8)


def statistics_facts(channels):
    """A measure: mean and standard deviation, one for each channel, with or without axes of length 1."""

    def measure(value):
        if not isinstance(value, (tuple, list)) or len(value) != 2:
            raise Refused("expected two results, (mean, std)")
        if not all(
            isinstance(part, (int, float, np.ndarray)) and np.asarray(part).dtype.kind in "biuf" for part in value
        ):
            raise Refused("expected two results, (mean, std), both arrays of numbers")
        shapes = [np.shape(part) for part in value]
        fits = all(shape in ((channels,), (1, 1, 1, channels)) for shape in shapes)
        return {
            "shapes": "one number for each channel" if fits else f"{shapes[0]} and {shapes[1]}",
            "mean": np.ravel(value[0]).astype(float),
            "std": np.ravel(value[1]).astype(float),
        }

    return measure


def expected_statistics(mean, std):
    return {"shapes": "one number for each channel", "mean": np.array(mean, float), "std": np.array(std, float)}


def network_facts(value):
    """What tells the network of table 1 apart without running it on many images."""
    model = borrow(value)
    normalised = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    return {
        "input shape": model.input_shape[1:],
        "output shape": model.output_shape[1:],
        "convolutions": len(convolutions(model)),
        "BatchNormalization layers": len(normalised),
        "epsilons": sorted({float(layer.epsilon) for layer in normalised}),
        "numbers that are not trained": sum(int(np.prod(w.shape)) for w in model.non_trainable_weights),
        "numbers in all kernels": kernel_weights(model),
        "outputs": outputs_are(run(model, np.random.default_rng(0).normal(size=(8, 32, 32, 3)))),
    }


FLIPPING = coded_images(1000, 2, 3)
CROPPING = coded_images(1500, 5, 6)
ROWS = np.array([[[[1], [2], [3]], [[4], [5], [6]]]], np.uint8)  # (1, 2, 3, 1)
MIRRORED = np.array([[[[3], [2], [1]], [[6], [5], [4]]]], np.uint8)
TWO_PIXELS = np.array([[[[10], [30]]], [[[5], [5]]]], np.uint8)  # two images of 1 x 2 pixels
TRAINING_SET = np.array([[[[0, 10], [2, 10]]], [[[4, 10], [2, 10]]]], np.uint8)  # (2, 1, 2, 2)

EXERCISES = (
    Exercise(
        "standardize_images",
        cases=(
            Case(
                (TWO_PIXELS,),
                AnyFloat(np.array([[[[-1.0], [1.0]]], [[[0.0], [0.0]]]])),
                tolerance=STANDARDISED,
                label="mean 20, deviation 10; a constant image becomes zeros",
            ),
            Case(
                (TWO_PIXELS[1:],),
                AnyFloat(np.zeros((1, 1, 2, 1))),
                errstate=NO_WARNINGS,
                label="a constant image alone: no warning about 0/0 either",
            ),
            Case(
                (np.array([[[[1.0, 5.0]], [[1.0, 5.0]]]], np.float32),),
                AnyFloat(np.array([[[[-1.0, 1.0]], [[-1.0, 1.0]]]])),
                tolerance=STANDARDISED,
                fresh=True,
                label="one mean for all channels of an image: a red image stays red",
            ),
        ),
        hints=(
            "convert to float first; then each image has a mean and a standard deviation of its own",
            "axis=(1, 2, 3) runs over rows, columns and channels; keepdims=True lets the result broadcast",
            "where the deviation is 0, divide by 1 instead",
        ),
    ),
    Exercise(
        "fit_normalizer",
        cases=(
            Case(
                (TRAINING_SET,),
                expected_statistics([2.0, 10.0], [np.sqrt(2.0), 0.0]),
                measure=statistics_facts(2),
                label="channel 0 holds 0, 2, 4, 2; channel 1 is constant",
            ),
        ),
        hints=(
            "one mean and one deviation for each channel, over all images of the training set",
            "axis=(0, 1, 2) runs over images, rows and columns; sum in float64",
            "return x.mean(axis=(0, 1, 2)) and x.std(axis=(0, 1, 2)) of the images as float64",
        ),
        returns=("mean", "std"),
    ),
    Exercise(
        "apply_normalizer",
        cases=(
            Case(
                (TRAINING_SET, np.array([2.0, 10.0]), np.array([2.0, 0.0])),
                AnyFloat(np.array([[[[-1.0, 0.0], [0.0, 0.0]]], [[[1.0, 0.0], [0.0, 0.0]]]])),
                tolerance=STANDARDISED,
                label="a constant channel becomes 0",
            ),
            Case(
                (np.full((1, 1, 1, 2), 5, np.uint8), np.array([10.0, 1.0]), np.array([5.0, 2.0])),
                AnyFloat(np.array([[[[-1.0, 2.0]]]])),
                tolerance=STANDARDISED,
                label="one test image, with the statistics of another set",
            ),
        ),
        hints=(
            "only the statistics that are passed in count: nothing is computed from these images",
            "convert to float, subtract the mean, divide by the deviation",
            "np.where(std > 0, std, 1.0) guards constant channels",
        ),
    ),
    Exercise(
        "random_flip",
        cases=(
            Case((ROWS, Rng(0), 1.0), MIRRORED, fresh=True, label="p = 1 mirrors left and right"),
            Case((ROWS, Rng(0), 0.0), ROWS, fresh=True, label="p = 0 changes nothing"),
            Case(
                (FLIPPING, Rng(1)),
                {"each image is": ["itself", "mirrored"], "mirrored": "as expected", "dtype": "float32"},
                measure=flip_facts(FLIPPING, 0.5),
                advances=True,
                label="1000 images: about half of them are mirrored",
            ),
        ),
        hints=(
            "toss one coin for each image: rng.random(len(images)) < p",
            "images[:, :, ::-1] reverses the width of every image",
            "copy the images, then write the mirrored ones into the copy where the coin says so",
        ),
    ),
    Exercise(
        "random_pad_crop",
        cases=(
            Case((ROWS, Rng(0)), ROWS, kwargs={"pad": 0}, fresh=True, label="pad = 0 changes nothing"),
            Case(
                (CROPPING, Rng(2)),
                expected_offsets(2),
                kwargs={"pad": 2},
                measure=offset_facts(CROPPING, 2),
                advances=True,
                label="1500 images of 5 x 6 pixels: every offset from 0 to 4 occurs",
            ),
        ),
        hints=(
            "np.pad takes one (before, after) pair for each axis: pad rows and columns only",
            "draw dy and dx for every image, each from 0 to 2 * pad, both ends included",
            "cut padded[i, dy : dy + height, dx : dx + width] for image i",
        ),
    ),
    Exercise(
        "augment_batch",
        cases=(
            pipeline_case(uneven_images(64, 9, 10), 0, False, "evaluation: standardised and nothing else"),
            pipeline_case(uneven_images(64, 9, 10), 1, True, "training: flips, crops, a border of zeros"),
            pipeline_case(uneven_images(64, 9, 10), 2, True, "training without crops", crop=False),
            pipeline_case(uneven_images(64, 9, 10), 3, True, "training without flips", flip=False),
        ),
        hints=(
            "three steps: flip, standardise, crop; the first and the last in training only",
            "every image is standardised, always; flip and crop obey their flags as well as training",
            "the crop comes last, so that the padded zeros stay zeros",
        ),
    ),
    Exercise(
        "build_penn_net",
        cases=(
            Case(
                (),
                {
                    "input shape": (32, 32, 3),
                    "output shape": (10,),
                    "convolutions": 3,
                    "BatchNormalization layers": 4,
                    "epsilons": [0.001],
                    "numbers that are not trained": 384,
                    "numbers in all kernels": 145_376,
                    "outputs": "logits",
                },
                measure=network_facts,
                label="table 1: 2 400 + 25 600 + 51 200 + 65 536 + 640 weights in the kernels",
            ),
        ),
        hints=(
            "three times: Conv2D 5x5 'same', BatchNormalization, ReLU, AveragePooling2D",
            "32, 32 and 64 filters; then Flatten, Dense(64), BatchNormalization, ReLU",
            "the last layer is Dense(num_classes) without an activation",
        ),
    ),
    PLOT_CURVES,
)

check = Checker(EXERCISES, Path(__file__).with_name("misconceptions.json"))
