"""Prove the contract of an assignment: `course doctor`.

Stubs fail; the solution and every honest variant get full marks; every known-wrong implementation loses points to the
hidden checks alone (public cases can be memorised) and reads its own hint; every hidden check catches something that
no other hidden check catches, so that none can be lost unnoticed.
"""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.build import build_assignment
from autograder.checking import Case
from autograder.content import Content, load_content
from autograder.course import Assignment, Course
from autograder.jail.walls import probe
from autograder.judge.checks import ExerciseChecks
from autograder.judge.judging import judge
from autograder.judge.verdict import Verdict
from autograder.leaks import scan
from autograder.observing import Outcome, observe
from autograder.release import release_assignment
from autograder.script import read_script, stub_function

SEEDS = tuple(f"doctor {i}".encode() for i in range(3))


@dataclass
class Examination:
    """What the doctor saw: one line for each exercise, and the findings."""

    lines: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    mutants: int = 0
    caught: int = 0
    hinted: int = 0
    variants: int = 0


def examine(course: Course, assignment: Assignment) -> Examination:
    """Examine one assignment; every breach of the contract becomes a finding."""
    seen = Examination()
    content = load_content(assignment.folder)
    for name in assignment.exercises:
        if name not in content.specs:
            seen.findings.append(f"{name}: course.yaml gives it points, but autograder/hidden has no checks for it")
        else:
            _exercise(seen, course, assignment, content, name)
    for name in sorted(set(content.specs) - set(assignment.exercises)):
        seen.findings.append(f"{name}: has hidden checks, but course.yaml gives it no points")
    _files(seen, course, assignment)
    _release(seen, course, assignment)
    _walls(seen, course)
    return seen


def _exercise(seen: Examination, course: Course, assignment: Assignment, content: Content, name: str) -> None:
    spec, mutants, variants = content.specs[name], content.mutants[name], content.variants[name]
    solution = content.solutions.get(name)
    if solution is None:
        seen.findings.append(f"{name}: solutions/{assignment.folder}/solution.py has no function of that name")
        return
    _signatures(seen, course, assignment, content, name)
    if not spec.exercise.hints:
        seen.findings.append(f"{name}: checks.py gives it no hints")
    for who, function in [("the solution", solution), *((f"variant {v.id}", v.function) for v in variants)]:
        for verdict in _verdicts(spec, function):
            if set(verdict.fraction.values()) != {1.0}:
                seen.findings.append(f"{name}: {who} loses points: {_failing(verdict)}")
                break
    catches: dict[str, list[str]] = {check.name: [] for check in spec.checks}
    hinted = 0
    for mutant in mutants:
        verdicts = _verdicts(spec, mutant.function, mutants)
        failing = [{c.name for c in v.checks if not c.passed and c.name in catches} for v in verdicts]
        if not all(failing):
            seen.findings.append(f"{name}: mutant {mutant.id} ({mutant.description}) passes every hidden check")
            continue
        seen.caught += 1
        everywhere = set.union(*failing)
        if len(everywhere) == 1:
            catches[everywhere.pop()].append(mutant.id)
        shown = {v.misconception for v in verdicts}
        if shown == {mutant.id}:
            hinted += 1
        else:
            others = ", ".join(sorted(shown - {mutant.id})) or "the general hint"
            seen.findings.append(f"{name}: mutant {mutant.id} ({mutant.description}) is shown the hint of {others}")
    for check, only in catches.items():
        if not only:
            seen.findings.append(f"{name}: no mutant needs the hidden check {check!r}; add one, or drop the check")
    seen.mutants += len(mutants)
    seen.hinted += hinted
    seen.variants += len(variants)
    seen.lines.append(
        f"{name:28} {spec.count:3} hidden cases   {len(mutants):2} mutants, {hinted:2} with their own hint   "
        f"{len(variants):2} variants"
    )


def _verdicts(spec: ExerciseChecks, function: Callable[..., Any], mutants: Sequence[Any] = ()) -> list[Verdict]:
    def ask(case: Case) -> Outcome:
        return observe(function, case.args, case.kwargs, case.errstate)

    return [judge(spec, seed, ask, mutants) for seed in SEEDS]


def _failing(verdict: Verdict) -> str:
    return "; ".join(f"{c.name}: {c.problem or 'not run'}" for c in verdict.checks if not c.passed)


def _signatures(seen: Examination, course: Course, assignment: Assignment, content: Content, name: str) -> None:
    """Stub, solution, variants and mutants take the same arguments."""
    script = read_script(course.root / "assignments" / assignment.folder / "notebook.py")
    stub = stub_function(script, name)
    case = content.specs[name].exercise.cases[0]
    error = observe(stub, case.args, case.kwargs).error
    if error is None or error.kind != "NotImplementedError":
        seen.findings.append(f"{name}: expected a stub that raises NotImplementedError, received one that does not")
    expected = _parameters(stub)
    functions = [("solution", content.solutions[name])]
    functions += [(f"mutant {m.id}", m.function) for m in content.mutants[name]]
    functions += [(f"variant {v.id}", v.function) for v in content.variants[name]]
    for who, function in functions:
        if _parameters(function) != expected:
            seen.findings.append(
                f"{name}: {who} takes {_parameters(function)}, the stub takes {expected}; give both the same"
            )


def _parameters(function: Callable[..., Any]) -> str:
    parameters = inspect.signature(function).parameters.values()
    return f"({', '.join(str(p.replace(annotation=inspect.Parameter.empty)) for p in parameters)})"


def _files(seen: Examination, course: Course, assignment: Assignment) -> None:
    for path in [f"assignments/{assignment.folder}/design.md", f"solutions/{assignment.folder}/proofs.md"]:
        if not (course.root / path).is_file():
            seen.findings.append(f"{path} is missing")
        else:
            text = (course.root / path).read_text(encoding="utf-8")
            wanted = assignment.exercises if path.endswith("design.md") else assignment.answers
            seen.findings += [f"{path} says nothing of {name}" for name in wanted if name not in text]


def _release(seen: Examination, course: Course, assignment: Assignment) -> None:
    """Build and release into an empty folder, then look for leaks."""
    with tempfile.TemporaryDirectory(prefix="course-doctor-") as folder:
        build_assignment(course, assignment.name, Path(folder))
        release = release_assignment(course, assignment.name, Path(folder))
        leaks = scan(release, course, assignment.name)
    seen.findings += [f"the release leaks: {leak}" for leak in leaks]
    seen.lines.append(f"release: {'no leaks' if not leaks else f'{len(leaks)} leaks'}")


def _walls(seen: Examination, course: Course) -> None:
    report = probe()
    features = ", ".join(f"{f.name} {'yes' if f.holds else f'no ({f.detail})'}" for f in report.features)
    seen.lines.append(f"walls: {report.tier or 'none'} ({features})")
    if report.tier is None and course.grading.isolation == "required":
        seen.findings.append(report.explain())
