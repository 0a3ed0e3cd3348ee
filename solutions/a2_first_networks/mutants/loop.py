"""Known-wrong implementations: the training loop of linear regression."""

import numpy as np

from autograder.course.bank import Bank
from solutions.a2_first_networks import solution

BANK = Bank()
mutant = BANK.mutant


@mutant(
    of="train_linear_regression",
    hint="w stays near 0 and the loss ends at the variance of y: print residual.shape, it is (batch, batch)",
)
def broadcasts_the_residual(X, y, epochs, learning_rate, batch_size, rng):
    """Subtracts (n,) targets from (n, 1) predictions: the residual is n x n, and a constant is learned."""
    W, b, losses = np.zeros((X.shape[1], 1)), np.zeros(1), []
    y = np.ravel(y)
    for _ in range(epochs):
        order, batch_losses = rng.permutation(len(X)), []
        for start in range(0, len(X), batch_size):
            batch = order[start : start + batch_size]
            residual = X[batch] @ W + b - y[batch]
            batch_losses.append(np.mean(residual**2))
            gradient = 2 / len(batch) * residual.mean(axis=1, keepdims=True)
            W = W - learning_rate * X[batch].T @ gradient
            b = b - learning_rate * gradient.sum()
        losses.append(np.mean(batch_losses))
    return W, b, losses


@mutant(of="train_linear_regression", hint="your loss goes up: a step goes against the gradient")
def ascends(X, y, epochs, learning_rate, batch_size, rng):
    """Adds the gradient of w instead of subtracting it."""
    w, b, losses = np.zeros(X.shape[1]), 0.0, []
    y = np.ravel(y)
    for _ in range(epochs):
        order, batch_losses = rng.permutation(len(X)), []
        for start in range(0, len(X), batch_size):
            batch = order[start : start + batch_size]
            residual = X[batch] @ w + b - y[batch]
            batch_losses.append(np.mean(residual**2))
            w = w + learning_rate * 2 / len(batch) * (X[batch].T @ residual)
            b = b - learning_rate * 2 / len(batch) * residual.sum()
        losses.append(np.mean(batch_losses))
    return w, b, losses


@mutant(
    of="train_linear_regression",
    hint="your steps grow with the batch: the loss is a mean, so the gradient is divided by the size of the batch",
)
def sums_over_the_batch(X, y, epochs, learning_rate, batch_size, rng):
    """Sums the gradient over the batch."""
    w, b, losses = np.zeros(X.shape[1]), 0.0, []
    y = np.ravel(y)
    for _ in range(epochs):
        order, batch_losses = rng.permutation(len(X)), []
        for start in range(0, len(X), batch_size):
            batch = order[start : start + batch_size]
            residual = X[batch] @ w + b - y[batch]
            batch_losses.append(np.mean(residual**2))
            w = w - learning_rate * 2 * (X[batch].T @ residual)
            b = b - learning_rate * 2 * residual.sum()
        losses.append(np.mean(batch_losses))
    return w, b, losses


@mutant(of="train_linear_regression", hint="b stays at its start: the bias has a gradient, too")
def never_updates_the_bias(X, y, epochs, learning_rate, batch_size, rng):
    """Updates the weights alone."""
    w, losses = np.zeros(X.shape[1]), []
    y = np.ravel(y)
    for _ in range(epochs):
        order, batch_losses = rng.permutation(len(X)), []
        for start in range(0, len(X), batch_size):
            batch = order[start : start + batch_size]
            residual = X[batch] @ w - y[batch]
            batch_losses.append(np.mean(residual**2))
            w = w - learning_rate * 2 / len(batch) * (X[batch].T @ residual)
        losses.append(np.mean(batch_losses))
    return w, 0.0, losses


@mutant(
    of="train_linear_regression",
    hint="count the samples of an epoch: n need not be a multiple of batch_size, and the rest counts, too",
)
def drops_the_last_batch(X, y, epochs, learning_rate, batch_size, rng):
    """Drops the last, smaller batch."""
    w, b, losses = np.zeros(X.shape[1]), 0.0, []
    y = np.ravel(y)
    for _ in range(epochs):
        order, batch_losses = rng.permutation(len(X)), []
        for start in range(0, len(X) - batch_size + 1, batch_size):
            batch = order[start : start + batch_size]
            residual = X[batch] @ w + b - y[batch]
            batch_losses.append(np.mean(residual**2))
            w = w - learning_rate * 2 / len(batch) * (X[batch].T @ residual)
            b = b - learning_rate * 2 / len(batch) * residual.sum()
        losses.append(np.mean(batch_losses) if batch_losses else 0.0)
    return w, b, losses


@mutant(
    of="train_linear_regression",
    hint="some samples were seen twice and others never: shuffle once per epoch, then slice",
)
def draws_with_replacement(X, y, epochs, learning_rate, batch_size, rng):
    """Draws every batch anew, with replacement."""
    w, b, losses = np.zeros(X.shape[1]), 0.0, []
    n, y = len(X), np.ravel(y)
    for _ in range(epochs):
        batch_losses = []
        for start in range(0, n, batch_size):
            batch = rng.integers(0, n, min(batch_size, n - start)) if batch_size < n else rng.permutation(n)
            residual = X[batch] @ w + b - y[batch]
            batch_losses.append(np.mean(residual**2))
            w = w - learning_rate * 2 / len(batch) * (X[batch].T @ residual)
            b = b - learning_rate * 2 / len(batch) * residual.sum()
        losses.append(np.mean(batch_losses))
    return w, b, losses


@mutant(of="train_linear_regression", hint="an epoch's loss is the mean over its batches, not the last one")
def loss_of_the_last_batch(X, y, epochs, learning_rate, batch_size, rng):
    """Records the loss of the last batch of an epoch."""
    w, b, losses = np.zeros(X.shape[1]), 0.0, []
    y = np.ravel(y)
    for _ in range(epochs):
        order, loss = rng.permutation(len(X)), 0.0
        for start in range(0, len(X), batch_size):
            batch = order[start : start + batch_size]
            residual = X[batch] @ w + b - y[batch]
            loss = np.mean(residual**2)
            w = w - learning_rate * 2 / len(batch) * (X[batch].T @ residual)
            b = b - learning_rate * 2 / len(batch) * residual.sum()
        losses.append(loss)
    return w, b, losses


@mutant(of="train_linear_regression", hint="your loss grows with the number of batches: take their mean")
def sums_the_batch_losses(X, y, epochs, learning_rate, batch_size, rng):
    """Adds up the losses of the batches."""
    w, b, losses = solution.train_linear_regression(X, y, epochs, learning_rate, batch_size, rng)
    return w, b, [loss * -(-len(X) // batch_size) for loss in losses]


@mutant(of="train_linear_regression", hint="your steps are half as long: what is the derivative of r squared?")
def half_the_gradient(X, y, epochs, learning_rate, batch_size, rng):
    """Forgets the 2 in the gradient."""
    return solution.train_linear_regression(X, y, epochs, learning_rate / 2, batch_size, rng)


@mutant(
    of="train_linear_regression",
    hint="the first loss is that of w = 0 and b = 0: measure each batch before its step, not after",
)
def loss_after_the_step(X, y, epochs, learning_rate, batch_size, rng):
    """Records the loss after the update."""
    w, b, losses = np.zeros(X.shape[1]), 0.0, []
    y = np.ravel(y)
    for _ in range(epochs):
        order, batch_losses = rng.permutation(len(X)), []
        for start in range(0, len(X), batch_size):
            batch = order[start : start + batch_size]
            residual = X[batch] @ w + b - y[batch]
            w = w - learning_rate * 2 / len(batch) * (X[batch].T @ residual)
            b = b - learning_rate * 2 / len(batch) * residual.sum()
            batch_losses.append(np.mean((X[batch] @ w + b - y[batch]) ** 2))
        losses.append(np.mean(batch_losses))
    return w, b, losses


@mutant(of="train_linear_regression", hint="begin each epoch with an empty list of batch losses")
def never_resets_the_loss(X, y, epochs, learning_rate, batch_size, rng):
    """Averages over all epochs so far."""
    w, b, losses = solution.train_linear_regression(X, y, epochs, learning_rate, batch_size, rng)
    return w, b, list(np.cumsum(losses) / np.arange(1, len(losses) + 1))
