"""Every step through folders with a student's names goes past a link, never through it."""

from __future__ import annotations

import os

import pytest

from autograder.grading.arriving import folders


@pytest.fixture
def place(tmp_path):
    """A folder with a link to a folder outside and one to a file outside."""
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "secret").write_text("the solutions")
    (inside / "up").symlink_to(outside)
    (inside / "file").symlink_to(outside / "secret")
    return inside


def test_folder_is_not_opened_through_a_link(place):
    with folders.opened(str(place)) as descriptor:
        with pytest.raises(OSError), folders.opened("up", descriptor):
            pass
        os.mkdir("real", dir_fd=descriptor)
        with folders.opened("real", descriptor) as real:
            assert folders.names(real, 10) == []


def test_file_is_not_read_or_written_through_a_link(place):
    with folders.opened(str(place)) as descriptor:
        with pytest.raises(folders.Refused, match="a symbolic link"):
            folders.read_file(descriptor, "file", 100)
        with pytest.raises(FileExistsError):
            folders.write_file(descriptor, "file", b"mine")
    assert (place.parent / "outside" / "secret").read_text() == "the solutions"


def test_link_in_the_place_of_a_folder_of_ours_is_moved_aside(place):
    with folders.opened(str(place)) as descriptor:
        own = folders.open_own("up", descriptor)
        folders.write_file(own, "new", b"x")
        os.close(own)
    assert (place / "up" / "new").is_file() and (place / "up.1").is_symlink()
    assert not (place.parent / "outside" / "new").exists()
