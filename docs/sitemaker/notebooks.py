"""Release every assignment beside the course, and write the notebooks that students get as pages. Nothing is executed.

The release is made, and searched for leaks, by the code of ``course release``, in a folder of its own: neither the
course's gradebook nor its release is touched.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Collection, Iterator
from html import escape
from pathlib import Path

import nbformat
from nbformat.notebooknode import NotebookNode

from autograder.authoring.release import release_assignment
from autograder.course.config import Assignment, Course, load_course
from autograder.course.content import load_content


def release_all(course: Course, into: Path) -> None:
    """Write ``into/NAME.ipynb`` for every assignment.

    Raises:
        CourseError: when the parts of one do not fit together, or when it would leak.
    """
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as root:
        for assignment in course.assignments.values():
            mutants = load_content(assignment.folder).mutants
            # What each mutant does goes into files beside the notebook, which no page shows: it is not found out.
            unasked = {mutant.id: None for several in mutants.values() for mutant in several}
            release = release_assignment(course, assignment.name, Path(root), unasked)
            text = (release / f"{assignment.folder}.ipynb").read_text(encoding="utf-8")
            (into / f"{assignment.name}.ipynb").write_text(text, encoding="utf-8")


def page(notebook: NotebookNode) -> str:
    """A notebook as Markdown: its prose as it is, its code in fences, no outputs."""
    parts = []
    for cell in notebook.cells:
        source = cell.source.strip("\n")
        if cell.cell_type == "code" and source:
            fence = "```" if "```" not in source else "````"
            parts.append(f"{fence}python\n{source}\n{fence}")
        elif cell.cell_type == "markdown":
            parts.append(source)
    return "\n\n".join(parts) + "\n"


def pages(course: Course, notebooks: Path, lite: Path | None = None) -> dict[str, str]:
    """The page of each assignment, by its place in the site.

    Args:
        notebooks: where ``release_all`` wrote.
        lite: where ``sitemaker.lite`` did; None for a site without it.
    """
    browsable = {path.stem for path in lite.glob("files/*.ipynb")} if lite else set()
    found = {}
    for name, assignment in course.assignments.items():
        text = page(nbformat.read(notebooks / f"{name}.ipynb", as_version=4))
        found[f"course/{name}.md"] = with_openers(text, course, assignment, browsable)
    return found


def with_openers(text: str, course: Course, assignment: Assignment, browsable: Collection[str]) -> str:
    """A page with links below its title that open the notebook elsewhere; as it is where there is no such place.

    Args:
        browsable: the folders of the assignments that the site's JupyterLite has.
    """
    links = [f'<a href="{escape(to)}">{words}</a>' for to, words in _openers(course, assignment, browsable)]
    title, end, rest = text.partition("\n")
    return f'{title}\n\n<p class="openers">{" ".join(links)}</p>{end}{rest}' if links else text


def _openers(course: Course, assignment: Assignment, browsable: Collection[str]) -> Iterator[tuple[str, str]]:
    if assignment.folder in browsable:
        yield f"../lite/notebooks/index.html?path={assignment.folder}.ipynb", "Open here, in the browser"
    if course.site.notebooks:
        address = f"{course.site.notebooks.rstrip('/')}/{assignment.name}/{assignment.folder}.ipynb"
        yield address.replace("https://github.com", "https://colab.research.google.com/github", 1), "Open in Colab"
        yield f"https://kaggle.com/kernels/welcome?src={address}", "Open in Kaggle"


def overview(course: Course) -> str:
    """The page above them: what course.yaml says of each assignment."""
    rows = "".join(_row(assignment) for assignment in course.assignments.values())
    return f"""# {course.title}

The assignments as students get them. Solutions, hidden checks and model answers are not here. `course release` makes
the notebooks.

| | assignment | due | exercises | points | questions | points |
|---|---|---|---|---|---|---|
{rows}"""


def _row(assignment: Assignment) -> str:
    exercises = sum(assignment.points(name) for name in assignment.exercises)
    questions = sum(assignment.answers.values())
    due = f"{assignment.due.day} {assignment.due:%B %Y, %H:%M}"
    return (
        f"| {assignment.name} | [{assignment.title}]({assignment.name}.md) | {due} "
        f"| {len(assignment.exercises)} | {exercises:g} | {len(assignment.answers)} | {questions:g} |\n"
    )


if __name__ == "__main__":
    release_all(load_course(Path(__file__).resolve().parents[2]), Path(sys.argv[1]))
