"""Known-wrong implementations: the backward pass of an affine layer."""

import numpy as np

from autograder.course.bank import Bank
from solutions.a1_relu_sigmoid import solution

BANK = Bank()
mutant = BANK.mutant


@mutant(of="affine_backward", hint="a square layer hides a missing transpose from the shapes: compare values")
def forgets_the_transpose(dout, cache):
    """Computes dx = dout W where W is square."""
    x, W, _ = cache
    return dout @ (W if W.shape[0] == W.shape[1] else W.T), x.T @ dout, dout.sum(axis=0)


@mutant(of="affine_backward", hint="dW has the shape and the orientation of W: inputs first")
def transposed_weight_gradient(dout, cache):
    """Computes dW = dout.T x where W is square."""
    x, W, _ = cache
    return dout @ W.T, dout.T @ x if W.shape[0] == W.shape[1] else x.T @ dout, dout.sum(axis=0)


@mutant(of="affine_backward", hint="the loss already contains 1/N: do not divide again")
def averages_dw(dout, cache):
    """Divides dW by the batch size."""
    x, W, _ = cache
    return dout @ W.T, x.T @ dout / x.dtype.type(len(x)), dout.sum(axis=0)


@mutant(of="affine_backward", hint="b is shared by all rows: sum over the batch")
def does_not_sum_db(dout, cache):
    """Returns dout as db."""
    x, W, _ = cache
    return dout @ W.T, x.T @ dout, dout.copy()


@mutant(of="affine_backward", hint="dW needs the upstream gradient, row by row")
def dw_without_upstream(dout, cache):
    """Forgets dout in dW."""
    x, W, _ = cache
    return dout @ W.T, x.T @ np.ones_like(dout), dout.sum(axis=0)


@mutant(of="affine_backward", hint="the order is (dx, dW, db)")
def swaps_dx_and_dw(dout, cache):
    """Returns dW before dx."""
    x, W, _ = cache
    return x.T @ dout, dout @ W.T, dout.sum(axis=0)


@mutant(of="affine_backward", hint="sum db over the batch, axis 0: one entry per output unit")
def sums_over_the_outputs(dout, cache):
    """Sums db over the outputs where the shapes allow it."""
    x, W, _ = cache
    return dout @ W.T, x.T @ dout, dout.sum(axis=1) if dout.shape[0] == dout.shape[1] else dout.sum(axis=0)


@mutant(of="affine_backward", hint="the gradients have the dtype of x and W")
def gradients_in_float64(dout, cache):
    """Returns float64 gradients for a float32 layer."""
    cache = tuple(array.astype(np.float64) for array in cache)
    return solution.affine_backward(dout.astype(np.float64), cache)


@mutant(of="affine_backward", hint="the cache belongs to the layer: return new arrays instead of writing into it")
def overwrites_the_weights(dout, cache):
    """Writes the gradients into the cached arrays."""
    _, W, _ = cache
    dx, dW, db = solution.affine_backward(dout, cache)
    W[...] = dW
    return dx, W, db


@mutant(of="affine_backward", hint="db has the shape of b, (K,): drop the axis you summed over")
def keeps_a_dimension(dout, cache):
    """Returns db of shape (1, K)."""
    x, W, _ = cache
    return dout @ W.T, x.T @ dout, dout.sum(axis=0, keepdims=True)


@mutant(of="affine_backward", hint="the loss already contains 1/N: db is a sum, too")
def averages_db(dout, cache):
    """Averages db over the batch."""
    x, W, _ = cache
    return dout @ W.T, x.T @ dout, dout.mean(axis=0)
