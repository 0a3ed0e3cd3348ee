"""The recipes of an item: a hash of its trial, and one for everybody who is measured by it."""

from __future__ import annotations

from autograder.authoring.calibrate.items import Item, people, trial_of
from autograder.authoring.calibrate.recipe import digest
from autograder.course.content import load_content
from autograder.judge.laboratory import open_laboratory

Recipes = dict[str, tuple[bool, str]]  # by id: whether it is correct, and its own hash


def recipes(item: Item) -> tuple[Recipes, str]:
    """The hashes of everybody's code, and that of the trial with what draws its images."""
    content = load_content(item.folder)
    trial = trial_of(content, item.exercise)
    found = {one.id: (one.correct, digest(one.function)) for one in people(content, item.exercise)}
    return found, digest(trial.measure, *([open_laboratory] if item.images else []))
