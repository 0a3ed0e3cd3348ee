"""Say in what simple way a wrong result differs from the right one; ships to students as it is.

Numbers may be right but for their sign, a factor, an order, a border; a function may be right but for arrays, or for
one value of a word. A pattern must hold in every failing case that is large enough to show it, so that it is no
coincidence of three numbers. No sentence tells an expected value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from coursekit.checking import AnyFloat, Case, Failure, case_tolerance, compare, way_to
from coursekit.observing import Outcome
from coursekit.plain import leaves

LEAST = 4  # different values, of all results together, before a factor is believed; of one, before its shape is
NEAR = 1e-4  # relative: two orders of the same sums in float32, and no two formulas
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
COINCIDENCE = 0.05  # probability that wrong values stand by chance where an argument is negative, say
SAME_CASES = 2  # failing and passing cases before it is believed that they differ in one respect

OPPOSITE = "every value has the opposite sign"
MEAN = "every value is too small by the number of rows: a mean stands where a sum belongs"
SUM = "every value is too large by the number of rows: a sum stands where a mean belongs"
FACTOR = "every value is {factor:.3g} times the right one"
FACTORS = "in each case, all values are the right ones times one number"
OFFSET = "in each case, all values are off by one and the same number"
TRANSPOSED = "the last two axes have changed places: a transpose too many or too few"
REVERSED = "the values are right, in reverse order along axis {axis}"
SHIFTED = "the values are right, but one place further along axis {axis}: something starts or ends one step off"
BORDER = "the values are right inside and wrong at the border of the image only"
FIRST = "only what stands first along axis {axis} is wrong"
LAST = "only what stands last along axis {axis} is wrong"
WHERE = "the values are wrong only where {argument} is {what}"
CASES = "only those cases fail in which {trait}"

Asked = tuple[Case, Outcome, "Failure | None"]


def pattern(asked: Sequence[Asked], returns: Sequence[str] = ()) -> str:
    """What all failures of a function have in common, in one sentence; "" where nothing simple is.

    Args:
        asked: every case, what the function did, and what was wrong with it (None: nothing).
        returns: names of the results.

        >>> x = np.array([1.0, 2.0, -3.0, 5.0])
        >>> failing = Case((x,), 2 * x)
        >>> pattern([(failing, Outcome(-2 * x), Failure("value", ""))])
        'every value has the opposite sign'
    """
    wrong = [(case, outcome) for case, outcome, failure in asked if failure is not None and failure.kind == "value"]
    with np.errstate(all="ignore"):  # sums of numbers near the largest that there are
        told = [one for case, outcome in wrong if (one := _in_values(case, outcome, returns)) is not None]
    large = [one for one in told if one.values >= LEAST]
    if sum(one.values for one in told) >= LEAST and (common := _common([one.factors for one in told])):
        return common
    return _common([[*one.factors, *one.shapes] for one in large]) or _in_cases(asked)


def _common(told: Sequence[Sequence[str]]) -> str:
    """The first sentence that all have; "" where there is none."""
    return next((sentence for sentence in told[0] if all(sentence in others for others in told)), "") if told else ""


# ---------------------------------------------------------------------------------------------------- within a result


class _Told(NamedTuple):
    """What one wrong result shows: factors, which few values can tell, and shapes, which only many can."""

    values: int
    factors: list[str]
    shapes: list[str]


def _in_values(case: Case, outcome: Outcome, returns: Sequence[str]) -> _Told | None:
    """The patterns of a case's first wrong result; None where it is no array of finite numbers."""
    if case.measure is not None or outcome.error is not None:
        return None
    received = dict(leaves(outcome.value))
    for path, leaf in leaves(case.expected):
        if path not in received or compare(received[path], leaf, case_tolerance(case)) is None:
            continue
        got, right = np.asarray(received[path]), np.asarray(leaf.value if isinstance(leaf, AnyFloat) else leaf)
        if not _are_numbers(got, right):
            return None
        way, values = way_to(path, returns), len(np.unique(right))
        got, right = got.astype(float), right.astype(float)
        shapes = _shapes(got, right, case) if values >= LEAST else ()
        return _Told(values, [way + one for one in _factors(got, right, case)], [way + one for one in shapes])
    return None


def _are_numbers(got: np.ndarray, right: np.ndarray) -> bool:
    if got.shape != right.shape or got.dtype.kind not in "fiu" or right.dtype.kind not in "fiu":
        return False
    return bool(np.isfinite(got).all() and np.isfinite(right).all() and right.any())


def _shapes(got: np.ndarray, right: np.ndarray, case: Case) -> Iterator[str]:
    """Every pattern beyond one factor, the more telling first."""
    close = _closeness(right)
    factor = _factor(got, right)
    if abs(factor) > NEAR and close(got / factor, right):
        yield FACTORS
    if close(got - right, np.full_like(right, np.mean(got - right))):
        yield OFFSET
    if right.ndim > 1 and right.shape[-1] == right.shape[-2] and close(got, np.swapaxes(right, -1, -2)):
        yield TRANSPOSED
    for axis in range(right.ndim):
        if close(got, np.flip(right, axis)):
            yield REVERSED.format(axis=axis)
        if right.shape[axis] >= LEAST and any(
            close(_cut(got, axis, mine), _cut(right, axis, other)) for mine, other in ((1, -1), (-1, 1))
        ):
            yield SHIFTED.format(axis=axis)
    yield from _places(got, right, case)


def _closeness(right: np.ndarray) -> Callable[[np.ndarray, np.ndarray], bool]:
    allowed = NEAR * float(np.abs(right).max())
    return lambda one, other: bool((np.abs(one - other) <= allowed).all())


def _factor(got: np.ndarray, right: np.ndarray) -> float:
    """The number that times the right values comes nearest to the ones received."""
    return float((got * right).sum() / (right * right).sum())


def _factors(got: np.ndarray, right: np.ndarray, case: Case) -> Iterator[str]:
    """One factor for all values, and what is known for it."""
    factor, close = _factor(got, right), _closeness(right)
    if not abs(factor) > NEAR or not close(got / factor, right):  # nan is not
        return
    if abs(factor + 1) < NEAR:
        yield OPPOSITE
        return
    rows = next((len(leaf) for _, leaf in leaves(list(case.args)) if isinstance(leaf, np.ndarray) and leaf.ndim), 1)
    if rows > 1 and abs(factor * rows - 1) < NEAR:
        yield MEAN
    if rows > 1 and abs(factor / rows - 1) < NEAR:
        yield SUM
    yield FACTOR.format(factor=factor)


def _places(got: np.ndarray, right: np.ndarray, case: Case) -> Iterator[str]:
    """Where a result is wrong, if it is so at some places only."""
    wrong = np.abs(got - right) > NEAR * np.maximum(np.abs(right), NEAR * np.abs(right).max())
    if wrong.all() or not wrong.any():
        return
    for number, (name, argument) in enumerate([*enumerate(case.args), *case.kwargs.items()]):
        if isinstance(argument, np.ndarray) and argument.shape == right.shape and argument.dtype.kind in "fiu":
            called = f"`{name}`" if isinstance(name, str) else f"the {_ordinal(number)} argument"
            for what, there in (("negative", argument < 0), ("positive", argument > 0), ("0", argument == 0)):
                if not wrong[~there].any() and np.mean(there) ** wrong.sum() < COINCIDENCE:
                    yield WHERE.format(argument=called, what=what)
    if right.ndim >= 3 and min(right.shape[-3:-1]) > 2:
        inside = np.zeros_like(wrong)
        inside[..., 1:-1, 1:-1, :] = True
        if not wrong[inside].any():
            yield BORDER
    for axis in range(right.ndim):
        if right.shape[axis] >= LEAST:
            if not _cut(wrong, axis, 1).any():
                yield FIRST.format(axis=axis)
            if not _cut(wrong, axis, -1).any():
                yield LAST.format(axis=axis)


def _cut(values: np.ndarray, axis: int, ends: int) -> np.ndarray:
    """Without the first (1) or the last (-1) along an axis."""
    kept = slice(1, None) if ends == 1 else slice(None, -1)
    return values[(slice(None),) * axis + (kept,)]


# ------------------------------------------------------------------------------------------------------ between cases


def _in_cases(asked: Sequence[Asked]) -> str:
    """What the failing cases have in common that no passing one has."""
    failing = [_traits(case) for case, _, failure in asked if failure is not None]
    passing = [_traits(case) for case, _, failure in asked if failure is None]
    if min(len(failing), len(passing)) < SAME_CASES:
        return ""
    for trait in failing[0]:
        if all(trait in others for others in failing) and not any(trait in others for others in passing):
            return CASES.format(trait=trait)
    return ""


def _traits(case: Case) -> list[str]:
    """What can be said of a case's arguments without a value of theirs, the more telling first."""
    named = [(f"the {_ordinal(number)} argument", value) for number, value in enumerate(case.args)]
    named += [(f"`{name}`", value) for name, value in case.kwargs.items()]
    found = [f"{name} is {value!r}" for name, value in named if isinstance(value, (str, bool, type(None)))]
    found += [f"{name} is given" for name in map("`{}`".format, case.kwargs)]
    numbers = [(name, value) for name, value in named if _is_number(value)]
    arrays = [(name, value) for name, value in named if isinstance(value, np.ndarray) and value.ndim]
    for name, value in numbers:
        found += [f"{name} is a number"] + [f"{name} is {'0' if value == 0 else 'negative'}"] * bool(value <= 0)
    for name, value in arrays:
        axes = f"{value.ndim} axes" if value.ndim > 1 else "one axis"
        found += [f"{name} is an array", f"{name} has {axes}"]
        found += [f"{name} is square"] * (value.ndim > 1 and value.shape[-1] == value.shape[-2])
        found += [f"{name} has one row"] * (len(value) == 1)
        found.append(f"{name} is {value.dtype}")
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def _ordinal(number: int) -> str:
    return ORDINALS[number] if number < len(ORDINALS) else f"{number + 1}th"
