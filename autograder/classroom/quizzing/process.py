"""The process that makes a student's questions: it holds what a judge holds, and runs as little of a student's code."""

from __future__ import annotations

import json
import socket
import traceback
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from autograder.classroom.quizzing.composing import compose
from autograder.classroom.quizzing.examining import Examination, Examinee
from autograder.classroom.quizzing.question import Question
from autograder.course.content import load_content
from autograder.jail import client, wire
from autograder.jail.launch import Role, connect
from autograder.jail.limits import Died, JailUnavailable
from autograder.jail.meter import Allowance
from autograder.jail.process import fork
from autograder.judge.process import JudgeJob, heard, judge_role, open_session, read_steps, told


class QuizFailed(RuntimeError):
    """No quiz could be made for one student; the message is for the lecturer."""


def make_questions(job: JudgeJob) -> tuple[tuple[Question, ...], dict[str, str]]:
    """Have a process make the questions about a submission.

    Returns:
        The questions, and of exercises that are left out, why.

    Raises:
        QuizFailed: when it cannot: no walls here, a machine too busy, a submission that wore it out, a fault of ours.
    """
    limits = job.limits
    everything = limits.submission_seconds + limits.judge_seconds * (len(job.seeds) + 1)
    own = replace(limits, memory_mb=limits.judge_memory_mb, submission_seconds=everything)
    try:
        connect(client.STUDENT).close()  # started from here, it is nobody's child and lives on between submissions
        process = fork(_role(job.folder), own)
        try:
            allowance = Allowance(process.pid, everything, sleep_counts=False)
            process.send(told(job), allowance, plain=True)
            said: dict[str, Any] = json.loads(process.receive(allowance)["said"])
        finally:
            process.close()
    except (Died, JailUnavailable) as error:
        raise QuizFailed(str(error)) from error
    if said["failed"]:
        raise QuizFailed(said["failed"])
    return tuple(Question.from_json(one) for one in said["questions"]), said["left_out"]


def _role(folder: str) -> Role:
    judges = judge_role(folder)
    return replace(judges, name=judges.name.replace("judge", "quiz"), entry=f"{__name__}:main")


# ------------------------------------------------------------------------------------------------- in that process


def main(sock: socket.socket) -> None:
    """Make the questions about the one submission that comes through the socket."""
    job = heard(wire.recv_frame(sock, read=wire.believe))
    said: dict[str, Any] = {"failed": "", "questions": [], "left_out": {}}
    try:
        questions, said["left_out"] = _questions(job)
        said["questions"] = [asdict(question) for question in questions]
    except JailUnavailable as error:
        said["failed"] = str(error)
    except Exception:  # noqa: BLE001 - whatever went wrong is ours, and the lecturer has to hear of it
        said["failed"] = traceback.format_exc()
    wire.send_frame(sock, {"said": json.dumps(said)})


def _questions(job: Mapping[str, Any]) -> tuple[list[Question], dict[str, str]]:
    examination = Examination(lambda spent: open_session(job, Examinee, spent), read_steps(job["steps"]))
    seeds = {name: bytes.fromhex(seed) for name, seed in job["seeds"].items()}
    return compose(load_content(job["folder"]), examination, seeds)
