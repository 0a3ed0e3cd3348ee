"""The same verdicts in the files that Gradescope, PrairieLearn and Vocareum read.

Sources: Gradescope, Autograder Specifications (readthedocs); PrairieLearn, docs/externalGrading.md and the element
``pl-external-grader-results``; Vocareum, Using Custom Grading Scripts, and Grading Environment Variables.
"""

from __future__ import annotations

import html
import json
from typing import Any

from autograder.classroom.exporting.standings import number
from autograder.classroom.platforms.judged import Exercise, Judged

SHOWN, AFTERWARDS, NEVER = "visible", "after_due_date", "hidden"  # Gradescope's words
QUIET = "VOC_NO_REPORT_OUTPUT"  # in a line of its own: what our scripts print is not for students
VOCAREUM_FAULT = f"{QUIET}\nNot judged, through no fault of yours: your instructor will look at it.\n"


def gradescope(found: Judged) -> str:
    """``results.json`` for Gradescope: public cases at once, scores and hidden checks after the due date.

    Gradescope shows no total as long as a test waits for the due date. A test that a person has to decide has no score,
    so that the total has to be given.
    """
    tests: list[dict[str, Any]] = []
    for exercise in found.exercises:
        if exercise.public:
            tests.append(
                {
                    "name": f"{exercise.name}: public cases",
                    "status": _status(exercise.public_passed),
                    "output": exercise.public,
                    "visibility": SHOWN,
                }
            )
        earned = {} if exercise.score is None else _earned(exercise, exercise.score)
        tests.append({"name": exercise.name, **earned, "output": exercise.text, "visibility": AFTERWARDS})
    return _json(
        {
            "score": found.score,
            "output": found.text(),
            "output_format": "text",
            "test_output_format": "text",
            "test_name_format": "text",
            "stdout_visibility": NEVER,
            "tests": tests,
        }
    )


def _earned(exercise: Exercise, score: float) -> dict[str, Any]:
    return {"score": score, "max_score": exercise.maximum, "status": _status(score >= exercise.maximum)}


def _status(passed: bool) -> str:
    return "passed" if passed else "failed"


def prairielearn(found: Judged) -> str:
    """``results.json`` for PrairieLearn, which knows no due date: everything at once.

    What is no notebook, or could not be judged to the end, is not gradable there: it costs no attempt and no point.
    """
    tests = [
        {"name": e.name, "points": e.score or 0.0, "max_points": e.maximum, "output": e.text} for e in found.exercises
    ]
    results: dict[str, Any] = {"gradable": True, "message": found.text(), "tests": tests}
    if found.unreadable or found.undecided:
        return _json({**results, "gradable": False, "format_errors": [found.text()]})
    return _json({**results, "score": round(found.score / found.maximum, 6)})


def vocareum_grades(found: Judged) -> str:
    """Vocareum's grade file: a line for each criterion of the rubric. What a person has to decide has none."""
    return "".join(f"{e.name},{number(e.score)}\n" for e in found.exercises if e.score is not None)


def vocareum_report(found: Judged) -> str:
    """Vocareum's report, which is shown as HTML: everything that a student wrote stands there as text."""
    text = "\n\n".join(filter(None, [found.text(), *(exercise.text for exercise in found.exercises)]))
    return f"{QUIET}\n<pre>\n{html.escape(text)}\n</pre>\n"


def _json(value: Any) -> str:
    return json.dumps(value, indent=1) + "\n"
