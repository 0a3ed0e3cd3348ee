"""Judge every known implementation of an exercise, for the doctor: in tasks for all cores.

To recognise a mutant by what it does, one must know what all others do on the same cases. So an exercise is one task,
in which each is asked once; only where networks are trained, for minutes each, are its functions shared out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from autograder.authoring.misconceptions import Misconduct, misconception
from autograder.course.bank import Implementation, Mutant
from autograder.course.checks import Check, ExerciseChecks
from autograder.course.config import Assignment, Course
from autograder.course.content import Content, load_content
from autograder.course.trials import Laboratory
from autograder.judge import judging
from autograder.judge.judging import KnownWrong, Recall, judge
from autograder.judge.laboratory import open_laboratory
from autograder.judge.naming import number_layers_anew
from autograder.judge.verdict import Verdict
from coursekit.checking import Case, observe_case
from coursekit.observing import Outcome, observe

SEEDS = tuple(f"doctor {i}".encode() for i in range(9))
TRAINED_TOGETHER = 6  # functions in one task
SOLUTION = "the solution"


@dataclass(frozen=True)
class Task:
    """Functions of one exercise, by name: ``the solution``, ``variant ID``, ``mutant ID``.

    Args:
        briefly: ask a mutant no more than what is said of it takes.
    """

    course: Course
    assignment: str
    exercise: str
    functions: tuple[str, ...]
    trials: bool
    briefly: bool = False


def functions(content: Content, exercise: str) -> dict[str, Callable[..., Any]]:
    """Every implementation that is known of an exercise: first those that are right, then the mutants."""
    right = {SOLUTION: content.solutions[exercise]}
    right |= {f"variant {v.id}": v.function for v in content.variants[exercise]}
    return right | {f"mutant {m.id}": m.function for m in content.mutants[exercise]}


def two_of_one_id(known: Iterable[Implementation]) -> list[str]:
    """Ids that two functions share, so that one of them is never judged; one finding each."""
    places: dict[str, list[str]] = {}
    for one in known:
        places.setdefault(one.id, []).append(one.place)
    return [
        f"{id}: expected one function of this id, received those at {' and '.join(found)}; rename one"
        for id, found in places.items()
        if len(found) > 1
    ]


def each_once(
    assignments: Iterable[Assignment], exercise: str | None = None, *, networks: bool = True
) -> list[tuple[Assignment, str]]:
    """Every exercise with hidden checks, or this one alone; what several assignments use comes with the first.

    Args:
        networks: also those that build networks, which take long.
    """
    found: dict[int, tuple[Assignment, str]] = {}
    for assignment in assignments:
        for name, spec in load_content(assignment.folder).specs.items():
            if exercise in (None, name) and (networks or not spec.builds_networks):
                found.setdefault(id(spec), (assignment, name))
    return list(found.values())


def tasks(course: Course, assignment: Assignment, exercise: str, *, trials: bool, briefly: bool = False) -> list[Task]:
    """Share out an exercise's functions; mutants that only a training tells from the solution need one."""
    content = load_content(assignment.folder)
    left_out = {f"mutant {m.id}" for m in content.mutants[exercise] if m.trained and not trials}
    names = [name for name in functions(content, exercise) if name not in left_out]
    trained = trials and content.specs[exercise].trial is not None
    count = -(-len(names) // TRAINED_TOGETHER) if trained else 1
    return [Task(course, assignment.name, exercise, tuple(names[i::count]), trials, briefly) for i in range(count)]


@dataclass
class Judged:
    """What is known of functions of one exercise, by their names.

    Args:
        verdicts: one for each seed.
        misconceptions: what each mutant, by its id, does on the public cases, for the release.
    """

    verdicts: dict[str, list[Verdict]] = field(default_factory=dict)
    misconceptions: dict[str, Misconduct] = field(default_factory=dict)

    def add(self, other: Judged) -> None:
        """Take in what is known of other functions."""
        self.verdicts |= other.verdicts
        self.misconceptions |= other.misconceptions


def judge_functions(task: Task) -> Judged:
    """Judge each of a task's functions."""
    folder = task.course.find(task.assignment).folder
    laboratory = open_laboratory(task.course.data.model_dump(), folder) if task.trials else None
    return judge_known(load_content(folder), task.exercise, task.functions, laboratory, briefly=task.briefly)


def judge_known(
    content: Content,
    exercise: str,
    names: Collection[str],
    laboratory: Laboratory | None = None,
    *,
    briefly: bool = False,
) -> Judged:
    """Judge some of the known implementations of an exercise, by their names."""
    spec, mutants = content.specs[exercise], content.mutants[exercise]
    seeded = SeededJudge(spec, mutants, laboratory)
    known, untrained = functions(content, exercise), {f"mutant {m.id}" for m in mutants if not m.trained}

    def verdicts(name: str) -> list[Verdict]:
        if briefly and name.startswith("mutant "):
            brief = seeded.verdicts(known[name], enough=_Enough(spec))
            if all(name == f"mutant {verdict.misconception}" for verdict in brief):
                return brief  # whoever does the same everywhere does the same here: nobody else comes into question
        return seeded.verdicts(known[name], trials=name not in untrained)

    return Judged(
        {name: verdicts(name) for name in names},
        {m.id: misconception(spec, m, seeded.outcome) for m in mutants if f"mutant {m.id}" in names},
    )


class _Enough:
    """Whether a check can add something to what is said of a mutant: that it is caught, and which check alone does.

    One that has failed cannot, whatever follows in it; nor can a hidden one of a part in which two others have.
    """

    def __init__(self, spec: ExerciseChecks) -> None:
        self._parts = {check.name: check.part for check in spec.checks}

    def __call__(self, check: Check, failed: Sequence[str]) -> bool:
        return check.name in failed or [self._parts.get(name) for name in failed].count(check.part) > 1


class SeededJudge:
    """Judges functions of one exercise with the doctor's seeds; the cases of a seed are drawn once, for all of them."""

    def __init__(self, spec: ExerciseChecks, mutants: Sequence[Mutant], laboratory: Laboratory | None) -> None:
        self._mutants, self._laboratory = mutants, laboratory
        self._seeds = SEEDS[: spec.seeds if laboratory else 1]
        self._drawn = {seed: spec.drawn(seed) for seed in self._seeds}
        self._memory = {seed: _Memory() for seed in self._seeds}

    def verdicts(
        self,
        function: Callable[..., Any],
        *,
        trials: bool = False,
        enough: Callable[[Check, Sequence[str]], bool] = lambda check, failed: False,
    ) -> list[Verdict]:
        """One verdict for each seed; trials, which train a network, are run with the first seed alone.

        Args:
            enough: as of ``judge``.
        """
        return [
            judge(
                self._drawn[seed],
                seed,
                partial(_ask, function),
                self._mutants,
                self._laboratory if trials and seed == SEEDS[0] else None,
                _RecallOthers(function, self._memory[seed], anew=self._laboratory is not None),
                partial(self._remember, seed, function),
                enough,
            )
            for seed in self._seeds
        ]

    def outcome(self, function: Callable[..., Any], case: Case) -> Outcome:
        """What a function does on a case that all seeds have in common."""
        return self._memory[SEEDS[0]].outcome(function, case)

    def _remember(self, seed: bytes, function: Callable[..., Any], case: Case, call: object) -> Outcome:
        return self._memory[seed].outcome(function, case)


def _ask(function: Callable[..., Any], case: Case) -> Outcome:
    number_layers_anew()
    return observe(function, case.args, case.kwargs, case.errstate)


class _Memory:
    """What functions did on the cases of one seed, each asked once."""

    def __init__(self) -> None:
        self._known: dict[tuple[Callable[..., Any], int], Outcome] = {}

    def outcome(self, function: Callable[..., Any], case: Case) -> Outcome:
        """What the function did on a case, which lives as long as this memory."""
        key = (function, id(case))
        if key not in self._known:
            number_layers_anew()
            self._known[key] = observe_case(function, case)
        return self._known[key]


class _RecallOthers(Recall):
    """Recalls other mutants from memory and asks the judged one anew: it is recognised by what it does again.

    Args:
        anew: on every case; else on the first that it fails alone, by which it is found, and which costs least.
    """

    def __init__(self, judged: Callable[..., Any], memory: _Memory, *, anew: bool) -> None:
        super().__init__()
        self._judged, self._memory, self._anew = judged, memory, anew
        self._asked = False

    def outcome(self, mutant: KnownWrong, judged: judging.Judged) -> Outcome:
        if mutant.function is not self._judged or (self._asked and not self._anew):
            return self._memory.outcome(mutant.function, judged.case)
        self._asked = True
        return super().outcome(mutant, judged)
