"""Known-wrong implementations: zero-padding and random crops."""

import numpy as np

from autograder.course.bank import Bank
from solutions.a3_augmentation import solution

BANK = Bank()
mutant = BANK.mutant


@mutant(of="random_pad_crop", hint="draw a new offset for each image: yours shifts the whole batch alike")
def one_offset_for_the_batch(images, rng, pad=4):
    """Crops the whole batch with one offset."""
    n, h, w, _ = images.shape
    padded = np.pad(images, [(0, 0), (pad, pad), (pad, pad), (0, 0)])
    dy = np.full(n, rng.integers(0, 2 * pad + 1))
    dx = np.full(n, rng.integers(0, 2 * pad + 1))
    out = np.empty_like(images)
    for i in range(n):
        out[i] = padded[i, dy[i] : dy[i] + h, dx[i] : dx[i] + w]
    return out


@mutant(
    of="random_pad_crop", hint="the upper end of rng.integers is excluded: offsets run from 0 to 2 * pad, both included"
)
def never_the_last_offset(images, rng, pad=4):
    """Off by one: offsets 0…2·pad−1."""
    n, h, w, _ = images.shape
    padded = np.pad(images, [(0, 0), (pad, pad), (pad, pad), (0, 0)])
    dy = rng.integers(0, 2 * pad if pad else 1, size=n)
    dx = rng.integers(0, 2 * pad if pad else 1, size=n)
    out = np.empty_like(images)
    for i in range(n):
        out[i] = padded[i, dy[i] : dy[i] + h, dx[i] : dx[i] + w]
    return out


@mutant(of="random_pad_crop", hint="rows and columns are shifted independently: draw dy and dx separately")
def along_the_diagonal(images, rng, pad=4):
    """Same number for dy and dx."""
    n, h, w, _ = images.shape
    padded = np.pad(images, [(0, 0), (pad, pad), (pad, pad), (0, 0)])
    dy = rng.integers(0, 2 * pad + 1, size=n)
    dx = dy
    out = np.empty_like(images)
    for i in range(n):
        out[i] = padded[i, dy[i] : dy[i] + h, dx[i] : dx[i] + w]
    return out


@mutant(of="random_pad_crop", hint="the border is filled with zeros, not with a reflection")
def pads_by_reflection(images, rng, pad=4):
    """Reflect padding."""
    n, h, w, _ = images.shape
    padded = np.pad(images, [(0, 0), (pad, pad), (pad, pad), (0, 0)], mode="reflect")
    dy = rng.integers(0, 2 * pad + 1, size=n)
    dx = rng.integers(0, 2 * pad + 1, size=n)
    out = np.empty_like(images)
    for i in range(n):
        out[i] = padded[i, dy[i] : dy[i] + h, dx[i] : dx[i] + w]
    return out


@mutant(of="random_pad_crop", hint="pad height and width only: axis 0 counts images, axis 3 colours")
def pads_every_axis(images, rng, pad=4):
    """Pads batch and channel axes too, with np.pad(images, pad)."""
    n, h, w, _ = images.shape
    padded = np.pad(images, pad)
    dy = rng.integers(0, 2 * pad + 1, size=n)
    dx = rng.integers(0, 2 * pad + 1, size=n)
    out = np.empty_like(images)
    for i in range(n):
        out[i] = padded[i, dy[i] : dy[i] + h, dx[i] : dx[i] + w]
    return out


@mutant(of="random_pad_crop", hint="what leaves the image on one side must not come back on the other")
def rolls_around(images, rng, pad=4):
    """Rolls what leaves on one side back in on the other."""
    n, _h, _w, _ = images.shape
    padded = np.pad(images, [(0, 0), (pad, pad), (pad, pad), (0, 0)])
    dy = rng.integers(0, 2 * pad + 1, size=n)
    dx = rng.integers(0, 2 * pad + 1, size=n)
    out = np.empty_like(images)
    for i in range(n):
        out[i] = np.roll(images[i], (pad - dy[i], pad - dx[i]), axis=(0, 1))
    return out


@mutant(of="random_pad_crop", hint="pad on each of the four sides")
def pads_two_sides(images, rng, pad=4):
    """Pads only bottom/right."""
    n, h, w, _ = images.shape
    padded = np.pad(images, [(0, 0), (0, 2 * pad), (0, 2 * pad), (0, 0)])
    dy = rng.integers(0, 2 * pad + 1, size=n)
    dx = rng.integers(0, 2 * pad + 1, size=n)
    out = np.empty_like(images)
    for i in range(n):
        out[i] = padded[i, dy[i] : dy[i] + h, dx[i] : dx[i] + w]
    return out


@mutant(of="random_pad_crop", hint="rows are axis 1, columns axis 2: try an image that is not square")
def swaps_height_and_width(images, rng, pad=4):
    """H/w swapped for non-square images."""
    n, w, h, _ = images.shape
    padded = np.pad(images, [(0, 0), (pad, pad), (pad, pad), (0, 0)])
    dy = rng.integers(0, 2 * pad + 1, size=n)
    dx = rng.integers(0, 2 * pad + 1, size=n)
    out = np.empty_like(images)
    for i in range(n):
        out[i] = padded[i, dy[i] : dy[i] + h, dx[i] : dx[i] + w]
    return out


@mutant(of="random_pad_crop", hint="the offsets are random; yours cuts out the centre, always")
def always_the_centre(images, rng, pad=4):
    """Always the centre crop."""
    n, h, w, _ = images.shape
    padded = np.pad(images, [(0, 0), (pad, pad), (pad, pad), (0, 0)])
    dy = np.full(n, pad) + 0 * rng.integers(0, 2, size=n)
    dx = np.full(n, pad) + 0 * rng.integers(0, 2, size=n)
    out = np.empty_like(images)
    for i in range(n):
        out[i] = padded[i, dy[i] : dy[i] + h, dx[i] : dx[i] + w]
    return out


@mutant(of="random_pad_crop", hint="keep the dtype of the images")
def crops_into_float64(images, rng, pad=4):
    """Float64 output buffer."""
    n, h, w, _ = images.shape
    padded = np.pad(images, [(0, 0), (pad, pad), (pad, pad), (0, 0)])
    dy = rng.integers(0, 2 * pad + 1, size=n)
    dx = rng.integers(0, 2 * pad + 1, size=n)
    out = np.empty(images.shape)
    for i in range(n):
        out[i] = padded[i, dy[i] : dy[i] + h, dx[i] : dx[i] + w]
    return out


@mutant(of="random_pad_crop", hint="use the generator you were given, not the global one of NumPy")
def global_generator(images, rng, pad=4):
    """Global np.random."""
    n, h, w, _ = images.shape
    padded = np.pad(images, [(0, 0), (pad, pad), (pad, pad), (0, 0)])
    dy = np.random.randint(0, 2 * pad + 1, size=n)
    dx = np.random.randint(0, 2 * pad + 1, size=n)
    out = np.empty_like(images)
    for i in range(n):
        out[i] = padded[i, dy[i] : dy[i] + h, dx[i] : dx[i] + w]
    return out


@mutant(of="random_pad_crop", hint="with pad = 0 the image must come back as it was")
def at_least_one_pixel(images, rng, pad=4):
    """Pads at least one pixel."""
    return solution.random_pad_crop(images, rng, max(pad, 1))


@mutant(of="random_pad_crop", hint="all offsets are equally likely; yours prefer the middle")
def prefers_the_middle(images, rng, pad=4):
    """Adds two random numbers for one offset."""
    n, h, w, _ = images.shape
    padded = np.pad(images, [(0, 0), (pad, pad), (pad, pad), (0, 0)])
    dy, dx = rng.integers(0, pad + 1, size=(2, n, 2)).sum(axis=2)
    return np.stack([padded[i, dy[i] : dy[i] + h, dx[i] : dx[i] + w] for i in range(n)]).astype(images.dtype)


@mutant(
    of="random_pad_crop", hint="draw from the generator you were given: with one of your own, every call crops alike"
)
def crops_with_a_fixed_seed(images, rng, pad=4):
    """Makes its own generator."""
    return solution.random_pad_crop(images, np.random.default_rng(0), pad)


@mutant(of="random_pad_crop", hint="cut, do not write: the images belong to the caller")
def crops_in_place(images, rng, pad=4):
    """Writes the crops into its argument."""
    cropped = solution.random_pad_crop(images, rng, pad)
    np.copyto(images, cropped)
    return cropped


@mutant(of="random_pad_crop", hint="the border is 0, also for images whose darkest value is not")
def pads_with_the_darkest_value(images, rng, pad=4):
    """Fills the border with the smallest value of the batch."""
    low = images.min()
    return solution.random_pad_crop(images - low, rng, pad) + low


@mutant(of="random_pad_crop", hint="return a new array, also where there is nothing to crop")
def hands_back_the_same_array(images, rng, pad=4):
    """Returns its argument when pad is 0."""
    return solution.random_pad_crop(images, rng, pad) if pad else images


@mutant(of="random_pad_crop", hint="draw from rng: nobody can repeat what a new default_rng() does")
def crops_with_a_generator_of_its_own(images, rng, pad=4):
    """Draws once from the generator, then crops with an unseeded one."""
    rng.random(1)
    return solution.random_pad_crop(images, np.random.default_rng(), pad)


@mutant(
    of="random_pad_crop",
    hint="each offset comes equally often in every batch: draw for each image, without counting",
)
def deals_out_the_offsets(images, rng, pad=4):
    """Gives every offset to the same number of images, in random order."""
    height, width = images.shape[1:3]
    padded = np.pad(images, [(0, 0), (pad, pad), (pad, pad), (0, 0)])
    dy, dx = (rng.permutation(len(images)) % (2 * pad + 1) for _ in range(2))
    windows = [padded[i, y : y + height, x : x + width] for i, (y, x) in enumerate(zip(dy, dx))]
    return np.stack(windows) if windows else images.copy()
