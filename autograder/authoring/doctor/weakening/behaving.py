"""Weakenings of what is seen of a call beside its values: side effects, errors, chance, properties."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.authoring.doctor.weakening.weakened import Weakenings
from coursekit.checking import Case, Failure
from coursekit.observing import GLOBAL_RANDOM, CallError, Outcome

BEHAVING = Weakenings()
CHECKING, OBSERVING = "coursekit.checking", "coursekit.observing"
Compare = Callable[..., Failure | None]
Answer = Callable[..., Outcome]
ANY = ("error", "finite", "property", "raises", "random", "refused", "shared", "value")


# --------------------------------------------------------------------------------------------------------- side effects


@BEHAVING.weakens(f"{CHECKING}:_modified_failure", lets_pass=("modified",))
def arguments_may_be_changed(original: Compare, modified: Sequence[str]) -> Failure | None:
    """A function may write into its arguments."""
    return original([name for name in modified if name == GLOBAL_RANDOM])


@BEHAVING.weakens(f"{OBSERVING}:_content", lets_pass=("modified",))
def changed_values_are_not_seen(original: Callable[[Any], Any], leaf: Any) -> Any:
    """Of an argument, only its shape and dtype are looked at after the call."""
    return (leaf.shape, leaf.dtype.str) if isinstance(leaf, (np.ndarray, np.generic)) else original(leaf)


@BEHAVING.weakens(f"{CHECKING}:_modified_failure", lets_pass=("random",))
def global_randomness_may_be_used(original: Compare, modified: Sequence[str]) -> Failure | None:
    """A function may draw from NumPy's global random state."""
    return original([name for name in modified if name != GLOBAL_RANDOM])


@BEHAVING.weakens(f"{OBSERVING}:_hold_generator", wrongs=True)
def everybody_is_held_to_the_global_state(original: Any, arguments: Sequence[Any]) -> bool:
    """Who is given no generator may not use NumPy's own random state either."""
    return True


@BEHAVING.weakens(f"{CHECKING}:_shared_failure", lets_pass=("shared",))
def memory_may_be_shared(original: Compare, case: Case, outcome: Outcome) -> Failure | None:
    """A result may be a view of an argument."""
    return None


@BEHAVING.weakens(f"{OBSERVING}:_overlaps", lets_pass=("shared",))
def only_the_argument_itself_is_not_new(original: Any, leaf: Any, arrays: Sequence[np.ndarray]) -> bool:
    """A view of an argument counts as new memory; only the argument itself does not."""
    return any(leaf is array for array in arrays)


@BEHAVING.weakens(f"{CHECKING}:_shared_failure", wrongs=True)
def all_memory_has_to_be_new(original: Compare, case: Case, outcome: Outcome) -> Failure | None:
    """Also where sharing is allowed, or not asked about, a result may share no memory with an argument."""
    return original(replace(case, fresh=True, may_share=()), outcome)


# --------------------------------------------------------------------------------------------------------------- chance


@BEHAVING.weakens(f"{CHECKING}:_advance_failure", lets_pass=("random",))
def generators_need_not_be_drawn_from(original: Compare, case: Case, outcome: Outcome) -> Failure | None:
    """A function may do the same each time, whatever generator it is given."""
    return None


@BEHAVING.weakens(f"{CHECKING}:answer", lets_pass=("random",))
def results_need_not_be_repeatable(original: Answer, case: Case, call: Any) -> Outcome:
    """Equal seeds need not give equal results."""
    return original(replace(case, advances=False), lambda one: call(replace(one, advances=case.advances)))


@BEHAVING.weakens(f"{CHECKING}:_in_series", lets_pass=ANY)
def one_call_stands_for_a_series(original: Answer, case: Case, call: Any) -> Outcome:
    """Where many draws are asked for, the first is looked at as often."""
    first = call(replace(case, series=()))
    return original(case, lambda one: first)


# --------------------------------------------------------------------------------------------------- errors, properties


@BEHAVING.weakens(f"{CHECKING}:_error_failure", lets_pass=("error",))
def exceptions_are_forgiven(original: Compare, error: CallError) -> Failure | None:
    """A function that raises an exception has done nothing wrong."""
    failure = original(error)
    return None if failure is not None and failure.kind == "error" else failure


@BEHAVING.weakens(f"{CHECKING}:_error_failure", lets_pass=("refused",))
def what_cannot_be_measured_passes(original: Compare, error: CallError) -> Failure | None:
    """A result that cannot be measured has done nothing wrong."""
    failure = original(error)
    return None if failure is not None and failure.kind == "refused" else failure


@BEHAVING.weakens(f"{CHECKING}:_raises_failure", lets_pass=("raises",))
def nobody_has_to_raise(original: Compare, case: Case, outcome: Outcome) -> Failure | None:
    """Where an exception is demanded, a result is as good."""
    failure = original(case, outcome)
    return None if failure is not None and failure.kind == "raises" else failure


@BEHAVING.weakens(f"{CHECKING}:_raises_failure", lets_pass=("error", "raises"))
def any_exception_will_do(original: Compare, case: Case, outcome: Outcome) -> Failure | None:
    """Where a ValueError is demanded, any other exception is as good."""
    failure = original(case, outcome)
    return None if failure is not None and failure.kind == "error" else failure


@BEHAVING.weakens(f"{OBSERVING}:observation", lets_pass=("error",))
def floating_point_warnings_are_not_watched(
    original: Callable[..., Generator[Any, Any, Outcome]],
    function: Any,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    errstate: Mapping[str, str],
    *rest: Any,
    **named: Any,
) -> Generator[Any, Any, Outcome]:
    """An overflow, or a division by zero, on the way to a right value is not seen."""
    return original(function, args, kwargs, {}, *rest, **named)


@BEHAVING.weakens(f"{CHECKING}:_property_failure", lets_pass=("property",))
def properties_are_not_verified(original: Compare, case: Case, outcome: Outcome) -> Failure | None:
    """What a case verifies of a result beyond its values always holds."""
    return None


@BEHAVING.weakens(f"{OBSERVING}:make", lets_pass=("modified",))
def arguments_are_not_copied(original: Callable[..., Any], argument: Any, made: Any = None) -> Any:
    """A function that writes into its arguments spoils them for whoever is judged later."""
    return argument if isinstance(argument, np.ndarray) else original(argument, made)
