"""A gradebook on a PostgreSQL server: the same commands, the same scores, and several graders at once.

Minutes: run it with ``pytest -m postgres``. The server is the test's own.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import nbformat
import pytest
from damage import nbgrader
from formgrader import get, serving
from killing import contents, told
from postgres import Server, missing
from postgres import serving as serving_gradebooks
from sqlalchemy import create_engine, text

from autograder.authoring.demo import cell_source, fill_in, hand_in, make_class
from autograder.authoring.release import release_assignment
from autograder.classroom.scores import scores
from autograder.course.content import load_content
from autograder.grading.arriving.handed_in import register
from autograder.grading.grade import course_secret
from autograder.grading.gradebook import opened
from autograder.grading.recording import record_cells, record_due

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.long,
    pytest.mark.skipif(bool(missing()), reason=missing()),
]
ROOT = Path(__file__).resolve().parents[1]
COURSE = [sys.executable, "-m", "autograder.commands.main", "--course", str(ROOT)]
KINDS = ("alba", "chiara", "hugo", "mila", "nora")
HALVES = "[a-g]*", "[h-z]*"
OTHER, THEIRS = "a3", ("alba", "hugo")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving_gradebooks() as running:
        yield running


@pytest.fixture(scope="module")
def handed_in(course, classroom, tmp_path_factory, private_servers) -> Path:
    """A class with two assignments, not graded yet; its gradebook is a file."""
    room = classroom.apart(tmp_path_factory.mktemp("two") / "class")
    for student in (student for student in make_class(course, room.assignment) if student.name in KINDS):
        notebook = json.dumps(fill_in(room.release(), {**student.sources, **student.answers}))
        room.hand_in(student.name, notebook[:2000] if student.broken else notebook)
        register(room.root, "a1", student.name, room.assignment.due - timedelta(days=student.days), "the test's clock")
    other, content = course.assignments[OTHER], load_content(course.assignments[OTHER].folder)
    known = {mutant.id: None for mutants in content.mutants.values() for mutant in mutants}
    release = release_assignment(course, OTHER, room.root, known) / f"{other.folder}.ipynb"
    first, *_ = content.solutions
    for name in THEIRS:
        notebook = json.loads(release.read_text())
        for cell in notebook["cells"] if name == "alba" else ():
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == first:
                cell["source"] = cell_source(content.solutions[first], first)
        hand_in(room.root, name, other, json.dumps(notebook))
        register(room.root, OTHER, name, other.due - timedelta(hours=1), "the test's clock")
    course_secret(room.root)
    return room.root


@pytest.fixture(scope="module")
def filed(handed_in: Path) -> tuple[Path, dict[str, list[str]]]:
    """The same class, graded into a file, and what that said when only a1 was graded."""
    root = Path(shutil.copytree(handed_in, handed_in.with_name("filed")))
    nbgrader(root, "autograde", "a1")
    half_way = in_a_file(root)
    nbgrader(root, "autograde", OTHER)
    return root, half_way


def in_a_file(root: Path) -> dict[str, list[str]]:
    return told(f"sqlite:///{root}/gradebook.db")


def moved(handed_in: Path, root: Path, url: str) -> Path:
    """The class elsewhere, with a gradebook on the server, as a lecturer sets it."""
    shutil.copytree(handed_in, root, ignore=shutil.ignore_patterns("gradebook.db"))
    with (root / "nbgrader_config.py").open("a") as config:
        config.write(f'c = get_config()\nc.CourseDirectory.db_url = "{url}"\n')
    return root


@pytest.fixture(scope="module")
def released(course, handed_in, server, tmp_path_factory) -> str:
    """The name of a database that knows both releases, and nobody."""
    root = moved(handed_in, tmp_path_factory.mktemp("released") / "class", server.database("released"))
    command(root, "release", "a1")
    with opened(server.url("released")) as gradebook:
        record_due(gradebook, course.assignments[OTHER])
    record_cells(server.url("released"), course.assignments[OTHER], root / "release" / OTHER)
    return "released"


@pytest.fixture
def fresh(handed_in, released, server, tmp_path, request) -> tuple[Path, str]:
    """The class with a gradebook of its own on the server, released and not graded; and its address."""
    url = server.database(request.node.name[:60], like=released)
    return moved(handed_in, tmp_path / "class", url), url


def command(root: Path, *words: str, status: int = 0) -> str:
    """Run `course` in nbgrader's root; returns what it said."""
    done = subprocess.run([*COURSE, *words], cwd=root, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def at_once(*gradings: tuple[Path, list[str]]) -> None:
    """Run several gradings at the same time; each must end well."""
    started = [
        subprocess.Popen(words, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for root, words in gradings
    ]
    said = [process.communicate()[0] for process in started]
    for process, text_ in zip(started, said, strict=True):
        assert process.returncode == 0, text_[-3000:]


def assert_the_same(one: dict[str, list[str]], other: dict[str, list[str]]) -> None:
    """Row by row; how many there are shows that somebody was graded."""
    assert {table: sorted(set(one[table]) ^ set(other[table])) for table in one if one[table] != other[table]} == {}
    assert len(one["grade"]) > 50


@pytest.fixture(scope="module")
def graded(handed_in, released, server, tmp_path_factory) -> tuple[Path, str]:
    """The class graded with a gradebook on the server: one assignment by each command."""
    url = server.database("graded", like=released)
    root = moved(handed_in, tmp_path_factory.mktemp("graded") / "class", url)
    command(root, "grade", "a1", "--jobs", "2")
    nbgrader(root, "autograde", OTHER)
    return root, url


def test_a_gradebook_on_a_server_says_what_one_in_a_file_says(filed, graded):
    (other, _), (root, url) = filed, graded
    assert_the_same(told(url), in_a_file(other))
    assert contents(root) == contents(other)
    assert list(root.rglob("gradebook.db")) == []


def test_formgrader_shows_the_same_and_outlives_its_server(filed, graded, server, tmp_path):
    pages = [
        *("assignments", "notebooks/a1", "submissions/a1", "submitted_notebooks/a1/a1_relu_sigmoid"),
        *("students", "student_submissions/alba", "student_notebook_submissions/alba/a1"),
    ]
    shown = []
    for root, url in ((filed[0], ""), graded):
        home = tmp_path / str(len(shown))
        home.mkdir()
        with serving(root, home) as address:
            rows = json.loads(get(f"{address}/formgrader/api/submitted_notebooks/a1/a1_relu_sigmoid")[2])
            alba = min(rows, key=lambda row: row["student"])["id"]
            addresses = [f"{address}/formgrader/api/{page}" for page in (*pages, f"grades?submission_id={alba}")]
            shown.append([seen(page) for page in addresses])
            if url:
                assert get(f"{address}/formgrader/submissions/{alba}/")[0] == 200
                assert sessions(url) == {"idle"}  # none in a transaction: an upgrade would wait for its end
                server.crash()
                server.start()
                assert [seen(page) for page in addresses] == shown[-1]
                assert get(f"{address}/formgrader/submissions/{alba}/")[0] == 200
    assert shown[0] == shown[1]


def seen(url: str) -> object:
    """What formgrader is told, without the ids that nbgrader draws, and without the places that follow from them."""
    status, _, body = get(url)
    assert status == 200, body
    rows = json.loads(body)
    return sorted(({name: row[name] for name in row if name not in ("id", "index")} for row in rows), key=repr)


def sessions(url: str) -> set[str]:
    """What those who are connected to a database are doing, without who asks."""
    engine = create_engine(url)
    asked = "select state from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    with engine.connect() as connection:
        found = set(connection.execute(text(asked)).scalars())
    engine.dispose()
    return found


def test_every_other_command_does_what_it_does_with_a_file(filed, graded):
    (other, _), (root, url) = filed, graded
    for place in (root, other):
        nbgrader(place, "export")
        nbgrader(place, "generate_feedback", "a1")
        command(place, "export", "a1", "--to", "csv", "--unfinished", "score")
    for name in ("grades.csv", "exports/a1-csv.csv"):
        assert (root / name).read_bytes() == (other / name).read_bytes()
    here, there = (json.loads(command(place, "report", "a1", "--json"))[0] for place in (root, other))
    assert {**here, "seconds": 0} == {**there, "seconds": 0}
    for words in (["regrade", "a1", "--preview"], ["regrade", "a1", "--apply"], ["guide", "a1"], ["feedback", "a1"]):
        command(root, *words)
    nbgrader(root, "db", "upgrade")
    assert_the_same(told(url), in_a_file(other))


def test_what_students_hand_in_does_not_reach_the_server_and_no_name_stops_it(
    handed_in, released, server, classroom, tmp_path
):
    url = server.database("attacked", like=released)
    root = moved(handed_in, tmp_path / "class", url)
    shutil.rmtree(root / "submitted")
    notebook = classroom.notebook()
    tries = (
        "import os, socket\n"
        "try:\n"
        "    server = socket.socket(socket.AF_UNIX)\n"
        f"    server.connect('{server.folder}/.s.PGSQL.5432')\n"
        "    print('reached it')\n"
        "except Exception as error:\n"
        "    print('kept out:', error)\n"
        "print([name for name in os.environ if name.startswith('PG')])\n"
    )
    notebook.cells.insert(0, nbformat.v4.new_code_cell(tries, id="mine"))
    hand_in(root, "mallory", classroom.assignment, json.dumps(notebook))
    hand_in(root, "x" * 130, classroom.assignment, json.dumps(classroom.release()))  # a column has room for 128
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGPASSWORD", "secret")
        assert nbgrader(root, "autograde", "a1", check=False).returncode == 1
    assert [row.student for row in scores(root, "a1")] == ["mallory"]
    text_ = (root / "autograded/mallory/a1/a1_relu_sigmoid.ipynb").read_text()
    assert "kept out: " in text_ and "reached it" not in text_.replace("print('reached it')", "") and "[]" in text_


# ------------------------------------------------------------------------------------------------------ several graders


def test_two_gradings_of_different_assignments_at_once_give_what_one_gives(filed, fresh, handed_in, tmp_path):
    root, url = fresh
    colleague = moved(handed_in, tmp_path / "colleague", url)
    at_once((root, [*COURSE, "grade", "a1", "--jobs", "1"]), (colleague, [*COURSE, "grade", OTHER, "--jobs", "1"]))
    assert_the_same(told(url), in_a_file(filed[0]))


def test_two_gradings_of_half_a_class_each_give_what_one_gives(filed, fresh, handed_in, tmp_path):
    root, url = fresh
    colleague = moved(handed_in, tmp_path / "colleague", url)
    plain = [sys.executable, "-m", "nbgrader", "autograde", "a1", "--SubmissionExporter.jobs=1"]
    at_once(
        *((place, [*plain, f"--CourseDirectory.student_id={who}"]) for place, who in zip((root, colleague), HALVES))
    )
    assert_the_same(told(url), filed[1])
    shutil.copytree(colleague / "autograded", root / "autograded", dirs_exist_ok=True)
    whole = {name: text for name, text in contents(filed[0]).items() if f"/{OTHER}/" not in name}
    assert contents(root) == whole
    assert len(scores(root, "a1")) == len(KINDS)


# -------------------------------------------------------------------------------------------------- a server that fails


def test_a_server_that_goes_away_is_one_error_and_a_rerun_goes_on(filed, fresh, server):
    root, url = fresh
    grading = [*COURSE, "grade", "a1", "--json", "--jobs", "2"]
    with subprocess.Popen(
        grading, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL
    ) as process:
        events = map(json.loads, process.stdout)
        assert any(event["event"] == "written" for event in events)
        server.crash()
        left, said = list(events), process.stderr.read()
    server.start()
    assert process.returncode == 1
    problem = next(event["problem"] for event in left if event["event"] == "finished")
    assert problem.startswith("stopped: the gradebook cannot be written: ") and "run the same command again" in problem
    assert " ".join(said.split()).count("the gradebook cannot be") == 1 and "Traceback" not in said
    assert 1 <= len(list(root.glob("autograded/*/a1/verdicts.json"))) < len(KINDS)
    assert "judged before, in a run that did not end" in command(root, "grade", "a1")
    assert_the_same(told(url), filed[1])


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://staff@/nobodys?host={folder}", 'database "nobodys" does not exist'),
        ("postgresql://staff:secret@/class?host={folder}/nowhere", "No such file or directory"),
    ],
    ids=["no database", "no server"],
)
def test_a_gradebook_out_of_reach_is_one_error_before_anything_is_graded(url, says, handed_in, server, tmp_path):
    root = moved(handed_in, tmp_path / "class", url.format(folder=server.folder))
    for words in (["grade", "a1"], ["report", "a1"], ["release", "a1"], ["export", "a1", "--to", "csv"]):
        said = " ".join(command(root, *words, status=2).split())
        assert says in said and "see that its server runs, has this database and lets you in" in said
        assert "secret" not in said
    done = nbgrader(root, "autograde", "a1", check=False)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "nothing was graded" in done.stderr and says in done.stderr
    assert not (root / "autograded").exists()
