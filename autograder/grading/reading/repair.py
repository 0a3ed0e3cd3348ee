"""Make a submitted notebook sound again, whatever was done to it: the release's cells, with the student's work in them.

Only sources are taken from a submission. Metadata, locked cells, order and completeness come from the release, so that
nothing a student or their editor does to a notebook can stop or bend its grading. Every repair is told to the student.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell

from autograder.course.cells import EXPERIMENT, OWN, experiment, nbgrader_name
from autograder.grading.reading.answers import by_place, by_text, unanswered
from autograder.grading.reading.evidence import Album, kept_outputs
from autograder.grading.reading.leftovers import without_leftover_raise
from autograder.grading.reading.pieces import doubtful_exercises, joined
from autograder.grading.reading.submitted import Found, read_cells
from autograder.jail.sources import bound, implements, parse

MAX_ADDED = 1000  # cells beside the release's own
MAX_ADDED_TEXT = 2_000_000  # characters in them


@dataclass(frozen=True)
class Repaired:
    """A sound notebook.

    Args:
        notes: what had to be done, one sentence each.
        unanswered: the questions that certainly have no answer.
        recognised: which part of the cells that count was there; 0 for another assignment's notebook.
        doubtful: exercises of which a person should look at lost points: code is there that nobody can run.
    """

    notebook: NotebookNode
    notes: tuple[str, ...]
    unanswered: tuple[str, ...] = ()
    recognised: float = 1.0
    doubtful: tuple[str, ...] = ()


def repair(submitted: Mapping[str, Any], release: NotebookNode) -> Repaired:
    """Rebuild a submission from the release.

    Args:
        submitted: a notebook as JSON values, of whatever content.
        release: the notebook that students received.

    Returns:
        Exactly the release's cells in the release's order, each of the student's own cells after the one it followed.
    """
    notes: list[str] = []
    known = {_key(cell): cell for cell in release.cells}
    named = _identify(read_cells(submitted, notes), release.cells, notes)
    _note_order([key for _, key in named if key], list(known), notes)
    copies: dict[str, list[Found]] = defaultdict(list)
    for found, key in named:
        copies[key].append(found)
    chosen = {key: _chosen(cell, copies[key]) for key, cell in known.items()}
    elsewhere = {name for found, _ in named if found.kind == "code" for name in found.defined}
    beside, groups = _Beside(known, chosen), _grouped(named)
    notebook = deepcopy(NotebookNode({**release, "cells": []}))  # each cell is copied when it is rebuilt
    notebook.cells = beside.cells("", groups[""])
    for key, cell in known.items():
        before, after = _around_chosen(groups[key], key, chosen)
        notebook.cells += beside.cells(key, before)
        notebook.cells.append(_rebuild(cell, chosen[key], beside.album, notes, defined=key in elsewhere))
        if len(copies[key]) > 1:
            _note_copies(cell, len(copies[key]), notes)
        notebook.cells += beside.cells(key, after)
    room = beside.room
    if room.refused:
        notes.append(f"there were more than {MAX_ADDED} cells or {MAX_ADDED_TEXT} characters of your own: "
                     "the rest were left out")  # fmt: skip
    added = (cell for cell in notebook.cells if _key(cell) not in known)
    for number, cell in enumerate(added):
        cell.id = f"added-{number}"  # nbformat would draw a random one: the same submission must stay the same
    empty = () if room.refused else _unanswered(known, chosen, beside.kept, notes)
    counting = [key for key, cell in known.items() if _is_work(cell) or cell.metadata.get("nbgrader", {}).get("grade")]
    recognised = sum(bool(copies[key]) for key in counting) / max(len(counting), 1)
    doubtful = doubtful_exercises(named, {key: chosen[key] for key, cell in known.items() if _is_exercise(cell)})
    return Repaired(notebook, tuple(dict.fromkeys(notes)), empty, recognised, doubtful)


def _unanswered(
    known: Mapping[str, NotebookNode],
    taken: Mapping[str, Found | None],
    extra: Mapping[str, list[Found]],
    notes: list[str],
) -> tuple[str, ...]:
    """The questions that certainly have no answer; one that may have it below itself is told."""
    questions = {key: cell for key, cell in known.items() if _is_answer(cell)}
    own = [found for key, cells in extra.items() if key not in questions for found in cells if found.kind != "code"]
    others = [found.source for found in own]
    others += [_written_into(known[key], found) for key, found in taken.items() if found is not None]
    empty = unanswered(list(questions.values()), taken, extra, others)
    for key, cell in questions.items():
        found = taken[key]
        if extra.get(key) and (found is None or not _edited(found, cell)):
            notes.append(f"the question {key} is as it was released, but there is work below it: a person reads it")
    return empty


def _written_into(cell: NotebookNode, found: Found) -> str:
    """What the student added to prose of the release."""
    if cell.cell_type != "markdown" or "nbgrader" in cell.metadata or not _edited(found, cell):
        return ""
    released = set(cell.source.split())
    return " ".join(word for word in found.source.split() if word not in released)


class _Room:
    """How much of a student's own there is still room for, beside the release's cells."""

    def __init__(self) -> None:
        self._cells, self._characters = MAX_ADDED, MAX_ADDED_TEXT
        self.refused = False

    def take(self, found: Found) -> bool:
        """Whether this cell still fits; it is counted then."""
        fits = self._cells > 0 and len(found.source) <= self._characters
        if fits:
            self._cells -= 1
            self._characters -= len(found.source)
        self.refused = self.refused or not fits
        return fits


Named = tuple[Found, str]  # a submitted cell, and which cell of the release it is; "" for the student's own


def _grouped(named: Sequence[Named]) -> dict[str, list[Named]]:
    """The submitted cells by the cell of the release that they stand at or after, in their order.

    A further copy of a cell stands where it is: it takes no cell that follows it back to the first one's place.
    """
    groups: dict[str, list[Named]] = defaultdict(list)
    anchor, seen = "", set()
    for found, key in named:
        if key and key not in seen:
            seen.add(key)
            anchor = key
        groups[anchor].append((found, key))
    return groups


def _around_chosen(
    group: Sequence[Named], key: str, chosen: Mapping[str, Found | None]
) -> tuple[list[Named], list[Named]]:
    """What of a group comes before the copy that counts, and what after it; copies that count elsewhere are left out.

    Where that copy stands further below, it follows the copies here: it was written after them.
    """
    copies = [place for place, (_, name) in enumerate(group) if name == key]
    place = next((place for place, (found, _) in enumerate(group) if found is chosen[key]), max(copies, default=-1))
    others = [(place, item) for place, item in enumerate(group) if item[0] is not chosen.get(item[1])]
    return [item for number, item in others if number <= place], [item for number, item in others if number > place]


class _Beside:
    """Makes the cells beside the release's own: the student's, and copies of the release's that hold something else.

    Jupyter would run copies of an exercise in their order, and so they are; copies of everything else are kept to read.

    Args:
        known: the release's cells.
        chosen: the copies that count: they are no cells beside.
    """

    def __init__(self, known: Mapping[str, NotebookNode], chosen: Mapping[str, Found | None]) -> None:
        self._known, self._chosen = known, chosen
        self.album, self.room = Album(), _Room()
        self.kept: dict[str, list[Found]] = defaultdict(list)  # what was made, by the release's cell that it stands by

    def cells(self, key: str, group: Sequence[Named]) -> list[NotebookNode]:
        """The cells of a group beside the release's cell ``key``."""
        return [made for found, name in group for made in self._made(key, found, name)]

    def _made(self, key: str, found: Found, name: str) -> list[NotebookNode]:
        cell = self._known.get(name)
        if not found.stripped or (cell is not None and not _adds(found, cell)) or not self.room.take(found):
            return []
        self.kept[key].append(found)
        own = cell is None or (_is_exercise(cell) and found.kind == "code")
        return [_added(found, self.album) if own else _spare(found, cell, self.album)]


def _identify(cells: Sequence[Found], release: Sequence[NotebookNode], notes: list[str]) -> list[Named]:
    """Find out which cell of the release each submitted cell is; "" for a cell of the student's own."""
    names: dict[tuple[str, str], str] = {}
    for cell in release:
        names["cell", cell.id] = _key(cell)
        if _is_experiment(cell):
            names[EXPERIMENT, experiment(cell.metadata)] = _key(cell)
        if "nbgrader" in cell.metadata:
            names["grade", _key(cell)] = _key(cell)

    def claimed(found: Found) -> str:
        return next((names[claim] for claim in found.claims if claim in names), "")

    known = {_key(cell): cell for cell in release}
    cells = [
        part for found in joined(cells, claimed, notes) for part in _unlocked(found, known.get(claimed(found)), notes)
    ]
    keys = [claimed(found) for found in cells]
    nameless = [number for number, key in enumerate(keys) if not key]
    same, defining = _by_source(cells, nameless), _by_function(cells, nameless)
    missing = set(known) - set(keys)
    for cell in (cell for cell in release if _key(cell) in missing):
        numbers = same.get(cell.source.strip())
        if numbers:
            keys[numbers.pop()] = _key(cell)
            missing.remove(_key(cell))
    for cell in (cell for cell in release if _key(cell) in missing and _is_exercise(cell)):
        fitting = [number for number in defining.get(_key(cell), ()) if not keys[number]]
        if fitting:
            working = [number for number in fitting if implements(cells[number].source, _key(cell))]
            keys[(working or fitting)[-1]] = _key(cell)
            notes.append(f"the cell {_key(cell)} had lost its name: it was recognised by the function in it")
    _find_texts(cells, keys, release, notes)
    return list(zip(cells, keys, strict=True))


def _find_texts(cells: Sequence[Found], keys: list[str], release: Sequence[NotebookNode], notes: list[str]) -> None:
    """Recognise what else lost its name: texts and experiments by their words, answers by their place, too."""
    wanted = [(key, cell) for cell in release if (key := _key(cell)) not in keys and not _is_code_of_ours(cell)]
    answers = [_key(cell) for cell in release if _is_answer(cell)]
    nameless = [number for number, key in enumerate(keys) if not key]
    for number, key in by_text(cells, nameless, wanted).items():
        keys[number] = key
        if key in answers:
            notes.append(f"the answer {key} had lost its name: it was recognised by its question")
    for number, key in by_place(cells, keys, [_key(cell) for cell in release], answers).items():
        keys[number] = key
        notes.append(f"the question {key} was missing: the text in its place was taken for the answer")


def _is_code_of_ours(cell: NotebookNode) -> bool:
    """Whether only the very same code is this cell: exercises are known by their functions, the rest is locked."""
    return cell.cell_type == "code" and not _is_experiment(cell)


def _unlocked(found: Found, cell: NotebookNode | None, notes: list[str]) -> list[Found]:
    """A submitted cell; of a locked one into which a student's code was merged, that code apart and first."""
    if cell is None or cell.cell_type != "code" or not _is_locked(cell) or not _edited(found, cell):
        return [found]
    theirs, ours = parse(found.source), parse(cell.source)
    if theirs is None or ours is None or bound(theirs) <= bound(ours):
        return [found]
    notes.append(f"code of yours in the locked cell {_key(cell)} was run before it")
    return [Found("code", found.source, (), None, {}), found]


def _by_source(cells: Sequence[Found], numbers: Sequence[int]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for number in numbers:
        found[cells[number].stripped].append(number)
    return found


def _by_function(cells: Sequence[Found], numbers: Sequence[int]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for number in numbers:
        for name in cells[number].defined if cells[number].kind == "code" else ():
            found[name].append(number)
    return found


def _edited(found: Found, cell: NotebookNode) -> bool:
    """Whether a cell says anything else than the released one; how lines end is an editor's choice."""
    return bool(found.stripped.splitlines() != cell.source.strip().splitlines())


def _chosen(cell: NotebookNode, copies: Sequence[Found]) -> Found | None:
    """The copy that counts: the last edited one and, of an exercise, the last that has something in it but a stub."""
    edited = [found for found in copies if _edited(found, cell)]
    if len(edited) > 1 and _is_exercise(cell):
        defining = [found for found in edited if _key(cell) in found.defined]
        working = [found for found in defining if implements(found.source, _key(cell))]
        return (working or defining or edited)[-1]
    return next(reversed(edited or copies), None)


def _key(cell: NotebookNode) -> str:
    return nbgrader_name(cell.metadata) or str(cell.id)


def _is_work(cell: NotebookNode) -> bool:
    """Whether the student writes in this cell: an exercise or an answer."""
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def _is_locked(cell: NotebookNode) -> bool:
    return "nbgrader" in cell.metadata and not _is_work(cell)


def _is_exercise(cell: NotebookNode) -> bool:
    return _is_work(cell) and cell.cell_type == "code"


def _is_answer(cell: NotebookNode) -> bool:
    return _is_work(cell) and cell.cell_type == "markdown"


def _is_experiment(cell: NotebookNode) -> bool:
    return bool(experiment(cell.metadata))


def _note_order(order: list[str], known: list[str], notes: list[str]) -> None:
    first = dict.fromkeys(order)
    if list(first) != [key for key in known if key in first]:
        notes.append("the cells were in another order: they were put back")


def _note_copies(cell: NotebookNode, count: int, notes: list[str]) -> None:
    if _is_work(cell):
        notes.append(f"the cell {_key(cell)} was there {count} times: the last edited copy was graded")
    elif _is_experiment(cell):
        notes.append(f"the experiment {_key(cell)} was there {count} times: all are shown")


def _rebuild(
    cell: NotebookNode, chosen: Found | None, album: Album, notes: list[str], *, defined: bool
) -> NotebookNode:
    """A cell of the release with the student's source in it, where the source is theirs to write.

    Args:
        defined: whether some cell of theirs defines what this one should.
    """
    made = deepcopy(cell)
    if made.cell_type == "code":
        made.outputs, made.execution_count = [], None
    key = _key(cell)
    if chosen is None:
        if _is_exercise(cell) and defined:
            notes.append(f"the cell {key} was missing: what another cell of yours calls {key} was graded")
        elif "nbgrader" in cell.metadata:
            notes.append(f"the cell {key} was missing: it was put back as it was released")
    elif _is_exercise(cell):
        made.source = without_leftover_raise(chosen.source, key, notes)
    elif _is_experiment(cell):
        made.source, made.outputs = chosen.source, kept_outputs(chosen.outputs, album)
    elif _is_work(cell) or "nbgrader" not in cell.metadata:  # an answer, or prose: theirs to annotate
        _write_text(made, chosen, album)
    elif _edited(chosen, cell):
        notes.append(f"the cell {key} is locked and had been changed: it was put back as it was released")
    return made


def _write_text(made: NotebookNode, found: Found, album: Album) -> None:
    """Put a student's text into a cell, with the pictures that belong to it."""
    made.source, pictures = album.text_of(found)
    if pictures and made.cell_type == "markdown":
        made.attachments = pictures


def _added(found: Found, album: Album) -> NotebookNode:
    """A cell of the student's own: what it says and shows, no metadata, no tags.

    The outputs of code are what the student saw. It is run again, and then they stand only where that shows less.
    """
    if found.kind == "code":
        return new_code_cell(found.source, outputs=kept_outputs(found.outputs, album))
    made = new_markdown_cell() if found.kind == "markdown" else new_raw_cell()
    _write_text(made, found, album)
    return made


def _spare(found: Found, cell: NotebookNode, album: Album) -> NotebookNode:
    """A copy beside the one that was chosen: kept for a reader, never run."""
    if _is_experiment(cell):
        made = new_code_cell(found.source, outputs=kept_outputs(found.outputs, album))
        made.metadata[OWN] = deepcopy(cell.metadata[OWN])
        return made
    if found.kind == "markdown":
        return _added(found, album)
    return new_raw_cell(found.source)


def _adds(found: Found, cell: NotebookNode) -> bool:
    """Whether a copy holds anything that the release does not."""
    return _edited(found, cell) or bool(_is_experiment(cell) and found.outputs)
