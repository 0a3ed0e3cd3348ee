"""Choose a student's questions: of every kind, and about as many exercises as there are."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping

import numpy as np

from autograder.classroom.quizzing.asking import MAKERS, Maker
from autograder.classroom.quizzing.examining import Examination
from autograder.classroom.quizzing.own import NotAsked, find_own
from autograder.classroom.quizzing.paper import Paper
from autograder.classroom.quizzing.question import COUNT, Question
from autograder.course.content import Content

NETWORKS = "it builds networks, of which no small question is made"
NOTHING_CERTAIN = "no question about it has a certain answer"


def compose(
    content: Content, examination: Examination, seeds: Mapping[str, bytes]
) -> tuple[list[Question], dict[str, str]]:
    """A student's questions, at most five, and why some exercises are left out.

    Args:
        seeds: of the submission's hidden cases, by exercise; the choice follows from them.
    """
    left_out: dict[str, str] = {}
    papers: list[Paper] = []
    for name in examination.exercises:
        try:
            papers.append(_paper(content, examination, name, seeds[name]))
        except NotAsked as reason:
            left_out[name] = str(reason)
    digest = hashlib.sha256(b"quiz" + b"".join(seeds[name] for name in sorted(seeds))).digest()
    rng = np.random.default_rng(np.frombuffer(digest, "<u4"))
    papers = [papers[number] for number in rng.permutation(len(papers))]
    questions = _choose(papers)
    asked = {question.exercise for question in questions}
    if len(questions) < COUNT:
        left_out |= {paper.name: NOTHING_CERTAIN for paper in papers if paper.name not in asked}
    return questions, {name: left_out[name] for name in examination.exercises if name in left_out}


def _paper(content: Content, examination: Examination, name: str, seed: bytes) -> Paper:
    spec, solution = content.specs.get(name), content.solutions.get(name)
    if spec is None or solution is None:
        raise NotAsked("the course has no hidden checks for it")
    if spec.builds_networks:
        raise NotAsked(NETWORKS)
    own = find_own([step.source for step in examination.cells(name)], name)
    return Paper(own, spec, solution, content.mutants[name], examination, seed)


def _choose(papers: list[Paper]) -> list[Question]:
    """Kind after kind, each about an exercise that was asked about least; a kind comes again when all had a turn."""
    questions: list[Question] = []
    times: Counter[str] = Counter()
    tried: set[tuple[str, Maker]] = set()
    for maker in [*MAKERS, *MAKERS, *MAKERS]:
        if len(questions) == COUNT:
            break
        for paper in sorted(papers, key=lambda paper: times[paper.name]):
            if (paper.name, maker) in tried:
                continue
            tried.add((paper.name, maker))
            question = maker(paper)
            if question is not None:
                questions.append(question)
                times[paper.name] += 1
                break
    return questions
