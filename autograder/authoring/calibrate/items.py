"""Accuracy items: one exercise's trial on one dataset, and everybody who is measured by it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.course.bounds import ANY
from autograder.course.config import Assignment, CourseError, DataSettings
from autograder.course.content import Content, load_content
from autograder.course.trials import Trial
from coursekit.data.loaders import FOLDER_VARIABLE, SYNTHETIC, read_manifest

REFERENCE = "reference"


@dataclass(frozen=True)
class Item:
    """An exercise's trial on one dataset.

    Args:
        folder: the assignment's.
        data: the dataset's name; ``any`` for a trial that needs no images.
        images: the kind of images that the trial draws.
    """

    folder: str
    exercise: str
    data: str
    images: str | None

    def __str__(self) -> str:
        return self.exercise if self.data == ANY else f"{self.exercise} on {self.data}"

    @property
    def datasets(self) -> dict[str, str]:
        """What a laboratory is opened with."""
        return {self.images: self.data} if self.images else {}


@dataclass(frozen=True)
class Person:
    """An implementation that is measured: the reference, a variant or a mutant."""

    id: str
    correct: bool
    function: Callable[..., Any]


def trial_of(content: Content, exercise: str) -> Trial:
    """The trial of an exercise that has one."""
    trial = content.specs[exercise].trial
    if trial is None:
        raise CourseError([f"{exercise}: expected an exercise with a trial"])
    return trial


def people(content: Content, exercise: str) -> list[Person]:
    """Every correct implementation of an exercise, and every wrong one that its trial must reject.

    Raises:
        CourseError: when the trial names a mutant that is none.
    """
    trial, mutants = trial_of(content, exercise), content.mutants[exercise]
    unknown = set(trial.rejects) - {mutant.function.__name__ for mutant in mutants}
    if unknown:
        raise CourseError([f"{exercise}: rejects: expected names of mutants, received {', '.join(sorted(unknown))}"])
    wrong = [m for m in mutants if m.trained or m.function.__name__ in trial.rejects]
    return [
        Person(REFERENCE, True, content.solutions[exercise]),
        *(Person(variant.id, True, variant.function) for variant in content.variants[exercise]),
        *(Person(mutant.id, False, mutant.function) for mutant in wrong),
    ]


def items(assignments: Sequence[Assignment], datasets: Mapping[str, Sequence[str]]) -> Iterator[Item]:
    """Every accuracy item that course.yaml gives points, on each dataset of its kind."""
    for assignment in assignments:
        content = load_content(assignment.folder)
        for exercise in assignment.exercises:
            spec = content.specs.get(exercise)
            if spec is not None and spec.trial is not None:
                kind = spec.trial.images
                for data in datasets[kind] if kind else [ANY]:
                    yield Item(assignment.folder, exercise, data, kind)


def known_datasets() -> dict[str, tuple[str, ...]]:
    """By kind of images, every dataset that a course may use: the synthetic one, then the real one."""
    settings = DataSettings.model_fields
    return {kind: tuple(settings[kind].annotation.__args__) for kind in ("grey", "colour")}  # type: ignore[union-attr]


def datasets_at_hand() -> dict[str, tuple[str, ...]]:
    """By kind of images: the synthetic dataset always, the real one where ``COURSE_DATA_DIR`` has it."""
    here = os.environ.get(FOLDER_VARIABLE)
    folders = {name: dataset.folder or name for name, dataset in read_manifest().items()}
    return {
        kind: tuple(name for name in names if name in SYNTHETIC or (here and (Path(here) / folders[name]).is_dir()))
        for kind, names in known_datasets().items()
    }
