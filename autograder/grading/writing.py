"""What nbgrader is given to write of a submission: its notebook with what came of it, and scores for the gradebook.

Two steps of ``Autograde``, in its own form; ``nbgrader_plugin.py`` puts them in their place.
"""

from __future__ import annotations

from typing import Any

from nbformat.notebooknode import NotebookNode, from_dict
from nbformat.v4 import new_markdown_cell, new_output
from nbgrader.api import Grade, Gradebook, SubmittedAssignment
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.course.cells import checked_exercise, nbgrader_name
from autograder.course.config import Late
from autograder.grading.arriving.handed_in import HandedIn, as_nbgrader_has_it
from autograder.grading.grade import Grader, Result, Submission
from autograder.grading.lateness import late_note
from autograder.judge.referee import TOO_MUCH


class WriteVerdicts(NbGraderPreprocessor):
    """Puts what the submission printed and what the judge decided into the notebook that graders and students see."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        submission, result = self.parent.graded
        grader: Grader = self.parent.grader(resources["nbgrader"]["assignment"])
        for index, cell in enumerate(nb.cells):
            if index in result.outputs:
                cell.outputs = shown_outputs(from_dict(result.outputs[index]), cell.outputs)
            exercise = checked_exercise(nbgrader_name(cell.metadata))
            if exercise in result.verdicts:
                maximum = float(cell.metadata.nbgrader["points"])
                verdict = result.verdicts[exercise]
                text = verdict.text(grader.score(verdict, maximum), maximum)
                cell.outputs = [new_output("stream", name="stdout", text=text + "\n")]
        notes = notes_text(submission, result, grader.course.grading.late)
        if notes:
            nb.cells.insert(0, new_markdown_cell(notes, id="grader-notes"))
        resources["course"] = {"result": result, "grader": grader, "submission": submission}
        self.parent.run.keep(resources["nbgrader"]["student"], result.record(submission).encode())
        student, count, seconds = resources["nbgrader"]["student"], len(result.verdicts), result.seconds
        self.log.info("%s: %d exercises judged in %.2f s, isolation: %s", student, count, seconds, result.isolation)
        return nb, resources


def shown_outputs(ran: list[NotebookNode], handed_in: list[NotebookNode]) -> list[NotebookNode]:
    """What a cell did when it was graded, and what the student saw where that is more: it failed here or drew less."""
    failed = any(output.output_type == "error" or output.get("text") == TOO_MUCH for output in ran)
    return ran + handed_in if failed or _pictures(ran) < _pictures(handed_in) else ran


def _pictures(outputs: list[NotebookNode]) -> int:
    return sum(kind.startswith("image/") for output in outputs for kind in output.get("data", {}))


def notes_text(submission: Submission, result: Result, late: Late | None = None) -> str:
    """What the grader wants to say before the first cell, in markdown.

    Args:
        late: what lateness costs.
    """
    notes = [*submission.notes, *filter(None, [late_note(submission.handed_in, late)])]
    if result.isolation == "none":
        notes.append("this submission was graded **without isolation**, as `course.yaml` asks")
    return "\n".join(["**Notes from the grader**", "", *(f"- {note}" for note in notes)]) if notes else ""


class SaveVerdicts(NbGraderPreprocessor):
    """Writes scores from verdicts, never from a notebook or its outputs; the maximum comes from the gradebook."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        info, course = resources["nbgrader"], resources["course"]
        cells = {cell.metadata.nbgrader["grade_id"]: cell for cell in nb.cells if "nbgrader" in cell.metadata}
        with Gradebook(info["db_url"]) as gradebook:
            submission = gradebook.find_submission_notebook(info["notebook"], info["assignment"], info["student"])
            for grade in submission.grades:
                self._score(grade, cells.get(grade.name), course)
            for comment in submission.comments:
                comment.auto_comment = "No response." if comment.name in course["submission"].unanswered else None
            self._time(submission.assignment, course["grader"], course["submission"].handed_in)
            gradebook.db.commit()
        return nb, resources

    def _score(self, grade: Grade, cell: NotebookNode | None, course: dict[str, Any]) -> None:
        """Set one score; whatever an earlier grading left there is replaced, a manual score stays."""
        grader: Grader = course["grader"]
        name = grade.name if cell is not None else ""
        score, flagged = grader.automatic(name, float(grade.max_score), course["submission"], course["result"])
        grade.auto_score = score
        grade.needs_manual_grade = score is None or grade.manual_score is not None or flagged

    def _time(self, kept: SubmittedAssignment, grader: Grader, handed_in: HandedIn) -> None:
        """Have nbgrader count late days from what we know, also where that is less than an earlier grading knew."""
        if not handed_in.evidence:  # its folder cannot be put in order
            return
        kept.timestamp = as_nbgrader_has_it(handed_in.time) if handed_in.time else None
        if grader.deadlines.listed:
            later = grader.deadlines.of(kept.student.id) - grader.deadlines.due
            kept.extension = later or None
