"""What a worker is asked: to have a submission judged as the machine that asks would. JSON goes in and comes out.

Hidden checks never travel. A worker has a course of its own, and judges nothing while that is another one: a verdict
would depend on who gave it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any

from autograder.grading.versions import look, surroundings, versions
from autograder.judge.files import Seen
from autograder.judge.process import JudgeJob, data_folder
from autograder.judge.referee import JudgeFailed, run_job

NAMED = 6  # so many packages that differ are told by name


@dataclass(frozen=True)
class Around:
    """What verdicts rest on at one machine.

    Args:
        files: a hash of the course's files, and of all that is installed.
        installed: Python and the packages, one a line.
    """

    files: str
    installed: str

    @classmethod
    def here(cls) -> Around:
        """On this machine, now."""
        return cls(surroundings(), versions())

    def unlike(self, other: Around) -> str:
        """How this machine differs from another, in words; "" where it does not."""
        mine, theirs = set(self.installed.splitlines()), set(other.installed.splitlines())
        if mine != theirs:
            told = [
                *(f"{one} here" for one in sorted(mine - theirs)),
                *(f"{one} there" for one in sorted(theirs - mine)),
            ]
            return f"other versions: {', '.join(told[:NAMED])}{', ...' if len(told) > NAMED else ''}"
        return "other files of the course or the grader" if self.files != other.files else ""


@cache
def at_the_start() -> tuple[Around, Seen]:
    """What this process has begun with, and how its files looked: its modules stay as they were loaded."""
    files = look()  # before they are read: what changes meanwhile is noticed
    return Around.here(), files


def around() -> dict[str, str]:
    """What a worker has begun with, as JSON."""
    return asdict(at_the_start()[0])


def request(job: JudgeJob, asking: Around) -> str:
    """What ``judge`` is to be called with.

    Args:
        asking: of the machine that wants to know.
    """
    return json.dumps({"around": asdict(asking), "job": asdict(job)})


def judge(asked: str) -> str:
    """Have judges of this machine do a job.

    Args:
        asked: see ``request``.

    Returns:
        JSON: ``graded`` and ``seconds``; or ``refused`` or ``failed``, and why.
    """
    return json.dumps(_judged(json.loads(asked)))


def _judged(asked: dict[str, Any]) -> dict[str, Any]:
    asking, (own, files) = Around(**asked["around"]), at_the_start()
    if difference := asking.unlike(own):
        return {"refused": difference}
    if files != look():
        return {"refused": "its files have changed since it was started; start it again"}
    job = replace(JudgeJob.from_plain(asked["job"]), data_folder=data_folder())  # where they are is its own affair
    try:
        graded, seconds = run_job(job)
    except JudgeFailed as error:
        return {"failed": str(error)}
    return {"graded": graded.to_json(), "seconds": seconds}
