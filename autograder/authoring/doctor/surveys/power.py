"""How often tests of chance blame the innocent, and how often they catch the guilty: `course doctor --power`.

The first is computed, exactly or as an upper bound. The second is counted: every known-wrong implementation is asked
with many seeds, since each submission has but one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograder.authoring.doctor.examining import each_once
from autograder.authoring.doctor.workers import one_task_each
from autograder.course.chance import ChanceTest
from autograder.course.checks import Check, generator
from autograder.course.config import Assignment
from autograder.course.content import Content, chances, load_content
from autograder.judge.naming import number_layers_anew
from coursekit.checking import judge_case, observe_case

MOST_ALARMS = 1e-6  # of all tests of one exercise together
SURE = 0.95  # of the interval that is told


@dataclass
class Power:
    """What the tests of one exercise are worth.

    Args:
        tests: each with the probability that it blames an honest function.
        caught: for each check with such a test, how many of the seeds it fails each mutant with; those it never fails
            are left out.
        seeds: the number of seeds.
        findings: too many alarms, and mutants that lose no point with some seed.
    """

    tests: list[tuple[ChanceTest, float]]
    caught: dict[str, dict[str, int]]
    seeds: int
    findings: list[str] = field(default_factory=list)

    @property
    def alarm(self) -> float:
        """The probability that an honest submission fails any of the tests."""
        return sum(probability for _, probability in self.tests)


def at_least(seeds: int) -> float:
    """With which probability a mutant is caught that was caught with every seed: the lower end of the interval.

    >>> round(at_least(100), 2)
    0.97
    """
    return float((1 - SURE) ** (1 / seeds))


def measure_power(
    assignments: Sequence[Assignment],
    seeds: int,
    jobs: int | None = None,
    exercise: str | None = None,
    *,
    networks: bool = True,
) -> Iterator[tuple[Assignment, str, Power]]:
    """Ask every mutant of every exercise that tests chance, on all cores.

    Args:
        exercise: this one alone.
        networks: also exercises that build networks, which take long.

    Yields:
        Assignment, exercise and what its tests are worth, in order.
    """
    chosen = [
        (assignment, name)
        for assignment, name in each_once(assignments, exercise, networks=networks)
        if any(test.exercise == name for test in chances(assignment.folder))
    ]
    with one_task_each(jobs) as pool:
        results = pool.imap(_powered, [(assignment.folder, name, seeds) for assignment, name in chosen])
        for assignment, name in chosen:
            caught, missed = next(results)
            mine = [test for test in chances(assignment.folder) if test.exercise == name]
            power = Power([(test, test.of_a_submission) for test in mine], caught, seeds)
            power.findings += findings_of(name, power.alarm, missed)
            yield assignment, name, power


def findings_of(exercise: str, alarm: float, missed: dict[str, int]) -> list[str]:
    """What is wrong with an exercise's tests of chance.

    Args:
        alarm: the probability that an honest submission fails any of them.
        missed: with how many seeds a mutant loses no point.
    """
    found = [f"{exercise}: {id} loses no point with {count} of the seeds" for id, count in missed.items() if count]
    if alarm > MOST_ALARMS:
        found.append(f"{exercise}: an honest submission fails a test of chance with probability {alarm:.1e}, expected")
        found[-1] += f" at most {MOST_ALARMS:g}: widen a bound, or toss more coins"
    return found


def _powered(task: tuple[str, str, int]) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    folder, name, seeds = task
    tested = [test.check for test in chances(folder) if test.exercise == name]
    return count_caught(load_content(folder), name, list(dict.fromkeys(tested)), seeds)


def count_caught(
    content: Content, exercise: str, tested: Sequence[str], seeds: int
) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    """With how many seeds each of some checks fails each mutant, and with how many no check at all does."""
    spec = content.specs[exercise]
    mutants = [mutant for mutant in content.mutants[exercise] if not mutant.trained]
    caught: dict[str, dict[str, int]] = {check: {} for check in tested}
    missed = {mutant.id: 0 for mutant in mutants}
    for number in range(seeds):
        drawn = spec.drawn(f"power {number}".encode())
        first = [check for check in drawn.all_checks if check.name in tested]
        others = [check for check in drawn.all_checks if check.name not in tested]
        for mutant in mutants:
            failing = [check.name for check in first if _fails(check, mutant.function)]
            for check in failing:
                caught[check][mutant.id] = caught[check].get(mutant.id, 0) + 1
            missed[mutant.id] += not failing and not any(_fails(check, mutant.function) for check in others)
    return caught, missed


def _fails(check: Check, function: Callable[..., Any]) -> bool:
    for case in check.cases(generator(b"", check.name)):
        number_layers_anew()
        if judge_case(case, observe_case(function, case)) is not None:
            return True
    return False
