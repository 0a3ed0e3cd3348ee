"""Known-wrong implementations: mirror images."""

import copy

import numpy as np

from autograder.course.bank import Bank
from solutions.a3_augmentation import solution

BANK = Bank()
mutant = BANK.mutant


@mutant(
    of="random_flip",
    hint="that is upside down! Mirror left and right: reverse the width, axis 2 of (n, height, width, channels)",
)
def flips_the_rows(images, rng, p=0.5):
    """Flips upside down, as a student once did under the name flip_horizontal."""
    flip = rng.random(len(images)) < p
    out = images.copy()
    out[flip] = images[flip][:, ::-1]
    return out


@mutant(of="random_flip", hint="toss one coin for each image, not one for the whole batch")
def one_coin_for_the_batch(images, rng, p=0.5):
    """One coin for the whole batch."""
    flip = np.full(len(images), rng.random() < p)
    out = images.copy()
    out[flip] = images[flip][:, :, ::-1]
    return out


@mutant(of="random_flip", hint="flip with probability p; with p = 0 nothing may change")
def flips_always(images, rng, p=0.5):
    """Flips everything, always."""
    flip = np.ones(len(images), bool)
    out = images.copy()
    out[flip] = images[flip][:, :, ::-1]
    return out


@mutant(of="random_flip", hint="p is the probability of flipping, not of leaving alone")
def flips_with_the_other_probability(images, rng, p=0.5):
    """Flips with probability 1−p."""
    flip = rng.random(len(images)) > p
    out = images.copy()
    out[flip] = images[flip][:, :, ::-1]
    return out


@mutant(of="random_flip", hint="axis -1 is colour: red became blue. Reverse the width")
def reverses_the_colours(images, rng, p=0.5):
    """Reverses the channel axis (RGB→BGR)."""
    flip = rng.random(len(images)) < p
    out = images.copy()
    out[flip] = images[flip][..., ::-1]
    return out


@mutant(of="random_flip", hint="the images you were given are the training set: copy them before you flip")
def flips_the_callers_images(images, rng, p=0.5):
    """In place: the training set itself gets flipped."""
    flip = rng.random(len(images)) < p
    out = images
    out[flip] = images[flip][:, :, ::-1].copy()
    return out


@mutant(of="random_flip", hint="image i must stay at place i, or the labels belong to other images")
def sorts_by_the_coin(images, rng, p=0.5):
    """Concatenates: order changes, labels no longer match."""
    flip = rng.random(len(images)) < p
    return np.concatenate([images[~flip], images[flip][:, :, ::-1]])


@mutant(of="random_flip", hint="reverse the width alone; yours is also upside down")
def turns_by_half(images, rng, p=0.5):
    """Rotates by 180° (both axes)."""
    flip = rng.random(len(images)) < p
    out = images.copy()
    out[flip] = images[flip][:, ::-1, ::-1]
    return out


@mutant(
    of="random_flip",
    hint="draw from the generator you were given: with one of your own, every call flips the same images",
)
def own_generator_with_a_fixed_seed(images, rng, p=0.5):
    """New generator inside (default_rng(0))."""
    flip = np.random.default_rng(0).random(len(images)) < p
    out = images.copy()
    out[flip] = images[flip][:, :, ::-1]
    return out


@mutant(of="random_flip", hint="keep the dtype of the images")
def flips_into_float64(images, rng, p=0.5):
    """Returns float64."""
    flip = rng.random(len(images)) < p
    out = images.astype("float64")
    out[flip] = images[flip][:, :, ::-1]
    return out


@mutant(of="random_flip", hint="use the generator you were given, not the global one of NumPy")
def global_coins(images, rng, p=0.5):
    """Draws from NumPy's global state."""
    flip = np.random.random(len(images)) < p
    return np.where(flip[:, None, None, None], images[:, :, ::-1], images)


@mutant(of="random_flip", hint="toss with rng itself: to seed NumPy's global generator changes it for everybody else")
def seeds_the_global_generator(images, rng, p=0.5):
    """Seeds NumPy's global state with a number from the generator, and draws from there."""
    np.random.seed(rng.integers(2**31))
    flip = np.random.random(len(images)) < p
    return np.where(flip[:, None, None, None], images[:, :, ::-1], images)


@mutant(of="random_flip", hint="toss with rng itself: a copy moves on alone, and the next call does the same")
def tosses_with_a_copy(images, rng, p=0.5):
    """Copies the generator so that the argument stays as it is."""
    return solution.random_flip(images, copy.deepcopy(rng), p)


@mutant(of="random_flip", hint="p is an argument: do not toss a fair coin always")
def fair_coins(images, rng, p=0.5):
    """Ignores p, except at its ends."""
    return solution.random_flip(images, rng, 0.5 if 0 < p < 1 else p)


@mutant(of="random_flip", hint="each image has a coin of its own: yours come in pairs")
def coins_for_pairs(images, rng, p=0.5):
    """Tosses one coin for two neighbours."""
    flip = np.repeat(rng.random((len(images) + 1) // 2) < p, 2)[: len(images)]
    return np.where(flip[:, None, None, None], images[:, :, ::-1], images)


@mutant(of="random_flip", hint="an empty batch is a batch: return it as it is")
def fails_without_images(images, rng, p=0.5):
    """Divides by the number of images."""
    if len(images) == 0:
        raise ValueError("no images")
    return solution.random_flip(images, rng, p)


@mutant(of="random_flip", hint="return a new array, also when nothing is flipped")
def hands_back_the_same_array(images, rng, p=0.5):
    """Returns its argument when no coin falls."""
    flip = rng.random(len(images)) < p
    return np.where(flip[:, None, None, None], images[:, :, ::-1], images) if flip.any() else images


@mutant(of="random_flip", hint="toss with rng: nobody can repeat what a new default_rng() does")
def tosses_with_a_generator_of_its_own(images, rng, p=0.5):
    """Draws once from the generator, then tosses with an unseeded one."""
    rng.random(1)
    return solution.random_flip(images, np.random.default_rng(), p)


@mutant(of="random_flip", hint="every batch has as many mirrored images: toss for each image, without counting")
def mirrors_a_fixed_share(images, rng, p=0.5):
    """Mirrors exactly a share p of each batch."""
    flip = rng.permutation(len(images)) < round(p * len(images))
    return np.where(flip[:, None, None, None], images[:, :, ::-1], images)
