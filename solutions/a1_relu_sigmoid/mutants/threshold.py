"""Known-wrong implementations: the thresholded activation and its gradients."""

import numpy as np

from autograder.course.bank import Bank
from solutions.a1_relu_sigmoid import solution

BANK = Bank()
mutant = BANK.mutant

# ------------------------------------------------------------------------------------------------------ threshold_relu


@mutant(of="threshold_relu", hint="max{t, o}: the output can never be below t")
def clips_from_above(x, t):
    """Takes the smaller of x and t and so clips from above."""
    return np.minimum(x, np.asarray(t, dtype=x.dtype))


@mutant(of="threshold_relu", hint="for x < t the output must be t itself, not 0")
def shifted_relu(x, t):
    """Computes max(0, x - t), the folded form, instead of the activation."""
    return np.maximum(x - np.asarray(t, dtype=x.dtype), 0)


@mutant(of="threshold_relu", hint="below the threshold the unit outputs t, not 0")
def hard_threshold(x, t):
    """Lets x through above t and outputs 0 below it."""
    return np.where(x > t, x, 0).astype(x.dtype)


@mutant(of="threshold_relu", hint="set t = 0.7: is every output at least 0.7?")
def plain_relu(x, t):
    """Ignores t and computes the ordinary ReLU."""
    return np.maximum(x, np.zeros_like(np.asarray(t, dtype=x.dtype)))


@mutant(of="threshold_relu", hint='"parameterised" here means a threshold, not a slope')
def leaky_relu(x, t):
    """Uses t as the slope for negative x, as leaky ReLU and PReLU do."""
    t = np.asarray(t, dtype=x.dtype)
    return np.where(x > 0, x, t * x)


@mutant(of="threshold_relu", hint="the result has the dtype of x: cast t to x.dtype first")
def promotes_to_float64(x, t):
    """A float64 threshold turns a float32 activation into float64."""
    return np.maximum(x, np.asarray(t, dtype=np.float64))


@mutant(of="threshold_relu", hint="x belongs to the caller: return a new array instead of writing into x")
def overwrites_x(x, t):
    """Writes the result into its argument."""
    return np.maximum(x, np.asarray(t, dtype=x.dtype), out=x)


@mutant(of="threshold_relu", hint="the threshold of a channel belongs to the last axis of x")
def threshold_along_the_first_axis(x, t):
    """Applies a vector of thresholds along the first axis when its length fits there."""
    t = np.asarray(t, dtype=x.dtype)
    if t.ndim and len(x) == len(t):
        t = t.reshape((-1,) + (1,) * (x.ndim - 1))
    return np.maximum(x, t)


@mutant(of="threshold_relu", hint="return a new array even when no value lies below t: x and x[:] are the same memory")
def returns_x_itself(x, t):
    """Returns its argument when there is nothing to clamp."""
    return x if (x > t).all() else np.maximum(x, np.asarray(t, dtype=x.dtype))


@mutant(of="threshold_relu", hint="return a new array even when no value lies below t: x and x[:] are the same memory")
def takes_a_slice_for_a_copy(x, t):
    """Returns x[:] when there is nothing to clamp."""
    return x[:] if (x > t).all() else np.maximum(x, np.asarray(t, dtype=x.dtype))


@mutant(of="threshold_relu", hint="an array goes in and an array comes out: leave .tolist() away")
def returns_lists(x, t):
    """Returns nested lists of the right numbers."""
    return np.maximum(x, np.asarray(t, dtype=x.dtype)).tolist()


@mutant(of="threshold_relu", hint="a threshold may be negative: it is the lower bound, whatever its sign")
def absolute_threshold(x, t):
    """Uses the absolute value of the threshold."""
    return np.maximum(x, np.abs(np.asarray(t, dtype=x.dtype)))


@mutant(of="threshold_relu", hint="every channel has a threshold of its own: use all of t")
def first_threshold_only(x, t):
    """Uses the first threshold for every channel."""
    return np.maximum(x, np.ravel(t)[0].astype(x.dtype))


# --------------------------------------------------------------------------------------------- threshold_relu_backward


@mutant(of="threshold_relu_backward", hint="multiply by dout: the chain rule passes on what flows in from above")
def forgets_upstream(dout, x, t):
    """Forgets the upstream gradient: dx is 1 where x > t."""
    dt = solution.threshold_relu_backward(dout, x, t)[1]
    return (x > t).astype(x.dtype), dt


@mutant(of="threshold_relu_backward", hint="which side of t, not of 0, is the unit on?")
def masks_at_zero(dout, x, t):
    """Splits at x > 0 instead of x > t."""
    return solution.threshold_relu_backward(dout, x, np.zeros_like(np.asarray(t, dtype=x.dtype)))


@mutant(of="threshold_relu_backward", hint="where x < t the output is t, so its derivative by t is 1 there")
def threshold_is_constant(dout, x, t):
    """Treats t as a constant: dt is 0."""
    dx, dt = solution.threshold_relu_backward(dout, x, t)
    return dx, np.zeros_like(dt)


@mutant(of="threshold_relu_backward", hint="units with x > t do not depend on t")
def gradient_of_active_units(dout, x, t):
    """Sums dt over the active units instead of the clamped ones."""
    t = np.asarray(t, dtype=x.dtype)
    dx = np.where(x > t, dout, 0).astype(x.dtype)
    return dx, dx.sum(axis=tuple(range(x.ndim - t.ndim)))


@mutant(of="threshold_relu_backward", hint="dt has the shape of t: sum over every axis along which t was broadcast")
def keeps_the_batch(dout, x, t):
    """Does not sum dt over the batch."""
    t = np.asarray(t, dtype=x.dtype)
    return np.where(x > t, dout, 0).astype(x.dtype), np.where(x > t, 0, dout)


@mutant(of="threshold_relu_backward", hint="the mean of the loss is already inside dout: sum, do not average")
def averages_over_the_batch(dout, x, t):
    """Averages dt over the batch."""
    t = np.asarray(t, dtype=x.dtype)
    dt = np.where(x > t, 0, dout).mean(axis=tuple(range(x.ndim - t.ndim)))
    return np.where(x > t, dout, 0).astype(x.dtype), dt


@mutant(of="threshold_relu_backward", hint="0 * inf is nan: select with np.where instead of multiplying by a mask")
def multiplies_by_a_mask(dout, x, t):
    """Multiplies by a mask, so that an infinite gradient becomes nan at clamped entries."""
    t = np.asarray(t, dtype=x.dtype)
    mask = (x > t).astype(x.dtype)
    return dout * mask, (dout * (1 - mask)).sum(axis=tuple(range(x.ndim - t.ndim)))


@mutant(of="threshold_relu_backward", hint="dout belongs to the layer above: copy it before you change it")
def overwrites_dout(dout, x, t):
    """Zeroes the clamped entries of dout in place and returns it."""
    dt = solution.threshold_relu_backward(dout, x, t)[1]
    dout[x <= t] = 0
    return dout, dt


@mutant(of="threshold_relu_backward", hint="the gradient for x has the dtype of x")
def gradient_in_float64(dout, x, t):
    """Returns float64 gradients for float32 activations."""
    dx, dt = solution.threshold_relu_backward(dout, x, t)
    return dx.astype(np.float64), dt


@mutant(
    of="threshold_relu_backward", hint="for images, t was broadcast over batch, rows and columns: sum over all three"
)
def sums_over_the_first_axis_only(dout, x, t):
    """Sums dt over the first axis only."""
    t = np.asarray(t, dtype=x.dtype)
    clamped = np.where(x > t, 0, dout)
    dt = clamped.sum() if t.ndim == 0 else clamped.sum(axis=0)
    return np.where(x > t, dout, 0).astype(x.dtype), dt


@mutant(of="threshold_relu_backward", hint="raising t raises the clamped outputs: the sign of dt is that of dout")
def wrong_sign_for_the_threshold(dout, x, t):
    """Returns -dt, the gradient of x - t."""
    dx, dt = solution.threshold_relu_backward(dout, x, t)
    return dx, -dt


@mutant(of="threshold_relu_backward", hint="a vector t has one gradient per channel: keep the last axis")
def one_number_for_all_thresholds(dout, x, t):
    """Sums dt over the channels too."""
    dx, dt = solution.threshold_relu_backward(dout, x, t)
    return dx, dt.sum()
