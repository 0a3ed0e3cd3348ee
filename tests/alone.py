"""Some exercises of a submission, judged without the rest of it: what one student did, in a session of its own."""

from __future__ import annotations

from collections.abc import Sequence

from allowed import some_limits
from heard import Heard

from autograder.course.content import load_content
from autograder.jail.client import spawn
from autograder.judge.process import _JailedStudent
from autograder.judge.session import Session, Step
from autograder.judge.verdict import Verdict


def judged_alone(folder: str, sources: Sequence[str], exercises: Sequence[str], tier: str) -> dict[str, Verdict]:
    """Run cells behind walls and judge exercises after them.

    No hint is looked for, which is most of the work of a judgement, and no network is trained.
    """
    content, limits = load_content(folder), some_limits(call_seconds=30, cell_seconds=30)
    session = Session(
        spawn=lambda: _JailedStudent(spawn(limits, tier)),
        limits=limits,
        specs=content.specs,
        mutants=dict.fromkeys(content.specs, ()),
        seeds=dict.fromkeys(exercises, b"alone"),
    )
    steps = [Step(number, "run", source) for number, source in enumerate(sources)]
    judging = [Step(len(steps), "judge", exercise=exercise) for exercise in dict.fromkeys(exercises)]
    return Heard(session, [*steps, *judging]).verdicts
