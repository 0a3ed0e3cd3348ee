"""Fits against distributions that are known, and the bound that follows from them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from autograder.authoring.calibrate.evidence import CalibrationError, Evidence, Measured
from autograder.authoring.calibrate.tails import (
    CONFIDENCE,
    Extremes,
    Fit,
    counted,
    enough_runs,
    normality,
    tolerance_factor,
)
from autograder.course.config import Calibration

POLICY = Calibration()


@pytest.mark.parametrize(
    ("runs", "p", "factor"),
    [(10, 0.01, 3.981), (30, 0.01, 3.064), (30, 0.001, 4.022), (30, 0.1, 1.777)],
)
def test_tolerance_factors_are_those_of_the_tables(runs, p, factor):
    """Hahn and Meeker 1991, table A.12d; NIST Engineering Statistics Handbook, 7.2.6.3."""
    assert tolerance_factor(runs, p) == pytest.approx(factor, abs=6e-4)


def test_limit_keeps_its_promise_in_95_of_100_samples():
    samples = np.random.default_rng(1).normal(5, 2, (4000, 30))
    limits = samples.mean(axis=1) - tolerance_factor(30, 1e-4) * samples.std(axis=1, ddof=1)
    kept = np.mean(stats.norm.cdf(limits, 5, 2) <= 1e-4)
    assert kept == pytest.approx(CONFIDENCE, abs=0.011)  # three standard errors
    assert Fit.of(samples[0], 1e-4).limit(1e-4) == pytest.approx(limits[0])


def test_interval_of_a_probability_covers_it_and_ends_where_the_limit_promises():
    rng = np.random.default_rng(2)
    inside = 0
    for _ in range(300):
        predicted, low, high = Fit.of(rng.normal(size=30), 1e-4).below(-3.0)
        inside += low <= stats.norm.cdf(-3.0) <= high
        assert low <= predicted <= high
    assert inside / 300 == pytest.approx(2 * CONFIDENCE - 1, abs=0.055)
    fit = Fit.of(rng.normal(size=30), 1e-4)
    assert fit.below(fit.limit(1e-4))[2] == pytest.approx(1e-4, rel=1e-6)


@pytest.mark.parametrize("distance", [-200.0, -9.0, 0.0, 7.9, 8.1, 200.0])
def test_probabilities_far_out_stay_probabilities(distance):
    fit = Fit.of(np.random.default_rng(3).normal(size=30), 1e-4)
    predicted, low, high = fit.below(fit.mean - distance * fit.deviation)
    assert 0 <= low <= predicted <= 1 and low <= high <= 1


def test_values_that_are_all_the_same_are_as_wide_as_their_rounding():
    fit = Fit.of([1.0] * 30, 0.1)
    assert fit.deviation == pytest.approx(0.1 / math.sqrt(12)) and 0.8 < fit.limit(1e-4) < 1.0


def test_extremes_find_the_tails_of_known_distributions():
    rng = np.random.default_rng(4)
    exponential = Extremes.of(-rng.exponential(size=20_000))
    assert exponential is not None
    assert exponential.limit(1e-4) == pytest.approx(math.log(1e-4), rel=0.05)
    assert exponential.below(-math.log(1e-4)) == pytest.approx(1e-4, rel=0.5)
    heavy = Extremes.of(rng.standard_t(3, 20_000))
    assert heavy is not None and heavy.shape == pytest.approx(1 / 3, abs=0.15)
    assert heavy.limit(1e-4) == pytest.approx(stats.t.ppf(1e-4, 3), rel=0.3)
    light = Extremes.of(rng.normal(size=20_000))
    assert light is not None and light.shape == 0.0 and light.limit(1e-4) < stats.norm.ppf(1e-4)
    assert Extremes.of(rng.normal(size=20)) is None


def test_counts_alone_say_little():
    assert counted(0, 180)[1] == pytest.approx(1 - 0.05 ** (1 / 180))
    assert counted(3, 100) == pytest.approx((0.00823, 0.07572), abs=1e-5)  # Clopper and Pearson, 90 %


def test_normality_is_noticed_where_it_is_missing():
    rng = np.random.default_rng(5)
    assert normality(rng.normal(size=150)) > 0.01 > normality(-rng.exponential(size=150))
    assert normality([0.0] * 30) == 1.0


# ------------------------------------------------------------------------------------------------------------- evidence


def evidence(correct: np.ndarray, wrong: np.ndarray | None) -> Evidence:
    """Implementations with one row of values each."""
    right = [Measured(f"f.right{n}", True, "r", tuple(row.round(4))) for n, row in enumerate(np.atleast_2d(correct))]
    others = [] if wrong is None else np.atleast_2d(wrong)
    bad = [Measured(f"f.wrong{n}", False, "r", tuple(row.round(4))) for n, row in enumerate(others)]
    return Evidence("accuracy", POLICY, (*right, *bad))


def normals(mean: float, deviation: float, rows: int = 3, runs: int = 30) -> np.ndarray:
    return np.random.default_rng(int(mean * 1000)).normal(mean, deviation, (rows, runs))


def test_bound_is_what_the_lowest_correct_implementation_reaches():
    seen = evidence(np.vstack([normals(0.95, 0.01), normals(0.9, 0.01, 1)]), normals(0.5, 0.02))
    seen.require()
    assert seen.correct.nearest == "f.right3"
    assert seen.at_least == pytest.approx(seen.correct.fits["f.right3"].limit(1e-4), abs=1e-4)
    assert 0.5 < seen.begins < seen.at_least < 0.9
    rates = seen.rates
    assert rates["correct_fails"]["high"] == pytest.approx(1e-4, rel=0.05)
    assert rates["wrong_passes"]["high"] < 1e-3 and rates["correct_fails"]["counted_high"] > 0.01
    assert seen.bound.doubt is not None and seen.bound.doubt.covers((seen.begins + seen.at_least) / 2)


def test_tail_that_is_not_normal_lowers_the_bound():
    skewed = 0.95 - np.random.default_rng(6).exponential(0.02, (4, 40))
    seen = evidence(skewed, normals(0.2, 0.01))
    assert seen.at_least < min(fit.limit(1e-4) for fit in seen.correct.fits.values()) - 0.005


@pytest.mark.parametrize(
    ("correct", "wrong", "says"),
    [
        (normals(0.7, 0.05), normals(0.69, 0.05), r"reaches as much as correct ones: .*rejects.*design\.md"),
        (normals(0.9, 0.018), normals(0.75, 0.018), r"more seeds would do, about \d+ of each"),
        (normals(0.9, 0.05), normals(0.7, 0.02), r"must shrink to \d+ % .*train for more steps.*pairs"),
        (normals(0.9, 0.01), None, "rejects no wrong implementation"),
        (normals(0.9, 0.01, runs=5), normals(0.1, 0.01), "expected at least 10 runs of f.right0, received 5"),
    ],
)
def test_item_without_a_bound_is_refused_with_what_would_help(correct, wrong, says):
    with pytest.raises(CalibrationError, match=says):
        evidence(correct, wrong).require()


def test_few_images_are_named_as_what_makes_it_wide():
    rng = np.random.default_rng(7)
    shares = lambda p: rng.binomial(50, p, (3, 30)) / 50  # noqa: E731
    with pytest.raises(CalibrationError, match=r"hold out more images: .* there being 50"):
        evidence(shares(0.8), shares(0.6)).require()


def test_correct_implementation_that_cannot_be_trained_is_a_finding_and_a_wrong_one_is_not():
    right, bad = normals(0.9, 0.01), normals(0.3, 0.01)
    bad[0, 0] = -np.inf
    evidence(right, bad).require()
    evidence(right, np.full((1, 30), -np.inf)).require()
    right[1, 4] = -np.inf
    with pytest.raises(CalibrationError, match=r"f\.right1 is correct, and could not be trained"):
        evidence(right, bad).require()


def test_enough_runs_are_the_fewest_that_do():
    count = enough_runs(4.2, 1e-4)
    assert count is not None and tolerance_factor(count, 1e-4) <= 4.2 < tolerance_factor(100, 1e-4)
    assert enough_runs(3.0, 1e-4) is None
