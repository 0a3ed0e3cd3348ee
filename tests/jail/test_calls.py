"""A call reports what a student's function did as plain values; our own functions stand in for earlier stubs."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.jail.client import Student
from autograder.jail.limits import Died
from autograder.jail.wire import MIB


@pytest.fixture
def define(student: Student):
    def define(source: str) -> Student:
        result = student.run_cell(source, 20)
        assert result.died is None and not result.outputs, result
        return student

    return define


def test_result_keeps_shape_and_dtype(define):
    student = define("def f(x, scale=1):\n    print('noise')\n    return x * scale, {'n': x.size}, [None, True, 'ok']")
    outcome = student.call("f", (np.ones((2, 3), np.float32),), {"scale": 2}, timeout=10)
    product, count, rest = outcome.value
    np.testing.assert_array_equal(product, np.full((2, 3), 2, np.float32))
    assert product.dtype == np.float32 and count == {"n": 6} and rest == [None, True, "ok"]


def test_side_effects_on_arguments_are_seen(define):
    outcome = define("def f(x, y):\n    x[0] = 9\n    return y").call("f", (np.zeros(2), np.ones(2)), timeout=10)
    assert outcome.modified == ("x",) and outcome.shared == ("y",)


@pytest.mark.parametrize("raised", ["ValueError('no')", "SystemExit(1)", "KeyboardInterrupt()", "GeneratorExit()"])
def test_exception_is_an_outcome_and_the_process_lives(define, raised):
    student = define(f"def f():\n    raise {raised}")
    assert student.call("f", timeout=10).error.kind == raised.partition("(")[0]
    assert student.call("f", timeout=10).error is not None


def test_missing_name_is_a_name_error(student):
    error = student.call("sigmoid", timeout=10).error
    assert (error.kind, error.message) == ("NameError", "name 'sigmoid' is not defined")


def test_errstate_holds_during_the_call(define):
    student = define("import numpy as np\ndef f(x):\n    return np.exp(x)")
    assert (
        student.call("f", (np.array([1e4]),), errstate={"over": "raise"}, timeout=10).error.kind == "FloatingPointError"
    )


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("return object()", "NoResult"),
        ("return 2 ** 100", "TypeError"),
        ("import numpy as np; return np.zeros(100 << 20, np.uint8)", "ValueError"),
        ("import numpy as np; return np.array([object()])", "NoResult"),
        ("class Evil(tuple):\n        def __iter__(self): raise SystemExit\n    return Evil()", "SystemExit"),
        ("x = []; x.append(x); return x", "RecursionError"),
    ],
    ids=["object", "huge integer", "huge array", "object array", "evil tuple", "endless list"],
)
def test_result_that_cannot_cross_is_an_error(define, body, kind):
    student = define(f"def f():\n    {body}")
    assert student.call("f", timeout=20).error.kind == kind
    assert student.call("f", timeout=20).error.kind == kind


def test_tensors_come_back_as_arrays(define):
    student = define("import tensorflow as tf\ndef f(x):\n    return tf.constant(x) * 2")
    outcome = student.call("f", (np.ones(2, np.float32),), timeout=60)
    assert outcome.error is None, outcome.error
    np.testing.assert_array_equal(outcome.value, np.full(2, 2, np.float32))


def test_exit_during_a_call_is_a_death(define):
    with pytest.raises(Died, match="exited with status 7"):
        define("import os\ndef f():\n    os._exit(7)").call("f", timeout=10)


def test_endless_call_is_a_death(define):
    with pytest.raises(Died, match=r"time limit of 0\.5 s"):
        define("def f():\n    while True: pass").call("f", timeout=0.5)


# -------------------------------------------------------------------------------------------------------------- staff


def test_stand_in_runs_on_the_trusted_side_and_leaves_again(define):
    student = define("def helper(x): return -1\ndef f(x): return helper(x) + 1")
    seen = []

    def ours(x):
        seen.append(x)
        return x * 10

    outcome = student.call("f", (np.arange(3.0),), timeout=10, staff={"helper": ours})
    np.testing.assert_array_equal(outcome.value, [1, 11, 21])
    np.testing.assert_array_equal(seen[0], np.arange(3.0))
    assert student.call("f", (np.arange(3.0),), timeout=10).value == 0


def test_stand_in_for_a_name_that_was_never_defined_leaves_none_behind(define):
    student = define("def f(): return helper()")
    assert student.call("f", timeout=10, staff={"helper": lambda: 5}).value == 5
    assert student.call("f", timeout=10).error.kind == "NameError"


def test_error_in_a_stand_in_is_raised_in_the_students_code(define):
    student = define("def f(x):\n    try:\n        helper(x)\n    except ValueError as e:\n        return str(e)")

    def ours(x):
        raise ValueError("shapes differ")

    assert student.call("f", (1,), timeout=10, staff={"helper": ours}).value == "shapes differ"


def test_stand_in_kept_beyond_its_call_is_of_no_use(define):
    student = define(
        "kept = []\ndef f():\n    kept.append(helper)\n    return helper()\ndef g():\n    return kept[0]()"
    )
    assert student.call("f", timeout=10, staff={"helper": lambda: 1}).value == 1
    assert student.call("g", timeout=10, staff={"helper": lambda: 2}).error.kind == "RuntimeError"
    assert student.run_cell("g()", 10).outputs[-1]["ename"] == "RuntimeError"


FORGER = """
import os, socket
from autograder.jail import wire
def say(reply):
    for number in range(3, 64):
        try:
            wire.send_frame(socket.socket(fileno=os.dup(number)), (2, reply))  # the cell was request 1
        except OSError:
            pass
def f():
    say(REPLY)
    while True: pass
"""


def test_name_that_was_not_offered_ends_the_process(define):
    student = define(FORGER.replace("REPLY", "{'staff': 'exec', 'args': (), 'kwargs': {}}"))
    with pytest.raises(Died, match="malformed reply"):
        student.call("f", timeout=10, staff={"helper": lambda: 1})


WORDS = "(), (), (), ()"  # modified, shared, advanced, names


@pytest.mark.parametrize(
    "reply",
    [
        "{'value': 1}",
        "3",
        "(1, None, None)",
        f"[1, None, None, {WORDS}]",
        f"(1, 'text', None, {WORDS})",
        f"(1, None, None, {WORDS.replace('()', '(1,)', 1)})",
        f"(1, None, None, {WORDS}, ())",
    ],
)
def test_forged_outcome_ends_the_process(define, reply):
    student = define(FORGER.replace("REPLY", reply))
    with pytest.raises(Died, match="malformed reply"):
        student.call("f", timeout=10)


BELIEVED = "wire.encode_plain((2, (1, None, None, (), (), (), ())))"  # well formed, in the way that only we may speak


def test_outcome_in_the_form_of_those_who_are_believed_ends_the_process(define):
    forged = FORGER.replace("wire.send_frame(", "wire.send_encoded(").replace("(2, reply)", BELIEVED)
    with pytest.raises(Died, match="malformed reply"):
        define(forged.replace("REPLY", "None")).call("f", timeout=10)


def test_worker_is_nowhere_to_be_found(define):
    student = define(
        "def f():\n"
        "    import gc, sys\n"
        "    frame, found = sys._getframe(), []\n"
        "    while frame is not None:\n"
        "        found += [n for n in frame.f_globals if n in ('observation', 'Worker')] + [*frame.f_locals]\n"
        "        frame = frame.f_back\n"
        "    found += [type(o).__name__ for o in gc.get_objects() if type(o).__name__ in ('Worker', 'generator')]\n"
        "    return 'Worker' in found or 'observation' in found or 'steps' in found\n"
    )
    assert student.call("f", timeout=10).value is False


def test_arguments_of_many_megabytes_cross(define):
    big = np.zeros(20 * MIB, np.uint8)
    assert define("def f(x): return int(x.size)").call("f", (big,), timeout=30).value == big.size
