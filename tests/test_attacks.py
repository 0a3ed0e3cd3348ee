"""Whatever a submission does, it gets its honest score, its neighbour keeps theirs, and nothing is left behind.

Each attack is the first exercise of an otherwise perfect notebook, or a cell in front of it, or damage to the notebook
and its folder. It is graded beside perfect submissions, in every kind of walls that this machine has.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest
from damage import DAMAGE, ODD_FILES, POINTS, UNREADABLE, full_but, hand_in_damaged_class, nbgrader

from autograder.classroom import Score, scores
from autograder.course import Course
from autograder.grade import Grader, Result
from autograder.jail import walls

WRONG = "def threshold_relu(x, t):\n    return np.minimum(x, t)\n"
RIGHT = "def threshold_relu(x, t):\n    return np.maximum(x, np.asarray(t, x.dtype))\n"


@dataclass(frozen=True)
class Attack:
    """A cell to put in front, a source for ``threshold_relu``, and the honest fraction of its points.

    Args:
        lost: other exercises that honestly lose everything, because the submission broke them itself.
        says: what the feedback of ``threshold_relu`` must say.
    """

    cell: str = ""
    source: str = WRONG
    honest: float = 0.0
    lost: tuple[str, ...] = ()
    says: str = ""
    after: str = ""
    others: Mapping[str, str] = field(default_factory=dict)


def body(*lines: str) -> str:
    return "\n".join(["def threshold_relu(x, t):", *(f"    {line}" for line in lines)]) + "\n"


ATTACKS = {
    # -- fooling a comparison
    "equal_to_everything": Attack(
        "class Equal(np.ndarray):\n"
        "    def __eq__(self, other): return np.ones(self.shape, bool)\n"
        "    def __array_ufunc__(self, *args, **kwargs): return np.zeros(())\n",
        body("return np.zeros(x.shape, x.dtype).view(Equal)"),
    ),
    "array_protocol_object": Attack(
        "class Chameleon:\n    def __array__(self, dtype=None, copy=None): return np.full((3, 5), 0.7)\n",
        body("return Chameleon()"),
    ),
    "infinite_tolerance": Attack("np.isclose = np.allclose = np.array_equal = lambda *a, **k: np.True_"),
    "patched_numpy_testing": Attack(
        "import numpy.testing\nnumpy.testing.assert_allclose = numpy.testing.assert_array_equal = lambda *a, **k: None"
    ),
    "patched_check": Attack("import checks\ncheck = checks.check = lambda *a: print('8 of 8 public cases pass.')"),
    "patched_observe": Attack(
        "import sys\n"
        "for module in list(sys.modules.values()):\n"
        "    for name in ('observe', 'judge_case', 'compare', 'plain'):\n"
        "        if hasattr(module, name): setattr(module, name, lambda *a, **k: None)\n",
        says="0 of 4",
        lost=(
            "threshold_relu_backward",
            "fold_threshold_dense",
            "fold_threshold_network",
            "fold_threshold_conv",
            "sigmoid_forward",
            "sigmoid_backward",
            "affine_backward",
        ),
    ),
    "ast_transformer": Attack(
        "import ast\n"
        "class Drop(ast.NodeTransformer):\n    def visit_Assert(self, node): return ast.Pass()\n"
        "get_ipython().ast_transformers.append(Drop())"
    ),
    "input_transformer": Attack(
        "get_ipython().input_transformers_post.append(lambda lines: [l.replace('assert', 'pass #') for l in lines])"
    ),
    "faked_result": Attack(
        "from IPython.display import display\ndisplay(4.0)\nprint('threshold_relu: 4 of 4 points')\n4.0"
    ),
    "memorised_public_cases": Attack(
        source=body(
            "answers = {(2, 2): [[0.7, 0.7], [0.7, 2.0]], (2, 3): [[0, 1, 2], [1, 1, -1.0]]}",
            "if x.shape in answers: return np.array(answers[x.shape])",
            "return {0.7: x, -0.9: np.array([[-0.9, -0.5, 0.25]])}.get(float(np.ravel(t)[0]), x.copy())",
        )
    ),
    "nan_everywhere": Attack(source=body("return np.full(x.shape, np.nan, x.dtype)"), says="expected a finite number"),
    "object_array": Attack(source=body("return np.array([None] * x.size, object).reshape(x.shape)"), says="object"),
    "huge_result": Attack(source=body("return np.zeros((20_000, 20_000))"), says="MemoryError"),
    "deep_result": Attack(source=body("r = []", "for _ in range(5000): r = [r]", "return r"), says="RecursionError"),
    "self_containing_result": Attack(source=body("r = []", "r.append(r)", "return r"), says="RecursionError"),
    # -- ending the process
    "endless_loop": Attack(source=body("while True: pass"), says="time limit of 3 s"),
    "endless_cell": Attack("while True: pass", RIGHT, 1.0),
    "sys_exit": Attack(source=body("import sys", "sys.exit(0)"), says="SystemExit"),
    "os_exit": Attack(source=body("import os", "os._exit(0)"), says="exited with status 0"),
    "os_exit_in_a_cell": Attack("import os\nos._exit(3)", RIGHT, 1.0),
    "kill_itself": Attack(source=body("import os", "os.kill(os.getpid(), 9)")),  # pid 1 of a namespace survives this
    "abort": Attack(source=body("import os", "os.abort()"), says="killed by signal"),
    "segmentation_fault": Attack(source=body("import ctypes", "ctypes.string_at(0)"), says="SIGSEGV"),
    "memory": Attack(source=body("return np.ones((200, 1024, 1024, 8))"), says="emory"),
    "endless_recursion": Attack(source=body("return threshold_relu(x, t)"), says="RecursionError"),
    "output_flood": Attack("while True: print('x' * 10_000)", RIGHT, 1.0),
    "disk": Attack(
        "try:\n"
        "    with open('big', 'wb') as file:\n"
        "        while True: file.write(bytes(1 << 20))\n"
        "except OSError as error: print(error)",
        RIGHT,
        1.0,
    ),
    "threads": Attack(
        "import threading, time\n"
        "try:\n"
        "    while True: threading.Thread(target=time.sleep, args=(1e6,), daemon=True).start()\n"
        "except RuntimeError as error: print(error)",
        RIGHT,
        1.0,
    ),
    "keyboard_interrupt": Attack(source=body("raise KeyboardInterrupt"), says="KeyboardInterrupt"),
    "atexit_hang": Attack("import atexit, time\natexit.register(time.sleep, 1e6)", RIGHT, 1.0),
    # -- leaving the jail
    "signal_to_the_parent": Attack("import os, signal\nos.kill(os.getppid(), signal.SIGINT)", RIGHT, 1.0),
    "kill_everything": Attack("import os\nos.kill(-1, 9)", RIGHT, 1.0),
    "fork": Attack("import os\nos.fork()", RIGHT, 1.0),
    "subprocess": Attack("import subprocess\nsubprocess.run(['/bin/sh', '-c', 'sleep 1000 &'])", RIGHT, 1.0),
    "network": Attack("import urllib.request\nurllib.request.urlopen('http://127.0.0.1:80/')", RIGHT, 1.0),
    "write_outside": Attack("open('/tmp/convnet-course-was-here', 'w').write('x')", RIGHT, 1.0),
    "import_the_solutions": Attack(
        "from solutions.a1_relu_sigmoid.solution import threshold_relu", "pass\n", says="is not defined"
    ),
    "import_the_hidden_checks": Attack(
        "import autograder.hidden.a1_relu_sigmoid as h",
        body("return h.threshold_loop(x, t).astype(x.dtype)"),
        says="NameError",
    ),
    "import_the_judge": Attack("import autograder.judge.judging as j", body("return j"), says="NameError"),
    "read_the_secret": Attack("loot = open('ROOT/.course_secret', 'rb').read()", body("return loot"), says="'loot'"),
    "read_the_gradebook": Attack("loot = open('ROOT/gradebook.db', 'rb').read()", body("return loot"), says="'loot'"),
    "list_the_course": Attack("import os\nloot = os.listdir('ROOT')", body("return loot"), says="'loot'"),
    "read_a_neighbour": Attack(
        "loot = open('ROOT/submitted/honest/a1/a1_relu_sigmoid.ipynb').read()", body("return loot"), says="'loot'"
    ),
    "sql_on_the_gradebook": Attack(
        "import sqlite3\n"
        "with sqlite3.connect('ROOT/gradebook.db') as db: db.execute('update grade_cell set max_score = 100')\n",
        RIGHT,
        1.0,
    ),
    "environment_secrets": Attack(
        "import os\nsecret = os.environ['COURSE_TEST_SECRET']", body("return secret"), says="NameError"
    ),
    "forged_frames": Attack(
        "import os, socket\n"
        "for fd in range(3, 64):\n"
        "    try: socket.socket(fileno=os.dup(fd)).send(b'\\0' * 4096)\n"
        "    except OSError: pass\n",
        RIGHT,
        1.0,
    ),
    "closed_sockets": Attack("import os\nos.closerange(3, 256)", RIGHT, 1.0),
    # -- undoing what came before, or what comes after
    "later_cell_repairs_an_earlier_one": Attack(after=RIGHT),
    "later_cell_breaks_an_earlier_one": Attack(
        source=RIGHT, honest=1.0, after="def threshold_relu(x, t): return None\n"
    ),
    "deleted_numpy": Attack(
        "import sys",
        RIGHT,
        1.0,
        others={"affine_backward": "for n in list(sys.modules):\n    if n.startswith('numpy'): del sys.modules[n]\n"},
        lost=("affine_backward",),
    ),
    "arguments_destroyed_after_use": Attack(
        source=body("import ctypes", "y = np.maximum(x, np.asarray(t, x.dtype))", "x[...] = 0", "return y"),
        honest=5 / 7,
    ),
}


TIERS = ("namespaces", "landlock")


def require(tier: str) -> None:
    """Skip where this machine's kernel has no such walls."""
    if not any(feature.name == tier and feature.holds for feature in walls.probe().features):
        pytest.skip(f"no {tier} walls on this machine: {walls.probe().explain()}")


@pytest.fixture(params=TIERS)
def tier(request: pytest.FixtureRequest) -> str:
    require(request.param)
    return request.param


@pytest.fixture
def grader(course: Course, classroom, tier: str) -> Grader:
    limits = course.grading.limits.model_copy(
        update={"call_seconds": 3.0, "cell_seconds": 3.0, "memory_mb": 1024, "disk_mb": 64}
    )
    grading = course.grading.model_copy(update={"limits": limits})
    return Grader(course.model_copy(update={"grading": grading}), classroom.assignment, classroom.root, tier)


def grade(grader: Grader, path: Path) -> Result:
    return grader.grade(grader.prepare(path))


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_earns_its_honest_score_and_harms_nobody(name, private_servers, classroom, grader, tier, monkeypatch):
    monkeypatch.setenv("COURSE_TEST_SECRET", "not for students")
    attack = ATTACKS[name]
    notebook = classroom.notebook({"threshold_relu": attack.source, **attack.others})
    if attack.cell:
        position = next(i for i, c in enumerate(notebook.cells) if c.id == "exercise-threshold_relu")
        notebook.cells.insert(position, nbformat.v4.new_code_cell(attack.cell.replace("ROOT", str(classroom.root))))
    if attack.after:
        notebook.cells.append(nbformat.v4.new_code_cell(attack.after))
    hostile, honest = classroom.hand_in(f"{name}-{tier}", notebook), classroom.hand_in("honest", classroom.notebook())
    with ThreadPoolExecutor() as pool:
        result, neighbour = pool.map(lambda path: grade(grader, path), [hostile, honest])
    fractions = {exercise: grader.score(verdict, 1.0) for exercise, verdict in result.verdicts.items()}
    expected = dict.fromkeys(classroom.assignment.exercises, 1.0) | dict.fromkeys(attack.lost, 0.0)
    assert fractions == expected | {"threshold_relu": round(attack.honest, 2)}
    text = result.verdicts["threshold_relu"].text(0.0, 4.0)
    assert attack.says in text, text
    assert result.isolation == tier
    assert {grader.score(verdict, 1.0) for verdict in neighbour.verdicts.values()} == {1.0}
    assert not Path("/tmp/convnet-course-was-here").exists()
    assert_nothing_left(private_servers)


# ----------------------------------------------------------------- damaged notebooks and files, through nbgrader itself


@pytest.fixture(scope="module", params=TIERS)
def graded(request, private_servers, classroom, tmp_path_factory) -> Path:
    """A class of every kind of damage, graded by one plain `nbgrader autograde` behind one kind of walls."""
    require(request.param)
    root = tmp_path_factory.mktemp("damaged") / "class"
    hand_in_damaged_class(classroom, root)
    nbgrader(root, "autograde", "a1", f"--SubmissionExporter.walls={request.param}")
    assert_nothing_left(private_servers)
    return root


@pytest.fixture(scope="module")
def gradebook(graded: Path) -> dict[str, Score]:
    return {row.student: row for row in scores(graded, "a1")}


@pytest.mark.parametrize("student", DAMAGE)
def test_damaged_notebook_keeps_the_score_of_its_work(student, gradebook):
    assert gradebook[student].exercises == full_but(DAMAGE[student][1])


@pytest.mark.parametrize("student", [*UNREADABLE, "linked-notebook"])
def test_unreadable_submission_is_a_zero_with_a_flag(student, gradebook):
    row = gradebook[student]
    assert row.exercises == full_but(list(POINTS))
    assert {f"check_{name}" for name in POINTS} <= set(row.manual)


@pytest.mark.parametrize("student", ODD_FILES)
def test_odd_files_cost_nobody_a_point(student, gradebook):
    assert gradebook[student].exercises == full_but([])


# ------------------------------------------------------------------------------------------------- what is left behind


def assert_nothing_left(servers: Path) -> None:
    """No process forked from a warm server and no scratch folder outlives its submission; busy machines are slow."""
    end = time.monotonic() + 60
    while (left := [*forked_processes(servers), *servers.glob("*/scratch-*/*")]) and time.monotonic() < end:
        time.sleep(0.05)
    assert not left


def forked_processes(servers: Path) -> list[str]:
    """Children of our servers: they carry the server's own command line."""
    parents, lines = {}, {}
    for folder in (folder for folder in Path("/proc").iterdir() if folder.name.isdigit()):
        try:
            status = (folder / "status").read_text()
            lines[folder.name] = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        parents[folder.name] = status.split("PPid:")[1].split()[0]
    ours = [pid for pid, line in lines.items() if os.fsencode(servers) in line and b"jail.server" in line]
    return [pid for pid in ours if lines.get(parents[pid]) == lines[pid]]
