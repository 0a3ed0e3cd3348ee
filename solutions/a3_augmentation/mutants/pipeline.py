"""Known-wrong implementations: the augmentation pipeline."""

import numpy as np

from autograder.course.bank import Bank
from solutions.a3_augmentation import solution

BANK = Bank()
mutant = BANK.mutant


@mutant(of="augment_batch", hint="with training=False nothing is flipped or cropped")
def augments_at_evaluation(images, rng, training, flip=True, crop=True):
    """Augments at evaluation too."""
    x = images
    if flip:
        x = solution.random_flip(x, rng)
    x = solution.standardize_images(x)
    if crop:
        x = solution.random_pad_crop(x, rng)
    return x


@mutant(of="augment_batch", hint="crop after standardising: the padded border must be exactly 0, the mean of the image")
def pads_before_normalising(images, rng, training, flip=True, crop=True):
    """Pads BEFORE normalising: border becomes −mean/std."""
    x = images
    if training and flip:
        x = solution.random_flip(x, rng)
    if training and crop:
        x = solution.random_pad_crop(x, rng)
    return solution.standardize_images(x)


@mutant(of="augment_batch", hint="images are standardised at evaluation, too: the network knows no others")
def raw_pixels_at_evaluation(images, rng, training, flip=True, crop=True):
    """No standardisation at evaluation (train/test mismatch)."""
    x = images
    if training and flip:
        x = solution.random_flip(x, rng)
    x = solution.standardize_images(x) if training else x.astype("float32")
    if training and crop:
        x = solution.random_pad_crop(x, rng)
    return x


@mutant(of="augment_batch", hint="both are applied, one after the other")
def either_flip_or_crop(images, rng, training, flip=True, crop=True):
    """Flip and crop never combined (either/or)."""
    x = images
    if training and flip:
        x = solution.random_flip(x, rng)
    x = solution.standardize_images(x)
    if training and crop and (not flip):
        x = solution.random_pad_crop(x, rng)
    return x


@mutant(of="augment_batch", hint="flip=False means no flips")
def ignores_the_flip_flag(images, rng, training, flip=True, crop=True):
    """Ignores the flip flag."""
    x = images
    if training:
        x = solution.random_flip(x, rng)
    x = solution.standardize_images(x)
    if training and crop:
        x = solution.random_pad_crop(x, rng)
    return x


@mutant(of="augment_batch", hint="crop=False means no crops")
def ignores_the_crop_flag(images, rng, training, flip=True, crop=True):
    """Ignores the crop flag."""
    x = images
    if training and flip:
        x = solution.random_flip(x, rng)
    x = solution.standardize_images(x)
    if training:
        x = solution.random_pad_crop(x, rng)
    return x


@mutant(of="augment_batch", hint="training=True augments, training=False does not")
def inverts_training(images, rng, training, flip=True, crop=True):
    """Training and eval branches inverted."""
    x = images
    if not training and flip:
        x = solution.random_flip(x, rng)
    x = solution.standardize_images(x)
    if not training and crop:
        x = solution.random_pad_crop(x, rng)
    return x


@mutant(of="augment_batch", hint="the network gets float32; uint8 cuts the decimals and the negative numbers off")
def casts_the_batch_back(images, rng, training, flip=True, crop=True):
    """Uint8 after crop (casts back for plotting)."""
    x = images
    if training and flip:
        x = solution.random_flip(x, rng)
    x = solution.standardize_images(x)
    if training and crop:
        x = solution.random_pad_crop(x, rng)
    return x.astype(images.dtype)


@mutant(of="augment_batch", hint="the images belong to the caller: leave them as they are")
def augments_in_place(images, rng, training, flip=True, crop=True):
    """Writes the mirror images into its argument."""
    if training and flip:
        images[...] = solution.random_flip(images, rng)
    x = solution.standardize_images(images)
    return solution.random_pad_crop(x, rng) if training and crop else x


@mutant(of="augment_batch", hint="use the generator you were given: yours repeats the same flips and crops")
def augments_with_a_fixed_seed(images, rng, training, flip=True, crop=True):
    """Makes its own generator for each batch."""
    return solution.augment_batch(images, np.random.default_rng(0), training, flip, crop)


@mutant(of="augment_batch", hint="each image has a window of its own: crop with random_pad_crop")
def one_window_for_the_batch(images, rng, training, flip=True, crop=True):
    """Shifts the whole batch alike."""
    x = solution.augment_batch(images, rng, training, flip, crop=False)
    if not (training and crop):
        return x
    dy, dx = rng.integers(0, 9, size=2)
    padded = np.pad(x, [(0, 0), (4, 4), (4, 4), (0, 0)])
    return padded[:, dy : dy + x.shape[1], dx : dx + x.shape[2]]


@mutant(of="augment_batch", hint="the border is 4 pixels wide, so that an image moves by up to 4")
def moves_by_two_pixels(images, rng, training, flip=True, crop=True):
    """Pads by 2 instead of 4."""
    x = solution.augment_batch(images, rng, training, flip, crop=False)
    return solution.random_pad_crop(x, rng, pad=2) if training and crop else x


@mutant(of="augment_batch", hint="in training an image is mirrored with probability 1/2, not always")
def mirrors_all_in_training(images, rng, training, flip=True, crop=True):
    """Mirrors every image in training."""
    x = solution.standardize_images(images[:, :, ::-1] if training and flip else images)
    return solution.random_pad_crop(x, rng) if training and crop else x


@mutant(of="augment_batch", hint="a vertical flip shows a world upside down: mirror left and right")
def upside_down_in_training(images, rng, training, flip=True, crop=True):
    """Flips upside down in training."""
    x = solution.standardize_images(images)
    if training and flip:
        x = np.where(rng.random(len(x))[:, None, None, None] < 0.5, x[:, ::-1], x)
    return solution.random_pad_crop(x, rng) if training and crop else x


@mutant(of="augment_batch", hint="image i must stay at place i, or the labels belong to other images")
def shuffles_the_batch(images, rng, training, flip=True, crop=True):
    """Shuffles the images against their labels."""
    x = solution.augment_batch(images, rng, training, flip, crop)
    return x[rng.permutation(len(x))] if training else x


@mutant(of="augment_batch", hint="the network gets float32; yours computes in float64 and returns it")
def returns_float64(images, rng, training, flip=True, crop=True):
    """Returns float64."""
    return solution.augment_batch(images, rng, training, flip, crop).astype("float64")


@mutant(of="augment_batch", hint="every batch comes out the same: the images are gone")
def returns_zeros(images, rng, training, flip=True, crop=True):
    """Returns zeros, whatever the images."""
    return np.zeros(images.shape, np.float32)


@mutant(of="augment_batch", hint="mirror with random_flip's own p: half of the images, not a quarter")
def mirrors_a_quarter(images, rng, training, flip=True, crop=True):
    """Flips with p = 1/4."""
    x = solution.standardize_images(images)
    if training and flip:
        x = solution.random_flip(x, rng, 0.25)
    return solution.random_pad_crop(x, rng) if training and crop else x


@mutant(of="augment_batch", hint="pass rng on: nobody can repeat what a new default_rng() does")
def augments_with_a_generator_of_its_own(images, rng, training, flip=True, crop=True):
    """Draws once from the generator, then augments with an unseeded one."""
    rng.random(1)
    return solution.augment_batch(images, np.random.default_rng(), training, flip, crop)
