"""Students in every tier that this machine has; all from one warm server, which pytest leaves running."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from allowed import some_limits

from autograder.jail.client import Student, spawn
from autograder.jail.walls import tiers as walls

LIMITS = some_limits(memory_mb=256, disk_mb=16, output_kb=64)


@pytest.fixture(params=["namespaces", "landlock"])
def tier(request: pytest.FixtureRequest) -> str:
    feature = next(f for f in walls.probe().features if f.name == request.param)
    if not feature.holds:
        pytest.skip(f"no {feature.name} walls on this machine: {feature.detail}")
    return feature.name


@pytest.fixture
def new_student(tier: str) -> Iterator[Callable[..., Student]]:
    students = []

    def new(**settings) -> Student:
        students.append(spawn(settings.pop("limits", LIMITS), tier, **settings))
        return students[-1]

    yield new
    for student in students:
        student.close()


@pytest.fixture
def student(new_student: Callable[..., Student]) -> Student:
    return new_student()
