"""Look for anything in a release that students must not have."""

from __future__ import annotations

import ast
import inspect
import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.authoring.build import solution_bodies
from autograder.authoring.shipping import made, shipped
from autograder.course.config import Course
from autograder.course.content import Content, load_content
from autograder.course.script import read_script

SHORT = 12  # characters; a shorter line (`dx = dout`, `return s, s`) says nothing that a student would not write


@dataclass(frozen=True)
class Leak:
    """Something secret in a shipped file, and where it comes from."""

    file: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what}"


def scan(release: Path, course: Course, name: str) -> list[Leak]:
    """Compare a release with the allowlist, and search every file of it for solutions, mutants, proofs and checks.

    A line that the handout itself shows (the stubs, the prose, the public cases) is no leak.
    """
    assignment = course.find(name)
    as_written = shipped(course, assignment)
    allowed = {*as_written, *made(assignment)}
    files = {path.relative_to(release).as_posix(): path for path in sorted(release.rglob("*")) if path.is_file()}
    leaks = [Leak(file, "is not one of the files that ship") for file in files if file not in allowed]
    leaks += [Leak(file, "is missing from the release") for file in sorted(allowed - set(files))]
    handout = course.root / "assignments" / assignment.folder
    shown = _shown(handout)
    secrets = {line: origin for line, origin in _secrets(course, assignment.folder) if line not in shown}
    machine = [path for path in as_written.values() if path.parent != handout]
    telling = dict(_names(load_content(assignment.folder), handout, machine))
    for file, path in files.items():
        text = _text(path)
        leaks += [Leak(file, f"holds {telling[name]}: {name!r}") for name in telling if _says(text, name)]
        squeezed = squeeze(text)
        leaks += [Leak(file, f"holds {origin}: {line!r}") for line, origin in secrets.items() if line in squeezed]
    return leaks


def solution_lines(course: Course, folder: str) -> dict[str, str]:
    """The lines of an assignment's solutions that the handout does not show itself, squeezed, with their origin."""
    shown = _shown(course.root / "assignments" / folder)
    return {line: origin for line, origin in _solutions(course, folder) if line not in shown}


def _shown(handout: Path) -> set[str]:
    """Every line that students read anyway, squeezed."""
    cells = read_script(handout / "notebook.py").cells
    lines = [line for cell in cells for line in cell.source.splitlines()]
    return {squeeze(line) for line in [*lines, *(handout / "checks.py").read_text("utf-8").splitlines()]}


def _text(path: Path) -> str:
    """A file's text; of JSON every string, metadata and outputs included, so that escapes hide nothing."""
    text = path.read_text(encoding="utf-8", errors="replace")
    return "\n".join(_strings(json.loads(text))) if path.suffix in (".ipynb", ".json") else text


def _strings(node: object) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield str(key)
            yield from _strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from _strings(value)


def squeeze(text: str) -> str:
    """A text without its white space: however a line is wrapped, it is the same line."""
    return re.sub(r"\s+", "", text)


def _secrets(course: Course, folder: str) -> Iterator[tuple[str, str]]:
    """Every secret line, squeezed, with its origin."""
    yield from _solutions(course, folder)
    content = load_content(folder)
    for mutant in (m for mutants in content.mutants.values() for m in mutants):
        yield from _lines(_body(inspect.getsource(mutant.function)), f"a line of mutant {mutant.id}")
    for variant in (v for variants in content.variants.values() for v in variants):
        yield from _lines(_body(inspect.getsource(variant.function)), f"a line of variant {variant.id}")
    proofs = (course.root / "solutions" / folder / "proofs.md").read_text("utf-8").splitlines()
    yield from _lines([line for line in proofs if not line.startswith("#")], "a line of the model answers")
    yield "BEGINSOLUTION", "a solution's marker"


def _solutions(course: Course, folder: str) -> Iterator[tuple[str, str]]:
    for function, (_, body) in solution_bodies(course.root / "solutions" / folder / "solution.py").items():
        yield from _lines(body.splitlines(), f"a line of the solution of {function}")


def _names(content: Content, handout: Path, machine: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """Every name that gives something away, with its origin.

    What students read anyway gives nothing away: `leaky_relu` is a word of Keras, too, and "values" of everybody's.
    """
    mutants = [m for mutants in content.mutants.values() for m in mutants]
    read = "\n".join([*(path.read_text("utf-8") for path in machine), *(mutant.hint for mutant in mutants)])
    own = "\n".join((handout / file).read_text("utf-8") for file in ("notebook.py", "checks.py"))
    for mutant in mutants:
        name = mutant.function.__name__
        if not _says(read if "_" in name else read + own, name):
            yield name, f"the name of mutant {mutant.id}"
    for name in (name for spec in content.specs.values() for name in spec.hidden_names):
        if not _says(read + own, name):
            yield name, "the name of a hidden check"


def _says(text: str, name: str) -> bool:
    """Whether a text holds a name, as words of their own, however it is wrapped."""
    words = name.split()
    if not all(word in text for word in words):  # most names are nowhere, and to see that takes no pattern
        return False
    wrapped = r"\s+".join(map(re.escape, words))
    return bool(re.search(rf"(?<!\w){wrapped}(?!\w)", text))


def _body(source: str) -> list[str]:
    """The statements of a function without decorators, header and docstring."""
    definition = ast.parse(textwrap.dedent(source)).body[0]
    assert isinstance(definition, ast.FunctionDef)
    statements = definition.body[1:] if ast.get_docstring(definition) else definition.body
    return [line for statement in statements for line in ast.unparse(statement).splitlines()]


def _lines(lines: Sequence[str], origin: str) -> Iterator[tuple[str, str]]:
    for line in lines:
        squeezed = squeeze(line.partition("  #")[0])
        if len(squeezed) >= SHORT and not squeezed.startswith("#"):
            yield squeezed, origin
