"""Find written answers, wherever they were written, and say which questions certainly have none.

Kaggle and Deepnote strip the names off cells, and many people write below a question instead of into it. So an answer
is recognised by its text and by its place, and only a question that stands there as it was released, with nothing of
the student's that could be its answer, is an empty one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from nbformat.notebooknode import NotebookNode

from autograder.grading.reading.submitted import Found

WORDS = re.compile(r"\w+|[^\w\s]")
RUN = 4  # words in a row by which texts are compared
MAX_WORDS = 5_000  # of one text; a question has a hundred
ALIKE = 0.5  # of a released text's runs that its edited copy still has
LOOSE = 25  # words: a shorter text far from a question is a heading or a remark


def by_text(
    cells: Sequence[Found], numbers: Sequence[int], wanted: Sequence[tuple[str, NotebookNode]]
) -> dict[int, str]:
    """Which of the nameless cells are edited copies of which released ones: those that have most of their words."""
    if not wanted:
        return {}
    shares = sorted(_shares(cells, numbers, wanted), key=lambda share: (-share[0], share[1]))
    found: dict[int, str] = {}
    for _, number, key in shares:
        if number not in found and key not in found.values():
            found[number] = key
    return found


def _shares(
    cells: Sequence[Found], numbers: Sequence[int], wanted: Sequence[tuple[str, NotebookNode]]
) -> Iterator[tuple[float, int, str]]:
    """How much of which released text is in which cell, where it is enough."""
    released = {key: (set(_runs(cell.source)), cell.cell_type) for key, cell in wanted}
    holders: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for key, (runs, _) in released.items():
        for run in runs:
            holders[run].append(key)
    for number in numbers:
        common: dict[str, int] = defaultdict(int)
        for run in set(_runs(cells[number].source)):
            for key in holders.get(run, ()):
                common[key] += 1
        for key, count in common.items():
            runs, kind = released[key]
            if count >= ALIKE * len(runs) and cells[number].kind in (kind, "raw"):
                yield count / len(runs), number, key


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    words = WORDS.findall(text[: 20 * MAX_WORDS])[:MAX_WORDS]
    return (tuple(words[n : n + RUN]) for n in range(len(words) - RUN + 1))


def by_place(
    cells: Sequence[Found], keys: Sequence[str], order: Sequence[str], answers: Sequence[str]
) -> dict[int, str]:
    """The student's own texts that stand where the cell of a question is missing.

    Args:
        cells: what was handed in.
        keys: which cell of the release each is; "" for one of the student's own.
        order: the keys of all cells of the release.
        answers: those of the questions.
    """
    found: dict[int, str] = {}
    for answer in (answer for answer in answers if answer not in keys):
        known = {key: number for number, key in enumerate(keys) if key} | {key: number for number, key in found.items()}
        place = order.index(answer)
        before = next((known[key] for key in reversed(order[:place]) if key in known), -1)
        after = next((known[key] for key in order[place + 1 :] if key in known), len(cells))
        texts = (n for n in range(before + 1, after) if not keys[n] and n not in found and _is_text(cells[n]))
        number = next(texts, None)
        if number is not None:
            found[number] = answer
    return found


def _is_text(found: Found) -> bool:
    return found.kind != "code" and bool(found.stripped or found.attachments)


def unanswered(
    answers: Sequence[NotebookNode],
    chosen: Mapping[str, Found | None],
    below: Mapping[str, Sequence[Found]],
    others: Sequence[str],
) -> tuple[str, ...]:
    """The questions whose cell is the released one, with nothing that could be an answer in it, below it or elsewhere.

    Args:
        answers: the questions' released cells.
        chosen: what was handed in for each, by grade id; None where the cell was missing.
        below: the student's own cells after each, other copies of it among them.
        others: all other texts of the student's own.
    """
    if any(len(WORDS.findall(text[:MAX_WORDS])) >= LOOSE for text in others):
        return ()
    return tuple(
        key
        for cell in answers
        if not below.get(key := str(cell.metadata.nbgrader["grade_id"])) and _is_released(chosen.get(key), cell)
    )


def _is_released(found: Found | None, cell: NotebookNode) -> bool:
    return found is None or (found.source.split() == cell.source.split() and not found.attachments)
