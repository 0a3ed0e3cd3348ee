"""A judge with two faults: it never finishes one exercise, and is killed at another."""

from __future__ import annotations

import os
import signal
import socket

from autograder.judge import process as judge_process
from autograder.judge import session

honest = session.judge


def weary(spec, *args, **kwargs):
    while spec.exercise.name == "threshold_relu_backward":
        pass
    if spec.exercise.name == "sigmoid_forward":
        os.kill(os.getpid(), signal.SIGKILL)
    return honest(spec, *args, **kwargs)


def main(sock: socket.socket) -> None:
    session.judge = weary
    judge_process.main(sock)
