"""Prove the contract of an assignment: `course doctor`.

Stubs fail; the solution and every honest variant get full marks; every known-wrong implementation loses points to the
hidden checks alone (public cases can be memorised) and reads its own hint; every hidden check catches something that
no other hidden check catches, so that none can be lost unnoticed.
"""

from __future__ import annotations

import builtins
import inspect
import symtable
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from autograder.build import build_assignment
from autograder.checking import Case
from autograder.content import Content, load_content
from autograder.course import Assignment, Course
from autograder.jail.walls import probe
from autograder.judge.checks import ExerciseChecks
from autograder.judge.judging import Recall, judge
from autograder.judge.trials import Laboratory
from autograder.judge.verdict import Verdict
from autograder.laboratory import open_laboratory
from autograder.leaks import scan
from autograder.observing import Outcome, observe
from autograder.release import release_assignment
from autograder.script import read_script, stub_function
from autograder.workers import one_task_each
from solutions.bank import Mutant

SEEDS = tuple(f"doctor {i}".encode() for i in range(9))
OURS = "-x"  # marks the ids of mutants that the catalogue does not have


@dataclass
class Examination:
    """What the doctor saw: one line for each exercise, the findings, and what was counted.

    Args:
        counts: of ``mutants``, those ``caught``, those ``hinted``, those left ``untrained`` when no network is trained
            here; and ``variants``.
        catalogue: ids of the course's catalogue among the mutants and variants; an exercise that several assignments
            use counts once.
    """

    lines: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    catalogue: dict[str, set[str]] = field(default_factory=lambda: {"wrong": set(), "correct": set()})

    def add(self, other: Examination) -> None:
        """Take in what another examination saw."""
        self.lines += other.lines
        self.findings += other.findings
        self.counts += other.counts
        for kind, ids in other.catalogue.items():
            self.catalogue[kind] |= ids


def examine(
    course: Course, assignments: Sequence[Assignment], jobs: int | None = None, *, trials: bool = True
) -> Iterator[Examination]:
    """Examine assignments, exercise by exercise on all cores; every breach of the contract becomes a finding.

    Args:
        trials: train networks, too, and try several seeds: minutes for each exercise with an accuracy item.

    Yields:
        One examination for each assignment, in order.
    """
    tasks = [(course, a.name, name, trials) for a in assignments for name in a.exercises]
    with one_task_each(jobs) as pool:
        results = pool.imap(_examine_exercise, tasks)
        for assignment in assignments:
            seen = Examination()
            for _ in assignment.exercises:
                seen.add(next(results))
            unknown = set(load_content(assignment.folder).specs) - set(assignment.exercises)
            seen.findings += [f"{n}: has hidden checks, but course.yaml gives it no points" for n in sorted(unknown)]
            _files(seen, course, assignment)
            _release(seen, course, assignment)
            yield seen


def _examine_exercise(task: tuple[Course, str, str, bool]) -> Examination:
    course, assignment, name, trials = task
    seen = Examination()
    try:
        found = course.find(assignment)
        _exercise(seen, course, found, load_content(found.folder), name, trials=trials)
    except Exception:  # noqa: BLE001 - a check that raises is a finding like any other
        seen.findings.append(f"{name}: cannot be examined:\n{traceback.format_exc()}")
    return seen


def _exercise(
    seen: Examination, course: Course, assignment: Assignment, content: Content, name: str, *, trials: bool
) -> None:
    if name not in content.specs:
        seen.findings.append(f"{name}: course.yaml gives it points, but autograder/hidden has no checks for it")
        return
    spec, mutants, variants = content.specs[name], content.mutants[name], content.variants[name]
    solution = content.solutions.get(name)
    if solution is None:
        seen.findings.append(f"{name}: solutions/{assignment.folder}/solution.py has no function of that name")
        return
    parts = {check.part for check in spec.all_checks}
    if parts != set(assignment.parts(name)):
        listed = sorted(assignment.parts(name))
        seen.findings.append(f"{name}: its checks serve the parts {sorted(parts)}, course.yaml has {listed}")
    _signatures(seen, course, assignment, content, name)
    if not spec.exercise.hints:
        seen.findings.append(f"{name}: checks.py gives it no hints")
    bench = _Bench(spec, mutants, open_laboratory(course.data.model_dump()) if trials else None)
    for who, function in [("the solution", solution), *((f"variant {v.id}", v.function) for v in variants)]:
        for verdict in bench.verdicts(function, trials=True):
            if set(verdict.fraction.values()) != {1.0}:
                seen.findings.append(f"{name}: {who} loses points: {_failing(verdict)}")
                break
    hinted = _mutants(seen, bench, name)
    seen.counts += Counter(mutants=len(mutants), hinted=hinted, variants=len(variants))
    seen.catalogue["wrong"] |= {m.id for m in mutants if OURS not in m.id}
    seen.catalogue["correct"] |= {v.id for v in variants if OURS not in v.id}
    seen.lines.append(
        f"{name:28} {spec.count:3} hidden cases   {len(mutants):2} mutants, {hinted:2} with their own hint   "
        f"{len(variants):2} variants"
    )


def _mutants(seen: Examination, bench: _Bench, name: str) -> int:
    """Every mutant is caught and hinted, every hidden check is needed; returns how many saw their own hint."""
    parts = {check.name: check.part for check in bench.spec.checks}
    trials = {check.name for check in bench.spec.checks if check.trial}
    catches: dict[str, list[str]] = {check: [] for check in set(parts) - trials}  # what trials reject: thresholds.toml
    hinted = 0
    for mutant in bench.mutants:
        if mutant.trained and bench.laboratory is None:
            seen.counts["untrained"] += 1
            continue
        verdicts = bench.verdicts(mutant.function, trials=mutant.trained)[: 1 if mutant.trained else None]
        failing = [{c.name for c in v.checks if not c.passed} & set(parts) for v in verdicts]
        if not all(failing):
            seen.findings.append(f"{name}: mutant {mutant.id} ({mutant.description}) passes every hidden check")
            continue
        seen.counts["caught"] += 1
        everywhere = set.union(*failing)
        if everywhere <= trials:
            continue  # a trial has nothing to recognise a misconception by
        for check in everywhere & set(catches):
            if [parts[other] for other in everywhere].count(parts[check]) == 1:
                catches[check].append(mutant.id)
        shown = {v.misconception for v in verdicts}
        if {v.hint for v in verdicts} == {mutant.hint} and "" not in shown:  # two that do the same share a hint
            hinted += 1
        else:
            others = ", ".join(sorted(shown - {mutant.id, ""})) or "the general hint"
            seen.findings.append(f"{name}: mutant {mutant.id} ({mutant.description}) is shown the hint of {others}")
    for check, only in catches.items():
        if not only:
            seen.findings.append(f"{name}: no mutant needs the hidden check {check!r}; add one, or drop the check")
    return hinted


class _Bench:
    """Judges functions of one exercise with the doctor's seeds; what mutants do is found out once for each seed."""

    def __init__(self, spec: ExerciseChecks, mutants: Sequence[Mutant], laboratory: Laboratory | None) -> None:
        self.spec, self.mutants, self.laboratory = spec, mutants, laboratory
        self._seeds = SEEDS[: spec.seeds if laboratory else 1]
        self._recall = {seed: Recall() for seed in self._seeds}

    def verdicts(self, function: Callable[..., Any], *, trials: bool = False) -> list[Verdict]:
        """One verdict for each seed; trials, which train a network, are run with the first seed alone."""

        def ask(case: Case) -> Outcome:
            return observe(function, case.args, case.kwargs, case.errstate)

        return [
            judge(
                self.spec,
                seed,
                ask,
                self.mutants,
                self.laboratory if trials and seed == SEEDS[0] else None,
                self._recall[seed],
            )
            for seed in self._seeds
        ]


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
    """Build and release into an empty folder, then look for names that are not there, and for leaks."""
    with tempfile.TemporaryDirectory(prefix="course-doctor-") as folder:
        built = build_assignment(course, assignment.name, Path(folder))
        notebook = nbformat.read(built / f"{assignment.folder}.ipynb", as_version=4)
        for name in undefined([cell.source for cell in notebook.cells if cell.cell_type == "code"]):
            seen.findings.append(f"the instructor's notebook: no cell defines {name}; import it there, or do without")
        release = release_assignment(course, assignment.name, Path(folder))
        leaks = scan(release, course, assignment.name)
    seen.findings += [f"the release leaks: {leak}" for leak in leaks]
    seen.lines.append(f"release: {'no leaks' if not leaks else f'{len(leaks)} leaks'}")


def undefined(cells: Sequence[str]) -> list[str]:
    """Names that functions in some cell use and no cell binds: solutions leave their module's imports behind."""
    tables = [symtable.symtable(source, "cell", "exec") for source in cells]
    bound = {s.get_name() for t in tables for s in t.get_symbols() if s.is_assigned() or s.is_imported()}
    used = {name for table in tables for inner in table.get_children() for name in _globals(inner)}
    return sorted(used - bound - set(dir(builtins)))


def _globals(table: symtable.SymbolTable) -> set[str]:
    own = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global() and symbol.is_referenced()}
    return own.union(*map(_globals, table.get_children()))


def examine_walls(course: Course) -> Examination:
    """Whether students' code can be locked in on this machine, as course.yaml demands."""
    seen = Examination()
    report = probe()
    features = ", ".join(f"{f.name} {'yes' if f.holds else f'no ({f.detail})'}" for f in report.features)
    seen.lines.append(f"walls: {report.tier or 'none'} ({features})")
    if report.tier is None and course.grading.isolation == "required":
        seen.findings.append(report.explain())
    return seen
