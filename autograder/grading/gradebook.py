"""Where nbgrader keeps its gradebook, a file or a server's, and how to open it: as its configuration says it."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.course.config import CourseError

if TYPE_CHECKING:
    from nbgrader.api import Grade, Gradebook, SubmittedAssignment

# nbgrader and SQLAlchemy take a second to import; who does not ask for a gradebook need not wait.
# ruff: noqa: PLC0415

POINTS = """
    SELECT base_cell.name, grade_cells.max_score FROM grade_cells
    JOIN base_cell ON base_cell.id = grade_cells.id
    JOIN notebook ON notebook.id = base_cell.notebook_id
    JOIN assignment ON assignment.id = notebook.assignment_id
    WHERE assignment.name = :name
"""
DUE = "SELECT duedate FROM assignment WHERE name = :name"  # in UTC


@contextlib.contextmanager
def configured(root: Path) -> Iterator[Any]:
    """nbgrader's program with the configuration that its own commands read when they are started in ``root``.

    Raises:
        CourseError: when nbgrader could not read its configuration.
    """
    from nbgrader.apps.baseapp import NbGrader

    class Silent(NbGrader):
        def _configure_logging(self) -> None:
            """Leave logging alone: Python closes every handler that there is, and absl's closes what it writes to."""

    path = list(sys.path)
    try:
        with contextlib.chdir(root):
            app = Silent(raise_config_file_errors=True)
            app.load_config_file()
            yield app
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a lecturer's own file may raise anything
        raise CourseError([f"{root}: nbgrader's configuration cannot be read: {_said(error)}; mend it"]) from None
    finally:
        sys.path[:] = path


def gradebook_url(root: Path) -> str:
    """The address that nbgrader's own commands use when they are started in ``root``.

    Raises:
        CourseError: when nbgrader could not read its configuration.
    """
    from nbgrader.coursedir import CourseDirectory

    with configured(root) as app:
        url = CourseDirectory(parent=app).db_url
    return resolved(url, root)


def _said(error: BaseException) -> str:
    where = f"{error.filename}:{error.lineno}: " if isinstance(error, SyntaxError) else ""
    return f"{where}{type(error).__name__}: {error.msg if isinstance(error, SyntaxError) else error}"


def resolved(url: str, root: Path) -> str:
    """An address in which a relative file name is one below nbgrader's root, where its commands are started.

    Raises:
        CourseError: when it is no address.
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except ArgumentError:  # it is not shown: a password may be in it
        wanted = "expected an address such as sqlite:///gradebook.db or postgresql://USER@HOST/DATABASE"
        raise CourseError([f"{root}: c.CourseDirectory.db_url: {wanted}, received another form; mend it"]) from None
    if parsed.get_backend_name() == "sqlite" and parsed.database and parsed.database != ":memory:":
        parsed = parsed.set(database=os.path.join(os.path.abspath(root), parsed.database))
    return parsed.render_as_string(hide_password=False)


@contextlib.contextmanager
def opened(url: str) -> Iterator[Gradebook]:
    """Open the gradebook; one that does not exist yet is made.

    Raises:
        CourseError: when it cannot be opened or written, with the database's own words.
    """
    from nbgrader.api import Gradebook

    find_alembic()
    with understood(url), Gradebook(url) as gradebook:
        yield gradebook


@contextlib.contextmanager
def understood(url: str) -> Iterator[None]:
    """Tell what a database refuses as a finding with a remedy."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        _require_driver(url)
        yield
    except SQLAlchemyError as error:
        raise CourseError([f"{_shown(url)}: the gradebook cannot be used: {said(error)}; {_remedy(url)}"]) from error


@dataclass(frozen=True)
class Kept:
    """What the gradebook keeps of an assignment: the maximum of each graded cell, and when it is due."""

    points: dict[str, float]
    due: datetime | None


def kept(url: str, assignment: str) -> Kept | None:
    """Look into the gradebook, if there is one; nothing is locked or made, nor written but what a kill left half done.

    Raises:
        CourseError: when the gradebook cannot be read.
    """
    from sqlalchemy import create_engine, inspect, text

    file = _file(url)
    if file and not file.is_file():
        return None
    with understood(url):
        engine = create_engine(f"sqlite:///{file.resolve().as_uri()}?mode={_mode(file)}&uri=true" if file else url)
        try:
            with engine.connect() as connection:
                if not file and not inspect(connection).has_table("grade_cells"):  # a database that is empty yet
                    return None
                rows = connection.execute(text(POINTS), {"name": assignment}).all()
                dates = connection.execute(text(DUE), {"name": assignment}).scalars().all()
        finally:
            engine.dispose()
    due = datetime.fromisoformat(str(dates[0])).replace(tzinfo=UTC) if dates and dates[0] else None
    return Kept({name: float(most) for name, most in rows}, due)


def _mode(file: Path) -> str:
    """How SQLite opens a file to read: who was killed in the middle of a write leaves something to take back first."""
    return "rw" if file.with_name(f"{file.name}-journal").exists() else "ro"


def grades_in_order(root: Path, assignment: str) -> Callable[[SubmittedAssignment], list[Grade]]:
    """Give each submission's grades in the notebook's order, which no server's gradebook keeps."""
    try:
        released = [json.loads(path.read_bytes()) for path in sorted((root / "release" / assignment).glob("*.ipynb"))]
        marks = [cell["metadata"].get("nbgrader", {}) for notebook in released for cell in notebook["cells"]]
    except (OSError, ValueError, KeyError, TypeError):  # they stay as they come
        marks = []
    places = {mark.get("grade_id"): place for place, mark in enumerate(marks)}

    def grades(submission: SubmittedAssignment) -> list[Grade]:
        mine = (grade for notebook in submission.notebooks for grade in notebook.grades)
        return sorted(mine, key=lambda grade: places.get(grade.name, len(places)))

    return grades


def find_alembic() -> None:
    """nbgrader calls ``alembic`` by its name; it stands beside the interpreter, whether the environment is active."""
    here, found = str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)
    if here not in found.split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([here, found])


def share_engine() -> None:
    """Have all gradebooks that nbgrader opens in this process share an engine.

    It opens seven for each submission, and each engine compiles every statement anew: a third of nbgrader's own time.
    A connection that the server has closed meanwhile is replaced: formgrader keeps its own for days.
    """
    from nbgrader import api

    if not hasattr(api.create_engine, "cache_info"):
        api.create_engine = functools.cache(functools.partial(api.create_engine, pool_pre_ping=True))


@contextlib.contextmanager
def staying_open() -> Iterator[None]:
    """For as long as one run, have nbgrader stay connected to a gradebook, and look once whether its tables are there.

    Each of the seven times it would look for seventeen tables, one by one.
    """
    from nbgrader.api import Base, Gradebook

    engines: list[Any] = []
    close, create_all = Gradebook.close, Base.metadata.create_all

    def let_go(gradebook: Gradebook) -> None:
        """End what a gradebook is at, a transaction that has failed as well."""
        gradebook.db.remove()
        engines.extend([gradebook.engine] if gradebook.engine not in engines else [])

    def create_once(bind: Any, **settings: Any) -> None:
        if bind not in engines:
            create_all(bind, **settings)

    Gradebook.close, Base.metadata.create_all = let_go, create_once
    try:
        yield
    finally:
        Gradebook.close, Base.metadata.create_all = close, create_all
        for engine in engines:
            engine.dispose()


def _shown(url: str) -> str:
    from sqlalchemy.engine import make_url

    return make_url(url).render_as_string(hide_password=True)


def _file(url: str) -> Path | None:
    """The file of an SQLite gradebook; None for a server's."""
    from sqlalchemy.engine import make_url

    parsed = make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def _require_driver(url: str) -> None:
    """SQLAlchemy asks for a driver's module, and says no more than that it is missing."""
    from sqlalchemy.engine import make_url

    try:
        make_url(url).get_dialect().import_dbapi()
    except ImportError as error:
        remedy = "install it; pip install --require-hashes -r requirements-postgres.lock brings psycopg"
        raise CourseError([f"{_shown(url)}: its driver {error.name} is missing here: {remedy}"]) from None


def said(error: Exception) -> str:
    """The database's own words, in one line."""
    return str(getattr(error, "orig", None) or error).strip().partition("\n")[0]


def _remedy(url: str) -> str:
    file = _file(url)
    if file is None:
        return "see that its server runs, has this database and lets you in, or change c.CourseDirectory.db_url"
    if not file.parent.is_dir():
        return f"make the folder {file.parent}, or change c.CourseDirectory.db_url in nbgrader_config.py"
    return "look at c.CourseDirectory.db_url in nbgrader_config.py, at the disk and at the permissions"
