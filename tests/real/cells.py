"""Cells that were split, merged, moved, copied and deleted, and habits of code: the work in them is all there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nbformat
from damage import cell_of
from nbformat import NotebookNode
from real.handing_in import Bank, perfect
from released import Classroom

HAND_INS = Bank()
EXERCISES = (
    "threshold_relu", "threshold_relu_backward", "fold_threshold_dense", "fold_threshold_network",
    "fold_threshold_conv", "sigmoid_forward", "sigmoid_backward", "affine_backward",
)  # fmt: skip
RELU, DENSE, NETWORK = "threshold_relu", "fold_threshold_dense", "fold_threshold_network"
RIGHT = "def threshold_relu(x, t):\n    return np.maximum(x, np.asarray(t, x.dtype))\n"


def own(source: str, kind: Callable[..., NotebookNode] = nbformat.v4.new_code_cell) -> NotebookNode:
    return kind(source)


def place_of(notebook: NotebookNode, name: str) -> int:
    return notebook.cells.index(cell_of(notebook, name))


def stub(notebook: NotebookNode, classroom: Classroom, *names: str) -> None:
    """Make exercises what they were when they were released."""
    for name in names:
        cell_of(notebook, name).source = cell_of(classroom.release(), name).source


def experiment(notebook: NotebookNode, name: str) -> NotebookNode:
    return next(cell for cell in notebook.cells if cell.metadata.get("course", {}).get("experiment") == name)


def copies(cell: NotebookNode, *sources: str) -> list[NotebookNode]:
    """Several cells with the metadata of one, as JupyterLab's split makes them."""
    made = [nbformat.from_dict({**cell, "source": source, "id": f"{cell.id}-{n}"}) for n, source in enumerate(sources)]
    made[0].id = cell.id
    return made


# ------------------------------------------------------------------------------------------ what another cell defines


@HAND_INS.hand_in(
    notes=(
        "the cell threshold_relu had lost its name",
        *(f"the cell {name} was missing: what another cell of yours calls {name} was graded" for name in EXERCISES[1:]),
    )
)
def all_in_one_cell(classroom: Classroom) -> Any:
    notebook = perfect(classroom)
    place = place_of(notebook, RELU)
    notebook.cells.insert(place, own("\n".join(cell_of(notebook, name).source for name in EXERCISES)))
    notebook.cells = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") not in EXERCISES]
    return notebook


@HAND_INS.hand_in()
def all_in_one_cell_above_the_stubs(classroom: Classroom) -> Any:
    notebook = perfect(classroom)
    text = "\n".join(cell_of(notebook, name).source for name in EXERCISES)
    stub(notebook, classroom, *EXERCISES)
    notebook.cells.insert(place_of(notebook, RELU), own(text))
    return notebook


@HAND_INS.hand_in(shows=("judged once all your cells had run",))
def all_in_one_cell_at_the_end(classroom: Classroom) -> Any:
    notebook = perfect(classroom)
    text = "\n".join(cell_of(notebook, name).source for name in EXERCISES)
    stub(notebook, classroom, *EXERCISES)
    notebook.cells.append(own(text))
    return notebook


@HAND_INS.hand_in(notes=("the cell threshold_relu_backward was missing: what another cell",))
def two_in_one_cell(classroom: Classroom) -> Any:
    notebook = perfect(classroom)
    second = cell_of(notebook, "threshold_relu_backward")
    cell_of(notebook, RELU).source += "\n" + second.source
    notebook.cells.remove(second)
    return notebook


@HAND_INS.hand_in()
def two_in_one_cell_above_a_stub(classroom: Classroom) -> Any:
    notebook = perfect(classroom)
    cell_of(notebook, RELU).source += "\n" + cell_of(notebook, "threshold_relu_backward").source
    stub(notebook, classroom, "threshold_relu_backward")
    return notebook


def _bound(source: str) -> Callable[[Classroom], Any]:
    def build(classroom: Classroom) -> Any:
        notebook = perfect(classroom)
        stub(notebook, classroom, RELU)
        notebook.cells.insert(place_of(notebook, RELU), own(source))
        return notebook

    return build


for name, source in {
    "lambda": "threshold_relu = lambda x, t: np.maximum(x, np.asarray(t, x.dtype))",
    "partial": "import functools\ndef _relu(x, t, dtype):\n    return np.maximum(x, np.asarray(t, dtype or x.dtype))\n"
    "threshold_relu = functools.partial(_relu, dtype=None)",
    "callable object": "class Relu:\n    def __call__(self, x, t):\n"
    "        return np.maximum(x, np.asarray(t, x.dtype))\nthreshold_relu = Relu()",
    "decorated": "import functools\ndef plain(f):\n    @functools.wraps(f)\n    def g(*args, **kwargs):\n"
    f"        return f(*args, **kwargs)\n    return g\n@plain\n{RIGHT}",
}.items():
    HAND_INS.hand_in(name=name)(_bound(source))


# ------------------------------------------------------------------------------------------------- parts and copies


@HAND_INS.hand_in(notes=("the cell threshold_relu was there 2 times",))
def split_below_a_helper(classroom: Classroom) -> Any:
    notebook = perfect(classroom)
    place = place_of(notebook, RELU)
    helper = "import math\n\ndef _cast(t, x):\n    return np.asarray(t, x.dtype) * math.cos(0)"
    work = "def threshold_relu(x, t):\n    return np.maximum(x, _cast(t, x).astype(x.dtype))"
    notebook.cells[place : place + 1] = copies(notebook.cells[place], helper, work)
    return notebook


@HAND_INS.hand_in(notes=("a function that had been split into several cells was put together again",))
def split_inside_a_function(classroom: Classroom) -> Any:
    notebook = perfect(classroom, {RELU: RIGHT})
    place = place_of(notebook, RELU)
    notebook.cells[place : place + 1] = copies(notebook.cells[place], *RIGHT.rstrip().split("\n"))
    return notebook


@HAND_INS.hand_in(notes=("a function that had been split into several cells was put together again",))
def split_inside_a_docstring_by_a_program_that_names_one_half(classroom: Classroom) -> Any:
    text = RIGHT.rstrip().replace("    return", '    """Clamp.\n\n    From below."""\n    return')
    notebook = perfect(classroom, {RELU: text})
    cell_of(notebook, RELU).source = text.partition("\n\n")[2]
    notebook.cells.insert(place_of(notebook, RELU), own(text.partition("\n\n")[0]))
    return notebook


@HAND_INS.hand_in(lost={RELU: 4}, flagged=(RELU,), notes=("the cells were in another order",))
def halves_of_a_function_far_apart(classroom: Classroom) -> Any:
    notebook = perfect(classroom, {RELU: RIGHT})
    first, second = RIGHT.rstrip().split("\n")
    cell_of(notebook, RELU).source = second
    moved = notebook.cells.pop(place_of(notebook, "check_threshold_relu"))
    notebook.cells.insert(place_of(notebook, RELU), moved)
    notebook.cells.append(own(first))
    return notebook


@HAND_INS.hand_in(notes=("the cell threshold_relu was there 3 times: the last edited copy was graded",))
def alternatives_and_a_fresh_stub(classroom: Classroom) -> Any:
    """The second version uses what the first one defines; the third copy is the stub once more."""
    notebook = perfect(classroom)
    place = place_of(notebook, RELU)
    first = "def _cast(t, x):\n    return np.asarray(t, x.dtype)\n\ndef threshold_relu(x, t):\n    return x\n"
    second = "def threshold_relu(x, t):\n    return np.maximum(x, _cast(t, x))\n"
    fresh = cell_of(classroom.release(), RELU).source
    notebook.cells[place : place + 1] = copies(notebook.cells[place], first, second, fresh)
    return notebook


@HAND_INS.hand_in(
    notes=(
        "code of yours in the locked cell check_threshold_relu was run before it",
        "the cell threshold_relu had lost its name",
        "the cell check_threshold_relu is locked and had been changed",
    )
)
def merged_into_the_check_below(classroom: Classroom) -> Any:
    notebook = perfect(classroom)
    work, check = cell_of(notebook, RELU), cell_of(notebook, "check_threshold_relu")
    check.source = f"{work.source}\n\n{check.source}"
    notebook.cells.remove(work)
    return notebook


@HAND_INS.hand_in(notes=("code of yours in the locked cell setup_1", "the cell setup_1 is locked"))
def imports_added_to_the_locked_setup(classroom: Classroom) -> Any:
    text = "def threshold_relu(x, t):\n    return functools.partial(np.maximum, np.asarray(t, x.dtype))(x)\n"
    notebook = perfect(classroom, {RELU: text})
    setup = next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("locked") and c.cell_type == "code")
    setup.source += "\nimport functools"
    return notebook


@HAND_INS.hand_in(shows=("judged once all your cells had run",))
def helper_below_the_check_that_needs_it(classroom: Classroom) -> Any:
    notebook = perfect(classroom, {RELU: "def threshold_relu(x, t):\n    return np.maximum(x, _cast(t, x))\n"})
    place = place_of(notebook, "check_threshold_relu")
    notebook.cells.insert(place + 1, own("def _cast(t, x):\n    return np.asarray(t, x.dtype)"))
    return notebook


# ------------------------------------------------------------------------------------------------------ habits of code


@HAND_INS.hand_in(shows=("not run while grading",))
def shell_lines_and_a_timer(classroom: Classroom) -> Any:
    notebook = perfect(classroom, {RELU: f"!pip install -q tqdm\n%pip list\n{RIGHT}"})
    work = cell_of(notebook, "sigmoid_forward")
    work.source = f"%%time\n{work.source}"
    return notebook


@HAND_INS.hand_in(shows=("No module named 'pandas'",))
def module_that_is_only_at_home(classroom: Classroom) -> Any:
    return perfect(classroom, {RELU: f"import pandas as pd, functools\nfrom torch import nn\n{RIGHT}"})


@HAND_INS.hand_in(lost={RELU: 4}, shows=("raised ModuleNotFoundError: No module named 'pandas'",))
def module_that_is_only_at_home_and_is_used(classroom: Classroom) -> Any:
    text = "import pandas as pd\n\ndef threshold_relu(x, t):\n    return pd.DataFrame(x).clip(t).to_numpy()\n"
    return perfect(classroom, {RELU: text})


@HAND_INS.hand_in(
    lost={RELU: 4}, flagged=(RELU,), shows=("its cell stopped at FileNotFoundError", "mend that error first")
)
def cell_that_stops_before_its_function(classroom: Classroom) -> Any:
    return perfect(classroom, {RELU: f"data = open('my_data.csv').read()\n{RIGHT}"})


@HAND_INS.hand_in(lost={RELU: 4}, shows=("its cell stopped at SyntaxError",))
def bracket_that_was_forgotten(classroom: Classroom) -> Any:
    return perfect(classroom, {RELU: RIGHT.rstrip().removesuffix(")")})


@HAND_INS.hand_in()
def helper_in_an_experiment(classroom: Classroom) -> Any:
    notebook = perfect(classroom, {"sigmoid_forward": ""})
    right = perfect(classroom)
    source = cell_of(right, "sigmoid_forward").source.replace("def sigmoid_forward(", "def _forward(")
    cell_of(notebook, "sigmoid_forward").source = "def sigmoid_forward(x):\n    return _forward(x)\n"
    cell = experiment(notebook, "threshold_gradient")
    cell.source = f"import functools\n{source}\nTABLE = [_forward(np.zeros(3)) for _ in iter(int, 1)]\n{cell.source}"
    return notebook


@HAND_INS.hand_in()
def seeds_where_no_generator_is_given(classroom: Classroom) -> Any:
    notebook = perfect(classroom)
    for name in EXERCISES:
        cell = cell_of(notebook, name)
        lines = cell.source.split("\n")
        after = next(n for n, line in enumerate(lines) if line.startswith(f"def {name}")) + 1
        cell.source = "\n".join([*lines[:after], "    np.random.seed(42)", *lines[after:]])
    return notebook


# ---------------------------------------------------------------------------------------------------- earlier exercises

LOOP = """
def fold_threshold_network(layers_, thresholds):
    Ws, bs = [W for W, _ in layers_], [b.copy() for _, b in layers_]
    shift = np.zeros_like(bs[-1])
    for i, t in enumerate(thresholds):
        if i + 1 < len(bs):
            bs[i], bs[i + 1] = CALL
        else:
            shift = np.zeros_like(bs[i]) + np.asarray(t, bs[i].dtype)
            bs[i] = bs[i] - shift
    return list(zip(Ws, bs)), shift
"""
REUSED = {
    "by the contract": ("", "fold_threshold_dense(bs[i], t, Ws[i + 1], bs[i + 1])"),
    "with a parameter more": (
        "def fold_threshold_dense(b1, t, W2, b2, return_shift=False):\n"
        "    shift = np.broadcast_to(np.asarray(t, b1.dtype), b1.shape)\n"
        "    return (b1 - shift, b2 + shift @ W2, shift) if return_shift else (b1 - shift, b2 + shift @ W2)\n",
        "fold_threshold_dense(bs[i], t, Ws[i + 1], bs[i + 1], return_shift=False)",
    ),
    "with renamed parameters": (
        "def fold_threshold_dense(bias, t, W2, next_bias):\n"
        "    shift = np.broadcast_to(np.asarray(t, bias.dtype), bias.shape)\n"
        "    return bias - shift, next_bias + shift @ W2\n",
        "fold_threshold_dense(bias=bs[i], t=t, W2=Ws[i + 1], next_bias=bs[i + 1])",
    ),
    "with an attribute": (
        "def fold_threshold_dense(b1, t, W2, b2):\n"
        "    shift = np.broadcast_to(np.asarray(t, b1.dtype), b1.shape)\n"
        "    return b1 - shift, b2 + shift @ W2\n"
        "fold_threshold_dense.times = 1\n",
        "fold_threshold_dense(bs[i], fold_threshold_dense.times * t, Ws[i + 1], bs[i + 1])",
    ),
}


def _reusing(dense: str, call: str) -> Callable[[Classroom], Any]:
    def build(classroom: Classroom) -> Any:
        changed = {NETWORK: LOOP.replace("CALL", call).lstrip()} | ({DENSE: dense} if dense else {})
        return perfect(classroom, changed)

    return build


for name, (dense, call) in REUSED.items():
    shows = ("judged with your own fold_threshold_dense",) if dense else ()
    HAND_INS.hand_in(name=f"reuse {name}", shows=shows)(_reusing(dense, call))


@HAND_INS.hand_in(shows=("judged with your own fold_threshold_dense",))
def reuse_of_a_version_for_this_exercise_alone(classroom: Classroom) -> Any:
    local = (
        "def fold_threshold_dense(b1, t, layer, b2):\n"
        "    shift = np.broadcast_to(np.asarray(t, b1.dtype), b1.shape)\n"
        "    return b1 - shift, b2 + shift @ layer[0]\n\n"
    )
    call = "fold_threshold_dense(bs[i], t, layers_[i + 1], bs[i + 1])"
    return perfect(classroom, {NETWORK: local + LOOP.replace("CALL", call).lstrip()})
