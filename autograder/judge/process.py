"""The judge process: forked for one submission, it drives the student's process and tells the grader as it goes.

``main`` runs in the judge process. A judge holds hidden cases and never runs student code; the student's process runs
student code and never holds a hidden case. What it says is plain JSON; ``referee.py`` listens.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import os
import re
import socket
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from autograder.course.content import Content, load_content
from autograder.course.trials import Stopped
from autograder.jail import client, wire
from autograder.jail.launch import Role, code_hash
from autograder.jail.limits import Died, JailUnavailable, Limits, Lost
from autograder.jail.process import Tier
from autograder.judge.files import Seen, seen
from autograder.judge.laboratory import open_laboratory
from autograder.judge.session import NOTHING, Killed, Outputs, Session, Spent, Step
from autograder.judge.verdict import Verdict
from coursekit.checking import Case
from coursekit.data.loaders import FOLDER_VARIABLE
from coursekit.observing import Outcome

ROOT = Path(__file__).resolve().parents[2]
CONTENT = ("assignments/*/*.py", "datasets/*.py", "solutions/**/*.py")  # what judges import
_contents: dict[str, Content] = {}  # by folder: those that a server has gathered before it forks
SomeSession = TypeVar("SomeSession", bound=Session)


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
        first: the step to begin with; an earlier judge has taken those before it.
        replay: the cells to run again before that.
        undefined: exercises for which something was not defined at their place.
        spent: what the submission has used up.
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
    first: int = 0
    replay: Sequence[Step] = ()
    undefined: Sequence[str] = ()
    spent: Spent = NOTHING

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> JudgeJob:
        """Invert ``asdict``, also behind JSON."""
        return cls(
            **{
                **data,
                "limits": Limits(**data["limits"]),
                "steps": read_steps(data["steps"]),
                "replay": read_steps(data["replay"]),
                "spent": Spent(*data["spent"]),
            }
        )


def data_folder() -> str:
    """Where the files of official datasets are said to be; "" for the loaders' own cache."""
    named = os.environ.get(FOLDER_VARIABLE)
    return os.path.abspath(named) if named is not None else ""


def told(job: JudgeJob) -> dict[str, Any]:
    """A job as it is sent to the process that does it; ``heard`` inverts it. Its files, most of it, travel as bytes."""
    return {"job": json.dumps(asdict(replace(job, files={}))), "files": _as_bytes(tuple(job.files.items()))}


@functools.lru_cache(maxsize=2)
def _as_bytes(files: tuple[tuple[str, str], ...]) -> dict[str, bytes]:
    """Files that came in base64; those of an assignment are the same for everybody."""
    return {name: base64.b64decode(data) for name, data in files}


def judge_role(folder: str) -> Role:
    """The warm server of an assignment's judges, with everything imported that they need.

    It is another server when a file of the course changes. A mistake in one assignment's files stops no other's.
    """
    names = [f"solutions.{folder}.{name}" for name in ("hidden", "solution", "mutants", "variants")]
    modules = (*names, "autograder.judge.training")
    return Role(f"judge-{_digest(seen(ROOT, CONTENT))[:8]}", "autograder.judge.process:main", modules, walls=False)


@functools.lru_cache(maxsize=8)
def _digest(files: Seen) -> str:
    """A hash of the content of files, read once for each state in which they are seen: there is a judge each second."""
    digest = hashlib.sha256()
    for path, *_ in files:
        digest.update(Path(path).read_bytes())
    return digest.hexdigest()


# --------------------------------------------------------------------------------------------- in the judge process


def warm() -> None:
    """Do in the server, once, what every judge would otherwise do: find the student's server, gather the checks."""
    code_hash()
    for name in [*sys.modules]:
        if match := re.fullmatch(r"solutions\.(\w+)\.solution", name):
            _contents[match[1]] = load_content(match[1])


def main(sock: socket.socket) -> None:
    """Grade the one submission that comes through the socket."""
    job = heard(wire.recv_frame(sock, read=wire.believe))
    teller = _Teller(sock)
    try:
        session = teller.session = open_session(job, Session)
        session.grade(read_steps(job["steps"]), teller, job["first"])
        teller.say("done")
    except JailUnavailable as error:
        teller.say("failed", message=str(error))
    except Exception:  # noqa: BLE001 - whatever went wrong is ours, and the grader has to hear of it
        teller.say("failed", message=traceback.format_exc())


class _Teller:
    """Tells the grader what happens: how a step ended together with what comes next, which begins at once.

    So nothing is kept here while a judge is at work, which it would take with it when it is worn out.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._kept: list[dict[str, Any]] = []
        self.session: Session | None = None

    def say(self, event: str, **facts: Any) -> None:
        self._keep(event, **facts)
        wire.send_frame(self._sock, {"said": json.dumps(self._kept, ensure_ascii=False)})
        self._kept = []

    def _keep(self, event: str, **facts: Any) -> None:
        if self.session is not None:
            facts |= {"isolation": self.session.isolation, "memory_kib": self.session.memory_kib}
        self._kept.append({"event": event, **facts})

    def begins(self, number: int, spent: Spent, undefined: Sequence[str]) -> None:
        self.say("begins", number=number, spent=spent, undefined=undefined)

    def ran(self, number: int, outputs: Outputs, replay: Step | None) -> None:
        self._keep("ran", number=number, outputs=outputs, replay=asdict(replay) if replay else None)

    def judged(self, number: int, verdict: Verdict, seconds: float) -> None:
        self._keep("judged", number=number, verdict=verdict.shortened().to_json(), seconds=seconds)

    def passed_over(self, number: int) -> None:
        self._keep("passed over", number=number)


def heard(frame: Mapping[str, Any]) -> dict[str, Any]:
    """A job as plain data: its fields, the files as bytes."""
    return {**json.loads(frame["job"]), "files": frame["files"]}


def open_session(job: Mapping[str, Any], kind: type[SomeSession], before: Spent | None = None) -> SomeSession:
    """A session for a job that came as plain data.

    Args:
        job: the fields of a ``JudgeJob``, as ``heard`` gives them.
        kind: which session.
        before: what the submission has used up, where that is not what the job says.
    """
    limits = Limits(**job["limits"])
    if job["data_folder"]:
        os.environ[FOLDER_VARIABLE] = job["data_folder"]
    tier: Tier | None = "none" if job["isolation"] == "none" else job["tier"]
    content = _contents.get(job["folder"]) or load_content(job["folder"])
    return kind(
        spawn=lambda: _JailedStudent.begin(limits, tier, job["files"]),
        limits=limits,
        specs=content.specs,
        mutants=content.mutants,
        seeds={name: bytes.fromhex(seed) for name, seed in job["seeds"].items()},
        laboratory=open_laboratory(job["data"], job["folder"]),
        history=read_steps(job["replay"]),
        undefined=set(job["undefined"]),
        before=before or Spent(*job["spent"]),
        proven={name: (len(content.mutants[name]), 1 + len(content.variants[name])) for name in content.specs},
    )


def read_steps(plain: Sequence[Mapping[str, Any]]) -> list[Step]:
    """The steps of a job that came as plain data."""
    return [Step(**step) for step in plain]


class _JailedStudent:
    """A jailed process as the session sees it: the end of it is ``Stopped``."""

    def __init__(self, student: client.Student) -> None:
        self._student = student

    @classmethod
    def begin(cls, limits: Limits, tier: Tier | None, files: Mapping[str, bytes]) -> _JailedStudent:
        """Fork one, with its files in place. Nothing of the student's has run yet: how it dies here tells nothing."""
        try:
            return cls(client.spawn(limits, tier, files))
        except Died as death:
            if death.killed:
                raise Lost(f"a student's process was {death}") from None
            raise

    @property
    def isolation(self) -> str:
        return self._student.tier

    @property
    def spent(self) -> float:
        return self._student.spent

    @property
    def slept(self) -> float:
        return self._student.slept

    def run_cell(self, source: str, timeout: float, definitions: bool) -> Outputs:
        result = self._student.run_cell(source, timeout, definitions=definitions)
        if result.died is not None:
            raise (Killed if result.killed else Stopped)(result.died)
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
            raise (Killed if death.killed else Stopped)(str(death)) from None

    def memory_kib(self) -> int:
        return self._student.memory_kib()

    def close(self) -> None:
        self._student.close()
