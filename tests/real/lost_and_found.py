"""Hand-ins under other names, in other wrappings, beside other files: whoever handed in anything has a row."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from real.handing_in import ALL, Bank, Files, notebook_name, perfect
from released import Classroom

from solutions.a1_relu_sigmoid import solution

HAND_INS = Bank()
NAME = "a1_relu_sigmoid.ipynb"
ALL_LOST = {
    "threshold_relu": 4, "threshold_relu_backward": 8, "fold_threshold_dense": 10, "fold_threshold_network": 14,
    "fold_threshold_conv": 14, "sigmoid_forward": 8, "sigmoid_backward": 6, "affine_backward": 6,
}  # fmt: skip
ANSWERS = ("fold_proof", "same_padding_proof", "sigmoid_proof")
NOTHING = {"lost": ALL_LOST, "flagged": ALL}


def zipped(files: Mapping[str, Any]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content if isinstance(content, str | bytes) else json.dumps(content))
    return buffer.getvalue()


def changed_at(content: Any, time: int) -> Any:
    """A file that was changed at a time."""

    def write(path: Path) -> None:
        path.write_text(json.dumps(content))
        os.utime(path, (time, time))

    return write


# ------------------------------------------------------------------------------------------------------------- names


@HAND_INS.hand_in(notes=("the notebook was called `a1_relu_sigmoid (1).ipynb`",))
def second_download_alone(classroom: Classroom) -> Files:
    return Files({"a1_relu_sigmoid (1).ipynb": perfect(classroom)})


@HAND_INS.hand_in(
    notes=("was called `a1_relu_sigmoid (1).ipynb`", "nothing had been done in `a1_relu_sigmoid.ipynb`"),
)
def second_download_beside_the_blank_original(classroom: Classroom) -> Files:
    return Files({NAME: classroom.release(), "a1_relu_sigmoid (1).ipynb": perfect(classroom)})


@HAND_INS.hand_in(notes=("nothing had been done in `Untitled.ipynb`",))
def a_blank_copy_beside_the_work(classroom: Classroom) -> Files:
    return Files({NAME: perfect(classroom), "Untitled.ipynb": classroom.release()})


@HAND_INS.hand_in(notes=("the same work was in `copy.ipynb`",))
def the_same_work_twice(classroom: Classroom) -> Files:
    return Files({NAME: perfect(classroom), "copy.ipynb": perfect(classroom)})


@HAND_INS.hand_in(
    flagged=ALL,
    notes=("other work in `a1_relu_sigmoid (1).ipynb`: `a1_relu_sigmoid.ipynb` was graded because it has the name",),
)
def two_with_different_work(classroom: Classroom) -> Files:
    other = perfect(classroom, {"threshold_relu": "def threshold_relu(x, t):\n    return x\n"})
    return Files({NAME: perfect(classroom), "a1_relu_sigmoid (1).ipynb": other})


@HAND_INS.hand_in(
    flagged=ALL,
    notes=("was called `a1 final.ipynb`", "other work in `a1 old.ipynb`: `a1 final.ipynb` was graded"),
)
def two_of_other_names(classroom: Classroom) -> Files:
    older = perfect(classroom, {"threshold_relu": "def threshold_relu(x, t):\n    return x\n"})
    return Files({"a1 old.ipynb": changed_at(older, 1000), "a1 final.ipynb": changed_at(perfect(classroom), 2000)})


@HAND_INS.hand_in(notes=("was called `homework.ipynb`", "that can be read was in `a1_relu_sigmoid.ipynb`"))
def a_broken_original_beside_the_work(classroom: Classroom) -> Files:
    return Files({NAME: json.dumps(classroom.release())[:2000], "homework.ipynb": perfect(classroom)})


@HAND_INS.hand_in(notes=("was called `a1_relu_sigmoid _draft_.ipynb`",))
def brackets_in_the_files_name(classroom: Classroom) -> Files:
    return Files({"a1_relu_sigmoid [draft].ipynb": perfect(classroom)})


@HAND_INS.hand_in(student="Ada [x]")
def brackets_in_the_students_name(classroom: Classroom) -> Any:
    return perfect(classroom)


@HAND_INS.hand_in(student="what*is?this")
def a_pattern_as_a_students_name(classroom: Classroom) -> Any:
    return perfect(classroom)


@HAND_INS.hand_in(student="Zoë O'Hara, née B. 王")
def a_long_name_with_everything(classroom: Classroom) -> Any:
    return perfect(classroom)


@HAND_INS.hand_in(student="ada\nlovelace", row="ada_lovelace-0a70f9")
def a_newline_in_the_students_name(classroom: Classroom) -> Any:
    return perfect(classroom)


# ---------------------------------------------------------------------------------------------------------- wrappings


@HAND_INS.hand_in(notes=("was called `a1_relu_sigmoid (from homework).ipynb`",))
def one_folder_deeper(classroom: Classroom) -> Files:
    return Files({f"homework/{NAME}": perfect(classroom)})


@HAND_INS.hand_in(
    notes=("was called `a1_relu_sigmoid (from my work a1).ipynb`", "nothing had been done in `a1_relu_sigmoid.ipynb`")
)
def two_folders_deeper_beside_the_blank_original(classroom: Classroom) -> Files:
    return Files({NAME: classroom.release(), f"my work/a1/{NAME}": perfect(classroom)})


@HAND_INS.hand_in()
def a_checkpoint_is_no_second_notebook(classroom: Classroom) -> Files:
    checkpoint = ".ipynb_checkpoints/a1_relu_sigmoid-checkpoint.ipynb"
    return Files({NAME: perfect(classroom), checkpoint: classroom.release()})


@HAND_INS.hand_in(notes=("was called `a1_relu_sigmoid.ipynb in a1.zip`",))
def zip_only(classroom: Classroom) -> Files:
    return Files({"a1.zip": zipped({NAME: perfect(classroom)})})


@HAND_INS.hand_in(notes=("was called `a1_a1_relu_sigmoid.ipynb in hand in.zip`",))
def zip_with_a_folder_and_what_a_mac_adds(classroom: Classroom) -> Files:
    members = {f"a1/{NAME}": perfect(classroom), f"__MACOSX/a1/._{NAME}": b"\0\1", "a1/plot.png": b"png"}
    return Files({"hand in.ZIP": zipped(members)})


@HAND_INS.hand_in(notes=("was called `a1_relu_sigmoid.ipynb in work (from upload).zip`",))
def zip_in_a_folder(classroom: Classroom) -> Files:
    return Files({"upload/work.zip": zipped({NAME: perfect(classroom)})})


@HAND_INS.hand_in(notes=("was called `a1_relu_sigmoid.ipynb in a1_relu_sigmoid.ipynb`",))
def zip_that_is_called_a_notebook(classroom: Classroom) -> Files:
    return Files({NAME: zipped({NAME: perfect(classroom)})})


@HAND_INS.hand_in(notes=("nothing of this assignment that can be read was in `data.zip`",))
def zip_of_data_beside_the_work(classroom: Classroom) -> Files:
    return Files({NAME: perfect(classroom), "data.zip": zipped({"data.csv": "1,2"})})


# -------------------------------------------------------------------------------------------------------- no notebook


@HAND_INS.hand_in(**NOTHING, notes=("unreadable: a1.zip: expected a notebook in it, received solution.py",))
def zip_without_a_notebook(classroom: Classroom) -> Files:
    return Files({"a1.zip": zipped({"solution.py": "x = 1"})})


@HAND_INS.hand_in(**NOTHING, notes=("unreadable: a1.zip: expected a ZIP archive",))
def zip_that_was_cut_off(classroom: Classroom) -> Files:
    return Files({"a1.zip": zipped({NAME: perfect(classroom)})[:-200]})


@HAND_INS.hand_in(**NOTHING, notes=("expected a notebook, received a folder with `a1_relu_sigmoid.py`, `notes.txt`",))
def script_only(classroom: Classroom) -> Files:
    source = Path(solution.__file__).read_text()
    return Files({"a1_relu_sigmoid.py": source, "notes.txt": "the notebook did not open"})


@HAND_INS.hand_in(**NOTHING, notes=("expected a notebook, received a folder with `a1.pdf`",))
def pdf_only(classroom: Classroom) -> Files:
    return Files({"a1.pdf": b"%PDF-1.7"})


@HAND_INS.hand_in(**NOTHING, notes=("expected a notebook, received an empty folder",))
def nothing_at_all(classroom: Classroom) -> Files:
    return Files({})


@HAND_INS.hand_in(**NOTHING, notes=("unreadable: a1_relu_sigmoid.ipynb: expected a notebook in JSON",))
def empty_file(classroom: Classroom) -> Files:
    return Files({NAME: b""})


@HAND_INS.hand_in(notes=("the notebook was called `mine.ipynb`",))
def three_hundred_files_and_a_renamed_notebook(classroom: Classroom) -> Files:
    return Files({f"frame{number:03d}.png": b"x" for number in range(300)} | {"mine.ipynb": perfect(classroom)})


MISSING = (
    "setup_1", "threshold_relu", "check_threshold_relu", "setup_2", "threshold_relu_backward",
    "check_threshold_relu_backward", "fold_threshold_dense", "check_fold_threshold_dense", "fold_threshold_network",
    "check_fold_threshold_network", "fold_proof", "fold_threshold_conv", "check_fold_threshold_conv",
    "same_padding_proof", "check_sigmoid_forward", "sigmoid_backward", "check_sigmoid_backward", "sigmoid_proof",
    "affine_backward", "check_affine_backward",
)  # fmt: skip


def foreign(*sources: str) -> dict[str, Any]:
    """A notebook of some other course."""
    code = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cells = [{**code, "id": f"c{number}", "source": source} for number, source in enumerate(sources)]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


@HAND_INS.hand_in(**NOTHING, notes=("expected this assignment's notebook, received none of its cells",))
def another_courses_notebook(classroom: Classroom) -> Any:
    return foreign("import numpy as np", "print(np.pi)")


@HAND_INS.hand_in(notes=("nothing of this assignment that can be read was in `a2.ipynb`, `sketch.ipynb`",))
def other_notebooks_beside_the_work(classroom: Classroom) -> Files:
    return Files({NAME: perfect(classroom), "a2.ipynb": foreign("a = 2"), "sketch.ipynb": foreign("while True: pass")})


@HAND_INS.hand_in(
    flagged=ALL,
    lost={name: points for name, points in ALL_LOST.items() if name != "sigmoid_forward"},
    notes=("few of this assignment's cells", "lost its name", *(f"the cell {name} was missing" for name in MISSING)),
)
def another_assignment_with_one_exercise_in_common(classroom: Classroom) -> Any:
    return foreign("import numpy as np", classroom.right["sigmoid_forward"])


# --------------------------------------------------------------------------------------------------------- timestamps


def dated(name: str, timestamp: Any) -> None:
    """A hand-in whose ``timestamp.txt`` cannot be read."""

    @HAND_INS.hand_in(name=f"timestamp-{name}")
    def build(classroom: Classroom) -> Files:
        return Files({notebook_name(classroom): perfect(classroom), "timestamp.txt": timestamp})


dated("is-a-place", "2027-03-01 10:00:00 America")
dated("from-notepad", "2027-03-01 10:00:00 UTC".encode("utf-16"))
dated("is-empty", "")
dated("is-a-word", "yesterday")
dated("of-no-year", "0000-00-00 00:00:00 UTC")
dated("is-a-folder", None)
