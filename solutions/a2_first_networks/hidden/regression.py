"""Hidden cases of the regression: features, the squared error, the loop. References are loops over single numbers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from assignments.a2_first_networks.checks import ANY_PRECISION, STRICT, fitted, standardized
from autograder.course.trials import Bench, Trial
from coursekit.checking import AnyFloat, Case, Refused, Tolerance
from coursekit.observing import Rng
from solutions.shared.hidden.magnitudes import TINY, Draw, intensities, large, normal, tiny

GUARDED = Tolerance(1e-5, 1e-8, "a guard of 1e-8 on a deviation of at least 0.005")
HUNDREDS = Tolerance(1e-3, 1e-3, "differences of float32 numbers of some hundred")
SMALL_STEPS = Tolerance(1e-4, 1e-9, "sums of numbers so small that an absolute 1e-6 would hide them, float32 included")

# ------------------------------------------------------------------------------------------------ standardize_features


def standardize_loop(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    results = np.zeros(train.shape), np.zeros(test.shape), np.zeros(train.shape[1]), np.zeros(train.shape[1])
    for column in range(train.shape[1]):
        values = [float(value) for value in train[:, column]]
        mean = math.fsum(values) / len(values)
        std = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))
        results[2][column], results[3][column] = mean, std
        for rows, result in ((train, results[0]), (test, results[1])):
            for i, value in enumerate(rows[:, column]):
                result[i, column] = (float(value) - mean) / std if std else 0.0
    return results


def features_case(rng: np.random.Generator, n: int, m: int, d: int, **flags: Any) -> Case:
    """Columns of very different scale, and test rows from elsewhere."""
    scale, centre = rng.uniform(0.4, 3.0, d) * 10.0 ** rng.integers(-1, 2, d), rng.normal(0, 5, d)
    draws = rng.normal(size=(n, d))
    # Two rows may fall together; the guard of 1e-8 that the contract allows must stay below the tolerance.
    train = centre + scale * draws / draws.std(axis=0)
    test = centre + scale * rng.normal(1.0, 2.0, (m, d))
    return features_of(train, test, **flags)


def features_of(train: np.ndarray, test: np.ndarray, constant: Sequence[int] = (), **flags: Any) -> Case:
    measure = partial(standardized, constant=constant)
    return Case((train, test), standardize_loop(train, test), measure=measure, **flags)


def features_values(rng: np.random.Generator) -> list[Case]:
    sizes = [(12, 7, 3), (5, 1, 4), (9, 4, 1), (70, 66, 2), (2, 5, 6)]
    return [*(features_case(rng, *size, pure=False) for size in sizes), *features_magnitudes(rng)]


def features_magnitudes(rng: np.random.Generator) -> list[Case]:
    """Intensities, float32, features over 100, and features below 0.01, whose deviation is still no rounding error."""
    train, test = rng.normal(0.5, 1.0, (8, 3)), rng.normal(1.5, 2.0, (5, 3))
    small = both_signs(rng, (6, 2)), rng.uniform(-0.009, 0.009, (3, 2))
    return [
        features_of(both_signs(rng, (6, 4), 0.5, 0.05), rng.uniform(0.0, 1.0, (4, 4)), pure=False),
        features_of(train.astype(np.float32), test.astype(np.float32), pure=False),
        features_of(both_signs(rng, (3, 3), 200.0, 10.0), rng.uniform(50.0, 250.0, (2, 3)), pure=False),
        features_of(*small, tolerance=GUARDED, pure=False),
    ]


def both_signs(
    rng: np.random.Generator, shape: tuple[int, ...], centre: float = 0.0, unit: float = 0.001
) -> np.ndarray:
    """Values 5 to 9 units away from the centre, on both sides of it in each column: no column is nearly constant."""
    signs = rng.permuted(np.resize([[1.0], [-1.0]], (shape[0], 1)) * np.ones(shape), axis=0)
    return centre + unit * signs * rng.uniform(5.0, 9.0, shape)


def features_constant(rng: np.random.Generator) -> list[Case]:
    cases = []
    for constant in ((1,), (0, 3)):
        train, test = rng.normal(3.0, 2.0, (7, 4)), rng.normal(3.0, 2.0, (3, 4))
        for column in constant:
            train[:, column] = float(rng.integers(-4, 5))  # small integers have an exact mean
        test[1] = train[0]
        # First quietly: whoever divides by zero and repairs the result afterwards is told apart from who leaves nan.
        cases += [features_of(train, test, constant, errstate=state, pure=False) for state in (None, STRICT)]
    row = rng.integers(-4, 5, (1, 3)).astype(float)  # of a single training row every column is constant
    return [*cases, features_of(row, row + rng.normal(size=(3, 3)), range(3), errstate=STRICT, pure=False)]


def features_integers(rng: np.random.Generator) -> list[Case]:
    train, test = rng.integers(-9, 10, (6, 3)), rng.integers(-9, 10, (4, 3))
    train[0], train[1] = 10, -10  # no column is constant
    return [features_of(train, test, pure=False)]


def features_arguments(rng: np.random.Generator) -> list[Case]:
    return [features_case(rng, 6, 4, 3)]


# ------------------------------------------------------------------------------------------------------------ mse_loss


def error_case(
    rng: np.random.Generator,
    n: int,
    truth: tuple,
    prediction: tuple,
    *more: float,
    draw: Draw = normal,
    dtype: Any = np.float64,
    **flags: Any,
) -> Case:
    """``truth`` and ``prediction``: () for a vector, (1,) for a column."""
    y, p = ((2 * draw(rng, (n, *form))).astype(dtype) for form in (truth, prediction))
    differences = [float(a) - float(b) for a, b in zip(p.ravel(), y.ravel(), strict=True)]
    dloss = more[0] if more else 1.0
    gradient = np.array([dloss * (2 * r) / n for r in differences]).reshape(p.shape)
    return Case((y, p, *more), (math.fsum(r * r for r in differences) / n, AnyFloat(gradient)), **flags)


def error_values(rng: np.random.Generator) -> list[Case]:
    forms = [((), ()), ((), (1,)), ((1,), ()), ((1,), (1,))]
    sizes = [*((n, form) for n in (9, 4) for form in forms), (1, ((), (1,))), (1, ((1,), ())), (70, ((1,), ()))]
    return [*(error_case(rng, n, *form, pure=False) for n, form in sizes), *error_magnitudes(rng)]


def error_magnitudes(rng: np.random.Generator) -> list[Case]:
    return [
        error_case(rng, 6, (), (1,), dtype=np.float32, pure=False),
        error_case(rng, 6, (1,), (), draw=lambda *of: intensities(*of) / 2, pure=False),
        error_case(rng, 6, (), (1,), draw=large, tolerance=HUNDREDS, pure=False),
        error_case(rng, 6, (1,), (1,), draw=lambda *of: tiny(*of) / 2, tolerance=TINY, pure=False),
    ]


def error_upstream(rng: np.random.Generator) -> list[Case]:
    """Upstream gradients over 1, between 0 and 1, negative and 0; 1 also as a whole number."""
    above, below, negative = (float(rng.uniform(*span)) for span in [(1.5, 3.0), (0.2, 0.8), (-0.8, -0.2)])
    values = [
        (above, ()),
        (above, (1,)),
        (below, ()),
        (negative, ()),
        (negative, (1,)),
        (0.0, (1,)),
        (1, ()),
        (-2, (1,)),
    ]
    return [error_case(rng, 5, (), form, value, pure=False) for value, form in values]


def error_sizes(rng: np.random.Generator) -> list[Case]:
    shapes = [((1,), (5,)), ((6, 1), (1, 1)), ((4,), (6,)), ((3, 1), (4,))]
    return [
        Case((rng.normal(size=one), rng.normal(size=other)), raises="ValueError", pure=False) for one, other in shapes
    ]


def error_arguments(rng: np.random.Generator) -> list[Case]:
    return [error_case(rng, 6, (), form, fresh=True) for form in ((), (1,))]


# --------------------------------------------------------------------------------------------- train_linear_regression


def descend(X: np.ndarray, y: np.ndarray, batches: list[list[int]], rate: float) -> tuple[list[float], float, list]:
    """Gradient descent over given batches, number by number; also the losses, one per batch."""
    d = X.shape[1]
    w, b, losses = [0.0] * d, 0.0, []
    for batch in batches:
        residuals = [math.fsum(X[i, k] * w[k] for k in range(d)) + b - float(y[i]) for i in batch]
        losses.append(math.fsum(r * r for r in residuals) / len(batch))
        steps = [2 * math.fsum(r * X[i, k] for r, i in zip(residuals, batch)) / len(batch) for k in range(d)]
        w = [w[k] - rate * steps[k] for k in range(d)]
        b -= rate * 2 * math.fsum(residuals) / len(batch)
    return w, b, losses


def _form(y: np.ndarray, column: bool) -> np.ndarray:
    return y[:, None] if column else y


def fit_full_batch(rng: np.random.Generator) -> list[Case]:
    cases = []
    for n, d, epochs, size, column in [
        (7, 3, 4, 7, False),
        (6, 2, 3, 20, True),
        (5, 5, 3, 5, False),
        (8, 1, 2, 8, True),
    ]:
        X, y = rng.normal(0.5, 1.0, (n, d)), rng.normal(1.0, 2.0, n)
        cases.append(full_batch_case(rng, X, _form(y, column), epochs, 0.05, size))
    return [*cases, *fit_other_sizes(rng), *fit_other_rates(rng)]


def full_batch_case(
    rng: np.random.Generator,
    X: np.ndarray,
    y: np.ndarray,
    epochs: int,
    rate: float,
    size: int,
    tolerance: Tolerance = ANY_PRECISION,
) -> Case:
    """One step for each epoch, whatever the order."""
    w, b, losses = descend(X, y.ravel(), [list(range(len(X)))] * epochs, rate)
    expected = {"w": np.array(w), "b": np.array(b), "losses": np.array(losses)}
    args = (X, y, epochs, rate, size, Rng(int(rng.integers(1 << 30))))
    return Case(args, expected, measure=fitted, tolerance=tolerance)


def fit_other_sizes(rng: np.random.Generator) -> list[Case]:
    """A single sample, many, more features than samples, float32; then numbers over 100 and below 0.01."""
    single, many, wide, narrow = (rng.normal(0.5, 1.0, shape) for shape in [(1, 2), (70, 2), (3, 5), (6, 2)])
    return [
        full_batch_case(rng, single, rng.normal(1.0, 2.0, (1, 1)), 3, 0.05, 4),
        full_batch_case(rng, many, rng.normal(1.0, 2.0, 70), 2, 0.05, 70),
        full_batch_case(rng, wide, rng.normal(1.0, 2.0, 3), 3, 0.05, 3),
        full_batch_case(rng, narrow.astype(np.float32), rng.normal(1.0, 2.0, (6, 1)).astype(np.float32), 3, 0.05, 6),
        full_batch_case(rng, large(rng, (6, 2)), large(rng, (6,)), 2, 1e-5, 6),
        # Targets of one sign: their mean must not be much smaller than they are.
        full_batch_case(rng, tiny(rng, (6, 2)), np.abs(tiny(rng, (6, 1))), 2, 1.5, 6, tolerance=SMALL_STEPS),
    ]


def fit_other_rates(rng: np.random.Generator) -> list[Case]:
    """Whole numbers: with rate 0 nothing is learnt, and the losses stay where they begin."""
    X, y = rng.normal(0.0, 0.3, (5, 2)), rng.uniform(0.2, 1.0, 5)
    return [full_batch_case(rng, X, y, 2, rate, 5) for rate in (0, 1)]


def fit_mini_batches(rng: np.random.Generator) -> list[Case]:
    """Equal samples, few samples, samples that each move a weight of their own: what a batch is must show in all."""
    return [*fit_partial_batches(rng), *fit_own_batches(rng), *fit_every_sample(rng)]


def fit_partial_batches(rng: np.random.Generator) -> list[Case]:
    """All samples are equal, so the order does not matter and every step can be foretold."""
    cases = []
    for n, size, epochs in [(7, 3, 2), (5, 2, 3), (9, 4, 1)]:
        X = np.tile(rng.uniform(0.5, 1.5, 2), (n, 1))
        y = np.full(n, rng.uniform(2.0, 4.0))
        batches = [list(range(start, min(start + size, n))) for start in range(0, n, size)]
        w, b, losses = descend(X, y, batches * epochs, 0.06)
        by_epoch = np.array(losses).reshape(epochs, -1)
        weights = np.array([len(batch) for batch in batches]) / n
        plain, weighted = by_epoch.mean(axis=1), by_epoch @ weights
        args = (X, y, epochs, 0.06, size, Rng(int(rng.integers(1 << 30))))
        expected = {"w": np.array(w), "b": np.array(b), "losses": plain}
        measure = partial(_either_mean, plain=plain, weighted=weighted)
        cases.append(Case(args, expected, measure=measure, tolerance=ANY_PRECISION))
    return cases


def _either_mean(value: Any, plain: np.ndarray, weighted: np.ndarray) -> Any:
    """An epoch's loss may be the plain mean over its batches, or weighted by their sizes: told as the plain one."""
    facts = fitted(value)
    record = facts["losses"]
    if record.shape == weighted.shape and np.allclose(record, weighted, rtol=ANY_PRECISION.rtol):
        facts["losses"] = plain
    return facts


def fit_every_sample(rng: np.random.Generator) -> list[Case]:
    """With one-hot samples and a tiny rate each weight tells how its own sample was used, whatever the order."""
    rate, cases = 1e-9, []
    for n, size, epochs in [(12, 4, 3), (10, 5, 1), (6, 1, 2)]:
        y = rng.uniform(1.0, 3.0, n)
        expected = {
            "w": 2 * epochs / size * y,
            "b": np.array(2 * epochs / size * y.sum()),
            "losses": np.full(epochs, np.mean(y * y)),
        }
        args = (np.eye(n), y, epochs, rate, size, Rng(int(rng.integers(1 << 30))))
        measure = partial(fitted, scale=rate)
        cases.append(Case(args, expected, measure=measure, tolerance=ANY_PRECISION, pure=False))
    return cases


def fit_own_batches(rng: np.random.Generator) -> list[Case]:
    """So few samples that every order can be tried: one of them must explain each weight and each loss."""
    cases = []
    for n, size, epochs in [(3, 1, 2), (4, 2, 2), (5, 2, 1)]:
        X, y = rng.normal(0.5, 1.0, (n, 2)), rng.normal(1.0, 2.0, n)
        weights = np.array([len(batch) for batch in _slices(range(n), size)]) / n
        ways = [
            (np.array([*w, b]), np.array(losses).reshape(epochs, -1))
            for batches in _orders(n, size, epochs)
            for w, b, losses in [descend(X, y, batches, 0.2)]
        ]
        args = (X, y, epochs, 0.2, size, Rng(int(rng.integers(1 << 30))))
        measure = partial(_explained, ways=ways, weights=weights)
        cases.append(Case(args, {"each step is made from one batch alone": True}, measure=measure, pure=False))
    return cases


def _slices(order: Sequence[int], size: int) -> list[list[int]]:
    return [list(order[start : start + size]) for start in range(0, len(order), size)]


def _orders(n: int, size: int, epochs: int) -> list[list[list[int]]]:
    """All sequences of batches that the given number of epochs may consist of; inside a batch the order is nothing."""
    epoch = {
        tuple(tuple(sorted(batch)) for batch in _slices(order, size)): None
        for order in itertools.permutations(range(n))
    }
    return [[list(batch) for one in chosen for batch in one] for chosen in itertools.product(epoch, repeat=epochs)]


def _explained(value: Any, ways: Sequence[tuple[np.ndarray, np.ndarray]], weights: np.ndarray) -> dict[str, bool]:
    """Whether one of the ways leads to these parameters and losses, their means weighted or plain."""
    facts = fitted(value)
    found, record = np.r_[np.ravel(facts["w"]), np.ravel(facts["b"])], facts["losses"]

    def near(one: np.ndarray, other: np.ndarray) -> bool:
        return one.shape == other.shape and np.allclose(one, other, rtol=ANY_PRECISION.rtol, atol=ANY_PRECISION.atol)

    explained = any(
        near(found, parameters) and (near(record, losses.mean(axis=1)) or near(record, losses @ weights))
        for parameters, losses in ways
    )
    return {"each step is made from one batch alone": explained}


def advantage(bench: Bench) -> float:
    """Held-out R² of the student's loop minus that of least squares: the smaller for targets as vector and column."""
    rng = bench.rng
    n, d = 300, 6
    margins = []
    for column in (False, True):
        truth, offset = rng.uniform(1.0, 2.0, d) * rng.choice([-1.0, 1.0], d), rng.uniform(4.5, 5.5)
        X, X_test = rng.normal(size=(n, d)), rng.normal(size=(1000, d))
        y, y_test = (x @ truth + offset + rng.normal(0, 2.0, len(x)) for x in (X, X_test))
        args = (X, _form(y, column), 40, 0.02, 32, Rng(int(rng.integers(1 << 30))))
        facts = bench.value(Case(args, measure=partial(_shaped, d=d)))
        best = np.linalg.lstsq(np.column_stack([X, np.ones(n)]), y, rcond=None)[0]
        with np.errstate(all="ignore"):  # a loop that diverges
            mine, least = (
                np.mean((X_test @ w[:-1] + w[-1] - y_test) ** 2) for w in (np.r_[facts["w"], facts["b"]], best)
            )
            margins.append(float((least - mine) / np.var(y_test)))
    return min(margins) if np.isfinite(margins).all() else -math.inf


def _shaped(value: Any, d: int) -> Any:
    facts = fitted(value)
    if facts["w"].shape != (d,) or facts["b"].shape != ():
        raise Refused(f"w has shape {facts['w'].shape}, b has shape {facts['b'].shape}; expected ({d},) and ()")
    return facts


REACHES_LEAST_SQUARES = Trial(
    "predicts as well as least squares",
    advantage,
    "held-out R² minus that of least squares",
    hint="print R² beside that of least squares: does your model predict more than a constant?",
    rejects=(
        "broadcasts_the_residual",
        "never_updates_the_bias",
        "shuffles_samples_without_targets",
    ),
)
