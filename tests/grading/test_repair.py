"""Whatever was done to a notebook, it comes back as the release's cells with the student's own work in them."""

from __future__ import annotations

import base64
import json
import random
import struct
from collections.abc import Callable
from typing import Any

import nbformat
import pytest
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.preprocessors import CheckCellMetadata
from nbgrader.utils import compute_checksum

from autograder.grading.reading.repair import MAX_ADDED, repair
from autograder.grading.reading.submitted import MAX_IMAGE

STUB = 'def double(x):\n    """Double x."""\n    raise NotImplementedError()'
HONEST = 'def double(x):\n    """Double x."""\n    return 2 * x  # \u2028, a form feed \x0c, no line feed at the end'


def png(width: int = 2, height: int = 2) -> str:
    data = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", width, height) + b"\x08\x02\x00\x00\x00"
    return base64.b64encode(data).decode()


def jpeg(width: int = 640, height: int = 480) -> str:
    header = b"\xff\xd8\xff\xe0\x00\x04\x00\x00"  # an application segment before the frame header
    return base64.b64encode(header + b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", height, width) + bytes(9)).decode()


def graded(cell: NotebookNode, grade_id: str, **values: Any) -> NotebookNode:
    data = {"grade": False, "grade_id": grade_id, "locked": False, "schema_version": 3, "solution": False}
    cell.metadata["nbgrader"] = data | {"task": False} | values
    cell.metadata["nbgrader"]["checksum"] = compute_checksum(cell)
    return cell


@pytest.fixture
def release() -> NotebookNode:
    """Prose, setup, an exercise with its check, an experiment, an answer, and a second exercise with its check."""
    return new_notebook(
        cells=[
            new_markdown_cell("# A title", id="markdown-0"),
            graded(new_code_cell("import numpy as np", id="code-1"), "setup_1", locked=True),
            graded(new_code_cell(STUB, id="exercise-double"), "double", solution=True),
            graded(new_code_cell("check(double)", id="c2"), "check_double", grade=True, locked=True, points=4.0),
            new_code_cell("slow()", id="experiment-slow", metadata={"course": {"experiment": "slow"}}),
            graded(new_markdown_cell("Prove it.", id="a5"), "proof", grade=True, solution=True, points=6.0),
            graded(new_code_cell(STUB.replace("double", "half"), id="exercise-half"), "half", solution=True),
            graded(new_code_cell("check(half)", id="c7"), "check_half", grade=True, locked=True, points=1.0),
        ]
    )


def plain(notebook: NotebookNode) -> dict[str, Any]:
    """What a file holds: JSON values, nothing of nbformat."""
    values: dict[str, Any] = json.loads(json.dumps(notebook))
    return values


@pytest.fixture
def submitted(release: NotebookNode) -> dict[str, Any]:
    notebook = plain(release)
    cell_of(notebook, "double")["source"] = HONEST
    return notebook


def cell_of(notebook: dict[str, Any], grade_id: str) -> dict[str, Any]:
    cell: dict[str, Any] = next(
        c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id
    )
    return cell


def sources(notebook: NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells]


def graded_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if "nbgrader" in cell.metadata]


def assert_sound(notebook: NotebookNode, release: NotebookNode) -> None:
    """Exactly the release's nbgrader cells, in its order, with its metadata; nbgrader and nbformat accept it."""
    assert [c.metadata for c in graded_cells(notebook)] == [c.metadata for c in graded_cells(release)]
    assert [c.cell_type for c in graded_cells(notebook)] == [c.cell_type for c in graded_cells(release)]
    for cell, original in zip(graded_cells(notebook), graded_cells(release), strict=True):
        if cell.metadata.nbgrader["locked"]:
            assert cell.source == original.source
    for cell in notebook.cells:
        if "nbgrader" not in cell.metadata:
            assert cell.metadata in ({}, {"course": {"experiment": "slow"}})
    nbformat.validate(notebook)
    CheckCellMetadata().preprocess(notebook, {})
    MetadataValidator().validate_nb(notebook)
    json.dumps(notebook).encode("ascii")
    nbformat.writes(notebook).encode("utf-8")


def test_an_honest_notebook_comes_back_byte_for_byte_and_without_a_note(release, submitted):
    repaired = repair(submitted, release)
    assert_sound(repaired.notebook, release)
    assert sources(repaired.notebook) == [cell["source"] for cell in submitted["cells"]]
    assert repaired.notes == ()


def test_the_release_itself_is_left_alone(release, submitted):
    before = json.dumps(release)
    repair(submitted, release)
    assert json.dumps(release) == before


def test_the_same_submission_is_repaired_to_the_same_bytes(release, submitted):
    submitted["cells"].insert(3, {"cell_type": "code", "source": "helper = 1"})
    assert json.dumps(repair(submitted, release).notebook) == json.dumps(repair(submitted, release).notebook)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda c: c["metadata"]["nbgrader"].update(schema_version=1), id="older_schema"),
        pytest.param(lambda c: c["metadata"]["nbgrader"].update(schema_version=99), id="newer_schema"),
        pytest.param(lambda c: c["metadata"]["nbgrader"].update(locked=True, solution=False), id="roles_swapped"),
        pytest.param(lambda c: c["metadata"]["nbgrader"].update(points=1e9, grade=True), id="points_added"),
        pytest.param(lambda c: c["metadata"]["nbgrader"].update(grade_id=["double"]), id="grade_id_is_a_list"),
        pytest.param(lambda c: c["metadata"]["nbgrader"].update(grade_id="triple"), id="grade_id_is_unknown"),
        pytest.param(lambda c: c["metadata"].update(nbgrader="double"), id="nbgrader_is_a_text"),
        pytest.param(lambda c: c["metadata"].update(tags=["skip-execution"]), id="skip_execution"),
        pytest.param(lambda c: c.update(metadata={"id": c.pop("id")}), id="colab"),
        pytest.param(lambda c: c.update(metadata="none"), id="metadata_is_a_text"),
        pytest.param(lambda c: c.pop("metadata"), id="no_metadata"),
        pytest.param(lambda c: c.clear() or c.update(cell_type="code", source=HONEST), id="nothing_but_the_code"),
        pytest.param(lambda c: c.update(cell_type="markdown"), id="turned_into_prose"),
        pytest.param(lambda c: c.update(cell_type="exploit"), id="unknown_cell_type"),
        pytest.param(lambda c: c.update(source=c["source"].split("|")), id="source_in_pieces"),
        pytest.param(lambda c: c.update(source=[HONEST, 3, None, {}]), id="source_with_junk"),
        pytest.param(lambda c: c.update(outputs={"a": 1}, execution_count="x"), id="outputs_are_no_list"),
    ],
)
def test_work_survives_damage_to_its_cell(damage: Callable[[dict[str, Any]], Any], release, submitted):
    damage(cell_of(submitted, "double"))
    repaired = repair(submitted, release)
    assert_sound(repaired.notebook, release)
    assert graded_cells(repaired.notebook)[1].source == HONEST
    assert len(repaired.notebook.cells) == len(release.cells)


def test_locked_cells_are_put_back_verbatim_and_the_student_is_told(release, submitted):
    cell_of(submitted, "check_double")["source"] = "pass"
    cell_of(submitted, "setup_1")["source"] = "import numpy as np\nnp.allclose = print"
    repaired = repair(submitted, release)
    assert_sound(repaired.notebook, release)
    assert [note.split(" is ")[0] for note in repaired.notes] == ["the cell setup_1", "the cell check_double"]


def test_deleted_cells_return_to_their_places(release, submitted):
    submitted["cells"] = [cell_of(submitted, "half"), cell_of(submitted, "double")]
    repaired = repair(submitted, release)
    assert_sound(repaired.notebook, release)
    assert [cell.id for cell in repaired.notebook.cells] == [cell.id for cell in release.cells]
    assert graded_cells(repaired.notebook)[1].source == HONEST
    assert "the cell check_double was missing: it was put back as it was released" in repaired.notes


def test_reordered_cells_are_put_back_in_order(release, submitted):
    submitted["cells"].reverse()
    repaired = repair(submitted, release)
    assert [cell.id for cell in repaired.notebook.cells] == [cell.id for cell in release.cells]
    assert repaired.notes == ("the cells were in another order: they were put back",)


def test_added_cells_stay_after_the_cell_they_followed(release, submitted):
    helper = {"cell_type": "code", "source": "def helper(): ...", "metadata": {"tags": ["skip-execution"]}, "id": "x y"}
    first = {"cell_type": "markdown", "source": "my name", "attachments": {"a": {"image/svg+xml": "<svg/>"}}}
    submitted["cells"].insert(3, helper)
    submitted["cells"].insert(0, first)
    repaired = repair(submitted, release)
    assert_sound(repaired.notebook, release)
    assert sources(repaired.notebook)[:5] == ["my name", "# A title", "import numpy as np", HONEST, helper["source"]]
    assert "attachments" not in repaired.notebook.cells[0]
    assert repaired.notes == ()


def test_of_copies_the_last_edited_one_counts_and_the_others_run_in_their_order(release, submitted):
    later = HONEST.replace("2 * x", "x + x")
    copies = [cell_of(submitted, "double") | {"source": text} for text in (later, STUB)]
    submitted["cells"][3:3] = copies
    repaired = repair(submitted, release)
    assert_sound(repaired.notebook, release)
    assert graded_cells(repaired.notebook)[1].source == later
    assert sources(repaired.notebook)[2:4] == [HONEST, later]
    assert [cell.cell_type for cell in repaired.notebook.cells[2:4]] == ["code", "code"]
    assert repaired.notes == ("the cell double was there 3 times: the last edited copy was graded",)


def test_a_copy_used_as_scratch_paper_does_not_replace_the_work(release, submitted):
    submitted["cells"].insert(3, cell_of(submitted, "double") | {"source": "double(21)"})
    repaired = repair(submitted, release)
    assert graded_cells(repaired.notebook)[1].source == HONEST


def test_work_in_a_new_cell_is_found_when_the_exercise_was_deleted(release, submitted):
    submitted["cells"][2] = {"cell_type": "code", "source": HONEST, "metadata": {}, "id": "fresh"}
    repaired = repair(submitted, release)
    assert_sound(repaired.notebook, release)
    assert graded_cells(repaired.notebook)[1].source == HONEST
    assert repaired.notes == ("the cell double had lost its name: it was recognised by the function in it",)


def test_a_notebook_whose_cells_lost_every_name_shows_its_prose_once(release, submitted):
    submitted["cells"] = [{"cell_type": c["cell_type"], "source": c["source"]} for c in submitted["cells"]]
    repaired = repair(submitted, release)
    assert_sound(repaired.notebook, release)
    assert sources(repaired.notebook) == [cell["source"] for cell in submitted["cells"]]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(
            "def double(x):\n    '''Text.'''\n    y = 2 * x\n    raise NotImplementedError()\n    return y\n",
            "def double(x):\n    '''Text.'''\n    y = 2 * x\n    pass  # raise NotImplementedError()\n    return y\n",
            id="under_code",
        ),
        pytest.param(
            "def double(x):\r\n    raise NotImplementedError  # TODO\r\n    return 2 * x",
            "def double(x):\r\n    pass  # raise NotImplementedError  # TODO\r\n    return 2 * x",
            id="above_code",
        ),
        pytest.param(
            "%%time\ndef double(x):\n    raise NotImplementedError\n    return 'a\u2028b'\n\n",
            "%%time\ndef double(x):\n    pass  # raise NotImplementedError\n    return 'a\u2028b'\n\n",
            id="with_magic",
        ),
    ],
)
def test_a_leftover_raise_beside_real_code_is_taken_out_alone(source, expected, release, submitted):
    cell_of(submitted, "double")["source"] = source
    repaired = repair(submitted, release)
    assert graded_cells(repaired.notebook)[1].source == expected
    assert "still raised NotImplementedError" in repaired.notes[0]


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(STUB, id="stub"),
        pytest.param("def double(x):\n    raise NotImplementedError\n", id="bare_stub"),
        pytest.param("def double(x):\n    pass\n    raise NotImplementedError\n", id="stub_with_pass"),
        pytest.param("def double(x):\n    return 2 * x\n    raise NotImplementedError()\n", id="never_reached"),
        pytest.param("def double(x):\n    y = 1; raise NotImplementedError\n", id="shares_its_line"),
        pytest.param("def double(x):\n    raise ValueError('NotImplementedError')\n", id="another_error"),
        pytest.param(
            "def helper(x):\n    if x: return 1\n    raise NotImplementedError\n\ndef double(x): return 2\n",
            id="another_function",
        ),
        pytest.param(
            "def double(x):\n    if x is None:\n        raise NotImplementedError\n    return 2 * x", id="branch"
        ),
        pytest.param("def double(x:\n    raise NotImplementedError\n    return 1", id="syntax_error"),
        pytest.param("def double(x):\n    return '\x00'\n    raise NotImplementedError", id="null_character"),
        pytest.param("x = " + "-" * 90_000 + "1  # NotImplementedError", id="too_deep_for_the_parser"),
        pytest.param("x = a" + ".b" * 40_000 + "  # NotImplementedError", id="too_long_a_chain"),
    ],
)
def test_every_other_source_stays_as_it_is(source, release, submitted):
    cell_of(submitted, "double")["source"] = source
    repaired = repair(submitted, release)
    assert graded_cells(repaired.notebook)[1].source == source
    assert repaired.notes == ()


def test_outputs_go_but_for_those_of_experiments_which_keep_text_and_pictures(release, submitted):
    rich = [
        new_output("stream", name="stdout", text="loss 0.1\n"),
        new_output("display_data", {"text/html": "<script>", "text/plain": "<Figure>", "image/png": png()}),
        new_output("display_data", {"application/javascript": "alert(1)", "image/png": "PHNjcmlwdD4="}),
        new_output("display_data", {"image/png": png(100_000, 100_000), "image/svg+xml": "<svg/>"}),
        new_output("error", ename="E\ud800", evalue="no", traceback=["<b>"]),
        {"output_type": "error", "ename": [[[]]], "evalue": {"a": 1}},
        {"output_type": "update_display_data", "data": {"text/plain": "x"}},
        {"output_type": ["stream"]},
        "junk",
    ]
    for cell in submitted["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = plain(rich)
            cell["execution_count"] = 7
    repaired = repair(submitted, release).notebook
    assert_sound(repaired, release)
    kept = {cell.id: cell.outputs for cell in repaired.cells if cell.get("outputs")}
    assert list(kept) == ["experiment-slow"]
    outputs = kept["experiment-slow"]
    assert outputs[0].text == "as submitted; not run when grading:\n"
    assert outputs[1].text == "loss 0.1\n"
    assert {kind for output in outputs for kind in output.get("data", {})} == {"text/plain", "image/png"}
    assert [output.data["image/png"] for output in outputs if "image/png" in output.get("data", {})] == [png()]
    assert all(cell.execution_count is None for cell in repaired.cells if cell.cell_type == "code")


def test_answers_keep_their_pictures_and_nothing_else_that_was_attached(release, submitted):
    answer = cell_of(submitted, "proof")
    answer["source"] = "![](attachment:a.png) ![](attachment:c.svg)"
    answer["attachments"] = {
        "a.png": {"image/png": png()},
        "b.jpg": {"image/jpeg": jpeg()},
        "c.svg": {"image/svg+xml": "<svg onload='alert(1)'/>"},
        "d.png": {"image/png": base64.b64encode(b"<script>").decode()},
        "e.jpg": {"image/jpeg": jpeg(65_000, 65_000)},
        "f.png": {"image/png": "A" * (2 * MAX_IMAGE)},
        "g\ud800.png": ["image/png"],
    }
    repaired = repair(submitted, release)
    assert_sound(repaired.notebook, release)
    made = next(cell for cell in repaired.notebook.cells if cell.id == "a5")
    told = "*[not shown here: c.svg was a figure in SVG (1 kB), which cannot be shown safely]*"
    assert made.source == f"{answer['source']}\n\n{told}"  # the others are not seen in the notebook either
    assert made.attachments == {"a.png": {"image/png": png()}, "b.jpg": {"image/jpeg": jpeg()}}
    assert repaired.notes == ()


def test_lone_surrogates_reach_no_writer(release, submitted):
    cell_of(submitted, "double")["source"] = HONEST + " \ud800"
    submitted["cells"].append({"cell_type": "markdown", "source": "\udfff"})
    assert_sound(repair(submitted, release).notebook, release)


def test_a_flood_of_cells_is_cut_and_the_work_behind_it_is_found(release, submitted):
    submitted["cells"][2:2] = [{"cell_type": "code", "source": f"x = {n}"} for n in range(5000)]
    repaired = repair(submitted, release)
    assert_sound(repaired.notebook, release)
    assert HONEST in sources(repaired.notebook)
    assert len(repaired.notebook.cells) == len(release.cells) + MAX_ADDED
    assert f"more than {MAX_ADDED} cells" in repaired.notes[0]


def test_old_notebook_format_is_read(release, submitted):
    cells = [{**cell, "input": cell["source"]} for cell in submitted["cells"]]
    for cell in cells:
        del cell["source"]
    repaired = repair({"nbformat": 3, "worksheets": [{"cells": cells}]}, release)
    assert_sound(repaired.notebook, release)
    assert HONEST in sources(repaired.notebook)


JUNK = [None, 0, -1.5, "", "junk", [], {}, [[]], {"a": {}}, ["a", 1], True, "double", "\ud800", 10**30]


def damaged(notebook: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Shuffle, copy, drop, insert and spoil cells, but leave one honest copy of ``double`` with its grade id."""
    honest = cell_of(notebook, "double")
    cells = [cell for cell in notebook["cells"] if cell is not honest and chance.random() > 0.2]
    cells += [json.loads(json.dumps(chance.choice(notebook["cells"]))) for _ in range(chance.randrange(4))]
    for cell in cells:
        if cell.get("source") == HONEST:
            cell["source"] = STUB
        for key in [key for key in cell if chance.random() < 0.15]:
            cell[key] = chance.choice(JUNK)
        metadata = cell.get("metadata")
        if isinstance(metadata, dict):
            data = metadata.get("nbgrader")
            for target in (metadata, data):
                if isinstance(target, dict) and target and chance.random() < 0.3:
                    target[chance.choice([*target, "tags", "course"])] = chance.choice(JUNK)
    cells += [chance.choice([*JUNK, {"cell_type": "code", "source": "1 + 1"}]) for _ in range(chance.randrange(4))]
    cells.append(honest)
    chance.shuffle(cells)
    spoiled = {**notebook, "cells": cells}
    for key in ("metadata", "nbformat", "nbformat_minor"):
        if chance.random() < 0.3:
            spoiled[key] = chance.choice(JUNK)
    return spoiled


@pytest.mark.parametrize("seed", range(200))
def test_whatever_happened_the_cells_are_the_releases_and_the_work_is_the_students(seed, release, submitted):
    repaired = repair(damaged(submitted, random.Random(seed)), release)
    assert_sound(repaired.notebook, release)
    assert graded_cells(repaired.notebook)[1].source == HONEST


def test_cell_that_is_indented_as_a_whole_is_no_part_of_the_one_before(release, submitted):
    """Jupyter runs it."""
    submitted["cells"].insert(3, {"cell_type": "code", "source": "    helper = 1\n    other = 2"})
    repaired = repair(submitted, release)
    assert sources(repaired.notebook)[2:4] == [HONEST, "    helper = 1\n    other = 2"]
    assert repaired.notes == () and repaired.doubtful == ()
