"""Known-wrong implementations: inverted dropout."""

import numpy as np

from autograder.course.bank import Bank
from solutions.a2_first_networks import solution

BANK = Bank()
mutant = BANK.mutant


@mutant(
    of="dropout_forward",
    hint="on average your output is smaller than x: divide the survivors by the probability to survive",
)
def never_scales(x, rate, rng, training=True):
    """Does not scale the survivors."""
    _, mask = solution.dropout_forward(x, rate, rng, training)
    mask = (mask > 0).astype(x.dtype)
    return x * mask, mask


@mutant(of="dropout_forward", hint="rate 0.25 drops a quarter; yours keeps a quarter")
def keeps_with_probability_rate(x, rate, rng, training=True):
    """Takes the rate for the probability to keep."""
    return solution.dropout_forward(x, 1 - rate if rate else 0.0, rng, training)


@mutant(of="dropout_forward", hint="a unit survives with probability 1 - rate: divide by that, not by rate")
def divides_by_the_rate(x, rate, rng, training=True):
    """Scales by 1 / rate."""
    if not training or rate == 0:
        return x.copy(), np.ones_like(x)
    mask = (rng.random(x.shape) >= rate).astype(x.dtype) / x.dtype.type(rate)
    return x * mask, mask


@mutant(of="dropout_forward", hint="training=False is the identity: nothing is dropped at test time")
def drops_at_test_time(x, rate, rng, training=True):
    """Drops at test time, too."""
    return solution.dropout_forward(x, rate, rng, True)


@mutant(of="dropout_forward", hint="inverted dropout has already scaled in training: do nothing at test time")
def scales_at_test_time(x, rate, rng, training=True):
    """Scales by 1 - rate at test time, as dropout that is not inverted does."""
    if training:
        return solution.dropout_forward(x, rate, rng, training)
    return x * x.dtype.type(1 - rate), np.full_like(x, 1 - rate)


@mutant(of="dropout_forward", hint="all samples lose the same units: every element is dropped by itself")
def one_mask_for_the_batch(x, rate, rng, training=True):
    """Draws one mask for the whole batch."""
    if not training or rate == 0:
        return x.copy(), np.ones_like(x)
    survives = np.broadcast_to(rng.random(x.shape[1:]) >= rate, x.shape)
    mask = survives.astype(x.dtype) / x.dtype.type(1 - rate)
    return x * mask, mask


@mutant(
    of="dropout_forward",
    hint="the same units are dropped in every call: draw from the generator you are given, so that it advances",
)
def reseeds(x, rate, rng, training=True):
    """Makes a generator of its own, with a fixed seed."""
    return solution.dropout_forward(x, rate, np.random.default_rng(0), training)


@mutant(of="dropout_forward", hint="backward multiplies by the mask alone: out must be x * mask, scale included")
def returns_zeros_and_ones(x, rate, rng, training=True):
    """Returns the mask without its scale."""
    out, mask = solution.dropout_forward(x, rate, rng, training)
    return out, (mask > 0).astype(x.dtype)


@mutant(of="dropout_forward", hint="x belongs to the caller: multiply into a new array")
def drops_in_place(x, rate, rng, training=True):
    """Drops in place in x."""
    out, mask = solution.dropout_forward(x, rate, rng, training)
    x[...] = out
    return out, mask


@mutant(of="dropout_forward", hint="np.random is everybody's: use the generator rng that you are given")
def global_randomness(x, rate, rng, training=True):
    """Draws from NumPy's global random state."""
    return solution.dropout_forward(x, rate, np.random.default_rng(np.random.randint(2**31)), training)


@mutant(of="dropout_forward", hint="keep the dtype: float32 activations must not become float64")
def promotes_to_float64(x, rate, rng, training=True):
    """Divides truth values, which gives float64."""
    if not training:
        return x.copy(), np.ones_like(x)
    mask = (rng.random(x.shape) >= rate) / (1 - rate)
    return x * mask, mask


@mutant(of="dropout_forward", hint="the mask has the dtype of x, too: backward will multiply with it")
def mask_of_booleans(x, rate, rng, training=True):
    """Returns a mask of another dtype."""
    out, mask = solution.dropout_forward(x, rate, rng, training)
    return out, mask.astype(np.float64 if x.dtype == np.float32 else np.float32)


@mutant(
    of="dropout_forward",
    hint="every sample loses exactly the same number of units: each element decides by itself, without counting",
)
def drops_a_fixed_number(x, rate, rng, training=True):
    """Drops exactly the same number of units of every sample."""
    if not training or rate == 0:
        return x.copy(), np.ones_like(x)
    rows = rng.random((len(x), x[0].size))
    places = rows.argsort(axis=1).argsort(axis=1)
    mask = (places >= round(rate * rows.shape[1])).astype(x.dtype).reshape(x.shape) / x.dtype.type(1 - rate)
    return x * mask, mask


@mutant(of="dropout_forward", hint="whole channels vanish: every element is dropped by itself")
def one_decision_for_each_channel(x, rate, rng, training=True):
    """Decides once for each channel of a sample, not for each place."""
    if not training or rate == 0:
        return x.copy(), np.ones_like(x)
    shape = (len(x), *[1] * (x.ndim - 2), x.shape[-1]) if x.ndim > 2 else x.shape
    survives = np.broadcast_to(rng.random(shape) >= rate, x.shape)
    mask = survives.astype(x.dtype) / x.dtype.type(1 - rate)
    return x * mask, mask


@mutant(of="dropout_forward", hint="all units of a sample vanish together: every element is dropped by itself")
def one_decision_for_each_sample(x, rate, rng, training=True):
    """Drops whole samples."""
    if not training or rate == 0:
        return x.copy(), np.ones_like(x)
    survives = np.broadcast_to(rng.random((len(x), *[1] * (x.ndim - 1))) >= rate, x.shape)
    mask = survives.astype(x.dtype) / x.dtype.type(1 - rate)
    return x * mask, mask


@mutant(of="dropout_forward", hint="rate 0 drops nothing and divides by nothing: out equals x")
def rate_zero_drops_everything(x, rate, rng, training=True):
    """Fails for rate 0."""
    if training and rate == 0:
        return np.zeros_like(x), np.zeros_like(x)
    return solution.dropout_forward(x, rate, rng, training)


@mutant(of="dropout_forward", hint="dropout multiplies by 0 or by one number: no noise of any other size")
def gaussian_noise(x, rate, rng, training=True):
    """Multiplies by Gaussian noise of the same mean and variance."""
    if not training or rate == 0:
        return x.copy(), np.ones_like(x)
    mask = rng.normal(1.0, np.sqrt(rate / (1 - rate)), x.shape).astype(x.dtype)
    return x * mask, mask


@mutant(of="dropout_forward", hint="return both, (out, mask): the backward pass needs the mask")
def forgets_the_mask(x, rate, rng, training=True):
    """Returns the output alone."""
    return solution.dropout_forward(x, rate, rng, training)[0]


@mutant(of="dropout_forward", hint="draw from rng: nobody can repeat what a new default_rng() does")
def drops_with_a_generator_of_its_own(x, rate, rng, training=True):
    """Draws once from the generator, then drops with an unseeded one."""
    rng.random(1)
    return solution.dropout_forward(x, rate, np.random.default_rng(), training)


@mutant(
    of="dropout_forward",
    hint="exactly the same number of elements falls in every call: let each element decide by itself",
)
def drops_a_fixed_share(x, rate, rng, training=True):
    """Drops exactly a share rate of all elements."""
    if not training or rate == 0:
        return x.copy(), np.ones_like(x)
    order = rng.permutation(x.size).reshape(x.shape)
    mask = (order >= round(rate * x.size)).astype(x.dtype) / x.dtype.type(1 - rate)
    return x * mask, mask
