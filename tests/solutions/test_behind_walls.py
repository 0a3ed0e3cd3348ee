"""What is right keeps every point on a submission's way: behind walls, its arguments sent, its calls watched.

The doctor calls functions in its own process. What only the walls, the shared memory or the witness would spoil is
seen here.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from alone import judged_alone

from autograder.authoring.demo import cell_source
from autograder.course.config import load_course
from autograder.course.content import load_content
from autograder.jail.walls import tiers as walls

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = [assignment.folder for assignment in load_course(ROOT).assignments.values()]
IMPORTS = "import keras, numpy as np, tensorflow as tf\nimport matplotlib.pyplot as plt\nfrom keras import layers"


def students(folder: str) -> list[dict[str, str]]:
    """The reference solutions, then every exercise's first variant, then its second, as long as there are any."""
    content = load_content(folder)
    ways = {
        name: [function, *(variant.function for variant in content.variants[name])]
        for name, function in content.solutions.items()
        if name in content.specs
    }
    return [
        {name: cell_source(functions[number], name) for name, functions in ways.items() if number < len(functions)}
        for number in range(max(map(len, ways.values())))
    ]


@pytest.mark.slow
@pytest.mark.parametrize("folder", FOLDERS)
def test_the_solution_keeps_full_marks_behind_walls(folder, private_servers):
    assert lost_behind_walls(folder, students(folder)[:1]) == {}


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("folder", FOLDERS)
def test_every_variant_keeps_full_marks_behind_walls(folder, private_servers):
    assert lost_behind_walls(folder, students(folder)[1:]) == {}


def lost_behind_walls(folder: str, handed_in: list[dict[str, str]]) -> dict[tuple[int, str], object]:
    """What some students lose, by number and exercise, and why."""
    tier = walls.probe().tier
    if tier is None:
        pytest.skip(walls.probe().explain())
    lost: dict[tuple[int, str], object] = {}
    for number, sources in enumerate(handed_in):
        verdicts = judged_alone(folder, [IMPORTS, *sources.values()], list(sources), tier)
        for name, verdict in verdicts.items():
            if not set(verdict.fraction.values()) <= {1.0} or not verdict.fraction:
                problems = [f"{check.name}: {check.problem}" for check in verdict.checks if not check.passed]
                lost[number, name] = problems or verdict.traceback or verdict.reason
    return lost
