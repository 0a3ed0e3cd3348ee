"""Make nbgrader's source of an assignment: solutions spliced in, metadata written, helpers beside the notebook."""

from __future__ import annotations

import ast
import json
import re
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.utils import compute_checksum

from autograder.authoring.misconceptions import Misconduct, misconceptions
from autograder.authoring.shipping import facts, made, readme, requirements, shipped
from autograder.course.cells import ENVIRONMENT, EXPERIMENT, OWN, PARTS, SETUP, check_cell
from autograder.course.config import Assignment, Course, CourseError
from autograder.course.content import load_content
from autograder.course.script import (
    Cell,
    Script,
    announced,
    named_sections,
    read_script,
    stub_definition,
    without_magics,
)
from autograder.grading.agreement import require_agreement
from autograder.grading.beside import beside, swap
from autograder.grading.settings import require_settings, write_settings

CODE = ("code", "experiment", "exercise", "check")  # the roles of cells that hold code
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
LOOK = """# What this computer has, and what the notebook was tested with.
from coursekit.environment import check_environment  # not found? coursekit/ must lie beside this notebook

check_environment()"""
POINTS = re.compile(r"\[\[points (\w+)\]\]")  # in the prose; course.yaml knows how many


def build_assignment(course: Course, name: str, into: Path, known: Mapping[str, Misconduct] | None = None) -> Path:
    """Write ``into/source/NAME``; nothing is written unless everything fits together.

    Args:
        course: the course.
        name: the assignment.
        into: nbgrader's root.
        known: what ``misconception`` said of some mutants before, by their ids.

    Returns:
        The folder written.

    Raises:
        CourseError: when script, solutions and course.yaml disagree, or when it cannot be written.
    """
    files = source_files(course, name, known)
    require_settings(into)
    place = into / "source" / course.find(name).name
    with beside(into) as scratch:
        write_settings(scratch, into, course.root)
        write_files(scratch / "source", files)
        swap(scratch / "source", place)
    return place


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write a new folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def source_files(course: Course, name: str, known: Mapping[str, Misconduct] | None = None) -> dict[str, str]:
    """The texts of nbgrader's source of an assignment, by file name; arguments as ``build_assignment`` has them.

    Raises:
        CourseError: when script, solutions and course.yaml disagree.
    """
    assignment = course.find(name)
    require_agreement(course, [assignment])
    script = read_script(course.root / "assignments" / assignment.folder / "notebook.py")
    _require_python(script)
    content = load_content(assignment.folder)
    notebook, known_mistakes, promised, data, introduction, versions = made(assignment)
    found = misconceptions(content, assignment.exercises, known)
    return {
        **{name: path.read_text("utf-8") for name, path in shipped(course, assignment).items()},
        notebook: nbformat.writes(make_notebook(course, assignment, script)) + "\n",
        known_mistakes: json.dumps(found, separators=(",", ":")) + "\n",
        promised: json.dumps(facts(assignment, student_code(course, assignment, script)), indent=1) + "\n",
        data: json.dumps(course.data.model_dump(), indent=1) + "\n",
        introduction: readme(assignment, sum(announced(cell.source) for cell in script.cells)),
        versions: requirements(),
    }


def student_code(course: Course, assignment: Assignment, script: Script) -> list[str]:
    """The code that students run: the notebook's cells, and the public checks."""
    checks = (course.root / "assignments" / assignment.folder / "checks.py").read_text("utf-8")
    return [*(cell.source for cell in script.cells if cell.role in CODE), checks]


def _require_python(script: Script) -> None:
    """A slip of the pen in a code cell is told here; a student would meet it as the lecturer's own SyntaxError."""
    findings = []
    for cell in script.cells:
        source = cell.source if cell.role in CODE else ""
        try:
            ast.parse(without_magics(source))
        except SyntaxError as error:
            found = source.splitlines()[(error.lineno or 1) - 1].strip()
            where = f"notebook.py:{cell.line + (error.lineno or 1)}"
            findings.append(f"{where}: expected Python, received {found!r}: {error.msg}; mend this line")
    if findings:
        raise CourseError(findings)


def make_notebook(course: Course, assignment: Assignment, script: Script) -> NotebookNode:
    """Expand a script into a notebook with nbgrader metadata, solutions and model answers in place."""
    bodies = solution_bodies(course.root / "solutions" / assignment.folder / "solution.py")
    answers = model_answers(course, assignment)
    missing = [name for name in script.named("answer") if name not in answers]
    if missing:
        raise CourseError([f"answer={name}: expected a section `## {name}` in proofs.md; write it" for name in missing])
    if ENVIRONMENT in script.named("experiment"):
        raise CourseError([f"experiment={ENVIRONMENT}: expected another name, the build writes one that is called so"])
    cells: list[NotebookNode] = []
    plain = 0
    for number, cell in enumerate(script.cells):
        if cell.role in CODE and not any(made.cell_type == "code" for made in cells):
            cells.append(_look())
        plain += cell.role == "code"
        cells.append(_make_cell(cell, assignment, bodies, answers, plain))
        cells[-1].id = _cell_id(cell, number)
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


def _look() -> NotebookNode:
    """The first cell of code: an experiment, not run by the grader, who sees what the student's computer had."""
    return new_code_cell(LOOK, id=f"experiment-{ENVIRONMENT}", metadata={OWN: {EXPERIMENT: ENVIRONMENT}})


def _make_cell(
    cell: Cell, assignment: Assignment, bodies: Mapping[str, Any], answers: Mapping[str, str], plain: int
) -> NotebookNode:
    match cell.role:
        case "markdown":
            return new_markdown_cell(with_points(cell.source, assignment))
        case "experiment":
            return new_code_cell(cell.source, metadata={OWN: {EXPERIMENT: cell.name}})
        case "answer":
            source = f"{with_points(cell.source, assignment)}\n\n{BEGIN}\n{answers[cell.name]}\n{END}"
            made = new_markdown_cell(source)
            return _graded(made, cell.name, solution=True, grade=True, points=assignment.answers[cell.name])
        case "exercise":
            return _graded(new_code_cell(splice(cell.source, cell.name, bodies)), cell.name, solution=True)
        case "check":
            points = assignment.points(cell.name)
            promised = {OWN: {PARTS: assignment.parts(cell.name)}}  # which course.yaml may change afterwards
            made = new_code_cell(cell.source, metadata=promised)
            return _graded(made, check_cell(cell.name), grade=True, locked=True, points=points)
        case "code":
            return _graded(new_code_cell(cell.source), f"{SETUP}{plain}", locked=True)


def with_points(prose: str, assignment: Assignment) -> str:
    """Write the points of course.yaml where the prose says ``[[points NAME]]``.

    Raises:
        CourseError: for a name that has no points.
    """
    known = {**{name: assignment.points(name) for name in assignment.exercises}, **assignment.answers}
    unknown = sorted(set(POINTS.findall(prose)) - set(known))
    if unknown:
        raise CourseError([f"[[points {name}]]: expected an exercise or answer of course.yaml" for name in unknown])

    def write(match: re.Match[str]) -> str:
        name = match[1]
        parts = assignment.parts(name) if name in assignment.exercises else {}
        shares = ", ".join(f"{part} {value:g}".replace("_", " ") for part, value in parts.items())
        split = f" ({shares})" if len(parts) > 1 else ""
        return f"{known[name]:g} point{'' if known[name] == 1 else 's'}{split}"

    return POINTS.sub(write, prose)


def _graded(
    cell: NotebookNode,
    grade_id: str,
    *,
    solution: bool = False,
    grade: bool = False,
    locked: bool = False,
    points: float | None = None,
) -> NotebookNode:
    """Write nbgrader's metadata, schema 3."""
    data = {
        "grade": grade,
        "grade_id": grade_id,
        "locked": locked,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    cell.metadata["nbgrader"] = data | ({} if points is None else {"points": points})
    cell.metadata["nbgrader"]["checksum"] = compute_checksum(cell)
    return cell


def _cell_id(cell: Cell, number: int) -> str:
    """A stable id: nbformat allows letters, digits, - and _, at most 64."""
    return f"{cell.role}-{cell.name or number}".replace(".", "-")[:64]


# ----------------------------------------------------------------------------------------------------- solutions


def solution_bodies(path: Path) -> dict[str, tuple[str, str]]:
    """The signature and the source of the body of every function in ``solution.py``, comments kept."""
    sources = _function_sources(path)
    return {name: (_signature(node), _body_source(lines, node)) for name, (lines, node) in sources.items()}


def _function_sources(path: Path) -> dict[str, tuple[list[str], ast.FunctionDef]]:
    """The functions that ``solution.py`` defines, or imports from another module of ``solutions``."""
    text = path.read_text(encoding="utf-8")
    found: dict[str, tuple[list[str], ast.FunctionDef]] = {}
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        received = f"received {(error.text or '').strip()!r}: {error.msg}"
        raise CourseError([f"{path}:{error.lineno}: expected Python, {received}; mend this line"]) from None
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = (text.splitlines(), node)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("solutions."):
            solutions = next(folder for folder in path.parents if folder.name == "solutions")
            module = solutions.joinpath(*str(node.module).split(".")[1:]).with_suffix(".py")
            others = _function_sources(module)
            found |= {alias.name: others[alias.name] for alias in node.names if alias.name in others}
    return found


def _body_source(lines: list[str], node: ast.FunctionDef) -> str:
    """The source of a function's body; comments before the first statement belong to it."""
    first = node.body[0]
    start = min([first.lineno, *(decorator.lineno for decorator in getattr(first, "decorator_list", []))]) - 1
    if lines[start].encode()[: first.col_offset].strip(b" \t@"):  # `def f(x): return x`
        return "\n".join(map(ast.unparse, node.body))
    while lines[start - 1].strip().startswith("#") or not lines[start - 1].strip():
        start -= 1
    return textwrap.dedent("\n".join(lines[start : node.end_lineno]))


def _signature(node: ast.FunctionDef) -> str:
    """Names, kinds and defaults of the parameters; annotations are the stub's own."""
    arguments = ast.parse(f"def f({ast.unparse(node.args)}): pass").body[0]
    assert isinstance(arguments, ast.FunctionDef)
    for argument in ast.walk(arguments.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    return ast.unparse(arguments.args)


def splice(stub: str, name: str, bodies: Mapping[str, tuple[str, str]]) -> str:
    """Put the solution's body in place of the stub's ``raise NotImplementedError``.

    Raises:
        CourseError: when there is no solution, or its signature is not the stub's.
    """
    node = stub_definition(stub, name)
    if name not in bodies:
        raise CourseError([f"exercise={name}: expected def {name} in solution.py, received none; write it"])
    signature, body = bodies[name]
    if signature != _signature(node):
        raise CourseError(
            [f"exercise={name}: expected def {name}({_signature(node)}) in solution.py, received ({signature})"]
        )
    last = node.body[-1]
    if not isinstance(last, ast.Raise):
        raise CourseError([f"exercise={name}: expected a stub that ends with `raise NotImplementedError`"])
    lines = stub.splitlines()
    region = textwrap.indent(f"{BEGIN}\n{body}\n{END}", " " * last.col_offset)
    return "\n".join([*lines[: last.lineno - 1], region, *lines[last.end_lineno or last.lineno :]])


def model_answers(course: Course, assignment: Assignment) -> dict[str, str]:
    """The model answer to each written question, by name."""
    return named_sections((course.root / "solutions" / assignment.folder / "proofs.md").read_text("utf-8"))
