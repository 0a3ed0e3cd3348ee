"""What `course doctor` can do instead of its examination: long surveys of the bank, each with an option of its own."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from autograder.commands.common import chosen, counted
from autograder.course.config import Assignment, Course, CourseError


def with_exercise(assignments: list[Assignment], exercise: str | None) -> list[Assignment]:
    """The assignments that have the exercise; all of them where none is named."""
    if exercise is None:
        return assignments
    found = [assignment for assignment in assignments if exercise in assignment.exercises]
    if not found:
        raise CourseError([f"{exercise}: expected an exercise that course.yaml gives points"])
    return found


def _speaker(arguments: argparse.Namespace) -> Callable[..., None]:
    """Where a person reads on: beside JSON, which has standard output for itself, on standard error."""
    return partial(print, file=sys.stderr if arguments.json else sys.stdout, flush=True)


@dataclass(frozen=True)
class Report:
    """What a survey found.

    Args:
        counts: for machines.
        well: what to say where nothing was found.
    """

    findings: list[str]
    counts: Mapping[str, object]
    well: str = "all is well"


def asked_for(arguments: argparse.Namespace) -> list[str]:
    """The names of the surveys that the options ask for, in our order."""
    return [name for name in ALL if getattr(arguments, name)]


def run(course: Course, arguments: argparse.Namespace) -> int:
    """Run the surveys that are asked for, one after the other; JSON has a key for each.

    Returns:
        The exit status: 1 where any of them has a finding.
    """
    say, names = _speaker(arguments), asked_for(arguments)
    reports = dict[str, Report]()
    for name in names:
        say(f"{name}:") if len(names) > 1 else None
        reports[name] = report = ALL[name](course, arguments)
        say(report.well if not report.findings else counted(len(report.findings), "finding"))
    if arguments.json:
        told = {name: {"findings": report.findings, "counts": report.counts} for name, report in reports.items()}
        print(json.dumps(told, indent=1))
    return 1 if any(report.findings for report in reports.values()) else 0


def sweep(course: Course, arguments: argparse.Namespace) -> Report:
    """Ask every correct implementation with many seeds; one that loses a point is a finding."""
    from autograder.authoring.doctor.surveys.sweep import Swept
    from autograder.authoring.doctor.surveys.sweep import sweep as each_exercise

    assignments = with_exercise(chosen(course, arguments.assignment), arguments.exercise)
    numbers, total = range(arguments.first, arguments.first + arguments.sweep), Swept()
    say = _speaker(arguments)
    say(f"seeds {numbers[0]} to {numbers[-1]}; below each exercise, the correct value nearest to each tolerance's edge")
    for assignment, name, swept in each_exercise(assignments, numbers, arguments.jobs, arguments.exercise):
        total.add(swept)
        say(f"{assignment.name} {name:28} {swept.counts['cases']:6} answers, losses: {len(swept.losses)}")
        say("".join(f"  {one}\n" for one in swept.closest.values()), end="")
        say("".join(f"  FINDING {loss}\n" for loss in swept.losses), end="")
    say("smallest margin of each tolerance:")
    say("".join(f"  {one}\n" for one in sorted(total.closest.values(), key=lambda one: -one.used)), end="")
    say(f"{total.counts['cases']} answers of correct implementations; points lost: {len(total.losses)}")
    return Report(total.losses, dict(total.counts), "nobody loses a point")


def conditional(course: Course, arguments: argparse.Namespace) -> Report:
    """Look for conditions under which alone a function may be wrong and keep full marks."""
    from autograder.authoring.doctor.surveys.conditional import examine_conditions

    return _by_exercise(course, arguments, examine_conditions)


def mechanical(course: Course, arguments: argparse.Namespace) -> Report:
    """Judge every small change of every correct implementation."""
    from autograder.authoring.doctor.mutation.mechanical import hunt

    return _by_exercise(course, arguments, hunt)


class _Seen(Protocol):
    """What a survey saw of one exercise; as a string, in a line."""

    @property
    def counts(self) -> Mapping[str, int]: ...
    @property
    def findings(self) -> list[str]: ...


def _by_exercise(
    course: Course, arguments: argparse.Namespace, survey: Callable[..., Iterator[tuple[Assignment, str, _Seen]]]
) -> Report:
    say = _speaker(arguments)
    findings, counts = list[str](), dict[str, dict[str, int]]()
    assignments = with_exercise(chosen(course, arguments.assignment), arguments.exercise)
    asked = (course.root, assignments, arguments.jobs, arguments.exercise)
    for assignment, name, seen in survey(*asked, networks=not arguments.quick):
        counts[name] = dict(seen.counts)
        findings += seen.findings
        say(f"{assignment.name} {name:28} {seen}")
        say("".join(f"  FINDING {finding}\n" for finding in seen.findings), end="")
    return Report(findings, counts)


def regrade(course: Course, arguments: argparse.Namespace) -> Report:
    """Judge every known implementation again and again, and compare the bytes of the verdicts."""
    from autograder.authoring.doctor.surveys.regrading import regrade as each_round

    say = _speaker(arguments)
    findings, counts = list[str](), dict[str, int]()
    assignments = with_exercise(chosen(course, arguments.assignment), arguments.exercise)
    for number, seen in enumerate(each_round(course, assignments, arguments.regrade, arguments.exercise), 1):
        counts = {"rounds": number, "verdicts": seen.verdicts}
        findings += seen.findings
        say(f"round {number:3}: {seen.verdicts} verdicts by {counted(seen.workers, 'worker')}")
        say("".join(f"  FINDING {finding}\n" for finding in seen.findings), end="")
    return Report(findings, counts, "no byte differs")


def power(course: Course, arguments: argparse.Namespace) -> Report:
    """Tests of chance: how often they blame an honest function, and catch a wrong one."""
    from autograder.authoring.doctor.surveys.power import at_least, measure_power

    say = _speaker(arguments)
    findings, counts = list[str](), dict[str, float]()
    assignments = with_exercise(chosen(course, arguments.assignment), arguments.exercise)
    asked = (assignments, arguments.power, arguments.jobs, arguments.exercise)
    for assignment, name, seen in measure_power(*asked, networks=not arguments.quick):
        counts[name] = seen.alarm
        findings += seen.findings
        say(f"{assignment.name} {name}: an honest submission is blamed with probability {seen.alarm:.1e}")
        for test, alarm in seen.tests:
            caught = seen.caught[test.check]
            always = sum(count == seen.seeds for count in caught.values())
            say(f"  {alarm:.1e}  {test.check!r}: {test.what}; always rejects {counted(always, 'mutant')}")
            rarely = {id: count for id, count in caught.items() if count < seen.seeds}
            say(
                "".join(f"           {id}: with {count} of {seen.seeds} seeds\n" for id, count in rarely.items()),
                end="",
            )
        say("".join(f"  FINDING {finding}\n" for finding in seen.findings), end="")
    sure = 100 * at_least(arguments.power)
    say(f"always: with each of {arguments.power} seeds, so with probability {sure:.0f} % or more (95 % confidence)")
    return Report(findings, counts)


def tolerances(course: Course, arguments: argparse.Namespace) -> Report:
    """Tolerances: how far right answers stay below them, and how far wrong ones lie above."""
    from autograder.authoring.doctor.surveys.tolerances import survey_tolerances

    say = _speaker(arguments)
    findings, counts = list[str](), dict[str, object]()
    assignments = with_exercise(chosen(course, arguments.assignment), arguments.exercise)
    asked = (course.root, assignments, arguments.tolerances, arguments.jobs, arguments.exercise)
    for assignment, name, seen in survey_tolerances(*asked, networks=not arguments.quick, say=say):
        counts[name] = {case: margin.in_short() for case, margin in seen.cases.items()}
        findings += seen.findings
        say(
            f"{assignment.name} {name}: of each check the largest right error and the smallest wrong one, per tolerance"
        )
        for check, margin in seen.by_check().items():
            say(f"  {check!r}")
            say("".join(f"    {line}\n" for line in margin.lines()), end="")
        say("".join(f"  FINDING {finding}\n" for finding in seen.findings), end="")
    return Report(findings, counts)


def mutate_grader(course: Course, arguments: argparse.Namespace) -> Report:
    """Weaken the grader in many ways; a weakening that nobody notices is a finding."""
    from autograder.authoring.doctor.weakening.survey import survey
    from autograder.authoring.doctor.weakening.weakenings import LIGHT, WEAKENINGS

    say = _speaker(arguments)
    findings, noticed = list[str](), dict[str, str]()
    assignments = with_exercise(chosen(course, arguments.assignment), arguments.exercise)
    known = LIGHT if arguments.quick else WEAKENINGS
    asked = (course, assignments, known, arguments.jobs, arguments.exercise)
    for number, seen in enumerate(survey(*asked, networks=not arguments.quick)):
        if number:
            noticed[seen.weakening] = seen.by
            say(f"{seen.weakening:46} {seen.by}")
        elif not seen.findings:
            say("the grader as it is judges the whole bank as it should")
        findings += seen.findings
        say("".join(f"  FINDING {finding}\n" for finding in seen.findings), end="")
    return Report(findings, noticed, f"{counted(len(noticed), 'weakening')}, all noticed")


ALL: dict[str, Callable[[Course, argparse.Namespace], Report]] = {  # by the option that asks for it
    "sweep": sweep,
    "conditional": conditional,
    "mechanical": mechanical,
    "regrade": regrade,
    "power": power,
    "tolerances": tolerances,
    "mutate_grader": mutate_grader,
}
