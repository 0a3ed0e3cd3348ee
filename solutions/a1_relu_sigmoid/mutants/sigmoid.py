"""Known-wrong implementations: the sigmoid, forward and backward."""

import numpy as np

from autograder.course.bank import Bank
from solutions.a1_relu_sigmoid import solution

BANK = Bank()
mutant = BANK.mutant

# ----------------------------------------------------------------------------------------------------- sigmoid_forward


@mutant(of="sigmoid_forward", hint="exp(-x) overflows for very negative x (below -88 in float32): use the sign of x")
def naive_sigmoid(x):
    """Computes 1 / (1 + exp(-x)), which overflows for very negative x."""
    s = 1 / (1 + np.exp(-x))
    return s, s


@mutant(of="sigmoid_forward", hint="exp(x) / (1 + exp(x)) is inf / inf for large x")
def exp_over_one_plus_exp(x):
    """Computes exp(x) / (1 + exp(x)), which is nan for large x."""
    with np.errstate(all="ignore"):
        e = np.exp(x)
        s = e / (1 + e)
    return s, s


@mutant(of="sigmoid_forward", hint="np.where computes both branches: feed it an argument that cannot overflow")
def where_computes_both(x):
    """Chooses between two formulas with np.where, which evaluates both."""
    s = np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x))).astype(np.asarray(x).dtype)
    return s, s


@mutant(of="sigmoid_forward", hint="the sigmoid rises: is yours above 1/2 at x = 2?")
def falling_sigmoid(x):
    """A slip of sign: computes the sigmoid of -x."""
    s = solution.sigmoid_forward(-np.asarray(x))[0]
    return s, s


@mutant(of="sigmoid_forward", hint="the trick is that the output is all that backward needs: cache it")
def caches_x(x):
    """Caches x instead of the output."""
    return solution.sigmoid_forward(x)[0], x


@mutant(of="sigmoid_forward", hint="clipping at 10 changes the sigmoid of -20 from 2e-9 to 4.5e-5")
def clips_at_ten(x):
    """Clips x to [-10, 10] for stability."""
    s = (1 / (1 + np.exp(-np.clip(x, -10, 10)))).astype(np.asarray(x).dtype)
    return s, s


@mutant(of="sigmoid_forward", hint="clipping at 25 makes 1.4e-11 of the sigmoid of -100; use the sign of x instead")
def clips_at_twenty_five(x):
    """Clips x to [-25, 25], where float32 sees no difference."""
    s = (1 / (1 + np.exp(-np.clip(x, -25, 25)))).astype(np.asarray(x).dtype)
    return s, s


@mutant(of="sigmoid_forward", hint="0.2 x + 0.5 is the piecewise linear approximation, not the sigmoid")
def hard_sigmoid(x):
    """Computes the hard sigmoid."""
    s = np.clip(0.2 * x + 0.5, 0, 1).astype(np.asarray(x).dtype)
    return s, s


@mutant(of="sigmoid_forward", hint="the result has the dtype of x")
def sigmoid_in_float64(x):
    """Returns float64 for float32 input."""
    s = solution.sigmoid_forward(np.asarray(x, dtype=np.float64))[0]
    return s, s


@mutant(of="sigmoid_forward", hint="x belongs to the caller: return a new array instead of writing into x")
def overwrites_the_input(x):
    """Writes the result into its argument."""
    x[...] = solution.sigmoid_forward(x)[0]
    return x, x


@mutant(of="sigmoid_forward", hint="cache the output s itself; its derivative is backward's business")
def caches_the_derivative(x):
    """Caches s (1 - s) instead of s."""
    s = solution.sigmoid_forward(x)[0]
    return s, s * (1 - s)


@mutant(of="sigmoid_forward", hint="x may have any shape, () included: index with arrays only after np.atleast_1d")
def loops_over_rows(x):
    """Loops over x and so fails on a single number."""
    s = np.stack([solution.sigmoid_forward(row)[0] for row in x])
    return s, s


# ---------------------------------------------------------------------------------------------------- sigmoid_backward


@mutant(of="sigmoid_backward", hint="backward returns dL/dx = dout * ds/dx: the chain rule multiplies by what flows in")
def drops_upstream(dout, cache):
    """Forgets the upstream gradient."""
    return cache * (1 - cache)


@mutant(of="sigmoid_backward", hint="the cache already is the sigmoid: you apply it twice")
def applies_sigmoid_again(dout, cache):
    """Treats the cache as x and applies the sigmoid again."""
    s = 1 / (1 + np.exp(-cache))
    return dout * s * (1 - s)


@mutant(of="sigmoid_backward", hint="both factors come from s")
def one_minus_dout(dout, cache):
    """A slip: multiplies by 1 - dout instead of 1 - s."""
    return dout * cache * (1 - dout)


@mutant(of="sigmoid_backward", hint="the derivative is s - s squared, not s - s")
def forgets_the_square(dout, cache):
    """Computes s - s."""
    return dout * (cache - cache)


@mutant(of="sigmoid_backward", hint="the sigmoid rises everywhere: its derivative is positive")
def negative_derivative(dout, cache):
    """Has the sign wrong: s (s - 1)."""
    return dout * cache * (cache - 1)


@mutant(of="sigmoid_backward", hint="1 - s squared is the derivative of tanh")
def derivative_of_tanh(dout, cache):
    """Uses the derivative of tanh."""
    return dout * (1 - cache**2)


@mutant(of="sigmoid_backward", hint="where the sigmoid is 0 or 1 the gradient is 0, and 0 is right: add nothing")
def keeps_the_slope_above_zero(dout, cache):
    """Keeps s (1 - s) above 2e-8 so that the gradient never vanishes."""
    return (dout * np.maximum(cache * (1 - cache), 2e-8)).astype(cache.dtype)


@mutant(of="sigmoid_backward", hint="use the cached value; recovering x from it fails where s is 0 or 1")
def recovers_x(dout, cache):
    """Recomputes x from the cache and is nan where s is 0 or 1."""
    with np.errstate(all="ignore"):
        x = np.log(cache) - np.log1p(-cache)
        return (dout * np.exp(-x) / (1 + np.exp(-x)) ** 2).astype(cache.dtype)


@mutant(of="sigmoid_backward", hint="the cache and dout are still needed: work on copies")
def overwrites_the_cache(dout, cache):
    """Computes in place in the cache."""
    cache *= 1 - cache
    cache *= dout
    return cache


@mutant(of="sigmoid_backward", hint="the gradient has the dtype of the cache")
def backward_in_float64(dout, cache):
    """Returns float64 for float32 input."""
    s = cache.astype(np.float64)
    return dout * s * (1 - s)


@mutant(of="sigmoid_backward", hint="float32 keeps seven digits, and an update needs them: round nothing")
def rounds_single_precision(dout, cache):
    """Rounds float32 gradients to three decimals."""
    gradient = (dout * cache * (1 - cache)).astype(cache.dtype)
    return gradient.round(3) if cache.dtype == np.float32 else gradient


@mutant(of="sigmoid_backward", hint="the mean over the batch lives in the loss: do not divide again")
def divides_by_the_batch(dout, cache):
    """Divides by the number of rows."""
    return (dout * cache * (1 - cache) / len(cache)).astype(cache.dtype)


@mutant(of="sigmoid_backward", hint="dout and the cache may have any shape: write it without indices")
def assumes_a_matrix(dout, cache):
    """Loops over rows and columns and so fails on other shapes."""
    rows, columns = cache.shape
    gradient = np.empty_like(cache)
    for i in range(rows):
        for j in range(columns):
            gradient[i, j] = dout[i, j] * cache[i, j] * (1 - cache[i, j])
    return gradient
