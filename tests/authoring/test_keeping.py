"""What is kept of an assignment is used again only while everything that it rests on is the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from autograder.authoring.doctor import keeping
from autograder.authoring.doctor.keeping import Keeper
from autograder.commands import main as cli

ROOT = Path(__file__).resolve().parents[2]
A5 = "a5_twenty_more_layers"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the course's files."""
    for name in ("autograder", "assignments", "solutions", "datasets"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "course.yaml", tmp_path)
    return tmp_path


def test_unchanged_content_gives_back_what_was_kept(root):
    Keeper(root, A5).put("residual_block.quick", {"lines": ["sound"]})
    assert Keeper(root, A5).get("residual_block.quick") == {"lines": ["sound"]}
    assert Keeper(root, A5).get("fractal_block.quick") is None
    assert Keeper(root, "a1_relu_sigmoid").get("residual_block.quick") is None


@pytest.mark.parametrize(
    "file",
    [
        f"solutions/{A5}/solution.py",
        f"solutions/{A5}/mutants/residual.py",
        f"solutions/{A5}/proofs.md",
        f"assignments/{A5}/checks.py",
        f"assignments/{A5}/notebook.py",
        f"solutions/{A5}/hidden/blocks.py",
        "solutions/shared/hidden/forward.py",
        "assignments/shared/plot_curves.py",
        "autograder/judge/judging.py",
        f"solutions/{A5}/calibration/build_deep.synthetic-colour.toml",
        "datasets/synthetic.py",
        "solutions/shared/plot_curves.py",
        "autograder/kit/checking.py",
        "course.yaml",
    ],
)
def test_a_change_of_what_it_rests_on_makes_it_void(root, file):
    Keeper(root, A5).put("residual_block.quick", "sound")
    with (root / file).open("a") as changed:
        changed.write("# another line\n")
    assert Keeper(root, A5).get("residual_block.quick") is None


@pytest.mark.parametrize("change", ["a new file", "a deleted file", "a renamed file"])
def test_files_that_come_and_go_make_it_void(root, change):
    Keeper(root, A5).put("residual_block.quick", "sound")
    new, old = (root / f"solutions/{A5}/hidden/{name}.py" for name in ("more", "learning"))
    if change == "a new file":
        new.write_text("")
    elif change == "a deleted file":
        old.unlink()
    else:
        old.rename(new)
    assert Keeper(root, A5).get("residual_block.quick") is None


def test_other_versions_make_it_void(root, monkeypatch):
    Keeper(root, A5).put("residual_block.quick", "sound")
    monkeypatch.setattr(keeping, "versions", lambda: "keras 99")
    assert Keeper(root, A5).get("residual_block.quick") is None


def test_another_assignment_counts_only_where_it_is_named(root):
    Keeper(root, A5).put("residual_block.quick", "sound")
    other = root / "solutions/a6_adversarial/solution.py"
    other.write_text(other.read_text() + "# another line\n")
    assert Keeper(root, A5).get("residual_block.quick") == "sound"
    naming = root / f"solutions/{A5}/solution.py"
    naming.write_text(naming.read_text() + "# see a6_adversarial\n")
    Keeper(root, A5).put("residual_block.quick", "sound")
    other.write_text(other.read_text() + "# and another\n")
    assert Keeper(root, A5).get("residual_block.quick") is None


def test_half_a_file_is_no_result(root):
    keeper = Keeper(root, A5)
    keeper.put("residual_block.quick", "sound")
    (path,) = (root / "build/kept").iterdir()
    path.write_text(path.read_text()[:40])
    assert keeper.get("residual_block.quick") is None


@pytest.mark.parametrize(
    ("arguments", "ci", "kept"),
    [([], None, True), (["--fresh"], None, False), ([], "true", False)],
    ids=["as a rule", "asked for fresh", "continuous integration"],
)
def test_the_doctor_uses_what_was_kept_unless(monkeypatch, arguments, ci, kept):
    asked = {}

    def examine(course, chosen, jobs, **options):
        asked.update(options)
        return iter([])

    monkeypatch.setattr("autograder.authoring.doctor.doctor.examine", examine)
    monkeypatch.setattr("autograder.commands.doctor.chosen", lambda course, name: [])
    monkeypatch.delenv("CI", raising=False)
    if ci:
        monkeypatch.setenv("CI", ci)
    assert cli.main(["--course", str(ROOT), "doctor", *arguments]) == 0
    assert asked["keep"] is kept
