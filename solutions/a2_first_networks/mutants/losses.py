"""Known-wrong implementations: the mean squared error and its gradient."""

import numpy as np

from autograder.course.bank import Bank
from solutions.a2_first_networks import solution

BANK = Bank()
mutant = BANK.mutant


@mutant(
    of="mse_loss",
    hint="print the shape of y_pred - y_true: (n, 1) minus (n,) is n x n, and you compare everybody with everybody",
)
def broadcasts_to_n_by_n(y_true, y_pred, dloss=1.0):
    """Subtracts (n,) from (n, 1), which broadcasts to (n, n)."""
    if np.size(y_true) != np.size(y_pred):
        raise ValueError("sizes differ")
    residual = y_pred - y_true
    return np.mean(residual**2), dloss * 2.0 / np.size(y_pred) * residual


@mutant(of="mse_loss", hint="a prediction that is too high must come down: check the sign of your derivative")
def gradient_of_the_wrong_sign(y_true, y_pred, dloss=1.0):
    """Differentiates with respect to y_true."""
    loss, gradient = solution.mse_loss(y_true, y_pred, dloss)
    return loss, -gradient


@mutant(of="mse_loss", hint="the loss is a mean, so its gradient has the 1/n, too")
def gradient_of_the_sum(y_true, y_pred, dloss=1.0):
    """Forgets the 1/n in the gradient."""
    loss, gradient = solution.mse_loss(y_true, y_pred, dloss)
    return loss, gradient * np.size(y_pred)


@mutant(of="mse_loss", hint="you return the MSE, not half of it: what is the derivative of r squared?")
def gradient_of_half_the_loss(y_true, y_pred, dloss=1.0):
    """Forgets the 2 in the gradient."""
    loss, gradient = solution.mse_loss(y_true, y_pred, dloss)
    return loss, gradient / 2


@mutant(of="mse_loss", hint="the M in MSE is for mean: you return the sum of the squares")
def sum_of_squares(y_true, y_pred, dloss=1.0):
    """Returns the sum instead of the mean."""
    loss, gradient = solution.mse_loss(y_true, y_pred, dloss)
    return loss * np.size(y_pred), gradient


@mutant(of="mse_loss", hint="dloss flows in from the next node: the chain rule multiplies by it")
def ignores_dloss(y_true, y_pred, dloss=1.0):
    """Forgets the upstream gradient."""
    return solution.mse_loss(y_true, y_pred)


@mutant(of="mse_loss", hint="a gradient has the shape of what it belongs to: here that of y_pred")
def flat_gradient(y_true, y_pred, dloss=1.0):
    """Returns the gradient of (n, 1) predictions as (n,)."""
    loss, gradient = solution.mse_loss(y_true, y_pred, dloss)
    return loss, gradient.ravel()


@mutant(of="mse_loss", hint="the predictions belong to the caller: y_pred -= y_true overwrites them")
def subtracts_in_place(y_true, y_pred, dloss=1.0):
    """Computes the residual in place in y_pred."""
    results = solution.mse_loss(y_true, y_pred, dloss)
    y_pred -= np.reshape(y_true, np.shape(y_pred))
    return results


@mutant(of="mse_loss", hint="one number against n broadcasts without a word: compare the sizes yourself")
def broadcasts_one_number(y_true, y_pred, dloss=1.0):
    """Relies on NumPy to complain, which it does not for 1 against n."""
    residual = np.ravel(y_pred) - np.ravel(y_true)
    gradient = dloss * 2 / residual.size * residual
    shape = np.shape(y_pred) if gradient.size == np.size(y_pred) else gradient.shape
    return np.mean(residual**2), gradient.reshape(shape)


@mutant(of="mse_loss", hint="no square root: that would be the RMSE, with another gradient")
def root_mean_square(y_true, y_pred, dloss=1.0):
    """Returns the root of the mean squared error."""
    loss, gradient = solution.mse_loss(y_true, y_pred, dloss)
    return np.sqrt(loss), gradient


@mutant(of="mse_loss", hint="dloss belongs to the gradient alone; the loss itself does not depend on it")
def scales_the_loss_too(y_true, y_pred, dloss=1.0):
    """Multiplies the loss by the upstream gradient as well."""
    loss, gradient = solution.mse_loss(y_true, y_pred, dloss)
    return dloss * loss, gradient


@mutant(of="mse_loss", hint="the gradient is with respect to y_pred: give it that shape, not y_true's")
def gradient_in_the_shape_of_y_true(y_true, y_pred, dloss=1.0):
    """Gives the gradient the shape of y_true."""
    loss, gradient = solution.mse_loss(y_true, y_pred, dloss)
    return loss, gradient.reshape(np.shape(y_true))


@mutant(of="mse_loss", hint="raise ValueError for sizes that differ: an assert vanishes with python -O")
def asserts_the_sizes(y_true, y_pred, dloss=1.0):
    """Asserts that the sizes agree."""
    assert np.size(y_true) == np.size(y_pred)
    return solution.mse_loss(y_true, y_pred, dloss)


@mutant(of="mse_loss", hint="square the differences; you take their absolute values")
def mean_absolute_error(y_true, y_pred, dloss=1.0):
    """Computes the mean absolute error."""
    if np.size(y_true) != np.size(y_pred):
        raise ValueError("sizes differ")
    residual = np.ravel(y_pred) - np.ravel(y_true)
    return np.mean(np.abs(residual)), (dloss * np.sign(residual) / residual.size).reshape(np.shape(y_pred))


@mutant(of="mse_loss", hint="the loss is one number for the whole batch: take the mean over the elements")
def one_loss_for_each_element(y_true, y_pred, dloss=1.0):
    """Returns the squares without taking their mean."""
    gradient = solution.mse_loss(y_true, y_pred, dloss)[1]
    return (np.ravel(y_pred) - np.ravel(y_true)) ** 2, gradient


@mutant(of="mse_loss", hint="y_true may be the column, too: make both flat before you subtract")
def flattens_the_predictions_alone(y_true, y_pred, dloss=1.0):
    """Flattens the predictions and leaves the targets as they are."""
    if np.size(y_true) != np.size(y_pred):
        raise ValueError("sizes differ")
    residual = np.ravel(y_pred) - y_true
    gradient = dloss * 2 / np.size(y_pred) * residual
    return np.mean(residual**2), gradient.reshape(np.shape(y_pred)) if residual.ndim == 1 else gradient


@mutant(of="mse_loss", hint="(n,) and (n, 1) hold the same n numbers: compare the sizes, not the shapes")
def refuses_other_shapes(y_true, y_pred, dloss=1.0):
    """Refuses (n,) against (n, 1)."""
    if np.shape(y_true) != np.shape(y_pred):
        raise ValueError("shapes differ")
    return solution.mse_loss(y_true, y_pred, dloss)
