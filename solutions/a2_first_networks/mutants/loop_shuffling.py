"""Known-wrong implementations: orders of samples that chance has a part in, but does not make."""

import numpy as np

from autograder.course.bank import Bank
from solutions.a2_first_networks import solution

BANK = Bank()
mutant = BANK.mutant


class Orders:
    """Stands for the generator in our own loop: each epoch takes the order of these rules."""

    def __init__(self, permutation):
        self.permutation = permutation


@mutant(
    of="train_linear_regression",
    hint="each of your orders is a rotation of one: neighbours never part; an epoch mixes all samples",
)
def rotates_the_samples(X, y, epochs, learning_rate, batch_size, rng):
    """Begins each epoch at a random sample and goes on in the old order."""
    orders = Orders(lambda n: np.roll(np.arange(n), rng.integers(n)))
    return solution.train_linear_regression(X, y, epochs, learning_rate, batch_size, orders)


@mutant(
    of="train_linear_regression",
    hint="you have two orders, one half first or the other: an epoch mixes all samples",
)
def swaps_the_halves(X, y, epochs, learning_rate, batch_size, rng):
    """Tosses a coin for which half of the samples comes first."""
    orders = Orders(lambda n: np.roll(np.arange(n), n // 2 * rng.integers(2)))
    return solution.train_linear_regression(X, y, epochs, learning_rate, batch_size, orders)


@mutant(
    of="train_linear_regression",
    hint="an epoch's order follows from that of the epoch before: draw each one anew",
)
def there_and_back(X, y, epochs, learning_rate, batch_size, rng):
    """Shuffles once and turns the order round after each epoch."""
    order = []

    def turned(n):
        order[:] = order[::-1] or rng.permutation(n)
        return np.array(order)

    return solution.train_linear_regression(X, y, epochs, learning_rate, batch_size, Orders(turned))


@mutant(
    of="train_linear_regression",
    hint="your batches always hold the same samples: mix all samples first, then cut the batches",
)
def shuffles_the_batches(X, y, epochs, learning_rate, batch_size, rng):
    """Cuts the samples into batches once and shuffles the batches."""

    def mixed(n):
        slices = [np.arange(n)[start : start + batch_size] for start in range(0, n - n % batch_size, batch_size)]
        rest = np.arange(n)[n - n % batch_size :]
        return np.concatenate([*(slices[place] for place in rng.permutation(len(slices))), rest])

    return solution.train_linear_regression(X, y, epochs, learning_rate, batch_size, Orders(mixed))


@mutant(
    of="train_linear_regression",
    hint="you mix samples inside each batch, where their order is nothing: mix all of them, then cut the batches",
)
def shuffles_within_batches(X, y, epochs, learning_rate, batch_size, rng):
    """Shuffles the samples of each batch among themselves."""

    def mixed(n):
        slices = [np.arange(n)[start : start + batch_size] for start in range(0, n, batch_size)]
        return np.concatenate([rng.permutation(batch) for batch in slices])

    return solution.train_linear_regression(X, y, epochs, learning_rate, batch_size, Orders(mixed))
