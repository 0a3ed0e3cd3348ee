"""Make questions of what is known about an exercise. A question whose answer is not certain is not asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np

from autograder.classroom.quizzing.own import Change
from autograder.classroom.quizzing.paper import Paper, alike, apart
from autograder.classroom.quizzing.question import OPTIONS, Block, Question
from autograder.classroom.quizzing.texts import result
from coursekit.observing import Outcome

OTHERS = OPTIONS - 1
Maker = Callable[[Paper], Question | None]
T = TypeVar("T")
Option = tuple[str, str]  # its text, and the remark on it


def still_right(paper: Paper) -> Question | None:
    """Which of four one-line changes passes every check? Of the others, each fails one."""
    judged = paper.judged
    if not judged.right or len(judged.wrong) < OTHERS:
        return None
    right = (judged.right[0].words, "passes every check")
    wrong = [(change.words, f"fails the check “{check}”") for change, check in judged.wrong[:OTHERS]]
    asked = "Four changes of one line each. Only one of them would leave the function right. Which one?"
    return _question(paper, "still right", [*_own(paper), Block("text", asked)], right, wrong)


def changed_returns(paper: Paper) -> Question | None:
    """What does the student's function return once a line is changed?"""
    for change, place in _pairs(paper, "changed"):
        outcome = paper.changed[change][place]
        if not _is_value(outcome) or not apart(outcome, paper.outcomes[place]):
            continue
        others = [("what your function returns as it is", paper.outcomes[place]), *_others(paper, place, change)]
        wrong = _wrong(outcome, others)
        if wrong and paper.confirmed(change, [place], paper.changed[change]):
            blocks = [*_own(paper), *_changed(change), *_call(paper, place, "What does this call return then?")]
            right = (result(outcome) or "", "what the changed function returned when it was run")
            return _question(paper, "after a change", blocks, right, wrong)
    return None


def own_returns(paper: Paper) -> Question | None:
    """What does the student's function return?"""
    for place in paper.generator("own").permutation(len(paper.outcomes)):
        outcome = paper.outcomes[place]
        wrong = _wrong(outcome, _others(paper, place)) if _is_value(outcome) else []
        if wrong and paper.confirmed(None, [place], paper.outcomes):
            blocks = [*_own(paper), *_call(paper, place, "What does this call return?")]
            right = (result(outcome) or "", "what the function returned when it was run")
            return _question(paper, "what it returns", blocks, right, wrong)
    return None


def tells_apart(paper: Paper) -> Question | None:
    """Which of four calls shows that a line was changed?"""
    for change in _shuffled(paper.changed, paper.generator("apart")):
        ours, theirs = paper.outcomes, paper.changed[change]
        usable = [place for place, outcome in enumerate(ours) if _is_value(outcome) and result(theirs[place])]
        shows = [place for place in usable if apart(ours[place], theirs[place])]
        hides = [place for place in usable if alike(ours[place], theirs[place])]
        if not shows or len(hides) < OTHERS:
            continue
        places = [shows[0], *hides[:OTHERS]]
        if not paper.confirmed(change, places, theirs) or not paper.confirmed(None, places, ours):
            continue
        right = (paper.inputs[shows[0]].text, f"yours: {result(ours[shows[0]])}; changed: {result(theirs[shows[0]])}")
        wrong = [(paper.inputs[place].text, f"both: {result(ours[place])}") for place in hides[:OTHERS]]
        asked = "Only one of these calls returns something else than before. Which one?"
        return _question(paper, "tells apart", [*_own(paper), *_changed(change), Block("text", asked)], right, wrong)
    return None


def recognises(paper: Paper) -> Question | None:
    """Which sentence describes the known-wrong version that returned this?"""
    rng = paper.generator("recognises")
    known = paper.known_wrong
    for mutant in _shuffled(known, rng):
        for place in rng.permutation(len(paper.inputs)):
            outcome = known[mutant][place]
            if not _is_value(outcome) or not apart(outcome, paper.expected[place]):
                continue
            others = [
                (other.description, outcomes[place])
                for other, outcomes in _shuffled(known.items(), rng)
                if other is not mutant and other.description != mutant.description and apart(outcome, outcomes[place])
            ]
            others.sort(key=lambda one: alike(one[1], paper.expected[place]))  # first those that show on this call
            wrong = [(text, f"would return {result(returned)}") for text, returned in others[:OTHERS]]
            if len(wrong) < OTHERS:
                continue
            blocks = [
                Block("text", f"Somebody else's {paper.name} is wrong. For this call it returns:"),
                Block("code", f"{paper.inputs[place].text}\n→ {result(outcome)}"),
                Block("text", "Which sentence says what that version does?"),
            ]
            right = (mutant.description, f"the known mistake {mutant.id}, run on this call")
            return _question(paper, "known mistakes", blocks, right, wrong, code=False)
    return None


MAKERS: tuple[Maker, ...] = (still_right, tells_apart, changed_returns, recognises, own_returns)


# --------------------------------------------------------------------------------------------------------------- parts


def _pairs(paper: Paper, purpose: str) -> Iterator[tuple[Change, int]]:
    """Every change with every input, in the order of chance."""
    pairs = [(change, place) for change in paper.changed for place in range(len(paper.inputs))]
    yield from _shuffled(pairs, paper.generator(purpose))


def _shuffled(items: Iterable[T], rng: np.random.Generator) -> list[T]:
    known = list(items)
    return [known[number] for number in rng.permutation(len(known))]


def _is_value(outcome: Outcome | None) -> bool:
    return outcome is not None and outcome.error is None and result(outcome) is not None


def _others(paper: Paper, place: int, but: Change | None = None) -> list[tuple[str, Outcome | None]]:
    """What else could be thought to come out: the known mistakes first, then changes of the student's own function."""
    mistakes = [(f"the known mistake {m.id}", outcomes[place]) for m, outcomes in paper.known_wrong.items()]
    changes = [(f"with {c.words}", outcomes[place]) for c, outcomes in paper.changed.items() if c is not but]
    rng = paper.generator(f"others {place}")
    return [*_shuffled(mistakes, rng), *_shuffled(changes, rng)]


def _wrong(right: Outcome | None, others: Sequence[tuple[str, Outcome | None]]) -> list[Option]:
    """Three results that a person can tell from the right one and from each other; none where there are fewer."""
    chosen: list[tuple[str, Outcome | None]] = []
    for remark, outcome in others:
        if len(chosen) < OTHERS and apart(outcome, right) and all(apart(outcome, other) for _, other in chosen):
            chosen.append((remark, outcome))
    return [(result(outcome) or "", remark) for remark, outcome in chosen] if len(chosen) == OTHERS else []


def _own(paper: Paper) -> list[Block]:
    return [Block("text", f"This is your function {paper.name}:"), Block("code", paper.own.listing)]


def _changed(change: Change) -> list[Block]:
    if not change.after:
        return [Block("text", f"Line {change.line} is {change.dropped}:"), Block("code", change.before)]
    return [
        Block("text", f"Line {change.line} is changed, from"),
        Block("code", change.before),
        Block("text", "to"),
        Block("code", change.after),
    ]


def _call(paper: Paper, place: int, asked: str) -> list[Block]:
    return [Block("text", asked), Block("code", paper.inputs[place].text)]


def _question(
    paper: Paper, kind: str, blocks: Sequence[Block], right: Option, wrong: Sequence[Option], *, code: bool = True
) -> Question | None:
    """The question, its options in the order of chance; None where two of them read alike."""
    options = [right, *wrong]
    if len({text for text, _ in options}) != OPTIONS:
        return None
    order = [int(number) for number in paper.generator(f"options of {kind}").permutation(OPTIONS)]
    texts, remarks = zip(*(options[number] for number in order))
    return Question(paper.name, kind, tuple(blocks), texts, order.index(0), remarks, code)
