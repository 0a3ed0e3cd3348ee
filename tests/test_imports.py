"""Imports point one way: from room to room as this table says, and never in a circle."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Who may enter whose room. The student's process holds `jail` and what ships: no secret is in reach there. Nothing of
# the machine names content: `course.content` loads it by its folder.
ALLOWED = {
    "kit": set(),
    "data": set(),
    "course": {"kit"},
    "jail": {"kit"},
    "judge": {"kit", "data", "course", "jail"},
    "grading": {"kit", "course", "jail", "judge"},
    "classroom": {"kit", "course", "jail", "judge", "grading"},
    "authoring": {"kit", "data", "course", "jail", "judge", "grading", "classroom"},
    "commands": {"data", "course", "jail", "judge", "grading", "classroom", "authoring"},
    "assignments": {"kit", "data"},
    "solutions": {"kit", "course", "judge", "assignments"},
}
# What ships, or runs beside student code, gets along with few packages of others.
OUTSIDE = {
    "kit": {"IPython", "keras", "matplotlib", "numpy", "psutil", "tensorflow"},
    "data": {"numpy"},
    "jail": {"IPython", "keras", "matplotlib", "matplotlib_inline", "numpy", "tensorflow", "traitlets"},
    "assignments": {"keras", "matplotlib", "numpy", "tensorflow"},
    "solutions": {"jax", "keras", "matplotlib", "numpy", "tensorflow", "torch"},
}
LIGHT = {  # modules of the kit that a notebook without networks imports: they do not wait for Keras or Matplotlib
    *("checker", "checking", "diagnosis", "environment", "observing", "plain", "rendering", "standing", "tracking"),
    *("kernel.cellwise", "kernel.patience"),
}
PLACES = {"autograder/kit": "coursekit", "datasets": "coursekit.data"}  # folders whose packages have another name
OURS = ("assignments", "autograder", "coursekit", "solutions")
STANDARD = set(sys.stdlib_module_names) | {"__future__"}


def room(module: str) -> str | None:
    """The room of one of our modules; None for somebody else's."""
    first, *rest = module.split(".")
    if first == "coursekit":
        return "data" if rest[:1] == ["data"] else "kit"
    if first == "autograder":
        return rest[0] if rest else None
    return first if first in OURS else None


def module_of(file: Path) -> str:
    """The name that a file is imported by, from its path below the course's folder."""
    name = file.with_suffix("").as_posix()
    for folder, package in PLACES.items():
        if name.startswith(f"{folder}/"):
            name = f"{package}/{name.removeprefix(f'{folder}/')}"
    return name.replace("/", ".").removesuffix(".__init__")


def modules(root: Path) -> dict[str, Path]:
    """Every module of ours below a folder, by name."""
    found = (
        path for top in ("assignments", "autograder", "datasets", "solutions") for path in root.glob(f"{top}/**/*.py")
    )
    files = [path for path in found if "kit/data" not in path.as_posix()]  # a link to datasets
    return {module_of(path.relative_to(root)): path for path in sorted(files)}


def imported(module: str, path: Path, known: set[str], *, deferred: bool = True) -> Iterator[tuple[int, str]]:
    """Every module that a file imports, with the line.

    Args:
        deferred: those in functions, too.
    """
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree) if deferred else _outer(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            of = ".".join(filter(None, [base, node.module or ""]))
            for alias in node.names:
                full = f"{of}.{alias.name}"
                yield node.lineno, full if full in known or room(of) is None else of


def _outer(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run when a module is imported."""
    for node in ast.iter_child_nodes(tree):
        typing_only = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if not typing_only and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield node
            yield from _outer(node)


def forbidden_arrows(root: Path) -> list[str]:
    """Every import that the table does not allow, as ``file:line room -> room``."""
    arrows, all_ours = [], modules(root)
    for module, path in all_ours.items():
        own = room(module)
        if own is None:
            continue
        where = path.relative_to(root)
        assert own in ALLOWED, f"{where}: give its room a row in ALLOWED"
        for line, target in imported(module, path, set(all_ours)):
            top, other = target.split(".")[0], room(target)
            if top in OURS:
                if other not in {own, None} | ALLOWED[own]:
                    arrows.append(f"{where}:{line} {own} -> {other}")
            elif top not in STANDARD | OUTSIDE.get(own, {top}):
                arrows.append(f"{where}:{line} {own} -> {top}")
    return arrows


def circles(root: Path) -> list[list[str]]:
    """Modules that import each other when they are imported, each circle once."""
    all_ours = modules(root)
    graph = {
        module: {target for _, target in imported(module, path, set(all_ours), deferred=False) if target in all_ours}
        for module, path in all_ours.items()
    }
    found: list[list[str]] = []
    done: set[str] = set()

    def visit(module: str, way: list[str]) -> None:
        if module in way:
            found.append([*way[way.index(module) :], module])
        elif module not in done:
            for target in sorted(graph[module] - {module}):
                visit(target, [*way, module])
            done.add(module)

    for module in graph:
        visit(module, [])
    return found


def test_imports_point_one_way():
    assert forbidden_arrows(ROOT) == []


def test_no_modules_import_each_other():
    assert circles(ROOT) == []


@pytest.mark.parametrize(
    ("file", "source", "arrow"),
    [
        ("autograder/jail/inside/child.py", "from autograder.judge import judging", "jail -> judge"),
        ("autograder/jail/client.py", "def f():\n    import solutions.a1.hidden", "jail -> solutions"),
        ("autograder/judge/judging.py", "from ...solutions.a1 import hidden", "judge -> solutions"),
        ("autograder/course/content.py", "import assignments.a1.checks", "course -> assignments"),
        ("autograder/kit/checking.py", "import pandas", "kit -> pandas"),
        ("autograder/kit/models/stock.py", "from autograder.course import bank", "kit -> course"),
        ("datasets/loaders.py", "from coursekit.checking import Case", "data -> kit"),
        ("assignments/a1/checks.py", "from solutions.a1 import solution", "assignments -> solutions"),
    ],
)
def test_planted_arrow_is_found(tmp_path, file, source, arrow):
    plant(tmp_path, file, source)
    assert any(found.endswith(arrow) for found in forbidden_arrows(tmp_path)), forbidden_arrows(tmp_path)


def test_planted_circle_is_found(tmp_path):
    plant(tmp_path, "autograder/judge/one.py", "from autograder.judge.two import f")
    plant(tmp_path, "autograder/judge/two.py", "class A:\n    from autograder.judge import three")
    plant(tmp_path, "autograder/judge/three.py", "if True:\n    import autograder.judge.one")
    names = [f"autograder.judge.{name}" for name in ("one", "two", "three", "one")]
    assert any(sorted(set(names)) == sorted(set(circle)) for circle in circles(tmp_path))
    plant(tmp_path, "autograder/judge/three.py", "def f():\n    import autograder.judge.one")
    assert circles(tmp_path) == []


def plant(root: Path, file: str, source: str) -> None:
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    (root / file).write_text(source + "\n")


def test_a_notebook_without_networks_waits_for_nothing_heavy():
    names = ", ".join(f"coursekit.{name}" for name in sorted(LIGHT))
    code = (
        f"import sys, {names}\nprint([name for name in ('keras', 'tensorflow', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_rooms_stay_small():
    """At most 14 modules in a folder, and no file longer than a sitting."""
    counts: dict[str, int] = {}
    for path in modules(ROOT).values():
        counts[str(path.parent.relative_to(ROOT))] = counts.get(str(path.parent.relative_to(ROOT)), 0) + 1
    assert {folder: n for folder, n in counts.items() if n > 14} == {}
    # assignments may be longer: a notebook is prose, and `checks.py` mostly data, looked up by exercise
    machine = [path for name, path in modules(ROOT).items() if room(name) != "assignments"]
    files = [*machine, *ROOT.glob("tests/**/*.py")]
    assert {path.name: n for path in files if (n := len(path.read_text().splitlines())) > 400} == {}
