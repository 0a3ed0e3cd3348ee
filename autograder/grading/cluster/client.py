"""Judges on the workers of a Dask scheduler, for the one process that writes the gradebook.

Verdicts come one by one and go into the journal. What is lost on the way, a worker or the scheduler itself, is asked
again; who has waited too long for somebody to ask ends the run, with nothing decided.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any
from urllib.parse import urlsplit

from distributed import Client, Future, KilledWorker, LocalCluster
from distributed.client import ClosedClientError
from distributed.comm import CommClosedError

from autograder.course.config import CourseError
from autograder.grading.cluster import task
from autograder.judge.process import JudgeJob
from autograder.judge.referee import Graded, JudgeFailed, JudgesGone

LOCAL = "local"
ANSWER_SECONDS = 30.0  # for a scheduler that is there
LOOK_SECONDS = 2.0
MOMENT = 0.5
LOST = (CancelledError, CommClosedError, ClosedClientError, OSError)
IN_THE_CLEAR = (
    "%s: submissions and the seeds of hidden cases travel in the clear, and whoever reaches the scheduler runs code on "
    "every worker and here; use tls:// (docs/instructors/cluster.md)"
)


class Cluster:
    """The workers of one scheduler.

    Args:
        address: of the scheduler, ``tls://host:port`` or ``tcp://host:port``; ``local`` for one of our own on this
            machine, with workers of its own.
        workers: how many of those.
        log: is told what a lecturer should know.
        patience: seconds to wait for a scheduler, or a worker, that is gone.

    Raises:
        CourseError: when no scheduler answers, no worker comes, or one of them has another course than this machine.
    """

    def __init__(self, address: str, workers: int, log: logging.Logger, patience: float) -> None:
        self._address, self._log, self._patience = address, log, patience
        self._around = task.Around.here()
        self._lock = threading.Lock()
        self._without, self._looked = 0.0, 0.0  # since when no worker is there, and when that was seen
        self._own = _own_cluster(workers) if address == LOCAL else None
        if address.startswith("tcp:") and not _is_loopback(address):
            log.warning(IN_THE_CLEAR, address)
        try:
            self._client = self._connect()
            self._require_the_same_course(workers if self._own else 1)
        except BaseException:
            self.close()
            raise

    @property
    def threads(self) -> int:
        """How many submissions the workers judge at the same time."""
        return sum(self._client.nthreads().values())

    def judge(self, job: JudgeJob) -> tuple[Graded, float]:
        """Have a submission judged somewhere.

        Raises:
            JudgeFailed: as ``run_job``, and when it has cost several workers their life.
            JudgesGone: when nobody is left to ask, or somebody has another course than this machine.
        """
        answer = json.loads(self._answer(task.request(job, self._around)))
        if "refused" in answer:
            raise JudgesGone(f"a worker of {self._address} judges otherwise than this machine: {answer['refused']}")
        if "failed" in answer:
            raise JudgeFailed(answer["failed"])
        return Graded.from_json(answer["graded"]), answer["seconds"]

    def close(self) -> None:
        """Let go of the scheduler, and of what runs for us alone."""
        for opened in (getattr(self, "_client", None), self._own):
            if opened is not None:
                with contextlib.suppress(*LOST):
                    opened.close()

    # ------------------------------------------------------------------------------------------------------- to the end

    def _answer(self, asked: str) -> str:
        """What some worker says, however often the way there breaks."""
        while True:
            client = self._reached()
            try:
                return str(self._awaited(client, client.submit(task.judge, asked, pure=False)))
            except KilledWorker as error:
                raise JudgeFailed(f"every worker that had this submission was lost: {error}") from None
            except LOST:
                time.sleep(MOMENT)

    def _awaited(self, client: Client, future: Future) -> Any:
        while True:
            try:
                return future.result(timeout=LOOK_SECONDS)
            except TimeoutError:
                self._look_for_workers(client)

    def _reached(self) -> Client:
        """A client that is connected; another one where Dask has given the last one up.

        Raises:
            JudgesGone: when no scheduler has answered for too long.
        """
        since = time.monotonic()
        while time.monotonic() - since <= self._patience:
            with self._lock:
                if self._client.status in ("closed", "closing"):
                    with contextlib.suppress(CourseError):
                        self._client = self._connect()
                if self._client.status == "running":
                    return self._client
            time.sleep(MOMENT)
        raise JudgesGone(f"{self._address}: no scheduler has answered for {self._patience:g} s")

    def _look_for_workers(self, client: Client) -> None:
        """See that somebody is there who may answer; one look serves all who wait."""
        with self._lock:
            now = time.monotonic()
            if now - self._looked < LOOK_SECONDS:
                return
            self._looked = now
            if client.status != "running":  # our own future is cancelled by then
                return
            if client.nthreads():
                self._without = 0.0
            elif not self._without:
                self._without = now
                self._log.warning("%s: no worker is left; waiting for one: course worker ADDRESS", self._address)
            elif now - self._without > self._patience:
                raise JudgesGone(f"{self._address}: no worker was there for {self._patience:g} s")

    # ---------------------------------------------------------------------------------------------------- at the start

    def _connect(self) -> Client:
        try:
            return Client(
                self._own or self._address, timeout=ANSWER_SECONDS, set_as_default=False, name="convnet-course"
            )
        except (OSError, ValueError, TypeError) as error:  # an address that is none, a certificate that is missing
            raise CourseError(
                [f"--dask {self._address}: expected a Dask scheduler that answers, received: {error}; start it first"]
            ) from error

    def _require_the_same_course(self, workers: int) -> None:
        try:
            self._client.wait_for_workers(workers, timeout=self._patience)
        except TimeoutError:
            raise CourseError(
                [f"--dask {self._address}: expected a worker, received none; start one: course worker {self._address}"]
            ) from None
        wrong = []
        for worker, found in self._asked(task.around).items():
            unlike = found if isinstance(found, str) else self._around.unlike(task.Around(**found))
            wrong += [f"worker {worker} judges otherwise than this machine: {unlike}"] if unlike else []
        if wrong:
            raise CourseError([*wrong, "bring both to the same state, then start the worker again"])

    def _asked(self, question: Callable[[], Any]) -> dict[str, Any]:
        """What each worker answers; a string for one that cannot."""
        answers = self._client.run(question, on_error="return")
        return {name: repr(found) if isinstance(found, Exception) else found for name, found in answers.items()}


def _own_cluster(workers: int) -> LocalCluster:
    """A scheduler and workers of this machine, with a secret of their own: it has other users, too."""
    return LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        host="tls://127.0.0.1",
        security=True,
        memory_limit=0,  # of the worker, which only waits for its judges
        dashboard_address=None,
        silence_logs=logging.ERROR,
    )


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
