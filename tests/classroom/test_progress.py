"""What a lecturer sees of a grading: lines and a bar on a terminal, in a file the sum of it alone."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from rich.console import Console

from autograder.classroom.grading import timing_table
from autograder.classroom.progress import Watching
from autograder.grading.running.events import Begun, Died, Event, Finished, Judged, NotGraded, Repaired, Written


def judged(student: str, *, flags: tuple[str, ...] = (), before: bool = False) -> Judged:
    return Judged(student, 66.0, 70.0, 1.25, {"relu": 0.5}, flags, "namespaces", before)


EVENTS: tuple[Event, ...] = (
    Begun("a1", 3, 2),
    Repaired("ada", "a cell was moved"),
    Repaired("ada", "another was"),
    Died("ada", "relu", "time limit of 10 s"),
    Died("ada", "fold", "time limit of 10 s"),
    judged("ada", flags=("relu",)),
    Written("ada"),
    Died("bo", "relu", "exited with status 0"),
    Died("bo", "fold", "time limit of 10 s"),
    judged("bo", before=True),
    NotGraded("cy", "OSError: gone"),
    Finished("stopped: as you asked; run the same command again"),
)


def shown(terminal: bool, events: tuple[Event, ...] = EVENTS) -> list[str]:
    file = StringIO()
    console = Console(file=file, width=150, force_terminal=terminal, color_system=None, legacy_windows=False)
    with Watching(console) as watching:
        for event in events:
            watching.hear(event)
    watching.summary()
    return [re.sub(r"\x1b\[[?0-9]*[a-zA-Z]", "", line).rstrip() for line in file.getvalue().splitlines()]


SUMMARY = [
    "2 submissions were graded before and stayed as they are; --force grades again",
    "judged before, in a run that did not end: 1 (bo)",
    "an exercise was stopped (time limit of 10 s): 2 (ada, bo)",
    "an exercise was stopped (exited with status 0): 1 (bo)",
    "repaired, or told something: 1 (ada)",
    "a person should look at an exercise: 1 (ada)",
    "not graded, cy: OSError: gone",
    "stopped: as you asked; run the same command again",
]


def test_in_a_file_there_is_the_sum_of_it_and_nothing_else():
    assert shown(terminal=False) == SUMMARY
    assert shown(terminal=False, events=(Begun("a1", 1, 0), judged("ada"), Written("ada"), Finished())) == []


def test_on_a_terminal_every_submission_has_a_line_and_the_bar_moves():
    lines = shown(terminal=True)
    text = "\n".join(lines)
    assert "  ada  66 of 70 points  1.2 s  a person should look at relu" in text
    assert "  bo  66 of 70 points  judged before" in text
    assert "grading a1" in text and "1/3" in text
    assert lines[-len(SUMMARY) :] == SUMMARY


@pytest.mark.parametrize("ways", [5, 6, 9])
def test_many_ways_to_end_are_counted(ways):
    events = tuple(Died(f"s{number}", "relu", f"exited with status {number}") for number in range(ways))
    lines = shown(terminal=False, events=events)
    assert len(lines) == min(ways, 6)
    assert (f"in {ways - 5} other ways" in lines[-1]) == (ways > 5)


def test_seconds_are_told_by_exercise():
    console = Console(file=StringIO(), width=100)
    console.print(timing_table([judged("ada"), judged("bo")], {"relu": True, "fold": False}))
    text = console.file.getvalue()
    assert "relu (with training)" in text and "0.50" in text and "whole submission" in text and "fold" not in text
