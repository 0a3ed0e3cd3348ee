"""`course reproduce`: the machine that runs experiments, killed and resumed, and the report that it writes."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.authoring.reproducing.plan import plan
from autograder.authoring.reproducing.report import entry as row_entry
from autograder.authoring.reproducing.report import write_report
from autograder.authoring.reproducing.running import run_units, units_of
from autograder.authoring.reproducing.sheet import markdown
from autograder.authoring.reproducing.store import Store
from autograder.authoring.reproducing.surroundings import Surroundings, code, surroundings
from autograder.authoring.reproducing.wording import Entry, Picture
from autograder.authoring.reproducing.working import Place
from autograder.classroom.writing import write
from autograder.course.config import CourseError
from autograder.course.content import experiments
from autograder.course.experiments import Claim, Images, Number, Result, Row, Summary, Unit, Work
from coursekit.data import DatasetError

ROOT = Path(__file__).resolve().parents[2]
COURSE = Path(sys.executable).with_name("course")
TIMES = re.compile(r"(; )(?:\d+ (?:s|min) ?)+( by the clock, on one core)")
ROWS = 12  # of the two reports


@dataclass(frozen=True)
class Counting:
    """A recipe: how far to count."""

    to: int


def count(recipe: Counting, data: Any, seed: int, work: Work) -> Result:
    """Count slowly, from where it was killed."""
    state = work.saved()
    number = 0 if state is None else state.values["number"]
    while number < recipe.to:
        number += 1
        work.save(lambda: Result({"number": number}))  # noqa: B023
        work.tell(number / recipe.to)
    return Result(
        {"number": number, "began": 0 if state is None else state.values["number"]}, {"n": np.array([number])}
    )


def add_up(recipe: Counting, data: Any, seed: int, work: Work) -> Result:
    return Result({"sum": sum(result.values["number"] for result in work.given)})


def broken(recipe: Counting, data: Any, seed: int, work: Work) -> Result:
    raise ValueError("no such number")


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(ROOT, Store(tmp_path), Surroundings((("grey", "g"), ("colour", "c")), "tensorflow"), 0.0)


def run(units: list[Unit], place: Place, jobs: int = 1) -> tuple[dict[str, BaseException], list[str]]:
    said: list[str] = []
    return run_units(units, place, jobs, lambda *_: None, said.append), said


def test_units_run_after_those_that_they_need_and_once(place):
    one, two = (Unit("count", count, Counting(3), seed) for seed in (0, 1))
    whole = Unit("sum", add_up, Counting(0), 0, needs=(one, two))
    failed, said = run([whole, one, two], place)
    assert failed == {} and len(said) == 3
    assert place.store.result(place.surroundings.key(whole)).values == {"sum": 6}
    assert run([whole, one, two], place) == ({}, [])


@pytest.mark.slow
def test_a_failed_unit_is_told_and_costs_only_those_that_need_it(place):
    bad, good = Unit("bad", broken, Counting(1), 0), Unit("good", count, Counting(1), 0)
    dependent = Unit("dependent", add_up, Counting(1), 0, needs=(bad,))
    failed, _ = run([bad, dependent, good], place)
    assert set(failed) == {place.surroundings.key(unit) for unit in (bad, dependent)}
    assert all("no such number" in str(error) for error in failed.values())
    assert place.store.finished(place.surroundings.key(good))


@pytest.mark.long
def test_a_unit_goes_on_from_its_saved_state(place):
    unit = Unit("count", count, Counting(7), 0)
    key = place.surroundings.key(unit)
    place.store.save_half(key, Result({"number": 4, "seconds so far": 100.0}))
    run([unit], place)
    assert place.store.result(key).values == {"number": 7, "began": 4}
    assert place.store.facts(key)["seconds"] >= 100
    assert not list(place.store.folder.glob("units/*.half.npz"))


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"recipe": Counting(8)},
        {"run": add_up},
        {"images": Images("grey", 1, 1)},
        {"needs": (Unit("other", count, Counting(1), 0),)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_decides_a_result_changes_its_name(place, change):
    unit = Unit("count", count, Counting(7), 0)
    assert place.surroundings.key(replace(unit, **change)) != place.surroundings.key(unit)
    assert place.surroundings.key(replace(unit, seconds=9.0)) == place.surroundings.key(unit)


def test_data_and_backend_change_the_name_too(place):
    unit = Unit("count", count, Counting(7), 0)
    others = [replace(place.surroundings, backend="jax"), replace(place.surroundings, data=(("grey", "h"),))]
    assert len({around.key(unit) for around in (place.surroundings, *others)}) == 3


def test_two_runs_do_not_work_in_one_folder(tmp_path):
    with (
        Store(tmp_path).alone(),
        pytest.raises(CourseError, match="another `course reproduce`"),
        Store(tmp_path).alone(),
    ):
        pass


def test_real_data_that_are_not_there_are_asked_for_in_vain_or_replaced(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert dict(surroundings(None).data) == {"grey": "synthetic-grey", "colour": "synthetic-colour"}
    with pytest.raises(DatasetError, match="missing"):
        surroundings("real")


# ------------------------------------------------------------------------------------------------------ rows and pages


def test_every_row_has_its_own_name_and_the_plan_counts_shared_work_once():
    rows = experiments()
    assert len(rows) == ROWS and len({row.name for row in rows}) == ROWS
    lines = plan(rows, "laptop", 2)
    assert [line.split()[0] for line in lines[1:-1]] == [row.name for row in rows]
    counts = [int(line.split()[1]) for line in lines[1:]]
    assert sum(counts[:-1]) == counts[-1] == len(units_of(rows, "laptop"))
    assert counts[[row.name for row in rows].index("transfer")] == 0, "3.2 attacks nothing that 3.1 has not attacked"


def test_laptop_fits_forty_minutes_on_two_cores_by_the_measured_cost_of_a_step():
    seconds = sum(unit.seconds for unit in units_of(experiments(), "laptop"))
    assert seconds / 2 < 40 * 60


@pytest.mark.parametrize("scale", ["laptop", "full"])
def test_numbers_that_people_will_quote_rest_on_enough_images_and_seeds(scale):
    units = units_of(experiments(), scale)
    assert all(unit.images.held_out >= 2000 for unit in units if unit.images)
    for name in ("ConvNet with dropout 0.25", "MLP", "1.1 raw", "1.4 + flip and crop"):
        assert len([unit for unit in units if unit.name == name]) >= 3, name


def test_full_has_the_homeworks_own_sizes():
    units = {unit.name: unit.recipe for unit in units_of(experiments(), "full")}
    table, deep, convnet = units["1.1 raw"], units["2.4 residual, He"], units["ConvNet"]
    assert (table.steps, table.batch, table.side) == (2000, 100, 32)
    assert (deep.steps, deep.batch, deep.side, deep.width) == (2000, 100, 32, 96)
    assert (convnet.steps, convnet.batch) == (100_000, 64)
    assert {"2.1 all-conv, width 64", "2.1 all-conv, width 96"} <= set(units)


def entry(text: str = "x < y") -> Entry:
    number = Number("an <i>accuracy</i> | odd", "48 %", 0.5, 0.4, 0.6, "%", "100 images")
    summary = Summary((number,), (Claim(text, True), Claim("b", False), Claim("c", None)), "Because.")
    picture = Picture("curve", 'a "curve"', b"\x89PNG", b"<svg/>")
    return Entry(
        *("row", "A row", "Task 1", "laptop", summary, (picture,), "cifar-10", ("a machine",), ("keras 3",), 90.0),
        *((("run", '{"steps": 3}'),), (0, 1), False),
    )


def test_a_page_shows_each_number_beside_the_reports_and_loads_nothing(tmp_path):
    write_report([entry()], {"lost": "it <failed>"}, tmp_path)
    html = (tmp_path / "report.html").read_text("utf-8")
    for text in (
        "48 %",
        "50.0 %",
        "40.0 % to 60.0 %",
        "x &lt; y",
        "it &lt;failed&gt;",
        "an &lt;i&gt;accuracy",
        "cifar-10",
    ):
        assert text in html, text
    assert set(re.findall(r'(?:src|href)="([^"]{,20})', html)) == {"data:image/png;base6", "#row-laptop"}
    assert "<script" not in html and "url(" not in html


def test_the_sheet_names_files_that_are_there_and_says_what_holds(tmp_path):
    write_report([entry()], {}, tmp_path)
    text = (tmp_path / "report.md").read_text("utf-8")
    assert "✓ x < y: holds" in text and "✗ b: does not hold here" in text and "? c: cannot be told" in text
    assert "1 of 3 findings hold, 1 do not, 1 cannot be told" in text
    assert r"an <i>accuracy</i> \| odd | 48 % | 50.0 % | 40.0 % to 60.0 % | 100 images |" in text
    (figure,) = re.findall(r"\]\((figures/[^)]*)\)", text)
    assert (tmp_path / figure).read_bytes() == b"\x89PNG"
    assert json.loads((tmp_path / "rows" / "row-laptop.json").read_text())["recipes"]["run"] == {"steps": 3}


def test_smoke_and_outdated_numbers_are_marked():
    assert "no number here says anything" not in markdown([entry()], {})
    assert "no number here says anything" in markdown([replace(entry(), scale="smoke")], {})
    assert "earlier version of the experiments' code" in markdown([replace(entry(), outdated=True)], {})


def test_numbers_are_outdated_by_what_computed_them_alone(tmp_path):
    folder = tmp_path / "solutions" / "experiments"
    folder.mkdir(parents=True)
    (tmp_path / "solutions" / "far.py").write_text("FAR = 1\n")
    (folder / "training.py").write_text("from solutions import near\nfrom solutions.near import x\n")
    (folder / "recipes.py").write_text("SIZE = 1\n")
    near = tmp_path / "solutions" / "near.py"
    near.write_text("from solutions.experiments import training\nfrom solutions.experiments.recipes import SIZE\n")

    def now() -> str:
        code.cache_clear()
        return code(tmp_path, "solutions.experiments.training")

    before = now()
    (tmp_path / "solutions" / "far.py").write_text("FAR = 2\n")
    (folder / "recipes.py").write_text("SIZE = 2\n")  # sizes stand in the recipe, and change the unit's name
    assert now() == before
    near.write_text(near.read_text() + "y = 2\n")
    assert now() != before


@pytest.mark.long
def test_a_finding_that_takes_one_scale_is_told_at_no_other(place):
    unit = Unit("count", count, Counting(2), 0)
    run([unit], place)
    claims = (Claim("anywhere", True), Claim("full size", False, at="full"))
    row = Row("counts", "Counts", "", lambda scale: [unit], lambda results: Summary((), claims, ""), lambda results: [])
    for scale, told in (("laptop", ["anywhere"]), ("full", ["anywhere", "full size"])):
        found = row_entry(row, scale, place.store, place.surroundings, ROOT)
        assert [claim.text for claim in found.summary.claims] == told and not found.outdated


def test_a_file_is_replaced_in_one_piece(tmp_path):
    write(tmp_path / "a" / "b", b"old")
    write(tmp_path / "a" / "b", b"new")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"] and (tmp_path / "a" / "b").read_bytes() == b"new"


# --------------------------------------------------------------------------------- whole runs, as people start them


@pytest.fixture(scope="module")
def course_folder(tmp_path_factory) -> Path:
    """A folder with the course's course.yaml: `build/` goes there."""
    folder = tmp_path_factory.mktemp("course")
    for name in ("course.yaml", "solutions", "assignments"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def started(folder: Path, *rows: str, out: str) -> subprocess.Popen[bytes]:
    options = ("--scale", "smoke", "--jobs", "1", "--save-every", "0", "--out", folder / out)
    return subprocess.Popen(
        [COURSE, "reproduce", *rows, *options], cwd=folder, stdout=subprocess.PIPE, start_new_session=True
    )


def files(folder: Path) -> dict[str, bytes]:
    """A report without its times."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if path.suffix in (".md", ".html"):
            content = TIMES.sub(r"\1\2", content.decode()).encode()
        if path.suffix == ".json":
            content = json.dumps({**json.loads(content), "seconds": 0}).encode()
        found[path.relative_to(folder).as_posix()] = content
    return found


@pytest.mark.long
def test_a_run_that_was_killed_anywhere_gives_the_same_report(course_folder, tmp_path_factory):
    rows = ("sigmoid", "regression")
    began = time.monotonic()
    with started(course_folder, *rows, out="undisturbed") as undisturbed:
        said = undisturbed.communicate(timeout=600)[0]
    assert undisturbed.returncode == 0, said.decode()
    whole = time.monotonic() - began
    other = tmp_path_factory.mktemp("killed")
    for name in ("course.yaml", "solutions", "assignments"):
        (other / name).symlink_to(ROOT / name)
    with started(other, *rows, out="resumed") as victim:
        time.sleep(random.uniform(0.3, 0.9) * whole)
        victim.kill()  # its workers are left to notice by themselves
    with started(other, *rows, out="resumed") as again:
        said = again.communicate(timeout=600)[0]
    assert again.returncode == 0, said.decode()
    assert files(course_folder / "undisturbed") == files(other / "resumed")


@pytest.mark.long
def test_smoke_reproduces_every_row(course_folder):
    with started(course_folder, out="smoke") as process:
        said = process.communicate(timeout=3000)[0].decode()
    assert process.returncode == 0, said
    report = course_folder / "smoke"
    text, page = ((report / name).read_text("utf-8") for name in ("report.md", "report.html"))
    assert "synthetic-colour" in text and "missing:" not in text
    for row in experiments():
        found = json.loads((report / "rows" / f"{row.name}-smoke.json").read_text())
        numbers = found["summary"]["numbers"]
        assert numbers and all(n["low"] <= n["value"] <= n["high"] for n in numbers), row.name
        assert found["summary"]["claims"] and found["summary"]["sentence"], row.name
        assert row.title in text and row.title in page.replace("&#x27;", "'")
        for figure in found["figures"]:
            assert figure["alt"]
            image = report / "figures" / f"{figure['name']}.png"
            assert image.read_bytes().startswith(b"\x89PNG") and shown(image) > 0.01, figure["name"]
            assert image.with_suffix(".svg").read_text("utf-8").rstrip().endswith("</svg>")


def shown(image: Path) -> float:
    """How much of a picture is not white."""
    from PIL import Image

    with Image.open(image) as opened:
        return float((np.asarray(opened.convert("L")) < 240).mean())


def test_a_row_that_does_not_exist_is_told_with_those_that_do(course_folder):
    done = subprocess.run(
        [COURSE, "reproduce", "tabel1", "--scale", "smoke"], cwd=course_folder, capture_output=True, text=True
    )
    assert done.returncode == 2 and "received 'tabel1'" in done.stderr and "table1" in done.stderr


def test_rows_are_found_by_folder():
    assert all(isinstance(row, Row) for row in experiments())
