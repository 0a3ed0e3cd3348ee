"""What every assignment's modules promise to the machinery around them."""

from __future__ import annotations

import subprocess
import sys

PROBE = """
import importlib, os, sys
from pathlib import Path
for path in sorted(Path("solutions").glob("*/solution.py")):
    for module in ("solutions.{}.solution", "solutions.{}.mutants", "solutions.{}.variants", "solutions.{}.hidden"):
        importlib.import_module(module.format(path.parent.name))
import autograder.judge.training
from tensorflow.python.eager import context
print("threads", len(os.listdir("/proc/self/task")), "started", context.context()._context_handle is not None)
"""


def test_importing_an_assignment_does_not_start_tensorflow():
    # the warm servers import everything and fork; a TensorFlow that runs already would hang in the children
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    assert "started False" in done.stdout, done.stdout
