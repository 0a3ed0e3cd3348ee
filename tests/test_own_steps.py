"""What a lecturer adds to nbgrader's steps is taken, between reading and grading."""

from __future__ import annotations

import json

import pytest
from damage import nbgrader

from autograder.classroom.scores import scores

STAMP = """
from nbgrader.preprocessors import NbGraderPreprocessor

class Stamp(NbGraderPreprocessor):
    def preprocess(self, nb, resources):
        nb.metadata["stamp"] = "read"
        return nb, resources

get_config().Autograde.sanitize_preprocessors = [Stamp]
"""


@pytest.mark.slow
def test_a_step_that_sanitises_has_its_work_kept(classroom, tmp_path, private_servers):
    here = classroom.apart(tmp_path / "class")
    with (here.root / "nbgrader_config.py").open("a") as config:
        config.write(STAMP)
    here.hand_in("ada", here.notebook())
    nbgrader(here.root, "autograde", "a1")
    assert [row.total for row in scores(here.root, "a1")] == [70]
    (path,) = here.root.glob("autograded/ada/a1/*.ipynb")
    assert json.loads(path.read_text())["metadata"]["stamp"] == "read"
