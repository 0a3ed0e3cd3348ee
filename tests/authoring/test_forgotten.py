"""What an author wrote and no list holds is told, wherever in its file it stands."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import solutions
from autograder.authoring.doctor.doctor import Examination, _mutants
from autograder.authoring.doctor.forgotten import forgotten
from autograder.course import outline
from autograder.course.bank import Mutant
from autograder.course.checks import Check, ExerciseChecks
from autograder.course.content import load_content
from autograder.judge.verdict import CheckResult, Verdict

FOLDER = "a9_forgotten"
HIDDEN = """
from coursekit.checking import Case, Exercise
from autograder.course.checks import Check, ExerciseChecks

F = Exercise("double", (Case((1.0,), 2.0),), ("twice",))
G = Exercise("halve", (Case((2.0,), 1.0),), ("half",))
CHECKS = {"double": ExerciseChecks(F, (Check("values", lambda rng: [Case((3.0,), 6.0)]),))}
LATER = ExerciseChecks(G, (Check("values", lambda rng: [Case((3.0,), 1.5)]),))
"""
SOLUTION = "def double(x):\n    return 2 * x\n"
MUTANTS = """
from autograder.course.bank import Bank

BANK = Bank()
mutant = BANK.mutant


@mutant(of="double", hint="twice")
def triples(x):
    \"\"\"Triples.\"\"\"
    return _three() * x


def _three():
    return 3


@mutant(of="doubel", hint="twice")
def squares(x):
    \"\"\"Squares.\"\"\"
    return x * x


def adds_two(x):
    \"\"\"Adds two.\"\"\"
    return x + 2
"""
VARIANTS = """
from autograder.course.bank import Bank

BANK = Bank()
variant = BANK.variant


@variant(of="double")
def adds(x):
    \"\"\"Adds.\"\"\"
    return x + x
"""
FOUND = """
from autograder.course.bank import Bank

BANK = Bank()


@BANK.mutant(of="double", hint="twice")
def quadruples(x):
    \"\"\"Quadruples.\"\"\"
    return 4 * x
"""
BESIDE = """
from autograder.course.bank import Bank
from autograder.course.checks import Check, ExerciseChecks
from coursekit.checking import Case, Exercise

BANK = Bank()
THIRD = Exercise("third", (Case((3.0,), 1.0),), ("a third",))
THIRD_CHECKS = ExerciseChecks(THIRD, (Check("values", lambda rng: [Case((6.0,), 2.0)]),))


@BANK.mutant(of="third", hint="a third")
def quarters(x):
    \"\"\"Quarters.\"\"\"
    return x / 4


@BANK.variant(of="third")
def multiplies(x):
    \"\"\"Multiplies.\"\"\"
    return x * (1 / 3)


def lost(x):
    return x / 3
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch) -> Iterator[str]:
    """An assignment with everything an author may forget."""
    (tmp_path / "solutions" / FOLDER / "mutants").mkdir(parents=True)
    (tmp_path / "solutions" / FOLDER / "hidden").mkdir()
    own = tmp_path / "solutions" / FOLDER
    (own / "__init__.py").touch()
    (own / "solution.py").write_text(SOLUTION)
    (own / "mutants" / "__init__.py").touch()
    (own / "mutants" / "known.py").write_text(MUTANTS)
    (own / "mutants" / "found.py").write_text(FOUND)
    (own / "hidden" / "thirds.py").write_text(BESIDE)
    (own / "variants.py").write_text(VARIANTS)
    (own / "hidden" / "__init__.py").write_text(HIDDEN)
    monkeypatch.setattr(solutions, "__path__", [*solutions.__path__, str(tmp_path / "solutions")])
    monkeypatch.setattr(outline, "SOLUTIONS", tmp_path / "solutions")
    before = set(sys.modules)
    yield FOLDER
    for name in set(sys.modules) - before:
        if FOLDER in name:
            del sys.modules[name]


def test_whatever_no_list_holds_is_told_with_its_place(folder):
    assert forgotten(folder) == [
        "mutant doubel.squares: expected an exercise with hidden checks, received 'doubel'; did you mean 'double'?",
        "known.py:24: adds_two is in no bank, and nothing uses it; "
        "write @mutant(...) or @variant(...) above it, made by a Bank that the module calls BANK",
        "thirds.py:23: lost is in no bank, and nothing uses it; "
        "write @mutant(...) or @variant(...) above it, made by a Bank that the module calls BANK",
        "halve: its hidden checks are written, but CHECKS does not hold them; add them, or drop them",
    ]


def test_modules_with_mutants_variants_and_checks_are_found(folder):
    content = load_content(folder)
    assert [mutant.id for mutant in content.mutants["double"]] == ["double.quadruples", "double.triples"]
    assert list(content.specs) == ["double", "third"] and "third" in outline.outline(folder)
    assert [mutant.id for mutant in content.mutants["third"]] == ["third.quarters"]
    assert [variant.id for variant in content.variants["third"]] == ["third.multiplies"]


def test_a_variant_below_everything_else_is_a_variant(folder, tmp_path):
    path = tmp_path / "solutions" / FOLDER / "variants.py"
    path.write_text(VARIANTS + '\n\n@variant(of="double")\ndef shifts(x):\n    """Scales."""\n    return x / 0.5\n')
    assert [variant.id for variant in load_content(folder).variants["double"]] == ["double.adds", "double.shifts"]


@pytest.mark.parametrize("check", ["values", "dtype"])
def test_a_core_check_is_never_to_be_dropped(check, folder):
    exercise = load_content(folder).specs["double"].exercise
    spec = ExerciseChecks(exercise, (Check("values", lambda rng: (), core=True), Check("dtype", lambda rng: ())))
    others = [CheckResult(c.name, "all", 1.0, c.core, True, 1, int(c.name != check)) for c in spec.checks]
    verdict = Verdict("double", "graded", {"all": 0.0}, others, hint="h", misconception="double.triples")
    seen = Examination()
    mutant = Mutant("double", load_content(folder).mutants["double"][1].function, "h")
    _mutants(seen, spec, [mutant], {"mutant double.triples": [verdict]})
    (finding,) = seen.findings
    assert finding.startswith(f"double: no mutant needs the hidden check {check!r}; add one")
    assert ("do not drop it" in finding) == (check == "values")
    assert ("or drop the check" in finding) == (check == "dtype")
