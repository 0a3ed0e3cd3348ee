"""Layers point one way: every arrow between our modules is one that this table allows."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from autograder.authoring import build

ROOT = Path(__file__).resolve().parents[1]

# layer: what it may import of ours. The student's process holds `jail` and what ships: no secret is in reach there.
SHIPPED = set(build.SHIPPED)  # modules that students get as they are
ALLOWED = {
    "plain": set(),
    "batches": set(),
    "figures": {"plain"},
    "observing": {"plain"},
    "rendering": {"observing", "plain"},
    "checking": {"observing", "plain", "rendering"},
    "patience": set(),
    "progress": {"cellwise"},
    "cellwise": set(),
    "checker": {"cellwise", "checking", "diagnosis", "observing", "patience", "rendering"},
    "backend": {"cellwise", "quiet"},
    "stock": set(),
    "describing": {"plain", "stock"},
    "rebuilding": {"batches", "checking", "describing", "plain", "stock"},
    "networks": {"checking", "describing", "observing", "plain", "rebuilding"},
    "plotting": {"checking", "figures", "observing", "plain"},
    "probing": {"checking"},
    "architecture": set(),
    "pictures": set(),
    "diagnosis": {"checking", "observing", "plain"},
    "datasets": {"datasets"},
    "assignments": {*SHIPPED, "datasets"},
    "bank": set(),
    "solutions": {"bank", "solutions"},
    "naming": set(),
    "sources": set(),
    "jail": {"describing", "jail", "networks", "observing", "plain", "plotting", "sources"},
    "judge": {*SHIPPED, "jail", "judge", "naming"},
    "laboratory": {"datasets", "judge"},
    "hidden": {*SHIPPED, "assignments", "hidden", "judge", "solutions"},
    "content": {"bank", "course", "judge", "quiet"},
    "judge_process": {"checking", "content", "jail", "judge", "laboratory", "observing"},
    "referee": {"jail", "judge", "judge_process"},
    "course": set(),
    "script": {"course"},
    "outline": set(),
    "agreement": {"course", "gradebook", "outline", "script"},
    "beside": {"course"},
    "settings": {"course"},
    "gradebook": {"course"},
    "generating": {"beside", "course", "settings"},
    "changes": {"course"},
    "submitted": set(),
    "converting": set(),
    "evidence": {"converting", "submitted"},
    "answers": {"submitted"},
    "pieces": {"sources", "submitted"},
    "leftovers": {"sources"},
    "repair": {"answers", "evidence", "leftovers", "pieces", "sources", "submitted"},
    "misconceptions": {"bank", "checking", "content", "diagnosis", "judge", "observing"},
    "build": {
        *("agreement", "beside", "content", "course", "datasets"),
        *("misconceptions", "script", "settings"),
    },
    "release": {
        *("beside", "build", "changes", "course", "generating", "gradebook"),
        *("leaks", "misconceptions", "settings"),
    },
    "leaks": {"build", "content", "course", "script"},
    "folders": set(),
    "handed_in": set(),
    "choosing": {"folders", "submitted"},
    "intake": {"choosing", "folders", "handed_in", "submitted"},
    "listing": {"folders", "handed_in"},
    "unpacking": {"submitted"},
    "releasing": {"choosing", "folders"},
    "collecting": {"choosing", "folders", "handed_in"},
    "reader": {"jail", "repair", "submitted", "unpacking"},
    "grade": {
        *("choosing", "course", "handed_in", "jail", "judge", "judge_process"),
        *("reader", "referee", "repair", "submitted", "unpacking"),
    },
    "pages": {"folders", "handed_in", "script", "submitted"},
    "classroom": {"gradebook"},
    "notebooks": {"build", "course"},
    "demo": {"build", "classroom", "content", "course", "handed_in", "release"},
    "data_cli": {"datasets"},
    "examining": {
        *("bank", "checking", "content", "course", "judge", "laboratory", "misconceptions", "naming", "observing"),
    },
    "keeping": set(),
    "forgotten": {"bank", "content", "outline"},
    "doctor": {
        "observing",
        "build",
        "content",
        "course",
        "examining",
        "forgotten",
        "jail",
        "judge",
        "keeping",
        "misconceptions",
        "release",
        *("bank", "script", "workers"),
    },
    "fingerprint": set(),
    "sweep": {"checking", "content", "course", "fingerprint", "judge", "naming", "observing", "plain", "workers"},
    "quiet": set(),
    "preloaded": {"examining", "networks", "quiet"},
    "workers": set(),
    "nbgrader_plugin": {
        *("agreement", "beside", "changes", "choosing", "course", "generating", "grade", "gradebook"),
        *("handed_in", "intake", "jail", "listing", "pages", "referee", "settings"),
    },
    "cli": {
        "agreement",
        "build",
        "classroom",
        "course",
        "data_cli",
        "demo",
        "doctor",
        "gradebook",
        "settings",
        "notebooks",
        "release",
        "sweep",
    },
}
# What ships, or runs beside student code, gets along with little.
OUTSIDE = {
    **{layer: {"numpy"} for layer in ("observing", "checking", "rendering")},
    "patience": {"psutil"},
    **{layer: {"IPython"} for layer in ("cellwise", "progress")},
    "checker": set(),
    "backend": {"keras", "tensorflow"},
    "quiet": set(),
    **{layer: {"numpy", "matplotlib"} for layer in ("plotting", "pictures", "figures")},
    "architecture": {"keras", "matplotlib"},
    **{layer: {"numpy"} for layer in ("plain", "batches")},
    **{layer: {"numpy", "keras"} for layer in ("describing", "rebuilding", "networks", "probing")},
    "stock": {"keras"},
    "datasets": {"numpy"},
    "diagnosis": {"numpy"},
    "assignments": {"numpy", "matplotlib", "keras", "tensorflow", "checks", "architecture", "pictures", "progress"},
    "solutions": {"numpy", "keras", "tensorflow", "matplotlib"},
    "bank": set(),
    "jail": {"numpy", "IPython", "traitlets", "matplotlib", "matplotlib_inline", "keras", "tensorflow"},
}
STANDARD = set(__import__("sys").stdlib_module_names)


def layer_of(module: str) -> str | None:
    """The layer of one of our modules; None for somebody else's."""
    parts = module.split(".")
    if parts[0] == "solutions":
        return "bank" if parts[1:] == ["bank"] else "solutions"
    if parts[0] in ("assignments", "datasets"):
        return parts[0]
    return parts[1] if parts[0] == "autograder" and len(parts) > 1 else None


def imported_modules(path: Path, root: Path) -> list[tuple[int, str]]:
    """Every module that a file imports, at any depth, with the line."""
    package = ".".join(path.relative_to(root).with_suffix("").parts[:-1])
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, [base, node.module or ""]))
            found.append((node.lineno, module))
            if layer_of(module) is None or module in ("autograder", "solutions"):
                found += [(node.lineno, f"{module}.{a.name}") for a in node.names if layer_of(f"{module}.{a.name}")]
    return found


def forbidden_arrows(root: Path) -> list[str]:
    """Every import that the table does not allow, as ``file:line layer -> layer``."""
    arrows = []
    for path in sorted(
        [*root.glob("autograder/**/*.py"), *root.glob("assignments/*/*.py"), *root.glob("solutions/**/*.py")]
    ):
        if path.name == "__init__.py" and not path.read_text():
            continue
        name = path.relative_to(root)
        layer = layer_of(".".join(name.with_suffix("").parts))
        assert layer in ALLOWED, f"{name}: give its layer a row in ALLOWED"
        for line, module in imported_modules(path, root):
            target = layer_of(module)
            if target is None:
                top = module.split(".")[0]
                if layer in OUTSIDE and top not in STANDARD | OUTSIDE[layer] | {"autograder", "__future__"}:
                    arrows.append(f"{name}:{line} {layer} -> {top}")
            elif target != layer and target not in ALLOWED[layer]:
                arrows.append(f"{name}:{line} {layer} -> {target}")
    return arrows


def test_imports_point_one_way():
    assert forbidden_arrows(ROOT) == []


@pytest.mark.parametrize(
    ("file", "source", "arrow"),
    [
        ("autograder/jail/child.py", "from autograder.judge import judging", "jail -> judge"),
        ("autograder/jail/child.py", "def f():\n    import solutions.a1.hidden", "jail -> hidden"),
        ("autograder/judge/judging.py", "from ..hidden import a1", "judge -> hidden"),
        ("autograder/checking.py", "import tensorflow", "checking -> tensorflow"),
        ("solutions/a1/solution.py", "from coursekit.checking import Case", "solutions -> checking"),
    ],
)
def test_planted_arrow_is_found(tmp_path, file, source, arrow):
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(source + "\n")
    assert any(found.endswith(arrow) for found in forbidden_arrows(tmp_path))


def test_no_python_file_is_longer_than_a_sitting():
    files = [*ROOT.glob("autograder/**/*.py"), *ROOT.glob("solutions/**/*.py"), *ROOT.glob("tests/**/*.py")]
    assert {p.name: n for p in files if (n := len(p.read_text().splitlines())) > 400} == {}
