"""What differs between two states of a class: who gains, who loses, how much, in which exercise, by which check.

Pure: nothing is read or written here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from autograder.classroom.printing import printable
from autograder.classroom.regrading.state import Cell, Record, State
from autograder.course.cells import checked_exercise
from autograder.course.config import WHOLE

SAME = 0.005  # points: the gradebook keeps two decimals
MOST = 200  # characters of a reason
Check = Mapping[str, Any]  # of a verdict, as verdicts.json keeps it


@dataclass(frozen=True)
class CellChange:
    """One exercise or answer whose score is another.

    Args:
        name: of the exercise or the question.
        of_before, of_after: what it was and is worth.
        why: what differs, a few words each; the first is the most telling.
    """

    name: str
    before: float
    after: float
    of_before: float
    of_after: float
    why: tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """One student whose score is another; ``before`` and ``after`` are totals less what lateness costs."""

    student: str
    before: float
    after: float
    cells: tuple[CellChange, ...]
    notes: tuple[str, ...] = ()

    @property
    def gain(self) -> float:
        """Points won; below zero for points lost."""
        return round(self.after - self.before, 2)


@dataclass(frozen=True)
class Comparison:
    """A class before and after.

    Args:
        changes: students whose score, or that of a cell, is another.
        undecided: what is left to a person now and was not before, by student; their scores stand until then.
        kept: what the grader would give otherwise and a person has settled, by student.
    """

    changes: tuple[Change, ...] = ()
    undecided: tuple[tuple[str, tuple[str, ...]], ...] = ()
    kept: tuple[tuple[str, tuple[str, ...]], ...] = ()


def compare(before: Mapping[str, State], after: Mapping[str, State]) -> Comparison:
    """Compare students who are in both states."""
    both = [(before[name], after[name]) for name in sorted(before.keys() & after.keys())]
    return Comparison(
        tuple(change for old, new in both if (change := _change(old, settled(old, new)))),
        tuple((old.student, told) for old, new in both if (told := tuple(_undecided(old, new)))),
        tuple((old.student, told) for old, new in both if (told := tuple(_kept(old, new)))),
    )


def settled(before: State, after: State) -> State:
    """The state after, in which what a person has to decide counts as much as it did before: that is nobody's loss."""
    open_ = after.undecided()
    cells = {
        name: replace(cell, automatic=before.cells[name].automatic) if name in open_ and name in before.cells else cell
        for name, cell in after.cells.items()
    }
    return replace(after, cells=cells)


def _change(before: State, after: State) -> Change | None:
    cells = tuple(
        CellChange(_shown(name), old.score, new.score, old.maximum, new.maximum, tuple(_why(name, before, after)))
        for name, new in after.cells.items()
        if (old := before.cells.get(name)) and abs(new.score - old.score) >= SAME
    )
    if not cells and abs(after.total - before.total) < SAME:
        return None
    notes = []
    if abs(after.penalty - before.penalty) >= SAME:
        notes.append(f"off for lateness: {before.penalty:g}, now {after.penalty:g}")
    return Change(before.student, before.total, after.total, cells, tuple(notes))


def _shown(cell: str) -> str:
    return checked_exercise(cell) or cell


def _undecided(before: State, after: State) -> Iterator[str]:
    were = before.undecided()
    for name, reason in after.undecided().items():
        if name not in were:
            yield f"{_shown(name)} ({_harmless(reason)})"


def _kept(before: State, after: State) -> Iterator[str]:
    for name, new in after.cells.items():
        old = before.cells.get(name)
        if old is None or new.manual is None:
            continue
        if old.automatic != new.automatic:
            yield f"{_shown(name)}: a person gave {new.manual:g}; the grader's {_points(old)} is now {_points(new)}"
        if new.manual > new.maximum >= 0 and old.maximum != new.maximum:
            yield f"{_shown(name)}: a person gave {new.manual:g}, and it is worth {new.maximum:g} now"


def _points(cell: Cell) -> str:
    return "?" if cell.automatic is None else f"{cell.automatic:g}"


# ------------------------------------------------------------------------------------------------------------ the cause


def _why(name: str, before: State, after: State) -> Iterator[str]:
    """What differs in a cell whose score is another."""
    old, new = before.cells[name], after.cells[name]
    if old.maximum != new.maximum:
        yield f"worth {old.maximum:g}, now {new.maximum:g}"
    exercise = checked_exercise(name)
    if (reason := before.undecided().get(name)) is not None:
        yield f"was left to a person: {_harmless(reason)}"
        return
    had, has = before.verdicts.get(exercise), after.verdicts.get(exercise)
    found = list(verdict_differences(had, has)) if had and has else []
    yield from found
    if not found and old.maximum == new.maximum and exercise and had and has:
        yield "its parts weigh otherwise"
    if not exercise and old.automatic != new.automatic:
        yield "whether something was written is told otherwise"


def verdict_differences(before: Record, after: Record) -> Iterator[str]:
    """What two verdicts on one exercise decide otherwise, checks first."""
    had = {check["name"]: check for check in before["checks"]}
    has = {check["name"]: check for check in after["checks"]}
    for name, check in has.items():
        if name not in had:
            yield f"new check, {_said(check)}: {name}"
        elif _said(had[name]) != _said(check):
            yield f"{_said(had[name])}, now {_said(check)}: {name}"
    yield from (f"asked no more: {name}" for name in had if name not in has)
    for name in had.keys() & has.keys():
        if had[name]["share"] != has[name]["share"]:
            yield f"share {had[name]['share']:g}, now {has[name]['share']:g}: {name}"
        if had[name]["core"] != has[name]["core"]:
            yield f"{'now' if has[name]['core'] else 'no longer'} core: {name}"
    if before["reason"] != after["reason"]:
        now = _harmless(after["reason"])
        yield f"stopped: {now}" if now else f"no longer stopped: {_harmless(before['reason'])}"
    for part in before["fraction"].keys() & after["fraction"].keys():
        if part != WHOLE and before["fraction"][part] != after["fraction"][part]:
            yield f"{part}: {before['fraction'][part]:.0%}, now {after['fraction'][part]:.0%}"
    if before["fraction"] and after["fraction"] and before["fraction"].keys() != after["fraction"].keys():
        yield f"parts are now {', '.join(sorted(after['fraction']))}"


def _said(check: Check) -> str:
    """How a check went."""
    if check["repeats"]:
        return "open"
    return "not run" if not check["complete"] and not check["failed"] else "failed" if check["failed"] else "passed"


def _harmless(reason: str) -> str:
    """The beginning of a text that a student may have chosen, as it may stand in a terminal."""
    return printable(reason.strip().partition("\n")[0])[:MOST]
