"""Written answers as people write them: none is given a zero unseen, and no empty question waits for a person."""

from __future__ import annotations

from typing import Any

import nbformat
from damage import cell_of
from real.handing_in import ANSWER, Bank, perfect
from real.pictures import picture
from released import Classroom

HAND_INS = Bank()
QUESTIONS = ("fold_proof", "same_padding_proof", "sigmoid_proof")
PROOF = "We show both inclusions. Every ReLU network is a network with thresholds, all of them zero. " * 3


def unanswered(classroom: Classroom) -> nbformat.NotebookNode:
    return classroom.notebook()


def insert_after(notebook: nbformat.NotebookNode, grade_id: str, *cells: nbformat.NotebookNode) -> None:
    place = notebook.cells.index(cell_of(notebook, grade_id)) + 1
    notebook.cells[place:place] = cells


def markdown(text: str, **more: Any) -> nbformat.NotebookNode:
    return nbformat.v4.new_markdown_cell(text, **more)


@HAND_INS.hand_in(silent=QUESTIONS)
def no_answer_at_all(classroom: Classroom) -> Any:
    return unanswered(classroom)


@HAND_INS.hand_in(silent=QUESTIONS)
def no_answer_and_windows_line_ends(classroom: Classroom) -> Any:
    notebook = unanswered(classroom)
    for cell in notebook.cells:
        cell.source = cell.source.replace("\n", "\r\n")
    return notebook


@HAND_INS.hand_in(silent=QUESTIONS)
def no_answer_but_headings_of_their_own(classroom: Classroom) -> Any:
    notebook = unanswered(classroom)
    notebook.cells.insert(0, markdown("# Ada Lovelace, group 7"))
    insert_after(notebook, "check_threshold_relu", markdown("that was easy"))
    return notebook


@HAND_INS.hand_in(silent=("same_padding_proof", "sigmoid_proof"), notes=("fold_proof is as it was released",))
def an_answer_in_a_new_cell_below(classroom: Classroom) -> Any:
    notebook = unanswered(classroom)
    insert_after(notebook, "fold_proof", markdown("Both directions are trivial."))
    return notebook


@HAND_INS.hand_in(silent=("same_padding_proof", "sigmoid_proof"), notes=("fold_proof is as it was released",))
def an_answer_in_a_code_cell_below(classroom: Classroom) -> Any:
    notebook = unanswered(classroom)
    insert_after(notebook, "fold_proof", nbformat.v4.new_code_cell("'''Both directions are trivial.'''"))
    return notebook


@HAND_INS.hand_in(
    silent=("fold_proof", "same_padding_proof"), notes=("sigmoid_proof is as it was released",), pictures=1
)
def a_photograph_below(classroom: Classroom) -> Any:
    notebook = unanswered(classroom)
    photograph = {"proof.jpg": {"image/jpeg": picture("JPEG")}}
    insert_after(notebook, "sigmoid_proof", markdown("![](attachment:proof.jpg)", attachments=photograph))
    return notebook


@HAND_INS.hand_in(shows=("We show both inclusions",))
def all_answers_at_the_end(classroom: Classroom) -> Any:
    notebook = unanswered(classroom)
    notebook.cells.append(markdown(f"## Answers\n\n{PROOF}"))
    return notebook


@HAND_INS.hand_in(shows=("We show both inclusions",))
def an_answer_in_the_prose_above(classroom: Classroom) -> Any:
    notebook = unanswered(classroom)
    next(cell for cell in notebook.cells if cell.source.startswith("### In front of")).source += f"\n\n{PROOF}"
    return notebook


@HAND_INS.hand_in(
    silent=("same_padding_proof", "sigmoid_proof"),
    notes=("fold_proof was missing: the text in its place", "the cell same_padding_proof was missing"),
)
def one_question_replaced_and_one_deleted(classroom: Classroom) -> Any:
    notebook = unanswered(classroom)
    place = notebook.cells.index(cell_of(notebook, "fold_proof"))
    notebook.cells[place] = markdown(PROOF)
    notebook.cells.remove(cell_of(notebook, "same_padding_proof"))
    return notebook


@HAND_INS.hand_in(silent=QUESTIONS, notes=tuple(f"the cell {name} was missing" for name in QUESTIONS))
def every_question_deleted(classroom: Classroom) -> Any:
    notebook = unanswered(classroom)
    for name in QUESTIONS:
        notebook.cells.remove(cell_of(notebook, name))
    return notebook


@HAND_INS.hand_in(notes=tuple(f"the answer {name} had lost its name" for name in QUESTIONS), shows=(ANSWER.strip(),))
def answers_without_their_names(classroom: Classroom) -> Any:
    notebook = perfect(classroom)
    for name in QUESTIONS:
        cell = cell_of(notebook, name)
        cell["id"] = f"new-{name}"
        cell["metadata"] = {}
    return notebook


@HAND_INS.hand_in(silent=("same_padding_proof", "sigmoid_proof"))
def an_answer_that_became_raw_text(classroom: Classroom) -> Any:
    notebook = unanswered(classroom)
    cell = cell_of(notebook, "fold_proof")
    cell.cell_type, cell.source = "raw", PROOF
    return notebook


@HAND_INS.hand_in(notes=("the cell fold_proof was there 2 times",), shows=("first half", "second half"))
def an_answer_in_two_copies_of_the_cell(classroom: Classroom) -> Any:
    notebook = perfect(classroom)
    cell = cell_of(notebook, "fold_proof")
    copy = nbformat.from_dict({**cell, "id": "copy", "source": f"{cell.source} second half"})
    cell.source += " first half"
    insert_after(notebook, "fold_proof", copy)
    return notebook
