"""Results are taken as they come: who takes long keeps nobody back, and no more is held than there is room for."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from autograder.grading.running.ahead import ROOM, Ahead

PATIENCE = 60.0  # seconds: a busy machine is slow


class Work:
    """Work of which some waits until it is told to go on."""

    def __init__(self) -> None:
        self.held = {"slow": threading.Event(), "slower": threading.Event()}
        self.begun: list[str] = []

    def __call__(self, item: str) -> str:
        self.begun.append(item)
        if item in self.held:
            assert self.held[item].wait(PATIENCE)
        if item == "broken":
            raise ValueError("no result")
        return f"{item} done"

    def go_on(self) -> None:
        for event in self.held.values():
            event.set()


@pytest.fixture
def work() -> Iterator[Work]:
    work = Work()
    yield work
    work.go_on()


def taken(ahead: Ahead[str, str], count: int) -> list[str]:
    """So many items, in the order in which they come, each with its own result."""
    items = []
    for _ in range(count):
        item = ahead.take(PATIENCE)
        assert item is not None and ahead.result == f"{item} done"
        items.append(item)
    return items


def test_who_takes_long_keeps_nobody_back(work):
    names = [f"quick {number:02}" for number in range(20)]
    ahead = Ahead(2, work)
    ahead.begin(["slow", *names])
    assert sorted(taken(ahead, 20)) == names
    assert not ahead.over and ahead.take(0.01) is None
    work.go_on()
    assert taken(ahead, 1) == ["slow"] and ahead.over
    ahead.close()


def test_of_those_that_are_done_the_first_comes_first(work):
    ahead = Ahead(1, work)
    ahead.begin(f"quick {number}" for number in range(8))
    assert taken(ahead, 8) == [f"quick {number}" for number in range(8)]
    ahead.close()


def test_no_more_is_begun_than_there_is_room_for(work):
    asked = []

    def items() -> Iterator[str]:
        for number in range(1000):
            asked.append(number)
            yield f"quick {number}"

    jobs = 3
    ahead = Ahead(jobs, work)
    ahead.begin(items())
    for count in range(10):
        assert len(asked) == ROOM * jobs + count
        taken(ahead, 1)
    ahead.close()
    assert len(work.begun) <= len(asked)


def test_work_that_fails_says_so_when_it_is_taken_and_the_others_go_on(work):
    ahead = Ahead(1, work)
    ahead.begin(["quick 1", "broken", "quick 2"])
    assert taken(ahead, 1) == ["quick 1"] and ahead.take(PATIENCE) == "broken"
    with pytest.raises(ValueError, match="no result"):
        ahead.result  # noqa: B018
    assert taken(ahead, 1) == ["quick 2"] and ahead.over
    ahead.close()


def test_closing_finishes_what_is_at_work_and_begins_with_nothing_else(work):
    ahead = Ahead(2, work)
    ahead.begin(["slow", "slower", "quick 1", "quick 2"])
    threading.Timer(0.05, work.go_on).start()
    ahead.close()
    assert sorted(work.begun) == ["slow", "slower"]


def test_a_class_of_nobody_is_over_at_once(work):
    ahead = Ahead(2, work)
    ahead.begin([])
    assert ahead.over and ahead.take(PATIENCE) is None
    with pytest.raises(LookupError):
        ahead.result  # noqa: B018
    ahead.close()
