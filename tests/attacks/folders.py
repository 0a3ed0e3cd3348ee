"""Hostile folders: what may lie in ``submitted/STUDENT/a1`` beside a perfect notebook, around it, or in its place."""

from __future__ import annotations

import json
import os
import shutil
import socket
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EVIL = "raise SystemExit('student code ran as staff')\n"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@dataclass(frozen=True)
class Folder:
    """What is done to a perfect submission, and what comes of it.

    Args:
        make: gets the submission's folder; what it does is done again, differently where ``again`` says so.
        again: the second hand-in, by default the same.
        score: the honest one: 70 for what costs nobody a point, 0 for what is unreadable.
        says: what ``verdicts.json`` must tell.
    """

    make: Callable[[Path], Any]
    again: Callable[[Path], Any] | None = None
    score: int = 70
    says: str = ""


def notebook(folder: Path) -> Path:
    return folder / "a1_relu_sigmoid.ipynb"


def root_of(folder: Path) -> Path:
    return next(parent for parent in folder.parents if (parent / "nbgrader_config.py").exists())


def link_upwards(folder: Path) -> None:
    (folder / "up").symlink_to("../../..")


def land_through_the_link(folder: Path) -> None:
    (folder / "up").mkdir()
    (folder / "evil.py").write_text(EVIL)
    for name in ("nbgrader_config.py", "nbgrader_config.json", "course_config.py", ".course_secret", "course.yaml"):
        (folder / "up" / name).symlink_to(folder / "evil.py")


def deep_tree(folder: Path) -> None:
    """Nest folders until a path has more characters than the kernel takes in one piece."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(60):
        os.mkdir("d" * 200, dir_fd=here)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.symlink("/etc/passwd", "loot", dir_fd=here)
    os.close(here)


def folder_is_a_link(folder: Path) -> None:
    hidden = folder.with_name("elsewhere")
    folder.rename(hidden)
    folder.symlink_to(hidden)


def folder_is_the_release(folder: Path) -> None:
    notebook(folder).unlink()
    folder.rmdir()
    folder.symlink_to("../../release/a1")


def student_is_a_link(folder: Path) -> None:
    hidden = root_of(folder) / f"elsewhere-{folder.parent.name}"
    shutil.rmtree(hidden, ignore_errors=True)
    folder.parent.rename(hidden)
    folder.parent.symlink_to(hidden)


def quarantine_is_a_link(folder: Path) -> None:
    """What an older grader may have left: links where our own folders belong."""
    place = root_of(folder) / "quarantine"
    place.mkdir(exist_ok=True)
    if not (place / folder.parent.name).is_symlink() and not (place / folder.parent.name).exists():
        (place / folder.parent.name).symlink_to(root_of(folder))
    (folder / "nbgrader_config.py").symlink_to(folder / "evil.py")
    (folder / "release").mkdir()


def numbers_are_taken(folder: Path) -> None:
    place = root_of(folder) / "quarantine" / folder.parent.name / "a1"
    place.mkdir(parents=True, exist_ok=True)
    for number in range(1, 4):
        if not (place / f"{number:04d}").is_symlink():
            (place / f"{number:04d}").symlink_to(root_of(folder))
    (folder / "course.yaml").write_text("title: mine\n")
    (folder / ".course_secret").write_text("mine")


def odd_names(folder: Path) -> None:
    for name in (
        b"\xff\xfe.txt",
        b"line\nbreak.txt",
        b"\x1b[2J.txt",
        b"-rf",
        b"a\tb",
        "\u202etxt.exe".encode(),
        b"%s{}",
    ):
        Path(os.fsdecode(os.path.join(os.fsencode(folder), name))).write_text("text")


def many_files(folder: Path) -> None:
    for number in range(3000):
        (folder / f"{number}.txt").write_text("x")


def unlinked(folder: Path, make: Callable[[Path], Any]) -> None:
    notebook(folder).unlink()
    make(notebook(folder))


def hard_link(folder: Path) -> None:
    source = root_of(folder) / "loot.txt"
    source.write_text("the solutions")
    os.link(source, folder / "loot.txt")


def unix_socket(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        here = os.getcwd()
        os.chdir(folder)  # a socket's path has 108 bytes
        try:
            sock.bind("socket")
        finally:
            os.chdir(here)


def locked(folder: Path) -> None:
    (folder / "closed").mkdir()
    (folder / "closed" / "file").write_text("x")
    (folder / "closed").chmod(0)
    notebook(folder).chmod(0)
    folder.chmod(0o555)


def web_pages(folder: Path) -> None:
    for name in ("evil.html", "evil.svg", "evil.js", "evil.htm", "evil.xhtml", "numpy.py", "page.txt.html", "a.css"):
        (folder / name).write_text("<script>alert(1)</script>")
    (folder / "fake.png").write_text("<svg onload=alert(1)>")
    (folder / "binary.txt").write_bytes(b"text\0" * 100)
    (folder / "large.txt").write_text("x" * 2_000_000)
    (folder / "notes.txt").write_text("what I read")
    (folder / "plot.png").write_bytes(PIXEL)


def extra_notebooks(folder: Path) -> None:
    loop = {"cell_type": "code", "source": "while True: pass", "metadata": {}, "outputs": []}
    for number in range(10):
        (folder / f"extra{number}.ipynb").write_text(json.dumps({"cells": [loop], "metadata": {}, "nbformat": 4}))


def zipped(path: Path, name: str, content: bytes) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)


def extra_archives(folder: Path) -> None:
    """One that holds a name which leads out of the folder, one that is no archive, one that is a link."""
    zipped(folder / "up.zip", "../../../../nbgrader_config.ipynb", b"{}")
    (folder / "none.zip").write_bytes(b"PK\x03\x04" + bytes(1000))
    (folder / "link.zip").symlink_to("../../../.course_secret")


def archive_bomb(folder: Path) -> None:
    notebook(folder).unlink()
    zipped(folder / "bomb.zip", "a1.ipynb", bytes(2_000_000_000 // 8))


def notebooks_everywhere(folder: Path) -> None:
    """The blank original in more folders than anybody looks into, with odd names and a link among them."""
    blank = (root_of(folder) / "release" / "a1" / "a1_relu_sigmoid.ipynb").read_bytes()
    for number in range(30):
        inner = folder / f"f\n{number}" / "\u202e[x]"
        inner.mkdir(parents=True)
        (inner / "a1_relu_sigmoid.ipynb").write_bytes(blank)
    (folder / "linked").symlink_to("../../../release/a1")


def full_and_notebooks_below(folder: Path) -> None:
    """Exactly as many names as are looked through, and notebooks that are brought up among them."""
    (folder / "below").mkdir()
    for number in range(12):
        (folder / "below" / f"{number}.ipynb").write_text("{}")
    for number in range(198):
        (folder / f"evil{number}.html").write_text(EVIL)


def stamped(data: bytes) -> Folder:
    return Folder(lambda folder: (folder / "timestamp.txt").write_bytes(data))


def cells_of(text: str) -> Folder:
    return Folder(
        lambda folder: notebook(folder).write_text('{"cells": [' + ",".join([text] * (18_000_000 // len(text))) + "]}"),
        score=0,
        says="unreadable",
    )


def nested(folder: Path) -> None:
    (folder / "a1" / "handed in").mkdir(parents=True)
    notebook(folder).rename(notebook(folder / "a1" / "handed in"))


FOLDERS = {
    "link-then-folder": Folder(link_upwards, land_through_the_link),
    "folder-then-link": Folder(land_through_the_link, link_upwards),
    "links-everywhere": Folder(
        lambda f: [
            (f / n).symlink_to(t) for n, t in (("a", "/"), ("b", "b"), ("c", "nowhere"), ("d.txt", "/etc/passwd"))
        ]
    ),
    "deep-tree": Folder(deep_tree),
    "folder-is-a-link": Folder(
        folder_is_a_link, lambda f: None, score=0, says="a symbolic link in place of its folder"
    ),
    "folder-is-the-release": Folder(folder_is_the_release, score=0, says="a symbolic link in place of its folder"),
    "student-is-a-link": Folder(student_is_a_link, score=0, says="a symbolic link in place of its folder"),
    "quarantine-is-a-link": Folder(quarantine_is_a_link),
    "numbers-are-taken": Folder(numbers_are_taken),
    "odd-names": Folder(odd_names),
    "many-files": Folder(many_files),
    "notebook-is-a-link": Folder(
        lambda f: unlinked(f, lambda p: p.symlink_to("../../../.course_secret")), score=0, says="a symbolic link"
    ),
    "notebook-is-a-pipe": Folder(lambda f: unlinked(f, os.mkfifo), score=0, says="received a pipe"),
    "notebook-is-a-folder": Folder(lambda f: unlinked(f, Path.mkdir), score=0, says="received a folder"),
    "notebook-is-the-solution": Folder(
        lambda f: unlinked(f, lambda p: os.link(root_of(f) / "source" / "a1" / p.name, p)), score=0, says="a hard link"
    ),
    "notebook-is-missing": Folder(lambda f: unlinked(f, lambda p: None), score=0, says="received an empty folder"),
    "notebook-is-sparse": Folder(lambda f: os.truncate(notebook(f), 1 << 40), score=0, says="expected at most 20 MB"),
    "notebook-is-renamed": Folder(
        lambda f: notebook(f).rename(f / "a1_relu_sigmoid (1).ipynb"), says="the notebook was called"
    ),
    "notebook-is-nested": Folder(nested),
    "extra-notebooks": Folder(extra_notebooks, says="nothing of this assignment that can be read was in `extra"),
    "extra-archives": Folder(extra_archives, says="nothing of this assignment that can be read was in"),
    "archive-is-a-bomb": Folder(archive_bomb, score=0, says="unreadable"),
    "full-and-notebooks-below": Folder(full_and_notebooks_below),
    "notebooks-everywhere": Folder(notebooks_everywhere, says="nothing had been done in"),
    "hard-link": Folder(hard_link),
    "pipe-and-socket": Folder(lambda f: (os.mkfifo(f / "pipe.txt"), unix_socket(f))),
    "locked": Folder(locked),
    "web-pages": Folder(web_pages),
    "empty-cells": cells_of("{}"),
    "numbers-as-cells": cells_of("[1]"),
    "long-cells-list": cells_of("1"),
    "half-million-empty-texts": cells_of('""'),
    "stamp-empty": stamped(b""),
    "stamp-junk": stamped(b"yesterday, before the deadline"),
    "stamp-binary": stamped(b"\xff\xfe\0"),
    "stamp-huge": stamped(b"2027-01-01 00:00:00 UTC" + b" " * 5_000_000),
    "stamp-far-future": stamped(b"99999-01-01 00:00:00 UTC"),
    "stamp-year-one": stamped(b"0001-01-01 00:00:00 +1400"),
    "stamp-odd-zone": stamped(b"2027-01-01 00:00:00 ../../../etc/passwd"),
    "stamp-is-a-link": Folder(lambda f: (f / "timestamp.txt").symlink_to("/dev/zero")),
    "stamp-is-a-pipe": Folder(lambda f: os.mkfifo(f / "timestamp.txt")),
    "stamp-is-a-folder": Folder(lambda f: (f / "timestamp.txt").mkdir()),
}
