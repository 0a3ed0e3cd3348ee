"""Known-wrong implementations: folding a threshold in front of a convolution."""

import numpy as np

from autograder.course.bank import Bank
from solutions.a1_relu_sigmoid import solution

BANK = Bank()
mutant = BANK.mutant


@mutant(
    of="fold_threshold_conv",
    hint="zero padding inserts 0, but every real activation is at least t: near the border fewer taps see the shift",
)
def interior_formula_everywhere(b1, t, W2, b2, *, padding, input_hw=None, strides=1):
    """Uses the 'valid' correction at every pixel of a 'same' convolution."""
    b1_new, b2_new = solution.fold_threshold_conv(b1, t, W2, b2, padding="valid")
    if padding == "same":
        rows, columns = -(-input_hw[0] // strides), -(-input_hw[1] // strides)
        b2_new = np.tile(b2_new, (rows, columns, 1))
    return b1_new, b2_new


@mutant(
    of="fold_threshold_conv",
    hint="every tap of the kernel sees the shifted activations: sum over rows, columns and input channels",
)
def centre_tap_only(b1, t, W2, b2, *, padding, input_hw=None, strides=1):
    """Uses only the centre tap of a 'valid' convolution."""
    shift = np.broadcast_to(np.asarray(t, dtype=b1.dtype), b1.shape)
    if padding == "valid":
        return b1 - shift, b2 + shift @ W2[W2.shape[0] // 2, W2.shape[1] // 2]
    return solution.fold_threshold_conv(b1, t, W2, b2, padding=padding, input_hw=input_hw, strides=strides)


@mutant(of="fold_threshold_conv", hint="a convolution sums its taps, it does not average them")
def averages_the_taps(b1, t, W2, b2, *, padding, input_hw=None, strides=1):
    """Averages over the kernel of a 'valid' convolution instead of summing."""
    b1_new, b2_new = solution.fold_threshold_conv(b1, t, W2, b2, padding=padding, input_hw=input_hw, strides=strides)
    if padding == "valid":
        b2_new = b2 + (b2_new - b2) / b2.dtype.type(W2.shape[0] * W2.shape[1])
    return b1_new, b2_new


@mutant(of="fold_threshold_conv", hint="as in the dense case, the next layer has to give t back")
def leaves_the_second_bias(b1, t, W2, b2, *, padding, input_hw=None, strides=1):
    """Leaves the second bias as it is."""
    b1_new, b2_new = solution.fold_threshold_conv(b1, t, W2, b2, padding=padding, input_hw=input_hw, strides=strides)
    return b1_new, np.zeros_like(b2_new) + b2


@mutant(of="fold_threshold_conv", hint="the bias map gives t back: with a plus")
def subtracts_the_map(b1, t, W2, b2, *, padding, input_hw=None, strides=1):
    """Subtracts the correction map of a 'same' convolution."""
    b1_new, b2_new = solution.fold_threshold_conv(b1, t, W2, b2, padding=padding, input_hw=input_hw, strides=strides)
    return b1_new, b2_new if padding == "valid" else 2 * b2 - b2_new


@mutant(of="fold_threshold_conv", hint="the bias map lives on the grid of the output: ceil(H / s) rows")
def ignores_the_stride(b1, t, W2, b2, *, padding, input_hw=None, strides=1):
    """Makes the bias map at the resolution of the input."""
    return solution.fold_threshold_conv(b1, t, W2, b2, padding=padding, input_hw=input_hw, strides=1)


@mutant(of="fold_threshold_conv", hint="every input channel has a threshold of its own")
def first_channel_threshold(b1, t, W2, b2, *, padding, input_hw=None, strides=1):
    """Uses the first threshold for every channel."""
    first = np.ravel(t)[0]
    return solution.fold_threshold_conv(b1, first, W2, b2, padding=padding, input_hw=input_hw, strides=strides)


@mutant(
    of="fold_threshold_conv",
    hint="what networks call convolution does not flip the kernel: row i of W2 meets row y + i of the image",
)
def flips_the_kernel(b1, t, W2, b2, *, padding, input_hw=None, strides=1):
    """Flips the kernel, as the mathematicians' convolution does."""
    flipped = W2[::-1, ::-1]
    return solution.fold_threshold_conv(b1, t, flipped, b2, padding=padding, input_hw=input_hw, strides=strides)


@mutant(
    of="fold_threshold_conv",
    hint="when the padding is odd, the framework pads less at the top and left: pad_total // 2 comes first",
)
def pads_more_at_the_top(b1, t, W2, b2, *, padding, input_hw=None, strides=1):
    """Puts the larger half of an odd padding at the top and left."""
    if padding == "valid":
        return solution.fold_threshold_conv(b1, t, W2, b2, padding=padding)
    flipped = W2[::-1, ::-1]  # seen from the other corner, top is bottom
    b1_new, b2_new = solution.fold_threshold_conv(
        b1, t, flipped, b2, padding="same", input_hw=input_hw, strides=strides
    )
    return b1_new, b2_new[::-1, ::-1].copy()


@mutant(of="fold_threshold_conv", hint="input_hw is (height, width): rows come first in the bias map")
def swaps_height_and_width(b1, t, W2, b2, *, padding, input_hw=None, strides=1):
    """Swaps the height and the width of the map."""
    swapped = input_hw and input_hw[::-1]
    return solution.fold_threshold_conv(b1, t, W2, b2, padding=padding, input_hw=swapped, strides=strides)


@mutant(of="fold_threshold_conv", hint="the new biases have the dtype of the old ones")
def conv_biases_in_float64(b1, t, W2, b2, *, padding, input_hw=None, strides=1):
    """Returns float64 biases for a float32 network."""
    b1_new, b2_new = solution.fold_threshold_conv(b1, t, W2, b2, padding=padding, input_hw=input_hw, strides=strides)
    return b1_new.astype(np.float64), b2_new.astype(np.float64)


@mutant(of="fold_threshold_conv", hint="return new arrays: the original network must keep working")
def overwrites_the_conv_bias(b1, t, W2, b2, *, padding, input_hw=None, strides=1):
    """Changes the first bias in place."""
    b1_new, b2_new = solution.fold_threshold_conv(b1, t, W2, b2, padding=padding, input_hw=input_hw, strides=strides)
    b1[...] = b1_new
    return b1, b2_new


@mutant(of="fold_threshold_conv", hint="sum W2 over its input channels, axis 2; its last axis is the output")
def sums_the_output_channels(b1, t, W2, b2, *, padding, input_hw=None, strides=1):
    """Swaps input and output channels where their numbers are equal."""
    if W2.shape[2] == W2.shape[3]:
        W2 = W2.transpose(0, 1, 3, 2)
    return solution.fold_threshold_conv(b1, t, W2, b2, padding=padding, input_hw=input_hw, strides=strides)


@mutant(of="fold_threshold_conv", hint="a kernel need not be square: sum over all its rows and all its columns")
def sums_a_square_window(b1, t, W2, b2, *, padding, input_hw=None, strides=1):
    """Takes the kernel of a 'valid' convolution to be square."""
    if padding == "valid":
        side = min(W2.shape[:2])
        return solution.fold_threshold_conv(b1, t, W2[:side, :side], b2, padding=padding)
    return solution.fold_threshold_conv(b1, t, W2, b2, padding=padding, input_hw=input_hw, strides=strides)


@mutant(of="fold_threshold_conv", hint="the padding grows with the kernel: a 5 x 5 kernel pads by two pixels")
def pads_by_one_pixel(b1, t, W2, b2, *, padding, input_hw=None, strides=1):
    """Pads by at most one pixel on each side, as for a 3 x 3 kernel."""
    if padding == "valid":
        return solution.fold_threshold_conv(b1, t, W2, b2, padding=padding)
    W2, b1_new = W2.copy(), b1 - np.asarray(t, b1.dtype)
    if strides == 1:
        rows, columns = W2.shape[:2]
        W2[: max((rows - 1) // 2 - 1, 0)] = 0  # taps that look further up and left than one pixel
        W2[:, : max((columns - 1) // 2 - 1, 0)] = 0
    return b1_new, solution.fold_threshold_conv(b1, t, W2, b2, padding="same", input_hw=input_hw, strides=strides)[1]
