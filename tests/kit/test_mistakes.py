"""What goes wrong in a student's notebook, in a real kernel with the released files: the first sentence names it."""

from __future__ import annotations

import queue
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

STILL = "is still running after 0.5 s: an endless loop?"


@dataclass
class Ran:
    """What one cell left behind."""

    status: str = ""
    texts: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)

    @property
    def first(self) -> str:
        """The first line of the last thing shown."""
        return self.texts[-1].splitlines()[0] if self.texts else ""


class Kernel:
    """A student's kernel."""

    def __init__(self, folder: Path) -> None:
        self.manager, self.client = start_new_kernel(cwd=str(folder))

    def run(self, source: str, *, interrupt_at: str = "", patience: float = 60) -> Ran:
        """Run a cell; interrupt it, once, when it shows certain words."""
        ran, end = Ran(), time.monotonic() + patience
        request = self.client.execute(source)
        while time.monotonic() < end:
            try:
                message = self.client.get_iopub_msg(timeout=1)
            except queue.Empty:
                assert self.manager.is_alive(), "the kernel is dead"
                continue
            if message["parent_header"].get("msg_id") == request and self._is_last(message, ran, interrupt_at):
                ran.status = self._reply(request)["status"]
                return ran
        raise AssertionError(f"still running: {source}")

    def _reply(self, request: str) -> dict[str, Any]:
        while True:  # others may still lie there: a slow start asks more than once whether the kernel is ready
            reply = self.client.get_shell_msg(timeout=10)
            if reply["parent_header"].get("msg_id") == request:
                return reply["content"]

    def _is_last(self, message: dict[str, Any], ran: Ran, interrupt_at: str) -> bool:
        content = message["content"]
        if message["msg_type"] in ("display_data", "execute_result"):
            ran.texts.append(content["data"]["text/plain"])
            ran.pages.append(content["data"].get("text/html", ""))
            if interrupt_at and interrupt_at in ran.texts[-1]:
                self.manager.interrupt_kernel()
        elif message["msg_type"] == "stream":
            ran.texts.append(content["text"])
        elif message["msg_type"] == "error":
            ran.texts.append("\n".join(content["traceback"]))
        return message["msg_type"] == "status" and content["execution_state"] == "idle"

    def mistake(self, body: str, name: str = "threshold_relu", arguments: str = "x, t") -> Ran:
        """Define a function with a mistake, as a cell, and check it in the next."""
        self.run(f"def {name}({arguments}):\n{body}")
        return self.run(f"check({name})")

    def stop(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def kernel(classroom):
    kernel = Kernel(classroom.root / "release" / "a1")
    kernel.run("import numpy as np\nfrom coursekit import check\ncheck.slow, check.room = 0.5, 2**28")
    yield kernel
    kernel.stop()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("    np.maximum(x, t)", "returned None, expected an array of shape (2, 2): did you forget `return`?"),
        ("    return np.maximum(x, t).tolist()", "returned a list, expected an array of shape (2, 2)"),
        (
            "    y = x\n\n    return nmp.maximum(y, t)",
            "raised NameError: name 'nmp' is not defined, at line 4: return nmp.maximum(y, t)",
        ),
        ("    exit()", "raised SystemExit: exit() was called, at line 2: exit()"),
        ("    import sys\n    sys.exit('bye')", "raised SystemExit: bye, at line 3: sys.exit('bye')"),
        (
            "    yield np.maximum(x, t)",
            "returned a generator: it has a `yield`, or a comprehension in (parentheses)",
        ),
        ("    x[x < t] = t\n    return x", "changed its argument x in place; the caller still needs it unchanged"),
        ("    return x.sum(axis=1)", "shape (2,), expected (2, 2)"),
        ("    return np.minimum(x, t)", "4 of 4 values differ, the first at [0, 0]"),
        (
            "    rows = []\n    while True:\n        rows.append(np.ones(10**6))",
            "stopped, because it had taken 0.3 GB of memory and wanted more.",
        ),
    ],
    ids=["return", "list", "name", "exit", "sys.exit", "yield", "in place", "axis", "values", "growing list"],
)
def test_the_first_sentence_names_the_mistake(kernel, body, sentence):
    ran = kernel.mistake(body)
    assert ran.status == "ok"  # Run All goes on
    assert ran.first == f"✗ threshold_relu: {sentence}"


def test_an_endless_loop_is_announced_and_ends_with_one_interrupt(kernel):
    kernel.run("def threshold_relu(x, t):\n    while True:\n        x = x + 1")
    ran = kernel.run("check(threshold_relu)", interrupt_at=STILL)
    assert ran.texts[0].startswith(f"threshold_relu {STILL}")
    assert ran.status == "error", ran.texts  # who interrupts wants everything to stop
    assert re.match(r"✗ threshold_relu: interrupted at line (2: while True|3: x = x \+ 1)", ran.first)
    assert kernel.run("'alive'").texts == ["'alive'"]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (
            "def threshold_relu(x, t):\n    return np.maximum(x, t))",
            "Python could not read the newest cell with `def threshold_relu`: unmatched ')', in line 2.",
        ),
        (
            "unknown\ndef threshold_relu(x, t):\n    return 0",
            "the newest cell with `def threshold_relu` ended in an error before it got there.",
        ),
    ],
    ids=["syntax", "error above"],
)
def test_check_says_that_it_still_sees_the_previous_function(kernel, source, why):
    kernel.run("def threshold_relu(x, t):\n    return x")
    kernel.run(source)
    ran = kernel.run("check(threshold_relu)")
    assert ran.first == f"✗ threshold_relu: check still sees the previous version, because {why}"
    assert kernel.mistake("    return 0 * x").first.startswith("✗ threshold_relu: 4 of 4 values differ")
    kernel.run("threshold_relu = abs")  # may come from anywhere
    assert "previous" not in kernel.run("check(threshold_relu)").first


def test_coroutine_is_told_without_a_warning(kernel):
    kernel.run("async def threshold_relu(x, t):\n    return x")
    ran = kernel.run("check(threshold_relu)\nimport gc; gc.collect();")
    assert ran.first == "✗ threshold_relu: returned a coroutine: it is defined with `async def`"
    assert len(ran.texts) == 1


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        ("check(lambda x, t: x)", "a lambda has no name; call it by its exercise's, `threshold_relu = lambda ...`"),
        ("check(np.zeros(3))", "give it the function itself, without calling it, as in check(threshold_relu)"),
        ("check(len)", "no such exercise here; expected one of threshold_relu, threshold_relu_backward"),
    ],
)
def test_what_is_no_exercise_is_told_how_to_become_one(kernel, call, sentence):
    ran = kernel.run(call)
    assert ran.status == "ok" and sentence in ran.first


@pytest.mark.parametrize(
    "value",
    ["lambda x, t: 0 * x", "__import__('functools').partial(lambda s, x, t: s * x, 0)"],
    ids=["lambda", "partial"],
)
def test_a_function_is_known_by_what_the_notebook_calls_it(kernel, value):
    assert kernel.run(f"threshold_relu = {value}\ncheck(threshold_relu)").first.startswith("✗ threshold_relu: 4 of 4")


def test_sum_over_the_wrong_axis_names_both_axes(kernel):
    body = "    return np.where(x > t, dout, 0), np.where(x > t, 0, dout).sum(axis=1 if np.ndim(t) else None)"
    ran = kernel.mistake(body, "threshold_relu_backward", "dout, x, t")
    assert ran.first == "✗ threshold_relu_backward: dt: shape (2,), expected (3,)"
    wanted = "this is what a sum, mean or max over axis 1 of an array (2, 3) leaves; keep axis 1, reduce the others"
    assert f"  hint      {wanted}" in ran.texts[-1].splitlines()


def test_images_are_shown_plane_by_plane(kernel):
    body = (
        "    axes = tuple(range(x.ndim - np.ndim(t)))\n"
        "    return np.where(x > t, dout, 0), np.where(x > t, 0, dout).sum(axes) + x.ndim // 4"
    )
    text = kernel.mistake(body, "threshold_relu_backward", "dout, x, t").texts[-1]
    assert "  call      threshold_relu_backward(dout, x, t=[-1. 1.])      # images" in text
    shown = ["  dout      float64 (1, 2, 2, 2)", "            [0, :, :, 0]  0. 2.", "                          4. 6."]
    assert "\n".join(shown) in text


def test_success_is_seen(kernel, classroom, content):
    kernel.run(classroom.right["threshold_relu"])
    ran = kernel.run("check(threshold_relu)")
    hidden = content.specs["threshold_relu"].count
    assert ran.texts == [f"✓ threshold_relu: 5 of 5 public cases pass. {hidden} hidden cases run after you submit."]
    assert "#2e7d32" in ran.pages[0] and "#c62828" in kernel.mistake("    return x").pages[0]


def test_progress_knows_that_a_function_has_changed_since_its_check(kernel, classroom):
    right = classroom.right["threshold_relu"]

    def row() -> str:
        return next(line for line in kernel.run("progress()").texts[-1].splitlines() if " threshold_relu " in line)

    kernel.run("from coursekit import check, progress")
    kernel.run(right)
    kernel.run("check(threshold_relu)")
    passed = row()
    assert (
        passed.startswith("✓ threshold_relu ") and "  5 of 5 public cases  " in passed and passed.endswith("  4 points")
    )
    kernel.run(right)  # the same text once more is no change
    assert row() == passed
    kernel.run("def threshold_relu(x, t):\n    return x")
    assert row().startswith("– threshold_relu ") and "  changed since its check ran  4 points open" in row()
    kernel.run("check(threshold_relu)")
    assert row().startswith("✗ threshold_relu ")


def test_run_all_reaches_the_end_of_an_unfinished_notebook(kernel, classroom):
    """The cells of the release as they are, in order: none ends in an error, and the last one sums up."""
    kernel.run("%reset -f")
    statuses, last = [], Ran()
    for cell in classroom.release().cells:
        if cell.cell_type == "code":
            last = kernel.run(cell.source)
            statuses.append(last.status)
    assert set(statuses) == {"ok"}
    assert last.first.startswith("0 of 8 exercises pass their public cases")
    assert last.texts[-1].count("not written yet") == 8


@pytest.mark.long
def test_no_greeting_of_tensorflow_and_a_softmax_is_named(classroom_a4):
    kernel = Kernel(classroom_a4.root / "release" / "a4")
    try:
        cells = [cell.source for cell in classroom_a4.release().cells if cell.cell_type == "code"]
        assert "check_environment()" in cells[0] and kernel.run(cells[0]).texts[0].startswith("✓ ")
        assert kernel.run(cells[1], patience=120).texts == []
        kernel.run(classroom_a4.right["build_all_conv"])
        right = kernel.run("check(build_all_conv)")
        assert right.texts[0].startswith("✓ build_all_conv") and len(right.texts) == 1
        kernel.run(
            "right = build_all_conv\ndef build_all_conv(**options):\n    model = right(**options)\n"
            "    return keras.Model(model.inputs, layers.Softmax()(model.outputs[0]))"
        )
        wrong = kernel.run("check(build_all_conv)").first
        assert wrong.endswith("they add up to 1: is there a softmax where logits are asked for?")
    finally:
        kernel.stop()
