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
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.pool import AsyncResult, Pool
from pathlib import Path
from typing import Any

import nbformat

from autograder.authoring.doctor.examining import (
    SOLUTION,
    Judged,
    functions,
    judge_functions,
    tasks,
    two_of_one_id,
)
from autograder.authoring.doctor.forgotten import forgotten
from autograder.authoring.doctor.housekeeping import bad_hints, tidiness
from autograder.authoring.doctor.keeping import Keeper
from autograder.authoring.doctor.unfinished import unfinished
from autograder.authoring.doctor.workers import fork_server, one_task_each
from autograder.authoring.misconceptions import Misconduct
from autograder.authoring.release import Leaking, release_assignment
from autograder.course.bank import Mutant
from autograder.course.checks import ExerciseChecks
from autograder.course.config import Assignment, Course, CourseError
from autograder.course.content import Content, load_content
from autograder.course.script import read_script, stub_function
from autograder.grading.gradebook import opened
from autograder.jail.walls.tiers import probe
from autograder.judge.verdict import Verdict
from coursekit.observing import observe

GRADEBOOK = "gradebook.db"  # nbgrader's name for it


@dataclass
class Examination:
    """What the doctor saw: one line for each exercise, the findings, and what was counted.

    Args:
        counts: of ``mutants``, those ``caught``, those ``hinted``, those left ``untrained`` when no network is trained
            here; and ``variants``.
    """

    lines: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, other: Examination) -> None:
        """Take in what another examination saw."""
        self.lines += other.lines
        self.findings += other.findings
        self.counts += other.counts

    def to_json(self) -> dict[str, Any]:
        """As JSON values; ``from_json`` turns them back."""
        return dict(vars(self))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Examination:
        """Invert ``to_json``."""
        return cls(data["lines"], data["findings"], Counter(data["counts"]))


def examine(
    course: Course,
    assignments: Sequence[Assignment],
    jobs: int | None = None,
    *,
    trials: bool = True,
    exercise: str | None = None,
    keep: bool = False,
) -> Iterator[Examination]:
    """Examine assignments on all cores; every breach of the contract becomes a finding.

    Args:
        trials: train networks, too, and try several seeds: minutes for each exercise with an accuracy item.
        exercise: examine this one alone, without the release.
        keep: take over what was found of exercises that have not changed since.

    Yields:
        One examination for each assignment, in order.
    """
    networks = any(_uses_keras(course, assignment) for assignment in assignments)
    fork_server(networks=networks)  # imports what tasks need beside us, who import the same
    begun = {a.name: _Begun(course, a, trials=trials, keep=keep) for a in assignments}
    with one_task_each(jobs, networks=networks) as pool:
        chosen = [(a, name) for a in assignments for name in a.exercises if exercise in (None, name)]
        running: dict[Hashable, list[AsyncResult[Judged]]] = {}
        chosen.reverse()  # the longest first, so that all cores end together: later assignments build larger networks
        for assignment, name in sorted(chosen, key=lambda pair: not _takes_long(*pair)):
            begun[assignment.name].begin(name, pool, running)
        gradebook = _empty_gradebook() if exercise is None else b""
        found: dict[str, Examination] = {}
        releases: dict[str, AsyncResult[Examination]] = {}
        for assignment in reversed(assignments):  # as they were handed out: the first are finished first
            seen, mine = Examination(findings=unfinished(course, assignment, exercise)), begun[assignment.name]
            found[assignment.name] = seen
            for name in assignment.exercises:
                if exercise in (None, name):
                    seen.add(mine.finish(name))
            if exercise is not None:
                continue
            releases[assignment.name] = pool.apply_async(_release, (course, assignment, mine.misconceptions, gradebook))
            unknown = set(load_content(assignment.folder).specs) - set(assignment.exercises)
            seen.findings += [f"{n}: has hidden checks, but course.yaml gives it no points" for n in sorted(unknown)]
            seen.findings += forgotten(assignment.folder)
            seen.findings += tidiness(course, assignment)
            _files(seen, course, assignment)
        for assignment in assignments:
            if assignment.name in releases:
                found[assignment.name].add(releases[assignment.name].get())
            yield found[assignment.name]


def _uses_keras(course: Course, assignment: Assignment) -> bool:
    """Whether some file of an assignment names Keras; one that reaches it otherwise imports it anew in each task."""
    folders = [course.root / place / assignment.folder for place in ("assignments", "solutions")]
    return any("keras" in path.read_text(encoding="utf-8") for folder in folders for path in folder.rglob("*.py"))


def _takes_long(assignment: Assignment, name: str) -> bool:
    spec = load_content(assignment.folder).specs.get(name)
    return spec is not None and spec.builds_networks


class _Begun:
    """The examination of one assignment's exercises, in tasks on all cores."""

    def __init__(self, course: Course, assignment: Assignment, *, trials: bool, keep: bool) -> None:
        self._course, self._assignment, self._trials = course, assignment, trials
        self._content = load_content(assignment.folder)
        self._keeper = Keeper(course.root, assignment.folder) if keep else None
        self._running: dict[str, list[AsyncResult[Judged]]] = {}
        self.misconceptions: dict[str, Misconduct] = {}  # what each mutant does on the public cases, for the release

    def begin(self, name: str, pool: Pool, running: dict[Hashable, list[AsyncResult[Judged]]]) -> None:
        """Hand out an exercise's tasks, if there is something to judge that was not judged before.

        Args:
            running: tasks handed out for any assignment: what several use is judged once.
        """
        complete = name in self._content.specs and name in self._content.solutions
        if complete and self._kept(name) is None:
            known = functions(self._content, name)
            key = id(self._content.specs[name]), *((who, id(function)) for who, function in known.items())
            if key not in running:
                brief = not self._trials
                parts = tasks(self._course, self._assignment, name, trials=self._trials, briefly=brief)
                running[key] = [pool.apply_async(judge_functions, (part,)) for part in parts]
            self._running[name] = running[key]

    def finish(self, name: str) -> Examination:
        """What was found of an exercise."""
        kept = self._kept(name)
        if kept is not None:
            self.misconceptions |= kept["misconceptions"]
            return Examination.from_json(kept["seen"])
        seen, judged = Examination(), Judged()
        try:
            for result in self._running.get(name, []):
                judged.add(result.get())
            _exercise(seen, self._course, self._assignment, self._content, name, judged.verdicts)
        except Exception:  # noqa: BLE001 - a check that raises is a finding like any other
            seen.findings.append(f"{name}: cannot be examined:\n{traceback.format_exc()}")
        self.misconceptions |= judged.misconceptions
        if self._keeper is not None and not seen.findings:
            self._keeper.put(self._key(name), {"seen": seen.to_json(), "misconceptions": judged.misconceptions})
        return seen

    def _kept(self, name: str) -> Any:
        return None if self._keeper is None or name in self._running else self._keeper.get(self._key(name))

    def _key(self, name: str) -> str:
        return f"{name}.{'full' if self._trials else 'quick'}"


def _exercise(
    seen: Examination,
    course: Course,
    assignment: Assignment,
    content: Content,
    name: str,
    judged: Mapping[str, Sequence[Verdict]],
) -> None:
    if name not in content.specs:
        where = f"solutions/{assignment.folder}/hidden"
        seen.findings.append(f"{name}: course.yaml gives it points, but {where} has no checks for it")
        return
    spec, mutants, variants = content.specs[name], content.mutants[name], content.variants[name]
    if name not in content.solutions:
        seen.findings.append(f"{name}: solutions/{assignment.folder}/solution.py has no function of that name")
        return
    if spec.parts != set(assignment.parts(name)):
        listed = sorted(assignment.parts(name))
        seen.findings.append(f"{name}: its checks serve the parts {sorted(spec.parts)}, course.yaml has {listed}")
    _signatures(seen, course, assignment, content, name)
    seen.findings += two_of_one_id([*mutants, *variants])
    seen.findings += bad_hints(course, assignment, content, name)
    verdicts = weighed(content, name, judged)
    seen.add(verdicts)
    seen.lines.append(
        f"{name:28} {spec.count:3} hidden cases   {len(mutants):2} mutants, {verdicts.counts['hinted']:2} with their "
        f"own hint   {len(variants):2} variants"
    )


def weighed(content: Content, name: str, judged: Mapping[str, Sequence[Verdict]]) -> Examination:
    """What the verdicts on all known implementations of an exercise say of its checks.

    Args:
        judged: by ``the solution``, ``variant ID``, ``mutant ID``, one verdict for each seed.
    """
    spec, mutants, variants = content.specs[name], content.mutants[name], content.variants[name]
    seen = Examination()
    for who in [SOLUTION, *(f"variant {v.id}" for v in variants)]:
        for verdict in judged[who]:
            if set(verdict.fraction.values()) != {1.0}:
                seen.findings.append(f"{name}: {who} loses points: {_failing(verdict)}")
                break
    hinted = _mutants(seen, spec, mutants, judged)
    seen.counts += Counter(mutants=len(mutants), hinted=hinted, variants=len(variants))
    return seen


def _mutants(
    seen: Examination, spec: ExerciseChecks, mutants: Sequence[Mutant], judged: Mapping[str, Sequence[Verdict]]
) -> int:
    """Every mutant is caught and hinted, every hidden check is needed; returns how many saw their own hint."""
    name = spec.exercise.name
    parts = {check.name: check.part for check in spec.checks}
    catches: dict[str, list[str]] = {check: [] for check in parts}  # what a trial rejects: bounds.toml
    hinted = 0
    for mutant in mutants:
        if f"mutant {mutant.id}" not in judged:
            seen.counts["untrained"] += 1
            continue
        verdicts = judged[f"mutant {mutant.id}"][: 1 if mutant.trained else None]
        failing = [{c.name for c in v.checks if not c.passed} & set(spec.hidden_names) for v in verdicts]
        if not all(failing):
            seen.findings.append(f"{name}: mutant {mutant.id} ({mutant.description}) passes every hidden check")
            continue
        if any(v.full for v in verdicts):
            seen.findings.append(f"{name}: mutant {mutant.id} ({mutant.description}) is caught, and loses no point")
        seen.counts["caught"] += 1
        everywhere = set.union(*failing)
        if not everywhere & set(parts):
            continue  # a trial has nothing to recognise a misconception by
        for check in everywhere & set(parts):
            if [parts[other] for other in everywhere & set(parts)].count(parts[check]) == 1:
                catches[check].append(mutant.id)
        shown = {v.misconception for v in verdicts}
        if {v.hint for v in verdicts} == {mutant.hint} and "" not in shown:  # two that do the same share a hint
            hinted += 1
        else:
            others = ", ".join(sorted(shown - {mutant.id, ""})) or "the general hint"
            seen.findings.append(f"{name}: mutant {mutant.id} ({mutant.description}) is shown the hint of {others}")
    core = {check.name for check in spec.checks if check.core}
    for check in [check for check, only in catches.items() if not only]:
        remedy = "add one, or drop the check"
        if check in core:
            remedy = (
                "add one with wrong values; do not drop it: what the other checks of its part are worth hangs on it"
            )
        seen.findings.append(f"{name}: no mutant needs the hidden check {check!r}; {remedy}")
    return hinted


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


def _empty_gradebook() -> bytes:
    """A gradebook as nbgrader makes it, once for all releases: to find out its own version takes it a second."""
    with tempfile.TemporaryDirectory(prefix="course-doctor-") as folder:
        path = Path(folder, GRADEBOOK)
        with opened(f"sqlite:///{path}"):
            pass
        return path.read_bytes()


def _release(
    course: Course, assignment: Assignment, misconceptions: Mapping[str, Misconduct], gradebook: bytes
) -> Examination:
    """Build and release into a folder that holds a gradebook alone, then look for undefined names, and for leaks."""
    with tempfile.TemporaryDirectory(prefix="course-doctor-") as folder:
        Path(folder, GRADEBOOK).write_bytes(gradebook)
        try:
            release_assignment(course, assignment.name, Path(folder), misconceptions)
        except Leaking as error:
            leaks = [f"the release leaks: {leak}" for leak in error.leaks]
            return Examination([f"release: {len(leaks)} leaks"], leaks)
        except CourseError as error:
            return Examination(findings=[f"the release cannot be made: {error}"])
        built = Path(folder, "source", assignment.name, f"{assignment.folder}.ipynb")
        notebook = nbformat.read(built, as_version=4)
    missing = undefined([cell.source for cell in notebook.cells if cell.cell_type == "code"])
    return Examination(
        ["release: no leaks"],
        [f"the instructor's notebook: no cell defines {name}; import it there, or do without" for name in missing],
    )


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
