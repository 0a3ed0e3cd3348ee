"""Grade submissions: what the trusted side plans, and what it makes of the answers.

This process never runs a student's code and never parses what a student's process says: it hands the plan to a judge
process and receives plain JSON from it.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import marshal
import os
import secrets
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode

from autograder.course import checks
from autograder.course.cells import checked_exercise, experiment, nbgrader_name
from autograder.course.config import Assignment, Course, LimitSettings
from autograder.grading.arriving.deadlines import deadlines
from autograder.grading.arriving.handed_in import HandedIn
from autograder.grading.reading.choosing import MAX_READ, Candidate, choose, find_notebooks, shown
from autograder.grading.reading.reader import MAX_MB, ReaderFailed, read, read_archive
from autograder.grading.reading.repair import Repaired, repair
from autograder.grading.reading.submitted import UnreadableSubmission
from autograder.grading.reading.unpacking import SIGNATURE
from autograder.jail.limits import Limits
from autograder.jail.process import Tier
from autograder.judge.process import JudgeJob, data_folder
from autograder.judge.referee import JudgeFailed, Judges, JudgesGone, run_job
from autograder.judge.session import Step
from autograder.judge.verdict import Verdict, needs_manual

SECRET_BYTES = 32
ENOUGH = 0.25  # of the cells that count: with fewer, it may be another assignment's notebook
FOREIGN = "few of this assignment's cells were found in this notebook: is it another assignment's?"


@dataclass(frozen=True)
class Submission:
    """A submitted notebook made sound: the release's cells with the student's work in them.

    Args:
        notes: what was repaired, one sentence each, for the feedback.
        unreadable: why nothing could be read from the file; "" for a readable one.
        fault: why we could not even try, through no fault of the student.
        doubtful: whether a person should look at what was chosen from several notebooks.
        cut: exercises that may have lost work to an editor: a person should look where points are lost.
        unanswered: the questions that certainly have no answer; every other one waits for a person.
        handed_in: when it came, and how we know.
    """

    notebook: NotebookNode
    notes: tuple[str, ...]
    unreadable: str = ""
    fault: str = ""
    doubtful: bool = False
    unanswered: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    handed_in: HandedIn = field(default_factory=HandedIn)


@dataclass(frozen=True)
class Result:
    """Everything that grading one submission produced, ready to be written down.

    Args:
        seconds: from first cell to last verdict; ``timings`` those of each exercise.
    """

    outputs: Mapping[int, list[dict[str, Any]]]
    verdicts: Mapping[str, Verdict]
    isolation: str
    memory_kib: int = 0
    seconds: float = 0.0
    timings: Mapping[str, float] = field(default_factory=dict)

    def record(self, submission: Submission) -> str:
        """The JSON kept beside the graded notebook; the same for every grading of the same submission."""
        data = {
            "handed_in": submission.handed_in.to_json(),
            "isolation": self.isolation,
            "notes": list(submission.notes),
            "unreadable": submission.unreadable,
            "verdicts": [verdict.to_json() for verdict in self.verdicts.values()],
        }
        return json.dumps(data, indent=1, sort_keys=True) + "\n"


def recorded(record: Mapping[str, Any]) -> tuple[Verdict, ...]:
    """The verdicts of a record that ``Result.record`` wrote, in the order of the notebook."""
    return tuple(Verdict.from_json(verdict) for verdict in record["verdicts"])


class Grader:
    """Grades submissions of one assignment.

    Args:
        course: the course.
        assignment: its assignment.
        root: nbgrader's root, with ``release/`` and the course secret.
        tier: one particular kind of walls; by default the best that holds.
    """

    def __init__(self, course: Course, assignment: Assignment, root: Path, tier: Tier | None = None) -> None:
        self.course, self.assignment, self.root, self.tier = course, assignment, root, tier
        folder = root / "release" / assignment.name
        self.release = nbformat.read(folder / f"{assignment.folder}.ipynb", as_version=4)
        self._files = {name: base64.b64encode(data).decode() for name, data in shipped_files(folder).items()}
        self.secret = course_secret(root)
        self.deadlines = deadlines(course, assignment)

    def prepare(self, path: Path) -> Submission:
        """Read and repair a submitted notebook; never raises, whatever a student handed in."""
        try:
            return self._read(path)
        except UnreadableSubmission as error:
            return Submission(self._blank(), (f"unreadable: {error}",), unreadable=str(error))
        except ReaderFailed as error:
            return self.unread(str(error))
        except Exception:  # noqa: BLE001 - any other fault of ours: keep the trace, cost nobody a point
            return self.unread(traceback.format_exc())

    def unread(self, fault: str) -> Submission:
        """What stands for a submission that we could not read, through no fault of the student."""
        note = "this submission could not be read here, through no fault of yours: a person has to look at it"
        return Submission(self._blank(), (note,), fault=fault)

    def _read(self, path: Path) -> Submission:
        grading = self.course.grading
        tier: Tier | None = "none" if grading.isolation == "none" else self.tier
        found = find_notebooks(path, min(grading.limits.notebook_mb, MAX_MB))
        candidates = [candidate for outer in found for candidate in _unpacked(outer, tier)][:MAX_READ]
        readings = [self._reading(candidate, tier) for candidate in candidates]
        work = [self._work(reading.notebook) if isinstance(reading, Repaired) else None for reading in readings]
        choice = choose(candidates, work, path.name)
        chosen = readings[choice.index]
        if not isinstance(chosen, Repaired):
            notes = (f"unreadable: {chosen}", *choice.notes)
            return Submission(self._blank(), notes, unreadable=chosen)
        foreign = chosen.recognised < ENOUGH
        doubtful = choice.doubtful or foreign
        notes = (*choice.notes, *([FOREIGN] if foreign else []), *chosen.notes)
        empty = () if doubtful else chosen.unanswered
        return Submission(chosen.notebook, notes, doubtful=doubtful, unanswered=empty, cut=chosen.doubtful)

    def _reading(self, candidate: Candidate, tier: Tier | None) -> Repaired | str:
        """The candidate's notebook made sound, or why it could not be read."""
        if candidate.problem:
            return candidate.problem
        try:
            return read(candidate.data, candidate.name, self.release, tier)
        except UnreadableSubmission as error:
            return str(error)

    def _work(self, notebook: NotebookNode) -> str:
        """Everything in a notebook that was not released, but for white space."""
        released = {" ".join(cell.source.split()) for cell in self.release.cells}
        texts = (" ".join(cell.source.split()) for cell in notebook.cells)
        return "\0".join(text for text in texts if text and text not in released)

    def _blank(self) -> NotebookNode:
        """What stands where nothing could be read: the notebook as it was released."""
        return repair(self.release, self.release).notebook

    def grade(self, submission: Submission, judges: Judges = run_job) -> Result:
        """Run and judge a submission. A fault of ours leaves every exercise to manual grading.

        Args:
            judges: do its job, or know what came of it.

        Raises:
            JudgesGone: when they cannot be reached any more: nothing is decided then.
        """
        steps = plan(submission.notebook)
        exercises = [step.exercise for step in steps if step.kind == "judge" and not step.late]
        if submission.unreadable:
            verdicts = {name: self._unreadable(name, submission.unreadable) for name in exercises}
            return Result({}, verdicts, "nothing was run")
        if submission.fault:
            reason = "the submission could not be read here"
            return Result(
                {}, {name: needs_manual(name, reason, submission.fault) for name in exercises}, "nothing was run"
            )
        try:
            graded, seconds = judges(self.job(submission))
        except JudgeFailed as error:
            details = str(error)
            verdicts = {
                name: needs_manual(name, "the grader could not run here; try again", details) for name in exercises
            }
            return Result({}, verdicts, "nothing was run")
        except JudgesGone:
            raise
        except Exception:  # noqa: BLE001 - any other fault of ours: keep the trace, cost nobody a point
            trace = traceback.format_exc()
            return Result(
                {}, {name: needs_manual(name, "the grader itself failed", trace) for name in exercises}, "unknown"
            )
        verdicts = {
            name: replace(verdict, flagged=verdict.flagged or (name in submission.cut and not verdict.full))
            for name, verdict in graded.verdicts.items()
        }
        return Result(graded.outputs, verdicts, graded.isolation, graded.memory_kib, seconds, graded.seconds)

    def job(self, submission: Submission) -> JudgeJob:
        """What a judge has to know of a submission that was read: its cells, and the seeds of its hidden cases."""
        steps = plan(submission.notebook)
        exercises = [step.exercise for step in steps if step.kind == "judge" and not step.late]
        content = "\0".join(step.source for step in steps if step.kind == "run").encode()
        return JudgeJob(
            folder=self.assignment.folder,
            steps=steps,
            seeds={name: checks.seed(self.secret, self.assignment.name, name, content).hex() for name in exercises},
            limits=process_limits(self.course.grading.limits),
            isolation=self.course.grading.isolation,
            data=self.course.data.model_dump(),
            data_folder=data_folder(),
            files=self._files,
            tier=self.tier,
        )

    def score(self, verdict: Verdict, maximum: float) -> float | None:
        """The score of a verdict out of ``maximum``; the parts are weighed as course.yaml says."""
        return verdict.score(self.assignment.parts(verdict.exercise), maximum)

    def automatic(self, cell: str, maximum: float, submission: Submission, result: Result) -> tuple[float | None, bool]:
        """What a submission earns in a graded cell without a person, and whether a person should look all the same.

        Args:
            cell: nbgrader's name of it, one of the notebook's.
            maximum: what it is worth.

        Returns:
            The score, None when a person decides; an answer is worth 0 where certainly nothing was written.
        """
        exercise = checked_exercise(cell)
        if not exercise:
            return (0.0 if cell in submission.unanswered else None), False
        verdict = result.verdicts.get(exercise)
        flagged = bool(submission.unreadable) or submission.doubtful or (verdict is not None and verdict.flagged)
        return (self.score(verdict, maximum) if verdict else None), flagged

    def _unreadable(self, exercise: str, reason: str) -> Verdict:
        nothing = dict.fromkeys(self.assignment.parts(exercise), 0.0)
        return Verdict(exercise, "graded", nothing, reason=f"unreadable submission: {reason}")


def _unpacked(candidate: Candidate, tier: Tier | None) -> list[Candidate]:
    """The notebooks in an archive; any other file is its own candidate."""
    if not candidate.data.startswith(SIGNATURE):
        return [candidate]
    try:
        members = read_archive(candidate.data, candidate.name, tier)
    except UnreadableSubmission as error:
        return [replace(candidate, data=b"", problem=str(error))]
    return [Candidate(f"{shown(name)} in {candidate.name}", expected=False, data=data) for name, data in members]


def shipped_files(folder: Path) -> dict[str, bytes]:
    """What lies beside a released notebook and its code may need, modules in compiled form too.

    A student process has no bytecode cache of its own: compiling ``checks`` anew for each took a tenth of its time.
    """
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    shipped = {name: path.read_bytes() for name, path in files.items() if path.suffix not in (".ipynb", ".json")}
    for name in [name for name in shipped if name.endswith(".py")]:
        # in memory: of a file on a full disk, Python would write half without a word
        code = compile(shipped[name], name, "exec", dont_inherit=True)
        unchecked = (0b01).to_bytes(4, "little") + importlib.util.source_hash(shipped[name])
        shipped[importlib.util.cache_from_source(name)] = importlib.util.MAGIC_NUMBER + unchecked + marshal.dumps(code)
    return shipped


def plan(notebook: NotebookNode) -> list[Step]:
    """The steps of a repaired notebook: its code cells in order, check cells judged, of experiments the definitions.

    After the last cell come the check cells once more, for exercises that lacked something at their place.
    """
    steps, late = [], []
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        if exercise := checked_exercise(nbgrader_name(cell.metadata)):
            steps.append(Step(index, "judge", exercise=exercise))
            late.append(replace(steps[-1], late=True))
        elif cell.source.strip():
            shown = bool(experiment(cell.metadata))
            own = not nbgrader_name(cell.metadata) and not shown
            steps.append(Step(index, "run", source=cell.source, own=own, definitions=shown))
    return steps + late


def course_secret(root: Path) -> bytes:
    """The secret that seeds hidden cases, made on first use and readable by its owner alone.

    Keep it with the gradebook: with another secret, a regrade draws other cases.
    """
    path = root / ".course_secret"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        secret = path.read_bytes()
        if len(secret) != SECRET_BYTES:
            raise ValueError(
                f"{path}: expected {SECRET_BYTES} bytes, received {len(secret)}; restore it from a backup, "
                "or delete it and regrade"
            ) from None
        return secret
    secret = secrets.token_bytes(SECRET_BYTES)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secret)
    return secret


def process_limits(settings: LimitSettings) -> Limits:
    """What course.yaml allows the process of one submission."""
    return Limits(**{name: getattr(settings, name) for name in Limits.__dataclass_fields__})
