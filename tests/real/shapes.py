"""The same perfect notebook as different programs and formats write it: nobody loses a point for a program."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from real.handing_in import Bank, Files, notebook_name, perfect
from real.pictures import display, picture, printed
from real.written import QUESTIONS
from released import Classroom

from autograder.course.script import read_script

ROOT = Path(__file__).resolve().parents[2]
HAND_INS = Bank()
LOST_NAMES = (
    *(f"the cell {name} had lost its name" for name in (
        "threshold_relu", "threshold_relu_backward", "fold_threshold_dense", "fold_threshold_network",
        "fold_threshold_conv", "sigmoid_forward", "sigmoid_backward", "affine_backward",
    )),
    *(f"the answer {name} had lost its name" for name in QUESTIONS),
)  # fmt: skip
NUMBER = uuid.UUID(int=7)


def ran(classroom: Classroom) -> NotebookNode:
    """A perfect notebook whose experiments have been run: each printed and drew."""
    notebook = perfect(classroom)
    for cell in notebook.cells:
        if "experiment" in cell.metadata.get("course", {}):
            cell.outputs = [nbformat.from_dict(o) for o in (printed("dx: 1e-10\n"), display(png=picture()))]
            cell.execution_count = 3
    return notebook


EXPERIMENTS = len(read_script(ROOT / "assignments" / "a1_relu_sigmoid" / "notebook.py").named("experiment"))


def as_plain(notebook: NotebookNode) -> dict[str, Any]:
    return json.loads(json.dumps(notebook))


def lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


@HAND_INS.hand_in(pictures=EXPERIMENTS)
def jupyterlab(classroom: Classroom) -> Any:
    notebook = as_plain(ran(classroom))
    for cell in notebook["cells"]:
        cell["source"] = lines(cell["source"])
        cell["metadata"] |= {"editable": True, "slideshow": {"slide_type": ""}, "tags": [], "scrolled": True}
    return notebook


@HAND_INS.hand_in(pictures=EXPERIMENTS)
def google_colab(classroom: Classroom) -> Any:
    """No cell ids but those in the metadata, whole strings or lines, its own keys everywhere."""
    notebook = as_plain(ran(classroom))
    notebook.update(nbformat=4, nbformat_minor=0)
    notebook["metadata"] = {
        "colab": {"provenance": [], "toc_visible": True},
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook["cells"]:
        cell["metadata"]["id"] = cell.pop("id")
        cell["source"] = lines(cell["source"])
        if cell["cell_type"] == "code":
            run = {"status": "ok", "timestamp": 1700000000000, "user": {"userId": ""}, "user_tz": -60, "elapsed": 5}
            cell["metadata"] |= {
                "colab": {"base_uri": "https://localhost:8080/", "height": 449},
                "executionInfo": run,
                "outputId": "b2c5a1f0-0000-4000-8000-000000000000",
            }
    return notebook


def stripped(classroom: Classroom, metadata: Callable[[int, dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """A notebook from which a program took every name of a cell, and gave it metadata of its own."""
    notebook = as_plain(ran(classroom))
    for number, cell in enumerate(notebook["cells"]):
        del cell["id"]
        cell["metadata"] = metadata(number, cell)
    return notebook


@HAND_INS.hand_in(pictures=EXPERIMENTS, notes=LOST_NAMES)
def kaggle(classroom: Classroom) -> Any:
    ids = {"_uuid": "8f2839f25d086af736a60e9eeb907d3b93b6e0e5", "_cell_guid": str(NUMBER), "trusted": True}
    execution = {"execution": {"iopub.status.busy": "2027-03-01T10:00:00.000000Z"}}
    notebook = stripped(classroom, lambda number, cell: ids | (execution if cell["cell_type"] == "code" else {}))
    notebook.update(nbformat=4, nbformat_minor=4)
    notebook["metadata"]["kaggle"] = {"accelerator": "none", "dataSources": [], "language": "python"}
    return notebook


@HAND_INS.hand_in(pictures=EXPERIMENTS, notes=LOST_NAMES, shows=("Created in deepnote.com",))
def deepnote(classroom: Classroom) -> Any:
    def metadata(number: int, cell: dict[str, Any]) -> dict[str, Any]:
        if cell["cell_type"] != "code":
            return {"cell_id": f"{number:05d}-{NUMBER}", "deepnote_cell_type": "markdown"}
        run = {"source_hash": "8ad57f32", "execution_start": 1620375813931, "deepnote_to_be_reexecuted": False}
        return {"tags": [], "cell_id": f"{number:05d}-{NUMBER}", "deepnote_cell_type": "code", **run}

    notebook = stripped(classroom, metadata)
    notebook.update(nbformat=4, nbformat_minor=2)
    notebook["metadata"] = {"orig_nbformat": 2, "deepnote": {}, "deepnote_notebook_id": str(NUMBER)}
    advert = "<a style='text-decoration:none' href='https://deepnote.com'>\nCreated in <b>deepnote.com</b></a>"
    last = {"cell_type": "markdown", "source": advert, "metadata": {"deepnote_cell_type": "markdown"}}
    notebook["cells"].append(last)
    return notebook


@HAND_INS.hand_in(pictures=EXPERIMENTS)
def vs_code(classroom: Classroom) -> Any:
    notebook = as_plain(ran(classroom))
    notebook["metadata"] |= {"orig_nbformat": 4, "vscode": {"interpreter": {"hash": "0" * 64}}}
    notebook["nbformat_minor"] = 2
    for cell in notebook["cells"]:
        del cell["id"]
        cell["source"] = lines(cell["source"])
        if cell["cell_type"] == "code":
            cell["metadata"]["vscode"] = {"languageId": "python"}
    return notebook


@HAND_INS.hand_in(pictures=EXPERIMENTS, notes=LOST_NAMES)
def copied_cell_by_cell_into_a_new_notebook(classroom: Classroom) -> Any:
    notebook = stripped(classroom, lambda number, cell: {})
    for number, cell in enumerate(notebook["cells"]):
        cell["id"] = f"{number:08x}"
    return notebook


# ------------------------------------------------------------------------------------------------------------ formats


def older(minor: int) -> None:
    @HAND_INS.hand_in(name=f"nbformat-4.{minor}", pictures=EXPERIMENTS)
    def build(classroom: Classroom) -> Any:
        notebook = as_plain(ran(classroom))
        notebook["nbformat_minor"] = minor
        for cell in notebook["cells"]:
            if minor < 5:
                del cell["id"]
        nbformat.validate(nbformat.from_dict(copy.deepcopy(notebook)))
        return notebook


for minor in range(6):
    older(minor)


@HAND_INS.hand_in(name="nbformat-3", pictures=EXPERIMENTS, shows=("dx: 1e-10",))
def format_3(classroom: Classroom) -> Any:
    notebook = ran(classroom)
    for cell in notebook.cells:
        del cell["id"]
    notebook.nbformat_minor = 4
    old = as_plain(nbformat.convert(notebook, 3))
    assert old["nbformat"] == 3 and "png" in json.dumps(old)
    return old


@HAND_INS.hand_in(name="nbformat-3-in-two-sheets", notes=LOST_NAMES)
def format_3_in_two_sheets(classroom: Classroom) -> Any:
    """As an old IPython wrote it: headings are cells, nothing has a name."""
    code = {"cell_type": "code", "language": "python", "outputs": [], "metadata": {}}
    text = {"cell_type": "markdown", "metadata": {}}
    cells = [
        {**code, "input": lines(cell.source)} if cell.cell_type == "code" else {**text, "source": lines(cell.source)}
        for cell in perfect(classroom).cells
    ]
    heading = {"cell_type": "heading", "level": 2, "source": "my homework", "metadata": {}}
    sheets = [{"cells": [heading, *cells[:20]], "metadata": {}}, {"cells": cells[20:], "metadata": {}}]
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": sheets}


@HAND_INS.hand_in(shows=("as submitted",))
def with_a_byte_order_mark(classroom: Classroom) -> Any:

    return Files({notebook_name(classroom): b"\xef\xbb\xbf" + json.dumps(ran(classroom)).encode()})
