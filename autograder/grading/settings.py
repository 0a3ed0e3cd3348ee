"""What makes nbgrader grade with our grader: two files of ours, and one line in the lecturer's own configuration.

- ``course_config.py``, ours: everything that the course sets. ``nbgrader_config.py``, the lecturer's, includes it.
- ``nbgrader_config.json``, ours: who reads submissions. nbgrader goes on without a ``nbgrader_config.py`` that it
  cannot read, and would run students' code unprotected; it reads this file all the same, and our reader then refuses.

A lecturer's file is never written to: it is made where there is none.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from autograder.course.config import CourseError

OURS, THEIRS, READER = "course_config.py", "nbgrader_config.py", "nbgrader_config.json"
BESIDE = "COURSE_RELEASES_BESIDE"  # in the environment of nbgrader when a release is made that may still be refused
INCLUDE = f'load_subconfig("{OURS}")'
EXPORTER = "autograder.grading.nbgrader_plugin.SubmissionExporter"
COURSE = """\
# Written by `course build`, again and again: settings of your own belong into nbgrader_config.py, which includes this.
# nbgrader would go on without a configuration that it cannot read, and run students' code unprotected: stop instead.
from pathlib import Path

try:
    from autograder.grading.nbgrader_plugin import configure

    configure(get_config(), Path(__file__).parent, {root!r})  # noqa: F821 - nbgrader provides get_config
except Exception as error:
    help = "mend this, or run nbgrader from the course's .venv"
    raise SystemExit(f"the course's grader cannot be used here: {{error}}; {{help}}")
"""
EARLIER = "# Written by `course build`: plain nbgrader commands"  # begins the nbgrader_config.py of version 0.2
LECTURERS = f"""\
# Yours: `course build` made this file, and never writes to it again. Plain nbgrader commands, run in this folder, grade
# with the course's own grader because of the next line; settings of your own go below it.
{INCLUDE}  # noqa: F821 - nbgrader provides it

# c = get_config()
# c.CourseDirectory.db_url = "postgresql://..."
"""


def write_settings(scratch: Path, root: Path, course_root: Path) -> None:
    """Write our files into nbgrader's root, and the lecturer's if there is none.

    Args:
        scratch: a folder on the same file system, for files that are not whole yet.
        root: nbgrader's root.
        course_root: the folder of course.yaml.
    """
    inside = root.resolve().is_relative_to(course_root.resolve())  # then the whole course can be moved
    shown = os.path.relpath(course_root.resolve(), root.resolve()) if inside else str(course_root.resolve())
    files = {OURS: COURSE.format(root=shown), READER: json.dumps({"Autograde": {"exporter_class": EXPORTER}}) + "\n"}
    if not _has_text(root / THEIRS) or _is_earlier(root / THEIRS):
        files[THEIRS] = LECTURERS
    for name, text in files.items():
        if not (root / name).is_file() or (root / name).read_text(encoding="utf-8") != text:
            (scratch / name).write_text(text, encoding="utf-8")
            (scratch / name).replace(root / name)


def require_settings(root: Path) -> None:
    """Make sure that a lecturer's own files, where there are some, let our grader in.

    Raises:
        CourseError: with what to add, and where.
    """
    findings = []
    theirs, reader = root / THEIRS, root / READER
    if _has_text(theirs) and not _includes(theirs):
        findings.append(f"{theirs}: expected a line that includes the course's settings, received none; add: {INCLUDE}")
    if _has_text(reader):
        wanted = {"Autograde": {"exporter_class": EXPORTER}}
        try:
            found = json.loads(reader.read_text(encoding="utf-8"))["Autograde"]["exporter_class"]
        except (ValueError, KeyError, TypeError):
            found = None
        if found != EXPORTER:
            findings.append(f"{reader}: expected the course's reader, received {found!r}; add: {json.dumps(wanted)}")
    if findings:
        raise CourseError(findings)


def _has_text(path: Path) -> bool:
    return path.exists() and bool(path.read_text(encoding="utf-8", errors="replace").strip())


def _includes(path: Path) -> bool:
    """Whether a configuration comes to our settings; what it does beside that is its author's business."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    code = [line for line in lines if not line.startswith("#")]
    return any(OURS in line or line.startswith("configure(get_config(),") for line in code)


def _is_earlier(path: Path) -> bool:
    """Whether this is what an earlier version wrote, without a word of anybody else's."""
    found, ours = path.read_text(encoding="utf-8", errors="replace").splitlines(), COURSE.format(root="").splitlines()
    call = next(number for number, line in enumerate(ours) if "configure(get_config()" in line)
    del found[call : call + 1], ours[call]
    return found[:1] != ours[:1] and found[0].startswith(EARLIER) and found[1:] == ours[1:]
