"""A small class whose notebooks are graded as any others, and weakenings of what makes grades of verdicts.

Students' code runs behind the walls. Everything that is trusted runs in this process, the judge too: what is weakened
here is weakened for all of it.
"""

from __future__ import annotations

import json
import math
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import nbformat

from autograder.authoring.demo import cell_source, fill_in, hand_in
from autograder.authoring.doctor.weakening.noticing import Verdicts
from autograder.authoring.doctor.weakening.patching import replaced
from autograder.authoring.doctor.weakening.weakened import Weakenings
from autograder.authoring.release import release_assignment
from autograder.course.bank import Mutant
from autograder.course.config import Assignment, Course
from autograder.course.content import Content, load_content
from autograder.grading.grade import Grader, Result, Submission
from autograder.jail import wire
from autograder.judge import process
from autograder.judge.process import JudgeJob
from autograder.judge.referee import Graded, Hearing
from autograder.judge.session import Step
from autograder.judge.verdict import CheckResult, Verdict

GRADING = Weakenings()
RUN_JOB = "autograder.judge.referee:run_job"
T = TypeVar("T")
RIGHT, WRONG, OTHER, WORST = "alba", "bruno", "chiara", "deniz"


def grade_class(course: Course, assignment: Assignment, verdicts: Mapping[str, Verdicts], root: Path) -> SmallClass:
    """Write a small class into an empty folder and grade it, with the grader as it is."""
    write_class(course, assignment, verdicts, root)
    known = SmallClass(course, assignment, root, ()).testimony()
    return SmallClass(course, assignment, root, known)


def write_class(course: Course, assignment: Assignment, verdicts: Mapping[str, Verdicts], root: Path) -> None:
    """Release an assignment into an empty folder; four students hand in.

    The first did everything right. The second did a third of the exercises wrong, with mutants that lose some of the
    points, or those of one part, where there are such; the third did all the others wrong. The fourth did
    everything as wrong as can be.

    Args:
        verdicts: on all known implementations, by exercise.
    """
    content = load_content(assignment.folder)
    nothing = {mutant.id: None for mutants in content.mutants.values() for mutant in mutants}
    release_assignment(course, assignment.name, root, nothing)
    right = {name: cell_source(function, name) for name, function in content.solutions.items()}
    chosen = {name: _most_telling(content, name, verdicts[name]) for name in right}
    wrong = {name: cell_source(mutant.function, name) for name, mutant in chosen.items()}
    some = sorted(wrong, key=lambda name: _tells(verdicts[name], chosen[name]))[-(-len(wrong) // 3) :]
    worst = {name: min(content.mutants[name], key=partial(_worst, verdicts[name])) for name in right}
    students = {
        RIGHT: right,
        WRONG: right | {name: wrong[name] for name in some},
        OTHER: right | {name: wrong[name] for name in wrong if name not in some},
        WORST: {name: cell_source(mutant.function, name) for name, mutant in worst.items()},
    }
    released = root / "release" / assignment.name / f"{assignment.folder}.ipynb"
    for student, sources in students.items():
        hand_in(root, student, assignment, json.dumps(fill_in(nbformat.read(released, as_version=4), sources)))


def _most_telling(content: Content, exercise: str, verdicts: Verdicts) -> Mutant:
    known = [mutant for mutant in content.mutants[exercise] if f"mutant {mutant.id}" in verdicts]
    return max(known, key=lambda mutant: _tells(verdicts, mutant))


def _worst(verdicts: Verdicts, mutant: Mutant) -> tuple[float, int]:
    """How little a mutant earns, and then how many checks it passes all the same; not judged, it is nobody's worst."""
    judged = verdicts.get(f"mutant {mutant.id}")
    return (judged[0].total, -sum(check.passed for check in judged[0].checks)) if judged else (math.inf, 0)


def _tells(verdicts: Verdicts, mutant: Mutant) -> tuple[int, bool]:
    """How much a mutant's score tells of how scores are made: parts that differ, one neither kept nor lost."""
    fractions = verdicts[f"mutant {mutant.id}"][0].fraction.values()
    return len(set(fractions)), any(0.0 < fraction < 1.0 for fraction in fractions)


@dataclass(frozen=True)
class SmallClass:
    """The four of them, with what each got before anything was weakened, in lines."""

    course: Course
    assignment: Assignment
    root: Path
    known: Sequence[str]

    def before(self) -> Sequence[str]:
        return self.known

    def findings(self) -> Sequence[str]:
        """Points that were lost by who did everything right, and mutants that lost none."""
        lost = [line for line in self.known if not self._is_full(line)]
        missed = set(self.assignment.exercises) - {line.split(": ")[1] for line in lost}
        return [
            *(line for line in lost if line.startswith(RIGHT)),
            *(f"{name}: nobody has lost a point" for name in sorted(missed)),
        ]

    def _is_full(self, line: str) -> bool:
        _, exercise, told = line.split(": ", 2)
        points = f"{self.assignment.points(exercise):g}"
        return told == f"{points} of {points} points"

    def testimony(self) -> Sequence[str]:
        """A line for each exercise of each student."""
        with replaced([RUN_JOB], _judged_here):
            grader = Grader(self.course, self.assignment, self.root)
            return [line for student in (RIGHT, WRONG, OTHER, WORST) for line in self._grades(grader, student)]

    def _grades(self, grader: Grader, student: str) -> Iterator[str]:
        path = self.root / "submitted" / student / self.assignment.name / f"{self.assignment.folder}.ipynb"
        verdicts = grader.grade(grader.prepare(path)).verdicts
        for exercise in self.assignment.exercises:
            yield f"{student}: {exercise}: {_told(grader, verdicts.get(exercise), self.assignment.points(exercise))}"


def _told(grader: Grader, verdict: Verdict | None, maximum: float) -> str:
    if verdict is None:
        return "no verdict"
    score = grader.score(verdict, maximum)
    if score is None:
        raise RuntimeError(f"{verdict.exercise}: {verdict.reason}: {verdict.traceback}")
    return ", ".join(filter(None, [f"{score:g} of {maximum:g} points", verdict.misconception, verdict.reason[:60]]))


def _judged_here(original: Callable[..., Any], job: JudgeJob) -> tuple[Graded, float]:
    """Judge a submission in this process rather than in one that is forked from a warm server."""
    hearing, faults = Hearing(job), list[Exception]()
    ours, theirs = socket.socketpair()

    def listen() -> None:
        try:
            wire.send_encoded(ours, wire.encode_plain(process.told(job)))
            while not hearing.done:
                for said in json.loads(wire.recv_frame(ours)["said"]):
                    hearing.hear(said)
        except Exception as fault:  # noqa: BLE001 - told where it is waited for
            faults.append(fault)

    listener = Thread(target=listen)
    with ours, theirs:
        listener.start()
        process.main(theirs)  # here, in the main thread: it counts its own work by a signal
        listener.join()
    if faults:
        raise faults[0]
    return hearing.graded, 0.0


# ----------------------------------------------------------------------------------------------------------- weakenings


@GRADING.weakens("autograder.grading.grade:Grader.grade", witnesses="class")
def submissions_are_swapped(original: Callable[..., Result], grader: Grader, submission: Submission) -> Result:
    """Everybody gets the grades of whoever was graded before."""
    return _before(grader, original(grader, submission))


@GRADING.weakens("autograder.judge.referee:Hearing._judged", witnesses="class")
def verdicts_of_exercises_are_swapped(
    original: Callable[..., None], hearing: Hearing, verdict: Verdict, seconds: float
) -> None:
    """Every exercise gets the verdict on the one before."""
    original(hearing, _before(hearing, verdict), seconds)


@GRADING.weakens("autograder.judge.referee:Hearing._judged", witnesses="class")
def verdicts_are_ignored(original: Callable[..., None], hearing: Hearing, verdict: Verdict, seconds: float) -> None:
    """Whatever the judge says of an exercise, it gets all its points."""
    original(hearing, replace(verdict, fraction=dict.fromkeys(verdict.fraction, 1.0)), seconds)


@GRADING.weakens("autograder.judge.verdict:Verdict.score", witnesses="class")
def parts_weigh_the_same(
    original: Callable[..., float | None], verdict: Verdict, points: Mapping[str, float], maximum: float
) -> float | None:
    """Each part of an exercise counts the same, whatever points it has."""
    return original(verdict, dict.fromkeys(points, 1.0), maximum)


@GRADING.weakens("autograder.judge.verdict:Verdict.score", witnesses="class")
def only_the_first_part_counts(
    original: Callable[..., float | None], verdict: Verdict, points: Mapping[str, float], maximum: float
) -> float | None:
    """The points of all parts of an exercise go by the first."""
    first = next(iter(verdict.fraction.values()), 0.0)
    return original(replace(verdict, fraction=dict.fromkeys(verdict.fraction, first)), points, maximum)


@GRADING.weakens("autograder.judge.verdict:Verdict.score", witnesses="class")
def exercises_are_all_or_nothing(
    original: Callable[..., float | None], verdict: Verdict, points: Mapping[str, float], maximum: float
) -> float | None:
    """Who does not have all points of an exercise has none."""
    score = original(verdict, points, maximum)
    return score if score == maximum else 0.0


@GRADING.weakens("autograder.judge.judging:_fractions", witnesses="class")
def cores_do_not_count(original: Callable[..., dict[str, float]], results: Sequence[CheckResult]) -> dict[str, float]:
    """Right dtypes of wrong values earn their points."""
    return original([replace(result, core=False) for result in results])


@GRADING.weakens("autograder.judge.judging:_fractions", witnesses="class")
def checks_weigh_the_same(
    original: Callable[..., dict[str, float]], results: Sequence[CheckResult]
) -> dict[str, float]:
    """Each check counts the same, whatever share it has."""
    return original([replace(result, share=1.0) for result in results])


@GRADING.weakens("autograder.grading.grade:plan", witnesses="class")
def last_cells_are_not_run(original: Callable[..., list[Step]], notebook: Any) -> list[Step]:
    """The last exercise is never judged."""
    steps = original(notebook)
    last = [step.exercise for step in steps if step.kind == "judge" and not step.late][-1]
    return [step for step in steps if step.exercise != last]


def _before(holder: Any, value: T) -> T:
    """What the last call was given for the same holder; the first time the value itself."""
    before: T = vars(holder).get("_given_before", value)
    vars(holder)["_given_before"] = value
    return before
