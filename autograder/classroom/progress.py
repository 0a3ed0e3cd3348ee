"""Show a grading while it goes on: a bar and a line for each submission on a terminal; the sum of it all everywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from autograder.grading.running.events import Begun, Died, Event, Finished, Judged, NotGraded, Repaired, Written

SHOWN = 5  # names of students, or kinds of ends, in one summary


def bar(console: Console) -> Progress:
    """A bar with the time that is left; nothing where the console is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(
        *columns, TextColumn("left"), TimeRemainingColumn(), console=console, disable=not console.is_terminal
    )


class Watching:
    """Hears a grading's events and shows them.

    Args:
        console: where to; nothing moves and no submission has a line of its own where that is no terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console, self._quiet = console, not console.is_terminal
        self._bar = bar(console)
        self._task = self._bar.add_task("grading", total=None)
        self.events: list[Event] = []

    def __enter__(self) -> Watching:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def hear(self, event: Event) -> None:
        """Take in what happens, as it happens."""
        self.events.append(event)
        match event:
            case Begun():
                self._bar.update(self._task, description=f"grading {event.assignment}", total=event.submissions)
            case Judged() if not self._quiet:
                self._bar.console.print(f"  {line(event)}", markup=False, highlight=False)
            case Written():
                self._bar.advance(self._task)

    def say(self, text: str, style: str | None = None) -> None:
        """Print a line below everything."""
        self._console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    def summary(self) -> None:
        """Print what there is to know when the run is over."""
        for text in summary(self.events):
            self.say(text)
        for event in self.events:
            if isinstance(event, Finished) and event.problem:
                self.say(event.problem, style="bold")


def line(event: Judged) -> str:
    """A submission in one line.

    >>> line(Judged("ada", 66.0, 70.0, 1.25, {}, ("relu", "fold"), "namespaces"))
    'ada  66 of 70 points  1.2 s  a person should look at relu, fold'
    """
    parts = [event.student, f"{event.score:g} of {event.of:g} points"]
    parts += ["judged before"] if event.before else [f"{event.seconds:.1f} s"]
    parts += [f"a person should look at {', '.join(event.flags)}"] if event.flags else []
    return "  ".join(parts)


def summary(events: Sequence[Event]) -> Iterator[str]:
    """What happened to whom: ends, repairs, flags, and what was known before; a line for each that happened at all."""
    passed_over = sum(event.passed_over for event in events if isinstance(event, Begun))
    if passed_over:
        were = "submission was" if passed_over == 1 else "submissions were"
        yield f"{passed_over} {were} graded before and stayed as they are; --force grades again"
    judged = [event for event in events if isinstance(event, Judged)]
    before = [event.student for event in judged if event.before]
    yield from _who("judged before, in a run that did not end", before)
    ends: dict[str, list[str]] = {}
    for event in events:
        if isinstance(event, Died):
            ends.setdefault(event.reason, []).append(event.student)
    for reason, students in sorted(ends.items(), key=lambda item: -len(item[1]))[:SHOWN]:
        yield from _who(f"an exercise was stopped ({reason})", students)
    if more := len(ends) - SHOWN:
        yield from [f"and stopped in {more} other ways: the feedback says how"] if more > 0 else []
    yield from _who("repaired, or told something", [event.student for event in events if isinstance(event, Repaired)])
    yield from _who("a person should look at an exercise", [event.student for event in judged if event.flags])
    for event in events:
        if isinstance(event, NotGraded):
            yield f"not graded, {event.student}: {event.reason}"


def _who(what: str, students: Sequence[str]) -> Iterator[str]:
    names = list(dict.fromkeys(students))
    if names:
        yield f"{what}: {len(names)} ({', '.join(names[:SHOWN])}{', ...' if len(names) > SHOWN else ''})"
