"""Attacks that are graded at the same time, and the perfect submission in the midst of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from autograder.grading.grade import Grader, Result

COMPANY = 4
HONEST = "honest"
Known = dict[tuple[str, ...], dict[str, Result]]  # by the walls and the names of a company


def grade(grader: Grader, path: Path) -> Result:
    return grader.grade(grader.prepare(path))


def in_company(
    name: str, attacks: Mapping[str, object], known: Known, grader: Grader, write: Callable[[str], Path]
) -> tuple[Result, Result]:
    """What comes of an attack, and of the perfect submission that is graded beside it.

    Args:
        write: hands in an attack by its name, and what ``HONEST`` does.
    """
    start = list(attacks).index(name) // COMPANY * COMPANY
    names = (*tuple(attacks)[start : start + COMPANY], HONEST)
    key = (str(grader.tier), *names)
    if key not in known:
        paths = [write(each) for each in names]
        with ThreadPoolExecutor(len(paths)) as pool:
            known[key] = dict(zip(names, pool.map(lambda path: grade(grader, path), paths)))
    return known[key][name], known[key][HONEST]
