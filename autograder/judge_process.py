"""The judge process: forked for one submission, it drives the student's process and answers with plain JSON.

``run_job`` is called by the grader; ``main`` runs in the judge process. A judge holds hidden cases and never runs
student code; the student's process runs student code and never holds a hidden case.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from autograder.checking import Case
from autograder.content import load_content
from autograder.jail import client, wire
from autograder.jail.launch import Role, connect
from autograder.jail.limits import Died, JailUnavailable, Limits
from autograder.jail.process import Tier, fork
from autograder.judge.judging import Stopped
from autograder.judge.session import Graded, Outputs, Session, Step
from autograder.judge.verdict import Verdict
from autograder.laboratory import open_laboratory
from autograder.observing import Outcome

FOLDER_VARIABLE = "COURSE_DATA_DIR"
ROOT = Path(__file__).resolve().parents[1]
SPARE_SECONDS = 60.0  # for the judge's own arithmetic, beyond what the submission may take
RESULT_BYTES = 256 * wire.MIB
JUDGE_MEMORY_MB = 4096


class JudgeFailed(RuntimeError):
    """The judge could not do its work: no walls on this machine, or a fault of the grader. Nobody is given a zero."""


@dataclass(frozen=True)
class JudgeJob:
    """Everything a judge needs to know about one submission.

    Args:
        folder: the assignment's folder name, for its hidden checks.
        steps: the submission's cells, in order.
        seeds: of the hidden cases, by exercise, in hexadecimal.
        limits: what the student's process may use.
        isolation: ``required`` or ``none``, as in course.yaml.
        data: the datasets of the course's accuracy items, by ``grey`` and ``colour``.
        data_folder: where the files of official datasets are; "" for the loaders' own cache.
        files: what lies beside the notebook, base64 by name.
        tier: one particular kind of walls; by default the best that holds.
    """

    folder: str
    steps: Sequence[Step]
    seeds: Mapping[str, str]
    limits: Limits
    isolation: str
    data: Mapping[str, str]
    files: Mapping[str, str]
    data_folder: str = ""
    tier: Tier | None = None


def run_job(job: JudgeJob) -> tuple[Graded, float]:
    """Have a judge process grade a submission; returns what came of it and the seconds it took.

    Raises:
        JudgeFailed: when the judge cannot run here, fails or dies; the message is for the instructor.
    """
    limits = replace(job.limits, memory_mb=JUDGE_MEMORY_MB)
    started = time.monotonic()
    deadline = started + job.limits.submission_seconds + SPARE_SECONDS
    try:
        connect(client.STUDENT).close()  # started from here, it is nobody's child and lives on between submissions
        process = fork(judge_role(job.folder), limits)
        try:
            process.send({"job": json.dumps(asdict(job))}, deadline)
            reply = json.loads(process.receive(deadline, max_bytes=RESULT_BYTES)["result"])
        finally:
            process.close()
    except (JailUnavailable, Died) as error:
        raise JudgeFailed(str(error)) from error
    if "failed" in reply:
        raise JudgeFailed(reply["failed"])
    verdicts = {v["exercise"]: Verdict.from_json(v) for v in reply["verdicts"]}
    outputs = {int(cell): made for cell, made in reply["outputs"].items()}
    graded = Graded(outputs, verdicts, reply["isolation"], reply["memory_kib"], reply["seconds"])
    return graded, time.monotonic() - started


def judge_role(folder: str) -> Role:
    """The warm server of an assignment's judges, with everything imported that they need.

    It is another server when a file of the course changes. A mistake in one assignment's files stops no other's.
    """
    digest = hashlib.sha256()
    patterns = ("assignments/*/*.py", "datasets/*.py", "solutions/**/*.py")
    for path in sorted(path for pattern in patterns for path in ROOT.glob(pattern)):
        digest.update(path.read_bytes())
    names = [f"solutions.{folder}.{name}" for name in ("solution", "mutants", "variants")]
    modules = (f"autograder.hidden.{folder}", *names, "autograder.judge.training")
    return Role(f"judge-{digest.hexdigest()[:8]}", "autograder.judge_process:main", modules, walls=False)


# --------------------------------------------------------------------------------------------- in the judge process


def main(sock: socket.socket) -> None:
    """Grade the one submission that comes through the socket."""
    job = json.loads(wire.recv_frame(sock, RESULT_BYTES)["job"])
    try:
        result = _grade(job)
    except JailUnavailable as error:
        result = {"failed": str(error)}
    except Exception:  # noqa: BLE001 - whatever went wrong is ours, and the grader has to hear of it
        result = {"failed": traceback.format_exc()}
    wire.send_frame(sock, {"result": json.dumps(result)})


def _grade(job: dict[str, Any]) -> dict[str, Any]:
    limits = Limits(**job["limits"])
    files = {name: base64.b64decode(data) for name, data in job["files"].items()}
    if job["data_folder"]:
        os.environ[FOLDER_VARIABLE] = job["data_folder"]
    tier: Tier | None = "none" if job["isolation"] == "none" else job["tier"]
    content = load_content(job["folder"])
    session = Session(
        spawn=lambda: _JailedStudent(client.spawn(limits, tier, files)),
        limits=limits,
        specs=content.specs,
        mutants=content.mutants,
        seeds={name: bytes.fromhex(seed) for name, seed in job["seeds"].items()},
        laboratory=open_laboratory(job["data"]),
    )
    graded = session.grade([Step(**step) for step in job["steps"]])
    return {
        "outputs": graded.outputs,
        "verdicts": [verdict.to_json() for verdict in graded.verdicts.values()],
        "isolation": graded.isolation,
        "memory_kib": graded.memory_kib,
        "seconds": dict(graded.seconds),
    }


class _JailedStudent:
    """A jailed process as the session sees it: the end of it is ``Stopped``."""

    def __init__(self, student: client.Student) -> None:
        self._student = student

    @property
    def isolation(self) -> str:
        return self._student.tier

    def run_cell(self, source: str, timeout: float) -> Outputs:
        result = self._student.run_cell(source, timeout)
        if result.died is not None:
            raise Stopped(result.died)
        return list(result.outputs)

    def call(self, function: str, case: Case, timeout: float, staff: Mapping[str, Callable[..., Any]]) -> Outcome:
        try:
            return self._student.call(
                function,
                case.args,
                case.kwargs,
                errstate=case.errstate,
                timeout=timeout,
                staff=staff,
                pure=case.pure,
                fresh=case.fresh,
                repeat=case.advances,
            )
        except Died as death:
            raise Stopped(str(death)) from None

    def memory_kib(self) -> int:
        return self._student.memory_pss()

    def close(self) -> None:
        self._student.close()
