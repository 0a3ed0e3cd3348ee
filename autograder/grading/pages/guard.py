"""Stand guard over nbgrader's formgrader, whose pages open in a session that may do everything the instructor may.

nbgrader has no setting for its pages, so its handlers get new parts. This happens when nbgrader reads the configuration
that ``course build`` wrote, before the first page, however the server was started; nothing has to be enabled.
"""

from __future__ import annotations

import secrets
import shutil
import sys
from datetime import UTC
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from jinja2 import Environment, FileSystemLoader
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbgrader.apps.api import NbGraderAPI
from nbgrader.preprocessors import GetGrades

from autograder.grading.arriving import folders
from autograder.grading.arriving.handed_in import MAX_CLAIM, TIMESTAMP, read_time
from autograder.grading.pages import policy
from autograder.grading.pages.contents import GradeStates
from autograder.grading.pages.exporter import NBGRADER_TEMPLATES, PageExporter

PACKAGE = "nbgrader.server_extensions.formgrader"


def configure_pages(config: Any, course_root: str) -> None:
    """Make feedback and, in a Jupyter server, formgrader show students' work so that it cannot act."""
    config.PageExporter.course_root = course_root
    config.GenerateFeedback.exporter_class = PageExporter
    config.GenerateFeedback.preprocessors = [GetGrades, GradeStates, CSSHTMLHeaderPreprocessor]
    config.GenerateFeedback.post_convert_hook = leave_only_pages
    config.HTMLExporter.sanitize_html = True  # templates leave out what they add for widgets
    if f"{PACKAGE}.handlers" in sys.modules:  # this process serves the formgrader
        guard(sys.modules[f"{PACKAGE}.base"], sys.modules[f"{PACKAGE}.handlers"])
        NbGraderAPI.get_submitted_timestamp = _handed_in


def _handed_in(api: Any, assignment: str, student: str) -> Any:
    """When a student says to have handed in; nbgrader would open whatever lies there: a pipe, a link, a novel."""
    directory = api.coursedir
    path = Path(directory.format_path(directory.submitted_directory, student, assignment))
    try:
        with folders.opened(str(path)) as folder:
            time = read_time(folders.read_file(folder, TIMESTAMP, MAX_CLAIM).decode("ascii"))
    except (OSError, ValueError, folders.Refused):
        return None
    return time.astimezone(UTC).replace(tzinfo=None) if time else None


def leave_only_pages(assignment: str, student: str, notebooks: list[str]) -> None:
    """Remove what nbgrader copied beside the feedback: students have these files, and staff open this folder."""
    for folder in {Path(notebook).parent for notebook in notebooks}:
        pages = {f"{Path(notebook).stem}.html" for notebook in notebooks}
        for path in (folder.parents[2] / "feedback" / folder.parent.name / folder.name).iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name not in pages:
                path.unlink()


def guard(base: ModuleType, handlers: ModuleType) -> None:
    """Replace what nbgrader's handlers say, render and serve; once is enough, again does no harm."""
    if getattr(base.BaseHandler, "guarded", False):
        return
    inherited, finish = base.BaseHandler.content_security_policy.fget, base.BaseHandler.on_finish

    def content_security_policy(self: Any) -> str:
        """Two policies, and both hold: the server's (who may frame the page), and ours."""
        return f"{inherited(self)}, {policy.acting(_nonce(self), _handlers())}"

    def on_finish(self: Any) -> None:
        _end_transaction(self)
        finish(self)

    base.BaseHandler.content_security_policy = property(content_security_policy)
    base.BaseHandler.on_finish = on_finish
    base.BaseHandler.exporter = property(_exporter)
    base.BaseHandler.render = _render
    handlers.SubmissionFilesHandler.get = _refuse
    base.BaseHandler.guarded = True


def _end_transaction(handler: Any) -> None:
    """nbgrader leaves one open for ever: it would show old scores, bar an upgrade, and outlive no restarted server."""
    gradebook = handler.settings.get("nbgrader_gradebook")
    if gradebook is not None:
        gradebook.db.remove()


def _nonce(handler: Any) -> str:
    """A word that no student can know: drawn for one answer of the server."""
    if not hasattr(handler, "page_nonce"):
        handler.page_nonce = secrets.token_urlsafe(16)
    return str(handler.page_nonce)


def _exporter(handler: Any) -> PageExporter:
    exporter = handler.settings.get("course_exporter")
    if exporter is None:
        exporter = PageExporter(config=handler.settings["nbgrader_formgrader"].config)
        exporter.handlers = frozenset(_handlers())
        handler.settings["course_exporter"] = exporter
    exporter.nonce = _nonce(handler)
    return exporter


def _render(handler: Any, name: str, **values: Any) -> str:
    """nbgrader's templates with their scripts marked, and with every value escaped."""
    return _environment().get_template(name).render(page_nonce=lambda: _nonce(handler), **values)


async def _refuse(handler: Any, *_: Any, **__: Any) -> None:
    """Nothing beside the notebook is served: pages hold their pictures, and nobody needs a student's file here."""
    handler.set_header("Content-Security-Policy", policy.NOTHING)
    handler.set_header("X-Content-Type-Options", "nosniff")
    handler.set_header("Content-Type", "text/plain; charset=utf-8")
    handler.set_status(404)
    await handler.finish("files of a submission are not served; open the folder autograded/ instead\n")


@cache
def _environment() -> Environment:
    loader = policy.MarkingLoader(FileSystemLoader(NBGRADER_TEMPLATES), lambda _: True)
    return Environment(loader=loader, autoescape=True)


@cache
def _handlers() -> frozenset[str]:
    """What nbgrader's templates do on a click, word for word."""
    files = [path for path in Path(NBGRADER_TEMPLATES).rglob("*") if path.suffix in (".tpl", ".j2")]
    return frozenset(policy.handlers_of(path.read_text(encoding="utf-8") for path in files))
