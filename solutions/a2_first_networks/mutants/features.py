"""Known-wrong implementations: standardising features."""

import numpy as np

from autograder.course.bank import Bank
from solutions.a2_first_networks import solution

BANK = Bank()
mutant = BANK.mutant


@mutant(
    of="standardize_features",
    hint="a single test house must come out as it does in company: transform the test rows with the TRAIN mean and std",
)
def test_set_with_its_own_statistics(X_train, X_test):
    """Normalises the test set with the test set's own statistics."""
    Xtr, _, mean, std = solution.standardize_features(X_train, X_test)
    return Xtr, solution.standardize_features(X_test, X_test)[0], mean, std


@mutant(of="standardize_features", hint="the test rows leak into your mean: compute it from the train rows")
def mean_of_train_and_test(X_train, X_test):
    """Takes the mean of both sets together."""
    mean = np.concatenate([X_train, X_test]).mean(axis=0)
    std = X_train.std(axis=0)
    safe = np.where(std > 0, std, 1.0)
    return (X_train - mean) / safe, (X_test - mean) / safe, mean, std


@mutant(
    of="standardize_features",
    hint="rooms and years have different units: one mean and one std for each column, not for the whole matrix",
)
def one_number_for_the_whole_matrix(X_train, X_test):
    """Uses one scalar mean and standard deviation for all columns."""
    mean = np.full(X_train.shape[1], X_train.mean())
    std = np.full(X_train.shape[1], X_train.std())
    safe = np.where(std > 0, std, 1.0)
    return (X_train - mean) / safe, (X_test - mean) / safe, mean, std


@mutant(of="standardize_features", hint="you normalise each house by itself: axis 0 runs over the samples")
def normalises_rows(X_train, X_test):
    """Normalises each row instead of each column."""

    def by_row(X):
        std = X.std(axis=1, keepdims=True)
        return (X - X.mean(axis=1, keepdims=True)) / np.where(std > 0, std, 1.0)

    return by_row(X_train), by_row(X_test), X_train.mean(axis=0), X_train.std(axis=0)


@mutant(of="standardize_features", hint="the variance has the wrong unit: divide by its square root")
def divides_by_the_variance(X_train, X_test):
    """Divides the training rows by the variance."""
    _, Xte, mean, std = solution.standardize_features(X_train, X_test)
    return (X_train - mean) / np.where(std > 0, std, 1.0) ** 2, Xte, mean, std


@mutant(of="standardize_features", hint="a constant column has std 0, and 0 / 0 is nan: it should become 0")
def nan_for_a_constant_column(X_train, X_test):
    """Divides 0 by 0 in a constant column."""
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    return (X_train - mean) / std, (X_test - mean) / std, mean, std


@mutant(of="standardize_features", hint="the train columns are centred, but their spread is not 1 yet")
def only_centres(X_train, X_test):
    """Subtracts the mean from the training rows and does not divide."""
    _, Xte, mean, std = solution.standardize_features(X_train, X_test)
    return X_train - mean, Xte, mean, std


@mutant(of="standardize_features", hint="mean 0 and standard deviation 1 are asked for, not the range 0 to 1")
def scales_to_zero_one(X_train, X_test):
    """Scales the training rows to [0, 1]."""
    _, Xte, mean, std = solution.standardize_features(X_train, X_test)
    extent = np.ptp(X_train, axis=0)
    return (X_train - X_train.min(axis=0)) / np.where(extent > 0, extent, 1), Xte, mean, std


@mutant(of="standardize_features", hint="the population std divides by n, not by n - 1 (ddof=0)")
def sample_deviation(X_train, X_test):
    """Divides by n - 1 in the standard deviation."""
    mean, std = X_train.mean(axis=0), X_train.std(axis=0, ddof=1)
    safe = np.where(std > 0, std, 1.0)
    return (X_train - mean) / safe, (X_test - mean) / safe, mean, std


@mutant(of="standardize_features", hint="the caller still needs X_train: compute X_train - mean, never -=")
def centres_in_place(X_train, X_test):
    """Works in place in its arguments."""
    results = solution.standardize_features(X_train, X_test)
    if X_train.dtype.kind == "f":
        X_train -= results[2]
        X_test -= results[2]
    return results


@mutant(
    of="standardize_features",
    hint="integer features lose everything behind the point: make room for the result in a floating dtype",
)
def keeps_the_dtype_of_integers(X_train, X_test):
    """Allocates the results with the dtype of the input, so that integers are cut off."""
    Xtr, Xte, mean, std = solution.standardize_features(X_train, X_test)
    return Xtr.astype(X_train.dtype), Xte.astype(X_test.dtype), mean, std


@mutant(of="standardize_features", hint="the fourth result is the standard deviation, not the variance")
def returns_the_variance(X_train, X_test):
    """Returns the variance in place of the standard deviation."""
    Xtr, Xte, mean, std = solution.standardize_features(X_train, X_test)
    return Xtr, Xte, mean, std**2


@mutant(
    of="standardize_features",
    hint="np.where computes both branches, the division by 0 included: repair the divisor before you divide",
)
def where_divides_everywhere(X_train, X_test):
    """Divides by zero first and selects afterwards."""
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    Xtr = np.where(std > 0, (X_train - mean) / std, 0.0)
    return Xtr, np.where(std > 0, (X_test - mean) / std, 0.0), mean, std


@mutant(of="standardize_features", hint="a guard of that size changes columns with a small spread: at most 1e-8")
def coarse_guard(X_train, X_test):
    """Adds 0.001 to every standard deviation."""
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    return (X_train - mean) / (std + 1e-3), (X_test - mean) / (std + 1e-3), mean, std


@mutant(of="standardize_features", hint="the test rows must be transformed, too, with the same two numbers")
def leaves_the_test_set_raw(X_train, X_test):
    """Returns the test set as it came."""
    Xtr, _, mean, std = solution.standardize_features(X_train, X_test)
    return Xtr, X_test.astype(float), mean, std


@mutant(of="standardize_features", hint="the test set's constant column is infinite: guard both divisions")
def infinite_in_the_test_set(X_train, X_test):
    """Guards the training rows against a constant column, not the test rows."""
    Xtr, _, mean, std = solution.standardize_features(X_train, X_test)
    with np.errstate(all="ignore"):
        return Xtr, (X_test - mean) / std, mean, std


@mutant(of="standardize_features", hint="a test set of one row is still a matrix: keep its shape (1, d)")
def squeezes_the_test_set(X_train, X_test):
    """Drops axes of length 1 from the test set."""
    Xtr, Xte, mean, std = solution.standardize_features(X_train, X_test)
    return Xtr, np.squeeze(Xte), mean, std


@mutant(of="standardize_features", hint="also return the mean and std that you used: d numbers each")
def mean_and_std_as_rows(X_train, X_test):
    """Returns the statistics as matrices of one row."""
    Xtr, Xte, mean, std = solution.standardize_features(X_train, X_test)
    return Xtr, Xte, mean[None], std[None]
