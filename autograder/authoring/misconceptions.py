"""What the known misconceptions do on the public cases: it ships, so that students read the right hint."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from autograder.course.bank import Mutant
from autograder.course.checks import ExerciseChecks
from autograder.course.content import Content
from coursekit.checking import Case, judge_case, observe_case
from coursekit.diagnosis import outcome_to_json
from coursekit.observing import Outcome

Misconduct = dict[str, Any] | None  # of one mutant, as JSON values; None: nothing wrong


def misconceptions(
    content: Content, exercises: Iterable[str], known: Mapping[str, Misconduct] | None = None
) -> dict[str, Any]:
    """What every known misconception does on the public cases; only those that fail one are stored.

    Args:
        known: what ``misconception`` said of some mutants before, by their ids.
    """
    known, data = known or {}, {}
    for name in exercises:
        spec, mutants = content.specs[name], content.mutants[name]
        found = [known[m.id] if m.id in known else misconception(spec, m) for m in mutants]
        data[name] = {"hidden_cases": spec.count, "misconceptions": [one for one in found if one is not None]}
    return data


def misconception(
    spec: ExerciseChecks, mutant: Mutant, ask: Callable[[Callable[..., Any], Case], Outcome] = observe_case
) -> Misconduct:
    """What a mutant does on the public cases, as JSON values; None when it passes them all.

    Without its id: students must not read names such as ``forgets_the_bias``.
    """
    outcomes = [ask(mutant.function, case) for case in spec.exercise.cases]
    pairs = zip(spec.exercise.cases, outcomes, strict=True)
    if not any(judge_case(case, outcome, spec.exercise.returns) for case, outcome in pairs):
        return None
    return {"hint": mutant.hint, "outcomes": list(map(outcome_to_json, outcomes))}
