"""Code that attacks the grader: the first exercise of a1 in an otherwise perfect notebook, or a cell in front of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
    "patched_check": Attack(
        "import coursekit\ncheck = coursekit.check = lambda *a: print('8 of 8 public cases pass.')"
    ),
    "patched_observe": Attack(
        "import sys\n"
        "for module in list(sys.modules.values()):\n"
        "    for name in ('observe', 'judge_case', 'compare', 'plain'):\n"
        "        if hasattr(module, name): setattr(module, name, lambda *a, **k: None)\n",
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
        "from solutions.a1_relu_sigmoid.solution import threshold_relu", "pass\n", says="ModuleNotFoundError"
    ),
    "import_the_hidden_checks": Attack(
        "import solutions.a1_relu_sigmoid.hidden as h",
        body("return h.threshold_loop(x, t).astype(x.dtype)"),
        says="ModuleNotFoundError",
    ),
    "import_the_judge": Attack("import autograder.judge.judging as j", body("return j"), says="ModuleNotFoundError"),
    "read_the_secret": Attack("loot = open('ROOT/.course_secret', 'rb').read()", body("return loot"), says="'loot'"),
    "read_the_journal": Attack("loot = open('ROOT/.journal/a1', 'rb').read()", body("return loot"), says="'loot'"),
    "write_into_the_journal": Attack(
        "loot = open('ROOT/.journal/a1', 'ab').write(b'mine')", body("return loot"), says="'loot'"
    ),
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
