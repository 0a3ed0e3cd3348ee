"""Cells run as in a notebook; what they print, draw and raise arrives bounded; whatever kills them is named."""

from __future__ import annotations

import base64
import os
import re
import signal

import pytest
from allowed import some_limits

from autograder.jail.client import Student
from autograder.jail.inside import outputs
from autograder.jail.limits import Died
from autograder.jail.wire import WireError

FIND_SOCKET = """
import os, socket, stat
fd = next(n for n in range(3, 64) if os.path.exists(f'/proc/self/fd/{n}') and stat.S_ISSOCK(os.fstat(n).st_mode))
"""


def run(student: Student, source: str, timeout: float = 20) -> tuple:
    result = student.run_cell(source, timeout)
    assert result.died is None, result.died
    return result.outputs


def text_of(items) -> str:
    return "".join(item.get("text", "") for item in items)


def test_prints_results_and_figures_arrive_in_order(student):
    source = "print('one')\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nprint('two')\n1 + 1"
    stream, figure, second, result = run(student, source)
    assert (stream["text"], second["text"]) == ("one\n", "two\n")
    assert base64.b64decode(figure["data"]["image/png"]).startswith(b"\x89PNG")
    assert result == {
        "output_type": "execute_result",
        "execution_count": 1,
        "data": {"text/plain": "2"},
        "metadata": {},
    }


def test_exception_is_an_output_and_the_next_cell_runs(student):
    (error,) = run(student, "1 / 0")
    assert (error["ename"], error["evalue"]) == ("ZeroDivisionError", "division by zero")
    assert "1 / 0" in re.sub("\x1b\\[[0-9;]*m", "", "".join(error["traceback"]))
    assert run(student, "40 + 2")[0]["data"] == {"text/plain": "42"}


@pytest.mark.parametrize(
    ("source", "ename"),
    [
        ("raise SystemExit(1)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("def f(:", "SyntaxError"),
        ("input()", "EOFError"),
        ("class E(Exception):\n    def __str__(self): raise ValueError\nraise E", "E"),
        ("def f(): f()\nf()", "RecursionError"),
    ],
)
def test_every_kind_of_exception_leaves_the_process_alive(student, source, ename):
    assert ename in [item.get("ename") for item in run(student, source)]
    assert text_of(run(student, "print('alive')")) == "alive\n"


@pytest.mark.parametrize("line", ["!pip install numpy", "%pip install numpy", "files = !ls", "!{1 + 1}"])
def test_shell_commands_are_told_and_the_cell_goes_on(student, line):
    outputs = run(student, f"{line}\nprint('on')")
    assert not [item for item in outputs if item["output_type"] == "error"]
    assert "[not run while grading: " in text_of(outputs) and "on\n" in text_of(outputs)


def test_html_and_scripts_are_left_out(student):
    source = "from IPython.display import HTML, Javascript, display\ndisplay(HTML('<script>'), Javascript('alert(1)'))"
    assert all(set(item["data"]) == {"text/plain"} for item in run(student, source))


def test_display_updates_do_not_touch_other_cells(student):
    run(student, "from IPython.display import display\nhandle = display('first', display_id=True)")
    assert run(student, "handle.update('changed')") == ()
    (output,) = run(student, "h = display('mine', display_id=True)\nh.update('updated')")
    assert output["data"]["text/plain"] == "'updated'"


def test_flood_of_output_is_cut_and_said_so(student):
    items = run(student, "for i in range(200_000): print('x' * 100)\n1 / 0", timeout=60)
    assert len(text_of(items)) < 70 * 1024
    assert "the rest is not kept: more than 64 KiB" in text_of(items)
    assert any(item.get("ename") == "ZeroDivisionError" for item in items)


def test_many_small_outputs_are_cut(student):
    items = run(student, "from IPython.display import display\nfor i in range(3000): display(i)")
    assert len(items) <= outputs.MAX_OUTPUTS


def test_state_lives_from_cell_to_cell_and_files_are_importable(new_student):
    student = new_student(files={"checks.py": b"x = 6", "data/y.txt": b"7"})
    run(student, "import checks\ny = int(open('data/y.txt').read())")
    assert run(student, "checks.x * y")[0]["data"]["text/plain"] == "42"


def test_many_files_and_large_ones_arrive(new_student):
    files = {f"data/{number}.txt": b"x" * number for number in range(230)} | {"large.bin": b"y" * (20 << 20)}
    student = new_student(files=files, limits=some_limits(disk_mb=64))
    sizes = "[os.path.getsize(f'data/{n}.txt') for n in range(230)] == list(range(230))"
    (output,) = student.run_cell(f"import os\nprint({sizes}, os.path.getsize('large.bin'))", 10).outputs
    assert output["text"] == f"True {20 << 20}\n"


def test_unseeded_draws_repeat(new_student):
    source = "import random, numpy as np\n(random.random(), np.random.rand())"
    one, other = (run(new_student(), source)[0]["data"] for _ in range(2))
    assert one == other


def test_tensorflow_trains_a_small_model(new_student):
    source = """
import keras, numpy as np
model = keras.Sequential([keras.layers.Dense(4, activation="relu"), keras.layers.Dense(1)])
model.compile("sgd", "mse")
history = model.fit(np.ones((32, 3)), np.ones((32, 1)), epochs=2, verbose=0)
len(history.history["loss"])
"""
    student = new_student(limits=some_limits(memory_mb=1024))
    assert run(student, source, timeout=120)[-1]["data"]["text/plain"] == "2"


# ------------------------------------------------------------------------------------------------------------- deaths


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("while True: pass", "time limit of 0.5 s"),
        ("import os; os._exit(3)", "exited with status 3"),
        ("import ctypes; ctypes.string_at(0)", "killed by signal SIGSEGV"),
        ("b = [bytearray(1 << 20) for _ in range(400)]\nwhile True: pass", "memory limit of 256 MiB"),
        (
            "import threading, time\nthreading.stack_size(1 << 16)\n"
            "for _ in range(300): threading.Thread(target=time.sleep, args=(9,)).start()\n"
            "while True: pass",
            "limit of 256 threads",
        ),
        (FIND_SOCKET + "os.write(fd, b'garbage' * 100)\nwhile True: pass", "output limit"),
        (FIND_SOCKET + "os.write(fd, b'\\5\\0\\0\\0hello')\nwhile True: pass", "malformed reply"),
        (FIND_SOCKET + "os.close(fd)\nwhile True: pass", "malformed reply"),
        (
            FIND_SOCKET + "from autograder.jail import wire\ns = socket.socket(fileno=fd)\n"
            "wire.send_frame(s, (99, []))\nwhile True: pass",
            "malformed reply",
        ),
        (
            "get_ipython().run = lambda *a: [{'output_type': 'display_data', 'data': {'text/html': '<b>'}, 'text': 3}]",
            None,
        ),
    ],
    ids=["endless", "exit", "segfault", "memory", "threads", "flood", "garbage", "hangup", "forged number", "forgery"],
)
def test_death_is_named(student, source, reason):
    timeout = 0.5 if "0.5" in str(reason) else 30
    result = student.run_cell(source, timeout)
    if reason is None:
        result, reason = student.run_cell("1", 5), "malformed reply"
    assert result.died == reason
    assert student.run_cell("1", 5).died == reason
    with pytest.raises(Died, match=reason):
        student.call("f", timeout=5)


def test_who_is_killed_from_outside_is_told_from_who_ends_itself(new_student):
    killed, ended, stopped = new_student(), new_student(), new_student()
    os.kill(killed.pid, signal.SIGKILL)
    result = killed.run_cell("1", 5)
    assert (result.died, result.killed) == ("killed by signal SIGKILL", True)
    for student, source in ((ended, "import os; os.abort()"), (stopped, "while True: pass")):
        result = student.run_cell(source, 0.5)
        assert result.died and not result.killed


def test_allocation_beyond_every_limit_is_an_ordinary_memory_error(student):
    (error,) = run(student, "import numpy as np\nnp.ones((1 << 33,))")
    assert "MemoryError" in error["ename"]
    assert text_of(run(student, "print('alive')")) == "alive\n"


def test_disk_is_limited(student, tier):
    source = "for i in range(40):\n    with open(f'f{i}', 'wb') as f: f.write(bytes(1 << 20))\nwhile True: pass"
    result = student.run_cell(source, 20)
    if tier == "namespaces":  # the scratch folder is a file system of that size
        assert result.outputs[-1]["ename"] == "OSError" and "No space left" in result.outputs[-1]["evalue"]
    else:
        assert result.died == "disk limit of 16 MiB"


def test_deleted_files_count_as_disk(student, tier):
    if tier == "namespaces":
        pytest.skip("the file system's own size counts them")
    source = (
        "import os\nfs = []\nfor i in range(40):\n    f = open('f', 'wb', buffering=0); os.unlink('f')\n"
        "    f.write(bytes(1 << 20)); fs.append(f)\nwhile True: pass"
    )
    assert student.run_cell(source, 20).died == "disk limit of 16 MiB"


# ------------------------------------------------------------------------------------------- what a forged reply may be

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (4).to_bytes(4, "big") * 2 + bytes(8)


def as_array(data: bytes):
    import numpy as np

    return np.frombuffer(data, np.uint8)


def test_outputs_are_rebuilt_from_text_and_png_alone():
    item = {"output_type": "display_data", "text": "t", "png": as_array(PNG), "html": "<b>"}
    (output,) = outputs.checked_outputs([item], budget=1000)
    assert output["data"] == {"text/plain": "t", "image/png": base64.b64encode(PNG).decode()}


@pytest.mark.parametrize(
    "reply",
    [
        None,
        {},
        ["text"],
        [{}],
        [{"output_type": "update_display_data"}],
        [{"output_type": "stream", "name": "stdin", "text": ""}],
        [{"output_type": "stream", "name": "stdout", "text": 1}],
        [{"output_type": "error", "ename": "E", "evalue": "", "traceback": "text"}],
        [{"output_type": "execute_result", "text": "", "execution_count": "1"}],
        [{"output_type": "display_data", "text": "", "png": "iVBOR"}],
        [{"output_type": "display_data", "text": "", "png": as_array(b"GIF89a" + bytes(100))}],
        [{"output_type": "display_data", "text": "", "png": as_array(PNG[:16] + b"\xff" * 8)}],
        [{"output_type": "stream", "name": "stdout", "text": "x" * 5000}],
        [{"output_type": "stream", "name": "stdout", "text": ""}] * 2000,
    ],
    ids=range(14),
)
def test_other_outputs_are_refused(reply):
    with pytest.raises(WireError):
        outputs.checked_outputs(reply, budget=1000)


# -------------------------------------------------------------------------------------- what Jupyter at home would do

STUB = "def f(x):\n    '''Text.'''\n    raise NotImplementedError()"


@pytest.mark.parametrize(
    "bound",
    [
        "def f(x): return x",
        "f = lambda x: x",
        "import functools\nf = functools.partial(max, 0)",
        "class Identity:\n    def __call__(self, x): return x\nf = Identity()",
        "globals()['f'] = abs",
        "from math import fabs as f",
    ],
)
def test_stub_takes_the_place_of_nothing_that_is_there(student, bound):
    for source in (bound, STUB, f"%%time\n{STUB}", f"x = 1\n{STUB}"):
        run(student, source)
    assert student.call("f", (2,), timeout=10).value == 2


def test_stub_alone_is_a_stub_and_a_function_takes_its_place(student):
    run(student, STUB)
    assert student.call("f", (2,), timeout=10).error.kind == "NotImplementedError"
    run(student, "def f(x): return 3")
    assert student.call("f", (2,), timeout=10).value == 3


@pytest.mark.parametrize(
    "stopped", ["if x: raise NotImplementedError\n    return 5", "print()\n    raise NotImplementedError"]
)
def test_whatever_does_more_than_a_stub_takes_the_place_of_what_was_there(student, stopped):
    run(student, f"def f(x): return 1\ndef f(x):\n    {stopped}")
    outcome = student.call("f", (0,), timeout=10)
    assert outcome.value == 5 or outcome.error.kind == "NotImplementedError"


@pytest.mark.parametrize(
    ("line", "use"),
    [
        ("import nowhere as n", "n.array(x)"),
        ("import nowhere.deeper", "nowhere.deeper.f(x)"),
        ("from nowhere import g", "g(x)"),
        ("from nowhere import g as h", "h[x]"),
        ("from os import nothing_like_this as n", "x + n"),
    ],
)
def test_module_that_is_not_here_stops_no_cell_and_is_named_where_it_is_used(student, line, use):
    outputs = run(student, f"{line}\ndef f(x): return x\ndef g_used(x): return {use}\nprint('on')")
    assert outputs[0]["ename"] in ("ModuleNotFoundError", "ImportError")
    assert text_of(outputs) == "on\n"
    assert student.call("f", (1,), timeout=10).value == 1
    error = student.call("g_used", (1,), timeout=10).error
    assert error.kind in ("ModuleNotFoundError", "ImportError") and "no" in error.message.lower(), error


def test_imports_that_are_tried_are_the_students_own_affair(student):
    assert run(student, "try:\n    import nowhere\nexcept ImportError:\n    n = None\nn is None")[0]["data"] == {
        "text/plain": "True"
    }
    assert run(student, "from __future__ import annotations\nimport os.path\nos.path.basename('a/b')")[0]["data"] == {
        "text/plain": "'b'"
    }


DEFINING = """
%matplotlib inline
import math, nowhere.deeper, math as m
try:
    import quick
except ImportError:
    quick = None
RATES = {'a': [1, -2.5], 'b': 2 * math.pi}
if RATES:
    def helper(x): return x + 1
class Thing:
    size = 3
double = lambda x: 2 * x
while True: pass
trained = train()
"""


@pytest.mark.parametrize("head", ["", "%%time"])
def test_definitions_and_imports_of_a_cell_count_where_the_rest_does_not_run(student, head):
    result = student.run_cell(head + DEFINING, 10, definitions=True)
    assert result.died is None, result
    names = ["RATES", "Thing", "double", "helper", "math", "quick"]
    source = f"[n for n in {[*names, 'trained']} if n in globals()]"
    assert run(student, source)[0]["data"] == {"text/plain": str(names)}
    assert run(student, "double(helper(1))")[0]["data"] == {"text/plain": "4"}


def test_definitions_alone_of_no_python_do_nothing(student):
    for source in ("%%html\n<b>", "def f(:", "%%time\ndef f(:", "", "5"):
        student.run_cell(source, 10, definitions=True)
    assert text_of(run(student, "print('alive')")) == "alive\n"
