"""`course demo`: a small class hands in, plain nbgrader grades it, and the gradebook is shown."""

from __future__ import annotations

import ast
import inspect
import json
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode
from rich.console import Console

from autograder.build import build_assignment
from autograder.classroom import autograde, generate_feedback, score_table, scores
from autograder.content import Content, load_content
from autograder.course import Assignment, Course
from autograder.release import release_assignment

LOOP = "\n    while True:\n        pass\n"
EXIT = "\n    import os\n    os._exit(0)\n"

# Wrong work under a heap of tricks that win full marks from a grader which runs its tests in the student's process.
TAMPER = '''\
import ast, sys
import numpy.testing

class Equal:
    """Claims to equal whatever it is compared with."""
    __array_priority__ = 1e9
    def __eq__(self, other): return True
    def __array__(self, dtype=None, copy=None): return np.zeros(3)
    def __getattr__(self, name): return Equal()

np.allclose = np.array_equal = np.isclose = lambda *a, **k: True
np.testing.assert_allclose = np.testing.assert_array_equal = lambda *a, **k: None
for module in list(sys.modules.values()):
    for name in ("check", "judge_case", "compare", "observe"):
        if hasattr(module, name):
            setattr(module, name, lambda *a, **k: None)
class Drop:
    def visit(self, node): return type(node)([], []) if "check" in ast.unparse(node) else node
get_ipython().ast_transformers.append(Drop())
'''


def write_class(course: Course, assignment: Assignment, root: Path) -> list[str]:
    """Hand in for a small class under ``root/submitted``; returns the students' names."""
    release = root / "release" / assignment.name / f"{assignment.folder}.ipynb"
    content = load_content(assignment.folder)
    right = {name: cell_source(function, name) for name, function in content.solutions.items()}
    exercises = list(right)
    first, second = exercises[0], exercises[1]
    notebooks: dict[str, Mapping[str, str]] = {
        "perfect": right,
        "perfect-otherwise": {**right, **{n: cell_source(v[-1].function, n) for n, v in content.variants.items() if v}},
        "one-misconception": {**right, first: _mutant(content, first, 0)},
        "half-misconceptions": {**right, **{name: _mutant(content, name, 1) for name in exercises[::2]}},
        "other-half": {**right, **{name: _mutant(content, name, 2) for name in exercises[1::2]}},
        "all-misconceptions": {name: _mutant(content, name, 0) for name in exercises},
        "half-done": {name: right[name] for name in exercises[: len(exercises) // 2]},
        "blank": {},
        "endless-loop": {**right, first: _with_body(right[first], LOOP)},
        "exits": {**right, second: _with_body(right[second], EXIT)},
        "cannot-be-parsed": {**right, second: right[second].replace(":\n", "\n", 1)},
        "tampers": {name: _with_body(source, "\n    return Equal()\n") for name, source in right.items()},
    }
    for student, sources in notebooks.items():
        notebook = fill_in(nbformat.read(release, as_version=4), sources)
        if student.startswith("perfect"):
            _answer(notebook)
        if student == "tampers":
            notebook.cells.insert(1, nbformat.v4.new_code_cell(TAMPER, id="tamper"))
        hand_in(root, student, assignment, json.dumps(notebook))
    hand_in(root, "broken-notebook", assignment, json.dumps(nbformat.read(release, as_version=4))[:2000])
    return [*notebooks, "broken-notebook"]


def _answer(notebook: NotebookNode) -> None:
    """Write something into the answers that a person grades."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and "nbgrader" in cell.metadata:
            cell.source += (
                "\n\nMy answer: see the figure above; the interval of the two runs does not overlap, $p < 0.05$."
            )


def fill_in(notebook: NotebookNode, sources: Mapping[str, str]) -> NotebookNode:
    """Put a student's sources into the exercise cells of a released notebook."""
    for cell in notebook.cells:
        exercise = cell.metadata.get("nbgrader", {}).get("grade_id")
        if exercise in sources:
            cell.source = sources[exercise]
    return notebook


def hand_in(root: Path, student: str, assignment: Assignment, text: str) -> Path:
    """Write a notebook where nbgrader expects a student's submission."""
    path = root / "submitted" / student / assignment.name / f"{assignment.folder}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def cell_source(function: Callable[..., Any], name: str) -> str:
    """The source of a function as a student would type it: without decorators, under the exercise's name.

    Where it calls a reference solution, that solution comes along under another name.
    """
    definition = _definition(function)
    definition.decorator_list, definition.name = [], name
    references = _References()
    references.visit(definition)
    sources = []
    for reference in references.names:
        copied = _definition(vars(function.__globals__["solution"])[reference])
        copied.name = f"_{reference}"
        sources.append(ast.unparse(copied))
    return "\n\n\n".join([*sources, ast.unparse(definition)])


def _definition(function: Callable[..., Any]) -> ast.FunctionDef:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return next(node for node in tree.body if isinstance(node, ast.FunctionDef))


class _References(ast.NodeTransformer):
    """Replaces ``solution.name`` by ``_name`` and remembers the names."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if not (isinstance(node.value, ast.Name) and node.value.id == "solution"):
            return node
        self.names[node.attr] = None
        return ast.Name(f"_{node.attr}", node.ctx)


def _mutant(content: Content, name: str, index: int) -> str:
    mutants = content.mutants[name]
    return cell_source(mutants[min(index, len(mutants) - 1)].function, name)


def _with_body(source: str, body: str) -> str:
    definition = ast.parse(source).body[0]
    assert isinstance(definition, ast.FunctionDef)
    return f"def {definition.name}({ast.unparse(definition.args)}):{body}"


def run_demo(course: Course, assignments: Sequence[Assignment], root: Path, console: Console) -> int:
    """Build, release, hand in, grade, give feedback, and show the gradebook. ``root`` is emptied first."""
    shutil.rmtree(root, ignore_errors=True)
    for assignment in assignments:
        build_assignment(course, assignment.name, root)
        release_assignment(course, assignment.name, root)
        students = write_class(course, assignment, root)
        console.print(f"{assignment.name} ({assignment.title}): built, released", markup=False)
        console.print(f"{len(students)} students hand in: {', '.join(students)}", markup=False)
        status = autograde(root, assignment.name, console) or generate_feedback(root, assignment.name, console)
        if status:
            return status
        title = f"gradebook, {assignment.name} {assignment.title}"
        console.print(score_table(scores(root, assignment.name), list(assignment.exercises), title))
    _show_results(assignments[0], root, console)
    return 0


def _show_results(assignment: Assignment, root: Path, console: Console) -> None:
    """Where to look, and what to do next."""
    shown = root.relative_to(Path.cwd()) if root.is_relative_to(Path.cwd()) else root
    programs = os.path.relpath(Path(sys.executable).parent, root)
    for what, where in [
        ("a student's feedback", f"{shown}/feedback/one-misconception/{assignment.name}/{assignment.folder}.html"),
        ("a graded notebook", f"{shown}/autograded/tampers/{assignment.name}/{assignment.folder}.ipynb"),
        ("its verdicts, with what was asked", f"{shown}/autograded/tampers/{assignment.name}/verdicts.json"),
        (
            "grade it again with plain nbgrader",
            f"cd {shown} && {programs}/nbgrader autograde {assignment.name} --force",
        ),
        ("grade by hand in the browser", f"cd {shown} && {programs}/jupyter lab   (Nbgrader > Formgrader)"),
    ]:
        console.print(f"{what + ':':38}{where}", markup=False, highlight=False, soft_wrap=True)
