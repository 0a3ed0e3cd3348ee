"""Finds the answer to a question again, from what a student reads, and by other means than those that made it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from inside import PREAMBLE

from autograder.authoring.doctor.examining import SEEDS
from autograder.authoring.doctor.mutation.mechanical import SURVIVED, Hunter
from autograder.classroom.quizzing.question import Question
from autograder.course.content import Content

ROUNDED = 6e-5
DTYPES = {name: np.dtype(name) for name in ("float32", "int32", "uint8")}


def verify(question: Question, sources: Mapping[str, str], content: Content, seed: bytes) -> None:
    """Fail where the answer that a question calls right is not, or another one is.

    Args:
        sources: the student's function of each exercise.
        seed: of the exercise's hidden cases.
    """
    check = {
        "what it returns": _returns,
        "after a change": _returns,
        "tells apart": _tells_apart,
        "still right": _still_right,
        "known mistakes": _known_mistakes,
    }[question.kind]
    check(question, sources[question.exercise], content, seed)


def listing_of(question: Question) -> list[str]:
    """The lines of code that the student is shown, without their numbers."""
    return [line[4:] for line in question.blocks[1].text.split("\n")]


def changed_listing(lines: list[str], number: int, after: str) -> list[str]:
    """The lines with one statement replaced; "" leaves it out, with what is indented below it."""
    before = lines[number - 1]
    indent = len(before) - len(before.lstrip())
    end = number
    while not after and end < len(lines) and _belongs(lines[end], indent):
        end += 1
    return [*lines[: number - 1], " " * indent + (after or "pass"), *lines[end:]]


def _belongs(line: str, indent: int) -> bool:
    """Whether a line is a part of the statement above it, which has this indent."""
    text = line.lstrip()
    deeper = len(line) - len(text) - indent
    return deeper > 0 or (deeper == 0 and re.match(r"(else|elif|except|finally)\b", text) is not None)


def function(source: str, lines: list[str], name: str) -> Any:
    """The function that some lines define, beside what else is in the student's cell."""
    names: dict[str, Any] = {}
    exec(PREAMBLE + source, names)
    exec("\n".join(lines), names)
    return names[name]


def value_of(call: str, name: str, function: Any) -> Any:
    """What a call returns, or the name of what it raises."""
    try:
        with np.errstate(all="ignore"):
            return eval(call, {"np": np, name: function})
    except Exception as error:
        return f"raises {type(error).__name__}"


def reads_as(option: str, value: Any) -> bool:
    """Whether an option says what a call returned."""
    if option.startswith("raises ") or (isinstance(value, str) and value.startswith("raises ")):
        return isinstance(value, str) and option == value  # an array would be compared element by element
    said = eval(option, {"array": np.array, "nan": np.nan, "inf": np.inf, **DTYPES})
    return _close(said, value)


def _close(said: Any, value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return isinstance(said, (tuple, list)) and len(said) == len(value) and all(map(_close, said, value))
    said, value = np.asarray(said), np.asarray(value)
    if said.shape != value.shape or said.dtype != value.dtype:
        return False
    return bool(np.allclose(said, value, rtol=1e-3, atol=ROUNDED, equal_nan=True))


def _change(question: Question) -> tuple[int, str]:
    """The line that is changed, and what stands there then."""
    texts = [block.text for block in question.blocks]
    place = next((n for n, text in enumerate(texts) if re.match(r"Line \d+ is ", text)), None)
    if place is None:
        return 0, ""
    number = int(texts[place].split()[1])
    return number, "" if "left out" in texts[place] else texts[place + 3]


def _functions(question: Question, source: str) -> tuple[Any, Any]:
    """The student's function as it is shown, and as it is changed."""
    lines, (number, after) = listing_of(question), _change(question)
    own = function(source, lines, question.exercise)
    return own, function(source, changed_listing(lines, number, after), question.exercise) if number else own


def _returns(question: Question, source: str, content: Content, seed: bytes) -> None:
    call = question.blocks[-1].text
    value = value_of(call, question.exercise, _functions(question, source)[1])
    assert [reads_as(option, value) for option in question.options].index(True) == question.answer
    assert sum(reads_as(option, value) for option in question.options) == 1
    if question.kind == "what it returns":  # the listing is the function that was handed in
        assert reads_as(question.options[question.answer], value_of(call, question.exercise, _whole(source, question)))


def _whole(source: str, question: Question) -> Any:
    return function(source, [], question.exercise)


def _tells_apart(question: Question, source: str, content: Content, seed: bytes) -> None:
    own, changed = _functions(question, source)
    results = [[value_of(call, question.exercise, one) for one in (own, changed)] for call in question.options]
    differ = [
        isinstance(a, str) != isinstance(b, str) or (a != b if isinstance(a, str) else not _close(a, b))
        for a, b in results
    ]
    assert differ == [place == question.answer for place in range(len(differ))]


def _still_right(question: Question, source: str, content: Content, seed: bytes) -> None:
    spec, lines = content.specs[question.exercise], listing_of(question)
    for place, option in enumerate(question.options):
        words = re.fullmatch(r"line (\d+):  (.*)  →  (.*)", option)
        after = "" if words[3].startswith("(left out") else words[3]
        changed = function(source, changed_listing(lines, int(words[1]), after), question.exercise)
        survives = [Hunter(spec, one).killer(changed) == SURVIVED for one in (seed, *SEEDS[:2])]
        assert all(survives) if place == question.answer else not survives[0], option


def _known_mistakes(question: Question, source: str, content: Content, seed: bytes) -> None:
    call, returned = question.blocks[1].text.split("\n→ ")
    for place, option in enumerate(question.options):
        made = [m for m in content.mutants[question.exercise] if m.description == option]
        said = [reads_as(returned, value_of(call, question.exercise, mutant.function)) for mutant in made]
        assert said and (all(said) if place == question.answer else not any(said))
