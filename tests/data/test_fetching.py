"""Verifying and fetching files: what is said about each kind of damage, and that a fetch goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_data import COLOUR, GREY, MANIFEST, TINY_COLOUR, TINY_GREY, Source, archived, flip_byte, served, write_tiny

from autograder.authoring import datasets as data_cli
from coursekit.data import DatasetError
from coursekit.data.fetching import fetch, main, verify


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No data of this machine is met."""
    monkeypatch.delenv("COURSE_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A COURSE_DATA_DIR with both tiny datasets."""
    root = tmp_path / "mirror"
    write_tiny(root)
    monkeypatch.setenv("COURSE_DATA_DIR", str(root))
    return root


# ----------------------------------------------------------------------------------------------------------- verifying


def test_whole_datasets_have_no_findings(mirror):
    assert [verify(dataset, mirror) for dataset in MANIFEST.values()] == [[], []]


def test_truncated_renamed_and_flipped_files_give_three_clear_errors(mirror, capsys):
    folder = mirror / TINY_GREY.folder
    truncated = folder / "train-images.gz"
    truncated.write_bytes(truncated.read_bytes()[:-7])
    (folder / "train-labels.gz").rename(folder / "labels.gz")
    flip_byte(folder / "test-images.gz")
    assert data_cli.verify_datasets(manifest=MANIFEST) == data_cli.FINDINGS
    lines = capsys.readouterr().out.splitlines()
    size = TINY_GREY.files["train-images.gz"].size
    assert lines[0].startswith("tiny-colour: every file in ")
    assert f"train-images.gz: is truncated: expected {size} bytes, received {size - 7}; delete it, then run" in lines[1]
    assert "labels.gz: has the wrong name: expected train-labels.gz" in lines[2]
    assert lines[2].endswith("rename it to train-labels.gz")
    assert "test-images.gz: is damaged: expected SHA-256" in lines[3] and "course data fetch tiny-grey" in lines[3]
    assert len(lines) == 4


def test_missing_and_swapped_files_are_told(mirror):
    folder = mirror / TINY_GREY.folder
    (folder / "test-images.gz").unlink()
    (folder / "train-labels.gz").rename(folder / "aside")
    (folder / "test-labels.gz").rename(folder / "train-labels.gz")
    (folder / "aside").rename(folder / "test-labels.gz")
    found = [str(finding) for finding in verify(TINY_GREY, mirror)]
    assert "test-labels.gz: has the wrong name: expected train-labels.gz, received its content" in found[0]
    assert "move the other train-labels.gz away, then rename it to train-labels.gz" in found[0]
    assert "test-images.gz: is missing: expected" in found[1]
    assert "train-labels.gz: has the wrong name: expected test-labels.gz" in found[2]


def test_optional_file_may_be_missing_but_not_damaged(mirror):
    path = mirror / TINY_COLOUR.folder / "official.bin"
    flip_byte(path)
    assert "is damaged" in str(*verify(TINY_COLOUR, mirror))
    path.unlink()
    assert verify(TINY_COLOUR, mirror) == []


@pytest.mark.parametrize(
    ("names", "status", "text"),
    [
        ([], data_cli.DONE, "tiny-grey: not fetched"),
        (["tiny-grey"], data_cli.FINDINGS, "is missing: expected a folder with the files of tiny-grey"),
    ],
)
def test_verify_without_any_file(capsys, names, status, text):
    assert data_cli.verify_datasets(names, MANIFEST) == status
    assert text in "".join(capsys.readouterr())


# ------------------------------------------------------------------------------------------------------------ fetching


@pytest.fixture
def source() -> Iterator[Source]:
    with Source() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_fetched_files_are_complete_and_not_fetched_again(source, tmp_path, capsys):
    dataset = served(source, TINY_GREY, GREY)
    assert len(fetch(dataset, tmp_path)) == 4 and verify(dataset, tmp_path) == []
    assert "train-images.gz  ####################  0.0 of 0.0 MB" in capsys.readouterr().err
    assert fetch(dataset, tmp_path) == [] and len(source.asked) == 4
    flip_byte(tmp_path / dataset.folder / "test-labels.gz")
    assert [path.name for path in fetch(dataset, tmp_path)] == ["test-labels.gz"] and verify(dataset, tmp_path) == []


@pytest.mark.parametrize("knows_range", [True, False])
def test_stopped_fetch_goes_on(source, tmp_path, knows_range):
    dataset, seen = served(source, TINY_GREY, GREY), []
    folder = tmp_path / dataset.folder
    source.hang_up_after, source.knows_range = 20, knows_range
    size = len(GREY["train-images.gz"])
    with pytest.raises(DatasetError, match=rf"stopped after 20 of {size} bytes; .* run the same command again"):
        fetch(dataset, tmp_path, lambda *progress: seen.append(progress))
    assert [path.name for path in folder.iterdir()] == ["train-images.gz.part"]
    source.hang_up_after = None
    fetch(dataset, tmp_path, lambda *progress: seen.append(progress))
    assert source.asked[:2] == [None, "bytes=20-"] and verify(dataset, tmp_path) == []
    assert seen[:2] == [("train-images.gz", 20, size), ("train-images.gz", size, size)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (GREY["train-images.gz"][:-1] + b"?", "is damaged: expected SHA-256"),
        (GREY["train-images.gz"] + b"?", "is too long: expected"),
    ],
)
def test_other_content_is_thrown_away(source, tmp_path, content, said):
    dataset = served(source, TINY_GREY, GREY | {"train-images.gz": content})
    with pytest.raises(DatasetError, match=f"{said}.*thrown away"):
        fetch(dataset, tmp_path, lambda *_: None)
    assert list((tmp_path / dataset.folder).iterdir()) == []


def test_file_that_is_not_there_is_told(source, tmp_path):
    dataset = served(source, TINY_GREY, {})
    with pytest.raises(DatasetError, match=r"expected the file, received 404 .* save it as .*train-images.gz"):
        fetch(dataset, tmp_path)


def test_being_offline_is_told_with_what_to_do(source, tmp_path):
    dataset = served(source, TINY_GREY, GREY)
    source.server_close()
    with pytest.raises(DatasetError) as error:
        fetch(dataset, tmp_path)
    for part in (source.url("train-images.gz"), "cannot be reached", "once online", "save it as"):
        assert part in str(error.value)


def test_only_the_manifests_members_leave_an_archive(source, tmp_path):
    members = {f"tiny-colour-folder/{name}": content for name, content in COLOUR.items()}
    evil = {
        "../outside.bin": b"x",
        "/outside.bin": b"x",
        "elsewhere/one.bin": b"x",
        "tiny-colour-folder/more.bin": b"x",
    }
    dataset = archived(source, evil | members)
    assert len(fetch(dataset, tmp_path / "data", lambda *_: None)) == 3
    assert verify(dataset, tmp_path / "data") == []
    left = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["official.bin", "one.bin", "two.bin"]


def test_archive_brought_by_hand_is_used_and_kept(source, tmp_path):
    dataset = archived(source, {f"tiny-colour-folder/{name}": content for name, content in COLOUR.items()})
    (tmp_path / "tiny.tar.gz").write_bytes(source.files["tiny.tar.gz"])
    assert len(fetch(dataset, tmp_path)) == 3 and source.asked == [] and (tmp_path / "tiny.tar.gz").is_file()
    (tmp_path / "tiny.tar.gz").write_bytes(b"short")
    (tmp_path / dataset.folder / "one.bin").unlink()
    with pytest.raises(DatasetError, match=r"tiny\.tar\.gz: is truncated: .*delete it"):
        fetch(dataset, tmp_path)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"one.bin": b"other"}, "one.bin is truncated"),
        ({"one.bin": None}, "expected tiny-colour-folder/one.bin inside"),
    ],
)
def test_archive_with_other_members_is_refused(source, tmp_path, changed, said):
    members = {f"tiny-colour-folder/{n}": c for n, c in (COLOUR | changed).items() if c is not None}
    with pytest.raises(DatasetError, match=said):
        fetch(archived(source, members), tmp_path, lambda *_: None)
    assert not (tmp_path / "tiny-colour-folder" / "one.bin").exists()


def test_a_folder_that_cannot_be_written_is_told(source, tmp_path):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(DatasetError, match="expected a place to write to"):
        fetch(served(source, TINY_GREY, GREY), tmp_path / "data")


def test_fetch_command_reports(source, tmp_path, capsys):
    manifest = {"tiny-grey": served(source, TINY_GREY, GREY)}
    assert data_cli.fetch_dataset("tiny-grey", tmp_path, manifest) == data_cli.DONE
    assert "tiny-grey: 4 of 4 files fetched" in capsys.readouterr().out
    with pytest.raises(DatasetError, match="drawn by the course itself; there is nothing to fetch"):
        data_cli.fetch_dataset("synthetic-grey")


def test_students_fetch_with_a_module(capsys):
    assert main([]) == 2 and main(["synthetic-colour"]) == 2
    assert capsys.readouterr().err.splitlines()[0] == "usage: python -m coursekit.data.fetching NAME ..."
