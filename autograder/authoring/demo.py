"""`course demo`: a small class hands in, plain nbgrader grades it, and the gradebook is shown."""

from __future__ import annotations

import ast
import inspect
import json
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder.authoring.build import model_answers
from autograder.authoring.release import release_assignment
from autograder.classroom.grading import autograde, generate_feedback
from autograder.classroom.scores import Score, score_table, scores
from autograder.course.cells import ANSWER_PLACE, nbgrader_name
from autograder.course.config import Assignment, Course
from autograder.course.content import Content, load_content
from autograder.grading.arriving.handed_in import register
from autograder.grading.pages.contents import RECORD

LOOP = "\n    while True:\n        pass\n"
EXIT = "\n    import os\n    os._exit(0)\n"

# Wrong work under a heap of tricks that win full marks from a grader which runs its tests in the student's process: a
# test does that, so that this stays true.
TAMPER = """\
import ast, sys
import coursekit
import numpy as np

class Equal:
    \"\"\"Claims to equal whatever it is compared with.\"\"\"
    __array_priority__ = 1e9
    def __eq__(self, other): return True
    def __array__(self, dtype=None, copy=None): return np.zeros(3)
    def __iter__(self): return iter([Equal(), Equal()])

np.allclose = np.array_equal = np.isclose = lambda *a, **k: True
np.testing.assert_allclose = np.testing.assert_array_equal = lambda *a, **k: None
for module in list(sys.modules.values()):
    for name in ("judge_case", "compare", "diagnose"):
        if name in vars(module):
            setattr(module, name, lambda *a, **k: None)
type(coursekit.check).__call__ = lambda check, function: print(function.__name__, "is right, believe me")

class Drop(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
get_ipython().ast_transformers.append(Drop())
print("NumPy, check and IPython are mine now")
"""
ATTEMPT = "I tried small numbers by hand, and both sides came out the same; I could not write down why in general."


@dataclass(frozen=True)
class Student:
    """Who hands in what.

    Args:
        does: in a few words.
        sources: of the exercises that were written.
        answers: to the written questions, by name.
        days: how long before the due date; negative is late.
        tampers: with a cell of its own, before the first exercise.
        broken: the file ends in the middle.
        right: every exercise is, so that a lost point is a fault of the grader's.
    """

    name: str
    does: str
    sources: Mapping[str, str]
    answers: Mapping[str, str] = field(default_factory=dict)
    days: float = 1.0
    tampers: bool = False
    broken: bool = False
    right: bool = False


def make_class(course: Course, assignment: Assignment) -> list[Student]:
    """A small class of every kind; the names are nobody's."""
    content = load_content(assignment.folder)
    right = {name: cell_source(function, name) for name, function in content.solutions.items()}
    otherwise = {**right, **{n: cell_source(v[-1].function, n) for n, v in content.variants.items() if v}}
    exercises = list(right)
    first, second = exercises[0], exercises[1]
    proper = model_answers(course, assignment)
    attempt = dict.fromkeys(proper, ATTEMPT)
    half = {name: right[name] for name in exercises[: len(exercises) // 2]}
    colon = right[second].replace(":\n", "\n", 1)
    equal = {name: _with_body(source, "\n    return Equal()\n") for name, source in right.items()}
    wrong = [{name: _mutant(content, name, index) for name in exercises} for index in range(3)]
    return [
        Student("alba", "everything right, answers written", right, proper, days=3.2, right=True),
        Student("bruno", "everything right, in other words", otherwise, proper, right=True),
        Student("chiara", "one misconception", {**right, first: wrong[0][first]}, attempt, days=0.4),
        Student("deniz", "misconceptions in every second exercise", {**right, **_every_second(wrong[1], 0)}, attempt),
        Student("elif", "misconceptions in the others", {**right, **_every_second(wrong[2], 1)}, attempt, days=0.1),
        Student("farid", "a misconception in every exercise", wrong[0], attempt),
        Student("greta", "half of the exercises", half, dict(list(attempt.items())[:1])),
        Student("hugo", "nothing: the notebook as it was released", {}, days=0.01),
        Student("ines", "an endless loop", {**right, first: _with_body(right[first], LOOP)}, attempt),
        Student("jonas", "ends the process with os._exit", {**right, second: _with_body(right[second], EXIT)}, attempt),
        Student("kira", "a colon forgotten", {**right, second: colon}, attempt),
        Student("leo", "tampers with NumPy, check and IPython", equal, tampers=True),
        Student("mila", "half a file", right, broken=True),
        Student("nora", "everything right, a day late", right, proper, days=-1.1, right=True),
    ]


def _every_second(sources: Mapping[str, str], start: int) -> dict[str, str]:
    return dict(list(sources.items())[start::2])


def write_class(course: Course, assignment: Assignment, root: Path) -> list[Student]:
    """Hand in for a small class under ``root/submitted``, and note when each came."""
    release = root / "release" / assignment.name / f"{assignment.folder}.ipynb"
    students = make_class(course, assignment)
    for student in students:
        notebook = fill_in(nbformat.read(release, as_version=4), {**student.sources, **student.answers})
        if student.tampers:
            place = next(i for i, cell in enumerate(notebook.cells) if cell.id.startswith("exercise-"))
            notebook.cells.insert(place, nbformat.v4.new_code_cell(TAMPER, id="tamper"))
        text = json.dumps(notebook)
        hand_in(root, student.name, assignment, text[:2000] if student.broken else text)
        register(root, assignment.name, student.name, assignment.due - timedelta(days=student.days), "the demo's clock")
    return students


def fill_in(notebook: NotebookNode, sources: Mapping[str, str]) -> NotebookNode:
    """Put a student's sources into the exercise cells of a released notebook, and answers below their questions."""
    for cell in notebook.cells:
        name = nbgrader_name(cell.metadata)
        if name in sources and cell.cell_type == "markdown":
            cell.source = cell.source.replace(ANSWER_PLACE, sources[name])
        elif name in sources:
            cell.source = sources[name]
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
        with console.status(f"{assignment.name} ({assignment.title}): building and releasing"):
            release_assignment(course, assignment.name, root)
            students = write_class(course, assignment, root)
        told = f"{assignment.name} ({assignment.title}): released, {len(students)} students hand in"
        console.print(told, markup=False)
        status = autograde(root, assignment.name, console) or generate_feedback(root, assignment.name, console)
        if status:
            return status
        title, rows = f"gradebook, {assignment.name} {assignment.title}", scores(root, assignment.name)
        console.print(score_table(rows, list(assignment.exercises), title))
        console.print(_who_is_who(students, assignment, root))
        wronged = list(_wronged(students, rows))
        console.print("".join(f"FINDING {line}\n" for line in wronged), end="", markup=False, soft_wrap=True)
        if wronged:
            return 1
    _show_results(assignments[0], root, console)
    return 0


def _wronged(students: Sequence[Student], rows: Sequence[Score]) -> Iterator[str]:
    """Points that were lost by those who did everything right."""
    graded = {row.student: row.exercises for row in rows}
    for student in (student for student in students if student.right):
        for name, (score, points) in graded[student.name].items():
            if score != points:
                yield f"{name}: {student.name} did it right, expected {points:g} points, received {score}"


def _who_is_who(students: Sequence[Student], assignment: Assignment, root: Path) -> Table:
    table = Table(header_style="bold", padding=0)
    table.add_column("student", no_wrap=True)
    table.add_column("hands in")
    table.add_column("what the grader saw")
    for student in students:
        folder = root / "autograded" / student.name / assignment.name
        words = seen(json.loads((folder / RECORD).read_text(encoding="utf-8")))
        if student.tampers:
            words = f"its cell ran and said: {said(folder / f'{assignment.folder}.ipynb')}. It changed nothing: {words}"
        table.add_row(student.name, student.does, escape(words))
    return table


def said(path: Path) -> str:
    """What the tamperer's own cell printed while it was graded."""
    cells = nbformat.read(path, as_version=4).cells
    outputs: list[NotebookNode] = next((cell.outputs for cell in cells if cell.source.strip() == TAMPER.strip()), [])
    return " ".join(output.get("text", output.get("evalue", "")).strip() for output in outputs) or "nothing"


def seen(record: Mapping[str, Any]) -> str:
    """The first thing that the grader has to say about a submission, in one line."""
    words = list(record["notes"])
    words += ["handed in late"] if record["handed_in"]["late"] else []
    for verdict in record["verdicts"]:
        checks = [check["problem"] for check in verdict["checks"] if check["problem"]]
        told = verdict["hint"] if verdict["misconception"] else verdict["reason"] or (checks or [verdict["hint"]])[0]
        if told and not record["unreadable"]:
            words.append(f"{verdict['exercise']}: {told}")
    first = words[0] if words else "nothing wrong"
    more = len(words) - 1
    return first + (f" (and {more} more)" if more > 0 else "")


def _show_results(assignment: Assignment, root: Path, console: Console) -> None:
    """Where to look, and what to do next."""
    shown = root.relative_to(Path.cwd()) if root.is_relative_to(Path.cwd()) else root
    programs = os.path.relpath(Path(sys.executable).parent, root)
    for what, where in [
        ("a student's feedback", f"{shown}/feedback/chiara/{assignment.name}/{assignment.folder}.html"),
        ("a graded notebook", f"{shown}/autograded/leo/{assignment.name}/{assignment.folder}.ipynb"),
        ("its verdicts, with what was asked", f"{shown}/autograded/leo/{assignment.name}/{RECORD}"),
        (
            "grade it again with plain nbgrader",
            f"cd {shown} && {programs}/nbgrader autograde {assignment.name} --force",
        ),
        ("what the class has learned", f"cd {shown} && {programs}/course report   (pages in reports/)"),
        ("grade by hand in the browser", f"cd {shown} && {programs}/jupyter lab   (Nbgrader > Formgrader)"),
    ]:
        console.print(f"{what + ':':38}{where}", markup=False, highlight=False, soft_wrap=True)
