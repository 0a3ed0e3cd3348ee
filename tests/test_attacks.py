"""Whatever a submission does, it gets its honest score, its neighbour keeps theirs, and nothing is left behind.

Each attack is the first exercise of an otherwise perfect notebook, or a cell in front of it, or damage to the notebook
and its folder. It is graded beside perfect submissions, in every kind of walls that this machine has; a few
attacks share a neighbour.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from allowed import some_limits
from alone import judged_alone
from attacks import judge as judge_attacks
from attacks import words
from attacks.aftermath import assert_nothing_left, is_gone, orphans, wait_for
from attacks.code import ATTACKS, Attack
from attacks.company import HONEST, Known, grade, in_company
from attacks.folders import FOLDERS
from attacks.pages import FLAGGED, WORN, wearing_class
from damage import DAMAGE, ODD_FILES, POINTS, UNREADABLE, fingerprint, full_but, hand_in_damaged_class, nbgrader

from autograder.authoring.demo import cell_source, hand_in
from autograder.classroom.scores import Score, scores
from autograder.course.config import Course
from autograder.course.content import load_content
from autograder.grading.grade import Grader, course_secret
from autograder.grading.running.journal import Journal
from autograder.jail.client import spawn
from autograder.jail.walls import tiers as walls
from autograder.judge import referee
from autograder.judge.process import judge_role
from autograder.judge.referee import run_job

ROOT = Path(__file__).resolve().parents[1]
WEARY = "weary_judge:main"  # tests/weary_judge.py
TIERS = ("namespaces", "landlock")
# Behind walls that are not this machine's best, the same tests once more take minutes, and nearly always say the same.
BEHIND = [pytest.param(tier, marks=[pytest.mark.long] * (tier != walls.probe().tier)) for tier in TIERS]


def require(tier: str) -> None:
    """Skip where this machine's kernel has no such walls."""
    if not any(feature.name == tier and feature.holds for feature in walls.probe().features):
        pytest.skip(f"no {tier} walls on this machine: {walls.probe().explain()}")


@pytest.fixture(params=BEHIND)
def tier(request: pytest.FixtureRequest) -> str:
    require(request.param)
    return request.param


@pytest.fixture
def grader(course: Course, classroom, tier: str) -> Grader:
    limits = course.grading.limits.model_copy(
        update={"call_seconds": 3.0, "cell_seconds": 3.0, "memory_mb": 1024, "disk_mb": 64}
    )
    grading = course.grading.model_copy(update={"limits": limits})
    grader = Grader(course.model_copy(update={"grading": grading}), classroom.assignment, classroom.root, tier)
    Journal(classroom.root, "a1", grader.secret, run_job).close()  # there it is, for those who look for it
    return grader


@pytest.fixture(scope="module")
def known() -> Known:
    """What came of each company, by its walls and its names."""
    return {}


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_earns_its_honest_score_and_harms_nobody(
    name, private_servers, classroom, grader, tier, monkeypatch, known
):
    monkeypatch.setenv("COURSE_TEST_SECRET", "not for students")

    def write(name: str) -> Path:
        attack = ATTACKS.get(name, Attack(source=classroom.right["threshold_relu"]))
        notebook = classroom.notebook({"threshold_relu": attack.source, **attack.others})
        if attack.cell:
            position = next(i for i, c in enumerate(notebook.cells) if c.id == "exercise-threshold_relu")
            notebook.cells.insert(position, nbformat.v4.new_code_cell(attack.cell.replace("ROOT", str(classroom.root))))
        if attack.after:
            notebook.cells.append(nbformat.v4.new_code_cell(attack.after))
        return classroom.hand_in(name if name == HONEST else f"{name}-{tier}", notebook)  # one attack opens that

    attack = ATTACKS[name]
    result, neighbour = in_company(name, ATTACKS, known, grader, write)
    fractions = {exercise: grader.score(verdict, 1.0) for exercise, verdict in result.verdicts.items()}
    expected = dict.fromkeys(classroom.assignment.exercises, 1.0) | dict.fromkeys(attack.lost, 0.0)
    assert fractions == expected | {"threshold_relu": round(attack.honest, 2)}
    text = result.verdicts["threshold_relu"].text(0.0, 4.0)
    assert attack.says in text, text
    assert result.isolation == tier
    assert {grader.score(verdict, 1.0) for verdict in neighbour.verdicts.values()} == {1.0}
    assert not Path("/tmp/convnet-course-was-here").exists()
    assert_nothing_left(private_servers)


# ----------------------------------------------------------------- damaged notebooks and files, through nbgrader itself


@pytest.fixture(scope="module", params=BEHIND)
def graded(request, private_servers, classroom, tmp_path_factory) -> Path:
    """A class of every kind of damage, graded by one plain `nbgrader autograde` behind one kind of walls."""
    require(request.param)
    if request.param == walls.probe().tier:
        root = request.getfixturevalue("damaged_class")
    else:
        root = tmp_path_factory.mktemp("damaged") / "class"
        hand_in_damaged_class(classroom, root)
        nbgrader(root, "autograde", "a1", f"--SubmissionExporter.walls={request.param}")
    assert_nothing_left(private_servers)
    return root


@pytest.fixture(scope="module")
def gradebook(graded: Path) -> dict[str, Score]:
    return {row.student: row for row in scores(graded, "a1")}


@pytest.mark.parametrize("student", DAMAGE)
def test_damaged_notebook_keeps_the_score_of_its_work(student, gradebook):
    assert gradebook[student].exercises == full_but(DAMAGE[student][1])


@pytest.mark.parametrize("student", [*UNREADABLE, "linked-notebook"])
def test_unreadable_submission_is_a_zero_with_a_flag(student, gradebook):
    row = gradebook[student]
    assert row.exercises == full_but(list(POINTS))
    assert {f"check_{name}" for name in POINTS} <= set(row.manual)


@pytest.mark.parametrize("student", ODD_FILES)
def test_odd_files_cost_nobody_a_point(student, gradebook):
    assert gradebook[student].exercises == full_but([])


# ------------------------------------------------------------------------------ wearing out the judge, and its absence


def with_limits(course: Course, **limits: float) -> Course:
    settings = course.grading.limits.model_copy(update=limits)
    return course.model_copy(update={"grading": course.grading.model_copy(update={"limits": settings})})


@pytest.mark.slow
@pytest.mark.parametrize("name", judge_attacks.ATTACKS)
def test_judge_worn_out_costs_its_author_one_exercise(name, private_servers, course, classroom, tier, known):
    limits = {"call_seconds": 1.0, "cell_seconds": 20.0, "memory_mb": 1024, "judge_seconds": 10.0}
    grader = Grader(with_limits(course, **limits), classroom.assignment, classroom.root, tier)

    def write(name: str) -> Path:
        attack = judge_attacks.ATTACKS.get(name, judge_attacks.Wearing())
        notebook = classroom.notebook({"fold_threshold_network": attack.source})
        position = next(i for i, c in enumerate(notebook.cells) if c.id == "exercise-fold_threshold_network")
        notebook.cells[position:position] = [nbformat.v4.new_code_cell(attack.cell) for _ in range(attack.copies)]
        return classroom.hand_in(f"{name.replace(' ', '-')}-{tier}", notebook)

    attack = judge_attacks.ATTACKS[name]
    before = fingerprint(classroom.root, "gradebook.db")
    result, neighbour = in_company(name, judge_attacks.ATTACKS, known, grader, write)
    fractions = {exercise: grader.score(verdict, 1.0) for exercise, verdict in result.verdicts.items()}
    expected = dict.fromkeys(classroom.assignment.exercises, 1.0) | {"fold_threshold_network": attack.honest}
    assert fractions == expected, {v.exercise: v.traceback or v.reason for v in result.verdicts.values()}
    text = result.verdicts["fold_threshold_network"].text(0.0, 14.0)
    assert attack.says in text and len(text) < 20_000, text
    assert (
        len(json.dumps(list(result.outputs.values()), ensure_ascii=False)) < 40 * course.grading.limits.output_kb * 1024
    )
    assert {grader.score(verdict, 1.0) for verdict in neighbour.verdicts.values()} == {1.0}
    assert fingerprint(classroom.root, "gradebook.db") == before
    assert_nothing_left(private_servers)


@pytest.mark.parametrize("name", judge_attacks.WHILE_NOBODY_ASKS)
def test_limits_hold_while_nobody_asks(name, private_servers, tier):
    cell, reason = judge_attacks.WHILE_NOBODY_ASKS[name]
    if tier == "namespaces" and reason.startswith("disk"):
        pytest.skip("the scratch folder is a file system of that size")
    limits = some_limits(memory_mb=256, disk_mb=16, submission_seconds=3, own_seconds=0)
    with spawn(limits, tier) as neighbour, spawn(limits, tier) as student:
        assert student.run_cell(cell, 20).died is None
        wait_for(lambda: is_gone(student.pid))
        assert student.run_cell("1", 5).died == reason
        assert neighbour.run_cell("1 + 1", 5).outputs[0]["data"]["text/plain"] == "2"
    assert_nothing_left(private_servers)


@pytest.mark.long
@pytest.mark.parametrize("name", judge_attacks.NETWORKS)
def test_network_that_wears_out_the_judge_costs_its_author_one_exercise(name, private_servers, course, classroom_a5):
    """In the best walls alone: a judge has none. Other exercises that build networks are left out, for their time."""
    source, says = judge_attacks.NETWORKS[name]
    limits = {"call_seconds": 3.0, "judge_seconds": 60.0, "judge_memory_mb": 1024}
    grader = Grader(with_limits(course, **limits), classroom_a5.assignment, classroom_a5.root)
    blank = {
        name: f"def {name}(*args, **kwargs): raise NotImplementedError" for name in ("residual_block", "fractal_block")
    }
    path = classroom_a5.hand_in("wearing", classroom_a5.notebook({**blank, "build_deep": source}))
    before = fingerprint(classroom_a5.root, "gradebook.db")
    result = grade(grader, path)
    fractions = {exercise: grader.score(verdict, 1.0) for exercise, verdict in result.verdicts.items()}
    lost = dict.fromkeys([*blank, "build_deep"], 0.0)
    assert fractions == dict.fromkeys(classroom_a5.assignment.exercises, 1.0) | lost, result.verdicts
    assert says in result.verdicts["build_deep"].text(0.0, 28.0)
    assert fingerprint(classroom_a5.root, "gradebook.db") == before
    assert_nothing_left(private_servers)


@pytest.mark.slow
def test_judge_that_is_worn_out_or_killed_is_replaced_and_keeps_its_verdicts(
    private_servers, course, classroom, tier, monkeypatch
):
    """A judge that works for ever at one exercise, and one that a crash takes away at another."""
    limits = {"judge_seconds": 2.0}
    grader = Grader(with_limits(course, **limits), classroom.assignment, classroom.root, tier)
    path = classroom.hand_in("worn", classroom.notebook())
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))
    monkeypatch.setattr(referee, "judge_role", lambda folder: replace(judge_role(folder), entry=WEARY))
    result = grade(grader, path)
    fractions = {exercise: grader.score(verdict, 1.0) for exercise, verdict in result.verdicts.items()}
    lost = {"threshold_relu_backward": 0.0, "sigmoid_forward": None}
    assert fractions == dict.fromkeys(classroom.assignment.exercises, 1.0) | lost
    worn, killed = (result.verdicts[name] for name in lost)
    assert worn.flagged and "time limit of 2 s, in the grader itself" in worn.text(0.0, 8.0)
    assert killed.status == "needs manual grading" and "SIGKILL" in killed.traceback
    assert_nothing_left(private_servers)


# ------------------------------------------------------------------ hostile folders, handed in twice, through nbgrader


FOLLOWED = sorted(FOLDERS)[::3]  # with an honest student behind: looking ahead reaches four submissions far


@pytest.fixture(scope="module")
def folders_class(private_servers, classroom, tmp_path_factory) -> tuple[Path, list[dict[str, Score]]]:
    """A class in which hostile folders stand between honest students: graded, handed in again, graded again.

    Each round is graded behind another kind of walls.
    """
    tiers = [feature.name for feature in walls.probe().features if feature.name in TIERS and feature.holds]
    if not tiers:
        pytest.skip(walls.probe().explain())
    root = tmp_path_factory.mktemp("folders") / "class"
    shutil.copytree(classroom.root, root)
    shutil.rmtree(root / "submitted", ignore_errors=True)
    (root / "course.yaml").write_text("title: a file that the class has beside its configuration\n")
    course_secret(root)
    before = fingerprint(root)
    text, rounds = json.dumps(classroom.notebook()), []
    for again, tier in ((False, tiers[0]), (True, tiers[-1])):
        hand_in(root, "0-first", classroom.assignment, text)
        for name, folder in FOLDERS.items():
            if name in FOLLOWED:
                hand_in(root, f"{name}-then", classroom.assignment, text)  # sorted, it follows
            place = root / "submitted" / name / "a1"
            empty_place(place)
            hand_in(root, name, classroom.assignment, text)
            (folder.again or folder.make if again else folder.make)(place)
        nbgrader(root, "autograde", "a1", f"--SubmissionExporter.walls={tier}", "--force")
        rounds.append({row.student: row for row in scores(root, "a1")})
    assert fingerprint(root) == before
    assert_nothing_left(private_servers)
    return root, rounds


def empty_place(place: Path) -> None:
    """What a collector does before it copies a newer submission."""
    if place.parent.is_symlink():
        place.parent.unlink()
    elif place.is_symlink():
        place.unlink()
    elif place.exists():
        shutil.rmtree(place)


@pytest.mark.slow
@pytest.mark.parametrize("name", FOLDERS)
def test_hostile_folder_earns_its_honest_score(name, folders_class):
    root, rounds = folders_class
    folder = FOLDERS[name]
    for rows, score in zip(rounds, (folder.score, folder.score if folder.again is None else 70), strict=True):
        assert rows[name].total == score
        assert bool([cell for cell in rows[name].manual if cell.startswith("check_")]) == (score == 0)
    if folder.says:
        record = json.loads((root / "autograded" / name / "a1" / "verdicts.json").read_text())
        assert folder.says in " ".join(record["notes"]) or folder.again


@pytest.mark.slow
def test_neighbours_of_hostile_folders_keep_their_scores(folders_class):
    honest = {"0-first", *(f"{name}-then" for name in FOLLOWED)}
    for rows in folders_class[1]:
        assert {student: rows[student].total for student in honest} == dict.fromkeys(honest, 70)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in FOLDERS if name != "many-files"])
def test_only_texts_and_pictures_lie_beside_a_graded_notebook(name, folders_class):
    root, _ = folders_class
    released = {path.relative_to(root / "source/a1") for path in (root / "source/a1").rglob("*")}
    folder = root / "autograded" / name / "a1"
    theirs = [path for path in folder.rglob("*") if path.relative_to(folder) not in released]
    assert not [path for path in theirs if path.is_symlink() or not path.is_file()]
    assert {path.name for path in theirs} <= {"a1_relu_sigmoid.ipynb", "verdicts.json", "notes.txt", "plot.png"}
    assert {"notes.txt", "plot.png"} <= {path.name for path in theirs} or name != "web-pages"


@pytest.mark.slow
def test_nothing_of_a_hostile_folder_is_lost(folders_class):
    aside = folders_class[0] / "quarantine"
    assert (aside / "link-then-folder/a1/0001/up").is_symlink()
    assert (aside / "link-then-folder/a1/0002/up/nbgrader_config.py").is_symlink()
    assert (aside / "deep-tree/a1/0001" / ("d" * 200)).is_dir()
    assert (aside / "many-files/a1/0001/a1/2999.txt").is_file()
    assert (aside / "web-pages/a1/0001/evil.html").is_file()
    assert (aside / "stamp-junk/a1/0001/timestamp.txt").read_bytes().startswith(b"yesterday")
    assert (aside / "quarantine-is-a-link.1").is_symlink()


# ---------------------------------------------------------------------- texts that wear a renderer out, and their pages


@pytest.fixture(scope="module")
def worn(classroom, private_servers, tmp_path_factory) -> Path:
    """A class in which most answers would keep a renderer busy for seconds or minutes; graded, with feedback."""
    root = tmp_path_factory.mktemp("worn") / "class"
    shutil.copytree(classroom.root, root)
    shutil.rmtree(root / "submitted", ignore_errors=True)
    for student, notebook in wearing_class(classroom).items():
        hand_in(root, student, classroom.assignment, json.dumps(notebook))
    with (root / "nbgrader_config.py").open("a") as config:  # what never ends is stopped sooner than in a real class
        config.write("import autograder.grading.pages.renderer as renderer\nrenderer.TEXT_SECONDS = 1\n")
    kept = ("nbgrader_config.py", "nbgrader_config.json", "course_config.py", ".course_secret", "gradebook.db")
    nbgrader(root, "autograde", "a1")
    before = {name: (root / name).read_bytes() for name in kept}
    nbgrader(root, "generate_feedback", "a1")
    assert {name: (root / name).read_bytes() for name in kept} == before
    return root


def worn_students() -> list[str]:
    return ["aa-honest", *WORN, "zz-honest"]


@pytest.mark.long
@pytest.mark.parametrize("student", worn_students())
def test_worn_out_renderer_costs_nobody_a_page_or_a_point(student, worn):
    (page,) = (worn / "feedback" / student / "a1").glob("*.html")
    text = page.read_text()
    assert "affine_backward: 6 of 6 points" in text
    flagged = "Shown as it was written, not rendered" in text
    assert flagged if student in FLAGGED else student in WORN or not flagged  # some are near the bound
    (row,) = (row for row in scores(worn, "a1") if row.student == student)
    assert row.exercises == full_but([])


@pytest.mark.long
def test_nothing_that_rendered_is_left_running(worn, private_servers):
    assert not orphans(b"autograder.grading.pages.worker")
    assert_nothing_left(private_servers)


# ---------------------------------------------------------------------------- what the student's side says about itself

WORDS = [
    pytest.param(folder, name, id=f"{folder[:2]}: {name}", marks=pytest.mark.long if seldom else pytest.mark.slow)
    for folder, kinds in words.BY_ASSIGNMENT.items()
    for attacks in kinds
    for place, name in enumerate(attacks)
    for seldom in [folder.startswith("a4") and place > 0]  # one of each kind: their networks take seconds
]


@pytest.mark.parametrize(("folder", "name"), WORDS)
def test_what_a_students_side_says_of_itself_earns_nothing(folder, name, private_servers, classroom):
    require("landlock")
    attack, (neighbour, imports) = words.attack(folder, name), words.NEIGHBOURS[folder]
    before = fingerprint(classroom.root, "gradebook.db")
    source = cell_source(load_content(folder).solutions[neighbour], neighbour)
    sources = [imports, source, attack.cell, attack.source]
    verdicts = judged_alone(folder, sources, [attack.exercise, neighbour], "landlock")
    verdict = verdicts[attack.exercise]
    assert verdict.status == "graded", verdict.traceback
    assert verdict.fraction == pytest.approx(attack.honest, abs=1e-6), verdict.text(0.0, 1.0)
    assert attack.says in " ".join(check.problem for check in verdict.checks)
    if neighbour != attack.exercise:
        assert set(verdicts[neighbour].fraction.values()) == {1.0}, verdicts[neighbour].text(0.0, 1.0)
    assert fingerprint(classroom.root, "gradebook.db") == before
    assert_nothing_left(private_servers)
