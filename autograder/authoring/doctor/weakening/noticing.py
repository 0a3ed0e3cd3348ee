"""Whether anybody notices that the grader is weakened: in one process, for one weakening."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from autograder.authoring.doctor.doctor import weighed
from autograder.authoring.doctor.examining import judge_known
from autograder.authoring.doctor.weakening.patching import replaced
from autograder.authoring.doctor.weakening.weakened import Cheat, Weakening, seed_of
from autograder.course.content import Content
from autograder.course.trials import Laboratory
from autograder.judge.judging import judge
from autograder.judge.naming import number_layers_anew
from autograder.judge.verdict import Verdict
from coursekit.checking import Case
from coursekit.observing import Outcome, observe

MOST_TELLING = (" passes every hidden check", " loses no point", " loses points: ", " is shown the hint of ")
Verdicts = Mapping[str, Sequence[Verdict]]  # by the names of implementations, one for each seed


class Witness(Protocol):
    """Somebody whose right grades are known."""

    def before(self) -> Sequence[str]:
        """What is wrong with the grades that the grader gives as it should be."""
        ...

    def testimony(self) -> Sequence[str]:
        """What is wrong with the grades that the grader gives now; the most telling first."""
        ...


@dataclass
class Noticed:
    """What came of a weakening.

    Args:
        by: the first thing that is not as it was; "" when nobody noticed.
        findings: nobody noticed, it was never reached, or it stops the grader rather than weaken it.
        asked: how many witnesses it took.
    """

    weakening: str
    by: str = ""
    findings: list[str] = field(default_factory=list)
    asked: int = 0


def notice(weakening: Weakening, witnesses: Iterable[Witness]) -> Noticed:
    """Weaken the grader for one witness after the other, until one of them says what it has not said before."""
    seen, calls = Noticed(weakening.name), Counter(dict.fromkeys(weakening.targets, 0))
    try:
        for witness in witnesses:
            before = witness.before()
            with replaced(weakening.targets, weakening.instead) as counted:
                said = witness.testimony()
            calls.update(counted)
            seen.asked += 1
            seen.by = next((word for word in said if word not in before), "")
            if seen.by:
                break
    except Exception:  # noqa: BLE001 - whatever it breaks
        stops = "stops the grader, which costs nobody a grade; weaken it otherwise"
        seen.findings.append(f"{weakening.name}: {stops}:\n{traceback.format_exc()}")
        return seen
    never = [target for target, count in calls.items() if not count]
    if never:
        seen.findings.append(f"{weakening.name}: never reached: nothing has called {', '.join(never)}")
    elif not seen.by:
        remedy = "add a mutant or a variant that does"
        seen.findings.append(f"{weakening.name}: nobody noticed ({weakening.what}); {remedy}")
    return seen


@dataclass(frozen=True)
class KnownOnes:
    """Known implementations of one exercise, as the doctor judges them.

    Args:
        names: of those who are judged again.
        verdicts: on all of them, when the grader was as it should be.
    """

    content: Content
    exercise: str
    names: Sequence[str]
    verdicts: Verdicts
    laboratory: Laboratory | None = None

    def before(self) -> Sequence[str]:
        return conclusions(self.content, self.exercise, self.verdicts)

    def testimony(self) -> Sequence[str]:
        judged = judge_known(self.content, self.exercise, self.names, self.laboratory).verdicts
        return conclusions(self.content, self.exercise, {**self.verdicts, **judged})


def conclusions(content: Content, exercise: str, verdicts: Verdicts) -> Sequence[str]:
    """What the doctor says of an exercise's verdicts, the most telling first."""
    found = list(weighed(content, exercise, verdicts).findings)
    for name, seen in verdicts.items():
        found += [f"{exercise}: {name} gets the verdict on {v.exercise}" for v in seen[:1] if v.exercise != exercise]
    return sorted(found, key=_rank)


def _rank(finding: str) -> int:
    return next((place for place, words in enumerate(MOST_TELLING) if words in finding), len(MOST_TELLING))


@dataclass(frozen=True)
class Cheating:
    """A cheat that does not know the exercise, and what it may know of its checks."""

    content: Content
    exercise: str
    cheat: Cheat

    def before(self) -> Sequence[str]:
        return self.testimony()

    def testimony(self) -> Sequence[str]:
        spec = self.content.specs[self.exercise]
        cheat = self.cheat(spec, self.content.solutions[self.exercise])

        def ask(case: Case) -> Outcome:
            number_layers_anew()
            return observe(cheat, case.args, case.kwargs, case.errstate, repeat=case.advances)

        verdict = judge(spec, seed_of(spec, "the cheat's own submission"), ask)
        does = (self.cheat.__doc__ or "").partition("\n")[0].rstrip(".").lower()
        return [f"{self.exercise}: full marks for who {does}"] if verdict.full else []
