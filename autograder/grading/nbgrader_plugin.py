"""Plain nbgrader, with our grading inside: ``nbgrader autograde`` and every other command work unchanged.

nbgrader offers places to stand, and we use these: an exporter class (reads submissions), the two lists of
preprocessors of ``Autograde``, and the classes that collect. nbgrader stays the only writer of the gradebook.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import gettempdir
from threading import BoundedSemaphore
from typing import Any, cast

from nbconvert.exporters import NotebookExporter
from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import (
    Execute,
    SaveCells,
)
from traitlets import Float, Int, Unicode
from traitlets.config import Config

from autograder.course.config import Course, CourseError, load_course
from autograder.grading.agreement import require_agreement, require_fresh_release
from autograder.grading.arriving.handed_in import HandedIn, read_register
from autograder.grading.arriving.intake import receive
from autograder.grading.arriving.listing import configure_listing, student_folders
from autograder.grading.beside import beside
from autograder.grading.changes import require_same_cells
from autograder.grading.cluster import require_dask
from autograder.grading.generating import generate
from autograder.grading.grade import Grader, Result, Submission
from autograder.grading.gradebook import find_alembic, opened, resolved, share_engine
from autograder.grading.lateness import LatePenalties, configure_lateness
from autograder.grading.pages.contents import RECORD
from autograder.grading.pages.guard import configure_pages
from autograder.grading.reading.choosing import shown
from autograder.grading.running.again import left_to_a_person
from autograder.grading.running.ahead import Ahead
from autograder.grading.running.events import Begun, Finished, Judged, NotGraded, Teller
from autograder.grading.running.judged import note
from autograder.grading.running.run import Run
from autograder.grading.running.told import told
from autograder.grading.settings import BESIDE, INCLUDE, THEIRS
from autograder.grading.writing import SaveVerdicts, WriteVerdicts
from autograder.jail.client import STUDENT
from autograder.jail.launch import connect
from autograder.jail.limits import JailUnavailable
from autograder.jail.process import Tier
from autograder.judge.referee import Judges, run_job

CORES = os.cpu_count() or 1


def configure(config: Config, folder: Path, course_root: str) -> None:
    """Make nbgrader use our grading; called by the ``course_config.py`` that ``course build`` writes.

    Args:
        config: nbgrader's configuration, ``get_config()``.
        folder: the folder of that file, nbgrader's root.
        course_root: the folder of ``course.yaml``, absolute or relative to ``folder``.

    Raises:
        CourseError: when ``course.yaml`` is broken or does not fit what was released; better now than once for each
            submission.
    """
    root = (folder / course_root).resolve()
    course = load_course(root)
    _require_order(course, folder)
    find_alembic()
    share_engine()
    if BESIDE in os.environ:  # a release that may still be refused: the gradebook is not to know of it
        steps = GenerateAssignment.preprocessors.default_args[0]
        config.GenerateAssignment.preprocessors = [step for step in steps if step is not SaveCells]
        config.GenerateAssignment.no_database = True
    else:
        config.GenerateAssignment.exporter_class = ReleaseExporter
    config.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", ".course_secret", f"*{RECORD}"]
    config.SubmissionExporter.course_root = str(root)
    config.SubmissionExporter.optimistic_validation = True  # once, behind our steps, in place of behind each
    config.ExchangeFactory.collect = "autograder.grading.arriving.collecting.WitnessedCollect"
    config.ExchangeFactory.release_feedback = "autograder.grading.arriving.releasing.SteadyReleaseFeedback"
    config.ZipCollectApp.collector_plugin = "autograder.grading.arriving.collecting.WitnessedNames"
    # Nothing is left to sanitise: the exporter hands over the release's own cells with the student's sources in them.
    config.Autograde.sanitize_preprocessors = []
    config.Autograde.autograde_preprocessors = [
        WriteVerdicts,
        SaveVerdicts,
        LatePenalties,
    ]
    config.ClearSolutions.code_stub = {"python": "raise NotImplementedError"}
    configure_lateness(config, course.grading.late)
    configure_pages(config, str(root))
    configure_listing()


def _require_order(course: Course, folder: Path) -> None:
    """What grading rests on, for each assignment that is released here; a new release may still change it."""
    released = [a for a in course.assignments.values() if (folder / "release" / a.name).is_dir()]
    require_agreement(course, released)
    command, names = sys.argv[1:2], sys.argv[2:]
    if command in (["autograde"], ["generate_feedback"]):
        for assignment in [a for a in released if a.name in names or f"--assignment={a.name}" in names]:
            require_fresh_release(course, assignment, folder)


class ReleaseExporter(NotebookExporter):
    """Has nbgrader's own ``generate_assignment`` tried beside before it begins: it removes what is there first."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        directory = self.parent.coursedir
        try:
            with beside(Path(directory.root)):
                made = generate(directory.assignment_id, Path(directory.root))
                with opened(resolved(directory.db_url, Path(directory.root))) as gradebook:
                    require_same_cells(gradebook, directory.assignment_id, made)
        except CourseError as error:
            self.log.error("nothing was released: %s", error)
            raise NbGraderException(str(error)) from error


class SubmissionExporter(NotebookExporter):
    """Reads what students handed in, repairs it, and has the next submissions graded while nbgrader writes this one."""

    course_root = Unicode(help="the folder of course.yaml").tag(config=True)
    walls = Unicode(None, allow_none=True, help="namespaces or landlock; by default the best that holds").tag(
        config=True
    )
    jobs = Int(0, help="submissions graded at the same time; by default what this machine can do").tag(config=True)
    dask = Unicode("", help="a Dask scheduler whose workers judge; `local` for some of this machine").tag(config=True)
    patience = Float(120, help="seconds to wait for a scheduler, or a worker of it, that is gone").tag(config=True)
    events = Int(None, allow_none=True, help="a descriptor that is told what happens").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._ahead: Ahead[Path, tuple[Submission, Result]] = Ahead(CORES, self._work)
        self._readers = BoundedSemaphore(CORES)
        self._graders: dict[str, Grader] = {}
        self._handed_in: dict[Path, HandedIn] = {}
        self._again: set[Path] = set()  # graded folders of those whom the grader could not judge
        self.unordered: dict[str, str] = {}  # folders that nobody may read from, and why
        run, self._teller = None, Teller(self.events)
        try:
            self._require_settings()
            self.run = run = Run(self.parent, self._will_be_graded, self._teller, self._ahead)
            self._receive()
            self._forget_half_graded()
            passed_over = [folder for folder in map(Path, self.parent.assignments) if not self._will_be_graded(folder)]
            self._again = set(left_to_a_person(self.parent.coursedir, map(self._graded_folder, passed_over)))
            wanted = sum(self._will_be_graded(Path(folder)) for folder in self.parent.assignments)
            secret = self.grader(self.parent.coursedir.assignment_id).secret
            judges = self._judges(run) if wanted else run_job
            self._forget_unjudged()
            self._journal = run.open_journal(secret, judges)
            self._ahead.jobs = self.jobs or CORES
            self._teller.tell(
                [Begun(self.parent.coursedir.assignment_id, wanted, len(self.parent.assignments) - wanted)]
            )
        except (CourseError, JailUnavailable, OSError) as error:
            if run is not None:
                run.let_go()
            place = f"; free or mend it, or set TMPDIR (now {gettempdir()})" if isinstance(error, OSError) else ""
            self.log.error("nothing was graded: %s%s", error, place)
            self._teller.tell([Finished(f"nothing was graded: {error}{place}")])
            raise NbGraderException(str(error)) from error  # nbgrader ends with status 1 and without a traceback

    def _judges(self, run: Run) -> Judges:
        """Who judges; better no grading now than a class of question marks.

        Raises:
            CourseError, JailUnavailable: when nobody can.
        """
        if not self.dask:
            connect(STUDENT).close()
            return run_job
        require_dask()
        from autograder.grading.cluster.client import LOCAL, Cluster  # noqa: PLC0415 - an extra

        cluster = Cluster(self.dask, self.jobs or CORES, self.log, self.patience)
        run.at_the_end(cluster.close)
        if self.dask == LOCAL or not self.jobs:
            self.jobs = 2 * cluster.threads  # so that no worker waits for us
        return cluster.judge

    def _require_settings(self) -> None:
        """Stop where the rest of our configuration is missing: what runs then would not be ours.

        nbgrader comes here through ``nbgrader_config.json`` even when it could not read ``nbgrader_config.py``.
        """
        steps = self.parent.autograde_preprocessors
        if not self.course_root or not {WriteVerdicts, SaveVerdicts} <= set(steps) or Execute in steps:
            root = self.parent.coursedir.root
            raise CourseError([f"{root}/{THEIRS}: expected the course's settings, received others; mend it: {INCLUDE}"])

    def from_filename(self, filename: str, resources: dict[str, Any] | None = None, **kwargs: Any) -> tuple[Any, Any]:
        """Read a submission, made sound: in both of nbgrader's passes the same, straight from the reader.

        What the first pass writes is only there for steps of a lecturer's own, which sanitise it; else nobody reads it.
        """
        assert resources is not None
        path, (submission, _) = Path(filename), self.graded
        resources["metadata"] = {"name": path.stem, "path": str(path.parent)}
        if self.parent._sanitizing and not self.parent.sanitize_preprocessors:
            return json.dumps(submission.notebook) + "\n", self._init_resources(resources)
        if not self.parent._sanitizing and self.parent.sanitize_preprocessors:
            return super().from_filename(filename, resources, **kwargs)
        return super().from_notebook_node(submission.notebook, resources, **kwargs)

    @property
    def graded(self) -> tuple[Submission, Result]:
        """The submission that nbgrader is writing just now, and its grades."""
        return self._ahead.result

    def _work(self, path: Path) -> tuple[Submission, Result]:
        """Grade a submission, while nbgrader writes others."""
        student, grader = path.parts[-3], self.grader(self.parent.coursedir.assignment_id)
        handed_in, fault = self._handed_in.get(path, HandedIn()), self.unordered.get(str(path.parent), "")
        with self._readers:
            submission = replace(grader.unread(fault) if fault else grader.prepare(path), handed_in=handed_in)
        result = grader.grade(submission, partial(self._journal.judged, student))
        events = list(told(student, grader, submission, result, before=student in self._journal.replayed))
        self._teller.tell(events)
        for event in events:
            if isinstance(event, Judged):
                note(grader.root, grader.assignment.name, event)
        return submission, result

    def _will_be_graded(self, submission: Path) -> bool:
        """Whether nbgrader will grade what lies in a folder, or pass over it: as its own ``init_destination`` says."""
        course_dir, graded = self.parent.coursedir, self._graded_folder(submission)
        if submission.parent.name in (course_dir.student_id_exclude or "").split(","):
            return False
        if self.parent.force or not graded.exists() or graded in self._again:
            return True
        new, old = (course_dir.get_existing_timestamp(str(folder)) for folder in (submission, graded))
        return new is not None and old is not None and new > old

    def _graded_folder(self, submission: Path) -> Path:
        course_dir = self.parent.coursedir
        student, assignment = submission.parent.name, submission.name
        return Path(course_dir.format_path(course_dir.autograded_directory, student, assignment))

    def _receive(self) -> None:
        """Put every submission's folder in order before nbgrader looks into the first one.

        Only the assignment's notebook is graded, also where it has another name or is missing: then it is unreadable.
        """
        converter = self.parent
        assignment = converter.coursedir.assignment_id
        grader, root = self.grader(assignment), Path(converter.coursedir.root)
        name = f"{grader.assignment.folder}.ipynb"
        register = read_register(root, assignment)
        converter.assignments = {}
        for folder in filter(None, map(self._with_a_name_to_write, student_folders(converter))):
            student = Path(folder).parent.name
            converter.assignments[folder] = [str(Path(folder, name))]
            try:
                received = receive(root, Path(folder), name, grader.deadlines.of(student), register.get(student))
            except (OSError, ValueError) as error:
                self.log.error("%s: not graded: its folder cannot be put in order: %s", shown(student), error)
                self.unordered[folder] = f"the folder cannot be put in order: {error}"
                continue
            if received.aside:
                self.log.warning("%s: set aside: %s", student, ", ".join(map(shown, received.aside[:20])))
            self._handed_in[Path(folder, name)] = grader.deadlines.told(student, received.handed_in)

    def _with_a_name_to_write(self, folder: str) -> str:
        """A student's name that cannot be printed would stop nbgrader: the folder gets one that can."""
        student = Path(folder).parent
        if student.name.isprintable():
            return folder
        digest = hashlib.sha256(os.fsencode(student.name)).hexdigest()[:6]
        named = student.with_name(f"{shown(student.name)}-{digest}")
        try:
            os.rename(student, named)
        except OSError as error:
            self.log.error("%s: not graded: a name that cannot be printed: %s", shown(student.name), error)
            self._teller.tell([NotGraded(shown(student.name), f"a name that cannot be printed: {error}")])
            return ""
        self.log.warning("%s: a name that cannot be printed; graded as %s", shown(student.name), named.name)
        return str(named / Path(folder).name)

    def _forget_half_graded(self) -> None:
        """Remove what a killed run left behind: nbgrader would take a folder without verdicts for a graded one."""
        for submission in self.parent.assignments:
            folder = self._graded_folder(Path(submission))
            if folder.exists() and not (folder / RECORD).exists():
                shutil.rmtree(folder)

    def _forget_unjudged(self) -> None:
        """Have nbgrader grade those again whom the grader could not judge: it passes over a folder that is there."""
        for submission in filter(self._will_be_graded, map(Path, self.parent.assignments)):
            folder = self._graded_folder(submission)
            if folder not in self._again:
                continue
            self.log.info("%s: graded again: the grader could not judge it before", shown(folder.parent.name))
            (folder / RECORD).unlink()  # first: whoever is killed here has left half a folder
            shutil.rmtree(folder)

    def grader(self, assignment: str) -> Grader:
        """The grader of an assignment, made once."""
        if assignment not in self._graders:
            course = load_course(Path(self.course_root))
            root = Path(self.parent.coursedir.root)
            url = resolved(self.parent.coursedir.db_url, root)
            require_fresh_release(course, course.find(assignment), root, url)
            tier = cast("Tier | None", self.walls)  # another word is refused by the walls themselves
            self._graders[assignment] = Grader(course, course.find(assignment), root, tier)
        return self._graders[assignment]
