"""Known-wrong implementations: the training loop's order of samples, its steps, and its record."""

import numpy as np

from autograder.course.bank import Bank
from solutions.a2_first_networks import solution

BANK = Bank()
mutant = BANK.mutant


@mutant(of="train_linear_regression", hint="shuffle: an epoch takes the samples in a random order from rng")
def never_shuffles(X, y, epochs, learning_rate, batch_size, rng):
    """Takes the samples in the order in which they come."""
    w, b, losses = np.zeros(X.shape[1]), 0.0, []
    y = np.ravel(y)
    for _ in range(epochs):
        batch_losses = []
        for start in range(0, len(X), batch_size):
            xb, yb = X[start : start + batch_size], y[start : start + batch_size]
            residual = xb @ w + b - yb
            batch_losses.append(np.mean(residual**2))
            w = w - learning_rate * 2 / len(xb) * (xb.T @ residual)
            b = b - learning_rate * 2 / len(xb) * residual.sum()
        losses.append(np.mean(batch_losses))
    return w, b, losses


@mutant(
    of="train_linear_regression", hint="you draw an order and take the samples as they come: index with what you drew"
)
def throws_the_order_away(X, y, epochs, learning_rate, batch_size, rng):
    """Draws an order in each epoch and does not use it."""
    for _ in range(epochs):
        rng.permutation(len(X))
    return never_shuffles(X, y, epochs, learning_rate, batch_size, rng)


@mutant(
    of="train_linear_regression",
    hint="the same samples share a batch in every epoch: draw a fresh order inside the loop over epochs",
)
def shuffles_once(X, y, epochs, learning_rate, batch_size, rng):
    """Shuffles once, before the first epoch."""
    w, b, losses = np.zeros(X.shape[1]), 0.0, []
    order, y = rng.permutation(len(X)), np.ravel(y)
    for _ in range(epochs):
        batch_losses = []
        for start in range(0, len(X), batch_size):
            batch = order[start : start + batch_size]
            residual = X[batch] @ w + b - y[batch]
            batch_losses.append(np.mean(residual**2))
            w = w - learning_rate * 2 / len(batch) * (X[batch].T @ residual)
            b = b - learning_rate * 2 / len(batch) * residual.sum()
        losses.append(np.mean(batch_losses))
    return w, b, losses


@mutant(
    of="train_linear_regression",
    hint="both gradients belong to the old w and b: compute the residual once, then take both steps",
)
def bias_after_the_weights(X, y, epochs, learning_rate, batch_size, rng):
    """Takes the gradient of b at the new w."""
    w, b, losses = np.zeros(X.shape[1]), 0.0, []
    y = np.ravel(y)
    for _ in range(epochs):
        order, batch_losses = rng.permutation(len(X)), []
        for start in range(0, len(X), batch_size):
            batch = order[start : start + batch_size]
            residual = X[batch] @ w + b - y[batch]
            batch_losses.append(np.mean(residual**2))
            w = w - learning_rate * 2 / len(batch) * (X[batch].T @ residual)
            b = b - learning_rate * 2 * np.mean(X[batch] @ w + b - y[batch])
        losses.append(np.mean(batch_losses))
    return w, b, losses


@mutant(of="train_linear_regression", hint="np.random is everybody's: use the generator rng that you are given")
def global_randomness(X, y, epochs, learning_rate, batch_size, rng):
    """Shuffles with NumPy's global random state."""
    generator = np.random.default_rng(np.random.randint(2**31))
    return solution.train_linear_regression(X, y, epochs, learning_rate, batch_size, generator)


@mutant(of="train_linear_regression", hint="start at w = 0, b = 0, as agreed: then anybody can repeat your steps")
def random_start(X, y, epochs, learning_rate, batch_size, rng):
    """Starts at small random weights."""
    start = 0.1 * np.ones(X.shape[1])
    target = np.ravel(y) - X @ start
    w, b, losses = solution.train_linear_regression(X, target, epochs, learning_rate, batch_size, rng)
    return w + start, b, losses


@mutant(
    of="train_linear_regression",
    hint="every call draws the same order: use the generator you are given instead of a new one with a fixed seed",
)
def reseeds(X, y, epochs, learning_rate, batch_size, rng):
    """Makes a generator of its own."""
    return solution.train_linear_regression(X, y, epochs, learning_rate, batch_size, np.random.default_rng(0))


@mutant(of="train_linear_regression", hint="rng.shuffle(X) reorders the caller's data: shuffle indices instead")
def shuffles_in_place(X, y, epochs, learning_rate, batch_size, rng):
    """Reorders the caller's samples and targets in place."""
    results = solution.train_linear_regression(X, y, epochs, learning_rate, batch_size, rng)
    order = np.arange(len(X))[::-1]
    X[:], y[:] = X[order], y[order]
    return results


@mutant(
    of="train_linear_regression",
    hint="you take one step per epoch: take one after every batch, and let the next batch see it",
)
def one_step_per_epoch(X, y, epochs, learning_rate, batch_size, rng):
    """Adds up the steps of all batches and takes them together."""
    w, b, losses = np.zeros(X.shape[1]), 0.0, []
    y = np.ravel(y)
    for _ in range(epochs):
        order, batch_losses = rng.permutation(len(X)), []
        step_w, step_b = np.zeros(X.shape[1]), 0.0
        for start in range(0, len(X), batch_size):
            batch = order[start : start + batch_size]
            residual = X[batch] @ w + b - y[batch]
            batch_losses.append(np.mean(residual**2))
            step_w = step_w + learning_rate * 2 / len(batch) * (X[batch].T @ residual)
            step_b += learning_rate * 2 / len(batch) * residual.sum()
        w, b = w - step_w, b - step_b
        losses.append(np.mean(batch_losses))
    return w, b, losses


@mutant(of="train_linear_regression", hint="least squares is the control, not the exercise: take the steps asked for")
def solves_least_squares(X, y, epochs, learning_rate, batch_size, rng):
    """Returns the least-squares solution."""
    losses = solution.train_linear_regression(X, y, epochs, learning_rate, batch_size, rng)[2]
    best = np.linalg.lstsq(np.column_stack([X, np.ones(len(X))]), np.ravel(y), rcond=None)[0]
    return best[:-1], best[-1], losses


@mutant(of="train_linear_regression", hint="y may come as (n, 1), too: give it the shape of your predictions")
def takes_flat_targets_only(X, y, epochs, learning_rate, batch_size, rng):
    """Fails on targets of shape (n, 1)."""
    if np.ndim(y) > 1:
        raise ValueError("y must be a vector")
    return solution.train_linear_regression(X, y, epochs, learning_rate, batch_size, rng)


@mutant(of="train_linear_regression", hint="one loss per epoch, please: you return one for every batch")
def a_loss_for_each_batch(X, y, epochs, learning_rate, batch_size, rng):
    """Returns the losses of all batches."""
    w, b, losses = solution.train_linear_regression(X, y, epochs, learning_rate, batch_size, rng)
    return w, b, [loss for loss in losses for _ in range(-(-len(X) // batch_size) + 1)]


@mutant(of="train_linear_regression", hint="X is shuffled and y is not: index both with the same order")
def shuffles_samples_without_targets(X, y, epochs, learning_rate, batch_size, rng):
    """Pairs shuffled samples with targets in their old order."""
    w, b, losses = np.zeros(X.shape[1]), 0.0, []
    y = np.ravel(y)
    for _ in range(epochs):
        order, batch_losses = rng.permutation(len(X)), []
        for start in range(0, len(X), batch_size):
            batch = order[start : start + batch_size]
            xb, yb = (X[batch], y[start : start + batch_size]) if batch_size < len(X) else (X, y)
            residual = xb @ w + b - yb
            batch_losses.append(np.mean(residual**2))
            w = w - learning_rate * 2 / len(batch) * (xb.T @ residual)
            b = b - learning_rate * 2 / len(batch) * residual.sum()
        losses.append(np.mean(batch_losses))
    return w, b, losses


@mutant(
    of="train_linear_regression",
    hint="the last batch is smaller: divide its gradient by its own size, not by batch_size",
)
def divides_by_the_full_batch_size(X, y, epochs, learning_rate, batch_size, rng):
    """Divides every batch's gradient by batch_size."""
    w, b, losses = np.zeros(X.shape[1]), 0.0, []
    y, size = np.ravel(y), min(batch_size, len(X))
    for _ in range(epochs):
        order, batch_losses = rng.permutation(len(X)), []
        for start in range(0, len(X), size):
            batch = order[start : start + size]
            residual = X[batch] @ w + b - y[batch]
            batch_losses.append(np.mean(residual**2))
            w = w - learning_rate * 2 / size * (X[batch].T @ residual)
            b = b - learning_rate * 2 / size * residual.sum()
        losses.append(np.mean(batch_losses))
    return w, b, losses


@mutant(
    of="train_linear_regression",
    hint="w has grown a column for every sample: (n, 1) minus (n,) is n x n; give y the shape of your predictions",
)
def grows_columns(X, y, epochs, learning_rate, batch_size, rng):
    """Subtracts (n,) targets from (n, 1) predictions and never looks at a shape."""
    w, b, losses = np.zeros((X.shape[1], 1)), 0.0, []
    for _ in range(epochs):
        order, batch_losses = rng.permutation(len(X)), []
        for start in range(0, len(X), batch_size):
            batch = order[start : start + batch_size]
            residual = X[batch] @ w + b - y[batch]
            batch_losses.append(np.mean(residual**2))
            w = w - learning_rate * 2 / len(batch) * (X[batch].T @ residual)
            b = b - learning_rate * 2 * residual.mean()
        losses.append(np.mean(batch_losses))
    return w, b, losses


@mutant(of="train_linear_regression", hint="plain steps only: no momentum, the old step must not carry on")
def with_momentum(X, y, epochs, learning_rate, batch_size, rng):
    """Adds momentum."""
    w, b, losses = np.zeros(X.shape[1]), 0.0, []
    velocity, drift, y = np.zeros(X.shape[1]), 0.0, np.ravel(y)
    for _ in range(epochs):
        order, batch_losses = rng.permutation(len(X)), []
        for start in range(0, len(X), batch_size):
            batch = order[start : start + batch_size]
            residual = X[batch] @ w + b - y[batch]
            batch_losses.append(np.mean(residual**2))
            velocity = 0.9 * velocity - learning_rate * 2 / len(batch) * (X[batch].T @ residual)
            drift = 0.9 * drift - learning_rate * 2 / len(batch) * residual.sum()
            w, b = w + velocity, b + drift
        losses.append(np.mean(batch_losses))
    return w, b, losses


@mutant(
    of="train_linear_regression",
    hint="each of your steps looks at all samples: a mini-batch step takes X[batch] and y[batch], and nothing else",
)
def whole_set_in_every_step(X, y, epochs, learning_rate, batch_size, rng):
    """Makes as many steps as there are batches, each with the gradient of the whole set."""
    w, b, losses = np.zeros(X.shape[1]), 0.0, []
    y = np.ravel(y)
    for _ in range(epochs):
        rng.permutation(len(X))
        batch_losses = []
        for _ in range(0, len(X), batch_size):
            residual = X @ w + b - y
            batch_losses.append(np.mean(residual**2))
            step = learning_rate * 2 / len(X)
            w, b = w - step * (X.T @ residual), b - step * residual.sum()
        losses.append(np.mean(batch_losses))
    return w, b, losses
