"""Known-wrong implementations: standardising images one by one, and with the statistics of a training set."""

import numpy as np

from autograder.course.bank import Bank

BANK = Bank()
mutant = BANK.mutant


@mutant(
    of="standardize_images",
    hint="each image has a mean and a deviation of its own: what stands beside it in the batch must not matter",
)
def one_mean_for_the_batch(images):
    """One mean/std for the whole batch."""
    x = images.astype("float32")
    mean = x.mean()
    std = x.std()
    return (x - mean) / np.where(std > 0, std, 1.0).astype("float32")


@mutant(
    of="standardize_images",
    hint="one mean over height, width and channels together: with one for each channel the colour is gone",
)
def channel_by_channel(images):
    """Per-channel statistics inside each image."""
    x = images.astype("float32")
    mean = x.mean(axis=(1, 2), keepdims=True)
    std = x.std(axis=(1, 2), keepdims=True)
    return (x - mean) / np.where(std > 0, std, 1.0).astype("float32")


@mutant(of="standardize_images", hint="divide by the standard deviation, not by the variance")
def divides_by_the_variance(images):
    """Divides by the variance."""
    x = images.astype("float32")
    mean = x.mean(axis=(1, 2, 3), keepdims=True)
    std = x.std(axis=(1, 2, 3), keepdims=True)
    return (x - mean) / np.where(std > 0, std**2, 1.0).astype("float32")


@mutant(of="standardize_images", hint="a constant image has deviation 0 and must become all zeros, not nan")
def constant_image_becomes_nan(images):
    """0/0 on a constant image."""
    x = images.astype("float32")
    mean = x.mean(axis=(1, 2, 3), keepdims=True)
    std = x.std(axis=(1, 2, 3), keepdims=True)
    return (x - mean) / std.astype("float32")


@mutant(of="standardize_images", hint="dividing by 255 changes the range; the mean must be 0 and the deviation 1")
def divides_by_255(images):
    """Only /255."""
    return images.astype("float32") / 255


@mutant(of="standardize_images", hint="x / 127.5 - 1 sets the range; the mean must be 0 and the deviation 1")
def scales_to_minus_one_and_one(images):
    """Scales the range to -1 ... 1 instead of the deviation to 1."""
    return images.astype("float32") / 127.5 - 1


@mutant(of="standardize_images", hint="uint8 wraps around below 0: convert to float before you subtract")
def subtracts_in_uint8(images):
    """Uint8 arithmetic: images − mean computed in uint8 (wraps around)."""
    x = images.astype("float32")
    mean = x.mean(axis=(1, 2, 3), keepdims=True)
    std = x.std(axis=(1, 2, 3), keepdims=True)
    return (images - mean.astype(images.dtype)).astype("float32") / np.where(std > 0, std, 1.0).astype("float32")


@mutant(of="standardize_images", hint="standardised pixels are negative and fractional: return float32")
def casts_back_to_uint8(images):
    """Casts the result back to uint8."""
    x = images.astype("float32")
    mean = x.mean(axis=(1, 2, 3), keepdims=True)
    std = x.std(axis=(1, 2, 3), keepdims=True)
    return ((x - mean) / np.where(std > 0, std, 1.0)).astype(images.dtype)


@mutant(
    of="apply_normalizer",
    hint="use the mean and the deviation that are passed in, also for images that they do not fit",
)
def fits_again_when_applied(images, mean, std):
    """Apply recomputes the statistics of whatever it is given."""
    return ((images - images.mean((0, 1, 2))) / images.std((0, 1, 2))).astype("float32")


@mutant(of="fit_normalizer", hint="one number for each channel: the mean runs over images, rows and columns")
def pixel_by_pixel(train_images):
    """Per-pixel statistics (axis 0 only)."""
    x = train_images.astype("float64")
    return (x.mean(axis=0), x.std(axis=0))


@mutant(of="fit_normalizer", hint="these are statistics of the training set, not of each image")
def image_by_image(train_images):
    """Axes (1,2,3): per-image statistics."""
    x = train_images.astype("float64")
    return (x.mean(axis=(1, 2, 3), keepdims=True), x.std(axis=(1, 2, 3), keepdims=True))


@mutant(of="fit_normalizer", hint="one mean and one deviation for each channel")
def one_number_for_all_channels(train_images):
    """Scalar statistics over all channels."""
    x = train_images.astype("float64")
    return (x.mean(axis=None), x.std(axis=None))


@mutant(of="fit_normalizer", hint="the standard deviation is the square root of the variance")
def variance_for_deviation(train_images):
    """Std = variance."""
    x = train_images.astype("float64")
    return (x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2)))


@mutant(of="apply_normalizer", hint="where the deviation is 0, divide by 1: the channel becomes 0 and not nan")
def constant_channel_becomes_nan(images, mean, std):
    """No guard for a constant channel."""
    return ((images.astype("float64") - mean) / std).astype("float32")


@mutant(of="apply_normalizer", hint="divide by the deviation")
def multiplies_by_the_deviation(images, mean, std):
    """Multiplies by std."""
    safe = np.where(std > 0, std, 1.0)
    return ((images.astype("float64") - mean) * safe).astype("float32")


@mutant(of="standardize_images", hint="the images belong to the caller: make a new array")
def writes_into_the_images(images):
    """Standardises float images in place."""
    x = images if images.dtype == np.float32 else images.astype("float32")
    x -= x.mean(axis=(1, 2, 3), keepdims=True)
    x /= np.maximum(x.std(axis=(1, 2, 3), keepdims=True), 1e-6)
    return x


@mutant(of="standardize_images", hint="divide by the population deviation: the mean of the squares, not n - 1")
def sample_deviation(images):
    """Uses the sample deviation with n - 1."""
    x = images.astype("float32")
    std = x.std(axis=(1, 2, 3), keepdims=True, ddof=1)
    return (x - x.mean(axis=(1, 2, 3), keepdims=True)) / np.where(std > 0, std, 1.0).astype("float32")


@mutant(
    of="standardize_images",
    hint="choose the divisor before you divide: NumPy warns about 0/0 even when you repair the nan afterwards",
)
def repairs_the_nan_afterwards(images):
    """Divides 0 by 0, then replaces the nan."""
    x = images.astype("float32")
    x = x - x.mean(axis=(1, 2, 3), keepdims=True)
    return np.nan_to_num(x / x.std(axis=(1, 2, 3), keepdims=True))


@mutant(of="standardize_images", hint="the mean of each image must be 0: subtract it")
def only_divides(images):
    """Forgets the mean."""
    x = images.astype("float32")
    return x / np.maximum(x.std(axis=(1, 2, 3), keepdims=True), 1e-6)


@mutant(of="fit_normalizer", hint="the deviation has ddof 0: divide by the number of pixels, not by one less")
def deviation_of_a_sample(train_images):
    """Ddof 1."""
    x = train_images.astype("float64")
    return x.mean(axis=(0, 1, 2)), x.std(axis=(0, 1, 2), ddof=1)


@mutant(of="fit_normalizer", hint="the difference of two large numbers, nearly equal: in float32 little of it is left")
def difference_of_squares_in_float32(train_images):
    """Subtracts the squared mean from the mean square, in single precision."""
    x = train_images.astype("float32")
    mean = x.mean(axis=(0, 1, 2))
    return mean, np.sqrt(np.maximum((x**2).mean(axis=(0, 1, 2)) - mean**2, 0))


@mutant(of="fit_normalizer", hint="sum in float64: in float32 a mean over many images loses its last digits")
def sums_in_float16(train_images):
    """Adds up in half precision."""
    x = train_images.astype("float16")
    return x.mean(axis=(0, 1, 2)).astype("float64"), x.std(axis=(0, 1, 2)).astype("float64")


@mutant(of="apply_normalizer", hint="subtract the mean before you divide")
def forgets_the_mean(images, mean, std):
    """Divides only."""
    return (images.astype("float64") / np.where(std > 0, std, 1.0)).astype("float32")


@mutant(of="apply_normalizer", hint="convert to float before you subtract: uint8 wraps around below 0")
def applies_in_uint8(images, mean, std):
    """Subtracts in the dtype of the images."""
    return ((images - mean.astype(images.dtype)) / np.where(std > 0, std, 1.0)).astype("float32")


@mutant(of="apply_normalizer", hint="return float32, which the network computes in")
def integers_again(images, mean, std):
    """Rounds to integers."""
    return np.rint((images - mean) / np.where(std > 0, std, 1.0)).astype("int32")
