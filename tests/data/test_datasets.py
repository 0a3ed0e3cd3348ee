"""Loading data, on tiny files of our own; and the real ones where COURSE_DATA_DIR holds them."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny_data import COLOUR, GREY, MANIFEST, TINY_COLOUR, TINY_GREY, flip_byte, idx, write_tiny

from autograder.authoring import datasets as data_cli
from autograder.commands.main import main as course_command
from coursekit.data import Data, DatasetError, course_data, load, loaders
from coursekit.data.fetching import verify
from coursekit.data.loaders import load_entry, read_manifest


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """No data of this machine is met."""
    if request.node.get_closest_marker("real_data") is None:
        monkeypatch.delenv("COURSE_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A COURSE_DATA_DIR with both tiny datasets."""
    root = tmp_path / "mirror"
    write_tiny(root)
    monkeypatch.setenv("COURSE_DATA_DIR", str(root))
    return root


# ------------------------------------------------------------------------------------------------------------- loading


def test_colour_planes_become_channels(mirror):
    data = load_entry(TINY_COLOUR)
    record = COLOUR["one.bin"][19:38]  # the second image
    assert data.x_train.shape == (4, 2, 3, 3) and data.x_train.dtype == np.uint8
    assert data.y_train[1] == record[0] and data.y_train.dtype == np.int64
    assert list(data.x_train[1, 1, 0]) == [record[1 + plane * 6 + 3] for plane in range(3)]


def test_grey_images_get_a_channel(mirror):
    data = load_entry(TINY_GREY)
    assert data.x_train.shape == (4, 2, 4, 1)
    assert list(data.x_train[1, 0, :, 0]) == [8, 9, 10, 11]
    assert data.y_train.tolist() == [3, 1, 4, 1] and data.y_test.tolist() == [5, 9, 2, 6]


def test_a_smaller_set_is_the_beginning(mirror):
    data = load_entry(TINY_GREY, train=3, test=0)
    assert data.y_train.tolist() == [3, 1, 4] and len(data.x_test) == 0


def test_official_test_images_are_a_third_way(mirror):
    held_out, official = load_entry(TINY_COLOUR), load_entry(TINY_COLOUR, official_test=True)
    assert np.array_equal(held_out.x_train, official.x_train)
    assert not np.array_equal(held_out.x_test, official.x_test)


def test_loaded_arrays_may_be_changed(mirror):
    for dataset in MANIFEST.values():
        load_entry(dataset).x_train[0] += 1


@pytest.mark.parametrize("count", [5, -1])
def test_more_images_than_there_are_is_refused(mirror, count):
    with pytest.raises(DatasetError, match=rf"train: expected .* received {count}"):
        load_entry(TINY_GREY, train=count)


def test_missing_file_names_the_places_and_the_remedy(tmp_path):
    with pytest.raises(DatasetError) as error:
        load_entry(TINY_GREY)
    for part in (
        "train-images.gz is missing",
        str(tmp_path / "cache"),
        "course data fetch tiny-grey",
        "COURSE_DATA_DIR",
    ):
        assert part in str(error.value)


def test_mirror_comes_before_the_cache_and_the_cache_helps_out(mirror, tmp_path):
    cached = tmp_path / "cache" / "convnet-course" / TINY_GREY.folder
    cached.parent.mkdir(parents=True)
    (mirror / TINY_GREY.folder).rename(cached)
    assert load_entry(TINY_GREY).y_train[0] == 3
    (mirror / TINY_GREY.folder).mkdir()
    (mirror / TINY_GREY.folder / "train-images.gz").write_bytes(b"other")
    with pytest.raises(DatasetError, match=r"train-images.gz: is truncated"):
        load_entry(TINY_GREY)  # a damaged file is never passed over in silence


def test_flipped_byte_is_refused(mirror):
    flip_byte(mirror / TINY_COLOUR.folder / "one.bin")
    with pytest.raises(DatasetError, match=r"one\.bin: is damaged: expected SHA-256 \w+, received \w+; delete it"):
        load_entry(TINY_COLOUR)


def test_course_data_dir_must_be_a_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(DatasetError, match=r"COURSE_DATA_DIR: expected a folder, received '.*nowhere'"):
        load_entry(TINY_GREY)


@pytest.mark.parametrize(
    "packed",
    [
        b"plain",
        idx(np.zeros((4, 3))),
        idx(np.zeros((4, 2, 5))),
        gzip.compress(gzip.decompress(GREY["train-images.gz"]) + b"\0"),
        gzip.compress(gzip.decompress(GREY["train-images.gz"])[:-1]),
    ],
    ids=["not gzip", "fewer axes", "other shape", "too long", "too short"],
)
def test_idx_of_another_size_is_refused(packed):
    with pytest.raises(DatasetError, match="IDX file: expected"):
        loaders.parse_idx(packed, (4, 2, 4))


def test_a_bomb_is_not_unpacked():
    bomb = gzip.compress(bytes(50_000_000))
    with pytest.raises(DatasetError, match="another header or length"):
        loaders.parse_idx(bomb, (4, 2, 4))


def test_label_beyond_nine_is_refused():
    with pytest.raises(DatasetError, match="labels: expected 0 to 9, received 77"):
        loaders.parse_cifar([b"\x4d" + bytes(18)], 1, (2, 3, 3))


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(DatasetError, match=r"expected one of cifar-10, fashion-mnist, .*; received 'mnist'"):
        load("mnist")


# --------------------------------------------------------------------------------------------------------- course_data


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A student's folder: course_data.json goes there."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "course_data.json"


@pytest.mark.parametrize(("kind", "shape"), [("grey", (28, 28, 1)), ("colour", (32, 32, 3))])
def test_course_data_is_drawn_where_nothing_is_said(beside, kind, shape):
    data = course_data(kind, train=20, test=10)
    assert isinstance(data, Data) and data.name == f"synthetic-{kind}"
    assert data.x_train.shape == (20, *shape) and data.y_test.shape == (10,)


def test_course_data_follows_the_file_and_never_falls_back(beside):
    beside.write_text('{"grey": "fashion-mnist", "colour": "synthetic-colour"}')
    assert course_data("colour", train=1, test=1).name == "synthetic-colour"
    with pytest.raises(DatasetError, match=r"fashion-mnist: train-images-idx3-ubyte.gz is missing"):
        course_data("grey")


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"grey": 1}', '{"grey": "cifar-10"}', '{"grey": "synthetic-colour"}']
)
def test_course_data_says_what_is_wrong_with_the_file(beside, text):
    beside.write_text(text)
    with pytest.raises(DatasetError, match=r"course_data.json: .*expected .*received .*write e\.g\."):
        course_data("grey")


def test_course_data_wants_a_kind():
    with pytest.raises(DatasetError, match="kind: expected 'grey' or 'colour', received 'gray'"):
        course_data("gray")


def test_synthetic_sets_are_fixed_and_grow_at_the_end():
    small, large = (load("synthetic-grey", train=n, test=30) for n in (60, 700))
    assert np.array_equal(small.x_train, large.x_train[:60]) and np.array_equal(small.y_test, large.y_test)
    assert not np.array_equal(small.x_train[:30], small.x_test)


def test_datasets_work_beside_a_notebook(tmp_path, monkeypatch):
    """Students have a folder ``coursekit/data`` with these files beside the notebook."""
    source = Path(loaders.__file__).parent
    (tmp_path / "coursekit" / "data").mkdir(parents=True)
    (tmp_path / "coursekit" / "__init__.py").touch()
    for name in ("__init__.py", "loaders.py", "synthetic.py", "manifest.toml", "fetching.py"):
        shutil.copy(source / name, tmp_path / "coursekit" / "data")
    (tmp_path / "course_data.json").write_text('{"grey": "synthetic-grey", "colour": "synthetic-colour"}')
    code = (
        "import coursekit.data as data; print(data.__file__, data.course_data('grey', train=5, test=5).x_train.shape)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split(maxsplit=1) == [str(tmp_path / "coursekit" / "data" / "__init__.py"), "(5, 28, 28, 1)\n"]


# -------------------------------------------------------------------------------------------------- manifest and cards


def test_manifest_is_complete():
    manifest = read_manifest()
    assert list(manifest) == ["synthetic-grey", "synthetic-colour", "fashion-mnist", "cifar-10"]
    for dataset in manifest.values():
        assert len(dataset.classes) == 10 and dataset.dtype == "uint8"
        assert {name for names in dataset.splits.values() for name in names} == set(dataset.files)
        for file in dataset.files.values():
            assert len(file.sha256) == 64 and (file.url or dataset.archive)


def test_list_tells_where_data_lies(mirror, capsys):
    assert data_cli.list_datasets(MANIFEST) == data_cli.DONE
    assert f"in {mirror / TINY_GREY.folder}" in capsys.readouterr().out
    shutil.rmtree(mirror / TINY_GREY.folder)
    data_cli.list_datasets(MANIFEST)
    assert "not fetched: course data fetch tiny-grey" in capsys.readouterr().out


def test_card_is_drawn(mirror, tmp_path, capsys):
    assert data_cli.draw_card("tiny-colour", tmp_path, MANIFEST) == data_cli.DONE
    assert (tmp_path / "tiny-colour.png").read_bytes().startswith(b"\x89PNG")
    assert "4 to train on, 4 held out" in capsys.readouterr().out
    shutil.rmtree(mirror / TINY_COLOUR.folder)
    with pytest.raises(DatasetError, match="is missing"):
        data_cli.draw_card("tiny-colour", tmp_path, MANIFEST)


def test_card_that_cannot_be_written_is_told_with_its_place(mirror, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DatasetError, match=r"file.*: expected a place to write to, received: "):
        data_cli.draw_card("tiny-colour", tmp_path / "file" / "cards", MANIFEST)


@pytest.mark.parametrize("action", ["card", "fetch", "verify"])
def test_command_with_an_unknown_dataset_says_so_and_ends_with_2(action, monkeypatch, capsys):
    monkeypatch.chdir(Path(__file__).parent)
    assert course_command(["data", action, "nothing"]) == 2
    assert re.fullmatch(r"dataset: expected one of .*; received 'nothing'\n", capsys.readouterr().err)


def test_an_error_of_ours_is_not_taken_for_one_of_the_data(monkeypatch):
    monkeypatch.chdir(Path(__file__).parent)
    monkeypatch.setattr(data_cli, "list_datasets", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        course_command(["data", "list"])


@pytest.mark.parametrize("name", ["synthetic-grey", "synthetic-colour", "fashion-mnist", "cifar-10"])
def test_every_dataset_has_a_card(name):
    cards = Path(loaders.__file__).parent / "cards"
    text = (cards / f"{name}.md").read_text()
    for file in read_manifest()[name].files.values():
        assert file.sha256 in text, f"{name}.md: the checksum of {file.name} is not that of the manifest"
    assert all(path.stat().st_size < 150_000 for path in cards.glob("*.png"))


# ------------------------------------------------------------------------------------------------------ the real files

real_data = [
    pytest.mark.real_data,
    pytest.mark.skipif("COURSE_DATA_DIR" not in os.environ, reason="COURSE_DATA_DIR is not set: no real data here"),
]


def mark_real(function):
    for mark in real_data:
        function = mark(function)
    return function


@mark_real
@pytest.mark.parametrize("name", ["fashion-mnist", "cifar-10"])
def test_real_files_are_the_official_ones(name):
    assert verify(read_manifest()[name], Path(os.environ["COURSE_DATA_DIR"])) == []


@mark_real
@pytest.mark.parametrize(
    ("name", "train", "shape", "fewest"),
    [("fashion-mnist", 60000, (28, 28, 1), 6000), ("cifar-10", 10000, (32, 32, 3), 937)],
)
def test_real_images_are_what_a_linear_model_expects(name, train, shape, fewest):
    """Shapes, balance, and a least-squares classifier far above chance: images, labels and classes belong together."""
    data = load(name)
    assert data.x_train.shape == (train, *shape) and data.x_test.shape == (10000, *shape)
    assert np.bincount(data.y_train).min() == fewest and data.x_train.max() == 255
    x, x_test = (part[:5000].reshape(5000, -1) / 255 - 0.5 for part in (data.x_train, data.x_test))
    penalty = 100 * np.eye(x.shape[1])
    weights = np.linalg.solve(x.T @ x + penalty, x.T @ np.eye(10)[data.y_train[:5000]])
    accuracy = np.mean((x_test @ weights).argmax(1) == data.y_test[:5000])
    assert accuracy > {"fashion-mnist": 0.75, "cifar-10": 0.3}[name]


@mark_real
def test_damage_to_real_files_gives_three_clear_errors(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "fashion-mnist"
    shutil.copytree(Path(os.environ["COURSE_DATA_DIR"]) / "fashion-mnist", folder)
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)
    with (folder / "train-images-idx3-ubyte.gz").open("r+b") as stream:
        stream.truncate(1_000_000)
    (folder / "t10k-labels-idx1-ubyte.gz").rename(folder / "t10k-labels.gz")
    flip_byte(folder / "t10k-images-idx3-ubyte.gz")
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    assert data_cli.verify_datasets() == data_cli.FINDINGS
    errors = [line for line in capsys.readouterr().out.splitlines() if line.startswith("fashion-mnist: ")]
    assert len(errors) == 3 and all("expected" in line and "received" in line for line in errors)
