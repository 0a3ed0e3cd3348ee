"""The judge process: forked for one submission, it drives the student process and returns JSON to the grader.

``run_job`` is called by the grader; ``main`` runs in the judge process. Only plain JSON crosses between the two.
"""

from __future__ import annotations


class JudgeFailed(RuntimeError):
    """The judge could not do its work: no walls on this machine, or a fault of the grader. Nobody is given a zero."""
