"""nbgrader's gradebook: opened again and again in one run, it is looked at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from autograder.grading.gradebook import kept, opened, share_engine, staying_open


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    share_engine()
    address = f"sqlite:///{tmp_path_factory.mktemp('gradebook') / 'gradebook.db'}"
    with opened(address) as gradebook:
        gradebook.add_student("ada")
    return address


def looks(url: str) -> int:
    """How many tables nbgrader asks for when it opens a gradebook."""
    said: list[str] = []
    with Gradebook(url) as gradebook:
        engine = gradebook.engine

    def hear(*facts: object) -> None:
        said.append(str(facts[2]))

    event.listen(engine, "before_cursor_execute", hear)
    try:
        with Gradebook(url) as gradebook:
            assert [student.id for student in gradebook.students] == ["ada"]
    finally:
        event.remove(engine, "before_cursor_execute", hear)
    return sum("table_info" in statement for statement in said)


def test_in_a_run_the_tables_are_looked_for_once_and_else_every_time(url):
    assert looks(url) > 10
    with staying_open():
        assert looks(url) == 0
    assert looks(url) > 10


def test_in_a_run_nothing_is_left_of_what_failed_and_afterwards_nobody_is_connected(url):
    with staying_open():
        with pytest.raises(IntegrityError), Gradebook(url) as gradebook:
            gradebook.db.execute(Gradebook.students.fget(gradebook)[0].__table__.insert(), [{"id": "ada"}])
        with Gradebook(url) as gradebook:
            assert [student.id for student in gradebook.students] == ["ada"]
            pool = gradebook.engine.pool
    path = Path(url.removeprefix("sqlite:///"))
    assert pool is not gradebook.engine.pool  # the connections were closed with it
    path.unlink()


def test_a_gradebook_whose_writer_was_killed_can_be_read(tmp_path):
    file = tmp_path / "gradebook.db"
    with opened(f"sqlite:///{file}") as gradebook:
        gradebook.add_assignment("a1")
    killed = [
        "import os, sqlite3, sys",
        "database = sqlite3.connect(sys.argv[1])",
        "database.execute('pragma cache_size = 1')",
        "database.executemany('insert into student (id) values (?)', [(str(n),) for n in range(5000)])",
        "os._exit(0)",
    ]
    subprocess.run([sys.executable, "-c", "\n".join(killed), str(file)], check=True)
    assert Path(f"{file}-journal").exists()
    assert kept(f"sqlite:///{file}", "a1") is not None
    with opened(f"sqlite:///{file}") as gradebook:
        assert gradebook.students == []
